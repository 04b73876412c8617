//! Which samples are used at which step: a pure function of (seed, replica, step).
//!
//! Every schedule is addressable: [`Schedule::batch`] gives the batch of any step without the ones
//! before it, and [`BatchStream`] walks the same batches in order at O(b) a step. That is what lets
//! three engines run in lockstep on one batch stream, and a run be replayed from its numbers alone.

mod shares;
mod stream;

use std::sync::Arc;

use serde::Serialize;

pub use self::shares::PerSample;
use self::shares::Shares;
pub use self::stream::BatchStream;
use crate::error::{Error, Result};
use crate::limits;

/// How batches are chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "clap", derive(clap::ValueEnum))]
#[serde(rename_all = "lowercase")]
pub enum ScheduleKind {
    /// All `m` samples at each step: full-batch gradient descent.
    Gd,
    /// `b` of `m` samples, uniformly without replacement, afresh at each step (the paper's SGD).
    Sgd,
    /// Fixed order: batch `t` holds the entries `tb, …, tb + b − 1` (mod `m`) of the cycle.
    Cyclic,
    /// Epochs of `⌊m/b⌋` batches cut from a fresh random permutation; the `m mod b` samples left
    /// over are dropped for that epoch.
    Reshuffle,
    /// `b` independent uniform samples, repetitions allowed.
    Replacement,
}

impl ScheduleKind {
    /// Name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Gd => "gd",
            Self::Sgd => "sgd",
            Self::Cyclic => "cyclic",
            Self::Reshuffle => "reshuffle",
            Self::Replacement => "replacement",
        }
    }
}

/// A checked schedule over `m` samples.
#[derive(Clone, Debug)]
pub struct Schedule {
    kind: ScheduleKind,
    samples: usize,
    batch: usize,
    seed: u64,
    cycle: Option<Arc<[usize]>>,
    shares: Option<Arc<Shares>>,
}

impl Schedule {
    /// A schedule of batches of `batch` out of `samples`; `batch: None` means all samples for
    /// [`ScheduleKind::Gd`] and 1 otherwise.
    ///
    /// # Errors
    /// [`Error::BatchSize`] unless `1 ≤ batch ≤ samples`; [`Error::NotFullBatch`] for gradient
    /// descent with anything but all samples; [`Error::TooLarge`].
    pub fn new(kind: ScheduleKind, samples: usize, batch: Option<usize>, seed: u64) -> Result<Self> {
        let default = if kind == ScheduleKind::Gd { samples } else { 1 };
        let batch = batch.unwrap_or(default);
        if batch == 0 || batch > samples {
            return Err(Error::BatchSize { batch, samples });
        }
        if kind == ScheduleKind::Gd && batch != samples {
            return Err(Error::NotFullBatch { batch, samples });
        }
        limits::entries("the samples", samples, 1)?;
        Ok(Self { kind, samples, batch, seed, cycle: None, shares: None })
    }

    /// Full batch: gradient descent.
    ///
    /// # Errors
    /// [`Error::BatchSize`] if there are no samples.
    pub fn full_batch(samples: usize) -> Result<Self> {
        Self::new(ScheduleKind::Gd, samples, None, 0)
    }

    /// Uniform batches without replacement: the paper's SGD.
    ///
    /// # Errors
    /// [`Error::BatchSize`].
    pub fn sgd(samples: usize, batch: usize, seed: u64) -> Result<Self> {
        Self::new(ScheduleKind::Sgd, samples, Some(batch), seed)
    }

    /// Cyclic batches in the order 0, 1, …, m − 1 (GFHY Theorem 4 for `batch = 1`).
    ///
    /// # Errors
    /// [`Error::BatchSize`].
    pub fn cyclic(samples: usize, batch: usize) -> Result<Self> {
        Self::new(ScheduleKind::Cyclic, samples, Some(batch), 0)
    }

