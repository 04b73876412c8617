//! Jobs of one replica each, trained in memory: how each ended, and what is measured there.

use serde::{Deserialize, Serialize};

use super::learned::Learned;
use super::{EngineKind, Finished, Job};
use crate::engine::{Autodiff, Engine, Member, Snapshot};
use crate::error::Result;
use crate::limit_set::Scaled;
use crate::measure::neurons::{NeuronGauge, NeuronRow};
use crate::measure::trajectory::Gauge;
use crate::model::flat;
use crate::train::{Outcome, PATIENCE, Plan, Run, Shape, StopRule, Training};

/// What is measured at the end of a run, in the order of [`Ended::measures`].
pub(crate) const MEASURES: [&str; 20] = [
    "distance",
    "loss",
    "norm",
    "max_cos",
    "argmax",
    "cos_init",
    "participation_ratio",
    "residual",
    "R",
    "mixing",
    "neurons",
    "dead_neurons",
    "pure_neurons",
    "mean_matched_cos",
    "recovered_atoms",
    "pca_angle_min",
    "pca_angle_max",
    "lambda_max",
    "trace",
    "trace_sem",
];

/// Cosine with a sample from which on a neuron counts as pure.
const PURE: f64 = 0.99;

/// How a job of one replica ended.
#[derive(Clone, Debug)]
pub(crate) struct Ended {
    pub outcome: Outcome,
    pub steps: u64,
    /// One number for each of [`MEASURES`]; NaN where there is none, and for all of a run that diverged.
    pub measures: [f64; MEASURES.len()],
}

impl Job {
    /// Steps that it takes at most.
    pub(crate) fn budget(&self) -> u64 {
        self.budget
    }

    /// Entries of its samples.
    pub(crate) fn entries(&self) -> usize {
        let dataset = self.problem.dataset();
        dataset.samples().saturating_mul(if dataset.is_materialised() { dataset.dim() } else { 1 })
    }

    /// Whether it can walk in one stack with a job of the same options but for seed and step size.
    pub(crate) fn stacks_with(&self, other: &Self) -> bool {
        let is_stacked = |job: &Self| job.options.engine == EngineKind::Autodiff && job.sharpness.is_none();
        is_stacked(self)
            && is_stacked(other)
            && self.budget == other.budget
            && self.forecast.is_some() == other.forecast.is_some()
    }
}

/// Jobs that were asked to pause, with what going on takes.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct UnderWay {
    training: Training,
    engine: Snapshot,
}

impl UnderWay {
    /// Why jobs cannot go on from it.
    pub(crate) fn flaw(&self, jobs: &[Job]) -> Option<String> {
        let shape = Shape { replicas: jobs.len(), observers: 0, state: None, ..jobs[0].shape_of(0) };
        self.training.flaw(&shape, false, Some(self.engine.step))
    }
}

/// What became of jobs.
pub(crate) enum Trained {
    Ended(Vec<Ended>),
    Paused(UnderWay),
}

/// Trains jobs of one replica each: one, or several that [stack](Job::stacks_with), from the beginning or from where they paused. What becomes
/// of each does not depend on the others, nor on pauses. `pause` is told the steps taken now and then.
///
/// # Errors
/// Data that an engine refuses; a state of other jobs.
pub(crate) fn train_together(
    jobs: &[Job],
    begun: Option<&UnderWay>,
    pause: impl FnMut(u64) -> bool,
) -> Result<Trained> {
    let mut plan = jobs[0].plan(0..1);
    let mut engine = if let [job] = jobs { job.build(0..1)? } else { stacked(jobs, &mut plan)? };
    let mut training = Training::new(engine.as_ref(), 0);
    if let Some(begun) = begun {
        engine.restore(&begun.engine)?;
        training = begun.training.clone();
    }
    if !training.go_on(engine.as_mut(), &plan, &mut [], PATIENCE, pause) {
        return Ok(Trained::Paused(UnderWay { training, engine: engine.snapshot() }));
    }
    let runs = training.into_runs().0;
    let ended = jobs.iter().zip(runs).map(|(job, run)| job.ended(run, || engine.position(0)));
    ended.collect::<Result<_>>().map(Trained::Ended)
}

