//! Closed forms and exact recursions, pure f64. Nothing here has seen an engine.

pub mod alignment;
pub mod budget;
pub mod correlated;
pub mod cyclic;
pub mod depth;
pub mod escape;
pub mod gd;
pub mod landscape;
pub mod momentum;
pub mod principal_component;
mod quadrature;
pub mod random_walk;
pub mod rate;
pub mod selection;
pub mod sgd;
pub mod sharpness;
pub mod stationary;
pub mod subspace;
pub mod unequal;

use crate::activation::Activation;
use crate::limit_set::LimitSet;
use crate::schedule::{Schedule, ScheduleKind};

/// Where a run over orthonormal data is predicted to end, from its initial correlations; `None`
/// where neither the paper nor its conjecture speaks, as of other activations than its own, or no sample is active.
///
/// Full batches: the mixture (Theorem 1). Uniform batches without replacement, `b < m`: a datapoint
/// (Theorem 2); the same is expected with replacement and for reshuffled epochs, whose batches are as
/// random. Cyclic with `b = 1`: a datapoint (Theorem 4, and the conjecture after it, read for almost every start). Cyclic with `b > 1` is left out:
/// when `gcd(b, m) > 1` some samples always come together, and a block of them can survive. With unequal sampling weights fewer samples can be limits: [`unequal`].
pub fn predicted_limit(schedule: &Schedule, c0: &[f64], activation: Activation) -> Option<LimitSet> {
    if schedule.sampling_weights().is_some()
        || !activation.has_unit_slope()
        || !c0.iter().any(|&c| activation.admits(c))
    {
        return None;
    }
    match schedule.kind() {
        _ if schedule.is_full_batch() => gd::limit(c0, activation),
        ScheduleKind::Cyclic if schedule.batch_size() > 1 => None,
        _ => Some(sgd::limit_set(c0, activation)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_predicted_depends_on_the_schedule() {
        let c = [0.6, -0.3, 0.0];
        let of = |schedule: Schedule| predicted_limit(&schedule, &c, Activation::Linear);
        let datapoints = Some(LimitSet::Datapoints(vec![1, -1, 0]));
        let norm = 0.45f64.sqrt();
        assert_eq!(of(Schedule::full_batch(3).unwrap()), Some(LimitSet::Point(c.map(|c| c / norm).to_vec())));
        assert_eq!(of(Schedule::sgd(3, 2, 1).unwrap()), datapoints);
        assert_eq!(of(Schedule::cyclic(3, 1).unwrap()), datapoints);
        assert_eq!(of(Schedule::cyclic(3, 2).unwrap()), None);
        assert_eq!(of(Schedule::sgd(3, 1, 1).unwrap().weighted(&[0.5, 0.25, 0.25]).unwrap()), None);
        assert_eq!(predicted_limit(&Schedule::sgd(3, 1, 1).unwrap(), &c, Activation::Tanh), None);
        assert_eq!(
            predicted_limit(&Schedule::sgd(3, 1, 1).unwrap(), &[-0.6, 0.0, -0.1], Activation::Relu),
            None
        );
    }
}
