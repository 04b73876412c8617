//! A step of one neuron on all samples, on a CPU in double precision, that takes the samples from memory once: as tensors are multiplied, they are
//! read for the correlations and once more for the sum that these weigh. Here a few rows are read for both while they are in a core's caches.

use pulp::{Arch, Simd, WithSimd};
use rayon::prelude::*;

use crate::model::Activation;

/// Rows that go through the registers together.
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
        let n = self.w.len();
        let (zeros, mut energy, mut drawn) = (vec![0.0; n], 0.0, vec![0.0; n]);
        let (mut before, mut weights) = ([&zeros[..]; ROWS], [0.0; ROWS]);
        for block in self.rows.chunks(ROWS * n) {
            let mut rows = [&zeros[..]; ROWS];
            for (row, samples) in rows.iter_mut().zip(block.chunks_exact(n)) {
                *row = samples;
            }
            let mut phi = self.correlations(simd, rows, (before, weights), &mut drawn);
            for phi in &mut phi {
                *phi = self.activation.apply(*phi);
                energy += *phi * *phi;
            }
            (before, weights) = (rows, phi);
        }
        self.correlations(simd, [&zeros; ROWS], (before, weights), &mut drawn);
        (energy, drawn)
    }
}

impl Part<'_> {
    /// `⟨w, x⟩` of some samples, while those before them, which lie in the caches, are added up with their weights: reading from memory and from the
    /// caches go on at the same time.
    #[inline(always)]
    fn correlations<S: Simd>(
        &self,
        simd: S,
        rows: [&[f64]; ROWS],
        (before, weights): ([&[f64]; ROWS], [f64; ROWS]),
        drawn: &mut [f64],
    ) -> [f64; ROWS] {
        let (w, w_tail) = S::as_simd_f64s(self.w);
        let (drawn, drawn_tail) = S::as_mut_simd_f64s(drawn);
        let drawn = &mut drawn[..w.len()];
        let (mut heads, mut heads_before) = ([w; ROWS], [w; ROWS]);
        let (mut tails, mut tails_before) = ([w_tail; ROWS], [w_tail; ROWS]);
        let mut sums = [simd.splat_f64s(0.0); ROWS];
        let mut factors = sums;
        for k in 0..ROWS {
            (heads[k], tails[k]) = S::as_simd_f64s(rows[k]);
            (heads_before[k], tails_before[k]) = S::as_simd_f64s(before[k]);
            heads[k] = &heads[k][..w.len()];
            heads_before[k] = &heads_before[k][..w.len()];
            factors[k] = simd.splat_f64s(weights[k]);
        }
        for i in 0..w.len() {
            let mut sum = drawn[i];
            for k in 0..ROWS {
                sum = simd.mul_add_f64s(heads_before[k][i], factors[k], sum);
                sums[k] = simd.mul_add_f64s(heads[k][i], w[i], sums[k]);
            }
            drawn[i] = sum;
        }
        let mut c = [0.0; ROWS];
        for k in 0..ROWS {
            c[k] = simd.reduce_sum_f64s(sums[k]);
            for (i, w) in w_tail.iter().enumerate() {
                c[k] += w * tails[k][i];
                drawn_tail[i] += weights[k] * tails_before[k][i];
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
