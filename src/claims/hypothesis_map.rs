//! Beyond the paper: how far the hypotheses stretch, over step size and initial norm.

use rayon::prelude::*;

use super::protocol::{Tally, by_the_reduced_engine};
use super::{Claim, Context, Effort, Findings, Kind, Table};
use crate::data::Dataset;
use crate::engine::{Engine, Reduced};
use crate::error::{Error, Result};
use crate::init::Start;
use crate::model::Activation;
use crate::problem::{Problem, Reduction};
use crate::schedule::Schedule;
use crate::theory::budget::MISS;
use crate::theory::{self, gd, landscape};
use crate::train::{Plan, StopRule, train};
use crate::verdict::{Check, Expectation};

/// The claim.
pub const CLAIM: Claim = Claim {
    id: "hypothesis_map",
    kind: Kind::Claim,
    joins: Effort::Quick,
    number: 10,
    level: 1e-5,
    title: "the limits of the linear model hold up to a wall at η_B = 1/2, and for initial norms beyond 1",
    source: "beyond the paper",
    statement: "At a minimum along w the multiplier of a step is 1 − 4η_B, so convergence must fail beyond η_B = 1/2 (full batch \
                μ = 1/2), well past the theorems' 1/5; Gaussian starts of norms between 1 and √2 still reach the predicted \
                limits, and beyond √2 GD with small steps is lost iff its residual s_0² ≥ 2√(‖w_0‖² − 1). All of the linear model.",
    formula: r"|1 - 4\eta_B| > 1 \iff \eta_B > \tfrac12: \;\text{no run converges}; \qquad \|w_0\|^2 < 2: \;\text{every run does, for small } \eta",
    protocol: "Four algorithms over a grid of step sizes per sample and initial norms, several seeds a cell, on \
               the reduced engine: a run has arrived if it comes within 1e-6 of its predicted limit and is \
               still close much later. The wall is then found by bisection for each algorithm, and so is the \
               residual at which GD is lost to the spurious minimum. Control: beyond the wall nothing may \
               arrive.",
    run: |context| findings(context, &Options::default(), &Prediction::default()),
};

/// What the command line may bend.
#[derive(Clone, Debug, Default, clap::Args, serde::Serialize)]
pub struct Options {
    /// Number of samples m.
    #[arg(long)]
    pub samples: Option<usize>,
    /// Seeds per cell of the map.
    #[arg(long)]
    pub replicas: Option<u64>,
}

/// The theory that is put to the test.
#[derive(Clone, Debug)]
pub struct Prediction {
    /// Step size per sample beyond which nothing converges.
    pub wall: f64,
    /// Largest step size and initial norm of the theorems: every run arrives.
    pub rectangle: (f64, f64),
    /// The same with the initial norms that theory adds (for small steps; measured up to this step size).
    pub stretched: (f64, f64),
    /// Share of runs that arrive beyond the wall.
    pub arrivals_beyond: f64,
    /// Squared residual from which GD with small steps is lost, from the initial norm.
    pub captured_from: fn(f64) -> f64,
}

impl Default for Prediction {
    fn default() -> Self {
        Self {
            wall: gd::WALL,
            rectangle: (0.2, 1.0),
            stretched: (0.2, landscape::SAFE_NORM),
            arrivals_beyond: 0.0,
            captured_from: landscape::captured_from,
        }
    }
}

/// The four algorithms of the map; all under the sum reduction, so that the axis is `η_B`.
const ALGORITHMS: [&str; 4] = ["GD", "SGD, b = 1", "SGD, b = m/2", "cyclic"];

fn schedule(algorithm: usize, samples: usize, seed: u64) -> Result<Schedule> {
    match algorithm {
        0 => Schedule::full_batch(samples),
        1 => Schedule::sgd(samples, 1, seed),
        2 => Schedule::sgd(samples, samples / 2, seed),
        _ => Schedule::cyclic(samples, 1),
    }
}

/// A run has arrived when it comes this close to the predicted set …
const TOLERANCE: f64 = 1e-6;
/// … and is still this close much later. Just beyond the wall a run comes close before the instability throws
/// it out; below the wall the distance fluctuates, by far less than this factor of 1000.
const STILL_CLOSE: f64 = 1e-3;

