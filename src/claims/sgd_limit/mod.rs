//! Theorem 2: any batch smaller than the data ends in one pure datapoint, almost surely.

mod cells;
mod ends;
mod engines;

use rayon::prelude::*;

use super::protocol::{Case, Tally, bent, by_the_reduced_engine, smallest};
use super::{Claim, Context, Effort, Findings, Kind, Table};
use crate::data::Dataset;
use crate::device::Precision;
use crate::engine::Engine;
use crate::error::{Error, Result};
use crate::init::Start;
use crate::limit_set::LimitSet;
use crate::model::Activation;
use crate::problem::{Problem, Reduction};
use crate::schedule::{Schedule, ScheduleKind};
use crate::stats::{CHECK_LEVEL, binomial_lower_bound};
use crate::theory::budget::MISS;
use crate::theory::sgd;
use crate::train::Outcome;
use crate::verdict::{Check, Expectation};
use cells::{Cell, groups};
use ends::End;

/// The claim.
pub const CLAIM: Claim = Claim {
    id: "sgd_limit",
    kind: Kind::Claim,
    joins: Effort::Quick,
    number: 2,
    level: 3e-5,
    title: "SGD with any b < m ends in one pure datapoint",
    source: "GFHY Theorem 2",
    statement: "For every batch size 1 ≤ b < m, SGD with constant step size at most 1/5 from ‖w_0‖ < 1 converges \
                almost surely to a single datapoint a_i with i ∈ S⁺; for the linear model to sign(c_i(0)) a_i.",
    formula: r"\Pr\bigl[\, w_t \to a_{i^*} \text{ for one } i^* \in S^+ \,\bigr] = 1 \qquad \text{for every } 1 \le b < m",
    protocol: "Every batch size from 1 to m − 1 at m = 12, and a spread of batch sizes at larger m, from many \
               seeds on the reduced engine; dozens of trainings of the Burn model beside it on the same \
               batches. Each run must come within tolerance of an allowed datapoint, and stay. The bound on the \
               probability is exact (Clopper–Pearson). Control: b = m must stay away from every datapoint.",
    run: |context| findings(context, &Options::default(), &Prediction::default()),
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
    /// Seeds per cell.
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
}

impl Default for Prediction {
    fn default() -> Self {
        Self { limit_set: sgd::limit_set }
    }
}

/// Distance within which a run counts as having arrived, by precision.
fn tolerance(precision: Precision) -> f64 {
    precision.pick(1e-10, 1e-5)
}

/// Runs the protocol against a prediction.
///
/// # Errors
/// Bad options: see [`Dataset`], [`Problem::new`], [`Schedule::new`] and [`Start::gaussian`].
pub fn findings(context: &Context, options: &Options, prediction: &Prediction) -> Result<Findings> {
    let mut notes: Vec<String> = bent(options.step_size, options.init_norm).into_iter().collect();
    if options.replicas == Some(0) {
        return Err(Error::Empty { what: "the number of replicas", got: 0 });
    }
    let groups = groups(context, options, &mut notes);
    let total: u64 = groups.iter().flat_map(|group| &group.cells).map(|cell| cell.replicas).sum();
    context.progress.inc_length(total);
    let mut checks = Vec::new();
    let mut weakest: Option<(f64, Cell)> = None;
    let mut batch_sizes = ends::table();
    let mut dead = 0;
    for (g, group) in groups.iter().enumerate() {
        let mut sum = Vec::new();
        for (k, cell) in group.cells.iter().enumerate() {
            let seed = context.cell_seed(&CLAIM, (g as u64) << 16 | k as u64);
            let (tally, ends) = run_cell(context, cell, options, prediction, seed)?;
            ends::record(&mut batch_sizes, cell, &ends);
            let bound = binomial_lower_bound(tally.hits, tally.trials.max(1), CHECK_LEVEL);
            if weakest.as_ref().is_none_or(|(least, _)| bound < *least) {
                weakest = Some((bound, cell.clone()));
            }
            sum.push(tally);
        }
        let tally: Tally = sum.into_iter().sum();
        dead += tally.dead;
        let why = "every run must arrive; starts without an active sample are not counted";
        let least = context.effort.pick(0.8, 0.95, 0.99);
        checks.push(
            Expectation::new(&group.name, 1.0, why).always(least, MISS).counted(tally.hits, tally.trials),
        );
    }
    if options.batch.is_some() && options.batch == options.samples {
        notes.push("Outside the hypotheses: b = m, where Theorem 1 speaks and not Theorem 2.".into());
    }
    if let Some(kind) = options.schedule {
        notes.push(format!("Batches by `{}` throughout: Theorem 2 speaks of `sgd` only.", kind.name()));
    }
    if dead > 0 {
        notes.push(format!("ReLU starts without an active sample, not counted: {dead}."));
    }
    if let Some((bound, cell)) = weakest {
        notes.push(format!(
            "Weakest single cell: m = {}, b = {}, {}, {}: P > {bound:.3} at level {CHECK_LEVEL:.0e}.",
            cell.samples,
            cell.batch,
            cell.activation.name(),
            cell.reduction.name(),
        ));
    }
    if options.samples.is_none() {
        let (on_burn, note) = on_burn(context, options, prediction)?;
        checks.extend(on_burn);
        notes.extend(note);
    }
    checks.push(staying(context, options, prediction)?);
    let theirs = "Every count but that of the trainings of the Burn model";
    notes.extend(by_the_reduced_engine(context, theirs));
    match control_full_batch(context, options, &mut batch_sizes)? {
        Some(control) => checks.push(control),
        None => notes.push("No control at b = m: it needs two active samples.".into()),
    }
    let tables = vec![batch_sizes, engines::table(context, options)?];
    Ok(Findings { checks, notes, tables, ..Findings::default() })
}

