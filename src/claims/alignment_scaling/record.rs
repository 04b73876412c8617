//! Cosines against sizes, with their standard errors and what theory expects.

use super::super::Table;

use super::laws::{Pair, Sweep, of};
use crate::stats::Mean;

/// One row an axis, activation, reduction, algorithm, quantity and size. `relation` says how the prediction is meant.
pub(super) fn table(sweeps: &[Sweep]) -> Table {
    let header = [
        "axis",
        "activation",
        "reduction",
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
    let mut table = Table::new("alignment", &header);
    sweeps.iter().for_each(|sweep| record(&mut table, sweep));
    table
}

/// Adds the rows of one sweep, over `m` or `n`.
fn record(table: &mut Table, sweep: &Sweep) {
    let activation = sweep.activation;
    for size in &sweep.sizes {
        let (samples, dim) = (size.samples, size.dim);
        let expected = size.expected;
        let root = (dim as f64).sqrt();
        let mut row =
            |algorithm: &str, quantity: &str, scale: f64, value: fn(&Pair) -> f64, (predicted, relation)| {
                let (predicted, relation): (f64, &str) = (predicted, relation);
                let mean = Mean::of(&of(size, value));
                table.push(&[
                    &sweep.axis,
                    &activation.name(),
                    &sweep.reduction.name(),
                    &algorithm,
                    &quantity,
                    &samples,
                    &dim,
                    &mean.n,
                    &(scale * mean.mean),
                    &(scale * mean.sem),
                    &predicted,
                    &relation,
                ]);
            };
        row("GD", "max_cos", 1.0, |pair| pair.gd.max_cos, (expected.max_cos, "equal"));
        row(
            "GD",
            "cos_init_squared",
            1.0,
            |pair| pair.gd.cos_init.powi(2),
            (expected.cos_init_squared, "equal"),
        );
        row("GD", "participation", 1.0, |pair| pair.gd.participation, (expected.participation, "equal"));
        row("SGD", "max_cos", 1.0, |pair| pair.sgd.max_cos, (1.0, "equal"));
        row("SGD", "cos_init", 1.0, |pair| pair.sgd.cos_init, (expected.sgd_cos_init, "at_most"));
        row(
            "SGD",
            "sqrt_n_cos_init",
            root,
            |pair| pair.sgd.cos_init,
            (root * expected.sgd_cos_init, "at_most"),
        );
    }
}
