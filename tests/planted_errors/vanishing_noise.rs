//! Wrong theories of `vanishing_noise`, each of which turns the checks that it is about.

use puremix::claims::vanishing_noise::Prediction;
use puremix::limit_set::LimitSet;
use puremix::model::Activation;

use super::planted;

#[test]
fn every_check_can_fail() {
    let planted = planted!(vanishing_noise);
    let right = Prediction::default();
    planted.turns_in_order(
        Prediction { sample_gradient: |c| (c, c * c), ..right },
        &["largest sample gradient at a datapoint", "sample gradients at w_GD"],
    );
    planted.turns_in_order(
        Prediction { noise: |c| c.iter().map(|c| c * c).sum(), ..right },
        &["noise at w_GD", "smallest noise at w_GD"],
    );
    // The constant along the datapoint from |u + u_j a_j|² in the place of |u + 3 u_j a_j|²; a power that is off by a twentieth.
    let constant = |along: f64, rivals: &[f64]| {
        (1.0 + 3.0 * along * along + rivals.iter().map(|u| u * u).sum::<f64>()).sqrt()
    };
    planted.turns_in_order(Prediction { noise_near: constant, ..right }, &["noise at distance ε"]);
    let seen = planted.turns(Prediction { noise_power: 1.05, ..right });
    assert!(seen.len() == 1 && seen[0].contains("power of ε"), "{seen:?}");
    planted.turns_in_order(
        Prediction { gd_moves: 1e-6, ..right },
        &["GD from where SGD ended", "GD from where GD ended"],
    );
    // The mixture is SGD's limit too.
    let stays = |c0: &[f64], _: Activation| LimitSet::Point(c0.to_vec());
    planted.turns_in_order(Prediction { limit_set: stays, ..right }, &["SGD (b = 1) from where GD ended"]);
    planted.complete();
}
