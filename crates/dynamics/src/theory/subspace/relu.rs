//! The absorbing states of three tied ReLU neurons in which a neuron is active on two samples or more.
//!
//! Let `c_i = W a_i`, `h_i = φ(c_i)` and `c_i = h_i − n_i`, `n_i ≥ 0`: the neurons that see sample `i` carry `h_i`, the others `n_i`. The samples of a set `S` are reconstructed and the others silent iff
//! `c_jᵀ h_i = 1[i = j]` for every `i ∈ S` and all `j`, nothing outside the span of the samples has a part in `Wᵀh_i`, and `c_j ≤ 0` for `j ∉ S`. Hence `|h_i| = 1`,
//!
//! ```text
//! n_j · h_i = h_i · h_j = n_i · h_j    (i ≠ j in S),
//! ```
//!
//! and a silent sample has `c_j = 0` on every neuron that is active on one of `S`. If two supports `supp h_i`, `supp h_j` meet, the right-hand side is positive, so that neither contains the other. Of three
//! neurons such supports have two each and are different, and a third one, which is contained in neither and meets neither without the same, is the third pair. So there are two kinds.
//!
//! *Three samples*, on the supports `{1, 2}, {2, 3}, {3, 1}`: with `h_i = (p_i, q_i)` along the cycle and `ϱ_i = q_i/p_i` the six equations are `ϱ_1 ϱ_3 = ϱ_2`, `ϱ_2 ϱ_3 = ϱ_1`, `ϱ_1 ϱ_2 = ϱ_3` and what determines `n`, and their only positive
//! solution is `ϱ = 1`: `C_S = (J − 2P)/√2`, `J` the matrix of ones and `P` one of the six permutation matrices ([`impure_triples`]).
//!
//! *Two samples*, on `{1, 2}, {2, 3}`: `h_1 = (p, q, 0)`, `h_2 = (0, r, t)` with `p² + q² = r² + t² = 1`, and `n_1 = (0, 0, qr/t)`, `n_2 = (qr/p, 0, 0)`, for any positive `p, q, r, t` ([`impure_pair`]): the middle neuron is active on both.
//! All neurons are active, so that `c_j = 0` for every other sample. Outside the span of the samples the neurons may have a part `z vᵀ`, where `z` is orthogonal to `h_1` and `h_2`, and `v` to all samples; of three samples the `h_i` span
//! everything, and there is none.

use itertools::Itertools;
use nalgebra::DMatrix;

/// `C_S`, `[3, 3]`, of the impure absorbing states of three neurons that reconstruct three samples: `(J − 2P)/√2` over all permutations.
pub fn impure_triples() -> Vec<DMatrix<f64>> {
    let half = std::f64::consts::FRAC_1_SQRT_2;
    let of = |order: Vec<usize>| DMatrix::from_fn(3, 3, |k, i| if order[k] == i { -half } else { half });
    (0..3).permutations(3).map(of).collect()
}

/// `C_S`, `[3, 2]`, of an impure absorbing state of three neurons that reconstruct two samples: `p, q = cos, sin` of the first angle, `r, t` of the second, both in `(0, π/2)`. The order of the neurons is free.
pub fn impure_pair(angles: [f64; 2]) -> DMatrix<f64> {
    let [(q, p), (t, r)] = angles.map(f64::sin_cos);
    DMatrix::from_row_slice(3, 2, &[p, -q * r / p, q, r, -q * r / t, t])
}

/// How far `C`, `[k, m]`, of neurons in the span of the samples is from an absorbing state: the largest over the samples of the smaller of `|Cᵀφ(c_i) − e_i|`, 0 if it is reconstructed, and `|φ(c_i)|`, 0 if it is silent.
pub fn unrest(c: &DMatrix<f64>) -> f64 {
    let active = c.map(|c| c.max(0.0));
    let map = c.transpose() * &active;
    let of = |i: usize| {
        let mut off = map.column(i).clone_owned();
        off[i] -= 1.0;
        off.norm().min(active.column(i).norm())
    };
    crate::vectors::largest((0..c.ncols()).map(of))
}

#[cfg(test)]
mod tests {
    use nalgebra::DVector;
    use rand_distr::{Distribution, StandardNormal};

    use super::*;
    use crate::rng::{Purpose, stream};

