//! Theorem 2: any batch smaller than the data ends in one pure datapoint, almost surely.

mod burn;
mod cells;
mod controls;
mod ends;
mod engines;
mod figures;

use crate::data::Dataset;
use crate::device::Precision;
use crate::error::{Error, Result};
use crate::limit_set::LimitSet;
use crate::model::Activation;
use crate::problem::Problem;
use crate::schedule::{Schedule, ScheduleKind};
use crate::study::pool::{Pool, Tally};
use crate::study::setting::check_replicas;
use crate::study::trial::{Trial, is_live, start_where};
use crate::study::words::{bent, by_the_reduced_engine};
use crate::study::{Context, Effort, Findings, Kind, Study, Table};
use crate::theory::budget::miss;
use crate::theory::sgd;
use crate::vectors::largest;
use crate::verdict::Check;
use cells::{Cell, Group, groups};
use ends::End;

/// The claim.
pub const STUDY: Study = Study {
    id: "sgd_limit",
    kind: Kind::Paper,
    joins: Effort::Quick,
    number: 2,
    level: 3e-5,
    title: "SGD with any b < m ends in one pure datapoint",
    theorem: "Theorem 2",
    source: "GFHY Theorem 2",
    statement: "For every batch size 1 ≤ b < m, SGD with constant step size at most 1/5 from ‖w_0‖ < 1 with an active sample \
                converges almost surely to a single datapoint a_i with i ∈ S⁺; for the linear model to sign(c_i(0)) a_i.",
    formula: r"\Pr\bigl[\, w_t \to a_{i^*} \text{ for one } i^* \in S^+ \,\bigr] = 1 \qquad \text{for every } 1 \le b < m",
    figures: figures::ALL,
    protocol: |context, _| {
        crate::study::unregistered(findings(context, &Options::default(), &Prediction::default()))
    },
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
    /// Least distance to every datapoint that the control must keep: a little less than that of its mixtures.
    pub apart: f64,
}

impl Default for Prediction {
    fn default() -> Self {
        Self { limit_set: sgd::limit_set, beside: |replica| replica, apart: 0.1 }
    }
}

/// Distance within which a run counts as having arrived, by precision.
fn tolerance(precision: Precision) -> f64 {
    precision.pick(1e-10, 1e-5)
}

/// Least exact lower bounds: of cells pooled, and of a single one.
fn required(context: &Context) -> (f64, f64) {
    context.effort.pick((0.8, 0.01), (0.95, 0.04), (0.99, 0.5))
}

/// What it means that a run arrives: convergence is almost sure, and neither the tolerance nor the time is endless.
fn arrived(tolerance: f64) -> String {
    format!(
        "every run must come within {tolerance:.0e} of an allowed datapoint, within three times the steps that the rate law asks for"
    )
}

/// Runs the protocol against a prediction.
///
/// # Errors
/// [`Error::Usage`] for `--schedule gd`; bad options: see [`Dataset`], [`Problem::new`], [`Schedule::new`] and [`Start::gaussian`](crate::init::Start::gaussian).
pub fn findings(context: &Context, options: &Options, prediction: &Prediction) -> Result<Findings> {
    let mut notes: Vec<String> = bent(options.step_size, options.init_norm).into_iter().collect();
    check_replicas(options.replicas)?;
    if options.schedule == Some(ScheduleKind::Gd) {
        let reason = "sgd_limit is about batches smaller than m; full batches are those of gd_limit";
        return Err(Error::Usage(reason.into()));
    }
    let (groups, left_out) = groups(context, options)?;
    notes.extend(left_out);
    let total: u64 = groups.iter().flat_map(|group| &group.cells).map(|cell| cell.replicas).sum();
    let mut protocol = vec![told(&groups, total)];
    let (mut checks, mut batch_sizes) = (Vec::new(), ends::table());
    let mut all = Tally::default();
    for (g, group) in groups.iter().enumerate() {
        let (tally, counted) = count(context, options, prediction, g as u64, group, &mut batch_sizes)?;
        checks.extend(counted);
        all = [all, tally].into_iter().sum();
    }
    notes.extend(all.missed());
    if options.batch.is_some() && options.batch == options.samples {
        notes.push("Outside the hypotheses: b = m, where Theorem 1 speaks and not Theorem 2.".into());
    }
    if let Some(kind) = options.schedule {
        notes.push(format!("Batches by `{}` throughout: Theorem 2 speaks of `sgd` only.", kind.name()));
    }
    let theirs = if options.samples.is_none() {
        let (on_burn, told) = burn::trained(context, options, prediction)?;
        checks.extend(on_burn);
        protocol.push(told);
        "Every count but that of the trainings of the Burn model"
    } else {
        "Every count"
    };
    notes.extend(by_the_reduced_engine(context, theirs));
    let (stayed, told) = controls::staying(context, options, prediction)?;
    checks.push(stayed);
    protocol.push(told);
    if let Some((control, told)) = controls::full_batch(context, options, prediction, &mut batch_sizes)? {
        checks.push(control);
        protocol.push(told);
    } else {
        notes.push("No control at b = m: it needs two active samples.".into());
    }
    let tables = vec![batch_sizes, engines::table(context, options)?];
    Ok(Findings { protocol, checks, notes, tables, ..Findings::default() })
}

