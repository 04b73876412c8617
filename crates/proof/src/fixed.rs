//! The mixed orbits by another route: zeros of `g_j − 1` for the samples `j` of a support, found by Newton's method and enclosed by Krawczyk's operator.
//!
//! The proof does not need it, since its Lemma 1 has them in closed form. The claim holds the closed form, and the zones, to it.

use crate::cycle::{cycle, norm};
use crate::interval::Interval;
use crate::jet::Jet;
use crate::real::Real;

/// Half the width of the box in which a zero is enclosed: a few digits more than Newton's method leaves.
const REACH: f64 = 1.0 / 1_073_741_824.0;
/// Steps of Newton's method.
const STEPS: usize = 30;

/// Visit coordinates of a fixed point of the cycle with `s = 0`, `q_j = 0` outside the support, and `q_j ≠ 0` in it: an interval each. There is exactly one fixed point
/// within 2⁻³⁰ of its middle, and it lies in the intervals. `None` if none is enclosed.
///
/// With `Y ≈ f'(x)^{−1}`, if `K = x − Y f(x) + (1 − Y f'(X))(X − x)` lies in the interior of the box `X` around `x`, `f` has exactly one zero in `X`, and it is in `K`
/// (R. Krawczyk, *Computing* 4, 1969; R. E. Moore, *SIAM J. Numer. Anal.* 14, 1977).
pub fn fixed_point<const M: usize>(support: &[usize], step_size: f64) -> Option<[Interval; M]> {
    let even = 1.0 / support.len() as f64;
    let mut x: Vec<f64> = vec![even; support.len()];
    for _ in 0..STEPS {
        let (value, slopes) = equations::<M>(support, &points(&x), step_size);
        let inverse = inverse(&slopes.iter().map(|row| middles(row)).collect::<Vec<_>>())?;
        let value = middles(&value);
        for (x, row) in x.iter_mut().zip(&inverse) {
            *x -= row.iter().zip(&value).map(|(y, f)| y * f).sum::<f64>();
        }
    }
    let (value, slopes) = equations::<M>(support, &points(&x), step_size);
    let inverse = inverse(&slopes.iter().map(|row| middles(row)).collect::<Vec<_>>())?;
    if x.iter().any(|x| !x.is_finite()) {
        return None;
    }
    let around: Vec<Interval> = x.iter().map(|x| Interval::new(x - REACH, x + REACH)).collect();
    let (_, slopes) = equations::<M>(support, &around, step_size);
    let inside = krawczyk(&x, &value, &inverse, &slopes, &around);
    if !inside.iter().zip(&around).all(|(inner, outer)| outer.low < inner.low && inner.high < outer.high) {
        return None;
    }
    let mut enclosed = [Interval::point(0.0); M];
    for (sample, q) in support.iter().zip(inside) {
        enclosed[*sample] = q;
    }
    Some(enclosed)
}

/// `x − Y f(x) + (1 − Y f'(X))(X − x)`, of the rows `Y`, the values `f(x)`, the derivatives `f'(X)` and `X`.
fn krawczyk(
    x: &[f64],
    value: &[Interval],
    inverse: &[Vec<f64>],
    slopes: &[Vec<Interval>],
    around: &[Interval],
) -> Vec<Interval> {
    let row = |i: usize| {
        let y = points(&inverse[i]);
        let start = y.iter().zip(value).fold(Interval::point(x[i]), |sum, (y, f)| sum - *y * *f);
        (0..x.len()).fold(start, |sum, j| {
            let unit = Interval::point(f64::from(u8::from(i == j)));
            let left = y.iter().zip(slopes).fold(unit, |left, (y, slope)| left - *y * slope[j]);
            sum + left * (around[j] - Interval::point(x[j]))
        })
    };
    (0..x.len()).map(row).collect()
}

fn points(x: &[f64]) -> Vec<Interval> {
    x.iter().map(|x| Interval::point(*x)).collect()
}

