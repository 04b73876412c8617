//! Something that takes steps, and how long it takes for them.

use std::time::Instant;

use puremix::engine::Engine;
use puremix::error::Result;
use puremix::interrupt::Interrupt;
use serde::Serialize;

use crate::case::Case;

/// Takes steps for at least some seconds.
pub trait Runner {
    /// Steps taken (all replicas move in each), and the seconds that took.
    fn run(&mut self, seconds: f64) -> Result<(u64, f64)>;
}

/// One of our engines.
pub struct Ours {
    engine: Box<dyn Engine>,
    /// Steps between looks at the clock: some milliseconds' worth.
    stride: u64,
}

impl Ours {
    /// Warms an engine of such a case up: kernels are compiled and memory is found once.
    ///
    /// Many replicas of the reduced engine do not fit into a cache together. Each group of them is fetched once a call,
    /// which must not weigh in the time of a step: some steps a sample, then, if they take no more than a tenth of a
    /// second.
    pub fn new(mut engine: Box<dyn Engine>, case: Case) -> Self {
        let mut stride = 64;
        loop {
            let started = Instant::now();
            engine.advance(stride);
            let seconds = started.elapsed().as_secs_f64();
            if seconds > 0.1 || (seconds > 0.005 && stride >= 16 * case.samples as u64) {
                return Self { engine, stride };
            }
            stride *= 2;
        }
    }
}

impl Runner for Ours {
    fn run(&mut self, seconds: f64) -> Result<(u64, f64)> {
        let (started, mut steps) = (Instant::now(), 0);
        while started.elapsed().as_secs_f64() < seconds {
            self.engine.advance(self.stride);
            steps += self.stride;
        }
        Ok((steps, started.elapsed().as_secs_f64()))
    }
}

/// A runner that takes its turns, and what they gave.
pub struct Subject {
    runner: Box<dyn Runner>,
    replicas: u64,
    pub times: Times,
}

/// Nanoseconds a step and replica, a round each.
#[derive(Clone, Debug, Serialize)]
pub struct Times {
    /// Who.
    pub name: String,
    /// Nanoseconds a step and replica, in the order of the rounds.
    pub nanoseconds: Vec<f64>,
    /// Versions and threads, where it is not us.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub about: Option<serde_json::Value>,
}

impl Subject {
    pub fn new(
        name: String,
        replicas: u64,
        runner: Box<dyn Runner>,
        about: Option<serde_json::Value>,
    ) -> Self {
        Self { runner, replicas, times: Times { name, nanoseconds: Vec::new(), about } }
    }

    fn measure(&mut self, seconds: f64) -> Result<()> {
        let (steps, seconds) = self.runner.run(seconds)?;
        self.times.nanoseconds.push(1e9 * seconds / (steps * self.replicas) as f64);
        Ok(())
    }
}

/// How long to measure, and until when.
#[derive(Clone, Copy)]
pub struct Pace<'a> {
    pub rounds: usize,
    /// Seconds a measurement.
    pub seconds: f64,
    pub interrupt: &'a Interrupt,
}

/// Measures everybody once a round, in turn: A B A B, so that whatever slows the machine down slows down all. Whether it
/// came to an end.
pub fn take_turns(subjects: &mut [Subject], pace: Pace) -> Result<bool> {
    for _ in 0..pace.rounds {
        for subject in subjects.iter_mut() {
            if pace.interrupt.is_requested() {
                return Ok(false);
            }
            subject.measure(pace.seconds)?;
        }
    }
    Ok(true)
}

impl Times {
    /// Least, median and most.
    pub fn spread(&self) -> Spread {
        Spread::of(&self.nanoseconds)
    }

    /// How many times as long as `other`, round by round.
    pub fn ratio_to(&self, other: &Self) -> Spread {
        let ratios: Vec<f64> = self.nanoseconds.iter().zip(&other.nanoseconds).map(|(a, b)| a / b).collect();
        Spread::of(&ratios)
    }
}

/// Least, median and most of a few values.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Spread {
    /// Least.
    pub min: f64,
    /// Median; the mean of the middle two of an even number.
    pub median: f64,
    /// Most.
    pub max: f64,
}

impl Spread {
    fn of(values: &[f64]) -> Self {
        let mut sorted = values.to_vec();
        sorted.sort_by(f64::total_cmp);
        let (last, middle) = (sorted.len() - 1, sorted.len() / 2);
        let median = f64::midpoint(sorted[last - middle], sorted[middle]);
        Self { min: sorted[0], median, max: sorted[last] }
    }
}