    /// A solution of `Cᵀφ(C) = I` by Newton's method from random numbers, `[3, s]`; of least length in every step, where there are many.
    fn found(samples: usize, replica: u64) -> Option<DMatrix<f64>> {
        let mut rng = stream(67, Purpose::Protocol, replica);
        let mut c: DMatrix<f64> = DMatrix::from_fn(3, samples, |_, _| StandardNormal.sample(&mut rng));
        for _ in 0..60 {
            let active = c.map(|c| c.max(0.0));
            let off = c.transpose() * &active - DMatrix::identity(samples, samples);
            // Derivative of entry (j, i) in entry (k, l) of C.
            let slope = DMatrix::from_fn(samples * samples, 3 * samples, |row, column| {
                let ((j, i), (k, l)) = ((row % samples, row / samples), (column % 3, column / 3));
                let through_c = if l == j { active[(k, i)] } else { 0.0 };
                through_c + if l == i && c[(k, i)] > 0.0 { c[(k, j)] } else { 0.0 }
            });
            let step = slope.pseudo_inverse(1e-12).ok()? * DVector::from_column_slice(off.as_slice());
            c -= DMatrix::from_column_slice(3, samples, step.as_slice());
        }
        (unrest(&c) < 1e-12 && c.column_iter().all(|column| column.max() > 0.1)).then_some(c)
    }

    fn is_impure(c: &DMatrix<f64>) -> bool {
        c.row_iter().any(|row| row.iter().filter(|c| **c > 1e-6).count() > 1)
    }

    #[test]
    fn the_rotations_of_one_neuron_are_absorbing() {
        let rows = [1.0, 1.0, -1.0, -1.0, 1.0, 1.0, 1.0, -1.0, 1.0];
        let c = DMatrix::from_row_slice(3, 3, &rows) * std::f64::consts::FRAC_1_SQRT_2;
        assert!(unrest(&c) < 1e-15 && is_impure(&c));
        let triples = impure_triples();
        assert_eq!(triples.len(), 6);
        assert_eq!(triples.iter().filter(|triple| (*triple - &c).norm() < 1e-15).count(), 1);
        // A neuron that is longer by a thousandth, and a silent sample that no longer is.
        let mut longer = c.clone();
        longer.row_mut(0).scale_mut(1.001);
        assert!(unrest(&longer) > 1e-4);
        let beside = |entry: f64| c.clone().insert_column(3, entry);
        assert!(
            unrest(&beside(0.0)) < 1e-15 && unrest(&beside(1e-3)) > 1e-4 && unrest(&beside(-1e-3)) > 1e-4
        );
    }

    #[test]
    fn three_samples_have_no_other_impure_state() {
        let (mut seen, mut pure) = ([0; 6], 0);
        for c in (0..4000).filter_map(|replica| found(3, replica)) {
            if is_impure(&c) {
                let at = impure_triples().iter().position(|triple| (triple - &c).norm() < 1e-9);
                seen[at.unwrap_or_else(|| panic!("{c}"))] += 1;
            } else {
                pure += 1;
                assert!(c.iter().all(|c| c.abs().min((c - 1.0).abs()) < 1e-9), "{c}");
            }
        }
        assert!(seen.iter().all(|count| *count > 5) && pure > 100, "{seen:?} {pure}");
    }

    #[test]
    fn two_samples_have_two_angles() {
        let pair = impure_pair([0.3, 1.1]);
        assert!(unrest(&pair) < 1e-14 && is_impure(&pair));
        let mut seen = 0;
        for c in (0..2000).filter_map(|replica| found(2, replica)).filter(is_impure) {
            // Steep angles are ill-conditioned.
            if c.amax() > 100.0 {
                continue;
            }
            let middle = (0..3).find(|&k| c[(k, 0)] > 1e-6 && c[(k, 1)] > 1e-6).unwrap();
            let ends = [0, 1].map(|i| (0..3).find(|&k| k != middle && c[(k, i)] > 1e-6).unwrap());
            let angles = [c[(middle, 0)].atan2(c[(ends[0], 0)]), c[(ends[1], 1)].atan2(c[(middle, 1)])];
            let ordered = c.select_rows(&[ends[0], middle, ends[1]]);
            assert!((ordered - impure_pair(angles)).norm() < 1e-8, "{c}");
            seen += 1;
        }
        assert!(seen > 20, "{seen}");
    }
}
