//! Corollary 3: how aligned the limits are with the data and with the initial point, as m and n grow.

mod figure;
mod laws;
mod record;

use rayon::prelude::*;

use crate::data::Dataset;
use crate::study::setting::check_replicas;
use crate::study::trial::Trial;
use crate::study::words::{bent, by_the_reduced_engine, count, in_words};
use crate::study::{Context, Effort, Findings, Kind, Study};
use crate::vectors::largest;

use crate::error::{Error, Result};
use crate::init::Start;
use crate::measure::alignment::{best_match, cos_init};
use crate::measure::sparsity::participation_ratio;
use crate::model::Activation;
use crate::problem::{Problem, Reduction};
use crate::schedule::Schedule;
use crate::theory::budget::MISS;
use crate::theory::{alignment, gd, sgd};
use crate::train::Outcome;
use crate::verdict::{Check, Expectation};
use laws::{Alignment, Expected, Pair, Size, Sweep, pooled, slopes};

/// The claim.
pub const STUDY: Study = Study {
    id: "alignment_scaling",
    kind: Kind::Paper,
    joins: Effort::Quick,
    number: 4,
    level: 1e-4,
    title: "GD stays near its start and aligns with no datapoint, SGD the other way round",
    theorem: "Corollary 3",
    source: "GFHY Corollary 3",
    statement: "For Gaussian initial directions and large m, n, with high probability: GD has max_i cos(w, a_i) = O(√(log m / m)), \
                mixes some m/3 samples (ReLU m/6) by its participation ratio, and keeps cos(w, w_0) of the order √(m/n); SGD has \
                max_i cos(w, a_i) = 1 and cos(w, w_0) = O(√(log m / n)). The last bound is not attained here: the \
                measurements look like Θ(1/√n).",
    formula: r"\text{GD:}\;\; \max_i \cos(w, a_i) = O\bigl(\sqrt{\log m / m}\bigr),\;\; \cos(w, w_0) \asymp \sqrt{m/n}; \qquad \text{SGD:}\;\; \max_i \cos(w, a_i) = 1,\;\; \cos(w, w_0) = O\bigl(\sqrt{\log m / n}\bigr)",
    figures: &[&figure::FIGURE],
    protocol: |context, _| {
        crate::study::unregistered(findings(context, &Options::default(), &Prediction::default()))
    },
};

/// What the command line may bend.
#[derive(Clone, Debug, Default, clap::Args, serde::Serialize)]
pub struct Options {
    /// Step size η per sample.
    #[arg(long, allow_negative_numbers = true)]
    pub step_size: Option<f64>,
    /// Norm of the initial point.
    #[arg(long, allow_negative_numbers = true)]
    pub init_norm: Option<f64>,
    /// Starts per size (default: the more, the fewer samples); trainings of the Burn model are not counted; at most 1000000.
    #[arg(long)]
    pub replicas: Option<u64>,
}

/// The theory that is put to the test: exact expectations at finite size.
#[derive(Clone, Debug)]
pub struct Prediction {
    /// `E max_i cos(w_GD, a_i)` from `m`.
    pub gd_max_cos: fn(usize, Activation) -> f64,
    /// `E cos²(w_GD, w_0)` from `m`, `n`.
    pub gd_cos_init_squared: fn(usize, usize, Activation) -> f64,
    /// Expected participation ratio of `w_GD` from `m`.
    pub gd_participation: fn(usize, Activation) -> f64,
    /// Bound on `P(max_i cos(w_GD, a_i) > x)` from the number of samples mixed and `x`.
    pub gd_max_cos_tail: fn(usize, f64) -> f64,
    /// `P(cos²(w_GD, w_0) ≤ x)` from the number of samples mixed, `n` and `x`.
    pub gd_cos_init_law: fn(usize, usize, f64) -> f64,
    /// Upper bound on `E cos(w_SGD, w_0)` from `m`, `n`.
    pub sgd_cos_init_bound: fn(usize, usize, Activation) -> f64,
    /// Bound on `P(cos(w_SGD, w_0) > x)` from the number of active samples, `n` and `x`.
    pub sgd_cos_init_tail: fn(usize, usize, f64) -> f64,
}

impl Default for Prediction {
    fn default() -> Self {
        Self {
            gd_max_cos: alignment::gd_max_cos,
            gd_cos_init_squared: alignment::gd_cos_init_squared,
            gd_participation: alignment::gd_participation,
            gd_max_cos_tail: alignment::gd_max_cos_tail,
            gd_cos_init_law: alignment::gd_cos_init_law,
            sgd_cos_init_bound: alignment::sgd_cos_init_bound,
            sgd_cos_init_tail: alignment::sgd_cos_init_tail,
        }
    }
}