fn middles(x: &[Interval]) -> Vec<f64> {
    x.iter().map(|x| x.middle()).collect()
}

/// `g_j − 1` for the samples `j` of the support, and the derivatives by their `q`.
fn equations<const M: usize>(
    support: &[usize],
    q: &[Interval],
    step_size: f64,
) -> (Vec<Interval>, Vec<Vec<Interval>>) {
    let mut at = [Jet::<M>::constant(0.0); M];
    for (sample, q) in support.iter().zip(q) {
        at[*sample] = Jet::variable(*q, *sample);
    }
    let (step_size, residual) = (Jet::constant(step_size), Jet::constant(0.0));
    let multipliers = cycle(&at, norm(&at, residual, step_size), step_size, 1.0).multipliers;
    let of = support.iter().map(|sample| {
        let g = multipliers[*sample];
        (g.value - Interval::point(1.0), support.iter().map(|by| g.gradient[*by]).collect())
    });
    of.unzip()
}

/// The inverse, rounded, by elimination with the largest pivots of the columns.
fn inverse(matrix: &[Vec<f64>]) -> Option<Vec<Vec<f64>>> {
    let size = matrix.len();
    let unit = |i: usize| (0..size).map(move |j| f64::from(u8::from(i == j)));
    let mut rows: Vec<Vec<f64>> =
        matrix.iter().enumerate().map(|(i, row)| row.iter().copied().chain(unit(i)).collect()).collect();
    for column in 0..size {
        let pivot =
            (column..size).max_by(|a, b| rows[*a][column].abs().total_cmp(&rows[*b][column].abs()))?;
        rows.swap(column, pivot);
        let scale = rows[column][column];
        if scale == 0.0 {
            return None;
        }
        rows[column].iter_mut().for_each(|x| *x /= scale);
        let row = rows[column].clone();
        for (_, other) in rows.iter_mut().enumerate().filter(|(i, _)| *i != column) {
            let factor = other[column];
            other.iter_mut().zip(&row).for_each(|(x, y)| *x -= factor * y);
        }
    }
    Some(rows.into_iter().map(|row| row[size..].to_vec()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of two samples the fixed point solves `2u³ − (1 − 2η)u² = 1`, `u = 1 − ηq`.
    #[test]
    fn the_pair_solves_the_cubic() {
        for eta in [1.0 / 128.0, 0.05, 0.2, 0.203] {
            let [first, none, second] = fixed_point::<3>(&[0, 2], eta).unwrap();
            assert_eq!(none, Interval::point(0.0));
            for q in [first, second] {
                let of = |q: f64| {
                    let u = 1.0 - eta * q;
                    2.0 * u.powi(3) - (1.0 - 2.0 * eta) * u * u - 1.0
                };
                // The left side decreases in q. What g − 1 is rounded by is multiplied by η^{−2}.
                let wide = 4e-15 / (eta * eta);
                assert!(of(q.low) > -1e-15 && of(q.high) < 1e-15 && q.high - q.low < wide, "{eta}: {q:?}");
            }
        }
    }

    #[test]
    fn datapoints_and_even_mixtures_are_found_and_nothing_where_there_is_none() {
        let [one, ..] = fixed_point::<2>(&[0], 0.13).unwrap();
        assert!(one.low <= 1.0 && 1.0 <= one.high && one.high - one.low < 1e-12);
        let all = fixed_point::<4>(&[0, 1, 2, 3], 0.01).unwrap();
        assert!(all.iter().all(|q| (q.middle() - 0.25).abs() < 0.02), "{all:?}");
        assert!(fixed_point::<2>(&[0, 1], 0.0).is_none());
    }

    #[test]
    fn an_inverse_is_one() {
        let inverse = inverse(&[vec![0.0, 2.0], vec![4.0, 1.0]]).unwrap();
        assert_eq!(inverse, [[-0.125, 0.25], [0.5, 0.0]]);
        assert!(super::inverse(&[vec![1.0, 2.0], vec![2.0, 4.0]]).is_none());
    }
}
