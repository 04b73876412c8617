//! Wrong theories of `sgd_limit`, each of which turns the checks that it is about.

use puremix::claims::sgd_limit::Prediction;
use puremix::limit_set::LimitSet;
use puremix::model::Activation;
use puremix::theory::{gd, sgd};

use super::planted;

/// Signs: as if the linear model, too, ended at `+a_i` only.
pub fn positive(c0: &[f64], activation: Activation) -> LimitSet {
    LimitSet::Datapoints(c0.iter().map(|&c| i8::from(activation.admits(c))).collect())
}

/// The same of small initial norms alone.
fn if_small(c0: &[f64], activation: Activation) -> LimitSet {
    let small = c0.iter().map(|c| c * c).sum::<f64>() < 0.051 * 0.051;
    if small { positive(c0, activation) } else { sgd::limit_set(c0, activation) }
}

/// Only the arg-max may win: plausible, and wrong.
fn greedy(c0: &[f64], activation: Activation) -> LimitSet {
    let LimitSet::Datapoints(signs) = sgd::limit_set(c0, activation) else { unreachable!() };
    let best = c0.iter().zip(&signs).map(|(c, s)| c * f64::from(*s)).fold(0.0, f64::max);
    let keep = |(c, s): (&f64, &i8)| if c * f64::from(*s) == best { *s } else { 0 };
    LimitSet::Datapoints(c0.iter().zip(&signs).map(keep).collect())
}

/// SGD ends where gradient descent does.
fn mixture(c0: &[f64], activation: Activation) -> LimitSet {
    gd::limit(c0, activation).unwrap_or_else(|| sgd::limit_set(c0, activation))
}

#[test]
fn every_check_can_fail() {
    let planted = planted!(sgd_limit);
    let right = Prediction::default();
    // Of every group, on Burn and on the way, the linear runs see that they may end at −a_i; which of the allowed datapoints is then the nearest
    // is a matter of rounding.
    let mut seen = planted.turns(Prediction { limit_set: positive, ..right.clone() });
    seen.retain(|name| !name.starts_with("… in another datapoint"));
    assert_eq!(seen.len(), 15, "{seen:?}");
    assert!(seen.iter().any(|name| name.ends_with("runs that stay with their datapoint and come nearer")));
    // One error of every kind. Counts of all settings together and of the weakest see the small norms. The winner a matter of the start alone:
    // other batches, the same datapoint. The mixture of the linear model for ReLU: only the control at b = m is about it.
    fn of_all(c0: &[f64], _: Activation) -> Option<f64> {
        gd::to_a_datapoint(c0, Activation::Linear)
    }
    let beside = |replica| replica + 1;
    let seen = planted.turns(Prediction { limit_set: if_small, beside, full_batch: of_all });
    let [other, full] = [
        "… in another datapoint than the reduced engine on the same batches",
        "b = m: distance to the nearest datapoint, over that of the mixture: relu, sum",
    ];
    assert_eq!(seen.iter().filter(|name| *name == other).count(), 1, "{seen:?}");
    assert_eq!(seen.iter().filter(|name| *name == full).count(), 1, "{seen:?}");
    let small: Vec<&String> = seen.iter().filter(|name| name.contains("‖w_0‖ = 0.05")).collect();
    assert_eq!((small.len(), seen.len()), (4, 6), "{seen:?}");
    let weakest = small.iter().filter(|name| name.starts_with("… in the weakest of these cells"));
    assert_eq!(weakest.count(), 2, "{seen:?}");
    for limit_set in [greedy, mixture] {
        assert!(!planted.turns(Prediction { limit_set, ..right.clone() }).is_empty());
    }
    planted.complete();
}
