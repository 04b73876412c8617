//! The laws of Corollary 3 held against what was measured.

use super::super::Findings;
use super::super::protocol::largest;
use super::Prediction;
use crate::model::Activation;
use crate::stats::{CHECK_LEVEL, Line, Mean};
use crate::theory::alignment;
use crate::verdict::{Check, Expectation};

/// What one start came to under one algorithm.
#[derive(Clone, Copy, Debug)]
pub(super) struct Alignment {
    pub max_cos: f64,
    pub cos_init: f64,
    /// Deviation of `cos(w, w_0)` from what theory says for this very start.
    pub off_closed_form: f64,
}

/// All starts of one size.
pub(super) struct Size {
    pub samples: usize,
    pub dim: usize,
    pub gd: Vec<Alignment>,
    pub sgd: Vec<Alignment>,
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

pub(super) fn judge(
    by_samples: &[Size],
    by_dim: &[Size],
    activation: Activation,
    prediction: &Prediction,
    findings: &mut Findings,
) {
    let name = activation.name();
    // GD: max_i cos against m; cos² with the start, for which m/n is exact, in m and in n.
    let exact = |size: &Size| (prediction.gd_max_cos)(size.samples, activation);
    let max_cos = |size: &Size| of(&size.gd, |run| run.max_cos);
    let max_cos = equal(
        findings,
        &format!("GD, {name}: slope of max cos in m"),
        by_samples,
        IN_SAMPLES,
        max_cos,
        exact,
    );
    let exact = |size: &Size| (prediction.gd_cos_init_squared)(size.samples, size.dim, activation);
    let squared = |size: &Size| of(&size.gd, |run| run.cos_init.powi(2));
    let what = format!("GD, {name}: slope of cos²(w, w_0) in");
    let in_samples = equal(findings, &format!("{what} m"), by_samples, IN_SAMPLES, squared, exact);
    let in_dim = equal(findings, &format!("{what} n"), by_dim, IN_DIM, squared, exact);

    // SGD: an upper bound on the order of cos with the start, again in m and in n.
    let bound_at = |size: &Size| (prediction.sgd_cos_init_bound)(size.samples, size.dim, activation);
    let what = format!("SGD, {name}: slope of cos(w, w_0) in");
    let (sgd_in_samples, bound_in_samples) =
        at_most(findings, &format!("{what} m"), by_samples, IN_SAMPLES, bound_at);
    let (sgd_in_dim, bound_in_dim) = at_most(findings, &format!("{what} n"), by_dim, IN_DIM, bound_at);

    findings.checks.extend([
        pointwise(by_samples, activation, prediction),
        purity(by_samples, by_dim, activation),
        closed_form(by_samples, by_dim, activation),
        bound(by_samples, by_dim, activation, prediction),
        control_growth(by_samples, activation, prediction),
    ]);
    let half = |line: &Line| line.slope_interval(CHECK_LEVEL).half_width() / 2.0;
    // An exponent ±1 of the cosine is an exponent ±2 of its square.
    let excluded = !in_samples.slope_interval(CHECK_LEVEL).contains(2.0)
        && !in_dim.slope_interval(CHECK_LEVEL).contains(-2.0);
    findings.notes.push(format!(
        "{name}: the root mean square of cos(w_GD, w_0) goes as m to the power {:.3} ± {:.3} over n to the power \
         {:.3} ± {:.3} (half the slopes of its square): Θ(√(m/n)). An account of the paper prints Θ(m/n) for the \
         cosine; that is the order of its square; exponents ±1 for the cosine itself are {} by the intervals.",
        in_samples.slope / 2.0,
        half(&in_samples),
        -in_dim.slope / 2.0,
        half(&in_dim),
        if excluded { "excluded" } else { "not excluded" },
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
        "{name}: SGD's cos(w, w_0) goes as m^{:.3} and n^{:.3}, its bound as m^{:.3} and n^{:.3}. Two effects pull it below \
         the bound: with more samples the winner is less often the best-aligned one, and from a shorter Πw_0 it is more \
         random, because while ‖w‖ is small each draw multiplies a correlation by 1 + 2η_B (an effect of finite η).",
        sgd_in_samples.slope, sgd_in_dim.slope, bound_in_samples, bound_in_dim,
    ));
}

/// Which size a slope is taken in.
type Axis = fn(&Size) -> usize;
const IN_SAMPLES: Axis = |size| size.samples;
const IN_DIM: Axis = |size| size.dim;

/// By how much a measured slope may exceed that of an upper bound on the order.
const SLOPE_MARGIN: f64 = 0.1;

/// Log–log slope of a quantity, and the slope that theory without noise has on the same grid under the
/// same weights; and the sample size.
fn slopes(
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

/// Checks that the slope is that of theory.
fn equal(
    findings: &mut Findings,
    name: &str,
    sizes: &[Size],
    axis: Axis,
    sample: impl Fn(&Size) -> Vec<f64>,
    theory: impl Fn(&Size) -> f64,
) -> Line {
    let (line, predicted, n) = slopes(sizes, axis, sample, theory);
    let why = "log–log over two decades, weights from the standard errors";
    let expectation = Expectation::new(name, predicted, why).covered(0.1);
    findings.checks.push(expectation.estimated(line.slope, line.slope_interval(CHECK_LEVEL), n));
    line
}

/// Checks that SGD's cosine with the start grows no faster than its bound; returns both slopes.
fn at_most(
    findings: &mut Findings,
    name: &str,
    sizes: &[Size],
    axis: Axis,
    bound: impl Fn(&Size) -> f64,
) -> (Line, f64) {
    let sample = |size: &Size| of(&size.sgd, |run| run.cos_init);
    let (line, predicted, n) = slopes(sizes, axis, sample, bound);
    let why = format!("slope of the bound plus {SLOPE_MARGIN}: a factor of 1.6 over two decades");
    let expectation = Expectation::new(name, predicted + SLOPE_MARGIN, why).bounded();
    findings.checks.push(expectation.estimated(line.slope, line.slope_interval(CHECK_LEVEL), n));
    (line, predicted)
}

fn ratio_to_order(size: &Size) -> f64 {
    Mean::of(&of(&size.gd, |run| run.max_cos)).mean / alignment::asymptotic_max_cos(size.samples)
}

/// Every size's mean against its exact expectation: their ratio at the size where it is farthest from 1
/// in standard errors, with an interval whose level is shared by the sizes.
fn pointwise(sizes: &[Size], activation: Activation, prediction: &Prediction) -> Check {
    let ratio = |size: &Size| {
        let exact = (prediction.gd_max_cos)(size.samples, activation);
        Mean::of(&size.gd.iter().map(|run| run.max_cos / exact).collect::<Vec<_>>())
    };
    let off = |mean: &Mean| ((mean.mean - 1.0) / mean.sem).abs();
    let worst = sizes.iter().map(ratio).max_by(|a, b| off(a).total_cmp(&off(b))).expect("there are sizes");
    let why = format!("the worst of {} sizes, among which the level is divided", sizes.len());
    let name = format!("GD, {}: max cos over its exact expectation, worst m", activation.name());
    let n = sizes.iter().map(|size| size.gd.len() as u64).sum();
    let interval = worst.interval(CHECK_LEVEL / sizes.len() as f64);
    Expectation::new(name, 1.0, why).covered(0.25).estimated(worst.mean, interval, n)
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
    let why = "start by start c_{i*} ≤ max|c_i| already follows from the closed form; this is by how much";
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
