//! Corollary 3: how aligned the limits are with the data and with the initial point, as m and n grow.

use rayon::prelude::*;

use super::protocol::{Case, largest};
use super::{Claim, Context, Findings};
use crate::data::Dataset;
use crate::device::Precision;
use crate::error::Result;
use crate::init::Start;
use crate::measure::alignment::{best_match, cos_init};
use crate::model::Activation;
use crate::problem::{Problem, Reduction};
use crate::schedule::Schedule;
use crate::stats::{CHECK_LEVEL, Line, Mean, normal_quantile};
use crate::theory::{alignment, gd, sgd};
use crate::train::Outcome;
use crate::verdict::{Check, Expectation};

/// The claim.
pub const CLAIM: Claim = Claim {
    id: "alignment_scaling",
    number: 4,
    title: "GD stays near its start and aligns with no datapoint, SGD the other way round",
    source: "GFHY Corollary 3",
    statement: "For Gaussian initial directions and large m, n: GD has max_i cos(w, a_i) = O(√(log m / m)) and keeps \
                cos(w, w_0) of the order √(m/n); SGD has max_i cos(w, a_i) = 1 and cos(w, w_0) = O(√(log m / n)).",
    run: |context| findings(context, &Options::default(), &Prediction::default()),
};

/// What the command line may bend.
#[derive(Clone, Debug, Default, clap::Args)]
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

/// What one start came to under one algorithm.
#[derive(Clone, Copy, Debug)]
struct Alignment {
    max_cos: f64,
    cos_init: f64,
    /// Deviation of `cos(w, w_0)` from what theory says for this very start.
    off_closed_form: f64,
}

/// All starts of one size.
struct Size {
    samples: usize,
    dim: usize,
    gd: Vec<Alignment>,
    sgd: Vec<Alignment>,
}

/// Runs the protocol against a prediction.
///
/// # Errors
/// Bad options: see [`Problem::new`] and [`Start::gaussian`].
pub fn findings(context: &Context, options: &Options, prediction: &Prediction) -> Result<Findings> {
    let mut findings = Findings::default();
    for (k, activation) in Activation::ALL.into_iter().enumerate() {
        let over_samples = SAMPLES.map(|m| (m, DIMS[DIMS.len() - 1]));
        let over_dim = DIMS.map(|n| (SAMPLES[0], n));
        let cell = 2 * k as u64;
        let by_samples = sweep(context, options, activation, &over_samples, cell)?;
        let by_dim = sweep(context, options, activation, &over_dim, cell + 1)?;
        judge(&by_samples, &by_dim, activation, prediction, &mut findings);
    }
    findings.checks.push(on_burn(context, options)?);
    Ok(findings)
}

