//! Theorem 2: any batch smaller than the data ends in one pure datapoint, almost surely.

mod arrivals;
mod burn;
mod controls;
mod ends;
mod engines;
mod figures;
mod settings;

use crate::device::Precision;
use crate::error::{Error, Result};
use crate::limit_set::LimitSet;
use crate::model::Activation;
use crate::schedule::{Schedule, ScheduleKind};
use crate::study::setting::check_replicas;
use crate::study::words::{bent, by_the_reduced_engine};
use crate::study::{Context, Effort, Findings, Kind, Lab, Protocol, Study, Table};
use crate::theory::{gd, sgd};
use crate::verdict::Register;
use ends::BatchSize;

/// The claim.
pub const STUDY: Study = Study {
    id: "sgd_limit",
    kind: Kind::Paper,
    joins: Effort::Quick,
    number: 2,
    level: 1e-6,
    title: "SGD with any b < m ends in one pure datapoint",
    theorem: "Theorem 2",
    source: "GFHY Theorem 2",
    statement: "For every batch size 1 ≤ b < m, SGD with constant step size at most 1/5 from ‖w_0‖ < 1 with an active sample \
                converges almost surely to a single datapoint a_i with i ∈ S⁺; for the linear model to sign(c_i(0)) a_i.",
    formula: r"\Pr\bigl[\, w_t \to a_{i^*} \text{ for one } i^* \in S^+ \,\bigr] = 1 \qquad \text{for every } 1 \le b < m",
    figures: &[&figures::batch_sizes::FIGURE, &figures::steps::FIGURE, &figures::engines::FIGURE],
    protocol: |context, register| protocol(context, &Options::default(), &Prediction::default(), register),
};

/// What the command line may bend.
#[derive(Clone, Debug, Default, clap::Args, serde::Serialize)]
pub struct Options {
    /// Number of samples m: runs this size only, instead of the range of sizes.
    #[arg(long)]
    pub samples: Option<usize>,
    /// Dimension n (default: 3m/2).
    #[arg(long, requires = "samples")]
    pub dim: Option<usize>,
    /// Batch size b (default: every b from 1 to m − 1).
    #[arg(long, requires = "samples")]
    pub batch: Option<usize>,
    /// Step size η (default: 0.2, the theorem's 1/5).
    #[arg(long, allow_negative_numbers = true)]
    pub step_size: Option<f64>,
    /// Norm of the initial point.
    #[arg(long, allow_negative_numbers = true)]
    pub init_norm: Option<f64>,
    /// Seeds per cell, and of the control; at most 1000000.
    #[arg(long)]
    pub replicas: Option<u64>,
    /// Another way to draw batches than the paper's.
    #[arg(long, value_enum)]
    pub schedule: Option<ScheduleKind>,
}

/// The theory that is put to the test.
#[derive(Clone, Debug)]
pub struct Prediction {
    /// Limit set from the initial correlations.
    pub limit_set: fn(&[f64], Activation) -> LimitSet,
    /// Replica whose batches the reduced engine sees beside a replica of the Burn model: the same ones choose the same datapoint.
    pub beside: fn(u64) -> u64,
    /// Distance of the limit at `b = m` to the nearest datapoint, from the initial correlations.
    pub full_batch: fn(&[f64], Activation) -> Option<f64>,
}

impl Default for Prediction {
    fn default() -> Self {
        Self { limit_set: sgd::limit_set, beside: |replica| replica, full_batch: gd::to_a_datapoint }
    }
}

/// Distance within which a run counts as having arrived, by precision.
fn tolerance(precision: Precision) -> f64 {
    precision.pick(1e-10, 1e-5)
}

/// Least exact lower bounds: of cells pooled, and of a single one.
fn required(context: &Context) -> (f64, f64) {
    context.effort.pick((0.8, 0.01), (0.95, 0.04), (0.98, 0.33))
}

/// What it means that a run arrives: convergence is almost sure, and neither the tolerance nor the time is endless.
fn arrived(tolerance: f64) -> String {
    format!(
        "every run must come within {tolerance:.0e} of an allowed datapoint, within three times the steps that the rate law asks for"
    )
}

/// A part of the protocol, which also brings rows of the table over batch sizes.
type RowsPart = Box<dyn FnOnce(&Lab, &mut Findings) -> Result<Vec<BatchSize>>>;

/// Registers what the claim is held to; what it measures comes after.
///
/// # Errors
/// [`Error::Usage`] for `--schedule gd`; bad options: see [`Dataset`](crate::data::Dataset), [`Problem::new`](crate::problem::Problem::new),
/// [`Schedule::new`] and [`Start::gaussian`](crate::init::Start::gaussian).
pub fn protocol(
    context: &Context,
    options: &Options,
    prediction: &Prediction,
    register: &mut Register,
) -> Result<Protocol> {
    check_replicas(options.replicas)?;
    if options.schedule == Some(ScheduleKind::Gd) {
        let reason = "sgd_limit is about batches smaller than m; full batches are those of gd_limit";
        return Err(Error::Usage(reason.into()));
    }
    let (groups, left_out) = settings::groups(context, options)?;
    let arrivals = arrivals::counted(context, options, prediction, groups, register);
    let on_burn = options.samples.is_none().then(|| burn::trained(context, options, prediction, register));
    let staying = controls::staying(context, options, prediction, register);
    let full_batch = controls::full_batch(context, options, prediction, register);
    let (bent, notes) = (bent(options.step_size, options.init_norm), notes(context, options));
    let options = options.clone();
    Ok(Box::new(move |lab| {
        let mut findings = Findings::default();
        findings.notes.extend(bent.into_iter().chain(left_out));
        let mut rows = arrivals(lab, &mut findings)?;
        findings.notes.extend(notes);
        if let Some(on_burn) = on_burn {
            on_burn(lab, &mut findings)?;
        }
        staying(lab, &mut findings)?;
        rows.extend(full_batch(lab, &mut findings)?);
        findings.tables = vec![Table::of(rows), engines::table(lab, &options)?];
        Ok(findings)
    }))
}

/// What is said of the options and engines.
fn notes(context: &Context, options: &Options) -> Vec<String> {
    let mut notes = Vec::new();
    if options.batch.is_some() && options.batch == options.samples {
        notes.push("Outside the hypotheses: b = m, where Theorem 1 speaks and not Theorem 2.".into());
    }
    if let Some(kind) = options.schedule {
        notes.push(format!("Batches by `{}` throughout: Theorem 2 speaks of `sgd` only.", kind.name()));
    }
    let theirs = if options.samples.is_none() {
        "Every count but that of the trainings of the Burn model"
    } else {
        "Every count"
    };
    notes.extend(by_the_reduced_engine(context, theirs));
    notes
}

/// The paper's batches, or those that the command line puts in their place.
fn schedule(options: &Options, samples: usize, batch: usize, seed: u64) -> Result<Schedule> {
    Ok(Schedule::new(options.schedule.unwrap_or(ScheduleKind::Sgd), samples, Some(batch), seed)?)
}
