//! Batches in order: what an engine consumes.

use chacha20::ChaCha8Rng;

use super::{Schedule, ScheduleKind};
use crate::rng::{Purpose, WORDS_PER_INDEX, below, stream};

/// Walks the batches of one replica in order.
#[derive(Debug)]
pub struct BatchStream {
    schedule: Schedule,
    rng: ChaCha8Rng,
    step: u64,
    /// Identity between steps (`Sgd`), or the permutation of the current epoch (`Reshuffle`).
    permutation: Vec<usize>,
    batch: Vec<usize>,
    swaps: Vec<usize>,
}

impl BatchStream {
    pub(super) fn new(schedule: &Schedule, replica: u64) -> Self {
        let needs_permutation = match schedule.kind {
            ScheduleKind::Gd | ScheduleKind::Cyclic | ScheduleKind::Replacement => false,
            ScheduleKind::Sgd => schedule.batch > 1,
            ScheduleKind::Reshuffle => true,
        };
        Self {
            rng: stream(schedule.seed, Purpose::Batches, replica),
            step: 0,
            permutation: if needs_permutation { (0..schedule.samples).collect() } else { Vec::new() },
            batch: if schedule.is_full_batch() {
                (0..schedule.samples).collect()
            } else {
                vec![0; schedule.batch]
            },
            swaps: vec![0; if schedule.kind == ScheduleKind::Sgd { schedule.draws_per_step() } else { 0 }],
            schedule: schedule.clone(),
        }
    }

    /// The schedule walked along.
    pub fn schedule(&self) -> &Schedule {
        &self.schedule
    }

    /// Step whose batch comes next.
    pub fn step(&self) -> u64 {
        self.step
    }

    /// Jumps to a step.
    pub fn seek(&mut self, step: u64) {
        self.step = step;
        let indices_before = match self.schedule.kind {
            ScheduleKind::Gd | ScheduleKind::Cyclic => 0,
            ScheduleKind::Sgd | ScheduleKind::Replacement => {
                u128::from(step) * self.schedule.draws_per_step() as u128
            }
            ScheduleKind::Reshuffle => {
                u128::from(step / self.schedule.batches_per_epoch()) * self.schedule.samples as u128
            }
        };
        self.rng.set_word_pos(indices_before * WORDS_PER_INDEX);
        if self.schedule.kind == ScheduleKind::Reshuffle
            && !step.is_multiple_of(self.schedule.batches_per_epoch())
        {
            self.shuffle();
        }
    }

    /// The next batch, `[b]`.
    #[inline]
    pub fn next_batch(&mut self) -> &[usize] {
        let step = self.step;
        self.step += 1;
        if self.schedule.is_full_batch() {
            return &self.batch;
        }
        match self.schedule.kind {
            ScheduleKind::Sgd if self.schedule.batch == 1 => {
                self.batch[0] = below(&mut self.rng, self.schedule.samples);
            }
            ScheduleKind::Sgd => self.draw_without_replacement(),
            ScheduleKind::Replacement => {
                for slot in &mut self.batch {
                    *slot = below(&mut self.rng, self.schedule.samples);
                }
            }
            ScheduleKind::Cyclic => self.take_from_cycle(step),
            ScheduleKind::Reshuffle => return self.take_from_epoch(step),
            ScheduleKind::Gd => unreachable!("gradient descent is full-batch"),
        }
        &self.batch
    }

    /// The batches of the next `steps` steps at `b = 1`, appended to `indices`.
    pub(crate) fn next_singles(&mut self, steps: usize, indices: &mut Vec<usize>) {
        debug_assert_eq!(self.schedule.batch, 1);
        if self.schedule.kind == ScheduleKind::Sgd && self.schedule.samples > 1 {
            let (rng, samples) = (&mut self.rng, self.schedule.samples);
            indices.extend((0..steps).map(|_| below(rng, samples)));
            self.step += steps as u64;
        } else {
            indices.extend((0..steps).map(|_| self.next_batch()[0]));
        }
    }

    /// Partial Fisher–Yates from the identity, undone afterwards: no memory of past steps. It draws
    /// the batch, or what the batch leaves out if that is less.
    fn draw_without_replacement(&mut self) {
        let (samples, batch) = (self.schedule.samples, self.schedule.batch);
        for (k, swap) in self.swaps.iter_mut().enumerate() {
            *swap = k + below(&mut self.rng, samples - k);
            self.permutation.swap(k, *swap);
        }
        let drawn = self.swaps.len();
        let kept = if drawn == batch { 0..batch } else { drawn..samples };
        self.batch.copy_from_slice(&self.permutation[kept]);
        for (k, &swap) in self.swaps.iter().enumerate().rev() {
            self.permutation.swap(k, swap);
        }
    }

    fn take_from_cycle(&mut self, step: u64) {
        let samples = self.schedule.samples as u64;
        let mut at = (step % samples) * self.schedule.batch as u64 % samples;
        for slot in &mut self.batch {
            *slot = match &self.schedule.cycle {
                Some(cycle) => cycle[at as usize],
                None => at as usize,
            };
            at = if at + 1 == samples { 0 } else { at + 1 };
        }
    }

    fn take_from_epoch(&mut self, step: u64) -> &[usize] {
        let position = (step % self.schedule.batches_per_epoch()) as usize;
        if position == 0 {
            self.shuffle();
        }
        &self.permutation[position * self.schedule.batch..(position + 1) * self.schedule.batch]
    }

    /// Fisher–Yates from the identity, so that an epoch does not depend on the ones before it.
    fn shuffle(&mut self) {
        let samples = self.schedule.samples;
        self.permutation.clear();
        self.permutation.extend(0..samples);
        for k in 0..samples {
            let swap = k + below(&mut self.rng, samples - k);
            self.permutation.swap(k, swap);
        }
    }
}
