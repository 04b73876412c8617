//! Theorem 13: the sparse minimum is the sharper one, by the trace, against common wisdom.

mod record;

use rand::SeedableRng;
use rayon::prelude::*;

use super::protocol::{Case, largest, smallest};
use super::{Claim, Context, Effort, Findings, Kind};
use crate::data::Dataset;
use crate::device::{Compute, Precision};
use crate::engine::Autodiff;
use crate::error::{Error, Result};
use crate::init::Start;
use crate::limit_set::LimitSet;
use crate::measure::sharpness::{Surface, Trace, dense, eigenvalues, hutch_plus_plus, top_eigenvalue};
use crate::model::Activation;
use crate::problem::{Problem, Reduction};
use crate::schedule::Schedule;
use crate::stats::{CHECK_LEVEL, student_quantile};
use crate::theory::{gd, sgd, sharpness};
use crate::train::Outcome;
use crate::verdict::{Check, Expectation};

/// The claim.
pub const CLAIM: Claim = Claim {
    id: "sharpness",
    kind: Kind::Claim,
    joins: Effort::Quick,
    number: 5,
    level: 1e-5,
    title: "both minima have λ_max = 4/m; the sparse one has the larger trace",
    source: "GFHY Theorem 13",
    statement: "At the limits of both algorithms λ_max(H) = 4/m. With ReLU Tr H(w_GD) = (2n + 8 − m − |S⁺|)/(2m) and \
                Tr H(w_SGD) = (2n + 7 − m)/(2m): SGD ends in the sharper minimum.",
    formula: r"\lambda_{\max}(H) = \frac{4}{m}, \qquad \operatorname{Tr} H(w_{\mathrm{GD}}) = \frac{2n + 8 - m - |S^+|}{2m} \;\le\; \operatorname{Tr} H(w_{\mathrm{SGD}}) = \frac{2n + 7 - m}{2m}",
    protocol: "Trains the Burn model to both minima from one start, on rotated data, and measures the Hessian \
               of the loss by symmetric differences of autodiff gradients: densely, by Lanczos, and by Hutch++ \
               until its standard error can tell one kink from none. Control: the linear model, which has no \
               kinks, must show no gap between the traces.",
    run: |context| findings(context, &Options::default(), &Prediction::default()),
};

/// What the command line may bend.
#[derive(Clone, Debug, Default, clap::Args, serde::Serialize)]
pub struct Options {
    /// Number of samples m (default: several sizes).
    #[arg(long, requires = "dim")]
    pub samples: Option<usize>,
    /// Dimension n.
    #[arg(long, requires = "samples")]
    pub dim: Option<usize>,
}

/// The theory that is put to the test.
#[derive(Clone, Debug)]
pub struct Prediction {
    /// `λ_max` from `m`.
    pub largest: fn(usize) -> f64,
    /// `Tr H` from `m`, `n` and the number of samples mixed.
    pub trace: fn(usize, usize, usize, Activation) -> f64,
    /// Eigenvalues with multiplicities, from the same.
    pub spectrum: fn(usize, usize, usize, Activation) -> sharpness::Spectrum,
    /// Least gap between the traces, in kinks of `1/2m`, with two active samples.
    pub least_gap: f64,
    /// Gap of the linear model.
    pub linear_gap: f64,
}

impl Default for Prediction {
    fn default() -> Self {
        Self {
            largest: sharpness::largest_eigenvalue,
            trace: sharpness::trace,
            spectrum: sharpness::spectrum,
            least_gap: 1.0,
            linear_gap: 0.0,
        }
    }
}

/// What curvature is held to, by precision `u`. The difference step is `h = u^(1/3)`.
#[derive(Clone, Copy)]
struct Grain {
    /// Distance from the limit at which training stops.
    arrival: f64,
    /// Error of a trace or an eigenvalue. Difference quotients of gradients are good to `u^(2/3)` an entry; a kink,
    /// straddled off its middle by the arrival distance, to that distance over `h`.
    curvature: f64,
    /// Least weight in a mixture, relative to its length: several `h`, so that no difference straddles its kink.
    clear: f64,
    /// Relative residual at which Lanczos stops.
    residual: f64,
}

impl Grain {
    fn of(precision: Precision) -> Self {
        precision.pick(
            Self { arrival: 1e-12, curvature: 1e-5, clear: 1e-3, residual: 1e-7 },
            Self { arrival: 1e-5, curvature: 2e-3, clear: 2e-2, residual: 1e-4 },
        )
    }
}

/// Most probes of a stochastic trace; far more than its standard error asks for.
const PROBES: usize = 200_000;

/// The standard error that a stochastic trace is to have: a twelfth of a kink, so that one kink more or less is far
/// outside the interval of [`CHECK_LEVEL`].
fn target_error(samples: usize) -> f64 {
    1.0 / (2.0 * samples as f64) / 12.0
}