/// The engine of several jobs, each with its own data, start, step size and batches; and the limit of each in their plan.
fn stacked(jobs: &[Job], plan: &mut Plan) -> Result<Box<dyn Engine>> {
    if let StopRule::Orthogonal { sets, .. } = &mut plan.stop {
        let of = |job: &Job| job.limits(0..1).and_then(|mut sets| sets.pop());
        *sets = jobs.iter().map(of).collect::<Option<Vec<Scaled>>>().expect("all have one, or none has");
    }
    let compute = &jobs[0].compute;
    let models = jobs.iter().map(|job| job.initial(0)).collect::<Result<_>>()?;
    let members: Vec<Member> = jobs
        .iter()
        .map(|job| Member { problem: &job.problem, schedule: &job.schedule, replica: 0 })
        .collect();
    Ok(Box::new(Autodiff::of_members(flat::stacked(models, compute), &members, compute)?))
}

impl Job {
    /// Everything that is measured at the end of a run; `position` are all parameters there, where curvature is asked for.
    fn ended(&self, run: Run, position: impl FnOnce() -> Vec<f64>) -> Result<Ended> {
        let (outcome, steps, distance) = (run.outcome, run.steps, run.distance);
        if outcome == Outcome::Diverged {
            return Ok(Ended { outcome, steps, measures: [f64::NAN; MEASURES.len()] });
        }
        let (dataset, activation) = (self.problem.dataset(), self.problem.activation());
        let row = Gauge::new(dataset, activation, &self.starts[0]).read(steps, run.loss, &run.neurons[0]);
        let gauge = NeuronGauge::new(dataset, activation, vec![0.0; run.neurons.len()]);
        let neurons = gauge.read(steps, &run.neurons, None);
        let (mixing, pure) = over_neurons(&neurons, self.options.model.bias);
        let curvature = self.sharpness_along()?.map(|mut along| along.look(steps, position()));
        let finished = Finished { run, row, position: Vec::new(), parameters: None };
        let learned = Learned::new(self, &finished)?;
        let count = |count: Option<usize>| count.map_or(f64::NAN, |count| count as f64);
        let number = |number: Option<f64>| number.unwrap_or(f64::NAN);
        let measures = [
            distance,
            row.loss,
            row.norm,
            row.max_cos,
            row.argmax as f64,
            row.cos_init,
            row.participation_ratio,
            row.residual,
            row.log_ratio,
            mixing,
            neurons.len() as f64,
            count((!self.options.model.bias).then(|| neurons.iter().filter(|row| row.dead).count())),
            pure as f64,
            number(learned.mean_matched_cos),
            count(learned.recovered_atoms),
            number(learned.pca_angle_min),
            number(learned.pca_angle_max),
            number(curvature.map(|row| row.largest)),
            number(curvature.map(|row| row.trace)),
            number(curvature.map(|row| row.sem)),
        ];
        Ok(Ended { outcome, steps, measures })
    }
}

/// Mean participation ratio of the living neurons, weighted by `‖w‖²` (NaN if there are none), and how many of them are pure. Whether a
/// neuron with a bias is silent its correlations do not say: then all count that are not zero.
fn over_neurons(rows: &[NeuronRow], has_bias: bool) -> (f64, usize) {
    let alive = || rows.iter().filter(|row| if has_bias { row.norm > 0.0 } else { !row.dead });
    let weight: f64 = alive().map(|row| row.norm * row.norm).sum();
    let sum: f64 = alive().map(|row| row.norm * row.norm * row.participation_ratio).sum();
    (sum / weight, alive().filter(|row| row.max_cos >= PURE).count())
}
