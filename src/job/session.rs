//! The work between start and end of a process: parts side by side, checkpoints as they fall due, progress.

use std::ops::Range;
use std::path::Path;
use std::time::Instant;

use indicatif::{HumanCount, ProgressBar};
use rayon::prelude::*;

use super::checkpoint::{Checkpoint, Part};
use super::{EngineKind, Job};
use crate::cli;
use crate::device::{Backend, Compute, Precision};
use crate::engine::{Analytic, Autodiff, Engine, Reduced};
use crate::error::Result;
use crate::interrupt::Interrupt;
use crate::measure::neurons::NeuronTable;
use crate::measure::sharpness::{SharpnessAlong, Surface};
use crate::measure::trajectory::{Gauge, Trajectory, has_correlations};
use crate::model::{AnyAutoencoder, flat};
use crate::text;
use crate::train::{Observer, Plan, Shape, StopRule, Training};

/// A job under way in this process.
pub(super) struct Session<'a> {
    job: &'a Job,
    pub checkpoint: Checkpoint,
    pub interrupt: Interrupt,
    /// Counts steps, of all replicas.
    progress: ProgressBar,
    /// Whether a user is told of it.
    is_shown: bool,
}

impl<'a> Session<'a> {
    /// A session that is shown, or one of many that are not.
    pub fn new(job: &'a Job, checkpoint: Checkpoint, interrupt: Interrupt, is_shown: bool) -> Self {
        let shown = || cli::progress_bar("train", unit(job), Some("at most "));
        let progress = if is_shown { shown() } else { ProgressBar::hidden() };
        Self { job, checkpoint, interrupt, progress, is_shown }
    }

    /// Trains on from `running`, one entry a part (none: from the beginning), until every part is finished or the
    /// process is asked to end. Then what each has is kept, and the user told how to go on, at `place` if they did
    /// not choose it. Whether it finished.
    ///
    /// # Errors
    /// Data that an engine refuses; [`Error::Io`](crate::Error::Io) of a checkpoint.
    pub fn train(&self, mut running: Vec<Option<Part>>, place: Option<&Path>) -> Result<bool> {
        let Self { job, checkpoint, progress, .. } = self;
        running.resize_with(job.parts(), || None);
        let (mut done, mut length) = (0u64, 0u64);
        for (k, part) in running.iter().enumerate().filter(|(k, _)| checkpoint.finished(*k).is_none()) {
            let count = job.replicas_of(k).len() as u64;
            let steps = part.as_ref().and_then(|part| part.engine.as_ref()).map_or(0, |engine| engine.step);
            done = done.saturating_add(steps.saturating_mul(count));
            length = length.saturating_add(job.budget.saturating_mul(count));
        }
        cli::begin_at(progress, done, length);
        let parts = running.into_par_iter().enumerate();
        let trained: Result<()> = parts.map(|(k, saved)| self.train_part(k, saved)).collect();
        let (taken, max) = (progress.position(), progress.length().unwrap_or_default());
        progress.finish_and_clear();
        trained?;
        let finished = (0..job.parts()).all(|k| checkpoint.finished(k).is_some());
        if !finished {
            checkpoint.flush()?;
        }
        if !finished && self.is_shown {
            let out = place.map(|place| format!("--out {} ", text::path(place))).unwrap_or_default();
            let (taken, max) = (HumanCount(taken), HumanCount(max));
            cli::note(&format!(
                "interrupted after {taken} of at most {max} {}; the same command with {out}--resume goes on from there",
                unit(job)
            ));
        }
        Ok(finished)
    }

    /// One part, from the beginning or from where it was.
    fn train_part(&self, k: usize, saved: Option<Part>) -> Result<()> {
        let Self { job, checkpoint, interrupt, progress, .. } = self;
        if checkpoint.finished(k).is_some() || interrupt.is_requested() {
            return Ok(());
        }
        let replicas = job.replicas_of(k);
        let starts = &job.starts[replicas.clone()];
        let count = starts.len() as u64;
        let plan = job.plan(replicas.clone());
        let mut engine = job.build(replicas)?;
        let (dataset, activation) = (job.problem.dataset(), job.problem.activation());
        let (gauge, cadence) = (Gauge::new(dataset, activation, &starts[0]), job.every.cadence());
        let mut trajectory = Trajectory::new(gauge, cadence, 0);
        let mut table = NeuronTable::new(engine.as_ref(), dataset, activation, cadence, 0);
        let mut sharpness = if k == 0 { job.sharpness_along()? } else { None };
        let mut training = Training::new(engine.as_ref(), job.observers_of(k));
        if let Some(Part {
            training: then,
            rows,
            correlations,
            neurons,
            curvatures,
            engine: Some(snapshot),
        }) = saved
        {
            engine.restore(&snapshot)?;
            (training, table.rows) = (then, neurons);
            (trajectory.rows, trajectory.correlations) = (rows, correlations);
            if let Some(sharpness) = &mut sharpness {
                sharpness.rows = curvatures;
            }
        }
        let (mut seen, mut kept) = (engine.steps_taken(), Instant::now());
        loop {
            let mut observers: Vec<&mut dyn Observer> = Vec::new();
            if k == 0 {
                observers.extend([&mut trajectory as &mut dyn Observer, &mut table]);
                observers.extend(sharpness.as_mut().map(|sharpness| sharpness as &mut dyn Observer));
            }
            let patience = checkpoint.patience();
            let finished = training.go_on(engine.as_mut(), &plan, &mut observers, patience, |steps| {
                progress.inc((steps - seen) * count);
                seen = steps;
                interrupt.is_requested() || checkpoint.is_due(kept)
            });
            if finished {
                progress.inc((engine.steps_taken() - seen) * count);
                // Steps of the budget beyond the end are not taken.
                progress.dec_length((job.budget - engine.steps_taken()).saturating_mul(count));
                let engine = (job.writes_model() || training.ran_out()).then(|| engine.snapshot());
                let Trajectory { rows, correlations, .. } = trajectory;
                let neurons = table.rows;
                let curvatures = sharpness.map(|sharpness| sharpness.rows).unwrap_or_default();
                return checkpoint
                    .finish(k, Part { training, rows, correlations, neurons, curvatures, engine });
            }
            let (training, engine) = (training.clone(), Some(engine.snapshot()));
            let (rows, correlations) = (trajectory.rows.clone(), trajectory.correlations.clone());
            let neurons = table.rows.clone();
            let curvatures = sharpness.as_ref().map(|sharpness| sharpness.rows.clone()).unwrap_or_default();
            checkpoint.keep(k, &Part { training, rows, correlations, neurons, curvatures, engine })?;
            if interrupt.is_requested() {
                return Ok(());
            }
            kept = Instant::now();
        }
    }
}

