//! Theorem 13: the sparse minimum is the sharper one, by the trace, against common wisdom.

mod figures;
mod gap;
mod record;

use crate::data::Dataset;
use crate::device::{Compute, Precision};
use crate::engine::Autodiff;
use crate::error::{Error, Result};
use crate::init::Start;
use crate::study::setting::check_hessian;
use crate::study::trial::Trial;
use crate::study::words::in_words;
use crate::study::{Context, Effort, Findings, Kind, Study};
use crate::vectors::{largest, smallest};
use rand::SeedableRng;

use crate::measure::sharpness::{Surface, Trace, dense, eigenvalues, hutch_plus_plus, top_eigenvalue};
use crate::model::Activation;
use crate::problem::{Problem, Reduction};
use crate::schedule::Schedule;
use crate::stats::{CHECK_LEVEL, student_quantile};
use crate::theory::budget::MISS;
use crate::theory::{gd, sgd, sharpness};
use crate::train::Outcome;
use crate::verdict::{Check, Expectation};

/// The claim.
pub const STUDY: Study = Study {
    id: "sharpness",
    kind: Kind::Paper,
    joins: Effort::Quick,
    number: 5,
    level: 1e-5,
    title: "both minima have λ_max = 4/m; the sparse one has the larger trace",
    theorem: "Theorem 13",
    source: "GFHY Theorem 13",
    statement: "At the limits of both algorithms λ_max(H) = 4/m. With ReLU Tr H(w_GD) = (2n + 8 − m − |S⁺|)/(2m) and \
                Tr H(w_SGD) = (2n + 7 − m)/(2m) for every b < m: SGD ends in the sharper minimum, by (|S⁺| − 1)/(2m), \
                which tends to 1/4 as m grows.",
    formula: r"\lambda_{\max}(H) = \frac{4}{m}, \qquad \operatorname{Tr} H(w_{\mathrm{GD}}) = \frac{2n + 8 - m - |S^+|}{2m} \;\le\; \operatorname{Tr} H(w_{\mathrm{SGD}}) = \frac{2n + 7 - m}{2m}",
    figures: figures::ALL,
    protocol: |context, _| {
        crate::study::unregistered(findings(context, &Options::default(), &Prediction::default()))
    },
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
    pub smallest_gap: f64,
    /// Gap of the linear model.
    pub linear_gap: f64,
    /// Mean gap over Gaussian starts, with ReLU, from `m`.
    pub mean_gap: fn(usize) -> f64,
}