/// The counts in words.
fn told(groups: &[Group], total: u64) -> String {
    let names: Vec<String> = groups
        .iter()
        .map(|group| {
            let [first, ..] = group.cells.as_slice() else { unreachable!("a group has a cell") };
            format!("{} ({} seeds a cell)", group.name, first.replicas)
        })
        .collect();
    let tolerance = tolerance(Precision::F64);
    format!(
        "{total} runs of SGD on the reduced engine, linear and ReLU: {}. Each must come within {tolerance:.0e} of an allowed datapoint, within a \
         budget that a run misses with a probability of {:.0e} at most; a ReLU start without an active sample is drawn again. The \
         bounds on the probability are exact (Clopper–Pearson).",
        names.join("; "),
        largest(groups.iter().flat_map(|group| &group.cells).map(missed)),
    )
}

/// Bound on the probability that one run of a cell misses its budget.
fn missed(cell: &Cell) -> f64 {
    miss(cell.samples, tolerance(Precision::F64))
}

/// The paper's batches, or those that the command line puts in their place.
fn schedule(options: &Options, samples: usize, batch: usize, seed: u64) -> Result<Schedule> {
    Ok(Schedule::new(options.schedule.unwrap_or(ScheduleKind::Sgd), samples, Some(batch), seed)?)
}

/// Counts the runs of a group that arrive.
fn count(
    context: &Context,
    options: &Options,
    prediction: &Prediction,
    g: u64,
    group: &Group,
    batch_sizes: &mut Table,
) -> Result<(Tally, Vec<Check>)> {
    let labels: Vec<String> = group.cells.iter().map(Cell::label).collect();
    let missed = group.cells.iter().map(|cell| cell.replicas as f64 * missed(cell)).sum();
    let name = format!("runs that arrive, {}", group.name);
    let pool = Pool::new(
        &mut crate::verdict::Register::default(),
        &name,
        &arrived(tolerance(Precision::F64)),
        &labels,
        required(context),
        missed,
    );
    let mut tallies = Vec::new();
    for (k, cell) in group.cells.iter().enumerate() {
        let seed = context.cell_seed(&STUDY, g << 16 | k as u64);
        let (tally, ends) = run_cell(context, cell, options, prediction, seed)?;
        ends::record(batch_sizes, cell, &ends);
        tallies.push(tally);
    }
    Ok((tallies.iter().copied().sum(), pool.counted(&tallies)))
}

fn run_cell(
    context: &Context,
    cell: &Cell,
    options: &Options,
    prediction: &Prediction,
    seed: u64,
) -> Result<(Tally, Vec<End>)> {
    let dataset = Dataset::implicit_orthonormal(cell.samples, cell.dim)?;
    let problem = Problem::new(dataset, cell.activation, cell.reduction, cell.step_size)?;
    let schedule = schedule(options, cell.samples, cell.batch, seed)?;
    let runs = context.each(0..cell.replicas, |replica| {
        let live = |start: &_| is_live(start, cell.activation);
        let Some(start) = start_where(problem.dataset(), cell.init_norm, seed, replica, live)? else {
            return Ok((Tally::of(None), None));
        };
        let set = (prediction.limit_set)(&start.correlations, cell.activation);
        let case = Trial { problem: &problem, schedule: &schedule, start: &start, replica };
        let run = case.run_to(&mut case.reduced()?, set, tolerance(Precision::F64));
        Ok((Tally::of(Some(&run)), Some(End::of(&run, &problem))))
    })?;
    let (tallies, ends): (Vec<_>, Vec<_>) = runs.into_iter().unzip();
    Ok((tallies.into_iter().sum(), ends.into_iter().flatten().collect()))
}