/// Curvature at one minimum that training reached.
struct Measured {
    activation: Activation,
    sgd: bool,
    samples: usize,
    dim: usize,
    /// Samples mixed in it, `|S|`.
    support: usize,
    /// The dense spectrum, ascending.
    spectrum: Vec<f64>,
    /// Its sum.
    trace: f64,
    /// Sum of symmetric second differences of the loss along the axes.
    differences: f64,
    /// Lanczos: value and residual.
    lanczos: (f64, f64),
    hutch: Trace,
}

/// Runs the protocol against a prediction.
///
/// # Errors
/// Bad options: see [`Dataset`].
pub fn findings(context: &Context, options: &Options, prediction: &Prediction) -> Result<Findings> {
    if options.samples == Some(1) {
        return Err(Error::Usage("--samples 1: with a single sample both limits are the same point".into()));
    }
    // Beyond, a trace could not tell one kink from none.
    let most = (1.0 / (16.0 * Grain::of(context.compute.precision()).curvature)) as usize;
    if let Some(samples) = options.samples.filter(|&samples| samples > most) {
        let reason = format!("--samples {samples}: in this precision kinks can be counted up to m = {most}");
        return Err(Error::Usage(reason));
    }
    let sizes = match (options.samples, options.dim) {
        (Some(m), Some(n)) => vec![(m, n)],
        _ => context.effort.pick(
            vec![(4, 7), (6, 6)],
            vec![(4, 7), (7, 7), (9, 16), (12, 14)],
            vec![(4, 7), (7, 7), (9, 16), (12, 14), (20, 35)],
        ),
    };
    let mut cells = Vec::new();
    for (k, &(m, n)) in sizes.iter().enumerate() {
        for activation in Activation::PAPER {
            for replica in 0..context.effort.pick(1, 1, 6) {
                cells.push((m, n, activation, context.cell_seed(&CLAIM, (k as u64) << 16 | replica)));
            }
        }
    }
    context.progress.inc_length(cells.len() as u64);
    let minima = cells.par_iter().with_max_len(1).map(|&(m, n, activation, seed)| {
        context.progress.inc(1);
        minima(m, n, activation, seed, &context.compute)
    });
    let minima: Vec<[Measured; 2]> = minima.collect::<Result<_>>()?;
    let mut findings = judge(&minima, prediction, context.compute.precision());
    findings.tables = vec![record::minima(&minima, prediction), record::along(context, &sizes, prediction)?];
    Ok(findings)
}

/// GD's and SGD's minimum from one start, and the curvature there.
fn minima(
    samples: usize,
    dim: usize,
    activation: Activation,
    seed: u64,
    compute: &Compute,
) -> Result<[Measured; 2]> {
    let dataset = Dataset::orthonormal(samples, dim, seed)?;
    let problem = Problem::new(dataset, activation, Reduction::Sum, 0.2)?;
    let grain = Grain::of(compute.precision());
    let start = well_inside(&problem, seed, grain.clear)?;
    let c0 = &start.correlations;
    let active = c0.iter().filter(|&&c| activation.admits(c)).count();
    let Some(mixture) = gd::limit(c0, activation) else {
        unreachable!("well_inside gives two active samples");
    };
    let gd_schedule = Schedule::full_batch(samples)?;
    let sgd_schedule = Schedule::sgd(samples, 1, seed)?;
    let curvature = |schedule: &Schedule, set: LimitSet, support: usize, sgd: bool| -> Result<Measured> {
        let case = Case { problem: &problem, schedule, start: &start, replica: 0 };
        let mut engine = Autodiff::single_neuron(&problem, schedule, &start, 0, compute)?;
        let run = case.run_to(&mut engine, set, grain.arrival);
        let arrived = |x: f64| if run.outcome == Outcome::Converged { x } else { f64::NAN };
        let surface = Surface::new(engine.model().clone(), problem.dataset(), compute)?;
        let spectrum = eigenvalues(dense(&surface)).unwrap_or_else(|| vec![f64::NAN; dim]);
        let axis = |k: usize| (0..dim).map(|j| if j == k { 1.0 } else { 0.0 }).collect::<Vec<_>>();
        let differences = (0..dim).map(|k| surface.second_difference(&axis(k))).sum();
        let mut rng = chacha20::ChaCha8Rng::seed_from_u64(seed);
        let top = top_eigenvalue(&surface, grain.residual, dim, &mut rng);
        let hutch = hutch_plus_plus(&surface, dim / 3, target_error(samples), PROBES, &mut rng);
        Ok(Measured {
            activation,
            sgd,
            samples,
            dim,
            support,
            trace: arrived(spectrum.iter().sum()),
            spectrum: spectrum.into_iter().map(arrived).collect(),
            differences: arrived(differences),
            lanczos: top.map_or((f64::NAN, 0.0), |top| (arrived(top.value), top.residual)),
            hutch: Trace { value: arrived(hutch.value), ..hutch },
        })
    };
    Ok([
        curvature(&gd_schedule, mixture, active, false)?,
        curvature(&sgd_schedule, sgd::limit_set(c0, activation), 1, true)?,
    ])
}