/// Two decades of `m` at a fixed `n`, and of `n` at a fixed `m`. Never `m = n`, where `w_0` lies in the
/// span and cosines are exact numbers without an error to weigh them by.
const SAMPLES: [usize; 9] = [10, 18, 32, 56, 100, 178, 316, 562, 1000];
const DIMS: [usize; 9] = [14, 25, 45, 79, 140, 250, 445, 790, 1400];

/// Sizes under the mean reduction, where GD takes `m` times as many steps to the same limit.
const SAMPLES_OF_MEAN: [usize; 4] = [10, 18, 32, 56];
const DIMS_OF_MEAN: [usize; 5] = [14, 45, 140, 445, 1400];

/// Starts a size below which a standard error means little.
const FEWEST_REPLICAS: u64 = 20;

/// Runs the protocol against a prediction.
///
/// # Errors
/// Bad options: see [`Problem::new`] and [`Start::gaussian`].
pub fn findings(context: &Context, options: &Options, prediction: &Prediction) -> Result<Findings> {
    if options.replicas.is_some_and(|replicas| replicas < FEWEST_REPLICAS) {
        let reason = format!("--replicas: standard errors need at least {FEWEST_REPLICAS} seeds a size");
        return Err(Error::Usage(reason));
    }
    check_replicas(options.replicas)?;
    let sweeps = sweeps(context, options, prediction)?;
    let mut notes: Vec<String> = bent(options.step_size, options.init_norm).into_iter().collect();
    let mut checks = Vec::new();
    for activation in Activation::PAPER {
        let (of_slopes, note) = slopes(&sweeps, activation);
        checks.extend(of_slopes);
        notes.push(note);
    }
    for reduction in [Reduction::Sum, Reduction::Mean] {
        checks.extend(pooled(&sweeps, reduction, prediction));
    }
    let (trainings, on_burn) = on_burn(context, options)?;
    checks.push(on_burn);
    notes.extend(by_the_reduced_engine(context, "All scalings; the last check ties the Burn model to them"));
    let protocol = vec![
        protocol(options, &sweeps),
        format!(
            "{trainings}: the cosines by training the Burn model in {} against their closed forms.",
            context.compute.precision().name()
        ),
    ];
    let tables = vec![record::table(&sweeps)];
    Ok(Findings { protocol, checks, notes, tables, ..Findings::default() })
}

fn protocol(options: &Options, sweeps: &[Sweep]) -> String {
    let sizes = |axis: &'static str, reduction: Reduction| {
        let ours = move |sweep: &&Sweep| sweep.axis == axis && sweep.reduction == reduction;
        sweeps.iter().filter(ours).flat_map(|sweep| &sweep.sizes)
    };
    let range = |axis, reduction, of: fn(&Size) -> usize| {
        let min = sizes(axis, reduction).map(of).min().unwrap_or(0);
        (min, sizes(axis, reduction).map(of).max().unwrap_or(0))
    };
    let of = |reduction: Reduction| {
        let (first, last) = range("m", reduction, |size| size.samples);
        let (low, high) = range("n", reduction, |size| size.dim);
        let [of_m, of_n] = ["m", "n"].map(|axis| range(axis, reduction, |size| size.pairs.len()));
        let (fewest, most) = (of_m.0.min(of_n.0), of_m.1.max(of_n.1));
        let most_in_words = count(most, "start");
        let starts = if fewest == most { most_in_words } else { format!("{fewest} to {most_in_words}") };
        format!(
            "m from {first} to {last} at n = {}, n from {low} to {high} at m = {}, {starts} for each size",
            range("m", reduction, |size| size.dim).0,
            range("n", reduction, |size| size.samples).0,
        )
    };
    format!(
        "GD and SGD from the same Gaussian starts of norm {}, linear and ReLU, η = {}, on the reduced engine (f64) to within 1e-8 of their limits. \
         Sum reduction, b = 1: {}. Mean reduction, b = {BATCH_OF_MEAN}: {}. Log–log slopes (sum reduction) against those of the exact expectations on the same \
         grid; at every size the exact law of cos²(w_GD, w_0), and bounds that a start exceeds with a probability of 1 % at most. \
         Control: GD must break SGD's bound on the cosine with the start.",
        options.init_norm.unwrap_or(INIT_NORM),
        options.step_size.unwrap_or(STEP_SIZE),
        of(Reduction::Sum),
        of(Reduction::Mean),
    )
}

