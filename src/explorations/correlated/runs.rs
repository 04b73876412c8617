//! Where gradient descent ends, and where SGD spends its time.

use super::{Condition, INIT_NORM, Setting};
use crate::engine::{Engine, Reduced};
use crate::error::{Misuse, Result};
use crate::init::Start;
use crate::measure::alignment::{best_match, cos_init};
use crate::state::Neuron;
use crate::theory::correlated::{eigenvalues, spread};
use crate::train::{Outcome, Plan, StopRule, train};
use crate::vectors::{arg_max, largest, norm, participation_ratio};

/// Relaxation times of the spread law, `4/D`, before SGD is looked at: 32/D, where selection takes about 11/D.
pub(super) const SETTLING: u64 = 8;

/// Looks at SGD afterwards, a relaxation time apart.
pub(super) const LOOKS: usize = 12;

/// What is left of the way when gradient descent stops.
const TOLERANCE: f64 = 1e-10;

/// Budget of gradient descent in units of its slowest rate.
const BUDGET: f64 = 40.0;

/// One run. Means over looks.
pub(super) struct RunMeans {
    /// Whether gradient descent met its stop rule; SGD at constant step size has none.
    pub converged: Option<bool>,
    /// Samples mixed: participation ratio of the coefficients `α` of `Πw = Σ α_i x_i`.
    pub mixed: f64,
    /// `max_i cos(w, x_i)`, absolute values for the linear model.
    pub max_cos: f64,
    /// Largest `1 − max_cos` at any look.
    pub impurity: f64,
    /// `cos(w, w_0)`.
    pub cos_init: f64,
    /// `|α_j|` of all `j` but the largest, at all looks.
    pub others: Vec<f64>,
    /// Whether the best-matching sample is the one with the largest `c_0`.
    pub argmax_kept: bool,
    /// Distance of the correlations to the limit that theory gives full batches, and that limit's mixing.
    pub limit: Option<(f64, f64)>,
}

/// Coefficients `α` of the projection onto equicorrelated samples, `K α = c`: `α_i = (c_i − ρ Σα)/(1 − ρ)`, `Σα = Σc/(1 + (m−1)ρ)`.
pub(super) fn coefficients(correlations: &[f64], rho: f64) -> Vec<f64> {
    let (of_mean, of_contrast) = eigenvalues(correlations.len(), rho);
    let sum = correlations.iter().sum::<f64>() / of_mean;
    correlations.iter().map(|c| (c - rho * sum) / of_contrast).collect()
}

/// Participation ratio of a vector.
fn mixing(alpha: Vec<f64>) -> f64 {
    participation_ratio(&alpha)
}

/// All pairs of a condition, each from its own start: gradient descent at its end, SGD at several looks.
pub(super) fn measure(setting: &Setting, condition: Condition) -> Result<Vec<RunMeans>> {
    let problem = setting.problem(condition)?;
    let schedule = setting.schedule(condition)?;
    let start = |pair| Start::gaussian(problem.dataset(), INIT_NORM, setting.seed, pair);
    let starts = (0..setting.pairs).map(start).collect::<Result<Vec<_>, Misuse>>()?;
    let mut engine = Reduced::new(&problem, &schedule, &starts, 0)?;
    let mut looks: Vec<Vec<Neuron>> = vec![Vec::new(); starts.len()];
    let mut converged = vec![None; starts.len()];
    if condition.batch == setting.samples {
        let runs = train(&mut engine, &plan(setting, condition), &mut []).0;
        for (pair, run) in runs.into_iter().enumerate() {
            converged[pair] = Some(run.outcome == Outcome::Converged);
            looks[pair] = run.neurons;
        }
    } else {
        let eta = problem.step_per_sample(condition.batch);
        let relaxation = spread::relaxation(setting.samples, condition.batch, eta).ceil() as u64;
        engine.advance(SETTLING * relaxation);
        for _ in 0..LOOKS {
            engine.advance(relaxation);
            looks.iter_mut().enumerate().for_each(|(pair, looks)| looks.extend(engine.neurons(pair)));
        }
    }
    let alive = |start: &Start| start.correlations.iter().any(|&c| condition.activation.admits(c));
    let pairs = starts.iter().zip(&looks).zip(converged);
    let pairs = pairs.map(|((start, looks), converged)| match alive(start) {
        true => see(setting, condition, problem.dataset(), start, looks, converged),
        false => RunMeans::dead(),
    });
    Ok(pairs.collect())
}

