//! Wrong theories of `vanishing_noise`, each of which turns the checks that it is about.

use puremix::claims::vanishing_noise;
use puremix::limit_set::LimitSet;
use puremix::model::Activation;
use puremix::verdict::Verdict;

use super::{context, refuted, verdict};

#[test]
fn every_check_can_fail() {
    use vanishing_noise::{Options, Prediction, findings};
    let of = |prediction: Prediction| verdict(findings(&context(), &Options::default(), &prediction));
    let right = Prediction::default();
    assert_eq!(of(right.clone()), Verdict::Reproduced);
    let names = |prediction| refuted(findings(&context(), &Options::default(), &prediction));
    let seen = names(Prediction { sample_gradient: |c| (c, c * c), ..right.clone() });
    assert!(seen[0] == "largest sample gradient at a datapoint" && seen.len() == 2, "{seen:?}");
    let seen = names(Prediction { noise: |c| c.iter().map(|c| c * c).sum(), ..right.clone() });
    assert!(seen[0].starts_with("noise at w_GD") && seen.len() == 1, "{seen:?}");
    // The constant along the datapoint from |u + u_j a_j|² in the place of |u + 3 u_j a_j|²; the power of the loss.
    let constant = |along: f64, rivals: &[f64]| {
        (1.0 + 3.0 * along * along + rivals.iter().map(|u| u * u).sum::<f64>()).sqrt()
    };
    let seen = names(Prediction { noise_near: constant, ..right.clone() });
    assert!(seen[0].starts_with("noise at distance ε") && seen.len() == 1, "{seen:?}");
    let seen = names(Prediction { noise_power: 2.0, ..right.clone() });
    assert!(seen[0].contains("power of ε") && seen.len() == 1, "{seen:?}");
    let seen = names(Prediction { gd_moves: 1e-3, ..right.clone() });
    assert!(seen.len() == 2 && seen.iter().all(|name| name.starts_with("GD from where")), "{seen:?}");
    let stays = |c0: &[f64], _: Activation| LimitSet::Point(c0.to_vec());
    assert_eq!(of(Prediction { limit_set: stays, ..right }), Verdict::Refuted);
}
