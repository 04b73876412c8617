//! Cosines against sizes, with their standard errors and what theory expects.

use super::super::Table;
use super::Prediction;
use super::laws::{Alignment, Size};
use crate::model::Activation;
use crate::stats::Mean;

/// One row an axis, activation, algorithm, quantity and size. `relation` says how the prediction is meant.
pub(super) fn table() -> Table {
    let header = [
        "axis",
        "activation",
        "algorithm",
        "quantity",
        "samples",
        "dim",
        "runs",
        "mean",
        "standard_error",
        "predicted",
        "relation",
    ];
    Table::new("alignment", &header)
}

/// Adds the rows of one sweep, over `m` or `n`.
pub(super) fn record(
    table: &mut Table,
    axis: &str,
    activation: Activation,
    sizes: &[Size],
    prediction: &Prediction,
) {
    for size in sizes {
        let &Size { samples, dim, .. } = size;
        let max_cos = (prediction.gd_max_cos)(samples, activation);
        let squared = (prediction.gd_cos_init_squared)(samples, dim, activation);
        let bound = (prediction.sgd_cos_init_bound)(samples, dim, activation);
        let mut row = |algorithm: &str,
                       quantity: &str,
                       runs: &[Alignment],
                       of: fn(&Alignment) -> f64,
                       (predicted, relation): (f64, &str)| {
            let mean = Mean::of(&runs.iter().map(of).collect::<Vec<_>>());
            table.push(&[
                &axis,
                &activation.name(),
                &algorithm,
                &quantity,
                &samples,
                &dim,
                &runs.len(),
                &mean.mean,
                &mean.sem,
                &predicted,
                &relation,
            ]);
        };
        row("GD", "max_cos", &size.gd, |run| run.max_cos, (max_cos, "equal"));
        row("GD", "cos_init_squared", &size.gd, |run| run.cos_init.powi(2), (squared, "equal"));
        row("SGD", "max_cos", &size.sgd, |run| run.max_cos, (1.0, "equal"));
        row("SGD", "cos_init", &size.sgd, |run| run.cos_init, (bound, "at_most"));
    }
}
