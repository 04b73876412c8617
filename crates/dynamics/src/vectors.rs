//! Sums over vectors that hold at every scale, and extremes that do not lose a NaN.
//!
//! Squares of numbers beyond 1e±154 and fourth powers beyond 1e±77 leave the range of f64. A vector whose largest entry
//! lies beyond 1e±70 is therefore multiplied by a power of two first, which is exact; every other vector is left as it is.

/// Largest entries between these need no scaling: sums of fourth powers stay in range.
const ORDINARY: std::ops::RangeInclusive<f64> = 1e-70..=1e70;

/// Inner product, entry by entry as it stands.
pub fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(x, y)| x * y).sum()
}

/// Euclidean norm, at any scale; NaN if an entry is.
pub fn norm(v: &[f64]) -> f64 {
    norm_of(v.iter().copied())
}

/// The vector of norm 1 in the direction of `v`; NaN if `v` is zero.
pub fn unit(v: &[f64]) -> Vec<f64> {
    let norm = norm(v);
    v.iter().map(|x| x / norm).collect()
}

/// [`norm`] of numbers that are not stored.
pub fn norm_of(values: impl Iterator<Item = f64> + Clone) -> f64 {
    let scale = scale(values.clone());
    let squares = values.map(|x| (scale * x) * (scale * x));
    squares.sum::<f64>().sqrt() / scale
}

/// `√(ab)` for squares `a, b ≥ 0` whose product may leave the range of f64.
pub fn geometric_mean(a: f64, b: f64) -> f64 {
    let product = a * b;
    if product.is_normal() { product.sqrt() } else { a.sqrt() * b.sqrt() }
}

/// Participation ratio `(Σ v_i²)² / Σ v_i⁴`: 1 for a single entry, `m` for `m` of the same size, 0 for the vector 0, NaN if
/// an entry is.
pub fn participation_ratio(v: &[f64]) -> f64 {
    let scale = scale(v.iter().copied());
    let scaled = v.iter().map(|x| scale * x);
    let (square, fourth) = scaled.fold((0.0, 0.0), |(two, four), x| (two + x * x, four + x.powi(4)));
    if fourth == 0.0 { 0.0 } else { square * square / fourth }
}

/// The power of two that brings the largest entry near 1; 1 for ordinary vectors, and where there is nothing to scale.
pub fn scale(values: impl IntoIterator<Item = f64>) -> f64 {
    let max = largest_size(values);
    if max == 0.0 || !max.is_finite() || ORDINARY.contains(&max) {
        return 1.0;
    }
    // Subnormal numbers would need more than there is; 2^1000 is enough for them.
    2f64.powi(-(max.log2().round() as i32).clamp(-1000, 1000))
}

/// `max |v_i|`; NaN if an entry is, 0 if there are none.
pub fn largest_size(values: impl IntoIterator<Item = f64>) -> f64 {
    largest(values.into_iter().map(f64::abs))
}

/// The largest of some non-negative numbers; NaN if any is, 0 if there are none.
pub fn largest(values: impl IntoIterator<Item = f64>) -> f64 {
    values.into_iter().fold(0.0, |worst, x| if x.is_nan() || x > worst { x } else { worst })
}

/// The smallest of some numbers; NaN if any is, infinite if there are none.
pub fn smallest(values: impl IntoIterator<Item = f64>) -> f64 {
    values.into_iter().fold(f64::INFINITY, |min, x| if min.is_nan() || min <= x { min } else { x })
}

/// Index of the largest number, the first one on a tie; `None` if there are none, or one is NaN.
pub fn arg_max(values: impl IntoIterator<Item = f64>) -> Option<usize> {
    let mut best: Option<(usize, f64)> = None;
    for (i, x) in values.into_iter().enumerate() {
        if x.is_nan() {
            return None;
        }
        if best.is_none_or(|(_, max)| x > max) {
            best = Some((i, x));
        }
    }
    best.map(|(i, _)| i)
}

#[cfg(test)]
mod tests {
    use super::*;

