//! Wrong theories of `cyclic_limit`, each of which turns the checks that it is about.

use puremix::claims::cyclic_limit::Prediction;
use puremix::limit_set::LimitSet;
use puremix::model::Activation;
use puremix::theory::{cyclic, sgd};

use super::planted;

/// The other datapoint.
pub fn other(c0: &[f64]) -> Option<LimitSet> {
    cyclic::theorem_4(c0).map(|_| LimitSet::Datapoints(vec![0, 1]))
}

/// On a tie the sample visited last wins.
fn last_of_even(c0: &[f64]) -> Option<LimitSet> {
    if c0[0] == c0[1] { other(c0) } else { cyclic::theorem_4(c0) }
}

/// The largest correlation always wins.
fn greedy(c0: &[f64], _: Activation) -> LimitSet {
    let best = c0.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    LimitSet::Datapoints(c0.iter().map(|&c| i8::from(c == best)).collect())
}

#[test]
fn every_check_can_fail() {
    let planted = planted!(cyclic_limit);
    let right = Prediction::default();
    let turns = |prediction: Prediction, checks: &[&str]| {
        let seen = planted.turns(prediction);
        let is_it = |(name, check): (&String, &&str)| name.contains(check);
        assert!(seen.len() == checks.len() && seen.iter().zip(checks).all(is_it), "{seen:?}");
    };
    let region = ["fraction of its region", "on its edge", "trainings of the Burn model", "order reversed"];
    turns(Prediction { theorem: other, ..right.clone() }, &region);
    turns(Prediction { theorem: last_of_even, ..right.clone() }, &region);
    turns(Prediction { conjecture: greedy, ..right.clone() }, &["the conjecture, for almost every start"]);
    // A rate that is off by a millionth and a half.
    let rate = |m, eta| (1.0 + 1.5e-6) * cyclic::rate(m, eta);
    turns(Prediction { rate, ..right.clone() }, &["at the rate log 1/(1−η²)"]);
    // The sample visited first wins beyond the theorem's edge too; the full batch selects; a block evens out.
    turns(Prediction { winner: |_, _, _| 0, ..right.clone() }, &["beyond the edge"]);
    let full_batch = |c0: &[f64], activation| Some(sgd::limit_set(c0, activation));
    turns(Prediction { full_batch, ..right.clone() }, &["with the full batch"]);
    turns(Prediction { ratio: f64::signum, ..right }, &["a block of two survives"]);
    planted.complete();
}
