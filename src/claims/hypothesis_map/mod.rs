//! Beyond the paper: how far the hypotheses stretch, over step size and initial norm.

mod figure;

use crate::data::Dataset;
use crate::engine::{Engine, Reduced};
use crate::error::{Error, Result};
use crate::init::Start;
use crate::limits;
use crate::model::Activation;
use crate::problem::{Problem, Reduction};
use crate::schedule::{Schedule, ScheduleKind};
use crate::study::pool::{Pool, Tally};
use crate::study::setting::check_replicas;
use crate::study::words::{by_the_reduced_engine, listed};
use crate::study::{Context, Effort, Findings, Kind, Study, Table};
use crate::theory::budget::late;
use crate::theory::{self, gd, landscape};
use crate::train::{Plan, StopRule, train};
use crate::verdict::{Check, Expectation};

/// The claim.
pub const STUDY: Study = Study {
    id: "hypothesis_map",
    kind: Kind::Beyond,
    joins: Effort::Quick,
    number: 10,
    level: 1e-5,
    title: "the limits of the linear model hold up to the stability threshold η_B = 1/2, and for initial norms beyond 1",
    theorem: "Theorems 1, 2",
    source: "beyond the paper",
    statement: "For the linear model, at a minimum along w the multiplier of a step is 1 − 4η_B, so beyond η_B = 1/2 no minimum attracts \
                and no Gaussian start is seen to converge (full batch μ = 1/2), well past the theorems' 1/5; Gaussian starts of norms between 1 and √2 still reach the \
                predicted limits (the gradient flow does from every Πw_0 ≠ 0), and beyond √2 the flow is lost iff its residual is \
                s_0² ≥ 2√(‖w_0‖² − 1).",
    formula: r"|1 - 4\eta_B| > 1 \iff \eta_B > \tfrac12: \;\text{no minimum attracts}; \qquad \|w_0\|^2 < 2,\; \Pi w_0 \neq 0: \;\text{the gradient flow does}",
    figures: &[&figure::FIGURE],
    protocol: |context, _| {
        crate::study::unregistered(findings(context, &Options::default(), &Prediction::default()))
    },
};

/// What the command line may bend.
#[derive(Clone, Debug, Default, clap::Args, serde::Serialize)]
pub struct Options {
    /// Number of samples m.
    #[arg(long)]
    pub samples: Option<usize>,
    /// Seeds per cell of the map; at most 1000000.
    #[arg(long)]
    pub replicas: Option<u64>,
}

/// The theory that is put to the test.
#[derive(Clone, Debug)]
pub struct Prediction {
    /// Step size per sample beyond which nothing converges.
    pub threshold: f64,
    /// Largest step size and initial norm of the theorems: every run arrives.
    pub rectangle: (f64, f64),
    /// The same with the initial norms that theory adds (for small steps; measured up to this step size).
    pub stretched: (f64, f64),
    /// Share of runs that arrive beyond the threshold.
    pub arrivals_beyond: f64,
    /// Squared residual from which GD with small steps is lost, from the initial norm.
    pub captured_from: fn(f64) -> f64,
}

