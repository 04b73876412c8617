//! Sharpness along training, as an observer.

use std::cell::Cell;

use rand::SeedableRng;
use serde::{Deserialize, Serialize};

use super::trace::{PILOT, rademacher};
use super::{Operator, Surface, dense, hutch_plus_plus, top_eigenvalue};
use crate::eigen;
use crate::engine::Engine;
use crate::model::Autoencoder;
use crate::table::Row;
use crate::train::{Cadence, Observer};
use crate::vectors::{arg_max, norm_of};

/// Curvature at one step.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct SharpnessRow {
    /// Steps taken.
    pub step: u64,
    /// `λ_max` of the Hessian.
    pub largest: f64,
    /// Residual of its eigenvector, `‖H v − λ v‖`.
    pub residual: f64,
    /// Trace.
    pub trace: f64,
    /// Standard error of the trace; 0 of the whole matrix.
    pub sem: f64,
    /// Whether `λ_max` and trace are as accurate as was asked for.
    pub reached: bool,
    /// Whether a kink lies within the difference step along the eigenvector, or along a coordinate where the whole matrix is taken and one of four
    /// random directions where it is not: curvatures then are means of both its sides ([`HessianProduct::kink`](super::HessianProduct::kink)).
    pub kink: bool,
}

impl Row for SharpnessRow {
    const TABLE: &'static str = "sharpness";
}

/// Random directions along which kinks are looked for where the whole matrix is not taken.
const DIRECTIONS: usize = 4;

/// Parameters up to which the whole matrix costs less than estimates do: `λ_max` takes some 100 products, a trace from 64 up.
const DENSE: usize = 256;

/// Columns of the sketch of a trace, and its relative standard error, where neither is given.
const SKETCH: usize = 32;
const RELATIVE: f64 = 0.01;

/// How curvature is measured.
#[derive(Clone, Copy, Debug)]
enum Method {
    /// The whole matrix.
    Dense,
    /// Lanczos and Hutch++; the standard error of the trace is this, or a hundredth of the trace.
    Estimates { sketch: usize, sem: Option<f64> },
}

/// Records `λ_max` and the trace of the Hessian of one replica, at the [`parameters`](Engine::parameters) of any engine.
pub struct SharpnessAlong<M: Autoencoder> {
    surface: Surface<M>,
    cadence: Cadence,
    method: Method,
    /// The rows so far.
    pub rows: Vec<SharpnessRow>,
}

impl<M: Autoencoder> SharpnessAlong<M> {
    /// Looks at `surface` wherever the engine is; the trace is known to `sem`, its sketch has `sketch`
    /// columns.
    pub fn new(surface: Surface<M>, cadence: Cadence, sketch: usize, sem: f64) -> Self {
        let method = Method::Estimates { sketch, sem: Some(sem) };
        Self { surface, cadence, method, rows: Vec::new() }
    }

    /// The same by the whole matrix where that costs less, else with a trace known to a hundredth of itself.
    pub fn by_size(surface: Surface<M>, cadence: Cadence) -> Self {
        let method = if surface.dim() <= DENSE {
            Method::Dense
        } else {
            Method::Estimates { sketch: SKETCH, sem: None }
        };
        Self { surface, cadence, method, rows: Vec::new() }
    }

    /// Whether curvature is read off the whole matrix.
    pub fn is_dense(&self) -> bool {
        matches!(self.method, Method::Dense)
    }

    /// Curvature at a point.
    ///
    /// # Panics
    /// If `parameters` has another length than the model.
    pub fn look(&mut self, step: u64, parameters: Vec<f64>) -> SharpnessRow {
        self.surface.move_to(parameters);
        // The same probes at each step, so that differences along training are not those of the probes.
        let mut rng = chacha20::ChaCha8Rng::seed_from_u64(0);
        match self.method {
            Method::Dense => self.whole(step),
            Method::Estimates { sketch, sem } => self.estimated(step, sketch, sem, &mut rng),
        }
    }

    fn estimated(
        &self,
        step: u64,
        sketch: usize,
        sem: Option<f64>,
        rng: &mut chacha20::ChaCha8Rng,
    ) -> SharpnessRow {
        let top = top_eigenvalue(&self.surface, 1e-6, 200, rng);
        let largest = top.as_ref().map_or(f64::NAN, |top| top.value);
        let sem = match sem {
            Some(sem) => sem,
            // A first estimate says how much a hundredth is.
            None => RELATIVE * hutch_plus_plus(&self.surface, sketch, f64::INFINITY, PILOT, rng).value.abs(),
        };
        let trace = hutch_plus_plus(&self.surface, sketch, sem, 2000, rng);
        let residual = top.as_ref().map_or(f64::NAN, |top| top.residual);
        let reached = top.as_ref().is_some_and(|top| top.reached) && trace.reached;
        let random = (0..DIRECTIONS).map(|_| rademacher(self.surface.dim(), &mut *rng));
        let kink = random.chain(top.map(|top| top.vector)).any(|v| self.surface.hessian_product(&v).kink);
        SharpnessRow { step, largest, residual, trace: trace.value, sem: trace.sem, reached, kink }
    }

    fn whole(&self, step: u64) -> SharpnessRow {
        let watched = Watched { surface: &self.surface, kink: Cell::new(false) };
        let matrix = dense(&watched);
        let trace = matrix.trace();
        let found = eigen::symmetric(matrix).and_then(|found| {
            let best = arg_max(found.eigenvalues.iter().copied())?;
            Some((found.eigenvalues[best], found.eigenvectors.column(best).as_slice().to_vec()))
        });
        let residual = |(value, v): &(f64, Vec<f64>)| {
            norm_of(watched.apply(v).iter().zip(v).map(|(product, v)| product - value * v))
        };
        SharpnessRow {
            step,
            largest: found.as_ref().map_or(f64::NAN, |found| found.0),
            residual: found.as_ref().map_or(f64::NAN, residual),
            trace,
            sem: 0.0,
            reached: found.is_some(),
            kink: watched.kink.get(),
        }
    }
}

/// A surface that notes whether a product met a kink.
struct Watched<'a, M: Autoencoder> {
    surface: &'a Surface<M>,
    kink: Cell<bool>,
}

impl<M: Autoencoder> Operator for Watched<'_, M> {
    fn dim(&self) -> usize {
        self.surface.dim()
    }

    fn apply(&self, v: &[f64]) -> Vec<f64> {
        let product = self.surface.hessian_product(v);
        self.kink.set(self.kink.get() | product.kink);
        product.value
    }
}

impl<M: Autoencoder> Observer for SharpnessAlong<M> {
    fn cadence(&self) -> Cadence {
        self.cadence
    }

    fn observe(&mut self, step: u64, engine: &dyn Engine) {
        let parameters = engine.parameters(0).expect("a surface has data, and so has its engine");
        let row = self.look(step, parameters);
        self.rows.push(row);
    }
}
