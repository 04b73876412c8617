//! Momentum on orthonormal data: parameters and velocity in the span of the samples and one residual direction.
//!
//! With `g = a w + r (N − 2) Σ_{i∈B} φ_i a_i`, `a = r C + λ`, and the recursion of [`Momentum`], every pair `(c_j, d_j)` of correlations
//! `c_j = ⟨w, a_j⟩`, `d_j = ⟨v, a_j⟩`, and the pair of residuals along the initial residual, goes through one and the same matrix,
//!
//! ```text
//! M = ( 1 − η κ a   −η κ' )      det M = β (1 − η κ a) + η κ' a,
//!     (     a         β   )
//! ```
//!
//! before the pairs of the batch receive `r (N − 2) φ_i (−η κ, 1)` each. So the pairs are stored as `P⁻¹ (c_j, d_j)` with the product `P` of
//! these matrices, and a step touches those of the batch alone. `N = ‖w‖²`, `⟨w, v⟩` and `‖v‖²` follow along.
//!
//! **Conditioning.** Solving with `P = (A B; C D)` multiplies rounding by its condition number, which is at most `(A² + D² + 2|BC|)/|det P|` in the units of
//! velocities that are best for it (the solution does not depend on them). What moves slowly only shrinks, while the determinant falls, as `βᵗ` for the heavy ball; and
//! where the neuron swings with little friction (`1 − β` far below `√η`), the entries grow while the determinant stays near 1. After the step in which the determinant falls below
//! 2⁻¹⁰, or `A² + D² + 2|BC|` exceeds 16, `P` is multiplied into all pairs and begins afresh at 1; nothing is divided by that `P`. So a solution loses
//! three digits with friction, one without, and some four where both go together; a neuron that swings amplifies them. Over full batches of seven samples this walk and
//! plain vectors part by 4e-9 in 12,000 steps at `β = 0.9999`, `η = 0.1`, and by 2e-6 in 30,000 steps at `β = 0.99999`.
//! For the heavy ball with friction that is every `10 log 2/log(1/β)` steps, 66 at `β = 0.9`, in O(m): a step costs O(b + m log(1/β)/7), and O(m) below `β` = 1/1024.

use super::orthonormal::{NOTHING, seen, vector};
use super::{Coordinates, Step};
use crate::activation::Activation;
use crate::data::Dataset;
use crate::engine::expect;
use crate::error::Result;
use crate::init::Start;
use crate::state::Neuron;
use crate::update::Momentum;

/// Determinant of the pending product below which it is multiplied out.
const SMALLEST_DETERMINANT: f64 = 1.0 / 1024.0;

/// Size of the pending product above which it is multiplied out, too.
const LARGEST_SIZE: f64 = 16.0;

/// A place and a velocity along one direction.
type Pair = [f64; 2];

#[derive(Clone, Copy)]
struct Matrix([[f64; 2]; 2]);

impl Matrix {
    const ONE: Self = Self([[1.0, 0.0], [0.0, 1.0]]);

    fn apply(self, [c, d]: Pair) -> Pair {
        self.0.map(|[of_c, of_d]| of_c * c + of_d * d)
    }

    fn times(self, other: Self) -> Self {
        let [[a, b], [c, d]] = other.0;
        let ([first, third], [second, fourth]) = (self.apply([a, c]), self.apply([b, d]));
        Self([[first, second], [third, fourth]])
    }

    fn determinant(self) -> f64 {
        let [[a, b], [c, d]] = self.0;
        a * d - b * c
    }

    /// `A² + D² + 2|BC|`: the square of its Frobenius norm in the units of velocities that make it least.
    fn size(self) -> f64 {
        let [[a, b], [c, d]] = self.0;
        a * a + d * d + 2.0 * (b * c).abs()
    }

    /// The solution of `self x = pair`, with the determinant given.
    fn solve(self, determinant: f64, [x, y]: Pair) -> Pair {
        let [[a, b], [c, d]] = self.0;
        [(d * x - b * y) / determinant, (a * y - c * x) / determinant]
    }
}

/// `‖w‖²`, `⟨w, v⟩`, `‖v‖²`.
#[derive(Clone, Copy, Default)]
struct Sums {
    place: f64,
    mixed: f64,
    speed: f64,
}

impl Sums {
    fn of(pairs: &[Pair]) -> Self {
        let mut sums = Self::default();
        for &[c, d] in pairs {
            sums.place += c * c;
            sums.mixed += c * d;
            sums.speed += d * d;
        }
        sums
    }

    /// After all pairs went through a matrix.
    fn through(self, Matrix([[a, b], [c, d]]): Matrix) -> Self {
        let Self { place, mixed, speed } = self;
        Self {
            place: a * a * place + 2.0 * a * b * mixed + b * b * speed,
            mixed: a * c * place + (a * d + b * c) * mixed + b * d * speed,
            speed: c * c * place + 2.0 * c * d * mixed + d * d * speed,
        }
    }

    /// After a pair received something.
    fn gain(&mut self, [c, d]: Pair, [more_c, more_d]: Pair) {
        self.place += more_c * (2.0 * c + more_c);
        self.mixed += more_c * d + (c + more_c) * more_d;
        self.speed += more_d * (2.0 * d + more_d);
    }
}

