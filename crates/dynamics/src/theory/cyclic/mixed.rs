//! The orbits that end in no datapoint: why cyclic SGD cannot end in one from *every* start, and where it ends instead.
//!
//! **Not from every start.** At a datapoint a cycle multiplies the radial error by `1 − 4η`, every other correlation by
//! `1 − η²` and the residual by `1 − η`, all below 1 in size for `0 < η < ½`: each datapoint attracts a neighbourhood, so
//! its basin is open. The set of starts with all `c_j > 0` and `N_0 < 1` is connected, and for `m ≥ 2` it meets the basins of
//! two datapoints. Disjoint open sets, two of them non-empty, do not cover a connected set: some starts end in no
//! datapoint. What may hold is *almost every* start, with respect to Lebesgue measure.
//!
//! **Mixed orbits.** A mixed orbit, with the samples of a support `S`, `|S| = k`, in play, is a fixed point of the cycle map.
//! Those that look the same before each visit of a sample of `S`, up to the rotation of names, have a closed form. Let `u = 1 − ηa`,
//! `a = c²` for the sample that is next. Correlations shrink by `u` at each visit of another sample, so those waiting are
//! `c, c/u, …, c/u^{k−1}` in the order of visits; the visited one must become the last, `u + η(2 − N) = u^{1−k}`, with
//! `N = a (1 + u^{−2} + … + u^{2−2k})`. Divided by `η`,
//!
//! ```text
//! a (1 + Σ_{i<k} u^{−2i}) + (u^{1−k} − 1)/η = 2
//! ```
//!
//! whose left side increases in `a` from 0 and exceeds 2 at `a = 1` if `k ≥ 2`, and is 2 there if `k = 1`: one root in `(0, 1]`
//! for every `k` and `0 < η < 1`, so one such orbit for every support. A sample outside `S` falls by `u + (1 − u) u^k < 1` a cycle,
//! the residual by `u^k`. For small `η`, `a → 1/k`: the even mixtures.
//!
//! **Two samples, 0 < η < ½: there is no other.** With `u, v` the factors of the two visits of a cycle, both in `(0, 1)`, a fixed point of
//! the cycle map with `c_0, c_1 > 0` satisfies `2u³v − κu²v − v + v² = u²`, `κ = 1 − 2η`, and the same with `u` and `v` exchanged. For
//! `u = v` that is the cubic `2u³ − κu² = 1`; in `a`, `2η²a³ − (5η + 2η²)a² + 4(1+η)a − 2 = 0`. For `u ≠ v`, let `s = u + v`, `p = uv`. The
//! difference of the two, over `u − v`, is `p(2s − κ) = 2s − 1`, and with their sum it leaves `p² = s(s − 1)/2`. So `s > 1`, and `4p ≤ s²`
//! becomes `(s − 2)(s² + 2s − 4) ≥ 0`, `s ≤ √5 − 1`, which makes `p < 0.39`; but `p > (2s − 1)/2s > ½`. So `u = v`.
//!
//! **It is a saddle.** With the exchange of names after each visit one visit has the Jacobian `[[−d, u], [1/u − 4(1−u), −d]]`,
//! `d = 2(1−u)/u`. As `1 − 4u(1−u) = (2u−1)²`, its eigenvalues are `1 + 2u − 2/u` and `3 − 2u − 2/u`, and the multipliers of a cycle
//! ([`pair_multipliers`]) their squares: the first is below 1, as `(√5 − 1)/2 < u < 1`, the second `(1 + 2(1−u)²/u)² = 1 + η² + O(η³)` above.
//!
//! **Almost every start, m = n = 2, 0 < η < 3 − 2√2 (0.17157…).** One visit and the exchange map `[0, 1]²` into itself by
//! `G(c_0, c_1) = ((1 − ηa)c_1, (1 + 2η − 2ηa − ηb)c_0)`, `a = c_0²`, `b = c_1²`. The diagonal of its Jacobian is `−2ηc_0c_1 ≤ 0` twice,
//! the rest `1 − ηa > 0` and `1 + 2η − 6ηa − ηb > 0`; the determinant is negative, since
//! `(1 − ηa)(1 + 2η − 6ηa − ηb) − 4η²ab ≥ 1 − 6η + η² > 0`. So `G` with its values exchanged has a Jacobian of the signs `[[+, −], [−, +]]`
//! with positive principal minors: it is one to one, and where its values are ordered in both components, so are the points (Gale and
//! Nikaido, 1965, the theorem on inverse isotone maps). Exchange keeps this order, so `G²`, the cycle map, whose Jacobian has the same signs,
//! is competitive and satisfies the condition (O+) of Smith (*Planar competitive and cooperative difference equations*, J. Difference Equ. Appl. 3, 1998): each of its orbits
//! converges to a fixed point. These are 0, which repels; the datapoints; and the mixed orbit, a saddle. The starts that end in the saddle are the
//! preimages of its local stable curve under a one to one local diffeomorphism: a null set. For
//! `m ≤ 3`, every `n` and `1/128 ≤ η ≤ 13/64` the crate `puremix-proof` verifies a Lyapunov function in interval arithmetic, from which "almost every" follows
//! (`docs/cyclic-theorem.md`). Beyond that it is a conjecture.

