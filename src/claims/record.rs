//! What figures are drawn from: tables, and the states of a neuron on its way.

use std::fmt::Display;

use super::Table;
use crate::engine::Engine;
use crate::state::Neuron;
use crate::train::{Cadence, Observer};

impl Table {
    /// An empty table.
    pub fn new(name: &'static str, header: &[&'static str]) -> Self {
        Self { name, header: header.to_vec(), rows: Vec::new() }
    }

    /// Adds a row: a field a column, numbers in full, text as it is.
    ///
    /// # Panics
    /// If the number of fields is not that of the columns.
    pub fn push(&mut self, fields: &[&dyn Display]) {
        assert_eq!(fields.len(), self.header.len(), "fields of a row of {}", self.name);
        self.rows.push(fields.iter().map(|field| short(field.to_string())).collect());
    }
}

/// A number that takes more than 200 digits, as those of a run that diverges, with an exponent.
fn short(field: String) -> String {
    match field.parse::<f64>() {
        Ok(number) if field.len() > 200 => format!("{number:e}"),
        _ => field,
    }
}

/// Keeps the first neuron of the first replica, about so many times a decade of steps.
pub(super) struct NeuronTrace {
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
