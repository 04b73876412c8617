//! A step of one neuron on all samples, on a CPU in double precision, that takes the samples from memory once: as tensors are multiplied, they are
//! read for the correlations and once more for the sum that these weigh. Here a few rows are read for both while they are in a core's caches.

use pulp::{Arch, Simd, WithSimd, as_arrays};
use rayon::prelude::*;

use crate::model::Activation;

/// Rows that go through the registers together. They are still in the first caches when they are added up.
const ROWS: usize = 4;

/// Entries of a part that one thread takes. The number of parts is a function of the sizes alone: sums do not depend on threads. Their order within a row is that of
/// the processor's registers.
const PART: usize = 1 << 18;

/// `w − η_B Σ_i ∇ℓ_i(w)` over all samples, `[m, n]` row-major, with `Σ ∇ℓ_i = (Σ φ_i²) w + (N − 2) Σ φ_i x_i`.
pub(super) fn step(rows: &[f64], w: &[f64], activation: Activation, step_per_sample: f64) -> Vec<f64> {
    let parts = (rows.len() / PART).next_power_of_two();
    let per_part = (rows.len() / w.len()).div_ceil(parts).next_multiple_of(ROWS) * w.len();
    let (arch, part) = (Arch::new(), |rows| Part { rows, w, activation });
    let sums: Vec<Sums> = rows.par_chunks(per_part).map(|rows| arch.dispatch(part(rows))).collect();
    let (energy, drawn) = sums.into_iter().reduce(added).expect("at least one sample");
    let norm_sq: f64 = w.iter().map(|w| w * w).sum();
    let (shrink, pull) = (1.0 - step_per_sample * energy, step_per_sample * (2.0 - norm_sq));
    w.iter().zip(drawn).map(|(w, drawn)| shrink * w + pull * drawn).collect()
}

/// `Σ φ_i²` and `Σ φ_i x_i`.
type Sums = (f64, Vec<f64>);

fn added((energy, mut drawn): Sums, (other, others): Sums) -> Sums {
    drawn.iter_mut().zip(others).for_each(|(drawn, other)| *drawn += other);
    (energy + other, drawn)
}

/// Some samples.
struct Part<'a> {
    rows: &'a [f64],
    w: &'a [f64],
    activation: Activation,
}

// Loops are written out: what a closure holds may be compiled without the registers that were found.
impl WithSimd for Part<'_> {
    type Output = Sums;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> Sums {
        let (n, mut sums) = (self.w.len(), (0.0, vec![0.0; self.w.len()]));
        let mut blocks = self.rows.chunks_exact(ROWS * n);
        for block in &mut blocks {
            let mut rows = [&block[..n]; ROWS];
            for k in 1..ROWS {
                rows[k] = &block[k * n..][..n];
            }
            self.add(simd, rows, &mut sums);
        }
        for row in blocks.remainder().chunks_exact(n) {
            self.add(simd, [row], &mut sums);
        }
        sums
    }
}

impl Part<'_> {
    /// Adds `K` samples up.
    #[inline(always)]
    fn add<S: Simd, const K: usize>(&self, simd: S, rows: [&[f64]; K], (energy, drawn): &mut Sums) {
        let (head, tail) = S::as_mut_simd_f64s(drawn);
        let mut heads = [&[][..]; K];
        let mut tails = [&[][..]; K];
        for k in 0..K {
            (heads[k], tails[k]) = S::as_simd_f64s(rows[k]);
            heads[k] = &heads[k][..head.len()];
        }
        let mut phi = self.correlations(simd, heads, tails);
        let mut weights = [simd.splat_f64s(0.0); K];
        for k in 0..K {
            phi[k] = self.activation.apply(phi[k]);
            *energy += phi[k] * phi[k];
            weights[k] = simd.splat_f64s(phi[k]);
        }
        for (i, drawn) in head.iter_mut().enumerate() {
            for k in 0..K {
                *drawn = simd.mul_add_f64s(heads[k][i], weights[k], *drawn);
            }
        }
        for (i, drawn) in tail.iter_mut().enumerate() {
            for k in 0..K {
                *drawn += tails[k][i] * phi[k];
            }
        }
    }

    /// `⟨w, x⟩` of each, two sums of vectors a row.
    #[inline(always)]
    fn correlations<S: Simd, const K: usize>(
        &self,
        simd: S,
        heads: [&[S::f64s]; K],
        tails: [&[f64]; K],
    ) -> [f64; K] {
        let (head, tail) = S::as_simd_f64s(self.w);
        let (pairs, last) = as_arrays::<2, _>(head);
        let mut even = [simd.splat_f64s(0.0); K];
        let mut odd = even;
        for (i, pair) in pairs.iter().enumerate() {
            for k in 0..K {
                even[k] = simd.mul_add_f64s(heads[k][2 * i], pair[0], even[k]);
                odd[k] = simd.mul_add_f64s(heads[k][2 * i + 1], pair[1], odd[k]);
            }
        }
        let mut c = [0.0; K];
        for k in 0..K {
            for w in last {
                even[k] = simd.mul_add_f64s(heads[k][head.len() - 1], *w, even[k]);
            }
            c[k] = simd.reduce_sum_f64s(simd.add_f64s(even[k], odd[k]));
            for (w, x) in tail.iter().zip(tails[k]) {
                c[k] += w * x;
            }
        }
        c
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_is_that_of_plain_loops_at_all_sizes() {
        // Rows and entries beside every width of a register, and of several parts.
        for (m, n) in [(1, 1), (2, 3), (3, 17), (4, 8), (5, 9), (7, 31), (13, 64), (61, 100), (1031, 517)] {
            let entry = |k: usize| ((k * 7919) % 1013) as f64 / 1013.0 - 0.5;
            let rows: Vec<f64> = (0..m * n).map(|k| entry(k) / (n as f64).sqrt()).collect();
            let w: Vec<f64> = (0..n).map(|k| entry(3 * k + 1)).collect();
            for activation in Activation::PAPER {
                let norm_sq: f64 = w.iter().map(|w| w * w).sum();
                let mut expected = w.clone();
                for x in rows.chunks_exact(n) {
                    let c: f64 = x.iter().zip(&w).map(|(x, w)| x * w).sum();
                    let phi = activation.apply(c);
                    for i in 0..n {
                        expected[i] -= 0.07 * (phi * phi * w[i] + (norm_sq - 2.0) * phi * x[i]);
                    }
                }
                let stepped = step(&rows, &w, activation, 0.07);
                let scale = expected.iter().fold(1.0, |max: f64, x| max.max(x.abs()));
                for (a, b) in stepped.iter().zip(&expected) {
                    assert!((a - b).abs() < 1e-13 * scale, "m = {m}, n = {n}, {activation:?}: {a} {b}");
                }
            }
        }
    }
}