use nalgebra::DMatrix;

/// Correlations, in the order of visits, of the mixed orbit of `k` samples just before the first of them is visited.
///
/// # Panics
/// If `k` is 0 or `η` not between 0 and 1.
pub fn mixed_orbit(k: usize, step_size: f64) -> Vec<f64> {
    assert!(k > 0 && 0.0 < step_size && step_size < 1.0, "k = {k}, η = {step_size}");
    let powers = |a: f64| -> f64 { (0..k).map(|i| (1.0 - step_size * a).powi(-2 * i as i32)).sum() };
    // (u^{1−k} − 1)/η without cancellation.
    let push = |a: f64| (-(k as f64 - 1.0) * (-step_size * a).ln_1p()).exp_m1() / step_size;
    let (mut low, mut high) = (0.0, 1.0);
    for _ in 0..60 {
        let a = 0.5 * (low + high);
        if a * (1.0 + powers(a)) + push(a) < 2.0 { low = a } else { high = a }
    }
    (0..k).map(|i| high.sqrt() * (1.0 - step_size * high).powi(-(i as i32))).collect()
}

/// The two multipliers of the mixed orbit of two samples over a cycle, the smaller first: `(1 + 2u − 2/u)²` and
/// `(3 − 2u − 2/u)² > 1`, where `2u³ − (1 − 2η)u² = 1`.
///
/// # Panics
/// As [`mixed_orbit`].
pub fn pair_multipliers(step_size: f64) -> [f64; 2] {
    let a = mixed_orbit(2, step_size)[0].powi(2);
    let u = 1.0 - step_size * a;
    [(1.0 + 2.0 * u - 2.0 / u).powi(2), (3.0 - 2.0 * u - 2.0 / u).powi(2)]
}

/// Number of multipliers outside the unit circle of the mixed orbit of `k` samples: `k − 1`. Proved above for `k ≤ 2`, and by
/// `puremix-proof` for `k = 3`, `1/128 ≤ η ≤ 13/64`; for more it is measured.
pub fn unstable(k: usize) -> usize {
    k - 1
}

