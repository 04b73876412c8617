//! Wrong theories of `rate_law`, each of which turns the checks that it is about.

use puremix::claims::rate_law;
use puremix::theory::sgd;
use puremix::verdict::Verdict;

use super::{context, refuted, verdict};

#[test]
fn every_check_can_fail() {
    use puremix::schedule::ScheduleKind;
    use puremix::theory::rate as theory;
    use rate_law::{Options, Prediction, findings};
    let names = |prediction: Prediction| refuted(findings(&context(), &Options::default(), &prediction));
    let of = |prediction: Prediction| verdict(findings(&context(), &Options::default(), &prediction));
    let right = Prediction::default();
    assert_eq!(of(right.clone()), Verdict::Reproduced);
    // With replacement, the leading order for the exact expectation.
    fn leading(kind: ScheduleKind, m: usize, b: usize, eta: f64) -> Option<theory::StepLaw> {
        let law = theory::step_law(kind, m, b, eta)?;
        let rate =
            if kind == ScheduleKind::Replacement { sgd::rate_with_replacement(m, b, eta) } else { law.rate };
        Some(theory::StepLaw { rate, ..law })
    }
    let seen = names(Prediction { law: leading, ..right.clone() });
    assert!(seen.iter().any(|name| name.starts_with("replacement, m = 4, b = 3")), "{seen:?}");
    // Epochs as fast as draws with replacement.
    fn epochs(kind: ScheduleKind, m: usize, b: usize, eta: f64) -> Option<theory::StepLaw> {
        let law = theory::step_law(kind, m, b, eta)?;
        let rate =
            if kind == ScheduleKind::Reshuffle { sgd::rate_with_replacement(m, b, eta) } else { law.rate };
        Some(theory::StepLaw { rate, ..law })
    }
    assert_eq!(of(Prediction { law: epochs, ..right.clone() }), Verdict::Refuted);
    // Without replacement, as if the winner's own draws were free of the loser's: (m − 1)/m of the rate.
    fn slower(kind: ScheduleKind, m: usize, b: usize, eta: f64) -> Option<theory::StepLaw> {
        let law = theory::step_law(kind, m, b, eta)?;
        let rate = if kind == ScheduleKind::Sgd { law.rate * (m as f64 - 1.0) / m as f64 } else { law.rate };
        Some(theory::StepLaw { rate, ..law })
    }
    let seen = names(Prediction { law: slower, ..right.clone() });
    assert!(seen.iter().any(|name| name.starts_with("sgd, m = ") && name.ends_with("rate λ")), "{seen:?}");
    // A walk wider by a seventh, where there are runs enough to see it.
    fn wider(kind: ScheduleKind, m: usize, b: usize, eta: f64) -> Option<theory::StepLaw> {
        let law = theory::step_law(kind, m, b, eta)?;
        Some(theory::StepLaw { variance: 1.3 * law.variance, ..law })
    }
    let seen = names(Prediction { law: wider, ..right.clone() });
    assert!(seen.iter().any(|name| name.contains("variance of the walk")), "{seen:?}");
    // Every loser of cyclic batches as far from the winner as the next.
    let anywhere = |m: usize, b: usize, _: usize, _: usize, eta: f64| theory::cyclic_blocks(m, b, 0, 1, eta);
    assert_eq!(of(Prediction { blocks: anywhere, ..right.clone() }), Verdict::Refuted);
    // Neighbours as slow as at b = 1, whatever b and m have in common.
    let seen = names(Prediction { slowest: |_, _| 1, ..right.clone() });
    assert_eq!(seen.len(), 2, "{seen:?}");
    assert!(seen.iter().all(|name| name.contains("slowest losers")), "{seen:?}");
    assert_eq!(of(Prediction { best: |m, _, _, _| m / 2, ..right.clone() }), Verdict::Refuted);
    assert_eq!(of(Prediction { pair_time: |_, far| far, ..right }), Verdict::Refuted);
}