impl Default for Prediction {
    fn default() -> Self {
        Self {
            largest: sharpness::largest_eigenvalue,
            trace: sharpness::trace,
            spectrum: sharpness::spectrum,
            smallest_gap: 1.0,
            linear_gap: 0.0,
            mean_gap: sharpness::mean_gap,
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

/// The standard error that a stochastic trace is to have, as a part of a kink: a kink more or less is then more than two half-widths of
/// an interval at the level of [`stochastic`].
const PART_OF_A_KINK: f64 = 14.0;

/// That standard error.
fn target_error(samples: usize) -> f64 {
    1.0 / (2.0 * samples as f64) / PART_OF_A_KINK
}

/// Batch sizes of SGD: with ReLU, where the traces differ, also 2, m/2 and m − 1.
fn batch_sizes(samples: usize, activation: Activation) -> Vec<usize> {
    let mut sizes = match activation {
        Activation::Relu => vec![1, 2, samples / 2, samples - 1],
        _ => vec![1],
    };
    sizes.retain(|batch| (1..samples).contains(batch));
    sizes.sort_unstable();
    sizes.dedup();
    sizes
}

/// Curvature at one minimum that training reached.
struct Measured {
    activation: Activation,
    /// Batch size of SGD; `None` for GD.
    batch: Option<usize>,
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
    /// At GD's minimum, and at that of SGD with `b = 1`.
    hutch: Option<Trace>,
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
    let max = (1.0 / (16.0 * Grain::of(context.compute.precision()).curvature)) as usize;
    if let Some(samples) = options.samples.filter(|&samples| samples > max) {
        let reason = format!("--samples {samples}: in this precision kinks can be counted up to m = {max}");
        return Err(Error::Usage(reason));
    }
    check_hessian(options.dim.unwrap_or(1))?;
    let sizes = match (options.samples, options.dim) {
        (Some(m), Some(n)) => vec![(m, n)],
        _ => context.effort.pick(
            vec![(4, 7), (6, 6)],
            vec![(4, 7), (7, 7), (9, 16), (12, 14), (16, 17)],
            vec![(4, 7), (7, 7), (9, 16), (12, 14), (16, 17), (20, 35)],
        ),
    };
    let mut cells = Vec::new();
    let replicas = context.effort.pick(1, 1, 6);
    for (k, &(m, n)) in sizes.iter().enumerate() {
        for activation in Activation::PAPER {
            for replica in 0..replicas {
                cells.push((m, n, activation, context.cell_seed(&STUDY, (k as u64) << 16 | replica)));
            }
        }
    }
    let minima =
        context.each(&cells, |&(m, n, activation, seed)| minima(m, n, activation, seed, &context.compute))?;
    let mut findings = judge(&minima, prediction, context.compute.precision());
    let gaps = gap::measure(context)?;
    findings.checks.push(gap::judge(&gaps, prediction));
    findings.protocol = vec![protocol(context, &sizes, replicas), gap::protocol(&gaps)];
    findings.tables = vec![
        record::minima(&minima, prediction),
        record::along(context, &sizes, prediction)?,
        gap::table(&gaps, prediction),
    ];
    Ok(findings)
}

fn protocol(context: &Context, sizes: &[(usize, usize)], replicas: u64) -> String {
    let precision = context.compute.precision();
    let Grain { arrival, clear, .. } = Grain::of(precision);
    format!(
        "The Burn model ({}) on Haar-random data, m × n = {}, linear and ReLU, {replicas} a size, η = 0.2 a sample, from a Gaussian start of norm ½, \
         drawn until two samples are active and none of these has a weight below {clear:.0e}: GD and SGD with b = 1, with ReLU also \
         with b = 2, m/2 and m − 1, to within {arrival:.0e} of the limit. There the Hessian of the loss, by symmetric differences of \
         autodiff gradients: densely and by Lanczos; its trace also from values of the loss, and for GD and b = 1 by Hutch++ until its standard error is \
         1/{PART_OF_A_KINK} of a kink. Control: the linear model, which has no kinks, must show no gap.",
        precision.name(),
        in_words(sizes),
    )
}

/// GD's minimum and those of SGD from one start, and the curvature there.
fn minima(
    samples: usize,
    dim: usize,
    activation: Activation,
    seed: u64,
    compute: &Compute,
) -> Result<Vec<Measured>> {
    let dataset = Dataset::orthonormal(samples, dim, seed)?;
    let problem = Problem::new(dataset, activation, Reduction::Sum, 0.2)?;
    let grain = Grain::of(compute.precision());
    let start = well_inside(&problem, seed, grain.clear)?;
    let c0 = &start.correlations;
    let active = c0.iter().filter(|&&c| activation.admits(c)).count();
    let Some(mixture) = gd::limit(c0, activation) else {
        unreachable!("well_inside gives two active samples");
    };
    let curvature = |batch: Option<usize>| -> Result<Measured> {
        let (schedule, set, support) = match batch {
            None => (Schedule::full_batch(samples)?, mixture.clone(), active),
            Some(batch) => (Schedule::sgd(samples, batch, seed)?, sgd::limit_set(c0, activation), 1),
        };
        let case = Trial { problem: &problem, schedule: &schedule, start: &start, replica: 0 };
        let mut engine = Autodiff::single_neuron(&problem, &schedule, &start, 0, compute)?;
        let run = case.run_to(&mut engine, set, grain.arrival);
        let arrived = |x: f64| if run.outcome == Outcome::Converged { x } else { f64::NAN };
        let surface = Surface::new(engine.model(0).clone(), problem.dataset(), compute)?;
        let spectrum = eigenvalues(dense(&surface)).unwrap_or_else(|| vec![f64::NAN; dim]);
        let axis = |k: usize| (0..dim).map(|j| if j == k { 1.0 } else { 0.0 }).collect::<Vec<_>>();
        let differences = (0..dim).map(|k| surface.second_difference(&axis(k))).sum();
        let mut rng = chacha20::ChaCha8Rng::seed_from_u64(seed);
        let top = top_eigenvalue(&surface, grain.residual, dim, &mut rng);
        let hutch = batch.is_none_or(|batch| batch == 1).then(|| {
            let trace = hutch_plus_plus(&surface, dim / 3, target_error(samples), PROBES, &mut rng);
            Trace { value: arrived(trace.value), ..trace }
        });
        Ok(Measured {
            activation,
            batch,
            samples,
            dim,
            support,
            trace: arrived(spectrum.iter().sum()),
            spectrum: spectrum.into_iter().map(arrived).collect(),
            differences: arrived(differences),
            lanczos: top.map_or((f64::NAN, 0.0), |top| (arrived(top.value), top.residual)),
            hutch,
        })
    };
    let batches = batch_sizes(samples, activation).into_iter().map(Some);
    std::iter::once(None).chain(batches).map(curvature).collect()
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

fn judge(minima: &[Vec<Measured>], prediction: &Prediction, precision: Precision) -> Findings {
    let grain = Grain::of(precision);
    let all: Vec<&Measured> = minima.iter().flatten().collect();
    let predicted_trace = |at: &Measured| (prediction.trace)(at.samples, at.dim, at.support, at.activation);
    let top = |at: &Measured| (prediction.largest)(at.samples);
    // A run that has not arrived has no curvature: it refutes whatever it enters.
    let misses = MISS * all.iter().filter(|at| at.batch.is_some()).count() as f64;
    let dense = |name: &str, of: &dyn Fn(&Measured) -> f64, among: &dyn Fn(&Measured) -> bool| {
        let why = "central differences of autodiff gradients, dense, on rotated data; chance: a run of SGD that does not arrive";
        let among: Vec<f64> = all.iter().filter(|at| among(at)).map(|at| of(at)).collect();
        Expectation::new(name, 0.0, why)
            .chance(misses)
            .within(grain.curvature)
            .measured(largest(among.iter().copied()), among.len() as u64)
    };
    let off_trace = |at: &Measured| (at.trace - predicted_trace(at)).abs();
    let relu = |at: &Measured| at.activation == Activation::Relu;
    let mut checks = vec![
        dense(
            "λ_max, dense: largest deviation from 4/m",
            &|at| (at.spectrum.last().copied().unwrap_or(f64::NAN) - top(at)).abs(),
            &|_| true,
        ),
        dense(
            "every eigenvalue, dense: largest deviation from its closed form",
            &|at| at.off_spectrum(prediction),
            &|_| true,
        ),
        dense(
            "λ_max, Lanczos: largest deviation and residual",
            &|at| (at.lanczos.0 - top(at)).abs() + at.lanczos.1,
            &|_| true,
        ),
        dense("Tr H at w_GD, ReLU, dense: largest deviation from Theorem 13", &off_trace, &|at| {
            relu(at) && at.batch.is_none()
        }),
        dense("Tr H at w_SGD, ReLU, dense, every b: largest deviation from Theorem 13", &off_trace, &|at| {
            relu(at) && at.batch.is_some()
        }),
        dense("Tr H, linear, dense: largest deviation from (4 + n − m)/m", &off_trace, &|at| !relu(at)),
    ];
    checks.push(by_differences(&all, &predicted_trace, precision, misses));
    checks.push(stochastic(&all, &predicted_trace, grain, misses));
    checks.extend(gaps(minima, prediction, &predicted_trace, grain, misses));
    Findings { checks, notes: notes(minima, precision), ..Findings::default() }
}

fn notes(minima: &[Vec<Measured>], precision: Precision) -> Vec<String> {
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
    if let Some([gd, sgd, ..]) =
        minima.iter().map(Vec::as_slice).find(|at| at[0].activation == Activation::Relu)
    {
        notes.push(format!(
            "For example m = {}, n = {}, |S⁺| = {}: Tr H = {:.6} at GD's minimum, {:.6} at SGD's.",
            gd.samples, gd.dim, gd.support, gd.trace, sgd.trace
        ));
    }
    notes
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
fn by_differences(
    all: &[&Measured],
    predicted: &impl Fn(&Measured) -> f64,
    precision: Precision,
    misses: f64,
) -> Check {
    // On an axis a difference of values is good to u^(1/2); across kinks that w moves along, to its step u^(1/4)/m.
    let step = precision.unit_roundoff().sqrt().sqrt();
    let worst = largest(all.iter().map(|at| (at.differences - predicted(at)).abs() / at.dim as f64));
    let why = "an axis; second differences of the loss, step u^(1/4)";
    Expectation::new("Tr H, values of the loss alone: largest deviation, an axis", 0.0, why)
        .chance(misses)
        .within(2.0 * step)
        .measured(worst, all.len() as u64)
}

/// Hutch++ against theory, fine enough to count kinks.
fn stochastic(all: &[&Measured], predicted: &impl Fn(&Measured) -> f64, grain: Grain, misses: f64) -> Check {
    let traces: Vec<(&Measured, Trace)> = all.iter().filter_map(|at| Some((*at, at.hutch?))).collect();
    // 64 probes at least, and one interval a minimum.
    let level = 0.5 * CHECK_LEVEL;
    let quantile = student_quantile(level / traces.len() as f64, 63);
    let resolved = traces.iter().filter(|(at, trace)| trace.sem <= 2.0 * target_error(at.samples));
    let off: Vec<f64> = resolved
        .map(|(at, trace)| (trace.value - predicted(at)).abs() / (quantile * trace.sem + grain.curvature))
        .collect();
    let why = format!(
        "half-widths of Student intervals at level {level:.1e} over the number of minima, with the quantile of 64 probes where there are \
         more; a kink more or less is two of them"
    );
    Expectation::new("Tr H, Hutch++: largest deviation, in half-widths of its interval", 1.0, why)
        .chance(level + misses)
        .at_most()
        .measured(largest(off.iter().copied()), off.len() as u64)
}

/// SGD's trace minus GD's: the point of the theorem, and its control.
fn gaps(
    minima: &[Vec<Measured>],
    prediction: &Prediction,
    predicted: &impl Fn(&Measured) -> f64,
    grain: Grain,
    misses: f64,
) -> Vec<Check> {
    // The gap, and what it should be, of every minimum of SGD to that of GD from the same start.
    let of = |activation: Activation| {
        let pairs = minima.iter().filter(move |at| at[0].activation == activation);
        pairs.flat_map(|at| at[1..].iter().map(move |sgd| (&at[0], sgd)))
    };
    let gap = |(gd, sgd): (&Measured, &Measured)| sgd.trace - gd.trace;
    let off = largest(of(Activation::Relu).map(|(gd, sgd)| {
        let closed = predicted(sgd) - predicted(gd);
        (gap((gd, sgd)) - closed).abs()
    }));
    let min = smallest(of(Activation::Relu).map(|pair| gap(pair) * 2.0 * pair.0.samples as f64));
    let linear = largest(of(Activation::Linear).map(|pair| gap(pair).abs()));
    let n = of(Activation::Relu).count() as u64;
    let max = minima.iter().map(|at| at[0].samples).max().unwrap_or(0);
    vec![
        Expectation::new(
            "Tr H(w_SGD) − Tr H(w_GD), ReLU, every b: largest deviation from (|S⁺| − 1)/2m",
            0.0,
            "two traces",
        )
        .chance(misses)
        .within(2.0 * grain.curvature)
        .measured(off, n),
        Expectation::new(
            "smallest gap in units of 1/2m: SGD is sharper by at least |S⁺| − 1 ≥ 1",
            prediction.smallest_gap - 4.0 * grain.curvature * max as f64,
            "two active samples at least; two traces",
        )
        .chance(misses)
        .at_least()
        .measured(min, n),
        Expectation::new(
            "linear model: largest |Tr H(w_SGD) − Tr H(w_GD)|",
            prediction.linear_gap,
            "no kinks, no gap",
        )
        .control()
        .chance(misses)
        .within(2.0 * grain.curvature)
        .measured(linear, of(Activation::Linear).count() as u64),
    ]
}
