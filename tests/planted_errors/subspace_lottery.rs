//! Wrong theories of `subspace_lottery`, each of which turns the checks that it is about.

use puremix::claims::subspace_lottery::{self, Options, Prediction};
use puremix::theory::selection::{self, Odds};
use puremix::theory::subspace;

use super::Planted;

#[test]
fn every_check_can_fail() {
    let planted = Planted::new(
        |context, prediction| subspace_lottery::findings(context, &Options::default(), prediction),
        subspace_lottery::STUDY.protocol,
    );
    let right = Prediction::default();
    assert!(planted.holds(&right));
    let turns = |prediction: Prediction, checks: &[&str], count: usize| {
        let seen = planted.turns(&prediction);
        for check in checks {
            assert!(seen.iter().any(|name| name.contains(check)), "`{check}` does not turn: {seen:?}");
        }
        assert_eq!(seen.len(), count, "{seen:?}");
    };
    // Full batches that end in the best coordinate projector.
    let pure = |c: &_| {
        let mut p = subspace::projector(c);
        let (set, _) = subspace::nearest_set(&p, c.nrows());
        p.fill(0.0);
        set.iter().for_each(|&i| p[(i, i)] = 1.0);
        p
    };
    let both = ["full batch: largest entry of WᵀW", "Burn, full batch"];
    turns(Prediction { projector: pure, ..right.clone() }, &both, 2);
    // A projector that is off by a little.
    turns(Prediction { projector: |c| subspace::projector(c) * (1.0 + 1e-10), ..right.clone() }, &both, 2);
    // Neurons that end as the factor of Gram and Schmidt.
    let triangular = |c: &nalgebra::DMatrix<f64>| c.transpose().qr().q().transpose();
    turns(Prediction { polar_factor: triangular, ..right.clone() }, &["within the span"], 1);
    // The polar factor, whatever lies outside the span.
    turns(Prediction { polar_miss: 2.0, ..right.clone() }, &["outside the span"], 1);
    // A gradient that is off by a tenth of a percent.
    turns(Prediction { step_beside: |step| 1.001 * step, ..right.clone() }, &["Burn and the recursion"], 1);
    // SGD that loses a neuron.
    let fewer = |c: &nalgebra::DMatrix<f64>| subspace::nearest_set(&(c.transpose() * c), c.nrows() - 1).1;
    let ends = ["k datapoints, b < m", "weakest", "Burn: trainings"];
    let seen = planted.turns(&Prediction { distance: fewer, ..right.clone() });
    assert!(ends.iter().all(|check| seen.iter().any(|name| name.contains(check))), "{seen:?}");
    // Full batches that end in datapoints as well.
    turns(Prediction { gap: 1.0, ..right.clone() }, &["b = m instead"], 1);
    // Pure neurons.
    turns(Prediction { fourth_powers: |_| 1.0, ..right.clone() }, &["mean of Σ_i C_1i⁴"], 1);
    // Sets with the odds of their squared volume: neither runs nor closed forms have them, and the guess is no worse.
    let by_volume = |c: &_, tolerance, seed| {
        let odds = subspace::odds(c, tolerance, seed);
        Odds { probabilities: subspace::by_volume(&subspace::cosines(c)), ..odds }
    };
    turns(
        Prediction { odds: by_volume, ..right.clone() },
        &["P-value of the odds", "Monte Carlo for the odds"],
        2,
    );
    // A dropped sample with the odds of the one that is kept; neurons with even odds.
    let kept = |c: &_, tolerance, seed| {
        let mut odds = subspace::dropped(c, tolerance, seed);
        odds.probabilities.reverse();
        odds
    };
    turns(
        Prediction { dropped: kept, ..right.clone() },
        &["P-value of the odds", "Monte Carlo for the odds"],
        2,
    );
    turns(
        Prediction { pair: |_| 0.5, ..right.clone() },
        &["P-value of the odds", "Monte Carlo for the odds"],
        2,
    );
    // A guess that is the law.
    let law = |cosines: &[f64]| {
        assert_eq!(cosines.len(), 6);
        vec![0.2709, 0.2063, 0.3197, 0.0181, 0.1247, 0.0603]
    };
    turns(Prediction { guess: law, ..right.clone() }, &["of the guess π̂_S²"], 1);
    // A clock that does not know the batch; one neuron's fall.
    let slow = |m, _, eta| selection::diffusion_rate(m, 1, eta);
    turns(Prediction { diffusion_rate: slow, ..right.clone() }, &["κT/m less the fall"], 1);
    turns(Prediction { fall: |m, _| subspace::fall(m, 1), ..right.clone() }, &["κT/m less the fall"], 1);
    // Sets of one weight, whatever the start; and sets that are weighted by nothing.
    let even = |_: &nalgebra::DMatrix<f64>| vec![1.0 / 6f64.sqrt(); 6];
    turns(Prediction { weights: even, ..right.clone() }, &["E[e^{A/2}; S wins]"], 1);
    let odds = |_: &nalgebra::DMatrix<f64>| vec![0.2709, 0.2063, 0.3197, 0.0181, 0.1247, 0.0603];
    let seen = planted.turns(&Prediction { weights: odds, ..right });
    assert!(seen.iter().any(|name| name.contains("of the plain odds instead")), "{seen:?}");
    planted.complete();
}