fn sweep(
    context: &Context,
    options: &Options,
    activation: Activation,
    sizes: &[(usize, usize)],
    cell: u64,
) -> Result<Vec<Size>> {
    let replicas = options.replicas.unwrap_or(context.effort.pick(100, 240, 2000));
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

/// Mean of a quantity at each size, as points `(log x, log mean, error of log mean)`.
fn log_points(
    sizes: &[Size],
    x: fn(&Size) -> usize,
    sample: impl Fn(&Size) -> Vec<f64>,
) -> Vec<(f64, f64, f64)> {
    let point = |size: &Size| {
        let mean = Mean::of(&sample(size));
        ((x(size) as f64).ln(), mean.mean.ln(), mean.sem / mean.mean)
    };
    sizes.iter().map(point).collect()
}

fn of(runs: &[Alignment], value: fn(&Alignment) -> f64) -> Vec<f64> {
    runs.iter().map(value).collect()
}

fn judge(
    by_samples: &[Size],
    by_dim: &[Size],
    activation: Activation,
    prediction: &Prediction,
    findings: &mut Findings,
) {
    let name = activation.name();
    let mut slopes = Slopes { findings: &mut *findings };

    // GD: max_i cos against m; cos² with the start, for which m/n is exact, in m and in n.
    let exact = |size: &Size| (prediction.gd_max_cos)(size.samples, activation);
    let max_cos = |size: &Size| of(&size.gd, |run| run.max_cos);
    let max_cos =
        slopes.equal(&format!("GD, {name}: slope of max cos in m"), by_samples, IN_SAMPLES, max_cos, exact);
    let exact = |size: &Size| (prediction.gd_cos_init_squared)(size.samples, size.dim, activation);
    let squared = |size: &Size| of(&size.gd, |run| run.cos_init.powi(2));
    let what = format!("GD, {name}: slope of cos²(w, w_0) in");
    let in_samples = slopes.equal(&format!("{what} m"), by_samples, IN_SAMPLES, squared, exact);
    let in_dim = slopes.equal(&format!("{what} n"), by_dim, IN_DIM, squared, exact);

    // SGD: an upper bound on the order of cos with the start, again in m and in n.
    let bound_at = |size: &Size| (prediction.sgd_cos_init_bound)(size.samples, size.dim, activation);
    let what = format!("SGD, {name}: slope of cos(w, w_0) in");
    let sgd_in_samples = slopes.at_most(&format!("{what} m"), by_samples, IN_SAMPLES, bound_at);
    let sgd_in_dim = slopes.at_most(&format!("{what} n"), by_dim, IN_DIM, bound_at);

    findings.checks.extend([
        pointwise(by_samples, activation, prediction),
        purity(by_samples, by_dim, activation),
        closed_form(by_samples, by_dim, activation),
        bound(by_samples, by_dim, activation, prediction),
        control_growth(by_samples, activation, prediction),
    ]);
    let half = |line: &Line| line.slope_interval(CHECK_LEVEL).half_width() / 2.0;
    findings.notes.push(format!(
        "{name}: the root mean square of cos(w_GD, w_0) goes with m to the power {:.3} ± {:.3} and with n to the power \
         {:.3} ± {:.3} (half the slopes of its square): Θ(√(m/n)). An account of the paper prints Θ(m/n) for the \
         cosine; that is the order of its square, and exponents ±1 for the cosine itself are excluded.",
        in_samples.slope / 2.0,
        half(&in_samples),
        in_dim.slope / 2.0,
        half(&in_dim),
    ));
    let (first, last) = (by_samples[0].samples, by_samples[by_samples.len() - 1].samples);
    findings.notes.push(format!(
        "{name}: max cos of GD over its leading order √(2 log m / m) goes from {:.3} at m = {first} to {:.3} at m = \
         {last}; its measured slope in m, {:.3}, is −1/2 only in the limit.",
        ratio_to_order(&by_samples[0]),
        ratio_to_order(&by_samples[by_samples.len() - 1]),
        max_cos.slope,
    ));
    findings.notes.push(format!(
        "{name}: SGD's cos(w, w_0) goes as m^{:.3} and n^{:.3}: it grows more slowly and falls faster than the bound. With \
         more samples the winner is less often the best-aligned one, and from a shorter Πw_0 it is more random, because \
         while ‖w‖ is small each draw multiplies a correlation by 1 + 2η_B (an effect of finite η).",
        sgd_in_samples.slope, sgd_in_dim.slope,
    ));
}

/// Which size a slope is taken in.
type Axis = fn(&Size) -> usize;
const IN_SAMPLES: Axis = |size| size.samples;
const IN_DIM: Axis = |size| size.dim;

/// Log–log slopes, each against the slope that theory without noise has on the same grid under the
/// same weights.
struct Slopes<'a> {
    findings: &'a mut Findings,
}

impl Slopes<'_> {
    fn fit(
        sizes: &[Size],
        axis: Axis,
        sample: impl Fn(&Size) -> Vec<f64>,
        theory: impl Fn(&Size) -> f64,
    ) -> (Line, f64, u64) {
        let points = log_points(sizes, axis, sample);
        let exact: Vec<_> =
            points.iter().zip(sizes).map(|(&(x, _, se), size)| (x, theory(size).ln(), se)).collect();
        let n = sizes.iter().map(|size| size.gd.len() as u64).sum();
        (Line::fit(&points), Line::fit(&exact).slope, n)
    }

    /// The slope is that of theory.
    fn equal(
        &mut self,
        name: &str,
        sizes: &[Size],
        axis: Axis,
        sample: impl Fn(&Size) -> Vec<f64>,
        theory: impl Fn(&Size) -> f64,
    ) -> Line {
        let (line, predicted, n) = Self::fit(sizes, axis, sample, theory);
        let why = "log–log over two decades, weights from the standard errors";
        let expectation = Expectation::new(name, predicted, why).covered(0.1);
        self.findings.checks.push(expectation.estimated(line.slope, line.slope_interval(CHECK_LEVEL), n));
        line
    }

    /// SGD's cosine with the start grows no faster than the bound.
    fn at_most(&mut self, name: &str, sizes: &[Size], axis: Axis, bound: impl Fn(&Size) -> f64) -> Line {
        let sample = |size: &Size| of(&size.sgd, |run| run.cos_init);
        let (line, predicted, n) = Self::fit(sizes, axis, sample, bound);
        let why = format!("slope of the bound plus {SLOPE_MARGIN}: a factor of 1.6 over two decades");
        let expectation = Expectation::new(name, predicted + SLOPE_MARGIN, why).bounded();
        self.findings.checks.push(expectation.estimated(line.slope, line.slope_interval(CHECK_LEVEL), n));
        line
    }
}

/// By how much a measured slope may exceed that of an upper bound on the order.
const SLOPE_MARGIN: f64 = 0.1;

fn ratio_to_order(size: &Size) -> f64 {
    Mean::of(&of(&size.gd, |run| run.max_cos)).mean / alignment::asymptotic_max_cos(size.samples)
}

