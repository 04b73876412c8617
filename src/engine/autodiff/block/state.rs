//! Where the replicas of a stack stand: parameters, and the moments of the update rule behind them.

use itertools::Itertools;

use super::Block;
use crate::device::to_host;
use crate::model::{Autoencoder, flat};
use crate::update::Moments;

impl<M: Autoencoder> Block<M> {
    /// Parameters of the replicas that move, each with the moments behind: first those of all parameters, then second ones.
    fn states(&self) -> Vec<Vec<f64>> {
        let mut states = flat::parameters_of_all(self.stack());
        for (order, moments) in self.moments_in_order() {
            let values = to_host(moments[order].clone());
            let parts = values.chunks_exact((values.len() / states.len()).max(1));
            states.iter_mut().zip(parts).for_each(|(state, part)| state.extend(part));
        }
        states
    }

    /// Lets a replica stand still from now on. When half of the stack does, the others close up.
    pub fn retire(&mut self, k: usize) {
        self.replicas[k].is_retired = true;
        let stays = |&k: &usize| !self.replicas[k].is_retired;
        let staying = self.moving.iter().filter(|k| stays(k)).count();
        if staying == 0 || 2 * staying > self.moving.len() {
            return;
        }
        let states = self.states();
        let (mut rest, mut staying) = (Vec::new(), Vec::new());
        for (k, state) in std::mem::take(&mut self.moving).into_iter().zip(states) {
            if self.replicas[k].is_retired {
                self.replicas[k].ended = Some(state);
            } else {
                rest.push(k);
                staying.push(state);
            }
        }
        self.moving = rest;
        self.place(&staying);
    }

    /// Puts the stack into these states.
    pub(super) fn place(&mut self, states: &[Vec<f64>]) {
        let points: Vec<&[f64]> = states.iter().map(Vec::as_slice).collect();
        self.model = self.model.take().map(|model| flat::all_at(model, &points, &self.compute));
        let mut at = self.parameters();
        for order in 0..self.kept() {
            for (moments, &entries) in self.moments.iter_mut().zip(&self.entries) {
                let values: Vec<f64> =
                    states.iter().flat_map(|state| &state[at..at + entries]).copied().collect();
                moments[order] = self.compute.tensor(&values, [states.len(), entries]);
                at += entries;
            }
        }
    }

    /// All parameters of every replica, with the moments behind.
    pub fn all_states(&self) -> Vec<Vec<f64>> {
        let mut states: Vec<_> = self.replicas.iter().map(|replica| replica.ended.clone()).collect();
        for (&k, state) in self.moving.iter().zip(self.states()) {
            states[k] = Some(state);
        }
        states.into_iter().flatten().collect()
    }

    /// Parameters of a replica, with the moments behind.
    pub fn state(&self, k: usize) -> Vec<f64> {
        let Some(at) = self.moving.iter().position(|&moving| moving == k) else {
            return self.replicas[k].ended.clone().unwrap_or_default();
        };
        let mut state = flat::parameters(&flat::some(self.stack(), at..at + 1));
        for (order, moments) in self.moments_in_order() {
            state.extend(to_host(moments[order].clone().narrow(0, at, 1)));
        }
        state
    }

    /// Moments that the update rule keeps of a parameter.
    fn kept(&self) -> usize {
        self.problem().update().rule.state_size()
    }

    /// The moments of every parameter: first those of all, then second ones.
    fn moments_in_order(&self) -> impl Iterator<Item = (usize, &Moments)> {
        (0..self.kept()).cartesian_product(&self.moments)
    }

    /// Number of parameters of a replica.
    pub fn parameters(&self) -> usize {
        self.entries.iter().sum()
    }

    /// Numbers of the state of a replica.
    pub fn state_size(&self) -> usize {
        self.parameters() * (1 + self.kept())
    }

    /// All replicas in these states after so many steps, and moving.
    pub fn restore(&mut self, step: u64, states: &[Vec<f64>], diverged_at: &[Option<u64>]) {
        for (replica, diverged_at) in self.replicas.iter_mut().zip(diverged_at) {
            replica.batches.seek(step);
            (replica.diverged_at, replica.is_retired, replica.ended) = (*diverged_at, false, None);
        }
        self.moving = (0..self.len()).collect();
        self.place(states);
    }
}
