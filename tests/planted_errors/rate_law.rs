//! Wrong theories of `rate_law`, each of which turns the checks that it is about.

use puremix::claims::rate_law::Prediction;
use puremix::schedule::ScheduleKind;
use puremix::theory::rate::{self, StepLaw};
use puremix::theory::sgd;

use super::planted;

#[test]
fn every_check_can_fail() {
    let planted = planted!(rate_law);
    let right = Prediction::default();
    // A run of the protocol sees one error of every kind; which check an error is about, its name tells.
    let turned = |prediction: Prediction, kinds: [(&str, usize); 4]| {
        let seen = planted.turns(prediction);
        let of_steps: Vec<String> =
            seen.iter().filter(|name| kinds.iter().all(|(kind, _)| !name.contains(kind))).cloned().collect();
        for (kind, count) in kinds {
            assert_eq!(seen.iter().filter(|name| name.contains(kind)).count(), count, "{kind}: {seen:?}");
        }
        of_steps
    };
    let kinds = |blocks, slowest, best, time| {
        [
            ("any loser from its rate", blocks),
            ("slowest losers", slowest),
            ("batch size with the fewest", best),
            ("mean κT", time),
        ]
    };
    // With replacement, the leading order for the exact expectation. Every loser of cyclic batches as far from the winner as the next. Neighbours
    // as slow as at b = 1, whatever b and m have in common. Half of the samples always best. A walk of drift 1 from the beginning, as if there were
    // no leader to be found first.
    let seen = turned(
        Prediction {
            law: leading,
            blocks: |m, b, _, _, eta| rate::cyclic_blocks(m, b, 0, 1, eta),
            slowest: |_, _| 1,
            best: |m, _, _, _| m / 2,
            pair_time: |_, far| far,
        },
        kinds(4, 2, 3, 2),
    );
    assert!(seen.iter().any(|name| name.starts_with("replacement, m = 4, b = 3")), "{seen:?}");
    assert!(seen.iter().all(|name| name.starts_with("replacement")), "{seen:?}");
    // Epochs, and the full batch, as fast as draws with replacement. Neighbours b times as fast. One sample best.
    let seen = turned(
        Prediction { law: replaced, slowest: |_, b| b, best: |_, _, _, _| 1, ..right.clone() },
        kinds(0, 3, 1, 0),
    );
    assert!(seen.iter().any(|name| name.starts_with("reshuffle") && name.ends_with("rate λ")), "{seen:?}");
    // As if the winner's own draws were free of the loser's: (m − 1)/m of the rate. One sample more than half best.
    let seen = turned(
        Prediction { law: independent, best: |m, _, _, _| m / 2 + 1, ..right.clone() },
        kinds(0, 0, 4, 0),
    );
    let random = seen.iter().filter(|name| name.ends_with("rate λ")).count();
    let certain = seen.iter().filter(|name| name.ends_with("any loser from λ")).count();
    assert_eq!((random, certain), (10, 3), "{seen:?}");
    // A walk wider by 30 %.
    let seen = turned(Prediction { law: wider, ..right }, kinds(0, 0, 0, 0));
    assert!(seen.len() == 10 && seen.iter().all(|name| name.contains("variance of the walk")), "{seen:?}");
    planted.complete();
}

/// The leading order for draws with replacement.
fn leading(kind: ScheduleKind, m: usize, b: usize, eta: f64) -> Option<StepLaw> {
    let law = rate::step_law(kind, m, b, eta)?;
    let leading = sgd::rate_with_replacement(m, b, eta);
    Some(StepLaw { rate: if kind == ScheduleKind::Replacement { leading } else { law.rate }, ..law })
}

/// Draws with replacement in the place of epochs and full batches.
fn replaced(kind: ScheduleKind, m: usize, b: usize, eta: f64) -> Option<StepLaw> {
    let law = rate::step_law(kind, m, b, eta)?;
    let epochs = matches!(kind, ScheduleKind::Reshuffle | ScheduleKind::Gd);
    Some(StepLaw { rate: if epochs { sgd::rate_with_replacement(m, b, eta) } else { law.rate }, ..law })
}

/// Draws of the winner that do not depend on those of the loser.
fn independent(kind: ScheduleKind, m: usize, b: usize, eta: f64) -> Option<StepLaw> {
    let law = rate::step_law(kind, m, b, eta)?;
    Some(StepLaw { rate: law.rate * (m as f64 - 1.0) / m as f64, ..law })
}

/// A variance that is too large.
fn wider(kind: ScheduleKind, m: usize, b: usize, eta: f64) -> Option<StepLaw> {
    let law = rate::step_law(kind, m, b, eta)?;
    Some(StepLaw { variance: 1.3 * law.variance, ..law })
}
