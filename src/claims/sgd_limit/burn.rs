//! Trainings of the Burn model, each beside the reduced engine on the same batches.

use super::cells::{NORM, STEP};
use super::{Context, Options, Prediction, STUDY, arrived, required, schedule, tolerance};
use crate::data::Dataset;
use crate::device::Precision;
use crate::error::Result;
use crate::model::Activation;
use crate::problem::{Problem, Reduction};
use crate::state::Neuron;
use crate::stats::CHECK_LEVEL;
use crate::study::pool::{Pool, Tally};
use crate::study::trial::{Trial, is_live, start_where};
use crate::study::words::count;
use crate::theory::budget::miss;
use crate::verdict::{Check, Expectation};

/// Size of the model.
const SIZE: (usize, usize) = (6, 9);

/// Batch size and reduction: under the mean reduction `b = 5` would take a minute a run.
const BATCHES: [(usize, Reduction); 4] =
    [(1, Reduction::Mean), (2, Reduction::Mean), (3, Reduction::Sum), (5, Reduction::Sum)];

/// What is trained: one batch size and activation.
struct Cell {
    batch: usize,
    reduction: Reduction,
    activation: Activation,
    number: u64,
}

/// The checks, and what is told of them.
pub(super) fn trained(
    context: &Context,
    options: &Options,
    prediction: &Prediction,
) -> Result<(Vec<Check>, String)> {
    let (samples, dim) = SIZE;
    let replicas = context.effort.pick(3, 4, 32);
    let precision = context.compute.precision();
    let mut cells = Vec::new();
    for (number, (batch, reduction)) in (0..).zip(BATCHES) {
        for activation in Activation::PAPER {
            cells.push(Cell { batch, reduction, activation, number });
        }
    }
    let labels: Vec<String> = cells
        .iter()
        .map(|cell| format!("b = {}, {}, {}", cell.batch, cell.reduction.name(), cell.activation.name()))
        .collect();
    let n = replicas * cells.len() as u64;
    let missed = n as f64 * miss(samples, tolerance(precision));
    let name = "trainings of the Burn model that end in an allowed datapoint";
    let required = (context.effort.pick(0.5, 0.6, 0.95), required(context).1);
    let ends = Pool::new(
        &mut crate::verdict::Register::default(),
        name,
        &arrived(tolerance(precision)),
        &labels,
        required,
        missed,
    );
    let (places, max) = same_place(&cells, options, precision, replicas);

    let all: Vec<(&Cell, u64)> =
        cells.iter().flat_map(|cell| (0..replicas).map(move |replica| (cell, replica))).collect();
    let runs = context.each(all, |(cell, replica)| train(context, options, prediction, cell, replica))?;
    let tallies: Vec<Tally> =
        runs.chunks(replicas as usize).map(|runs| runs.iter().map(|(tally, _)| *tally).sum()).collect();
    let mut checks = ends.counted(&tallies);
    let elsewhere = runs.iter().filter(|(tally, same)| tally.trials == 1 && !same).count();
    checks.push(places.measured(elsewhere as f64, runs.len() as u64));
    let told = format!(
        "{} of the Burn model by autodiff, m = {samples}, n = {dim}, b = 1 and 2 under mean, 3 and 5 under sum, until within {:.0e} of an \
         allowed datapoint, each beside the reduced engine on the same batches; {}.",
        count(runs.len(), "training"),
        tolerance(precision),
        if max == 0.0 {
            "both must choose the same datapoint".into()
        } else {
            format!("at most {max} may choose another datapoint")
        }
    );
    Ok((checks, told))
}

/// What is expected of the datapoints that Burn and the reduced engine choose.
///
/// Two rivals whose correlations agree to rounding may change places. Emulated with `k`-bit arithmetic (m = 6, 1e4 runs a cell), it happens in a
/// share of `0.1 to 0.3 b u/κ` of the runs at `u = 2⁻¹⁰` and less at smaller `u`, `κ = η_B² b(m−b)/(m(m−1))`: below `½ b u/κ`.
fn same_place(
    cells: &[Cell],
    options: &Options,
    precision: Precision,
    replicas: u64,
) -> (crate::verdict::OneSided, f64) {
    let m = SIZE.0 as f64;
    let share = |cell: &Cell| {
        let step_per_sample = cell.reduction.step_per_sample(options.step_size.unwrap_or(STEP), cell.batch);
        let b = cell.batch as f64;
        let diffusion_rate = step_per_sample.powi(2) * b * (m - b) / (m * (m - 1.0));
        0.5 * b * precision.unit_roundoff() / diffusion_rate
    };
    let expected = replicas as f64 * cells.iter().map(share).sum::<f64>();
    // More than k of rare independent events that are expected `x` times: below x^(k+1)/(k+1)!.
    let (mut max, mut chance) = (0.0, expected);
    while chance > 0.2 * CHECK_LEVEL && max < 3.0 {
        max += 1.0;
        chance *= expected / (max + 1.0);
    }
    let why = format!("rivals that agree to rounding change places in {expected:.0e} of these runs at most");
    let name = "… in another datapoint than the reduced engine on the same batches";
    (Expectation::new(name, max, why).chance(chance).at_most(), max)
}

/// One training; whether it arrived, and where the reduced engine did.
fn train(
    context: &Context,
    options: &Options,
    prediction: &Prediction,
    cell: &Cell,
    replica: u64,
) -> Result<(Tally, bool)> {
    let &Cell { batch, reduction, activation, number } = cell;
    let (samples, dim) = SIZE;
    let seed = context.cell_seed(&STUDY, 1 << 32 | number << 16 | replica);
    let dataset = Dataset::orthonormal(samples, dim, seed)?;
    let problem = Problem::new(dataset, activation, reduction, options.step_size.unwrap_or(STEP))?;
    let schedule = schedule(options, samples, batch, seed)?;
    let init_norm = options.init_norm.unwrap_or(NORM);
    let live = |start: &_| is_live(start, activation);
    let Some(start) = start_where(problem.dataset(), init_norm, seed, replica, live)? else {
        return Ok((Tally::of(None), true));
    };
    let set = (prediction.limit_set)(&start.correlations, activation);
    let case = Trial { problem: &problem, schedule: &schedule, start: &start, replica };
    let precision = context.compute.precision();
    let burn = case.run_to(&mut case.autodiff(&context.compute)?, set.clone(), tolerance(precision));
    let beside = Trial { replica: (prediction.beside)(replica), ..case };
    let reduced = beside.run_to(&mut beside.reduced()?, set.clone(), tolerance(Precision::F64));
    let winner = |neurons: &[Neuron]| set.nearest_datapoint(&neurons[0]);
    Ok((Tally::of(Some(&burn)), winner(&burn.neurons) == winner(&reduced.neurons)))
}