    /// Cyclic batches in an order of one's own.
    ///
    /// # Errors
    /// [`Error::Cycle`] unless `cycle` is a permutation of all samples; [`Error::BatchSize`].
    pub fn cyclic_over(samples: usize, batch: usize, cycle: Vec<usize>) -> Result<Self> {
        let schedule = Self::cyclic(samples, batch)?;
        let mut seen = vec![false; samples];
        for &i in &cycle {
            if i >= samples || std::mem::replace(&mut seen[i], true) {
                let reason = if i >= samples { "does not exist" } else { "occurs twice" };
                return Err(Error::Cycle { samples, reason: format!("sample {i} {reason}") });
            }
        }
        if let Some(missing) = seen.iter().position(|seen| !seen) {
            return Err(Error::Cycle { samples, reason: format!("sample {missing} is missing") });
        }
        Ok(Self { cycle: Some(cycle.into()), ..schedule })
    }

    /// The same with unequal sampling weights, one a sample and positive: each draw takes sample `i` with the probability `q_i/Σq` (GFHY draw uniformly).
    ///
    /// # Errors
    /// [`Error::SamplingWeights`] where a batch is not made of independent draws ([`ScheduleKind::Replacement`], and [`ScheduleKind::Sgd`] with `b = 1`, are), or for weights
    /// that are not positive and finite; [`Error::Length`].
    pub fn weighted(self, weights: &[f64]) -> Result<Self> {
        if weights.len() != self.samples {
            return Err(Error::Length {
                what: "the list of sampling weights",
                expected: self.samples,
                got: weights.len(),
            });
        }
        if !self.draws_independently() {
            let reason = format!(
                "draws must be independent, as in schedule replacement, or in sgd with batches of 1; schedule {} with batches of {} has none",
                self.kind.name(),
                self.batch
            );
            return Err(Error::SamplingWeights { reason });
        }
        Ok(Self { shares: Some(Shares::new(weights)?.into()), ..self })
    }

    /// Probability `q_i` of each sample in a draw, `[m]`, where they are not all the same; `None` for uniform draws.
    pub fn sampling_weights(&self) -> Option<&[f64]> {
        self.shares.as_ref().map(|shares| shares.values.as_slice())
    }

    /// The kind.
    pub fn kind(&self) -> ScheduleKind {
        self.kind
    }

    /// Number of samples `m`.
    pub fn samples(&self) -> usize {
        self.samples
    }

    /// Batch size `b`.
    pub fn batch_size(&self) -> usize {
        self.batch
    }

    /// Seed of its streams.
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// Whether every batch holds all samples, so that training is deterministic full-batch descent.
    pub fn is_full_batch(&self) -> bool {
        self.batch == self.samples && (self.kind != ScheduleKind::Replacement || self.samples == 1)
    }

    /// Whether all replicas see the same batches.
    pub fn is_deterministic(&self) -> bool {
        self.is_full_batch() || self.kind == ScheduleKind::Cyclic
    }

    /// The batch of one step, `[b]`.
    pub fn batch(&self, replica: u64, step: u64) -> Vec<usize> {
        let mut stream = self.stream(replica);
        stream.seek(step);
        stream.next_batch().to_vec()
    }

    /// The batches of one replica in order, from step 0.
    pub fn stream(&self, replica: u64) -> BatchStream {
        BatchStream::new(self, replica)
    }

    /// Whether a batch is made of independent draws from all samples.
    fn draws_independently(&self) -> bool {
        match self.kind {
            ScheduleKind::Replacement => true,
            ScheduleKind::Sgd => self.batch == 1,
            ScheduleKind::Gd | ScheduleKind::Cyclic | ScheduleKind::Reshuffle => false,
        }
    }

    /// Swaps that make a batch without replacement. Of one that holds more than half of the samples, those
    /// left out are drawn.
    fn swaps_per_step(&self) -> usize {
        self.batch.min(self.samples - self.batch)
    }