/// Steps after which an arrival is looked at again. A sample is drawn every `m`-th step or more seldom: in a thousand
/// visits an error grows a thousandfold if `η_B` is beyond the wall by 0.002.
const LATER: u64 = 8000;

/// The same next to the wall. A run that is not random comes closer than it has to before it turns: to the last bit,
/// from which an error grows to a thousandth in 8000 visits if `η_B` is beyond the wall by 0.001.
const MUCH_LATER: u64 = 64_000;

/// Runs the protocol against a prediction.
///
/// # Errors
/// Bad options: see [`Dataset`] and [`Schedule`].
pub fn findings(context: &Context, options: &Options, prediction: &Prediction) -> Result<Findings> {
    if options.samples.is_some_and(|samples| samples < 2) {
        return Err(Error::Usage("--samples: a batch of half of the data needs at least 2".into()));
    }
    let samples = options.samples.unwrap_or(8);
    let dataset = Dataset::implicit_orthonormal(samples, samples + 3)?;
    let (columns, replicas) = context.effort.pick((7, 4), (16, 8), (32, 64));
    let replicas = options.replicas.unwrap_or(replicas);
    let step_sizes: Vec<f64> =
        (0..columns).map(|k| 0.06 * (0.9f64 / 0.06).powf(f64::from(k) / f64::from(columns - 1))).collect();
    let norms = [0.1, 0.3, 0.6, 0.95, 1.2, 1.4, 1.6, 2.2, 3.0, 4.0];
    let mut cells = Vec::new();
    for algorithm in 0..ALGORITHMS.len() {
        for norm in norms {
            cells.extend(step_sizes.iter().map(|&eta| (algorithm, norm, eta)));
        }
    }
    context.progress.inc_length(cells.len() as u64);
    let arrivals: Vec<u64> = cells
        .par_iter()
        .enumerate()
        .with_max_len(1)
        .map(|(k, &(algorithm, norm, eta))| {
            context.progress.inc(1);
            let seed = context.cell_seed(&CLAIM, k as u64);
            arrivals(&dataset, algorithm, norm, eta, replicas, seed, LATER)
        })
        .collect::<Result<_>>()?;
    let map: Vec<((usize, f64, f64), u64)> = cells.into_iter().zip(arrivals).collect();
    let within =
        |(eta_most, norm_below): (f64, f64)| move |eta: f64, norm: f64| eta <= eta_most && norm < norm_below;
    let inside = within(prediction.rectangle);
    let stretched = within(prediction.stretched);
    let arrived = |keep: &dyn Fn(f64, f64) -> bool| {
        let chosen = map.iter().filter(|((_, norm, eta), _)| keep(*eta, *norm));
        chosen.fold((0, 0), |(hits, runs), (_, hit)| (hits + hit, runs + replicas))
    };
    let (hits, runs) = arrived(&inside);
    let (hits_stretched, runs_stretched) = arrived(&|eta, norm| stretched(eta, norm) && !inside(eta, norm));
    let (hits_beyond, runs_beyond) = arrived(&|eta, norm| {
        eta > prediction.rectangle.0 && eta < 0.98 * prediction.wall && norm < prediction.stretched.1
    });
    let (lost_hits, lost_runs) = arrived(&|eta, _| eta > 1.02 * prediction.wall);
    let least = context.effort.pick(0.85, 0.95, 0.99);
    let mut checks = vec![
        Expectation::new(
            "the rectangle η ≤ 1/5, ‖w_0‖ < 1: runs that arrive",
            1.0,
            "the theorems', and for cyclic batches the conjecture's; all cells together",
        )
        .always(least, MISS)
        .counted(hits, runs),
        Expectation::new(
            "norms from 1 to √2, η ≤ 1/5: runs that arrive",
            1.0,
            "along the gradient flow Πw cannot reach 0 from N < 2; all cells together",
        )
        .always(least, MISS)
        .counted(hits_stretched, runs_stretched),
        Expectation::new(
            "between η = 1/5 and the wall, norms below √2: runs that arrive",
            1.0,
            "the multiplier |1 − 4η_B| is below 1; all cells together",
        )
        .always(least, MISS)
        .counted(hits_beyond, runs_beyond),
        Expectation::new(
            "beyond the wall: runs that arrive",
            prediction.arrivals_beyond,
            "the multiplier |1 − 4η_B| exceeds 1",
        )
        .control()
        .within(0.0)
        .measured(lost_hits as f64 / lost_runs as f64, lost_runs),
    ];
    let walls = (0..ALGORITHMS.len()).into_par_iter().map(|k| wall(context, &dataset, k, prediction));
    checks.extend(walls.collect::<Result<Vec<_>>>()?);
    let captures = [1.5, 1.8, 3.0].into_par_iter().map(|norm| capture(norm, prediction));
    checks.extend(captures.collect::<Result<Vec<_>>>()?);
    Ok(Findings {
        checks,
        notes: notes(&map, replicas, &norms)
            .into_iter()
            .chain(by_the_reduced_engine(context, "All of it"))
            .collect(),
        tables: vec![table(&map, replicas, prediction.rectangle)],
        ..Findings::default()
    })
}

