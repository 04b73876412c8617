//! The samples that take part in a walk, and what is read off them.

use crate::init::Start;
use crate::measure::sparsity::log_ratio;
use crate::model::Activation;
use crate::state::Neuron;

/// The samples that a start activates, two at least.
pub(super) struct Active(Vec<usize>);

impl Active {
    /// `None` with fewer than two, where there is no ratio.
    pub fn of(start: &Start, activation: Activation) -> Option<Self> {
        let correlations = start.correlations.iter().enumerate();
        let active: Vec<usize> =
            correlations.filter(|(_, c)| activation.admits(**c)).map(|(i, _)| i).collect();
        (active.len() >= 2).then_some(Self(active))
    }

    /// The one of the largest correlation.
    pub fn leader(&self, c: &[f64]) -> usize {
        let largest = self.0.iter().copied().max_by(|&i, &j| c[i].abs().total_cmp(&c[j].abs()));
        largest.expect("two active samples at least")
    }

    /// All but the leader.
    pub fn losers(&self, c: &[f64]) -> Vec<usize> {
        let leader = self.leader(c);
        self.0.iter().copied().filter(|&j| j != leader).collect()
    }

    /// Whether a batch holds the leader, and whether it holds the one after it.
    pub fn holds(&self, c: &[f64], batch: &[usize]) -> [bool; 2] {
        let second = self.losers(c).into_iter().max_by(|&i, &j| c[i].abs().total_cmp(&c[j].abs()));
        [Some(self.leader(c)), second].map(|sample| sample.is_some_and(|sample| batch.contains(&sample)))
    }

    /// The log-ratio `R` as it stands, measured without the help of theory.
    pub fn level(&self, neuron: &Neuron) -> f64 {
        log_ratio(neuron, |i| self.0.binary_search(&i).is_ok())
    }
}
