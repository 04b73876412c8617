//! Wrong theories of `cyclic_limit`, each of which turns the checks that it is about.

use puremix::claims::cyclic_limit;
use puremix::limit_set::LimitSet;
use puremix::model::Activation;
use puremix::theory::cyclic;
use puremix::verdict::Verdict;

use super::{context, verdict};

#[test]
fn every_check_can_fail() {
    use cyclic_limit::{Options, Prediction, findings};
    let of = |prediction: Prediction| verdict(findings(&context(), &Options::default(), &prediction));
    let right = Prediction::default();
    assert_eq!(of(right.clone()), Verdict::Reproduced);
    // The other datapoint.
    let other = |c0: &[f64]| cyclic::theorem_4(c0).map(|_| LimitSet::Datapoints(vec![0, 1]));
    assert_eq!(of(Prediction { theorem: other, ..right.clone() }), Verdict::Refuted);
    // A conjecture that the largest correlation always wins.
    fn greedy(c0: &[f64], _: Activation) -> LimitSet {
        let best = c0.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        LimitSet::Datapoints(c0.iter().map(|&c| i8::from(c == best)).collect())
    }
    assert_eq!(of(Prediction { conjecture: greedy, ..right.clone() }), Verdict::Refuted);
    // A rate that is off by a thousandth.
    assert_eq!(of(Prediction { rate: |m, eta| 1.001 * cyclic::rate(m, eta), ..right }), Verdict::Refuted);
}