/// The whole map, a row a cell, for `hypothesis_map.csv`; `inside` marks the theorems' rectangle.
fn table(map: &[((usize, f64, f64), u64)], replicas: u64, rectangle: (f64, f64)) -> Table {
    let row = |&((algorithm, norm, eta), hits): &((usize, f64, f64), u64)| {
        let inside = eta <= rectangle.0 && norm < rectangle.1;
        vec![
            ALGORITHMS[algorithm].to_string(),
            eta.to_string(),
            norm.to_string(),
            (hits as f64 / replicas as f64).to_string(),
            replicas.to_string(),
            inside.to_string(),
        ]
    };
    let header = vec!["algorithm", "step_per_sample", "init_norm", "fraction", "runs", "inside"];
    Table { name: "hypothesis_map", header, rows: map.iter().map(row).collect() }
}

/// Number of runs that arrive at their predicted limit set.
fn arrivals(
    dataset: &Dataset,
    algorithm: usize,
    norm: f64,
    eta: f64,
    replicas: u64,
    seed: u64,
    later: u64,
) -> Result<u64> {
    let tallies = (0..replicas).map(|replica| arrives(dataset, algorithm, norm, eta, seed, replica, later));
    Ok(tallies.collect::<Result<Vec<_>>>()?.into_iter().sum::<Tally>().hits)
}

fn arrives(
    dataset: &Dataset,
    algorithm: usize,
    norm: f64,
    eta: f64,
    seed: u64,
    replica: u64,
    later: u64,
) -> Result<Tally> {
    let problem = Problem::new(dataset.clone(), Activation::Linear, Reduction::Sum, eta)?;
    let schedule = schedule(algorithm, dataset.samples(), seed)?;
    let start = Start::gaussian(dataset, norm, seed, replica)?;
    let Some(set) = theory::predicted_limit(&schedule, &start.correlations, Activation::Linear) else {
        return Ok(Tally::of(None));
    };
    let mut engine = Reduced::new(&problem, &schedule, std::slice::from_ref(&start), replica)?;
    let stop = StopRule::Limit { sets: vec![set.clone()], tolerance: TOLERANCE };
    // Three times what the rate law asks of SGD with b = 1, the slowest; next to the wall a radial error takes
    // some 10⁴ steps.
    let rate = theory::sgd::rate(dataset.samples(), 1, eta.min(0.9));
    let plan = Plan { budget: 60_000.max((150.0 / rate) as u64), stop, check_every: 32 };
    let mut tally = Tally::of(Some(&train(&mut engine, &plan, &mut []).0[0]));
    // Later: forty times the time in which SGD closes in by a factor e, and at least …
    engine.advance(later.max((40.0 / rate) as u64));
    let stays = set.distance(&engine.neurons(0)[0]) <= STILL_CLOSE;
    tally.hits *= u64::from(stays);
    Ok(tally)
}