    const V: [f64; 5] = [0.3, -1.7, 0.02, 0.9, -0.4];

    /// Exact rational sums, rounded once: ‖v‖ and (Σv²)²/Σv⁴ of [`V`] with 50 digits.
    const NORM: f64 = 1.987_561_319_808_775_1;
    const PARTICIPATION: f64 = 1.725_927_060_004_166_3;

    #[test]
    fn norms_and_participation_hold_wherever_there_are_numbers() {
        for exponent in [-300, -200, -150, -110, -77, -70, -1, 0, 1, 69, 76, 150, 200, 300] {
            let unit = 10f64.powi(exponent);
            let v = V.map(|x| x * unit);
            assert!((norm(&v) / unit - NORM).abs() < 1e-15, "1e{exponent}: {:e}", norm(&v));
            let mixed = participation_ratio(&v);
            assert!((mixed - PARTICIPATION).abs() < 1e-15, "1e{exponent}: {mixed}");
        }
        // Powers of two change no bit, as far as no entry turns subnormal.
        for exponent in [-1000, -512, -240, -3, 240, 512, 1000] {
            let v = V.map(|x| x * 2f64.powi(exponent));
            assert_eq!(norm(&v), norm(&V) * 2f64.powi(exponent), "2^{exponent}");
            assert_eq!(participation_ratio(&v), participation_ratio(&V), "2^{exponent}");
        }
        assert_eq!([0.0, f64::INFINITY, f64::NAN, 0.7].map(|x| scale([x, 0.0])), [1.0; 4]);
        assert_eq!([1e200, 1e-310].map(|x| scale([0.0, -x])), [2f64.powi(-664), 2f64.powi(1000)]);
        assert_eq!(unit(&[3.0, -4.0]), [0.6, -0.8]);
        assert_eq!(norm(&[5e-324, 0.0]), 5e-324);
        assert_eq!(norm(&[1.5e308, -1e-300]), 1.5e308);
        assert_eq!((norm(&[1.5e308; 2]), norm(&[f64::NEG_INFINITY, 1.0])), (f64::INFINITY, f64::INFINITY));
        assert_eq!((norm(&[]), norm(&[0.0; 3]), participation_ratio(&[0.0; 3])), (0.0, 0.0, 0.0));
        assert!(norm(&[1.0, f64::NAN]).is_nan() && participation_ratio(&[f64::NAN, 1.0]).is_nan());
    }

    #[test]
    fn ordinary_vectors_are_summed_as_they_stand() {
        for unit in [1e-69, 1e-30, 1.0, 3.7, 1e50] {
            let v = V.map(|x| x * unit);
            assert_eq!(scale(v), 1.0);
            assert_eq!(norm(&v), v.iter().map(|x| x * x).sum::<f64>().sqrt());
        }
        assert_eq!(geometric_mean(0.37, 1.1), (0.37f64 * 1.1).sqrt());
        assert!((geometric_mean(4e-300, 9e-300) / 6e-300 - 1.0).abs() < 1e-15);
        assert!((geometric_mean(4e300, 9e300) / 6e300 - 1.0).abs() < 1e-15);
        assert_eq!(geometric_mean(0.0, 9e300), 0.0);
    }

    #[test]
    fn extremes_do_not_lose_a_nan() {
        assert_eq!((smallest([3.0, 1.0, 2.0]), largest([3.0, 1.0, 4.0])), (1.0, 4.0));
        assert_eq!((smallest([]), largest([]), largest_size([-7.0, 2.0])), (f64::INFINITY, 0.0, 7.0));
        assert_eq!(
            (arg_max([1.0, 3.0, 3.0, -5.0]), arg_max([-2.0, -1.0]), arg_max([])),
            (Some(1), Some(1), None)
        );
        for at in 0..3 {
            let mut values = [3.0, 1.0, 2.0];
            values[at] = f64::NAN;
            assert!(smallest(values).is_nan() && largest(values).is_nan() && largest_size(values).is_nan());
            assert_eq!(arg_max(values), None, "{at}");
        }
    }
}
