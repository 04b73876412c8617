//! Wrong theories of `gd_limit`, each of which turns the checks that it is about.

use puremix::claims::gd_limit::Prediction;
use puremix::limit_set::LimitSet;
use puremix::model::Activation;
use puremix::theory::gd;

use super::planted;

#[test]
fn every_check_can_fail() {
    let planted = planted!(gd_limit);
    let right = Prediction::default();
    let of = |prediction: Prediction| !planted.turns(prediction).is_empty();
    // A factor: the mixture is not quite normalised.
    fn longer(c0: &[f64], activation: Activation) -> Option<LimitSet> {
        let Some(LimitSet::Point(alpha)) = gd::limit(c0, activation) else { return None };
        Some(LimitSet::Point(alpha.iter().map(|a| a * (1.0 + 1e-9)).collect()))
    }
    assert!(of(Prediction { limit: longer, ..right.clone() }));
    // The wrong active set: ReLU treated as linear.
    let linear = |c0: &[f64], _: Activation| gd::limit(c0, Activation::Linear);
    assert!(of(Prediction { limit: linear, ..right.clone() }));
    // A recursion with a factor in μ, and tail rates with a wrong constant.
    let step = |state: gd::Radial, mu: f64| state.step(mu * 1.0001);
    assert!(of(Prediction { step, ..right.clone() }));
    assert!(of(Prediction { radial_rate: |mu| 1.0 - 3.9 * mu, ..right.clone() }));
    assert!(of(Prediction { transverse_rate: |mu| 1.0 - 1.01 * mu, ..right.clone() }));
    // Limit and recursion wrong for small initial norms alone.
    fn if_small(c0: &[f64], activation: Activation) -> Option<LimitSet> {
        let small = c0.iter().map(|c| c * c).sum::<f64>() < 0.05 * 0.05 + 1e-9;
        if small { longer(c0, activation) } else { gd::limit(c0, activation) }
    }
    let seen = planted.turns(Prediction { limit: if_small, ..right.clone() });
    assert!(
        seen.len() == 1 && seen[0].contains("‖w − w_GD‖ after training on Burn, norms 0.05 to 0.99"),
        "{seen:?}"
    );
    assert!(seen[0].contains("‖w_0‖ = 0.05"), "{seen:?}");
    let step = |state: gd::Radial, mu: f64| state.step(if state.norm_sq() < 0.01 { mu * 1.0001 } else { mu });
    let seen = planted.turns(Prediction { step, ..right.clone() });
    assert!(
        seen.len() == 1 && seen[0].starts_with("deviation from the scalar recursion at any step, norms"),
        "{seen:?}"
    );
    let seen = planted.turns(Prediction { dead_movement: 1e-9, ..right.clone() });
    assert_eq!(seen, ["movement of a dead ReLU start in 50 steps"]);
    let seen = planted.turns(Prediction { apart: 2.0, ..right });
    assert!(seen.len() == 2 && seen.iter().all(|name| name.starts_with("smallest ")), "{seen:?}");
    planted.complete();
}
