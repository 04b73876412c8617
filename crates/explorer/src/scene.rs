//! A scene: what all algorithms on the stage share.

use puremix_dynamics::Result;
use puremix_dynamics::activation::Activation;
use puremix_dynamics::data::Dataset;
use puremix_dynamics::init::Start;
use puremix_dynamics::limit_set::LimitSet;
use puremix_dynamics::problem::{Problem, Reduction};
use puremix_dynamics::schedule::{Schedule, ScheduleKind};
use puremix_dynamics::theory;
use puremix_dynamics::update::{Rule, Update};

/// Data, start and step size, as `train --engine reduced` makes them of its options.
#[derive(Clone, Debug)]
pub struct Scene {
    problem: Problem,
    init_norm: f64,
    seed: u64,
    start: Start,
}

impl Scene {
    /// Orthonormal data `[samples, dim]`, and a start drawn from the seed.
    ///
    /// # Errors
    /// Sizes, norms and step sizes that nothing can be computed with.
    pub fn new(
        (samples, dim): (usize, usize),
        (activation, reduction, step_size): (Activation, Reduction, f64),
        init_norm: f64,
        seed: u64,
    ) -> Result<Self> {
        let dataset = Dataset::implicit_orthonormal(samples, dim)?;
        let start = Start::gaussian(&dataset, init_norm, seed, 0)?;
        let problem = Problem::new(dataset, activation, reduction, step_size)?;
        Ok(Self { problem, init_norm, seed, start })
    }

    /// Puts the start where the reader dragged it.
    ///
    /// # Errors
    /// A residual where the data spans the whole space; another number of correlations than of samples.
    pub fn start_at(&mut self, correlations: Vec<f64>, residual: f64) -> Result<()> {
        self.start = Start::from_coordinates(self.problem.dataset(), correlations, residual, self.seed, 0)?;
        Ok(())
    }

    /// What is trained on.
    pub fn problem(&self) -> &Problem {
        &self.problem
    }

    /// The same by the heavy ball of momentum `β`; plain steps for 0.
    ///
    /// # Errors
    /// A momentum outside of `[0, 1)`.
    pub fn problem_under(&self, momentum: f64) -> Result<Problem> {
        let rule = if momentum == 0.0 { Rule::Sgd } else { Rule::HeavyBall { momentum } };
        self.problem.clone().with_update(Update::of(rule))
    }

    /// Number of samples `m`.
    pub fn samples(&self) -> usize {
        self.problem.dataset().samples()
    }

    /// The start of the stage.
    pub fn start(&self) -> &Start {
        &self.start
    }

    /// The start that `train --replicas` gives to a replica.
    ///
    /// # Errors
    /// None that [`Scene::new`] has not met.
    pub fn start_of(&self, replica: u64) -> Result<Start> {
        Start::gaussian(self.problem.dataset(), self.init_norm, self.seed, replica)
    }

    /// A schedule over the samples, with the batches of the seed.
    ///
    /// # Errors
    /// A batch size that there is not.
    pub fn schedule(&self, kind: ScheduleKind, batch: usize) -> Result<Schedule> {
        Schedule::new(kind, self.samples(), Some(batch), self.seed)
    }

    /// Correlations at the start, of the samples that can win: the active ones; 0 for the others.
    pub fn contenders(&self) -> Vec<f64> {
        let admits = |c: f64| self.problem.activation().admits(c);
        self.start.correlations.iter().map(|&c| if admits(c) { c } else { 0.0 }).collect()
    }

    /// The vector `w_0`, `[n]`, over the rows that `train` draws from the seed.
    ///
    /// # Errors
    /// A matrix that is too large.
    pub fn weights(&self) -> Result<Vec<f64>> {
        let dataset = self.problem.dataset();
        let dataset = Dataset::orthonormal(dataset.samples(), dataset.dim(), self.seed)?;
        let Start { correlations, residual, .. } = self.start.clone();
        let start = Start::from_coordinates(&dataset, correlations, residual, self.seed, 0)?;
        Ok(start.weights(&dataset)?.to_vec())
    }
}

/// Where a run of a problem on orthonormal data is predicted to end, if theory says it: as `train` predicts it.
pub(crate) fn predicted_limit(problem: &Problem, schedule: &Schedule, start: &Start) -> Option<LimitSet> {
    let c = &start.correlations;
    match problem.update().rule {
        _ if !problem.keeps_limits() => None,
        Rule::Sgd => theory::predicted_limit(schedule, c, problem.activation()),
        _ => theory::momentum::predicted_limit(schedule, c),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limit(activation: Activation, momentum: f64, kind: ScheduleKind, batch: usize) -> Option<LimitSet> {
        let mut scene = Scene::new((3, 3), (activation, Reduction::Sum, 0.1), 0.5, 1).unwrap();
        scene.start_at(vec![0.3, -0.2, 0.0], 0.0).unwrap();
        let schedule = scene.schedule(kind, batch).unwrap();
        predicted_limit(&scene.problem_under(momentum).unwrap(), &schedule, scene.start())
    }

    #[test]
    fn momentum_ends_in_datapoints_of_either_sign_or_nowhere_that_theory_knows() {
        let either = Some(LimitSet::EitherSign(vec![true, true, false]));
        assert_eq!(limit(Activation::Linear, 0.9, ScheduleKind::Sgd, 2), either);
        assert_eq!(limit(Activation::Linear, 0.9, ScheduleKind::Reshuffle, 1), either);
        assert_eq!(limit(Activation::Linear, 0.9, ScheduleKind::Gd, 3), None);
        assert_eq!(limit(Activation::Linear, 0.9, ScheduleKind::Cyclic, 1), None);
        assert_eq!(limit(Activation::Relu, 0.9, ScheduleKind::Sgd, 2), None);
        // Without momentum the sign is kept.
        let kept = Some(LimitSet::Datapoints(vec![1, -1, 0]));
        assert_eq!(limit(Activation::Linear, 0.0, ScheduleKind::Sgd, 2), kept);
    }

    #[test]
    fn momenta_of_one_and_more_are_refused() {
        let scene = Scene::new((3, 3), (Activation::Linear, Reduction::Sum, 0.1), 0.5, 1).unwrap();
        assert!(scene.problem_under(1.0).is_err() && scene.problem_under(f64::NAN).is_err());
    }
}
