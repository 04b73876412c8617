//! The runs at a batch size, and what is measured of each neuron at the end.

use super::{INIT_NORM, TOLERANCE, WINDOW};
use crate::data::{Dataset, dot};
use crate::device::Compute;
use crate::engine::{Analytic, Engine};
use crate::error::{Misuse, Result};
use crate::init::Start;
use crate::measure::alignment::{best_match, cos_init};
use crate::measure::sparsity::effective_support;
use crate::model::Activation;
use crate::problem::{Problem, Reduction};
use crate::schedule::Schedule;
use crate::train::{Outcome, Plan, Run, StopRule, train};
use crate::vectors::largest;

/// A number of a run.
pub(super) type Measure = fn(&Learned) -> f64;

/// What is measured of a neuron, and by which name.
pub(super) const MEASURES: [(&str, &str, Measure); 5] = [
    ("max_cos", "max cos with an image", |learned| learned.max_cos),
    ("cos_component", "|cos| with the first principal component", |learned| learned.cos_component),
    ("top_digit", "share of the activation energy in one digit", |learned| learned.top_digit),
    ("support", "effective support of the activations", |learned| learned.support),
    ("cos_init", "cos(w, w_0)", |learned| learned.cos_init),
];

/// One neuron at the end.
pub(super) struct Learned {
    pub run: Run,
    pub max_cos: f64,
    pub nearest: usize,
    pub cos_component: f64,
    /// Largest share of `Σ φ²` that the images of one digit have.
    pub top_digit: f64,
    /// Effective support of `φ(c)` over the images.
    pub support: f64,
    pub cos_init: f64,
}

/// Images, labels, and what is asked of them.
pub(super) struct Setting {
    pub dataset: Dataset,
    pub labels: Vec<u8>,
    pub component: Option<Vec<f64>>,
    pub step_size: f64,
    pub budget: u64,
    pub seed: u64,
}

impl Setting {
    /// All pairs at one batch size; starts and batch streams depend on the pair alone.
    pub fn run(&self, batch: usize, pairs: &[u64], compute: &Compute) -> Result<Vec<Learned>> {
        let (dataset, samples) = (&self.dataset, self.dataset.samples());
        let full = batch == samples;
        let schedule = Schedule::sgd(samples, batch, self.seed)?;
        let problem = Problem::new(dataset.clone(), Activation::Relu, Reduction::Mean, self.step_size)?;
        let starts = pairs.iter().map(|pair| Start::gaussian(dataset, INIT_NORM, self.seed, *pair));
        let starts = starts.collect::<Result<Vec<_>, Misuse>>()?;
        let mut engine = Analytic::new(&problem, &schedule, &starts, 0, compute)?;
        let stop =
            if full { StopRule::Tail { window: WINDOW, tolerance: TOLERANCE } } else { StopRule::Never };
        let plan = Plan { budget: self.budget, stop, check_every: self.budget };
        let runs = train(&mut engine as &mut dyn Engine, &plan, &mut []).0;
        Ok(runs.into_iter().zip(&starts).map(|(run, start)| self.learned(run, start)).collect())
    }

    fn learned(&self, run: Run, start: &Start) -> Learned {
        let neuron = &run.neurons[0];
        let best = best_match(neuron, &self.dataset, Activation::Relu);
        let weights = run.weights.as_deref().unwrap_or_default();
        let cosine = |v: &[f64]| dot(v, weights).abs() / neuron.norm_sq.sqrt();
        let active: Vec<f64> = neuron.correlations.iter().map(|&c| Activation::Relu.apply(c)).collect();
        // A dead or diverged neuron has none of this.
        let known = !matches!(run.outcome, Outcome::Dead | Outcome::Diverged);
        let value = |x: f64| if known { x } else { f64::NAN };
        Learned {
            max_cos: value(best.cosine),
            nearest: best.index,
            cos_component: value(self.component.as_deref().map_or(f64::NAN, cosine)),
            top_digit: value(self.top_digit(&active)),
            support: value(effective_support(&active)),
            cos_init: value(cos_init(neuron, start.norm_sq)),
            run,
        }
    }

    /// Largest share of `Σ φ²` that one digit's images have; a tenth or so for a neuron that does not care.
    fn top_digit(&self, active: &[f64]) -> f64 {
        let mut energy = [0.0; 10];
        active.iter().zip(&self.labels).for_each(|(phi, &label)| energy[usize::from(label)] += phi * phi);
        largest(energy) / energy.iter().sum::<f64>()
    }
}