/// `|α_j|` by pair, where there are any and they are numbers.
pub(super) fn others(pairs: &[RunMeans]) -> Vec<Vec<f64>> {
    let known = pairs.iter().filter(|seen| seen.is_alive() && !seen.others.is_empty());
    known.map(|seen| seen.others.clone()).collect()
}

impl RunMeans {
    /// A start that activates nothing: nothing to measure.
    fn dead() -> Self {
        Self {
            converged: None,
            mixed: f64::NAN,
            max_cos: f64::NAN,
            impurity: f64::NAN,
            cos_init: f64::NAN,
            others: Vec::new(),
            argmax_kept: false,
            limit: None,
        }
    }

    /// Whether there was anything to measure.
    pub fn is_alive(&self) -> bool {
        self.mixed.is_finite()
    }
}

/// Slowest rates of gradient descent: `1 − η|ρ|` between mean and contrasts; with ReLU and ρ < 0 the saddle of a mean of two samples is
/// left at `1 − 2η|ρ|/m`, and reached by as little; off the span `1 − η/m`.
fn plan(setting: &Setting, condition: Condition) -> Plan {
    let (eta, m) = (setting.step_size, setting.samples as f64);
    let share = if condition.rho < 0.0 { 1.0 / m } else { 1.0 };
    let selection = if condition.rho == 0.0 { f64::INFINITY } else { eta * condition.rho.abs() * share };
    let slowest = selection.min(eta / m);
    let window = (0.25 / slowest).ceil() as u64;
    Plan {
        budget: window * (4.0 * BUDGET) as u64,
        stop: StopRule::Tail { window, tolerance: TOLERANCE },
        check_every: window,
    }
}

fn see(
    setting: &Setting,
    condition: Condition,
    dataset: &crate::data::Dataset,
    start: &Start,
    looks: &[Neuron],
    converged: Option<bool>,
) -> RunMeans {
    let mean = |value: &dyn Fn(&Neuron) -> f64| looks.iter().map(value).sum::<f64>() / looks.len() as f64;
    let cosine = |neuron: &Neuron| best_match(neuron, dataset, condition.activation).cosine;
    let alpha = |neuron: &Neuron| coefficients(&neuron.correlations, condition.rho);
    let others = |neuron: &Neuron| {
        let mut sizes: Vec<f64> = alpha(neuron).into_iter().map(f64::abs).collect();
        sizes.sort_by(f64::total_cmp);
        sizes.pop();
        sizes
    };
    let last = looks.last().expect("at least one look");
    let first = |neuron: &[f64]| arg_max(neuron.iter().copied());
    let limit = (setting.prediction.limit)(condition.rho, &start.correlations, condition.activation);
    let of_limit = |limit: Vec<f64>| {
        let way: Vec<f64> = limit.iter().zip(&last.correlations).map(|(a, b)| a - b).collect();
        (norm(&way), mixing(coefficients(&limit, condition.rho)))
    };
    RunMeans {
        converged,
        mixed: mean(&|neuron| mixing(alpha(neuron))),
        max_cos: mean(&cosine),
        impurity: largest(looks.iter().map(|neuron| 1.0 - cosine(neuron))),
        cos_init: mean(&|neuron| cos_init(neuron, start.norm_sq)),
        others: looks.iter().flat_map(others).collect(),
        argmax_kept: first(&last.correlations) == first(&start.correlations),
        limit: limit.map(of_limit),
    }
}