impl Default for Prediction {
    fn default() -> Self {
        Self {
            threshold: gd::STABILITY_THRESHOLD,
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
    Ok(match algorithm {
        0 => Schedule::full_batch(samples)?,
        1 => Schedule::sgd(samples, 1, seed)?,
        2 => Schedule::sgd(samples, samples / 2, seed)?,
        _ => Schedule::cyclic(samples, 1)?,
    })
}

/// A run has arrived when it comes this close to the predicted set …
const TOLERANCE: f64 = 1e-6;
/// … and is still this close much later. Just beyond the threshold a run comes close before the instability throws
/// it out; below the threshold the distance fluctuates, by far less than this factor of 1000.
const STILL_CLOSE: f64 = 1e-3;

/// It is looked at so many times much later, [`APART`] visits of each sample after one another: far beyond the threshold a run may be
/// chaotic, and is this close by chance in a share of up to 2e-3 of the time.
const LOOKS: u64 = 4;
const APART: u64 = 20;

/// Bound on the probability that a run beyond the threshold counts as arrived: a chaotic one is within 1e-6 at one of 1900 looks with a
/// probability of some 4e-3, and then within 1e-3 at four looks, each as good as independent, with some 2e-11.
const BY_CHANCE: f64 = 1e-12;

/// Visits of each sample, `m` steps of single samples, after which an arrival is looked at again: in a thousand an error grows a
/// thousandfold if `η_B` is beyond the threshold by 0.002.
const LATER: u64 = 1000;

/// The same next to the threshold. A run that is not random comes closer than it has to before it turns: to the last bit,
/// from which an error grows to a thousandth in 8000 visits if `η_B` is beyond the threshold by 0.001.
const MUCH_LATER: u64 = 8000;

/// Times `λt` that a run of SGD has to arrive, and after which it is looked at again.
const TIMES: (f64, f64) = (160.0, 110.0);

/// Bound on the probability that a run that converges is not counted: of SGD that it is late, or has come back at one of the looks.
/// For the others it is next to nothing: cyclic batches would have to start within e^(−30) of a boundary.
fn missed(samples: usize) -> f64 {
    late(samples, TIMES.0, TOLERANCE) + LOOKS as f64 * late(samples, TIMES.1, STILL_CLOSE / TOLERANCE)
}

/// One cell of the map.
#[derive(Clone, Copy)]
struct Cell {
    algorithm: usize,
    norm: f64,
    eta: f64,
}

impl Cell {
    fn label(self) -> String {
        format!("{}, ‖w_0‖ = {}, η_B = {:.3}", ALGORITHMS[self.algorithm], self.norm, self.eta)
    }
}

/// Runs the protocol against a prediction.
///
/// # Errors
/// Bad options: see [`Dataset`] and [`Schedule`].
pub fn findings(context: &Context, options: &Options, prediction: &Prediction) -> Result<Findings> {
    if options.samples.is_some_and(|samples| samples < 2) {
        return Err(Error::Usage("--samples: a batch of half of the data needs at least 2".into()));
    }
    let samples = options.samples.unwrap_or(8);
    check_replicas(options.replicas)?;
    let dataset = Dataset::implicit_orthonormal(samples, samples.saturating_add(3))?;
    let (columns, replicas) = context.effort.pick((7, 4), (16, 8), (32, 64));
    let replicas = options.replicas.unwrap_or(replicas);
    let step_sizes: Vec<f64> =
        (0..columns).map(|k| 0.06 * (0.9f64 / 0.06).powf(f64::from(k) / f64::from(columns - 1))).collect();
    let norms = [0.1, 0.3, 0.6, 0.95, 1.2, 1.4, 1.6, 2.2, 3.0, 4.0];
    let mut cells = Vec::new();
    for algorithm in 0..ALGORITHMS.len() {
        for norm in norms {
            cells.extend(step_sizes.iter().map(|&eta| Cell { algorithm, norm, eta }));
        }
    }
    let visits = LATER as usize;
    limits::work(
        "visits (cells x replicas x samples x visits of each)",
        &[cells.len(), replicas as usize, samples, visits],
    )?;
    let pools = pools(context, prediction, &cells, samples, replicas);
    let beyond = |cell: &Cell| cell.eta > 1.02 * prediction.threshold;
    let lost = cells.iter().filter(|cell| beyond(cell)).count() as u64 * replicas;
    let lost = Expectation::new(
        "beyond the threshold: runs that arrive",
        prediction.arrivals_beyond,
        format!("the multiplier |1 − 4η_B| exceeds 1; a chaotic run is close by chance at two looks in a thousand, at {LOOKS} next to never"),
    )
    .control()
    .chance(lost as f64 * BY_CHANCE)
    .within(0.0);
    let tallies = context.each(cells.iter().enumerate(), |(k, &cell)| {
        let seed = context.cell_seed(&STUDY, k as u64);
        arrivals(&dataset, cell, replicas, seed, LATER)
    })?;
    let map: Vec<(Cell, Tally)> = cells.into_iter().zip(tallies).collect();
    let mut checks = Vec::new();
    for (k, pool) in pools.into_iter().enumerate() {
        let inside = map.iter().filter(|(cell, _)| region(cell, prediction) == Some(k));
        let tallies: Vec<Tally> = inside.map(|(_, tally)| *tally).collect();
        checks.extend(pool.counted(&tallies));
    }
    let tally: Tally = map.iter().filter(|(cell, _)| beyond(cell)).map(|(_, tally)| *tally).sum();
    checks.push(lost.measured(tally.hits as f64 / tally.trials as f64, tally.trials));
    checks.extend(context.each(0..ALGORITHMS.len(), |k| threshold(context, &dataset, k, prediction))?);
    checks.extend(context.each([1.5, 1.8, 3.0], |norm| capture(norm, prediction))?);
    let mut notes = notes(&map, &norms);
    notes.extend(by_the_reduced_engine(context, "All of it"));
    let protocol = told(context, samples, &step_sizes, &norms, replicas);
    let tables = vec![table(&map, prediction.rectangle)];
    Ok(Findings { protocol, checks, notes, tables, ..Findings::default() })
}

/// The regions in which every run should arrive, and why.
const REGIONS: [(&str, &str); 3] = [
    (
        "the rectangle η ≤ 1/5, ‖w_0‖ < 1: runs that arrive",
        "the theorems', and for cyclic batches the conjecture's",
    ),
    ("norms from 1 to √2, η ≤ 1/5: runs that arrive", "along the gradient flow Πw cannot reach 0 from N < 2"),
    (
        "between η = 1/5 and the threshold, norms below √2: runs that arrive",
        "the multiplier |1 − 4η_B| is below 1",
    ),
];

/// Which of them a cell lies in.
fn region(cell: &Cell, prediction: &Prediction) -> Option<usize> {
    let inside = |(eta, norm): (f64, f64)| cell.eta <= eta && cell.norm < norm;
    let (rectangle, stretched) = (prediction.rectangle, prediction.stretched);
    if inside(rectangle) {
        Some(0)
    } else if inside(stretched) {
        Some(1)
    } else {
        let faster =
            cell.eta > rectangle.0 && cell.eta < 0.98 * prediction.threshold && cell.norm < stretched.1;
        faster.then_some(2)
    }
}

/// What is expected of each region.
fn pools(
    context: &Context,
    prediction: &Prediction,
    cells: &[Cell],
    samples: usize,
    replicas: u64,
) -> Vec<Pool> {
    let min = context.effort.pick((0.85, 0.01), (0.95, 0.04), (0.99, 0.5));
    let pool = |(k, (name, why)): (usize, (&str, &str))| {
        let inside = cells.iter().filter(|cell| region(cell, prediction) == Some(k));
        let labels: Vec<String> = inside.map(|cell| cell.label()).collect();
        let missed = (labels.len() as u64 * replicas) as f64 * missed(samples);
        Pool::new(&mut crate::verdict::Register::default(), name, why, &labels, min, missed)
    };
    REGIONS.into_iter().enumerate().map(pool).collect()
}

/// What ran, in words.
fn told(context: &Context, samples: usize, step_sizes: &[f64], norms: &[f64], replicas: u64) -> Vec<String> {
    vec![
        format!(
            "{} over {} step sizes per sample from {} to {} and initial norms {}, {replicas} seeds a cell, linear model with m = {samples}, \
             n = {}, on the reduced engine. A run has arrived if it comes within {TOLERANCE:.0e} of its predicted limit and is still \
             within {STILL_CLOSE:.0e} at {LOOKS} looks much later.",
            listed(&ALGORITHMS),
            step_sizes.len(),
            step_sizes[0],
            step_sizes[step_sizes.len() - 1],
            listed(norms),
            samples + 3,
        ),
        format!(
            "The threshold is found by bisection for each algorithm, with {} seeds of its own from ‖w_0‖ = 0.5. So is the residual at which GD \
             is lost to the spurious minimum, with m = 3, n = 5 and one direction a norm. Control: beyond the threshold nothing may arrive.",
            seeds_of_a_wall(context)
        ),
    ]
}

/// The whole map, a row a cell, for `hypothesis_map.csv`; `inside` marks the theorems' rectangle.
fn table(map: &[(Cell, Tally)], rectangle: (f64, f64)) -> Table {
    let row = |(cell, tally): &(Cell, Tally)| {
        let inside = cell.eta <= rectangle.0 && cell.norm < rectangle.1;
        vec![
            ALGORITHMS[cell.algorithm].to_string(),
            cell.eta.to_string(),
            cell.norm.to_string(),
            (tally.hits as f64 / tally.trials as f64).to_string(),
            tally.trials.to_string(),
            inside.to_string(),
        ]
    };
    let header = vec!["algorithm", "step_per_sample", "init_norm", "fraction", "runs", "inside"];
    Table::raw("hypothesis_map", &header, map.iter().map(row).collect())
}

/// Number of runs that arrive at their predicted limit set.
fn arrivals(dataset: &Dataset, cell: Cell, replicas: u64, seed: u64, later: u64) -> Result<Tally> {
    let tallies = (0..replicas).map(|replica| arrives(dataset, cell, seed, replica, later));
    Ok(tallies.collect::<Result<Vec<_>>>()?.into_iter().sum())
}

fn arrives(dataset: &Dataset, cell: Cell, seed: u64, replica: u64, later: u64) -> Result<Tally> {
    let Cell { algorithm, norm, eta } = cell;
    let samples = dataset.samples() as u64;
    let problem = Problem::new(dataset.clone(), Activation::Linear, Reduction::Sum, eta)?;
    let schedule = schedule(algorithm, dataset.samples(), seed)?;
    let start = Start::gaussian(dataset, norm, seed, replica)?;
    let Some(set) = theory::predicted_limit(&schedule, &start.correlations, Activation::Linear) else {
        return Ok(Tally::of(None));
    };
    let mut engine = Reduced::new(&problem, &schedule, std::slice::from_ref(&start), replica)?;
    let stop = StopRule::Limit { sets: vec![set.clone()], tolerance: TOLERANCE };
    // What the rate law asks of SGD with b = 1, the slowest; next to the threshold a radial error takes some 10⁴ steps.
    let rate = |batch: usize| theory::sgd::rate(dataset.samples(), batch, eta.min(0.9));
    let plan = Plan { budget: (7500 * samples).max((TIMES.0 / rate(1)) as u64), stop, check_every: 32 };
    let mut tally = Tally::of(Some(&train(&mut engine, &plan, &mut []).0[0]));
    // Chance may bring a run of SGD back for a while; the others know none.
    let back = if schedule.kind() == ScheduleKind::Sgd { TIMES.1 / rate(schedule.batch_size()) } else { 0.0 };
    engine.advance((later * samples).max(back as u64));
    for _ in 0..LOOKS {
        tally.hits *= u64::from(set.distance(&engine.neurons(0)[0]) <= STILL_CLOSE);
        engine.advance(APART * samples);
    }
    Ok(tally)
}

fn seeds_of_a_wall(context: &Context) -> u64 {
    context.effort.pick(6, 20, 100)
}

/// The step size at which half of the runs from norm 1/2 arrive, by bisection.
fn threshold(
    context: &Context,
    dataset: &Dataset,
    algorithm: usize,
    prediction: &Prediction,
) -> Result<Check> {
    let replicas = seeds_of_a_wall(context);
    let seed = context.cell_seed(&STUDY, 1 << 32 | algorithm as u64);
    let why = "bisection to 1e-3; closer to the threshold than 0.002 an error takes longer to shrink, or to grow, than one waits; farther off \
               half of the runs would have to miss";
    let name = format!("{}: step size at which half of the runs arrive", ALGORITHMS[algorithm]);
    let expected =
        Expectation::new(name, prediction.threshold, why).chance(missed(dataset.samples())).within(0.003);
    let (mut low, mut high) = (0.3, 0.8);
    while high - low > 1e-3 {
        let middle = 0.5 * (low + high);
        let cell = Cell { algorithm, norm: 0.5, eta: middle };
        let half = 2 * arrivals(dataset, cell, replicas, seed, MUCH_LATER)?.hits >= replicas;
        if half { low = middle } else { high = middle }
    }
    Ok(expected.measured(0.5 * (low + high), replicas))
}

/// The share `s_0²/ρ²` of the residual beyond which GD with small steps ends at the spurious minimum, by
/// bisection.
fn capture(norm: f64, prediction: &Prediction) -> Result<Check> {
    // The flow is the limit of small steps: what is left is of the order of μ N.
    let mu = 5e-4;
    let name = format!("GD, ‖w_0‖ = {norm}, μ = {mu}: residual s_0²/‖w_0‖² from which it is lost");
    let predicted = (prediction.captured_from)(norm) / (norm * norm);
    let why = "bisection to 1e-4; discretisation moves it by the order of μ‖w_0‖²";
    let expected = Expectation::new(name, predicted, why).within(1e-3);
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
    Ok(expected.measured(0.5 * (low + high), 1))
}

/// The map in words: per algorithm, the largest step size up to which every run arrives, by norm.
fn notes(map: &[(Cell, Tally)], norms: &[f64]) -> Vec<String> {
    let reach = |algorithm: usize, norm: f64| {
        let row = map.iter().filter(|(cell, _)| cell.algorithm == algorithm && cell.norm == norm);
        let good = row.take_while(|(_, tally)| tally.hits == tally.trials).last();
        good.map_or("none".into(), |(cell, _)| format!("{:.2}", cell.eta))
    };
    let line = |algorithm: usize| {
        let entries = norms.iter().map(|&norm| format!("{norm}: {}", reach(algorithm, norm)));
        format!(
            "{}: every run arrives up to η_B = (by ‖w_0‖) {}.",
            ALGORITHMS[algorithm],
            entries.collect::<Vec<_>>().join(", ")
        )
    };
    let all: Tally = map.iter().map(|(_, tally)| *tally).sum();
    let overall = format!(
        "Over the whole map {:.2} % of the runs arrive.",
        100.0 * all.hits as f64 / all.trials as f64
    );
    (0..ALGORITHMS.len()).map(line).chain([overall]).collect()
}