    fn batches_per_epoch(&self) -> u64 {
        (self.samples / self.batch) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KINDS: [ScheduleKind; 4] =
        [ScheduleKind::Sgd, ScheduleKind::Cyclic, ScheduleKind::Reshuffle, ScheduleKind::Replacement];

    #[test]
    fn random_access_equals_walking() {
        for kind in KINDS {
            for (m, b) in [(7, 1), (7, 3), (12, 4), (5, 5), (9, 8)] {
                let schedule = Schedule::new(kind, m, Some(b), 3).unwrap();
                let mut walk = schedule.stream(2);
                for step in 0..60 {
                    assert_eq!(
                        walk.next_batch(),
                        schedule.batch(2, step),
                        "{kind:?} m={m} b={b} step={step}"
                    );
                }
            }
        }
    }

    #[test]
    fn batches_hold_distinct_samples_unless_drawn_with_replacement() {
        for kind in [ScheduleKind::Sgd, ScheduleKind::Cyclic, ScheduleKind::Reshuffle] {
            let schedule = Schedule::new(kind, 11, Some(4), 8).unwrap();
            for step in 0..500 {
                let mut batch = schedule.batch(0, step);
                batch.sort_unstable();
                batch.dedup();
                assert_eq!(batch.len(), 4, "{kind:?} step {step}");
                assert!(batch[3] < 11);
            }
        }
        let schedule = Schedule::new(ScheduleKind::Replacement, 3, Some(3), 8).unwrap();
        let repeats = (0..200).any(|t| {
            let batch = schedule.batch(0, t);
            batch[0] == batch[1]
        });
        assert!(repeats);
    }

    #[test]
    fn an_epoch_visits_every_sample_once() {
        let schedule = Schedule::new(ScheduleKind::Reshuffle, 12, Some(3), 5).unwrap();
        let epoch =
            |e: u64| -> Vec<usize> { (4 * e..4 * e + 4).flat_map(|t| schedule.batch(1, t)).collect() };
        assert_ne!(epoch(0), epoch(1));
        for e in 0..20 {
            let mut visited = epoch(e);
            visited.sort_unstable();
            assert_eq!(visited, (0..12).collect::<Vec<_>>());
        }
    }

    #[test]
    fn every_subset_is_equally_likely() {
        // 10 pairs out of 5 samples, 50_000 draws: χ² with 9 degrees of freedom, P(> 39) < 1.2e-5.
        let schedule = Schedule::sgd(5, 2, 77).unwrap();
        let mut walk = schedule.stream(0);
        let mut counts = [0u32; 25];
        for _ in 0..50_000 {
            let batch = walk.next_batch();
            counts[batch[0].min(batch[1]) * 5 + batch[0].max(batch[1])] += 1;
        }
        let cells: Vec<f64> = counts.iter().filter(|&&k| k > 0).map(|&k| f64::from(k)).collect();
        assert_eq!(cells.len(), 10);
        let statistic: f64 = cells.iter().map(|k| (k - 5e3).powi(2) / 5e3).sum();
        assert!(statistic < 39.0, "χ² = {statistic}");
    }

    #[test]
    fn replicas_and_seeds_see_different_batches() {
        let batches = |seed, replica| -> Vec<Vec<usize>> {
            let schedule = Schedule::sgd(50, 2, seed).unwrap();
            (0..10).map(|t| schedule.batch(replica, t)).collect()
        };
        assert_eq!(batches(1, 0), batches(1, 0));
        assert_ne!(batches(1, 0), batches(1, 1));
        assert_ne!(batches(1, 0), batches(2, 0));
    }

    #[test]
    fn a_cycle_of_ones_own_is_followed_and_checked() {
        let schedule = Schedule::cyclic_over(3, 2, vec![2, 0, 1]).unwrap();
        assert_eq!(
            (0..4).map(|t| schedule.batch(0, t)).collect::<Vec<_>>(),
            [[2, 0], [1, 2], [0, 1], [2, 0]]
        );
        let message = |cycle| Schedule::cyclic_over(3, 1, cycle).unwrap_err().to_string();
        assert!(message(vec![0, 1]).contains("sample 2 is missing"));
        assert!(message(vec![0, 1, 1]).contains("sample 1 occurs twice"));
        assert!(message(vec![0, 1, 3]).contains("sample 3 does not exist"));
    }

    #[test]
    fn weighted_draws_come_as_often_as_they_should_and_are_found_by_their_step() {
        for (kind, b) in [(ScheduleKind::Sgd, 1), (ScheduleKind::Replacement, 3)] {
            let schedule =
                Schedule::new(kind, 4, Some(b), 9).unwrap().weighted(&[3.0, 0.5, 1.5, 1.0]).unwrap();
            assert_eq!(schedule.sampling_weights(), Some(&[0.5, 0.5 / 6.0, 0.25, 1.0 / 6.0][..]));
            let mut walk = schedule.stream(5);
            let mut counts = [0u32; 4];
            for step in 0..60_000 / b as u64 {
                let batch = walk.next_batch();
                batch.iter().for_each(|&i| counts[i] += 1);
                if step % 997 == 0 {
                    assert_eq!(batch, schedule.batch(5, step), "{kind:?} {step}");
                }
            }
            // χ² with 3 degrees of freedom: P(> 27) < 6e-6.
            let expected = [30_000.0, 5000.0, 15_000.0, 10_000.0];
            let statistic: f64 =
                counts.iter().zip(expected).map(|(&k, e): (&u32, f64)| (f64::from(k) - e).powi(2) / e).sum();
            assert!(statistic < 27.0, "{kind:?}: {counts:?}");
        }
        // Singles in bulk are those one by one.
        let schedule = Schedule::sgd(3, 1, 2).unwrap().weighted(&[1.0, 1e300, 2e300]).unwrap_err();
        assert!(schedule.to_string().contains("that of sample 0, 1.0, is below 1e-12 of all together"));
        let schedule = Schedule::sgd(3, 1, 2).unwrap().weighted(&[1.0, 5.0, 2.0]).unwrap();
        let mut slots = [0; 40];
        schedule.stream(1).fill_singles(slots.iter_mut());
        assert_eq!(slots.to_vec(), (0..40).map(|t| schedule.batch(1, t)[0]).collect::<Vec<_>>());
    }

    #[test]
    fn weights_that_make_no_law_are_refused() {
        let message = |schedule: Result<Schedule>, weights: &[f64]| {
            schedule.unwrap().weighted(weights).unwrap_err().to_string()
        };
        let sgd = || Schedule::sgd(2, 1, 1);
        assert!(message(sgd(), &[1.0]).contains("the list of sampling weights has 1 entries, expected 2"));
        assert!(message(sgd(), &[1.0, 0.0]).contains("that of sample 1, 0.0, is not positive and finite"));
        assert!(message(sgd(), &[f64::NAN, 1.0]).contains("that of sample 0, NaN"));
        let batches = message(Schedule::sgd(3, 2, 1), &[1.0; 3]);
        assert!(batches.contains("schedule sgd with batches of 2 has none"), "{batches}");
        assert!(message(Schedule::full_batch(2), &[1.0; 2]).contains("schedule gd"));
    }

    #[test]
    fn lists_are_read_back() {
        for text in ["3,2,1", "0.5", "1e-7,22.25"] {
            assert_eq!(text.parse::<PerSample>().unwrap().to_string().parse::<PerSample>(), text.parse());
        }
        assert_eq!("3, 2".parse::<PerSample>().unwrap().of(2, "").unwrap(), [3.0, 2.0]);
        for (text, needle) in [
            ("1,x", "number 2, `x`"),
            ("", "number 1, ``"),
            ("2,-1", "number 2, -1, is not positive"),
            ("inf", "not positive and finite"),
        ] {
            assert!(text.parse::<PerSample>().unwrap_err().contains(needle), "{text}");
        }
        let error = "1,2".parse::<PerSample>().unwrap().of(3, "--norms").unwrap_err().to_string();
        assert_eq!(error, "--norms has 2 entries, expected 3");
    }

    #[test]
    fn impossible_batches_are_refused() {
        assert!(matches!(Schedule::sgd(5, 0, 1), Err(Error::BatchSize { batch: 0, samples: 5 })));
        assert!(matches!(Schedule::sgd(5, 6, 1), Err(Error::BatchSize { batch: 6, samples: 5 })));
        let gd = Schedule::new(ScheduleKind::Gd, 5, Some(4), 1);
        assert!(matches!(gd, Err(Error::NotFullBatch { batch: 4, samples: 5 })));
    }
}
