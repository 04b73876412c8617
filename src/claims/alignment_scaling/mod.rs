//! Corollary 3: how aligned the limits are with the data and with the initial point, as m and n grow.

mod laws;
mod record;

use rayon::prelude::*;

use super::protocol::{Case, bent, by_the_reduced_engine, largest};
use super::{Claim, Context, Effort, Findings, Kind};
use crate::data::Dataset;
use crate::device::Precision;
use crate::error::{Error, Result};
use crate::init::Start;
use crate::measure::alignment::{best_match, cos_init};
use crate::model::Activation;
use crate::problem::{Problem, Reduction};
use crate::schedule::Schedule;
use crate::theory::{alignment, gd, sgd};
use crate::train::Outcome;
use crate::verdict::{Check, Expectation};
use laws::{Alignment, Size, judge};

/// The claim.
pub const CLAIM: Claim = Claim {
    id: "alignment_scaling",
    kind: Kind::Claim,
    joins: Effort::Quick,
    number: 4,
    level: 1e-4,
    title: "GD stays near its start and aligns with no datapoint, SGD the other way round",
    source: "GFHY Corollary 3",
    statement: "For Gaussian initial directions and large m, n: GD has max_i cos(w, a_i) = O(√(log m / m)) and keeps \
                cos(w, w_0) of the order √(m/n); SGD has max_i cos(w, a_i) = 1 and cos(w, w_0) = O(√(log m / n)).",
    formula: r"\text{GD:}\;\; \max_i \cos(w, a_i) = O\bigl(\sqrt{\log m / m}\bigr),\;\; \cos(w, w_0) \asymp \sqrt{m/n}; \qquad \text{SGD:}\;\; \max_i \cos(w, a_i) = 1,\;\; \cos(w, w_0) = O\bigl(\sqrt{\log m / n}\bigr)",
    protocol: "GD and SGD (b = 1) from the same Gaussian starts, over two decades of m at a fixed n and two \
               decades of n at m = 10, on the reduced engine; some sizes again by training the Burn model. \
               Log–log slopes, weighted by their standard errors, against those of the exact expectations on \
               the same grid. Control: GD must break SGD's bound on the cosine with the start.",
    run: |context| findings(context, &Options::default(), &Prediction::default()),
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
    /// Seeds per size.
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
    /// Upper bound on `E cos(w_SGD, w_0)` from `m`, `n`.
    pub sgd_cos_init_bound: fn(usize, usize, Activation) -> f64,
}

impl Default for Prediction {
    fn default() -> Self {
        Self {
            gd_max_cos: alignment::gd_max_cos,
            gd_cos_init_squared: alignment::gd_cos_init_squared,
            sgd_cos_init_bound: alignment::sgd_cos_init_bound,
        }
    }
}

/// Two decades of `m` at a fixed `n`, and of `n` at a fixed `m`. Never `m = n`, where `w_0` lies in the
/// span and cosines are exact numbers without an error to weigh them by.
const SAMPLES: [usize; 9] = [10, 18, 32, 56, 100, 178, 316, 562, 1000];
const DIMS: [usize; 9] = [14, 25, 45, 79, 140, 250, 445, 790, 1400];

/// Seeds a size below which a standard error means little.
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
    let mut findings = Findings::default();
    findings.notes.extend(bent(options.step_size, options.init_norm));
    let mut table = record::table();
    for (k, activation) in Activation::PAPER.into_iter().enumerate() {
        let over_samples = SAMPLES.map(|m| (m, DIMS[DIMS.len() - 1]));
        let over_dim = DIMS.map(|n| (SAMPLES[0], n));
        let cell = 2 * k as u64;
        let by_samples = sweep(context, options, activation, &over_samples, cell)?;
        let by_dim = sweep(context, options, activation, &over_dim, cell + 1)?;
        record::record(&mut table, "m", activation, &by_samples, prediction);
        record::record(&mut table, "n", activation, &by_dim, prediction);
        judge(&by_samples, &by_dim, activation, prediction, &mut findings);
    }
    findings.checks.push(on_burn(context, options)?);
    findings
        .notes
        .extend(by_the_reduced_engine(context, "All scalings; the last check ties the Burn model to them"));
    if context.compute.precision() == Precision::F32 {
        findings.notes.push(
            "Single precision: of two rivals whose correlations agree to 2⁻²⁴ on the way the other may win, in about one \
             training of 10⁴. Its cosine with the start is then another, and the last check fails although the claim does not."
                .into(),
        );
    }
    findings.tables.push(table);
    Ok(findings)
}

fn sweep(
    context: &Context,
    options: &Options,
    activation: Activation,
    sizes: &[(usize, usize)],
    cell: u64,
) -> Result<Vec<Size>> {
    let replicas = options.replicas.unwrap_or(context.effort.pick(60, 170, 2000));
    context.progress.inc_length(replicas * sizes.len() as u64);
    // Longest first, so that no core idles at the end; the order of the results is that of the sizes.
    let mut sized: Vec<(usize, Size)> = sizes
        .iter()
        .enumerate()
        .rev()
        .map(|(k, &(samples, dim))| {
            let seed = context.cell_seed(&CLAIM, cell << 32 | k as u64);
            let of = |replica| one(options, activation, samples, dim, seed, replica);
            let runs = (0..replicas).into_par_iter().map(of).inspect(|_| context.progress.inc(1));
            let runs = runs.collect::<Result<Vec<_>>>()?;
            let (gd, sgd) = runs.into_iter().flatten().unzip();
            Ok((k, Size { samples, dim, gd, sgd }))
        })
        .collect::<Result<_>>()?;
    sized.sort_by_key(|(k, _)| *k);
    Ok(sized.into_iter().map(|(_, size)| size).collect())
}

