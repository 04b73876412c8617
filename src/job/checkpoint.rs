//! What a training that is not finished leaves on disk, and how it is taken up again.
//!
//! The [`Store`] in the hidden neighbour of the run directory, `.NAME.checkpoint/`, holds
//!
//! - `part-K`: the state of part `K` of the job (an engine with its replicas), as of its last checkpoint.
//! - `finished-J`: outcomes of the parts that finished between two checkpoints.

use std::sync::{Mutex, OnceLock};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::Job;
use crate::engine::Snapshot;
use crate::error::Result;
use crate::measure::neurons::NeuronRow;
use crate::measure::sharpness::SharpnessRow;
use crate::measure::trajectory::{Row, has_correlations};
use crate::persist::store::Store;
use crate::train::{PATIENCE, Shape, Training};

/// An engine with its replicas, between two steps or at the end.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Part {
    pub training: Training,
    /// Trajectory of its first replica, where one is recorded.
    pub rows: Vec<Row>,
    /// Its correlations, `[rows, m]`, of few samples.
    pub correlations: Vec<f64>,
    /// What its neurons learned on the way, likewise.
    pub neurons: Vec<NeuronRow>,
    /// Curvature on the way, likewise, if it is asked for.
    pub curvatures: Vec<SharpnessRow>,
    /// State of the engine; of a finished part only where the model is more than its first layer.
    pub engine: Option<Snapshot>,
}

impl Part {
    /// The same without the time that it took.
    pub fn timeless(&self) -> Self {
        Self { training: self.training.timeless(), ..self.clone() }
    }

    /// Why it cannot be a part of that shape.
    pub(super) fn flaw(&self, shape: &Shape, is_finished: bool) -> Option<String> {
        let steps = |what: &str, mut steps: Box<dyn Iterator<Item = u64> + '_>| {
            let sorted =
                steps.try_fold(0, |last, step| (last <= step && step <= shape.budget).then_some(step));
            sorted.is_none().then(|| format!("the steps of its {what} are out of order or of the budget"))
        };
        let flawed_index = self.rows.iter().any(|row| row.argmax >= shape.samples)
            || self.neurons.iter().any(|row| row.neuron >= shape.neurons || row.argmax >= shape.samples);
        // How long each was tells how it turned.
        let starts = self.neurons.iter().filter(|row| row.step == 0).map(|row| row.neuron);
        let has_starts = starts.eq(0..if shape.observers > 0 { shape.neurons } else { 0 });
        let width = if has_correlations(shape.samples) { shape.samples } else { 0 };
        let is_ragged = self.correlations.len() != self.rows.len() * width;
        let engine = self.engine.as_ref();
        let misfit = engine.is_some_and(|engine| {
            engine.step > shape.budget
                || engine.replicas.len() != shape.replicas
                || engine.diverged_at.len() != shape.replicas
                || engine.diverged_at.iter().flatten().any(|&step| step > engine.step)
                || shape.state.is_some_and(|count| engine.replicas.iter().any(|values| values.len() != count))
        });
        let needs_engine = !is_finished || self.training.ran_out() || shape.state.is_some();
        self.training
            .flaw(shape, is_finished, engine.map(|engine| engine.step))
            .or_else(|| steps("trajectory", Box::new(self.rows.iter().map(|row| row.step))))
            .or_else(|| steps("neurons", Box::new(self.neurons.iter().map(|row| row.step))))
            .or_else(|| steps("curvatures", Box::new(self.curvatures.iter().map(|row| row.step))))
            .or_else(|| is_ragged.then(|| "its correlations are not those of its trajectory".into()))
            .or_else(|| (!has_starts).then(|| "its neurons do not begin where each started".into()))
            .or_else(|| flawed_index.then(|| "it names a sample or neuron that there is not".into()))
            .or_else(|| misfit.then(|| "its engine is beyond the budget, or of another shape".into()))
            .or_else(|| (needs_engine && engine.is_none()).then(|| "it has no engine".into()))
    }
}

