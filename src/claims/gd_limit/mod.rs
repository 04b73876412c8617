//! Theorem 1: full-batch gradient descent ends in the mixture of all active datapoints.

mod cells;
mod compare;
mod controls;
mod figure;
mod portrait;
mod tails;
mod tolerances;
mod trainings;

use std::path::PathBuf;

use crate::error::Result;
use crate::limit_set::LimitSet;
use crate::model::Activation;
use crate::study::words::{bent, by_the_reduced_engine};
use crate::study::{Context, Effort, Kind, Part, Protocol, Study, of_parts};
use crate::theory::gd::{self, Radial};
use crate::verdict::Register;
use tolerances::Tolerances;

/// The claim.
pub const STUDY: Study = Study {
    id: "gd_limit",
    kind: Kind::Paper,
    joins: Effort::Quick,
    number: 1,
    level: 1e-6,
    title: "full-batch GD ends in the mixture of all datapoints",
    theorem: "Theorem 1",
    source: "GFHY Theorem 1",
    statement: "Full-batch gradient descent from w_0 with ‖w_0‖ < 1, Πw_0 ≠ 0 and step size at most 1/5 converges to \
                Πw_0/‖Πw_0‖; with ReLU, unless S⁺ = {i : c_i(0) > 0} is empty, to Σ_{i∈S⁺} c_i(0) a_i, normalised.",
    formula: r"w_t \;\to\; w_{\mathrm{GD}} = \frac{\Pi w_0}{\lVert \Pi w_0 \rVert} \quad (b = m), \qquad \text{ReLU:}\quad w_{\mathrm{GD}} = \frac{\sum_{i \in S^+} c_i(0)\, a_i}{\bigl(\sum_{i \in S^+} c_i(0)^2\bigr)^{1/2}}",
    figures: &[&figure::FIGURE],
    protocol: |context, register| protocol(context, &Options::default(), &Prediction::default(), register),
};

/// What the command line may bend.
#[derive(Clone, Debug, Default, clap::Args, serde::Serialize)]
pub struct Options {
    /// Number of samples m (default: a range of sizes).
    #[arg(long)]
    pub samples: Option<usize>,
    /// Dimension n (default: that of each size, or m).
    #[arg(long)]
    pub dim: Option<usize>,
    /// Step size η (default: several up to the theorem's 1/5).
    #[arg(long, allow_negative_numbers = true)]
    pub step_size: Option<f64>,
    /// Norm of the initial point.
    #[arg(long, allow_negative_numbers = true)]
    pub init_norm: Option<f64>,
    /// Orthonormal rows of your own instead of random ones, a matrix [m, n].
    #[arg(long, value_name = "FILE", conflicts_with_all = ["samples", "dim"])]
    pub data: Option<PathBuf>,
}

/// The theory that is put to the test.
#[derive(Clone, Debug)]
pub struct Prediction {
    /// Limit from the initial correlations.
    pub limit: fn(&[f64], Activation) -> Option<LimitSet>,
    /// One step of the scalar recursion.
    pub step: fn(Radial, f64) -> Radial,
    /// Shrinkage of the radial error per step, from `μ`.
    pub radial_rate: fn(f64) -> f64,
    /// Shrinkage of the residual per step, from `μ`.
    pub transverse_rate: fn(f64) -> f64,
    /// How far a dead ReLU start moves.
    pub dead_movement: f64,
    /// Least distance that the controls must keep: a little less than that of the limits they tell apart.
    pub apart: f64,
}

impl Default for Prediction {
    fn default() -> Self {
        Self {
            limit: gd::limit,
            step: Radial::step,
            radial_rate: gd::radial_rate,
            transverse_rate: gd::transverse_rate,
            dead_movement: 0.0,
            apart: 0.1,
        }
    }
}

/// Registers what the claim is held to; what it measures comes after.
///
/// # Errors
/// Bad options: see [`Dataset`](crate::data::Dataset), [`Problem::new`](crate::problem::Problem::new) and
/// [`Start::gaussian`](crate::init::Start::gaussian).
pub fn protocol(
    context: &Context,
    options: &Options,
    prediction: &Prediction,
    register: &mut Register,
) -> Result<Protocol> {
    let tolerances = Tolerances::of(context.compute.precision());
    let is_range = options.data.is_none() && options.samples.is_none() && options.dim.is_none();
    let mut parts = vec![trainings::sizes(context, options, prediction, &tolerances, is_range, register)?];
    if is_range {
        parts.push(trainings::large(context, options, prediction, register)?);
        parts.push(tails::rates(context, prediction, &tolerances, register)?);
    }
    parts.push(last(context, options, prediction, is_range));
    Ok(of_parts(parts))
}

/// The picture, and what is said of the options and engines.
fn last(context: &Context, options: &Options, prediction: &Prediction, is_range: bool) -> Part {
    let reduced = if is_range { "The larger sizes and SGD of the controls" } else { "SGD of the controls" };
    let notes = [bent(options.step_size, options.init_norm), by_the_reduced_engine(context, reduced)];
    let (options, prediction) = (options.clone(), prediction.clone());
    Box::new(move |lab, findings| {
        findings.notes.extend(notes.into_iter().flatten());
        findings.tables.push(portrait::table(lab, &options, &prediction)?);
        Ok(())
    })
}