/// GD and SGD (`b = 1`) from one start; `None` if no sample is active.
fn one(
    options: &Options,
    activation: Activation,
    samples: usize,
    dim: usize,
    seed: u64,
    replica: u64,
) -> Result<Option<(Alignment, Alignment)>> {
    let dataset = Dataset::implicit_orthonormal(samples, dim)?;
    // Sum: under the mean reduction GD would take m times as many steps to the same limit.
    let step_size = options.step_size.unwrap_or(0.2);
    let problem = Problem::new(dataset, activation, Reduction::Sum, step_size)?;
    let start = Start::gaussian(problem.dataset(), options.init_norm.unwrap_or(0.5), seed, replica)?;
    let c0 = &start.correlations;
    let Some(mixture) = gd::limit(c0, activation) else { return Ok(None) };
    let align = |schedule: Schedule, set, closed_form: &dyn Fn(usize) -> f64| -> Result<Alignment> {
        let case = Case { problem: &problem, schedule: &schedule, start: &start, replica };
        let run = case.run_to(&mut case.reduced()?, set, 1e-8);
        let neuron = &run.neurons[0];
        let best = best_match(neuron, problem.dataset(), activation);
        let arrived = |x: f64| if run.outcome == Outcome::Converged { x } else { f64::NAN };
        let cos_init = arrived(cos_init(neuron, start.norm_sq));
        let off_closed_form = cos_init - closed_form(best.index);
        Ok(Alignment { max_cos: arrived(best.cosine), cos_init, off_closed_form })
    };
    let norm = start.norm_sq.sqrt();
    let active = gd::Radial::new(c0, start.residual, activation).active;
    Ok(Some((
        align(Schedule::full_batch(samples)?, mixture, &|_| active / norm)?,
        align(Schedule::sgd(samples, 1, seed)?, sgd::limit_set(c0, activation), &|winner| {
            c0[winner].abs() / norm
        })?,
    )))
}

/// The same starts by training the Burn model, against the reduced engine used above.
fn on_burn(context: &Context, options: &Options) -> Result<Check> {
    let sizes = context.effort.pick(vec![(10, 14)], vec![(10, 14), (56, 80)], vec![(10, 14), (100, 300)]);
    let replicas = context.effort.pick(2, 4, 8);
    let precision = context.compute.precision();
    // The cosines of two unit vectors with a third differ by no more than the vectors, each within its target of their
    // common limit; twice that, for norms and samples that are rounded too.
    let (reference, target) = (1e-9, precision.pick(1e-9, 1e-5));
    let tolerance = 2.0 * (target + reference);
    let mut cells = Vec::new();
    for (k, (samples, dim)) in sizes.into_iter().enumerate() {
        for activation in Activation::PAPER {
            for full_batch in [true, false] {
                // SGD at these sizes takes tens of thousands of steps: the small size is enough.
                if full_batch || k == 0 {
                    cells
                        .extend((0..replicas).map(|replica| (samples, dim, activation, full_batch, replica)));
                }
            }
        }
    }
    context.progress.inc_length(cells.len() as u64);
    let deviations =
        cells.par_iter().with_max_len(1).map(|&(samples, dim, activation, full_batch, replica)| {
            let seed = context.cell_seed(&CLAIM, 9 << 32 | samples as u64);
            let dataset = Dataset::orthonormal(samples, dim, seed)?;
            let problem =
                Problem::new(dataset, activation, Reduction::Sum, options.step_size.unwrap_or(0.2))?;
            let start = Start::gaussian(problem.dataset(), options.init_norm.unwrap_or(0.5), seed, replica)?;
            let c0 = &start.correlations;
            context.progress.inc(1);
            let Some(mixture) = gd::limit(c0, activation) else { return Ok(0.0) };
            let (schedule, set) = if full_batch {
                (Schedule::full_batch(samples)?, mixture)
            } else {
                (Schedule::sgd(samples, 1, seed)?, sgd::limit_set(c0, activation))
            };
            let case = Case { problem: &problem, schedule: &schedule, start: &start, replica };
            let burn = case.run_to(&mut case.autodiff(&context.compute)?, set.clone(), target);
            let reduced = case.run_to(&mut case.reduced()?, set, reference);
            let measures = [&burn, &reduced].map(|run| {
                let arrived = if run.outcome == Outcome::Converged { 1.0 } else { f64::NAN };
                let best = best_match(&run.neurons[0], problem.dataset(), activation);
                (arrived * best.cosine, arrived * cos_init(&run.neurons[0], start.norm_sq))
            });
            Ok(largest([(measures[0].0 - measures[1].0).abs(), (measures[0].1 - measures[1].1).abs()]))
        });
    let deviations = deviations.collect::<Result<Vec<f64>>>()?;
    Ok(Expectation::new(
        "the same cosines by training the Burn model: largest difference",
        0.0,
        "twice the sum of the distances from the common limit at which the two stop",
    )
    .within(tolerance)
    .measured(largest(deviations.iter().copied()), deviations.len() as u64))
}
