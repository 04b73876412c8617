//! Batches in order: what an engine consumes.

use rand::Rng;

use super::{Schedule, ScheduleKind};
use crate::rng::{Indices, Purpose, WORDS_PER_INDEX, below, stream};

/// Walks the batches of one replica in order.
#[derive(Debug)]
pub struct BatchStream {
    schedule: Schedule,
    /// What draws from all samples; its generator shuffles.
    indices: Indices,
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
            indices: Indices::new(stream(schedule.seed, Purpose::Batches, replica), schedule.samples),
            step: 0,
            permutation: if needs_permutation { (0..schedule.samples).collect() } else { Vec::new() },
            batch: if schedule.is_full_batch() {
                (0..schedule.samples).collect()
            } else {
                vec![0; schedule.batch]
            },
            swaps: vec![0; if schedule.kind == ScheduleKind::Sgd { schedule.swaps_per_step() } else { 0 }],
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
        let shuffled = |shuffles: u64, draws: usize| u128::from(shuffles) * draws as u128 * WORDS_PER_INDEX;
        match self.schedule.kind {
            ScheduleKind::Gd | ScheduleKind::Cyclic => (),
            _ if self.schedule.draws_independently() => {
                let draws = u128::from(step) * self.schedule.batch as u128;
                match self.schedule.shares {
                    // A word each.
                    Some(_) => self.indices.rng.set_word_pos(draws * WORDS_PER_INDEX),
                    None => self.indices.seek(draws),
                }
            }
            ScheduleKind::Sgd => {
                self.indices.rng.set_word_pos(shuffled(step, self.schedule.swaps_per_step()));
            }
            ScheduleKind::Replacement => unreachable!("it draws independently"),
            ScheduleKind::Reshuffle => {
                let batches = self.schedule.batches_per_epoch();
                self.indices.rng.set_word_pos(shuffled(step / batches, self.schedule.samples));
                if !step.is_multiple_of(batches) {
                    self.shuffle();
                }
            }
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
            _ if self.schedule.draws_independently() => {
                let Self { schedule, indices, batch, .. } = self;
                draw(schedule, indices, batch.iter_mut());
            }
            ScheduleKind::Sgd => self.draw_without_replacement(),
            ScheduleKind::Cyclic => self.take_from_cycle(step),
            ScheduleKind::Reshuffle => return self.take_from_epoch(step),
            ScheduleKind::Gd => unreachable!("gradient descent is full-batch"),
            ScheduleKind::Replacement => unreachable!("it draws independently"),
        }
        &self.batch
    }

    /// The samples of the next steps at `b = 1`, one to each slot.
    pub(crate) fn fill_singles<'a>(&mut self, slots: impl ExactSizeIterator<Item = &'a mut usize>) {
        debug_assert_eq!(self.schedule.batch, 1);
        if self.schedule.draws_independently() && !self.schedule.is_full_batch() {
            self.step += slots.len() as u64;
            draw(&self.schedule, &mut self.indices, slots);
        } else {
            slots.for_each(|slot| *slot = self.next_batch()[0]);
        }
    }

    /// Partial Fisher–Yates from the identity, undone afterwards: no memory of past steps. It draws
    /// the batch, or what the batch leaves out if that is less.
    fn draw_without_replacement(&mut self) {
        let (samples, batch) = (self.schedule.samples, self.schedule.batch);
        for (k, swap) in self.swaps.iter_mut().enumerate() {
            *swap = k + below(&mut self.indices.rng, samples - k);
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
            let swap = k + below(&mut self.indices.rng, samples - k);
            self.permutation.swap(k, swap);
        }
    }
}

/// Independent draws, one to each slot.
#[inline]
fn draw<'a>(schedule: &Schedule, indices: &mut Indices, slots: impl Iterator<Item = &'a mut usize>) {
    match &schedule.shares {
        Some(shares) => slots.for_each(|slot| *slot = shares.sample(indices.rng.next_u64())),
        None => slots.for_each(|slot| *slot = indices.draw()),
    }
}