/// Defaults of the options.
const STEP_SIZE: f64 = 0.2;
const INIT_NORM: f64 = 0.5;

/// Batch size of SGD under the mean reduction: at `b = 1` the two are the same.
const BATCH_OF_MEAN: usize = 2;

/// Both axes, activations and reductions. Means over few samples scatter more, and cost less: they get more starts.
fn sweeps(context: &Context, options: &Options, prediction: &Prediction) -> Result<Vec<Sweep>> {
    let base = context.effort.pick(40, 100, 600);
    let mut sweeps = Vec::new();
    for (k, activation) in Activation::PAPER.into_iter().enumerate() {
        for (l, reduction) in [Reduction::Sum, Reduction::Mean].into_iter().enumerate() {
            let largest = DIMS[DIMS.len() - 1];
            let more = |m: &usize| (*m, largest, (base as f64 * (1000.0 / *m as f64).sqrt()) as u64);
            let grids = if reduction == Reduction::Sum {
                let starts = context.effort.pick(180, 300, 1800);
                [SAMPLES.iter().map(more).collect(), DIMS.map(|n| (SAMPLES[0], n, starts)).to_vec()]
            } else {
                let starts = context.effort.pick(50, 100, 600);
                [
                    SAMPLES_OF_MEAN.map(|m| (m, largest, starts)).to_vec(),
                    DIMS_OF_MEAN.map(|n| (SAMPLES[0], n, starts)).to_vec(),
                ]
            };
            for (axis, grid) in ["m", "n"].into_iter().zip(grids) {
                let cell = 4 * l as u64 + 2 * k as u64 + u64::from(axis == "n");
                // Expectations first; they cost as much as the runs.
                let expected = |&(m, n, _): &(usize, usize, u64)| Expected::at(m, n, activation, prediction);
                let expected: Vec<Expected> = grid.par_iter().map(expected).collect();
                let sizes = sweep(context, options, activation, reduction, &grid, &expected, cell)?;
                sweeps.push(Sweep { axis, activation, reduction, sizes });
            }
        }
    }
    Ok(sweeps)
}

/// The sizes `(m, n, starts)` of one axis.
fn sweep(
    context: &Context,
    options: &Options,
    activation: Activation,
    reduction: Reduction,
    grid: &[(usize, usize, u64)],
    expected: &[Expected],
    cell: u64,
) -> Result<Vec<Size>> {
    // Longest first, so that no core idles at the end; the order of the results is that of the sizes.
    let sizes = grid.iter().enumerate().rev().map(|(k, &(samples, dim, starts))| {
        let starts = options.replicas.unwrap_or(starts);
        let seed = context.cell_seed(&STUDY, cell << 32 | k as u64);
        let problem = problem(Dataset::implicit_orthonormal(samples, dim)?, activation, reduction, options)?;
        let runs = context.each(0..starts, |replica| one(&problem, options, reduction, seed, replica))?;
        let lost = runs.iter().filter(|run| matches!(run, Ended::Lost)).count() as u64;
        let pairs =
            runs.into_iter().filter_map(|run| if let Ended::Pair(pair) = run { Some(pair) } else { None });
        Ok(Size { samples, dim, expected: expected[k], pairs: pairs.collect(), lost })
    });
    let mut sizes = sizes.collect::<Result<Vec<_>>>()?;
    sizes.reverse();
    Ok(sizes)
}

/// The problem over some data.
fn problem(
    dataset: Dataset,
    activation: Activation,
    reduction: Reduction,
    options: &Options,
) -> Result<Problem> {
    Ok(Problem::new(dataset, activation, reduction, options.step_size.unwrap_or(STEP_SIZE))?)
}

/// SGD's schedule under a reduction.
fn sgd_schedule(samples: usize, reduction: Reduction, seed: u64) -> Result<Schedule> {
    Ok(Schedule::sgd(samples, if reduction == Reduction::Sum { 1 } else { BATCH_OF_MEAN }, seed)?)
}

/// How the two runs from a start ended.
enum Ended {
    Pair(Pair),
    /// A run did not arrive.
    Lost,
    /// No sample is active: the corollary does not speak of it.
    Dead,
}