/// Sizes of the multipliers of a cycle map with this Jacobian, ascending; NaN if the iteration finds none.
///
/// It need not end where eigenvalues nearly coincide, as they do here: that of a matrix shifted by a multiple of the identity goes another way.
pub fn multipliers(jacobian: &DMatrix<f64>) -> Vec<f64> {
    let m = jacobian.nrows();
    let shifted = |by: f64| {
        let schur = (jacobian - DMatrix::identity(m, m) * by).try_schur(1e-12, 10_000)?;
        Some(schur.complex_eigenvalues().iter().map(|x| (x + by).norm()).collect())
    };
    let mut sizes: Vec<f64> = [1.0, 0.0, 0.5, 2.0].into_iter().find_map(shifted).unwrap_or(vec![f64::NAN; m]);
    sizes.sort_by(f64::total_cmp);
    sizes
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A cycle from `c`, and its Jacobian.
    fn cycle(c: &[f64], eta: f64) -> (Vec<f64>, DMatrix<f64>) {
        let (m, mut c) = (c.len(), c.to_vec());
        let mut jacobian = DMatrix::identity(m, m);
        for i in 0..m {
            let (norm_sq, visited) = (c.iter().map(|c| c * c).sum::<f64>(), c[i]);
            let factor = 1.0 - eta * visited * visited;
            let visit = DMatrix::from_fn(m, m, |j, k| {
                let own =
                    if j == k { factor } else { 0.0 } - if k == i { 2.0 * eta * visited * c[j] } else { 0.0 };
                let pull = if k == i { eta * (2.0 - norm_sq) } else { 0.0 } - 2.0 * eta * visited * c[k];
                own + if j == i { pull } else { 0.0 }
            });
            jacobian = visit * jacobian;
            c.iter_mut().for_each(|c| *c *= factor);
            c[i] += eta * (2.0 - norm_sq) * visited;
        }
        (c, jacobian)
    }

    const STEP_SIZES: [f64; 8] = [0.003, 0.01, 0.05, 0.1716, 0.2, 1.0 / 3.0, 0.45, 0.499];

    #[test]
    fn mixed_orbits_return_after_a_cycle() {
        for eta in STEP_SIZES {
            for k in 1..=12 {
                let orbit = mixed_orbit(k, eta);
                let (after, _) = cycle(&orbit, eta);
                let moved = orbit.iter().zip(after).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
                assert!(moved < 3e-15, "k = {k}, η = {eta}: {moved:e}");
            }
        }
        let [first, second] = mixed_orbit(2, 0.2)[..] else { unreachable!() };
        assert!((first - 0.680_665_824_563_924).abs() < 1e-15, "{first}");
        assert!((second - 0.750_178_234_714_596).abs() < 1e-15, "{second}");
    }

    #[test]
    fn for_two_it_is_the_root_of_the_cubic() {
        for eta in STEP_SIZES {
            let a = mixed_orbit(2, eta)[0].powi(2);
            let in_a = 2.0 * eta * eta * a.powi(3) - (5.0 * eta + 2.0 * eta * eta) * a * a
                + 4.0 * (1.0 + eta) * a
                - 2.0;
            let u = 1.0 - eta * a;
            let in_u = 2.0 * u.powi(3) - (1.0 - 2.0 * eta) * u * u - 1.0;
            assert!(in_a.abs() < 1e-14 && in_u.abs() < 1e-14, "η = {eta}: {in_a:e} {in_u:e}");
        }
    }

    #[test]
    fn one_multiplier_in_k_is_stable() {
        for eta in STEP_SIZES {
            for k in 1..=6 {
                let (_, jacobian) = cycle(&mixed_orbit(k, eta), eta);
                let sizes = multipliers(&jacobian);
                assert!(sizes.iter().all(|size| size.is_finite()), "k = {k}, η = {eta}");
                let outside = sizes.iter().filter(|size| **size > 1.0).count();
                assert_eq!(outside, unstable(k), "k = {k}, η = {eta}: {sizes:?}");
            }
            let (_, jacobian) = cycle(&mixed_orbit(2, eta), eta);
            let pairs = multipliers(&jacobian).into_iter().zip(pair_multipliers(eta));
            let off = pairs.map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
            assert!(off < 1e-12, "η = {eta}: {off:e}");
        }
        let [stable, unstable] = pair_multipliers(0.2);
        assert!((stable - 0.372_624).abs() < 1e-6 && (unstable - 1.038_210).abs() < 1e-6);
    }

    #[test]
    fn the_multipliers_of_three_samples_are_those_of_the_findings() {
        // A pair among three: the third sample falls by u + (1 − u)u² a cycle. All three: the two outside are a complex pair.
        let u = 1.0 - 0.2 * mixed_orbit(2, 0.2)[0].powi(2);
        assert!((u + (1.0 - u) * u * u - 0.9836).abs() < 5e-5);
        let sizes = multipliers(&cycle(&mixed_orbit(3, 0.2), 0.2).1);
        assert!((sizes[0] - 0.4085).abs() < 5e-5 && (sizes[1] - sizes[2]).abs() < 1e-12, "{sizes:?}");
        assert!((sizes[2] - 1.0228f64.hypot(0.0004)).abs() < 5e-5, "{sizes:?}");
    }

    /// Where `N ≤ 1 + η/4`, a visit and the exchange reverse the order `x_0 ≤ y_0, x_1 ≥ y_1` up to η = 13/64, and have a negative determinant; and the starts between the basins, found by
    /// bisection on circles, increase in both correlations (`docs/cyclic-theorem.md`, its last section).
    #[test]
    fn exceptional_starts_are_a_rising_curve() {
        for eta in [1.0 / 128.0, 0.1, 0.2, 13.0 / 64.0] {
            let most = 1.0 + eta / 4.0;
            for k in 0..=60 {
                for l in 0..=60 - k {
                    let [a, b] = [k, l].map(|k| most * f64::from(k) / 60.0);
                    let (stay, slope) = (1.0 - eta * a, 1.0 + 2.0 * eta - 6.0 * eta * a - eta * b);
                    assert!(slope > 0.12 && stay * slope > 4.0 * eta * eta * a * b, "η = {eta}: {a} {b}");
                }
            }
            let wins_first = |angle: f64, norm: f64| {
                let mut c = vec![norm * angle.cos(), norm * angle.sin()];
                while (c[0] / c[1]).ln().abs() < 3.0 {
                    c = cycle(&c, eta).0;
                }
                c[0] > c[1]
            };
            let between = |norm: f64| {
                let (mut low, mut high) = (0.0, std::f64::consts::FRAC_PI_2);
                for _ in 0..30 {
                    let angle = 0.5 * (low + high);
                    if wins_first(angle, norm) { low = angle } else { high = angle }
                }
                [low.cos(), low.sin()].map(|x| norm * x)
            };
            let starts: Vec<[f64; 2]> =
                (1..=9).map(|k| between((most * f64::from(k) / 9.0).sqrt())).collect();
            assert!(
                starts.windows(2).all(|pair| pair[0][0] < pair[1][0] && pair[0][1] < pair[1][1]),
                "{starts:?}"
            );
            // It passes the mixed orbit, which lies on its circle between the two basins.
            let orbit = mixed_orbit(2, eta);
            let near = between(orbit[0].hypot(orbit[1]));
            assert!(
                (near[0] - orbit[0]).abs() < 1e-7 && (near[1] - orbit[1]).abs() < 1e-7,
                "{near:?} {orbit:?}"
            );
        }
    }

    /// The signs and bounds on which "almost every start" rests for two samples, on a grid of [0, 1]².
    #[test]
    fn one_visit_is_competitive() {
        for eta in [0.003, 0.05, 0.1, 0.1715] {
            for k in 0..=50 {
                for l in 0..=50 {
                    let [a, b] = [k, l].map(|k| (f64::from(k) / 50.0).powi(2));
                    let (stay, visited) = (1.0 - eta * a, 1.0 + 2.0 * eta - 2.0 * eta * a - eta * b);
                    assert!(
                        (0.0..=1.0).contains(&stay) && (0.0..=1.0 + 1e-15).contains(&(visited * a.sqrt()))
                    );
                    let slope = 1.0 + 2.0 * eta - 6.0 * eta * a - eta * b;
                    assert!(slope > 0.0 && stay * slope > 4.0 * eta * eta * a * b, "η = {eta}: {a} {b}");
                }
            }
        }
    }
}