/// Starts tried before giving up.
const REDRAWS: u64 = 1000;

/// A start with at least two active samples, none of them so weak that a difference quotient at the mixture
/// would straddle its kink. Redrawn until it is one: Theorem 13 holds for all, the instrument does not.
fn well_inside(problem: &Problem, seed: u64, clear: f64) -> Result<Start> {
    let activation = problem.activation();
    let good = |start: &Start| {
        let active: Vec<f64> = start.correlations.iter().copied().filter(|&c| activation.admits(c)).collect();
        let length = crate::data::norm(&active);
        active.len() >= 2 && active.iter().all(|c| c.abs() > clear * length)
    };
    for replica in 0..REDRAWS {
        let start = Start::gaussian(problem.dataset(), 0.5, seed, replica)?;
        if good(&start) {
            return Ok(start);
        }
    }
    let m = problem.dataset().samples();
    Err(Error::Usage(format!(
        "--samples {m}: none of {REDRAWS} starts keeps all its active samples clear of their kinks by {clear}"
    )))
}

fn judge(minima: &[[Measured; 2]], prediction: &Prediction, precision: Precision) -> Findings {
    let grain = Grain::of(precision);
    let all: Vec<&Measured> = minima.iter().flatten().collect();
    let n = all.len() as u64;
    let predicted_trace = |at: &Measured| (prediction.trace)(at.samples, at.dim, at.support, at.activation);
    let why = "central differences of autodiff gradients, dense, on rotated data";
    let mut checks = vec![
        Expectation::new("λ_max, dense: largest deviation from 4/m", 0.0, why)
            .within(grain.curvature)
            .measured(
                largest(all.iter().map(|at| {
                    let top = at.spectrum.last().copied().unwrap_or(f64::NAN);
                    (top - (prediction.largest)(at.samples)).abs()
                })),
                n,
            ),
        Expectation::new("every eigenvalue, dense: largest deviation from its closed form", 0.0, why)
            .within(grain.curvature)
            .measured(largest(all.iter().map(|at| at.off_spectrum(prediction))), n),
        Expectation::new("λ_max, Lanczos: largest deviation and residual", 0.0, "full reorthogonalisation")
            .within(grain.curvature)
            .measured(
                largest(all.iter().map(|at| {
                    let (value, residual) = at.lanczos;
                    (value - (prediction.largest)(at.samples)).abs() + residual
                })),
                n,
            ),
    ];
    for (name, sgd) in [("Tr H at w_GD", false), ("Tr H at w_SGD", true)] {
        let at: Vec<&&Measured> =
            all.iter().filter(|at| at.sgd == sgd && at.activation == Activation::Relu).collect();
        let worst = largest(at.iter().map(|at| (at.trace - predicted_trace(at)).abs()));
        let name = format!("{name}, ReLU, dense: largest deviation from Theorem 13");
        checks
            .push(Expectation::new(name, 0.0, why).within(grain.curvature).measured(worst, at.len() as u64));
    }
    let linear: Vec<&&Measured> = all.iter().filter(|at| at.activation == Activation::Linear).collect();
    let worst = largest(linear.iter().map(|at| (at.trace - predicted_trace(at)).abs()));
    checks.push(
        Expectation::new("Tr H, linear, dense: largest deviation from (4 + n − m)/m", 0.0, why)
            .within(grain.curvature)
            .measured(worst, linear.len() as u64),
    );
    checks.push(by_differences(&all, &predicted_trace, precision));
    checks.push(stochastic(&all, &predicted_trace, grain));
    checks.extend(gaps(minima, prediction, &predicted_trace, grain));
    let example = minima.iter().find(|[gd, _]| gd.activation == Activation::Relu);
    let mut notes = vec![
        "Large-batch training is commonly held to find sharp minima and small batches flat ones (Keskar et al., 2017). By \
         that, SGD's minimum would have the smaller trace and the smaller λ_max. It has the larger trace and the same λ_max, \
         at the same loss: the noise selects it for vanishing sample gradients, not for flatness. The gap is a ReLU effect: \
         off its support the sparse minimum sits on more kinks."
            .to_string(),
        "The trace at a kink counts the average of the two one-sided second derivatives, which a symmetric difference \
         of gradients measures; φ'(0) = 0 alone would miss 1/(2m) a kink."
            .to_string(),
    ];
    if precision == Precision::F32 {
        notes.push(
            "Single precision: training stops 1e-5 from the limit, so at SGD's minimum the losing samples are not 0, and their \
             kinks lie off the middle of the difference by that over its step 2⁻⁸: a kink that is hit exactly in theory is \
             counted to half a percent here. Starts with weights next to a kink are redrawn more often for the same reason."
                .to_string(),
        );
    }
    if let Some([gd, sgd]) = example {
        notes.push(format!(
            "For example m = {}, n = {}, |S⁺| = {}: Tr H = {:.6} at GD's minimum, {:.6} at SGD's.",
            gd.samples, gd.dim, gd.support, gd.trace, sgd.trace
        ));
    }
    Findings { checks, notes, ..Findings::default() }
}