/// The checkpoint of a job under way.
pub(super) struct Checkpoint {
    store: Store,
    /// Time between checkpoints; `None` writes one only when asked to end.
    every: Option<Duration>,
    /// Parts that need no more work.
    finished: Vec<OnceLock<Part>>,
    ledger: Mutex<Ledger>,
}

/// Which finished parts are on disk already.
struct Ledger {
    kept: Vec<bool>,
    files: usize,
    written: Instant,
}

impl Checkpoint {
    /// A job of so many parts that starts from the beginning. Nothing is written yet.
    pub fn new(store: Store, parts: usize, every: Option<Duration>) -> Self {
        let ledger = Ledger { kept: vec![false; parts], files: 0, written: Instant::now() };
        let finished = (0..parts).map(|_| OnceLock::new()).collect();
        Self { store, every, finished, ledger: Mutex::new(ledger) }
    }

    /// Takes up what is on disk: the state of each part that is under way; finished ones are known from then on.
    ///
    /// # Errors
    /// [`Error::Damaged`](crate::Error::Damaged), [`Error::Io`](crate::Error::Io).
    pub fn resume(&mut self, job: &Job) -> Result<Vec<Option<Part>>> {
        let mut running: Vec<Option<Part>> = self.finished.iter().map(|_| None).collect();
        let mut files = 0;
        for name in self.store.files() {
            if let Some(k) = number(&name, "part-") {
                let part = self.store.read(&name, |part| job.flaw(k, part, false))?;
                running[k] = Some(part);
            } else if let Some(file) = number(&name, "finished-") {
                files = files.max(file + 1);
                let flaw =
                    |parts: &Vec<(usize, Part)>| parts.iter().find_map(|(k, part)| job.flaw(*k, part, true));
                for (k, part) in self.store.read(&name, flaw)? {
                    let _ = self.finished[k].set(part);
                }
            }
        }
        let kept = self.finished.iter().map(|part| part.get().is_some()).collect();
        self.ledger = Mutex::new(Ledger { kept, files, written: Instant::now() });
        Ok(running)
    }

    /// Takes over the parts of an earlier run; those that are under way.
    pub fn take_over(&self, parts: Vec<Part>) -> Vec<Option<Part>> {
        let finished_or_under_way = |(k, part): (usize, Part)| {
            if !part.training.is_finished() {
                return Some(part);
            }
            let _ = self.finished[k].set(part);
            None
        };
        parts.into_iter().enumerate().map(finished_or_under_way).collect()
    }

    /// A part that needs no more work.
    pub fn finished(&self, part: usize) -> Option<&Part> {
        self.finished[part].get()
    }

    /// Whether a part that was last written `since` then should be written again.
    pub fn is_due(&self, since: Instant) -> bool {
        self.every.is_some_and(|every| since.elapsed() >= every)
    }

    /// How often to ask whether a checkpoint is due: at least as often as one is, but for those who want them
    /// all the time.
    pub fn patience(&self) -> Duration {
        self.every.map_or(PATIENCE, |every| every.clamp(Duration::from_millis(1), PATIENCE))
    }

    /// Keeps the state of a part that is under way.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn keep(&self, k: usize, part: &Part) -> Result<()> {
        let mut ledger = self.ledger.lock().expect("no panic under this lock");
        self.write_finished(&mut ledger)?;
        self.store.write(&format!("part-{k}"), part)
    }

    /// Takes a finished part, and keeps what has finished lately if that is due.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn finish(&self, k: usize, part: Part) -> Result<()> {
        let _ = self.finished[k].set(part);
        match self.ledger.try_lock() {
            Ok(mut ledger) if self.is_due(ledger.written) => self.write_finished(&mut ledger),
            _ => Ok(()),
        }
    }

    /// Keeps what has finished.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn flush(&self) -> Result<()> {
        self.store.begin()?;
        self.write_finished(&mut self.ledger.lock().expect("no panic under this lock"))
    }

    /// All parts of a finished job, and the store, which stays on disk until it is removed.
    pub fn into_parts(self) -> (Vec<Part>, Store) {
        let parts = self.finished.into_iter().map(|part| part.into_inner().expect("every part is finished"));
        (parts.collect(), self.store)
    }

    fn write_finished(&self, ledger: &mut Ledger) -> Result<()> {
        ledger.written = Instant::now();
        let new: Vec<(usize, &Part)> = (0..self.finished.len())
            .filter(|&k| !ledger.kept[k])
            .filter_map(|k| Some((k, self.finished[k].get()?)))
            .collect();
        if new.is_empty() {
            return Ok(());
        }
        self.store.write(&format!("finished-{}", ledger.files), &new)?;
        ledger.files += 1;
        for (k, _) in new {
            ledger.kept[k] = true;
            // What has finished counts.
            self.store.forget(&format!("part-{k}"));
        }
        Ok(())
    }
}

