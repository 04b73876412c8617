//! What is run: neurons, data and batches that runs differ in, and what they share.

use itertools::iproduct;

use super::runs;
use super::{INIT_NORM, Options, Prediction, STUDY};
use crate::data::Dataset;
use crate::error::{Error, Result};
use crate::model::Activation;
use crate::problem::{Problem, Reduction};
use crate::schedule::Schedule;
use crate::study::words::listed;
use crate::study::{Context, Effort, setting};
use crate::theory::correlated::spread;

/// What runs differ in: which neuron, which data, which batches.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Condition {
    pub activation: Activation,
    pub rho: f64,
    pub batch: usize,
}

/// The setting that all runs share.
pub(super) struct Setting {
    pub prediction: Prediction,
    pub samples: usize,
    pub dim: usize,
    pub step_size: f64,
    pub pairs: u64,
    pub seed: u64,
    pub rhos: Vec<f64>,
    pub batches: Vec<usize>,
}

impl Setting {
    pub fn new(context: &Context, options: &Options, prediction: &Prediction) -> Result<Self> {
        let samples = options.samples.unwrap_or(8);
        if samples < 3 {
            return Err(Error::Usage(format!("--samples {samples}: the spread law needs at least 3")));
        }
        let step_size =
            setting::check_step_size(options.step_size.unwrap_or(0.1), "the spread law needs 0 < η < 1/2")?;
        let pairs = setting::check_pairs(options.pairs.unwrap_or(context.effort.pick(8, 40, 60)))?;
        setting::check_work(pairs, samples)?;
        let rhos: &[f64] = match context.effort {
            Effort::Quick => &[-0.1, 0.0, 0.005, 0.02, 0.1, 0.9],
            _ => &[-0.1, -0.05, -0.02, 0.0, 5e-4, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.3, 0.6, 0.9],
        };
        let min = -1.0 / (samples as f64 - 1.0);
        let batches = match context.effort {
            Effort::Quick => vec![1, samples],
            _ => vec![1, samples / 4, samples],
        };
        Ok(Self {
            prediction: prediction.clone(),
            samples,
            dim: samples + 3,
            step_size,
            pairs,
            seed: context.cell_seed(&STUDY, 0),
            rhos: rhos.iter().copied().filter(|&rho| rho > 0.99 * min).collect(),
            batches: setting::batch_sizes(batches, samples),
        })
    }

    /// What is run, in words.
    pub fn sentences(&self) -> Vec<String> {
        let &Self { samples, dim, step_size, pairs, .. } = self;
        vec![
            format!(
                "The reduced engine in the Gram matrix trains a linear and a ReLU neuron on m = {samples} samples in {dim} dimensions, at ρ = {} and b = {}, \
                 with η = {step_size} (mean reduction), from {pairs} starts of norm {INIT_NORM}; the starts, the rotation and the streams of batches are \
                 the same at every ρ.",
                listed(&self.rhos),
                listed(&self.batches)
            ),
            "One step from a datapoint is held against its exact length. Full batches run to their end, which is held against the closed-form \
             limit."
                .into(),
            format!(
                "SGD is looked at {} times, a relaxation time apart, after {} of them: quantiles of the other samples' coefficients stand beside the \
                 stationary law, since that has no mean, and so does the ρ at which half of all samples are mixed.",
                runs::LOOKS,
                runs::SETTLING
            ),
        ]
    }

    pub fn conditions(&self) -> Vec<Condition> {
        iproduct!(Activation::PAPER, &self.rhos, &self.batches)
            .map(|(activation, &rho, &batch)| Condition { activation, rho, batch })
            .collect()
    }

    /// The same rotation at every ρ; no theorem is asked at ρ = 0, which takes the path of all others.
    pub fn problem(&self, condition: Condition) -> Result<Problem> {
        let dataset =
            Dataset::equicorrelated(self.samples, self.dim, condition.rho, self.seed)?.treated_as_general();
        Ok(Problem::new(dataset, condition.activation, Reduction::Mean, self.step_size)?)
    }

    pub fn schedule(&self, condition: Condition) -> Result<Schedule> {
        Ok(Schedule::sgd(self.samples, condition.batch, self.seed)?)
    }

    pub fn step_per_sample(&self, batch: usize) -> f64 {
        Reduction::Mean.step_per_sample(self.step_size, batch)
    }

    /// The predicted law of the coefficients of other samples.
    pub fn law(&self, rho: f64, batch: usize) -> spread::Spread {
        (self.prediction.spread)(self.samples, batch, rho, self.step_per_sample(batch))
    }

    /// The negative, or positive, correlation closest to 0.
    pub fn weakest(&self, positive: bool) -> Option<f64> {
        let side = self.rhos.iter().copied().filter(|&rho| if positive { rho > 0.0 } else { rho < 0.0 });
        side.min_by(|a, b| a.abs().total_cmp(&b.abs()))
    }
}
