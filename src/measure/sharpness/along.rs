//! Sharpness along training, as an observer.

use rand::SeedableRng;
use serde::Serialize;

use super::trace::rademacher;
use super::{Operator, Surface, hutch_plus_plus, top_eigenvalue};
use crate::engine::Engine;
use crate::model::Autoencoder;
use crate::train::{Cadence, Observer};

/// Curvature at one step.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct SharpnessRow {
    /// Steps taken.
    pub step: u64,
    /// `λ_max` of the Hessian.
    pub largest: f64,
    /// Residual of its Ritz vector.
    pub residual: f64,
    /// Estimated trace.
    pub trace: f64,
    /// Standard error of the trace.
    pub sem: f64,
    /// Whether `λ_max` and trace are as accurate as was asked for.
    pub reached: bool,
    /// Whether a kink lies within the difference step, along the Ritz vector or one of four random directions: curvatures then are
    /// means of both its sides ([`HessianProduct::kink`](super::HessianProduct::kink)).
    pub kink: bool,
}

/// Random directions along which kinks are looked for.
const DIRECTIONS: usize = 4;

/// Records `λ_max` and the trace of the Hessian of one replica, at the [`parameters`](Engine::parameters) of any engine.
pub struct SharpnessAlong<M: Autoencoder> {
    surface: Surface<M>,
    cadence: Cadence,
    sketch: usize,
    sem: f64,
    /// The rows so far.
    pub rows: Vec<SharpnessRow>,
}

impl<M: Autoencoder> SharpnessAlong<M> {
    /// Looks at `surface` wherever the engine is; the trace is known to `sem`, its sketch has `sketch`
    /// columns.
    pub fn new(surface: Surface<M>, cadence: Cadence, sketch: usize, sem: f64) -> Self {
        Self { surface, cadence, sketch, sem, rows: Vec::new() }
    }
}

impl<M: Autoencoder> Observer for SharpnessAlong<M> {
    fn cadence(&self) -> Cadence {
        self.cadence
    }

    fn observe(&mut self, step: u64, engine: &dyn Engine) {
        self.surface.move_to(engine.parameters(0).expect("a surface has data, and so has its engine"));
        // The same probes at each step, so that differences along training are not those of the probes.
        let mut rng = chacha20::ChaCha8Rng::seed_from_u64(0);
        let top = top_eigenvalue(&self.surface, 1e-6, 200, &mut rng);
        let trace = hutch_plus_plus(&self.surface, self.sketch, self.sem, 2000, &mut rng);
        let dim = self.surface.dim();
        let random = (0..DIRECTIONS).map(|_| rademacher(dim, &mut rng));
        let mut directions = random.chain(top.iter().map(|top| top.vector.clone()));
        self.rows.push(SharpnessRow {
            step,
            largest: top.as_ref().map_or(f64::NAN, |top| top.value),
            residual: top.as_ref().map_or(f64::NAN, |top| top.residual),
            trace: trace.value,
            sem: trace.sem,
            reached: top.as_ref().is_some_and(|top| top.reached) && trace.reached,
            kink: directions.any(|v| self.surface.hessian_product(&v).kink),
        });
    }
}