impl Measured {
    fn off_spectrum(&self, prediction: &Prediction) -> f64 {
        let &Self { samples, dim, support, activation, .. } = self;
        let closed = (prediction.spectrum)(samples, dim, support, activation);
        let mut closed: Vec<f64> = closed.iter().flat_map(|&(value, count)| vec![value; count]).collect();
        closed.sort_by(f64::total_cmp);
        largest(self.spectrum.iter().zip(closed).map(|(a, b)| (a - b).abs()))
    }
}

/// The trace from values of the loss alone: no gradient, and no convention for `φ'(0)`, has a say in it.
fn by_differences(all: &[&Measured], predicted: &impl Fn(&Measured) -> f64, precision: Precision) -> Check {
    // On an axis a difference of values is good to u^(1/2); across kinks that w moves along, to its step u^(1/4)/m.
    let step = precision.unit_roundoff().sqrt().sqrt();
    let worst = largest(all.iter().map(|at| (at.differences - predicted(at)).abs() / at.dim as f64));
    let why = "an axis; second differences of the loss, step u^(1/4)";
    Expectation::new("Tr H, values of the loss alone: largest deviation, an axis", 0.0, why)
        .within(2.0 * step)
        .measured(worst, all.len() as u64)
}

/// Hutch++ against theory, fine enough to count kinks.
fn stochastic(all: &[&Measured], predicted: &impl Fn(&Measured) -> f64, grain: Grain) -> Check {
    let resolved: Vec<&&Measured> =
        all.iter().filter(|at| at.hutch.sem <= 2.0 * target_error(at.samples)).collect();
    // 64 probes at least, and one interval a minimum.
    let quantile = student_quantile(CHECK_LEVEL / all.len() as f64, 63);
    let off = |at: &&&Measured| {
        (at.hutch.value - predicted(at)).abs() / (quantile * at.hutch.sem + grain.curvature)
    };
    let why = "half-widths of Student intervals at the check's level over the number of minima; a kink more or less is two \
               of them, and more";
    Expectation::new("Tr H, Hutch++: largest deviation, in half-widths of its interval", 1.0, why)
        .at_most()
        .measured(largest(resolved.iter().map(off)), resolved.len() as u64)
}

/// SGD's trace minus GD's: the point of the theorem, and its control.
fn gaps(
    minima: &[[Measured; 2]],
    prediction: &Prediction,
    predicted: &impl Fn(&Measured) -> f64,
    grain: Grain,
) -> Vec<Check> {
    let of = |activation: Activation| minima.iter().filter(move |[gd, _]| gd.activation == activation);
    let gap = |[gd, sgd]: &[Measured; 2]| sgd.trace - gd.trace;
    let relu: Vec<f64> =
        of(Activation::Relu).map(|pair| gap(pair) - (predicted(&pair[1]) - predicted(&pair[0]))).collect();
    let least = smallest(of(Activation::Relu).map(|pair| gap(pair) * 2.0 * pair[0].samples as f64));
    let linear = largest(of(Activation::Linear).map(|pair| gap(pair).abs()));
    let n = relu.len() as u64;
    let most = minima.iter().map(|[gd, _]| gd.samples).max().unwrap_or(0);
    vec![
        Expectation::new(
            "Tr H(w_SGD) − Tr H(w_GD), ReLU: largest deviation from (|S⁺| − 1)/2m",
            0.0,
            "two traces",
        )
        .within(2.0 * grain.curvature)
        .measured(largest(relu.iter().map(|off| off.abs())), n),
        Expectation::new(
            "smallest gap in units of 1/2m: SGD is sharper by at least |S⁺| − 1 ≥ 1",
            prediction.least_gap - 4.0 * grain.curvature * most as f64,
            "two active samples at least; two traces",
        )
        .at_least()
        .measured(least, n),
        Expectation::new(
            "linear model: largest |Tr H(w_SGD) − Tr H(w_GD)|",
            prediction.linear_gap,
            "no kinks, no gap",
        )
        .control()
        .within(2.0 * grain.curvature)
        .measured(linear, of(Activation::Linear).count() as u64),
    ]
}