/// The largest deviation of any size's mean from its exact expectation, in standard errors.
fn pointwise(sizes: &[Size], activation: Activation, prediction: &Prediction) -> Check {
    let deviations = sizes.iter().map(|size| {
        let mean = Mean::of(&of(&size.gd, |run| run.max_cos));
        ((mean.mean - (prediction.gd_max_cos)(size.samples, activation)) / mean.sem).abs()
    });
    let limit = normal_quantile(CHECK_LEVEL / sizes.len() as f64);
    let why = format!("normal quantile at level {CHECK_LEVEL:.0e} over {} sizes", sizes.len());
    Expectation::new(format!("GD, {}: max cos at every m, worst |z|", activation.name()), 0.0, why)
        .within(limit)
        .measured(largest(deviations), sizes.iter().map(|size| size.gd.len() as u64).sum())
}

/// SGD's limit is a datapoint: its cosine with the best one is 1.
fn purity(by_samples: &[Size], by_dim: &[Size], activation: Activation) -> Check {
    let runs: Vec<&Alignment> = by_samples.iter().chain(by_dim).flat_map(|size| &size.sgd).collect();
    let worst = largest(runs.iter().map(|run| (1.0 - run.max_cos).abs()));
    let why = "stopped 1e-8 from a datapoint: the cosine is off by half the square of that, and by rounding";
    Expectation::new(format!("SGD, {}: largest 1 − max cos", activation.name()), 0.0, why)
        .within(1e-14)
        .measured(worst, runs.len() as u64)
}

/// Start by start: cos(w_GD, w_0) = ‖c⁺(0)‖/‖w_0‖ and cos(w_SGD, w_0) = c_{i*}(0)/‖w_0‖.
fn closed_form(by_samples: &[Size], by_dim: &[Size], activation: Activation) -> Check {
    let runs: Vec<&Alignment> =
        by_samples.iter().chain(by_dim).flat_map(|size| size.gd.iter().chain(&size.sgd)).collect();
    let worst = largest(runs.iter().map(|run| run.off_closed_form.abs()));
    let why = "stopped 1e-8 from the limit";
    Expectation::new(format!("GD and SGD, {}: cos(w, w_0) off its closed form", activation.name()), 0.0, why)
        .within(2e-8)
        .measured(worst, runs.len() as u64)
}

/// SGD's alignment with the start stays below that of the best-aligned sample, which is O(√(log m/n)).
/// Pooled over the sizes, whose ratios to the bound are of one magnitude; the slopes guard the trends.
fn bound(by_samples: &[Size], by_dim: &[Size], activation: Activation, prediction: &Prediction) -> Check {
    let ratios = by_samples.iter().chain(by_dim).flat_map(|size| {
        let bound = (prediction.sgd_cos_init_bound)(size.samples, size.dim, activation);
        size.sgd.iter().map(move |run| run.cos_init / bound)
    });
    let mean = Mean::of(&ratios.collect::<Vec<_>>());
    let why =
        "the winner is not always the sample best aligned with the start, so the mean stays below the bound";
    let name = format!("SGD, {}: cos(w, w_0) over E max_i|c_i|/‖w_0‖, mean", activation.name());
    Expectation::new(name, 1.0, why).bounded().estimated(mean.mean, mean.interval(CHECK_LEVEL), mean.n as u64)
}

/// GD must break SGD's bound, and by more and more: its alignment with the start is of another order.
fn control_growth(by_samples: &[Size], activation: Activation, prediction: &Prediction) -> Check {
    let size = &by_samples[by_samples.len() - 1];
    let mean = Mean::of(&of(&size.gd, |run| run.cos_init)).mean;
    let ratio = mean / (prediction.sgd_cos_init_bound)(size.samples, size.dim, activation);
    let name = format!("GD, {}: cos(w, w_0) over SGD's bound at m = {}", activation.name(), size.samples);
    Expectation::new(name, 3.0, "grows like √(m / 2 log m), here above 6")
        .control()
        .at_least()
        .measured(ratio, size.gd.len() as u64)
}

/// The same starts by training the Burn model, against the reduced engine used above.
fn on_burn(context: &Context, options: &Options) -> Result<Check> {
    let sizes = context.effort.pick(vec![(10, 14)], vec![(10, 14), (56, 80)], vec![(10, 14), (100, 300)]);
    let replicas = context.effort.pick(2, 4, 8);
    let precision = context.compute.precision();
    let (target, tolerance) = if precision == Precision::F64 { (1e-9, 1e-8) } else { (1e-5, 1e-4) };
    let mut cells = Vec::new();
    for (k, (samples, dim)) in sizes.into_iter().enumerate() {
        for activation in Activation::ALL {
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
            let reduced = case.run_to(&mut case.reduced()?, set, 1e-9);
            let measures = [&burn, &reduced].map(|run| {
                let best = best_match(&run.neurons[0], problem.dataset(), activation);
                (best.cosine, cos_init(&run.neurons[0], start.norm_sq))
            });
            Ok((measures[0].0 - measures[1].0).abs().max((measures[0].1 - measures[1].1).abs()))
        });
    let deviations = deviations.collect::<Result<Vec<f64>>>()?;
    Ok(Expectation::new(
        "the same cosines by training the Burn model: largest difference",
        0.0,
        "both stop close to the limit",
    )
    .within(tolerance)
    .measured(largest(deviations.iter().copied()), deviations.len() as u64))
}
