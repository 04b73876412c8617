//! Wrong theories of `depth`, each of which turns the checks that it is about.

use puremix::claims::depth::{self, Options, Prediction};
use puremix::theory::depth as law;

use super::Planted;

#[test]
fn every_check_can_fail() {
    let planted = Planted::new(
        |context, prediction| depth::findings(context, &Options::default(), prediction),
        depth::STUDY.protocol,
    );
    let right = Prediction::default();
    let turns = |prediction: Prediction, checks: &[&str], count: usize| {
        let seen = planted.turns(&prediction);
        for check in checks {
            assert!(seen.iter().any(|name| name.contains(check)), "`{check}` does not turn: {seen:?}");
        }
        assert_eq!(seen.len(), count, "{seen:?}");
    };
    // A fair draw.
    turns(Prediction { pair: |_| 0.5, ..right.clone() }, &["arctan(c_1/c_2) at the end"], 1);
    // A mean that forgets the start.
    let mean = |_| law::mean_integrated_impurity([1.0, 1.0]);
    turns(Prediction { mean, ..right.clone() }, &["mean of A, told"], 1);
    // A martingale that does.
    turns(Prediction { martingale: |_| 2.4, ..right.clone() }, &["mean of e^{A/2}"], 1);
    // Norm that grows by more.
    turns(Prediction { least_log_norm: 2.0, ..right.clone() }, &["mean of log N"], 1);
    // A full batch that moves. A recursion that is apart from the model. Another loss, which turns the pooled count and that of the weakest cell.
    turns(Prediction { full_batch: 1.0 + 1e-9, ..right.clone() }, &["full batch"], 1);
    turns(Prediction { beside: 1e-6, ..right.clone() }, &["beside the recursion"], 1);
    let loss = |samples| 0.5 - 1.0 / samples as f64;
    turns(Prediction { loss, ..right.clone() }, &["end in a datapoint", "weakest"], 2);
    // A balance of two layers at every depth.
    let balance = |_, norm_sq| law::integrated_impurity(2, norm_sq);
    turns(Prediction { balance, ..right }, &["minus A told"], 1);
    planted.complete();
}
