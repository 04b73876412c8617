//! What is left of a geometric approach, estimated from displacements alone.

use serde::{Deserialize, Serialize};

use super::Outcome;
use crate::vectors::{norm, norm_of};

/// Slope over tolerance that a run may stop at while it moves. The gradient is at most the largest curvature times the
/// distance, and that curvature a few units for one neuron, some dozens for deep models.
const STEEPEST: f64 = 100.0;

/// Where a replica was a window ago, and how far it moved in the windows before.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Tail {
    position: Vec<f64>,
    displacements: Vec<f64>,
}

impl Tail {
    /// Estimated length of the remaining path; infinite until three displacements are known.
    pub(super) fn remaining(&mut self, position: Vec<f64>) -> f64 {
        if self.position.len() == position.len() {
            self.displacements.push(norm_of(position.iter().zip(&self.position).map(|(a, b)| a - b)));
            self.displacements.drain(..self.displacements.len().saturating_sub(3));
        }
        self.position = position;
        let &[.., before, middle, last] = self.displacements.as_slice() else { return f64::INFINITY };
        if self.is_still() {
            return 0.0;
        }
        let ratio = (middle / before).max(last / middle);
        if ratio < 1.0 { last * ratio / (1.0 - ratio) } else { f64::INFINITY }
    }

    /// Whether the last three displacements are 0.
    fn is_still(&self) -> bool {
        self.displacements == [0.0; 3]
    }

    /// How a run ends whose [`remaining`](Self::remaining) path is at most `tolerance`, and how far it then has to go; `None` if
    /// its slope says that it goes on.
    pub(super) fn end(&self, remaining: f64, slope: f64, tolerance: f64) -> Option<(Outcome, f64)> {
        let flat = tolerance * norm(&self.position).min(1.0);
        if self.is_still() {
            let outcome = if slope <= flat { Outcome::Converged } else { Outcome::Stalled };
            return Some((outcome, slope));
        }
        (slope <= STEEPEST * flat).then_some((Outcome::Converged, remaining))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tail_estimates_what_is_left_of_a_geometric_approach() {
        let mut tail = Tail::default();
        let remaining: Vec<f64> = (0..8).map(|k| tail.remaining(vec![1.0 - 0.6f64.powi(k)])).collect();
        assert!(remaining[..3].iter().all(|r| r.is_infinite()));
        for (k, r) in remaining.iter().enumerate().skip(3) {
            assert!((r - 0.6f64.powi(k as i32)).abs() < 1e-12, "{k}: {r}");
        }
    }

    #[test]
    fn tail_does_not_stop_on_a_plateau_that_is_being_left() {
        let mut tail = Tail::default();
        for k in 0..12 {
            assert!(tail.remaining(vec![1e-12 * 1.3f64.powi(k)]).is_infinite());
        }
        let mut still = Tail::default();
        let resting: Vec<f64> = (0..4).map(|_| still.remaining(vec![0.5])).collect();
        assert_eq!(resting[3], 0.0);
        // Displacements whose squares are 0 in f64: the plateau is being left all the same.
        let mut faint = Tail::default();
        for k in 0..12 {
            assert!(faint.remaining(vec![1e-180 * 1.3f64.powi(k)]).is_infinite());
        }
    }

    #[test]
    fn the_gradient_decides_what_standing_still_means() {
        let resting = |position: f64| {
            let mut tail = Tail::default();
            (0..4).for_each(|_| assert!(tail.remaining(vec![position]) >= 0.0));
            tail
        };
        let end = |position: f64, slope: f64| resting(position).end(0.0, slope, 1e-5);
        assert_eq!(end(0.5, 0.9e-5 / 2.0), Some((Outcome::Converged, 0.45e-5)));
        assert_eq!(end(0.5, 0.3), Some((Outcome::Stalled, 0.3)));
        assert_eq!(end(3.0, 1e-5), Some((Outcome::Converged, 1e-5)));
        // By the saddle 0 the gradient is small because the point is.
        assert_eq!(end(1e-120, 1e-121), Some((Outcome::Stalled, 1e-121)));
        assert_eq!(end(1.0, f64::NAN).map(|end| end.0), Some(Outcome::Stalled));
        let mut moving = Tail::default();
        let rest = (0..6).map(|k| moving.remaining(vec![1.0 - 0.1f64.powi(k)])).last().unwrap();
        assert_eq!(moving.end(rest, 9e-4, 1e-5), Some((Outcome::Converged, rest)));
        assert_eq!(moving.end(rest, 2e-3, 1e-5), None);
    }
}