/// The paper's batches, or those that the command line puts in their place.
fn schedule(options: &Options, samples: usize, batch: usize, seed: u64) -> Result<Schedule> {
    Schedule::new(options.schedule.unwrap_or(ScheduleKind::Sgd), samples, Some(batch), seed)
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
    let runs = (0..cell.replicas).into_par_iter().map(|replica| -> Result<(Tally, Option<End>)> {
        let start = Start::gaussian(problem.dataset(), options.init_norm.unwrap_or(0.5), seed, replica)?;
        context.progress.inc(1);
        if !start.correlations.iter().any(|&c| cell.activation.admits(c)) {
            return Ok((Tally::of(None), None));
        }
        let set = (prediction.limit_set)(&start.correlations, cell.activation);
        let case = Case { problem: &problem, schedule: &schedule, start: &start, replica };
        let run = case.run_to(&mut case.reduced()?, set, tolerance(Precision::F64));
        Ok((Tally::of(Some(&run)), Some(End::of(&run, &problem))))
    });
    let (tallies, ends): (Vec<_>, Vec<_>) = runs.collect::<Result<Vec<_>>>()?.into_iter().unzip();
    Ok((tallies.into_iter().sum(), ends.into_iter().flatten().collect()))
}

/// Dozens of trainings of the Burn model, each beside the reduced engine on the same batches.
fn on_burn(
    context: &Context,
    options: &Options,
    prediction: &Prediction,
) -> Result<(Vec<Check>, Option<String>)> {
    let replicas = context.effort.pick(1, 4, 32);
    let step_size = options.step_size.unwrap_or(0.2);
    let mut cells = Vec::new();
    for (k, batch) in [1, 2, 3, 5].into_iter().enumerate() {
        for activation in Activation::PAPER {
            for replica in 0..replicas {
                cells.push((k as u64, batch, activation, replica));
            }
        }
    }
    context.progress.inc_length(cells.len() as u64);
    let precision = context.compute.precision();
    let runs = cells.into_par_iter().with_max_len(1).map(|(k, batch, activation, replica)| {
        let seed = context.cell_seed(&CLAIM, 1 << 32 | k << 16 | replica);
        // Mean at b = 1 and 2, sum beyond: the mean reduction at b = 5 would take a minute a run.
        let reduction = if batch <= 2 { Reduction::Mean } else { Reduction::Sum };
        let dataset = Dataset::orthonormal(6, 9, seed)?;
        let problem = Problem::new(dataset, activation, reduction, step_size)?;
        let schedule = schedule(options, 6, batch, seed)?;
        let start = Start::gaussian(problem.dataset(), options.init_norm.unwrap_or(0.5), seed, replica)?;
        context.progress.inc(1);
        if !start.correlations.iter().any(|&c| activation.admits(c)) {
            return Ok((Tally::of(None), true));
        }
        let set = (prediction.limit_set)(&start.correlations, activation);
        let case = Case { problem: &problem, schedule: &schedule, start: &start, replica };
        let burn = case.run_to(&mut case.autodiff(&context.compute)?, set.clone(), tolerance(precision));
        let reduced = case.run_to(&mut case.reduced()?, set.clone(), tolerance(Precision::F64));
        let winner = |neurons: &[crate::state::Neuron]| set.nearest_datapoint(&neurons[0]);
        Ok((Tally::of(Some(&burn)), winner(&burn.neurons) == winner(&reduced.neurons)))
    });
    let runs = runs.collect::<Result<Vec<_>>>()?;
    let tally: Tally = runs.iter().map(|(tally, _)| *tally).sum();
    let same = runs.iter().filter(|(tally, same)| tally.trials == 1 && *same).count();
    let why = "training the Burn model by autodiff, m = 6, n = 9, b in {1, 2, 3, 5}";
    let mut checks = vec![
        Expectation::new("trainings of the Burn model that end in an allowed datapoint", 1.0, why)
            .always(context.effort.pick(0.1, 0.5, 0.95), MISS)
            .counted(tally.hits, tally.trials),
    ];
    if precision == Precision::F64 {
        let expected = "… and in the same one as the reduced engine on the same batches";
        let share = same as f64 / tally.trials as f64;
        checks.push(Expectation::new(expected, 1.0, why).within(0.0).measured(share, tally.trials));
        return Ok((checks, None));
    }
    let rare = "a change of places needs rivals that agree to rounding on the way: of the order of 1e-4 a run, so that two \
                in at most 256 runs have a probability below 4e-4";
    let expected = "… of them in another one than the reduced engine on the same batches";
    let others = tally.trials - same as u64;
    checks.push(Expectation::new(expected, 1.0, rare).at_most().measured(others as f64, tally.trials));
    let note = format!(
        "Single precision: {same} of {} trainings end in the datapoint of the reduced engine in double on the same \
         batches. Theory does not promise it: two rivals whose correlations agree to 2⁻²⁴ may change places.",
        tally.trials
    );
    Ok((checks, Some(note)))
}

