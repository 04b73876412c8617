//! Wrong theories of `subspace_lottery`, each of which turns the checks that it is about.

use puremix::claims::subspace_lottery::Prediction;
use puremix::theory::selection::{self, Odds};
use puremix::theory::subspace;

use super::planted;

#[test]
fn every_check_can_fail() {
    let planted = planted!(subspace_lottery);
    let right = Prediction::default();
    let both = ["full batch: largest entry of WᵀW", "Burn, full batch"];
    let odds = ["P-value of the odds", "Monte Carlo for the odds"];
    // A run of the protocol sees errors of several kinds, each about checks of its own. Full batches that end in the best coordinate projector.
    let pure = |c: &_| {
        let mut p = subspace::projector(c);
        let (set, _) = subspace::nearest_set(&p, c.nrows());
        p.fill(0.0);
        set.iter().for_each(|&i| p[(i, i)] = 1.0);
        p
    };
    // Neurons that end as the factor of Gram and Schmidt. A gradient that is off by a tenth of a percent. Full batches that end in datapoints as
    // well. Pure neurons. A guess that is the law. A clock that does not know the batch. Neurons with even odds.
    let law = |cosines: &[f64]| {
        assert_eq!(cosines.len(), 6);
        vec![0.2709, 0.2063, 0.3197, 0.0181, 0.1247, 0.0603]
    };
    let of_one = [
        "within the span",
        "Burn and the recursion",
        "b = m instead",
        "mean of Σ_i C_1i⁴",
        "of the guess π̂_S²",
        "κT/m less the fall",
    ];
    planted.turns_only(
        Prediction {
            projector: pure,
            polar_factor: |c| c.transpose().qr().q().transpose(),
            step_beside: |step| 1.001 * step,
            gap: 1.0,
            fourth_powers: |_| 1.0,
            guess: law,
            diffusion_rate: |m, _, eta| selection::diffusion_rate(m, 1, eta),
            pair: |_| 0.5,
            ..right.clone()
        },
        &[&both[..], &of_one, &odds].concat(),
    );
    // A projector that is off by a little. The polar factor, whatever lies outside the span. One neuron's fall. Sets with the odds of their squared
    // volume: neither runs nor closed forms have them, and the guess is no worse.
    let by_volume = |c: &_, tolerance, seed| {
        let odds = subspace::odds(c, tolerance, seed);
        Odds { probabilities: subspace::by_volume(&subspace::cosines(c)), ..odds }
    };
    planted.turns_only(
        Prediction {
            projector: |c| subspace::projector(c) * (1.0 + 1e-10),
            polar_miss: 2.0,
            fall: |m, _| subspace::fall(m, 1),
            odds: by_volume,
            ..right.clone()
        },
        &[&both[..], &["outside the span", "κT/m less the fall"], &odds].concat(),
    );
    // SGD that loses a neuron. Sets that are weighted by nothing.
    let plain = |_: &nalgebra::DMatrix<f64>| vec![0.2709, 0.2063, 0.3197, 0.0181, 0.1247, 0.0603];
    let fewer = |c: &nalgebra::DMatrix<f64>| subspace::nearest_set(&(c.transpose() * c), c.nrows() - 1).1;
    let ends = ["k datapoints, b < m", "weakest", "Burn: trainings", "of the plain odds instead"];
    let seen = planted.turns(Prediction { distance: fewer, weights: plain, ..right.clone() });
    assert!(ends.iter().all(|check| seen.iter().any(|name| name.contains(check))), "{seen:?}");
    // A dropped sample with the odds of the one that is kept.
    let kept = |c: &_, tolerance, seed| {
        let mut odds = subspace::dropped(c, tolerance, seed);
        odds.probabilities.reverse();
        odds
    };
    // Sets of one weight, whatever the start.
    let even = |_: &nalgebra::DMatrix<f64>| vec![1.0 / 6f64.sqrt(); 6];
    planted.turns_only(
        Prediction { dropped: kept, weights: even, ..right },
        &[&odds[..], &["E[e^{A/2}; S wins]"]].concat(),
    );
    planted.complete();
}
