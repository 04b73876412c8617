//! One sample a step on orthonormal data: the hot path, one replica alone or eight abreast.
//!
//! In the coordinates `c_j = g u_j` of [`Orthonormal`](super::orthonormal::Orthonormal), with `a = φ(u)` of the
//! one sample, a step of batch size 1 is
//!
//! ```text
//! E = η (g a)²,   f = 1 − E,   g ← f g,   u ← u + a η (2 − N)/f
//! N ← (η E N + f² − 2 f E − 4 η E) N + 4 E (f + η)
//! ```
//!
//! which is `N ← f² N + 2 f p φ² + p² φ²` with `p = η (2 − N)`, ordered so that `g` and `N` each wait four
//! operations for their last value, and the division holds up neither. The formula is written once for any
//! width; no multiplication is fused with an addition, so every width rounds alike, and what a replica does
//! depends on nobody beside it.

use std::cell::Cell;

use pulp::{Scalar, Simd, WithSimd};

/// Replicas that walk abreast: enough to fill the widest registers, and to hide behind one another.
pub(super) const LANES: usize = 8;

/// Below these, one step's factor and the scale are folded into the coordinates, by the general step.
pub(super) const SMALLEST_FACTOR: f64 = 1e-3;
pub(super) const SMALLEST_SCALE: f64 = 1e-100;

/// A smaller `|u|` counts as this in `E`, where it is nothing beside 1. Squares of still smaller numbers are
/// subnormal, and those take a processor dozens of times as long.
const FAINT: f64 = 1e-50;

/// What all coordinates of a replica share: of one replica (`f64`), or of several.
#[derive(Clone, Copy)]
pub(super) struct Shared<F> {
    /// Global scale `g > 0`.
    pub scale: F,
    /// Squared norm `N`.
    pub norm_sq: F,
}

/// What stays the same from step to step.
#[derive(Clone, Copy)]
pub(super) struct Rule {
    /// Step size `η`.
    pub step_size: f64,
    /// Whether `φ` is the ReLU, or linear.
    pub relu: bool,
}

impl Rule {
    /// One step from `(g, N)` and the sample's `u`; and whether it may be taken: a small factor or scale, or
    /// a norm beyond its limit, is for the general step.
    #[inline(always)]
    fn step<S: Simd>(
        self,
        simd: S,
        Shared { scale, norm_sq }: Shared<S::f64s>,
        limit: S::f64s,
        u: S::f64s,
    ) -> (Shared<S::f64s>, S::f64s, S::m64s) {
        let number = |value| simd.splat_f64s(value);
        let eta = number(self.step_size);
        let (a, loud) = if self.relu {
            (simd.max_f64s(u, number(0.0)), simd.max_f64s(u, number(FAINT)))
        } else {
            (u, simd.max_f64s(simd.abs_f64s(u), number(FAINT)))
        };
        let energy =
            simd.mul_f64s(simd.mul_f64s(eta, simd.mul_f64s(loud, loud)), simd.mul_f64s(scale, scale));
        let factor = simd.sub_f64s(number(1.0), energy);
        let scale = simd.mul_f64s(factor, scale);

        let pull = simd.mul_f64s(eta, simd.sub_f64s(number(2.0), norm_sq));
        let u = simd.add_f64s(u, simd.mul_f64s(a, simd.div_f64s(pull, factor)));

        let quadratic = simd.mul_f64s(eta, energy);
        let less = simd.mul_f64s(factor, simd.sub_f64s(factor, simd.add_f64s(energy, energy)));
        let linear = simd.sub_f64s(less, simd.mul_f64s(number(4.0), quadratic));
        let constant = simd.mul_f64s(simd.mul_f64s(number(4.0), energy), simd.add_f64s(factor, eta));
        let slope = simd.add_f64s(simd.mul_f64s(quadratic, norm_sq), linear);
        let norm_sq = simd.add_f64s(simd.mul_f64s(slope, norm_sq), constant);

        let small = simd.and_m64s(
            simd.greater_than_f64s(factor, number(SMALLEST_FACTOR)),
            simd.greater_than_f64s(scale, number(SMALLEST_SCALE)),
        );
        let fine = simd.and_m64s(small, simd.less_than_or_equal_f64s(norm_sq, limit));
        (Shared { scale, norm_sq }, u, fine)
    }

    /// Steps of one replica, until one may not be taken; how many were.
    pub(super) fn alone(
        self,
        shared: &mut Shared<f64>,
        scaled: &mut [f64],
        samples: &[usize],
        limit: f64,
    ) -> usize {
        let mut here = *shared;
        let mut taken = samples.len();
        for (k, &i) in samples.iter().enumerate() {
            let (next, u, fine) = self.step(Scalar, here, limit, scaled[i]);
            if !fine {
                taken = k;
                break;
            }
            scaled[i] = u;
            here = next;
        }
        *shared = here;
        taken
    }
}

/// Steps of eight replicas, until one of them may not take its step; how many all of them took.
pub(super) struct Abreast<'a, 'b> {
    pub rule: Rule,
    pub shared: &'a mut Shared<[f64; LANES]>,
    /// `u` of each replica, all of one length; cells, so that an entry is looked up once for reading and writing.
    pub scaled: [&'b [Cell<f64>]; LANES],
    /// Samples of a step, one a replica.
    pub samples: &'a [[usize; LANES]],
    pub limits: &'a [f64; LANES],
}

impl WithSimd for Abreast<'_, '_> {
    type Output = usize;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> usize {
        // Two loops, so that the activation is no question inside.
        let rule = self.rule;
        if rule.relu {
            self.walk(simd, Rule { relu: true, ..rule })
        } else {
            self.walk(simd, Rule { relu: false, ..rule })
        }
    }
}

impl Abreast<'_, '_> {
    #[inline(always)]
    fn walk<S: Simd>(self, simd: S, rule: Rule) -> usize {
        let Self { shared, scaled, samples, limits, .. } = self;
        let length = scaled[0].len();
        let scaled = scaled.map(|scaled| &scaled[..length]);
        let registers = const { LANES / S::F64_LANES };
        let mut here = [Shared { scale: simd.splat_f64s(1.0), norm_sq: simd.splat_f64s(0.0) }; LANES];
        for (k, here) in here[..registers].iter_mut().enumerate() {
            here.scale = S::as_simd_f64s(&shared.scale).0[k];
            here.norm_sq = S::as_simd_f64s(&shared.norm_sq).0[k];
        }
        let mut taken = samples.len();
        for (step, samples) in samples.iter().enumerate() {
            let cells: [&Cell<f64>; LANES] = std::array::from_fn(|lane| &scaled[lane][samples[lane]]);
            let mut entries = cells.map(Cell::get);
            let mut next = here;
            let mut fine = true;
            let (u, _) = S::as_mut_simd_f64s(&mut entries);
            for k in 0..registers {
                let (limit, taken) = (S::as_simd_f64s(limits).0[k], &mut u[k]);
                let (shared, after, may) = rule.step(simd, here[k], limit, *taken);
                (next[k], *taken) = (shared, after);
                fine &= simd.first_true_m64s(simd.not_m64s(may)) == S::F64_LANES;
            }
            if !fine {
                taken = step;
                break;
            }
            here = next;
            cells.iter().zip(entries).for_each(|(cell, entry)| cell.set(entry));
        }
        for (k, here) in here[..registers].iter().enumerate() {
            S::as_mut_simd_f64s(&mut shared.scale).0[k] = here.scale;
            S::as_mut_simd_f64s(&mut shared.norm_sq).0[k] = here.norm_sq;
        }
        taken
    }
}