pub(super) struct WithVelocity {
    activation: Activation,
    momentum: Momentum,
    /// `P⁻¹ (c_j, d_j)` of every sample, then of the residual: `[m + 1]`.
    pairs: Vec<Pair>,
    /// `P`, and the product of the determinants of its factors.
    pending: Matrix,
    determinant: f64,
    sums: Sums,
    phi: Vec<f64>,
}

impl WithVelocity {
    /// At a start, at rest.
    pub(super) fn new(start: &Start, activation: Activation, momentum: Momentum) -> Self {
        let pairs = start.correlations.iter().chain([&start.residual]).map(|&c| [c, 0.0]).collect();
        Self {
            activation,
            momentum,
            pairs,
            pending: Matrix::ONE,
            determinant: 1.0,
            sums: Sums { place: start.norm_sq, ..Sums::default() },
            phi: Vec::new(),
        }
    }

    /// Multiplies a product into the pairs; the pending one is 1 afterwards.
    fn fold(&mut self, total: Matrix) {
        let fade = |value: f64| if value.abs() < NOTHING { 0.0 } else { value };
        self.pairs.iter_mut().for_each(|pair| *pair = total.apply(*pair).map(fade));
        (self.pending, self.determinant) = (Matrix::ONE, 1.0);
    }

    /// Correlations and residual, `[m]` and one.
    fn place(&self) -> (Vec<f64>, f64) {
        let mut places: Vec<f64> = self.pairs.iter().map(|&pair| self.pending.apply(pair)[0]).collect();
        let residual = places.pop().unwrap_or_default();
        (places, residual)
    }

    /// Whether no correlation is positive.
    pub(super) fn is_silent(&self) -> bool {
        self.place().0.iter().all(|&c| c <= 0.0)
    }

    /// Whether the velocity, followed for so long, leaves everything as it is to the last bit.
    pub(super) fn is_at_rest(&self, flight: f64) -> bool {
        self.pairs.iter().all(|&pair| {
            let [c, d] = self.pending.apply(pair);
            c - flight * d == c
        })
    }

    pub(super) fn neuron(&self, start: &Start) -> Neuron {
        let (correlations, residual) = self.place();
        seen(correlations, residual, start)
    }

    pub(super) fn weights(&self, dataset: &Dataset, start: &Start) -> Result<Vec<f64>> {
        let (correlations, residual) = self.place();
        vector(&correlations, residual, dataset, start)
    }

    /// Everything, the pending product and running sums as they are: `[8 + 2 (m + 1)]`.
    pub(super) fn snapshot(&self) -> Vec<f64> {
        let Sums { place, mixed, speed } = self.sums;
        let scalars = [place, mixed, speed, self.determinant];
        [&scalars, self.pending.0.as_flattened(), self.pairs.as_flattened()].concat()
    }

    pub(super) fn restore(&mut self, values: &[f64]) -> Result<()> {
        expect("the reduced state", 8 + 2 * self.pairs.len(), values.len())?;
        self.sums = Sums { place: values[0], mixed: values[1], speed: values[2] };
        self.determinant = values[3];
        self.pending.0.as_flattened_mut().copy_from_slice(&values[4..8]);
        self.pairs.as_flattened_mut().copy_from_slice(&values[8..]);
        Ok(())
    }
}

impl Coordinates for WithVelocity {
    fn step(&mut self, batch: &[usize], Step { size, weight, decay, .. }: Step) {
        let Momentum { decay: beta, gradient_weight: now, velocity_weight: carried } = self.momentum;
        let phi = |&i: &usize| self.activation.apply(self.pending.apply(self.pairs[i])[0]);
        let mut phis = std::mem::take(&mut self.phi);
        phis.clear();
        phis.extend(batch.iter().map(phi));
        let along = weight * phis.iter().map(|phi| phi * phi).sum::<f64>() + decay;
        let pull = weight * (self.sums.place - 2.0);
        let matrix = Matrix([[1.0 - size * now * along, -size * carried], [along, beta]]);
        self.sums = self.sums.through(matrix);
        self.pending = matrix.times(self.pending);
        self.determinant *= matrix.determinant();
        let is_due = self.determinant.abs() < SMALLEST_DETERMINANT || self.pending.size() > LARGEST_SIZE;
        if is_due {
            self.fold(self.pending);
        }
        for (&i, phi) in batch.iter().zip(&phis) {
            let gain = [-size * now * (pull * phi), pull * phi];
            self.sums.gain(self.pending.apply(self.pairs[i]), gain);
            let [c, d] = self.pending.solve(self.determinant, gain);
            self.pairs[i][0] += c;
            self.pairs[i][1] += d;
        }
        if is_due {
            self.sums = Sums::of(&self.pairs);
        }
        self.phi = phis;
    }

    fn norm_sq(&self) -> f64 {
        self.sums.place
    }

    fn refresh_period(&self) -> u64 {
        (64 * self.pairs.len() as u64).max(4096)
    }

    fn refresh(&mut self) {
        self.fold(self.pending);
        self.sums = Sums::of(&self.pairs);
    }
}