/// The number in a name that consists of a prefix and a number.
fn number(name: &str, prefix: &str) -> Option<usize> {
    name.strip_prefix(prefix)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Dataset;
    use crate::engine::{Engine, Reduced};
    use crate::init::Start;
    use crate::measure::neurons::NeuronTable;
    use crate::measure::trajectory::{Gauge, Trajectory};
    use crate::model::Activation;
    use crate::problem::{Problem, Reduction};
    use crate::schedule::Schedule;
    use crate::train::{Cadence, Plan, StopRule};

    const SHAPE: Shape =
        Shape { state: None, replicas: 1, neurons: 1, samples: 3, dim: Some(5), budget: 400, observers: 2 };

    /// A part that was paused at some step.
    fn part() -> Part {
        let dataset = Dataset::orthonormal(3, 5, 1).unwrap();
        let start = Start::gaussian(&dataset, 0.5, 1, 0).unwrap();
        let gauge = Gauge::new(&dataset, Activation::Relu, &start);
        let problem = Problem::new(dataset.clone(), Activation::Relu, Reduction::Mean, 0.1).unwrap();
        let mut engine = Reduced::new(&problem, &Schedule::sgd(3, 1, 1).unwrap(), &[start], 0).unwrap();
        let mut trajectory = Trajectory::new(gauge, Cadence::Every(7), 0);
        let mut table = NeuronTable::new(&engine, &dataset, Activation::Relu, Cadence::Every(7), 0);
        let mut training = Training::new(&engine, 2);
        let plan = Plan { budget: 400, stop: StopRule::Never, check_every: 10 };
        training.go_on(&mut engine, &plan, &mut [&mut trajectory, &mut table], Duration::ZERO, |steps| {
            steps >= 50
        });
        Part {
            training,
            rows: trajectory.rows,
            correlations: trajectory.correlations,
            neurons: table.rows,
            curvatures: Vec::new(),
            engine: Some(engine.snapshot()),
        }
    }

    #[test]
    fn a_part_that_makes_no_sense_is_refused() {
        assert_eq!(part().flaw(&SHAPE, false), None);
        type Spoil = fn(&mut Part);
        let flawed: [(Spoil, &str); 10] = [
            (|part| part.neurons.retain(|row| row.step > 0), "its neurons do not begin where each started"),
            (|part| part.neurons[1].step = 0, "its neurons do not begin where each started"),
            (|part| part.neurons.clear(), "its neurons do not begin where each started"),
            (|part| part.correlations.truncate(4), "its correlations are not those of its trajectory"),
            (|part| part.rows[2].step = 401, "trajectory are out of order or of the budget"),
            (|part| part.rows.swap(0, 1), "trajectory are out of order"),
            (|part| part.rows[1].argmax = 3, "a sample or neuron that there is not"),
            (|part| part.engine.as_mut().unwrap().step = 401, "a step that does not come"),
            (|part| part.engine = None, "it has no engine"),
            (|part| part.rows[0].step = u64::MAX, "out of order or of the budget"),
        ];
        for (k, (spoil, needle)) in flawed.into_iter().enumerate() {
            let mut part = part();
            spoil(&mut part);
            let flaw = part.flaw(&SHAPE, false).unwrap_or_default();
            assert!(flaw.contains(needle), "{k}: {flaw}");
        }
    }
}
