//! Wrong theories of `sgd_limit`, each of which turns the checks that it is about.

use puremix::claims::sgd_limit;
use puremix::limit_set::LimitSet;
use puremix::model::Activation;
use puremix::theory::{gd, sgd};
use puremix::verdict::Verdict;

use super::{context, refuted, verdict};

#[test]
fn every_check_can_fail() {
    use sgd_limit::{Options, Prediction, findings};
    let of = |prediction: Prediction| verdict(findings(&context(), &Options::default(), &prediction));
    assert_eq!(of(Prediction::default()), Verdict::Reproduced);
    // Signs: the linear model ends at +a_i or −a_i by the sign of c_i(0), not always at +a_i.
    fn positive(c0: &[f64], activation: Activation) -> LimitSet {
        let signs = c0.iter().map(|&c| i8::from(activation.admits(c))).collect();
        LimitSet::Datapoints(signs)
    }
    let right = Prediction::default();
    assert_eq!(of(Prediction { limit_set: positive, ..right.clone() }), Verdict::Refuted);
    // The same of small initial norms alone: counts of all cells together and of the weakest see it.
    fn if_small(c0: &[f64], activation: Activation) -> LimitSet {
        let small = c0.iter().map(|c| c * c).sum::<f64>() < 0.051 * 0.051;
        if small { positive(c0, activation) } else { sgd::limit_set(c0, activation) }
    }
    let names = |prediction| refuted(findings(&context(), &Options::default(), &prediction));
    let seen = names(Prediction { limit_set: if_small, ..right.clone() });
    assert!(seen.len() == 4 && seen.iter().all(|name| name.contains("‖w_0‖ = 0.05")), "{seen:?}");
    assert_eq!(
        seen.iter().filter(|name| name.starts_with("… in the weakest of these cells")).count(),
        2,
        "{seen:?}"
    );
    // The winner a matter of the start alone: other batches, the same datapoint. And a mixture far from every datapoint.
    let seen = names(Prediction { beside: |replica| replica + 1, ..right.clone() });
    assert_eq!(seen, ["… in another datapoint than the reduced engine on the same batches"]);
    let seen = names(Prediction { apart: 2.0, ..right.clone() });
    assert_eq!(seen, ["b = m: smallest distance to a datapoint"]);
    // Only the arg-max may win: plausible, and wrong.
    fn greedy(c0: &[f64], activation: Activation) -> LimitSet {
        let LimitSet::Datapoints(signs) = sgd::limit_set(c0, activation) else { unreachable!() };
        let best = c0.iter().zip(&signs).map(|(c, s)| c * f64::from(*s)).fold(0.0, f64::max);
        let keep = |(c, s): (&f64, &i8)| if c * f64::from(*s) == best { *s } else { 0 };
        LimitSet::Datapoints(c0.iter().zip(&signs).map(keep).collect())
    }
    assert_eq!(of(Prediction { limit_set: greedy, ..right.clone() }), Verdict::Refuted);
    // SGD does not end where gradient descent does.
    fn mixture(c0: &[f64], activation: Activation) -> LimitSet {
        gd::limit(c0, activation).unwrap_or_else(|| sgd::limit_set(c0, activation))
    }
    assert_eq!(of(Prediction { limit_set: mixture, ..right }), Verdict::Refuted);
}
