//! What is left of a geometric approach, estimated from displacements alone.

use serde::{Deserialize, Serialize};

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
            let square: f64 = position.iter().zip(&self.position).map(|(a, b)| (a - b).powi(2)).sum();
            self.displacements.push(square.sqrt());
            self.displacements.drain(..self.displacements.len().saturating_sub(3));
        }
        self.position = position;
        let &[.., before, middle, last] = self.displacements.as_slice() else { return f64::INFINITY };
        if before == 0.0 && middle == 0.0 && last == 0.0 {
            return 0.0;
        }
        let ratio = (middle / before).max(last / middle);
        if ratio < 1.0 { last * ratio / (1.0 - ratio) } else { f64::INFINITY }
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
    }
}
