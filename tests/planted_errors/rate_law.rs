//! Wrong theories of `rate_law`, each of which turns the checks that it is about.

use puremix::claims::rate_law::{self, Options, Prediction, findings};
use puremix::schedule::ScheduleKind;
use puremix::theory::rate::{self, StepLaw};
use puremix::theory::sgd;

use super::Planted;

#[test]
fn every_check_can_fail() {
    let planted = Planted::new(
        |context, prediction| findings(context, &Options::default(), prediction),
        rate_law::STUDY.protocol,
    );
    let right = Prediction::default();
    assert!(planted.holds(&right));
    let names = |prediction: Prediction| planted.turns(&prediction);
    laws(&right, names);
    // Every loser of cyclic batches as far from the winner as the next.
    let anywhere = |m: usize, b: usize, _: usize, _: usize, eta: f64| rate::cyclic_blocks(m, b, 0, 1, eta);
    let seen = names(Prediction { blocks: anywhere, ..right.clone() });
    assert!(seen.len() == 4 && seen.iter().all(|name| name.contains("any loser from its rate")), "{seen:?}");
    // Neighbours as slow as at b = 1, whatever b and m have in common; and b times as fast.
    let seen = names(Prediction { slowest: |_, _| 1, ..right.clone() });
    assert!(seen.len() == 2 && seen.iter().all(|name| name.contains("slowest losers")), "{seen:?}");
    let seen = names(Prediction { slowest: |_, b| b, ..right.clone() });
    assert!(seen.len() == 3 && seen.iter().all(|name| name.contains("slowest losers")), "{seen:?}");
    // Half of the samples always best, and one sample.
    assert_eq!(names(Prediction { best: |m, _, _, _| m / 2, ..right.clone() }).len(), 3);
    let seen = names(Prediction { best: |_, _, _, _| 1, ..right.clone() });
    assert_eq!(seen, ["m = 8, sum: batch size with the fewest steps"]);
    assert_eq!(names(Prediction { best: |m, _, _, _| m / 2 + 1, ..right.clone() }).len(), 4);
    // A walk of drift 1 from the beginning, as if there were no leader to be found first.
    assert_eq!(names(Prediction { pair_time: |_, far| far, ..right }).len(), 2);
    planted.complete();
}

/// The laws of a step.
fn laws(right: &Prediction, names: impl Fn(Prediction) -> Vec<String>) {
    let about = |kind: ScheduleKind, law: fn(ScheduleKind, usize, usize, f64) -> Option<StepLaw>| {
        let (seen, start) = (names(Prediction { law, ..right.clone() }), kind.name());
        assert!(seen.iter().any(|name| name.starts_with(start) && name.ends_with("rate λ")), "{seen:?}");
        seen
    };
    fn with_rate(kind: ScheduleKind, m: usize, b: usize, eta: f64, rate: f64) -> Option<StepLaw> {
        Some(StepLaw { rate, ..rate::step_law(kind, m, b, eta)? })
    }
    // With replacement, the leading order for the exact expectation.
    let seen = about(ScheduleKind::Replacement, |kind, m, b, eta| {
        let exact = rate::step_law(kind, m, b, eta)?.rate;
        let leading = sgd::rate_with_replacement(m, b, eta);
        with_rate(kind, m, b, eta, if kind == ScheduleKind::Replacement { leading } else { exact })
    });
    assert!(seen.iter().any(|name| name.starts_with("replacement, m = 4, b = 3")), "{seen:?}");
    // Epochs, and the full batch, as fast as draws with replacement.
    about(ScheduleKind::Reshuffle, |kind, m, b, eta| {
        let exact = rate::step_law(kind, m, b, eta)?.rate;
        let replaced = sgd::rate_with_replacement(m, b, eta);
        let epochs = matches!(kind, ScheduleKind::Reshuffle | ScheduleKind::Gd);
        with_rate(kind, m, b, eta, if epochs { replaced } else { exact })
    });
    // As if the winner's own draws were free of the loser's: (m − 1)/m of the rate.
    let seen = about(ScheduleKind::Sgd, |kind, m, b, eta| {
        let exact = rate::step_law(kind, m, b, eta)?.rate;
        with_rate(kind, m, b, eta, exact * (m as f64 - 1.0) / m as f64)
    });
    let random = seen.iter().filter(|name| name.ends_with("rate λ")).count();
    let certain = seen.iter().filter(|name| name.ends_with("any loser from λ")).count();
    assert_eq!((random, certain), (10, 3), "{seen:?}");
    // A walk wider by 30 %.
    let wider = |kind, m, b, eta| {
        let law = rate::step_law(kind, m, b, eta)?;
        Some(StepLaw { variance: 1.3 * law.variance, ..law })
    };
    let seen = names(Prediction { law: wider, ..right.clone() });
    assert!(seen.len() == 10 && seen.iter().all(|name| name.contains("variance of the walk")), "{seen:?}");
}
