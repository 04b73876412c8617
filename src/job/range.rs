//! The numbers that a precision can hold.

use super::TrainOptions;
use crate::device::Precision;
use crate::error::{Error, Result};
use crate::problem::Problem;
use crate::update::{Rule, Update};
use crate::vectors::largest_size;

/// A range, and what a precision has in it.
type Range = ([f64; 2], &'static str);

/// Squares that a precision has, and its positive numbers.
const fn ranges(precision: Precision) -> [Range; 2] {
    match precision {
        Precision::F32 => [
            ([1e-18, 1e18], "single precision has squares of 1e-18 to 1e18"),
            (
                [f32::MIN_POSITIVE as f64, f32::MAX as f64],
                "single precision has positive numbers from 1.2e-38 to 3.4e38",
            ),
        ],
        Precision::F64 => [
            ([1e-150, 1e150], "double precision has squares of 1e-150 to 1e150"),
            ([f64::MIN_POSITIVE, f64::MAX], "double precision has positive numbers from 2.2e-308 to 1.8e308"),
        ],
    }
}

/// Refuses numbers of which a precision has no squares, or that it does not tell from 0 or infinity: they would turn into
/// those without a word.
///
/// # Errors
/// [`Error::Usage`].
pub(super) fn fits(precision: Precision, options: &TrainOptions, problem: &Problem) -> Result<()> {
    let [squares, numbers] = ranges(precision);
    let check = |what: &str, size: f64, ([low, high], has): Range, is_entry: bool| {
        if size == 0.0 || (low..=high).contains(&size) {
            return Ok(());
        }
        let remedies = [
            (precision == Precision::F32, "--precision f64"),
            (is_entry && options.has_own_norms(), "--normalise unit"),
        ];
        let remedies: Vec<&str> =
            remedies.into_iter().filter(|(helps, _)| *helps).map(|(_, it)| it).collect();
        let take = if remedies.is_empty() { "" } else { "; take " };
        Err(Error::Usage(format!("{what} is {size:?}: {has}{take}{}", remedies.join(", or "))))
    };
    let largest = problem.dataset().rows().map_or(1.0, |rows| largest_size(rows.iter().copied()));
    check("--init-norm", options.init_norm, squares, false)?;
    check("the largest entry of the samples", largest, squares, true)?;
    let Update { rule, weight_decay, .. } = *problem.update();
    for (what, size) in [
        ("--step-size", problem.step_size()),
        ("--weight-decay", weight_decay),
        ("--label-noise", problem.noise().label),
        ("--gradient-noise", problem.noise().gradient),
    ] {
        check(what, size, numbers, false)?;
    }
    match rule {
        // A gradient of 0 would be divided by it.
        Rule::RmsProp { epsilon, .. } | Rule::Adam { epsilon, .. } => {
            check("ε of the update rule", epsilon, numbers, false)
        }
        _ => Ok(()),
    }
}