/// The step size at which half of the runs from norm 1/2 arrive, by bisection.
fn wall(context: &Context, dataset: &Dataset, algorithm: usize, prediction: &Prediction) -> Result<Check> {
    let replicas = context.effort.pick(6, 20, 100);
    let seed = context.cell_seed(&CLAIM, 1 << 32 | algorithm as u64);
    let (mut low, mut high) = (0.3, 0.8);
    while high - low > 1e-3 {
        let middle = 0.5 * (low + high);
        let half = 2 * arrivals(dataset, algorithm, 0.5, middle, replicas, seed, MUCH_LATER)? >= replicas;
        if half { low = middle } else { high = middle }
    }
    let why = "bisection to 1e-3; closer to the wall than 0.002 an error takes longer to shrink, or to grow, than one waits";
    let name = format!("{}: step size at which half of the runs arrive", ALGORITHMS[algorithm]);
    Ok(Expectation::new(name, prediction.wall, why).within(0.003).measured(0.5 * (low + high), replicas))
}

/// The share `s_0²/ρ²` of the residual beyond which GD with small steps ends at the spurious minimum, by
/// bisection.
fn capture(norm: f64, prediction: &Prediction) -> Result<Check> {
    // The flow is the limit of small steps: what is left is of the order of μ N.
    let mu = 5e-4;
    let dataset = Dataset::implicit_orthonormal(3, 5)?;
    let problem = Problem::new(dataset.clone(), Activation::Linear, Reduction::Sum, mu)?;
    let lost = |share: f64| -> Result<Option<bool>> {
        let along = norm * ((1.0 - share) / 14.0).sqrt();
        let start = Start::from_coordinates(
            &dataset,
            vec![along, 2.0 * along, -3.0 * along],
            norm * share.sqrt(),
            1,
            0,
        )?;
        let mut engine = Reduced::new(&problem, &Schedule::full_batch(3)?, &[start], 0)?;
        // A run near the boundary lingers at N = 2, Πw = 0: no verdict before it has left that place.
        for _ in 0..2000 {
            engine.advance(1000);
            let at = engine.neurons(0).remove(0);
            let along_sq: f64 = at.correlations.iter().map(|c| c * c).sum();
            if at.norm_sq < 1.9 || along_sq < 1e-9 {
                return Ok(Some(at.norm_sq >= 2.0));
            }
        }
        Ok(None)
    };
    let (mut low, mut high) = (0.0, 1.0 - 1e-9);
    while high - low > 1e-4 {
        let middle = 0.5 * (low + high);
        match lost(middle)? {
            Some(true) => high = middle,
            Some(false) => low = middle,
            // Two million steps did not decide it: no number at all rather than a guess.
            None => (low, high) = (f64::NAN, f64::NAN),
        }
    }
    let name = format!("GD, ‖w_0‖ = {norm}, μ = {mu}: residual s_0²/‖w_0‖² from which it is lost");
    let predicted = (prediction.captured_from)(norm) / (norm * norm);
    let why = "bisection to 1e-4; discretisation moves it by the order of μ‖w_0‖²";
    Ok(Expectation::new(name, predicted, why).within(1e-3).measured(0.5 * (low + high), 1))
}

/// The map in words: per algorithm, the largest step size up to which every run arrives, by norm.
fn notes(map: &[((usize, f64, f64), u64)], replicas: u64, norms: &[f64]) -> Vec<String> {
    let reach = |algorithm: usize, norm: f64| {
        let row = map.iter().filter(|((a, n, _), _)| *a == algorithm && *n == norm);
        let good = row.take_while(|(_, hits)| *hits == replicas).last();
        good.map_or("none".into(), |((_, _, eta), _)| format!("{eta:.2}"))
    };
    let line = |algorithm: usize| {
        let entries = norms.iter().map(|&norm| format!("{norm}: {}", reach(algorithm, norm)));
        format!(
            "{}: every run arrives up to η_B = (by ‖w_0‖) {}.",
            ALGORITHMS[algorithm],
            entries.collect::<Vec<_>>().join(", ")
        )
    };
    let arrived = map.iter().map(|(_, hits)| hits).sum::<u64>() as f64 / (replicas * map.len() as u64) as f64;
    let overall = format!("Over the whole map {:.2} % of the runs arrive.", 100.0 * arrived);
    (0..ALGORITHMS.len()).map(line).chain([overall]).collect()
}
