//! Proposition 8: the log-ratio of the leader to the rest is a random walk that runs away.

mod active;
mod drift;
mod events;
mod figures {
    pub mod drift;
    pub mod paths;
}
mod long_run;
mod paths;
mod rates;
mod steps;

use crate::error::{Error, Result};
use crate::model::Activation;
use crate::study::words::by_the_reduced_engine;
use crate::study::{Context, Effort, Kind, Protocol, Study, of_parts};
use crate::theory::{random_walk, sgd};
use crate::verdict::Register;

/// The claim.
pub const STUDY: Study = Study {
    id: "random_walk",
    kind: Kind::Paper,
    joins: Effort::Quick,
    number: 9,
    level: 2.4e-4,
    title: "the log-ratio R_t has bounded steps and positive drift: it is transient",
    theorem: "Proposition 8",
    source: "GFHY Proposition 8, after Menshikov and Wade (2010), and the proof of Theorem 2",
    statement: "R_t = log(|c_{i*}| / Σ_{j≠i*} |c_j|) has bounded increments and an asymptotically positive conditional drift, at \
                least (1/m)(log 1/(1−η) − η) for b = 1, so it is transient; under the full batch it is constant. Beyond the \
                paper: R_t/t → λ = [b(m−b)/(m(m−1))] log 1/(1−η_B²).",
    formula: r"R_t = \log \frac{|c_{i^*}|}{\sum_{j \ne i^*} |c_j|}, \qquad \lim_{R \to \infty} \mathbb{E}\bigl[R_{t+1} - R_t \mid w_t\bigr] \;\ge\; \frac{1}{m}\Bigl(\log \frac{1}{1-\eta} - \eta\Bigr) > 0, \qquad \frac{R_t}{t} \to \lambda = \frac{b(m-b)}{m(m-1)} \log \frac{1}{1 - \eta_B^2}",
    figures: &[&figures::paths::FIGURE, &figures::drift::FIGURE],
    protocol: |context, register| protocol(context, &Options::default(), &Prediction::default(), register),
};

/// What the command line may bend.
#[derive(Clone, Debug, Default, clap::Args, serde::Serialize)]
pub struct Options {
    /// Step size η of the drift, increment and transience checks, from 0.02 to below 0.5.
    #[arg(long, allow_negative_numbers = true)]
    pub step_size: Option<f64>,
}

/// Step size if none is asked for.
const DEFAULT_STEP: f64 = 0.18;

impl Options {
    fn step_size(&self) -> Result<f64> {
        let eta = self.step_size.unwrap_or(DEFAULT_STEP);
        if (0.02..0.5).contains(&eta) {
            return Ok(eta);
        }
        let why = "the bound on increments needs η < 1/2, and below 0.02 the walk takes millions of steps to run away";
        Err(Error::Usage(format!("--step-size {eta}: {why}")))
    }
}

/// The theory that is put to the test.
#[derive(Clone, Debug)]
pub struct Prediction {
    /// Conditional drift at `(c, N)`, from `b`, `η_B`, activation.
    pub drift: fn(&[f64], f64, usize, f64, Activation) -> f64,
    /// Asymptotic lower bound on it for `b = 1`, from `m`, `η`.
    pub bound: fn(usize, f64) -> f64,
    /// Bound on increments, from `η`.
    pub largest_increment: fn(f64) -> f64,
    /// A level that the walk has left for good by `λt = 120`.
    pub left_for_good: f64,
    /// Change of `R` under the full batch.
    pub full_batch_change: f64,
    /// Almost-sure rate from `m`, `b`, `η_B`.
    pub rate: fn(usize, usize, f64) -> f64,
    /// Expected growth of `R` from `m`, `b`, `η_B`, the losers' log-ratios and a number of steps.
    pub growth: fn(usize, usize, f64, &[f64], f64) -> f64,
    /// Growth of `R` far out when `i*` is drawn, from `η`.
    pub rise: fn(f64) -> f64,
    /// Its fall when another sample is, from `η` and the share of that sample among the losers.
    pub fall: fn(f64, f64) -> f64,
    /// How often a batch holds `i*`, from `m`, `b`.
    pub share_drawn: fn(usize, usize) -> f64,
}

impl Default for Prediction {
    fn default() -> Self {
        Self {
            drift: random_walk::drift,
            bound: random_walk::asymptotic_drift_bound,
            largest_increment: random_walk::largest_increment,
            left_for_good: 3.0,
            full_batch_change: 0.0,
            rate: sgd::rate,
            growth: random_walk::mean_growth,
            rise: random_walk::rise,
            fall: random_walk::fall,
            share_drawn: |samples, batch| batch as f64 / samples as f64,
        }
    }
}

/// Registers what the claim is held to; what it measures comes after.
///
/// # Errors
/// [`Error::Usage`] for a step size outside `[0.02, 0.5)`.
pub fn protocol(
    context: &Context,
    options: &Options,
    prediction: &Prediction,
    register: &mut Register,
) -> Result<Protocol> {
    let eta = options.step_size()?;
    let told = prediction.clone();
    Ok(of_parts(vec![
        Box::new(move |lab, findings| {
            findings.protocol = sentences(lab.effort, eta);
            findings.notes = notes(lab);
            findings.tables.push(paths::table(lab, &told, eta)?);
            Ok(())
        }),
        drift::part(context, prediction, eta, register),
        events::part(context, prediction, eta, (6, Activation::Linear), register),
        events::part(context, prediction, eta, (9, Activation::Relu), register),
        long_run::transience(context, prediction, eta, register),
        long_run::full_batch(prediction, register),
        rates::part(context, prediction, register),
    ]))
}

/// What a reader should know besides.
fn notes(context: &Context) -> Vec<String> {
    let law = "R_t/t nears λ only like 1/√t when there are several rivals: R is the distance to the highest of them. Its \
               growth is therefore held against its expectation given the losers at the first look, λT less the rise of the highest of k Gaussian walks \
               of variance σ² a step, σ² that of what parts two losers; and the mean fall of the losers, which has no such correction, against λ itself. With two samples both are λ.";
    [law.into()].into_iter().chain(by_the_reduced_engine(context, "All walks")).collect()
}

/// What is run, in words.
fn sentences(effort: Effort, eta: f64) -> Vec<String> {
    vec![
        format!(
            "Every walk is one replica of the reduced engine from a Gaussian start of norm ½; starts with fewer than two active samples are left out. Step by step: {} walks \
             at η = {eta} for each of (m, b) = (6, 1), (7, 3) and, with ReLU, (9, 1); grouped by level, the mean increment is held against the exact conditional \
             expectation, enumerated over all batches at the states visited. The mean is post-stratified by whether the batch holds i*, and whether \
             it holds the runner-up: how often it does is known.",
            steps::walks(effort)
        ),
        format!(
            "Event by event: for b = 1, m = 6 and, with ReLU, m = 9, {} walks beyond R = {}, {} consecutive steps each, those that draw i* apart from the others.",
            events::walks(effort),
            steps::FAR,
            events::STEPS
        ),
        format!(
            "In the long run: {} walks for transience (m = 5, b = 2), and for the rate {} or {} walks in each of ten settings of size, batch, step size, reduction and \
             activation, one of which the seed chooses. Control: under the full batch R is constant to rounding.",
            long_run::walks(effort),
            rates::runs(effort, false),
            rates::runs(effort, true)
        ),
    ]
}
