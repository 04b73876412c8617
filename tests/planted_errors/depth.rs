//! Wrong theories of `depth`, each of which turns the checks that it is about.

use puremix::claims::depth::Prediction;
use puremix::theory::depth as law;

use super::planted;

#[test]
fn every_check_can_fail() {
    let planted = planted!(depth);
    let right = Prediction::default();
    // A run of the protocol sees errors of several kinds, each about checks of its own. A fair draw. Norm that grows by more. A full batch that moves.
    planted.turns_only(
        Prediction { pair: |_| 0.5, least_log_norm: 2.0, full_batch: 1.0 + 1e-9, ..right.clone() },
        &["arctan(c_1/c_2) at the end", "mean of log N", "full batch"],
    );
    // A mean that forgets the start. A recursion that is apart from the model. Another loss, which turns the pooled count and that of the weakest cell.
    let mean = |_| law::mean_integrated_impurity([1.0, 1.0]);
    let loss = |samples| 0.5 - 1.0 / samples as f64;
    planted.turns_only(
        Prediction { mean, beside: 1e-6, loss, ..right.clone() },
        &["mean of A, told", "beside the recursion", "end in a datapoint", "weakest"],
    );
    // A martingale that forgets it. A balance of two layers at every depth.
    let balance = |_, norm_sq| law::integrated_impurity(2, norm_sq);
    planted.turns_only(
        Prediction { martingale: |_| 2.4, balance, ..right },
        &["mean of e^{A/2}", "minus A told"],
    );
    planted.complete();
}
