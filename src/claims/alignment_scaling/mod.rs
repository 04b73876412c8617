//! Corollary 3: how aligned the limits are with the data and with the initial point, as m and n grow.

mod burn;
mod figure;
mod grid;
mod pairs;
mod pooled;
mod row;
mod slopes;

use crate::data::Dataset;
use crate::error::{Error, Result};
use crate::init::Start;
use crate::limit_set::LimitSet;
use crate::model::Activation;
use crate::problem::{Problem, Reduction};
use crate::schedule::Schedule;
use crate::stats::CHECK_LEVEL;
use crate::study::setting::check_replicas;
use crate::study::words::{bent, by_the_reduced_engine, count};
use crate::study::{Context, Effort, Findings, Kind, Protocol, Study};
use crate::theory::{alignment, sgd};
use crate::verdict::Register;
use grid::Along;
use pairs::Sampled;
use pooled::Pooled;
use slopes::Slopes;

/// The claim.
pub const STUDY: Study = Study {
    id: "alignment_scaling",
    kind: Kind::Paper,
    joins: Effort::Quick,
    number: 4,
    level: 1.05e-4,
    title: "GD stays near its start and aligns with no datapoint, SGD the other way round",
    theorem: "Corollary 3",
    source: "GFHY Corollary 3",
    statement: "For Gaussian initial directions and large m, n, with high probability: GD has max_i cos(w, a_i) = O(√(log m / m)), \
                mixes some m/3 samples (ReLU m/6) by its participation ratio, and keeps cos(w, w_0) of the order √(m/n); SGD has \
                max_i cos(w, a_i) = 1 and cos(w, w_0) = O(√(log m / n)). The last bound is not attained here: the \
                measurements look like Θ(1/√n).",
    formula: r"\text{GD:}\;\; \max_i \cos(w, a_i) = O\bigl(\sqrt{\log m / m}\bigr),\;\; \cos(w, w_0) \asymp \sqrt{m/n}; \qquad \text{SGD:}\;\; \max_i \cos(w, a_i) = 1,\;\; \cos(w, w_0) = O\bigl(\sqrt{\log m / n}\bigr)",
    figures: &[&figure::FIGURE],
    protocol: |context, register| protocol(context, &Options::default(), &Prediction::default(), register),
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
#[derive(Clone, Copy, Debug)]
pub struct Prediction {
    /// `cos(w, w_0)` from the length of the part of `w_0` along the samples in the limit, and `‖w_0‖`.
    pub cos_init: fn(f64, f64) -> f64,
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
    /// Where SGD ends, from the initial correlations.
    pub sgd_limit: fn(&[f64], Activation) -> LimitSet,
    /// `max_i cos(w_SGD, a_i)`.
    pub sgd_max_cos: f64,
    /// Upper bound on `E cos(w_SGD, w_0)` from `m`, `n`.
    pub sgd_cos_init_bound: fn(usize, usize, Activation) -> f64,
    /// Bound on `P(cos(w_SGD, w_0) > x)` from the number of active samples, `n` and `x`.
    pub sgd_cos_init_tail: fn(usize, usize, f64) -> f64,
}

impl Default for Prediction {
    fn default() -> Self {
        Self {
            cos_init: |along, norm| along / norm,
            gd_max_cos: alignment::gd_max_cos,
            gd_cos_init_squared: alignment::gd_cos_init_squared,
            gd_participation: alignment::gd_participation,
            gd_max_cos_tail: alignment::gd_max_cos_tail,
            gd_cos_init_law: alignment::gd_cos_init_law,
            sgd_limit: sgd::limit_set,
            sgd_max_cos: 1.0,
            sgd_cos_init_bound: alignment::sgd_cos_init_bound,
            sgd_cos_init_tail: alignment::sgd_cos_init_tail,
        }
    }
}

/// Starts a size below which a standard error means little.
const FEWEST_REPLICAS: u64 = 20;

/// Level of the normal and Student intervals behind a check at [`CHECK_LEVEL`]: the other half is for the skewness of what is
/// averaged, which at the numbers of starts here raises the level of such an interval by less than a half.
const NOMINAL: f64 = 0.5 * CHECK_LEVEL;

/// Registers what the claim is held to; what it measures comes after.
///
/// # Errors
/// Bad options: see [`Problem::new`] and [`Start::gaussian`].
pub fn protocol(
    context: &Context,
    options: &Options,
    prediction: &Prediction,
    register: &mut Register,
) -> Result<Protocol> {
    if options.replicas.is_some_and(|replicas| replicas < FEWEST_REPLICAS) {
        let reason = format!("--replicas: standard errors need at least {FEWEST_REPLICAS} seeds a size");
        return Err(Error::Usage(reason));
    }
    check_replicas(options.replicas)?;
    let sizes = grid::sizes(context, options, prediction)?;
    let slopes = Activation::PAPER.map(|activation| Slopes::new(&sizes, activation, register));
    let pooled = [Reduction::Sum, Reduction::Mean]
        .map(|reduction| Pooled::new(&sizes, reduction, prediction, register));
    let burn = burn::trainings(context, options, prediction, register);
    let engines = by_the_reduced_engine(context, "All scalings; the last check ties the Burn model to them");
    let (options, prediction) = (options.clone(), *prediction);
    Ok(Box::new(move |lab| {
        let samples = sizes.into_iter().map(|size| Sampled::measure(lab, size, &options, &prediction));
        let samples = samples.collect::<Result<Vec<_>>>()?;
        let mut findings = Findings::default();
        findings.protocol.push(told(&options, &samples));
        findings.notes.extend(bent(options.step_size, options.init_norm));
        slopes.into_iter().for_each(|slopes| slopes.judge(&samples, &mut findings));
        findings.checks.extend(pooled.into_iter().flat_map(|pooled| pooled.judge(&samples)));
        burn(lab, &mut findings)?;
        findings.notes.extend(engines);
        findings.tables.push(row::table(&samples, prediction.sgd_max_cos));
        Ok(findings)
    }))
}

/// Tells the reader what was run.
fn told(options: &Options, samples: &[Sampled]) -> String {
    let range = |axis: Along, reduction: Reduction, of: fn(&Sampled) -> usize| {
        let ours = samples.iter().filter(|at| at.size.axis == axis && at.size.reduction == reduction);
        let values: Vec<usize> = ours.map(of).collect();
        (values.iter().copied().min().unwrap_or(0), values.iter().copied().max().unwrap_or(0))
    };
    let of = |reduction: Reduction| {
        let (first, last) = range(Along::Samples, reduction, |at| at.size.samples);
        let (low, high) = range(Along::Dim, reduction, |at| at.size.dim);
        let [of_m, of_n] =
            [Along::Samples, Along::Dim].map(|axis| range(axis, reduction, |at| at.pairs.len()));
        let (fewest, most) = (of_m.0.min(of_n.0), of_m.1.max(of_n.1));
        let most_in_words = count(most, "start");
        let starts = if fewest == most { most_in_words } else { format!("{fewest} to {most_in_words}") };
        format!(
            "m from {first} to {last} at n = {}, n from {low} to {high} at m = {}, {starts} for each size",
            range(Along::Samples, reduction, |at| at.size.dim).0,
            range(Along::Dim, reduction, |at| at.size.samples).0,
        )
    };
    format!(
        "GD and SGD from the same Gaussian starts of norm {}, linear and ReLU, η = {}, on the reduced engine (f64) to within 1e-8 of their limits. \
         Sum reduction, b = 1: {}. Mean reduction, b = {BATCH_OF_MEAN}: {}. Log–log slopes (sum reduction) against those of the exact expectations on the same \
         grid; at every size the exact law of cos²(w_GD, w_0), and bounds that a start exceeds with a probability of 1 % at most. \
         Control: GD must break SGD's bound on the cosine with the start.",
        options.init_norm(),
        options.step_size(),
        of(Reduction::Sum),
        of(Reduction::Mean),
    )
}

/// Defaults of the options.
const STEP_SIZE: f64 = 0.2;
const INIT_NORM: f64 = 0.5;

impl Options {
    fn step_size(&self) -> f64 {
        self.step_size.unwrap_or(STEP_SIZE)
    }

    fn init_norm(&self) -> f64 {
        self.init_norm.unwrap_or(INIT_NORM)
    }

    /// The problem over some data.
    fn problem(&self, dataset: Dataset, activation: Activation, reduction: Reduction) -> Result<Problem> {
        Ok(Problem::new(dataset, activation, reduction, self.step_size())?)
    }

    /// The start of a replica.
    fn start(&self, dataset: &Dataset, seed: u64, replica: u64) -> Result<Start> {
        Ok(Start::gaussian(dataset, self.init_norm(), seed, replica)?)
    }
}

/// Batch size of SGD under the mean reduction: at `b = 1` the two are the same.
const BATCH_OF_MEAN: usize = 2;

/// SGD's schedule under a reduction.
fn sgd_schedule(samples: usize, reduction: Reduction, seed: u64) -> Result<Schedule> {
    Ok(Schedule::sgd(samples, if reduction == Reduction::Sum { 1 } else { BATCH_OF_MEAN }, seed)?)
}
