//! Sample gradients at datapoints and at mixtures, and where either algorithm goes from there.

use super::Prediction;
use super::draw::{Arrival, Draw};
use crate::data::norm;
use crate::device::Compute;
use crate::engine::{Autodiff, Engine};
use crate::error::Result;
use crate::init::Start;
use crate::limit_set::LimitSet;
use crate::model::{Activation, SingleNeuron};
use crate::schedule::Schedule;
use crate::study::trial::{Trial, go_on};
use crate::theory::sgd;
use crate::train::Outcome;
use crate::vectors::largest;

/// What one draw came to.
pub(super) struct Ends {
    /// Largest sample gradient at any datapoint.
    pub at_datapoints: f64,
    pub mixture: AtMixture,
    /// Whether SGD from the mixture ended in its predicted set and stayed by it.
    pub stays: bool,
    /// How far GD moves from where SGD ended.
    pub gd_from_sgd: f64,
    /// How far GD moves from where GD ended.
    pub gd_from_mixture: f64,
}

/// Sample gradients where GD ended.
pub(super) struct AtMixture {
    /// Largest deviation of one from its closed form.
    pub off_closed_form: f64,
    /// Noise, `(Σ ‖∇ℓ_i‖²)^{1/2}`.
    pub noise: f64,
    /// Deviation of its square from the closed form.
    pub noise_off: f64,
}

impl Draw {
    /// Full-batch descent to its end; everything else starts from there.
    pub fn ends(&self, compute: &Compute, prediction: &Prediction, arrival: Arrival) -> Result<Ends> {
        let dataset = self.problem.dataset();
        let full = Schedule::full_batch(self.samples())?;
        let mut engine = self.engine(&self.start, &full, compute)?;
        let case = Trial { problem: &self.problem, schedule: &full, start: &self.start, replica: 0 };
        case.run_to(&mut engine, LimitSet::Point(self.mixture.clone()), arrival.gd);
        let w = engine.weights(0)?;
        let start = Start::from_weights(dataset, w.clone())?;
        let mixture = self.at_mixture(&engine, &start, &w, prediction)?;
        let (arrived, stays) = self.sgd(&start, compute, prediction, arrival)?;
        Ok(Ends {
            at_datapoints: self.at_datapoints(compute)?,
            mixture,
            stays,
            gd_from_sgd: self.movement(arrived, compute)?,
            gd_from_mixture: self.movement(w, compute)?,
        })
    }

    fn sample_gradients(&self, engine: &Autodiff<SingleNeuron>) -> Vec<Vec<f64>> {
        (0..self.samples()).map(|i| engine.gradient(0, &[i])).collect()
    }

    /// Sample gradients at weights `w`, which are a start too.
    fn at_mixture(
        &self,
        engine: &Autodiff<SingleNeuron>,
        start: &Start,
        w: &[f64],
        prediction: &Prediction,
    ) -> Result<AtMixture> {
        let (dataset, activation) = (self.problem.dataset(), self.problem.activation());
        let alpha = &start.correlations;
        let active: Vec<f64> = alpha.iter().map(|&c| activation.apply(c)).collect();
        let (mut off, mut noise) = (0.0f64, 0.0);
        for ((gradient, row), &c) in
            self.sample_gradients(engine).iter().zip(dataset.rows()?.chunks(dataset.dim())).zip(alpha)
        {
            let (of_row, of_w) =
                if activation.admits(c) { (prediction.sample_gradient)(c) } else { (0.0, 0.0) };
            let difference = gradient.iter().zip(row).zip(w).map(|((g, a), w)| g - of_row * a - of_w * w);
            off = largest([off, norm(&difference.collect::<Vec<_>>())]);
            noise += norm(gradient).powi(2);
        }
        let noise_off = (noise - (prediction.noise)(&active)).abs();
        Ok(AtMixture { off_closed_form: off, noise: noise.sqrt(), noise_off })
    }

    /// Largest sample gradient at any datapoint.
    fn at_datapoints(&self, compute: &Compute) -> Result<f64> {
        let (dataset, m) = (self.problem.dataset(), self.samples());
        let full = Schedule::full_batch(m)?;
        let mut sizes = Vec::new();
        for i in 0..m {
            let mut pure = vec![0.0; m];
            // The linear model has the minima −a_i too.
            pure[i] = if self.problem.activation() == Activation::Linear && i % 2 == 1 { -1.0 } else { 1.0 };
            let start = Start::from_coordinates(dataset, pure, 0.0, self.seed, 0)?;
            let engine = self.engine(&start, &full, compute)?;
            sizes.extend(self.sample_gradients(&engine).iter().map(|gradient| norm(gradient)));
        }
        Ok(largest(sizes))
    }

    /// Where SGD (`b = 1`) from the mixture arrives, and whether it stays there; a mixture it would leave at once.
    fn sgd(
        &self,
        start: &Start,
        compute: &Compute,
        prediction: &Prediction,
        arrival: Arrival,
    ) -> Result<(Vec<f64>, bool)> {
        let Arrival { sgd: distance, time, factor, .. } = arrival;
        let m = self.samples();
        let single = Schedule::sgd(m, 1, self.seed)?;
        let mut engine = self.engine(start, &single, compute)?;
        let case = Trial { problem: &self.problem, schedule: &single, start, replica: 0 };
        let set = (prediction.limit_set)(&start.correlations, self.problem.activation());
        let run = case.run_to(&mut engine, set.clone(), distance);
        let arrived = engine.weights(0)?;
        let further = time / sgd::rate(m, 1, self.problem.step_per_sample(1));
        go_on(&mut engine, further.ceil() as u64)?;
        let stays = set.distance(&engine.neurons(0)[0]) <= factor * distance;
        Ok((arrived, stays && run.outcome == Outcome::Converged))
    }

    /// How far 300 steps of GD move some weights.
    fn movement(&self, w: Vec<f64>, compute: &Compute) -> Result<f64> {
        let full = Schedule::full_batch(self.samples())?;
        let start = Start::from_weights(self.problem.dataset(), w)?;
        let mut engine = self.engine(&start, &full, compute)?;
        let before = engine.weights(0)?;
        engine.advance(300);
        Ok(norm(&engine.weights(0)?.iter().zip(before).map(|(a, b)| a - b).collect::<Vec<_>>()))
    }
}