/// The last iterate converges: many steps later the run is nearer still to the same point.
///
/// The log-distance is asymptotically a random walk with drift `−λ` and variance `2λ` a step.
/// After the budget of `t ≥ 100/λ` further steps it has not fallen with probability `Φ(−√(λt/2)) < 1e-12`;
/// after a mere multiple of the running time, which may be short by luck, it might not have.
fn staying(context: &Context, options: &Options, prediction: &Prediction) -> Result<Check> {
    let replicas = context.effort.pick(60, 400, 4000);
    let seed = context.cell_seed(&CLAIM, 2 << 32);
    let problem = Problem::new(
        Dataset::implicit_orthonormal(9, 13)?,
        Activation::Linear,
        Reduction::Mean,
        options.step_size.unwrap_or(0.2),
    )?;
    let schedule = schedule(options, 9, 2, seed)?;
    let stayed = (0..replicas).into_par_iter().map(|replica| -> Result<bool> {
        let start = Start::gaussian(problem.dataset(), options.init_norm.unwrap_or(0.5), seed, replica)?;
        let set = (prediction.limit_set)(&start.correlations, Activation::Linear);
        let case = Case { problem: &problem, schedule: &schedule, start: &start, replica };
        let mut engine = case.reduced()?;
        let run = case.run_to(&mut engine, set.clone(), 1e-6);
        engine.advance(case.budget(1e-6));
        let (before, after) = (&run.neurons[0], &engine.neurons(0)[0]);
        let same = set.nearest_datapoint(before) == set.nearest_datapoint(after);
        Ok(run.outcome == Outcome::Converged && same && set.distance(after) <= run.distance)
    });
    let stayed = stayed.collect::<Result<Vec<_>>>()?.into_iter().filter(|stayed| *stayed).count();
    let why = "from a distance of 1e-6, for another budget of steps; m = 9, b = 2";
    Ok(Expectation::new("runs that stay with their datapoint and come nearer", 1.0, why)
        .always(context.effort.pick(0.8, 0.95, 0.99), MISS)
        .counted(stayed as u64, replicas))
}

/// With `b = m` nothing is selected: no run may come near a datapoint, unless only one is active.
fn control_full_batch(
    context: &Context,
    options: &Options,
    batch_sizes: &mut Table,
) -> Result<Option<Check>> {
    let (samples, replicas) = (options.samples.unwrap_or(12), context.effort.pick(20, 200, 1000));
    let dim = options.dim.unwrap_or(samples + samples / 2);
    let seed = context.cell_seed(&CLAIM, 3 << 32);
    let mut nearest = Vec::new();
    for (activation, reduction) in Activation::PAPER.into_iter().zip(Reduction::ALL) {
        let dataset = Dataset::implicit_orthonormal(samples, dim)?;
        let problem = Problem::new(dataset, activation, reduction, options.step_size.unwrap_or(0.2))?;
        let schedule = Schedule::sgd(samples, samples, seed)?;
        let mut ends = Vec::new();
        for replica in 0..replicas {
            let start = Start::gaussian(problem.dataset(), options.init_norm.unwrap_or(0.5), seed, replica)?;
            if start.correlations.iter().filter(|&&c| activation.admits(c)).count() < 2 {
                continue;
            }
            let set = sgd::limit_set(&start.correlations, activation);
            let case = Case { problem: &problem, schedule: &schedule, start: &start, replica };
            let run = case.run_for(&mut case.reduced()?, case.budget(1e-10));
            nearest.push(set.distance(&run.neurons[0]));
            ends.push(End::of(&run, &problem));
        }
        let step_size = problem.step_size();
        let cell = Cell { samples, dim, batch: samples, activation, reduction, step_size, replicas };
        ends::record(batch_sizes, &cell, &ends);
    }
    if nearest.is_empty() {
        return Ok(None);
    }
    let closest = smallest(nearest.iter().copied());
    let control = Expectation::new(
        "b = m: smallest distance to a datapoint",
        1e-6,
        "far above the tolerance; a random mixture is this close to pure with probability of this order",
    )
    .control()
    .at_least()
    .measured(closest, nearest.len() as u64);
    Ok(Some(control))
}
