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
    // A run of the protocol sees one error of every kind. A fair draw. A balance that leaves out what the other layers give, which moves both means.
    // A full batch that moves. A recursion that is apart from the model. Another loss.
    turns(
        Prediction {
            pair: |_| 0.5,
            balance: |_, norm_sq| norm_sq.ln(),
            full_batch: 1.0 + 1e-9,
            beside: 1e-6,
            loss: |samples| 0.5 - 1.0 / samples as f64,
            ..right.clone()
        },
        &[
            "arctan(c_1/c_2) at the end",
            "mean of A, told",
            "mean of e^{A/2}",
            "minus A told",
            "full batch",
            "beside the recursion",
            "end in a datapoint",
            "weakest",
        ],
        8,
    );
    // A mean that forgets the start. A martingale that does. Norm that grows by more.
    turns(
        Prediction {
            mean: |_| law::mean_integrated_impurity([1.0, 1.0]),
            martingale: |_| 2.4,
            least_log_norm: 2.0,
            ..right.clone()
        },
        &["mean of A, told", "mean of e^{A/2}", "mean of log N"],
        3,
    );
    // A balance of two layers at every depth.
    let balance = |_, norm_sq| law::integrated_impurity(2, norm_sq);
    turns(Prediction { balance, ..right }, &["minus A told"], 1);
    planted.complete();
}
