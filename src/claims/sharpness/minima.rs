//! The minima that training reaches from one start, and the curvature there.

use rand::SeedableRng;

use super::grain::{Grain, target_error};
use crate::data::{Dataset, norm};
use crate::device::Compute;
use crate::engine::Autodiff;
use crate::error::{Error, Result};
use crate::init::Start;
use crate::limit_set::LimitSet;
use crate::measure::sharpness::{Surface, Trace, dense, eigenvalues, hutch_plus_plus, top_eigenvalue};
use crate::model::Activation;
use crate::problem::{Problem, Reduction};
use crate::schedule::Schedule;
use crate::study::trial::Trial;
use crate::theory::{gd, sgd};
use crate::train::Outcome;

/// Most probes of a stochastic trace; far more than its standard error asks for.
const PROBES: usize = 200_000;

/// Starts tried before giving up.
const REDRAWS: u64 = 1000;

/// Data, and a start from which GD and SGD are trained.
pub(super) struct Draw {
    pub problem: Problem,
    pub start: Start,
    pub seed: u64,
    /// GD's limit, which mixes all active samples.
    mixture: LimitSet,
}

/// Curvature at one minimum that training reached.
pub(super) struct Minimum {
    pub activation: Activation,
    /// Batch size of SGD; `None` for GD.
    pub batch: Option<usize>,
    pub samples: usize,
    pub dim: usize,
    /// Samples mixed in it, `|S|`.
    pub support: usize,
    /// The dense spectrum, ascending.
    pub spectrum: Vec<f64>,
    /// Its sum.
    pub trace: f64,
    /// Sum of symmetric second differences of the loss along the axes.
    pub differences: f64,
    /// Lanczos: value and residual.
    pub lanczos: (f64, f64),
    /// At GD's minimum, and at that of SGD with `b = 1`.
    pub hutch: Option<Trace>,
}

/// GD's minimum and those of SGD from one start.
pub(super) struct Minima {
    pub gd: Minimum,
    pub sgd: Vec<Minimum>,
}

impl Minima {
    pub fn all(&self) -> impl Iterator<Item = &Minimum> {
        std::iter::once(&self.gd).chain(&self.sgd)
    }
}

impl Draw {
    /// Random data, and the first start with at least two active samples, none of them so weak that a difference quotient at the mixture
    /// would straddle its kink: Theorem 13 holds for all starts, the instrument does not.
    pub fn new((m, n): (usize, usize), activation: Activation, seed: u64, grain: Grain) -> Result<Self> {
        let problem = Problem::new(Dataset::orthonormal(m, n, seed)?, activation, Reduction::Sum, 0.2)?;
        let is_clear = |start: &Start| {
            let active: Vec<f64> =
                start.correlations.iter().copied().filter(|&c| activation.admits(c)).collect();
            let length = norm(&active);
            active.len() >= 2 && active.iter().all(|c| c.abs() > grain.clear * length)
        };
        for replica in 0..REDRAWS {
            let start = Start::gaussian(problem.dataset(), 0.5, seed, replica)?;
            if let Some(mixture) = gd::limit(&start.correlations, activation).filter(|_| is_clear(&start)) {
                return Ok(Self { problem, start, seed, mixture });
            }
        }
        let clear = grain.clear;
        Err(Error::Usage(format!(
            "--samples {m}: none of {REDRAWS} starts keeps all its active samples clear of their kinks by {clear}"
        )))
    }

    pub fn samples(&self) -> usize {
        self.problem.dataset().samples()
    }

    /// Number of active samples, `|S⁺|`.
    pub fn active(&self) -> usize {
        self.start.correlations.iter().filter(|&&c| self.problem.activation().admits(c)).count()
    }

    /// Batch sizes of SGD: with ReLU, where the traces differ, also 2, m/2 and m − 1.
    pub fn batch_sizes(&self) -> Vec<usize> {
        let samples = self.samples();
        let mut sizes = match self.problem.activation() {
            Activation::Relu => vec![1, 2, samples / 2, samples - 1],
            _ => vec![1],
        };
        sizes.retain(|batch| (1..samples).contains(batch));
        sizes.sort_unstable();
        sizes.dedup();
        sizes
    }

    /// Trains GD and SGD, and measures the curvature at their ends.
    pub fn minima(&self, compute: &Compute, grain: Grain) -> Result<Minima> {
        let gd = self.minimum(None, compute, grain)?;
        let sgd = self.batch_sizes().into_iter().map(|batch| self.minimum(Some(batch), compute, grain));
        Ok(Minima { gd, sgd: sgd.collect::<Result<_>>()? })
    }

    fn minimum(&self, batch: Option<usize>, compute: &Compute, grain: Grain) -> Result<Minimum> {
        let Self { problem, start, seed, mixture } = self;
        let (samples, dim) = (self.samples(), problem.dataset().dim());
        let activation = problem.activation();
        let datapoints = || sgd::limit_set(&start.correlations, activation);
        let (schedule, set, support) = match batch {
            None => (Schedule::full_batch(samples)?, mixture.clone(), self.active()),
            Some(batch) => (Schedule::sgd(samples, batch, *seed)?, datapoints(), 1),
        };
        let case = Trial { problem, schedule: &schedule, start, replica: 0 };
        let mut engine = Autodiff::single_neuron(problem, &schedule, start, 0, compute)?;
        let run = case.run_to(&mut engine, set, grain.arrival);
        // A run that has not arrived has no curvature: it refutes whatever it enters.
        let arrived = |x: f64| if run.outcome == Outcome::Converged { x } else { f64::NAN };
        let surface = Surface::new(engine.model(0).clone(), problem.dataset(), compute)?;
        let spectrum = eigenvalues(dense(&surface)).unwrap_or_else(|| vec![f64::NAN; dim]);
        let axis = |k: usize| (0..dim).map(|j| if j == k { 1.0 } else { 0.0 }).collect::<Vec<_>>();
        let differences = (0..dim).map(|k| surface.second_difference(&axis(k))).sum();
        let mut rng = chacha20::ChaCha8Rng::seed_from_u64(*seed);
        let top = top_eigenvalue(&surface, grain.residual, dim, &mut rng);
        let hutch = batch.is_none_or(|batch| batch == 1).then(|| {
            let trace = hutch_plus_plus(&surface, dim / 3, target_error(samples), PROBES, &mut rng);
            Trace { value: arrived(trace.value), ..trace }
        });
        Ok(Minimum {
            activation,
            batch,
            samples,
            dim,
            support,
            trace: arrived(spectrum.iter().sum()),
            spectrum: spectrum.into_iter().map(arrived).collect(),
            differences: arrived(differences),
            lanczos: top.map_or((f64::NAN, 0.0), |top| (arrived(top.value), top.residual)),
            hutch,
        })
    }
}