/// What is counted: the steps of all replicas together.
fn unit(job: &Job) -> &'static str {
    if job.starts.len() == 1 { "steps" } else { "replica-steps" }
}

impl Job {
    /// Engines that the job is split over.
    pub(super) fn parts(&self) -> usize {
        self.starts.len().div_ceil(self.replicas_a_part())
    }

    /// Replicas of an engine, which walk abreast; the parts walk side by side.
    fn replicas_a_part(&self) -> usize {
        match self.options.engine {
            EngineKind::Analytic => self.starts.len(),
            EngineKind::Autodiff | EngineKind::Reduced => 64,
        }
    }

    /// Replicas of a part.
    pub(super) fn replicas_of(&self, part: usize) -> Range<usize> {
        let size = self.replicas_a_part();
        part * size..((part + 1) * size).min(self.starts.len())
    }

    /// Samples whose correlations stand beside the rows of a trajectory: all or none.
    pub(super) fn recorded_samples(&self) -> usize {
        let samples = self.problem.dataset().samples();
        if has_correlations(samples) { samples } else { 0 }
    }

    /// Whether the model is written as a whole, and is more than what a run keeps of it.
    pub(super) fn writes_model(&self) -> bool {
        self.starts.len() == 1 && !self.options.model.is_neuron()
    }

    /// Observers of a part: trajectory, table of neurons and curvature are those of the first replica.
    fn observers_of(&self, part: usize) -> usize {
        if part == 0 { 2 + usize::from(self.sharpness.is_some()) } else { 0 }
    }

    /// The observer of curvature, if one is asked for. It differences gradients in double precision, whatever the engine trains in.
    ///
    /// # Errors
    /// [`Error::Precision`](crate::Error::Precision) if no backend here has double precision.
    pub(super) fn sharpness_along(&self) -> Result<Option<SharpnessAlong<AnyAutoencoder>>> {
        let Some(every) = self.sharpness else { return Ok(None) };
        let compute = Compute::new(Backend::default(), Some(Precision::F64))?;
        let model = self.initial(0)?;
        let parameters = flat::parameters(&model);
        let model = flat::at(model, &parameters, &compute);
        let surface = Surface::new(model, self.problem.dataset(), &compute)?;
        Ok(Some(SharpnessAlong::by_size(surface, every.cadence())))
    }

    /// Why what was kept cannot be such a part of the job, finished or under way.
    pub(super) fn flaw(&self, k: usize, part: &Part, is_finished: bool) -> Option<String> {
        if k < self.parts() {
            part.flaw(&self.shape_of(k), is_finished)
        } else {
            Some("the job has no such part".into())
        }
    }

    /// What the part of a checkpoint must look like.
    pub(super) fn shape_of(&self, part: usize) -> Shape {
        let dataset = self.problem.dataset();
        Shape {
            replicas: self.replicas_of(part).len(),
            neurons: self.options.model.neurons(),
            samples: dataset.samples(),
            dim: dataset.is_materialised().then(|| dataset.dim()),
            budget: self.budget,
            observers: self.observers_of(part),
            state: self.writes_model().then(|| {
                self.options.model.parameters(dataset.dim()) * (1 + self.problem.update().rule.state_size())
            }),
        }
    }

    pub(super) fn build(&self, replicas: Range<usize>) -> Result<Box<dyn Engine>> {
        let Self { problem, schedule, compute, .. } = self;
        let (first, starts) = (replicas.start as u64, &self.starts[replicas.clone()]);
        Ok(match self.options.engine {
            EngineKind::Autodiff => {
                let models = replicas.map(|replica| self.initial(replica)).collect::<Result<_>>()?;
                Box::new(Autodiff::new(flat::stacked(models, compute), problem, schedule, first, compute)?)
            }
            EngineKind::Analytic => Box::new(Analytic::new(problem, schedule, starts, first, compute)?),
            EngineKind::Reduced => Box::new(Reduced::new(problem, schedule, starts, first)?),
        })
    }

    pub(super) fn plan(&self, replicas: Range<usize>) -> Plan {
        let tolerance = self.tolerance;
        let stop = match self.limits(replicas) {
            Some(sets) => StopRule::Orthogonal { sets, tolerance },
            None => StopRule::Tail { window: 10 * self.epoch(), tolerance },
        };
        Plan { budget: self.budget, stop, check_every: self.check_every() }
    }
}
