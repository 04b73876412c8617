//! The states of a neuron on its way.

use crate::engine::Engine;
use crate::state::Neuron;
use crate::train::{Cadence, Observer};

/// Keeps the first neuron of the first replica, about so many times a decade of steps.
pub struct NeuronTrace {
    cadence: Cadence,
    pub states: Vec<(u64, Neuron)>,
}

impl NeuronTrace {
    pub fn new(per_decade: u32) -> Self {
        Self { cadence: Cadence::Logarithmic { per_decade }, states: Vec::new() }
    }
}

impl Observer for NeuronTrace {
    fn cadence(&self) -> Cadence {
        self.cadence
    }

    fn observe(&mut self, step: u64, engine: &dyn Engine) {
        self.states.push((step, engine.neurons(0).swap_remove(0)));
    }
}