/// GD and SGD from one start.
fn one(problem: &Problem, options: &Options, reduction: Reduction, seed: u64, replica: u64) -> Result<Ended> {
    let (dataset, activation) = (problem.dataset(), problem.activation());
    let samples = dataset.samples();
    let start = Start::gaussian(dataset, options.init_norm.unwrap_or(INIT_NORM), seed, replica)?;
    let c0 = &start.correlations;
    let Some(mixture) = gd::limit(c0, activation) else { return Ok(Ended::Dead) };
    let align = |schedule: Schedule, set, closed_form: &dyn Fn(usize) -> f64| -> Result<Option<Alignment>> {
        let case = Trial { problem, schedule: &schedule, start: &start, replica };
        let run = case.run_to(&mut case.reduced()?, set, 1e-8);
        let neuron = &run.neurons[0];
        let best = best_match(neuron, dataset, activation);
        let cos_init = cos_init(neuron, start.norm_sq);
        Ok((run.outcome == Outcome::Converged).then(|| Alignment {
            max_cos: best.cosine,
            cos_init,
            participation: participation_ratio(neuron),
            off_closed_form: cos_init - closed_form(best.index),
        }))
    };
    let norm = start.norm_sq.sqrt();
    let length = gd::Radial::new(c0, start.residual, activation).active;
    let gd = align(Schedule::full_batch(samples)?, mixture, &|_| length / norm)?;
    let set = sgd::limit_set(c0, activation);
    let sgd = align(sgd_schedule(samples, reduction, seed)?, set, &|winner| c0[winner].abs() / norm)?;
    let active = c0.iter().filter(|&&c| activation.admits(c)).count();
    Ok(gd.zip(sgd).map_or(Ended::Lost, |(gd, sgd)| Ended::Pair(Pair { active, gd, sgd })))
}

/// Starts by training the Burn model, against the closed forms; and what was trained.
fn on_burn(context: &Context, options: &Options) -> Result<(String, Check)> {
    let sizes = context.effort.pick(vec![(10, 14)], vec![(10, 14), (56, 80)], vec![(10, 14), (100, 300)]);
    let replicas = context.effort.pick(2, 4, 8);
    let target = context.compute.precision().pick(1e-9, 1e-5);
    let mut cells = Vec::new();
    for (k, &(samples, dim)) in sizes.iter().enumerate() {
        for activation in Activation::PAPER {
            for reduction in Reduction::ALL {
                for full_batch in [true, false] {
                    // SGD, and GD under the mean, at the large size take tens of thousands of steps: the small one is enough.
                    if k == 0 || (full_batch && reduction == Reduction::Sum) {
                        let cell = (samples, dim, activation, reduction, full_batch);
                        cells.extend((0..replicas).map(|replica| (cell, replica)));
                    }
                }
            }
        }
    }
    let off = context.each(&cells, |&((samples, dim, activation, reduction, full_batch), replica)| {
        let seed = context.cell_seed(&STUDY, 9 << 32 | samples as u64);
        let problem = problem(Dataset::orthonormal(samples, dim, seed)?, activation, reduction, options)?;
        let start =
            Start::gaussian(problem.dataset(), options.init_norm.unwrap_or(INIT_NORM), seed, replica)?;
        let c0 = &start.correlations;
        let Some(mixture) = gd::limit(c0, activation) else { return Ok(0.0) };
        let (schedule, set) = if full_batch {
            (Schedule::full_batch(samples)?, mixture)
        } else {
            (sgd_schedule(samples, reduction, seed)?, sgd::limit_set(c0, activation))
        };
        let case = Trial { problem: &problem, schedule: &schedule, start: &start, replica };
        let run = case.run_to(&mut case.autodiff(&context.compute)?, set, target);
        let best = best_match(&run.neurons[0], problem.dataset(), activation);
        let arrived = if run.outcome == Outcome::Converged { 1.0 } else { f64::NAN };
        let length = gd::Radial::new(c0, start.residual, activation).active;
        let (max_cos, along) =
            if full_batch { (c0[best.index].abs() / length, length) } else { (1.0, c0[best.index].abs()) };
        let off_init = cos_init(&run.neurons[0], start.norm_sq) - along / start.norm_sq.sqrt();
        Ok(arrived * largest([(best.cosine - max_cos).abs(), off_init.abs()]))
    })?;
    let n = off.len() as u64;
    // The cosine of two unit vectors with a third differs by no more than the vectors; twice that, for norms and samples that are rounded too.
    let why = "twice the distance from the limit at which training stops; of SGD whichever sample won";
    let check = Expectation::new(
        "cosines by training the Burn model: largest deviation from their closed forms",
        0.0,
        why,
    )
    .chance(MISS * n as f64)
    .within(2.0 * target)
    .measured(largest(off), n);
    let trained =
        format!("{n} trainings from {replicas} starts a case, m × n = {}, both reductions", in_words(&sizes));
    Ok((trained, check))
}
