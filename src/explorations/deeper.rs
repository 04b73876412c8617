//! What becomes of sparsity and of the memory of the start with more neurons and more layers, against the batch size.

use rayon::prelude::*;

use super::paired;
use crate::claims::{Claim, Context, Effort, Findings, Kind, Table};
use crate::data::Dataset;
use crate::engine::Autodiff;
use crate::error::{Error, Result};
use crate::init::Start;
use crate::limit_set::LimitSet;
use crate::measure::neurons::NeuronGauge;
use crate::measure::sparsity::participation_ratio;
use crate::model::{Activation, Architecture};
use crate::schedule::Schedule;
use crate::state::Neuron;
use crate::stats::Interval;
use crate::theory::{self, sgd};
use crate::train::{Outcome, Plan, StopRule, train};
use crate::verdict::Estimate;

/// The exploration.
pub const CLAIM: Claim = Claim {
    id: "deeper",
    kind: Kind::Exploration,
    joins: Effort::Full,
    number: 15,
    title: "how many samples the neurons of shallow and deep tied autoencoders mix, against b/m",
    source: "beyond the paper",
    statement: "Tied ReLU autoencoders of 1 to 8 neurons and 1 to 4 layers on orthonormal data: participation ratio and largest \
                cosine with a sample of the first-layer neurons, and their alignment with the start, against b/m. The paper \
                settles the single neuron alone.",
    formula: r"\hat{x} = W_1^\top \varphi\bigl(W_2^\top \cdots \varphi(W_2\, \varphi(W_1 x))\bigr), \qquad \mathrm{PR}(w) = \frac{\bigl(\sum_i c_i^2\bigr)^2}{\sum_i c_i^4}, \quad c_i = \langle w, a_i \rangle",
    protocol: "Burn's autodiff trains every model at every batch size from the same seeds: a seed fixes data, start and the stream of batches, so \
               that the differences between b = m and smaller b are paired. A run ends when what is left of the way, from all parameters, is \
               estimated at 1e-4, or with its budget; the share that stopped is reported. The single neuron, where the theorems speak, is \
               among the models.",
    run: |context| findings(context, &Options::default(), &Prediction::default()),
};

/// What the command line may bend.
#[derive(Clone, Debug, Default, clap::Args, serde::Serialize)]
pub struct Options {
    /// Number of samples m (default: 5, 8 or 12 by effort).
    #[arg(long)]
    pub samples: Option<usize>,
    /// Pairs of runs: seeds shared by all batch sizes and models (default: 6, 20 or 30 by effort).
    #[arg(long)]
    pub pairs: Option<u64>,
    /// Step size per sample η_B (default: 0.2).
    #[arg(long, allow_negative_numbers = true)]
    pub step_size: Option<f64>,
}

/// What is known beforehand: the single neuron.
#[derive(Clone, Debug)]
pub struct Prediction {
    /// Limit set of the single neuron, from schedule and correlations at the start.
    pub limit: fn(&Schedule, &[f64], Activation) -> Option<LimitSet>,
}

impl Default for Prediction {
    fn default() -> Self {
        Self { limit: theory::predicted_limit }
    }
}

/// Initial norm of every neuron.
const INIT_NORM: f64 = 0.5;

/// What is left of the way when a run stops, estimated from all parameters.
const TOLERANCE: f64 = 1e-4;

/// Steps between displacements of the stop rule.
const WINDOW: u64 = 200;

/// Budget, in units of `1/λ` of the single neuron at `b = 1`: selection takes some 11, and `e^{−10}` of the way another 10.
const BUDGET: f64 = 40.0;

/// A number of a run.
type Measure = fn(&Ended) -> f64;

/// What is measured at the end, of the first layer and of the whole, and by which name.
const MEASURES: [(&str, Measure); 4] = [
    ("participation_ratio", |ended| ended.participation_ratio),
    ("max_cos", |ended| ended.max_cos),
    ("cos_init", |ended| ended.cos_init),
    ("loss", |ended| ended.loss),
];

/// The models: side by side, then on top of each other.
fn models(effort: Effort) -> Vec<Architecture> {
    let names: &[&str] = match effort {
        Effort::Quick => &["shallow:1", "shallow:4", "deep:8-8"],
        _ => &["shallow:1", "shallow:2", "shallow:4", "shallow:8", "deep:8-8", "deep:8-8-8", "deep:8-8-8-8"],
    };
    names.iter().map(|name| name.parse().expect("a known model")).collect()
}

/// Number of layers, and of neurons in the first.
fn size(model: &Architecture) -> (usize, usize) {
    match model {
        Architecture::Neuron => (1, 1),
        Architecture::Shallow { hidden, .. } => (1, *hidden),
        Architecture::Deep { widths, .. } | Architecture::Untied { widths, .. } => (widths.len(), widths[0]),
    }
}

/// Batch sizes from 1 to m, without repetition.
fn batches(samples: usize, effort: Effort) -> Vec<usize> {
    let mut batches = match effort {
        Effort::Quick => vec![1, samples],
        _ => vec![1, samples / 2, samples - 1, samples],
    };
    batches.retain(|&b| b > 0);
    batches.dedup();
    batches
}

/// How a run ended. Means over neurons are weighted by `‖w‖²`, so that a neuron that fades away counts for less and less, and leave
/// out dead ones; NaN if all are dead or the run diverged.
#[derive(Clone, Debug)]
struct Ended {
    outcome: Outcome,
    steps: u64,
    loss: f64,
    participation_ratio: f64,
    max_cos: f64,
    cos_init: f64,
    dead: usize,
    /// Participation ratio that theory predicts.
    predicted: Option<f64>,
}

/// The setting that all runs share.
struct Protocol<'a> {
    context: &'a Context,
    prediction: &'a Prediction,
    samples: usize,
    dim: usize,
    step_size: f64,
}

/// Runs the protocol.
///
/// # Errors
/// Bad options: fewer than two pairs or samples, a step size per sample that is not between 0 and 1/2.
pub fn findings(context: &Context, options: &Options, prediction: &Prediction) -> Result<Findings> {
    let samples = options.samples.unwrap_or(context.effort.pick(5, 8, 12));
    if samples < 2 {
        return Err(Error::Usage(format!(
            "--samples {samples}: batches smaller than the data need at least 2"
        )));
    }
    let step_size = options.step_size.unwrap_or(0.2);
    if !(step_size > 0.0 && step_size < 0.5) {
        return Err(Error::Usage(format!("--step-size {step_size}: the budget needs 0 < η_B < 1/2")));
    }
    let pairs = paired::check_pairs(options.pairs.unwrap_or(context.effort.pick(6, 20, 30)))?;
    let protocol = Protocol { context, prediction, samples, dim: samples + 4, step_size };
    let (models, batches) = (models(context.effort), batches(samples, context.effort));
    let cases: Vec<(usize, usize, u64)> = (0..models.len())
        .flat_map(|model| batches.iter().map(move |&batch| (model, batch)))
        .flat_map(|(model, batch)| (0..pairs).map(move |pair| (model, batch, pair)))
        .collect();
    context.progress.inc_length(cases.len() as u64);
    let run = |&(model, batch, pair): &(usize, usize, u64)| {
        let ended = protocol.run(&models[model], batch, pair);
        context.progress.inc(1);
        ended
    };
    let ended = cases.par_iter().with_max_len(1).map(run).collect::<Result<Vec<_>>>()?;
    let groups: Vec<Group> = cases
        .chunks(pairs as usize)
        .zip(ended.chunks(pairs as usize))
        .map(|(cases, runs)| Group { model: &models[cases[0].0], batch: cases[0].1, runs })
        .collect();
    Ok(Findings {
        estimates: estimates(&groups, &batches, samples),
        notes: notes(&groups, &protocol),
        tables: vec![runs_table(&groups, samples), summary_table(&groups, samples)],
        ..Findings::default()
    })
}

impl Protocol<'_> {
    /// Most steps of a run, whole windows; the same for every model and batch size.
    fn budget(&self) -> u64 {
        let rate = sgd::rate(self.samples, 1, self.step_size);
        ((BUDGET / rate).ceil() as u64).next_multiple_of(WINDOW)
    }

    /// One run; data, start and batch stream depend on the pair alone.
    fn run(&self, model: &Architecture, batch: usize, pair: u64) -> Result<Ended> {
        let &Self { samples, dim, step_size, .. } = self;
        let (compute, activation) = (&self.context.compute, Activation::Relu);
        let seed = self.context.cell_seed(&CLAIM, pair);
        let dataset = Dataset::orthonormal(samples, dim, seed)?;
        let schedule = if batch == samples {
            Schedule::full_batch(samples)?
        } else {
            Schedule::sgd(samples, batch, seed)?
        };
        let network = model.init(activation, &dataset, INIT_NORM, (seed, 0), compute)?;
        let mut engine = Autodiff::new(network, &dataset, step_size, &schedule, 0, compute)?;
        let plan = Plan {
            budget: self.budget(),
            stop: StopRule::Tail { window: WINDOW, tolerance: TOLERANCE },
            check_every: WINDOW,
        };
        let run = train(&mut engine, &plan, &mut []).0.remove(0);
        let gauge = NeuronGauge::new(&dataset, activation, vec![INIT_NORM; run.neurons.len()]);
        let rows = gauge.read(run.steps, &run.neurons, None);
        let alive = || rows.iter().filter(|row| !row.dead && run.outcome != Outcome::Diverged);
        let weight: f64 = alive().map(|row| row.norm * row.norm).sum();
        let mean = |value: fn(&crate::measure::neurons::NeuronRow) -> f64| {
            alive().map(|row| row.norm * row.norm * value(row)).sum::<f64>() / weight
        };
        let predicted = match size(model) {
            (1, 1) => {
                let start = Start::gaussian(&dataset, INIT_NORM, seed, 0)?;
                (self.prediction.limit)(&schedule, &start.correlations, activation).map(mixed)
            }
            _ => None,
        };
        Ok(Ended {
            outcome: run.outcome,
            steps: run.steps,
            loss: run.loss,
            participation_ratio: mean(|row| row.participation_ratio),
            max_cos: mean(|row| row.max_cos),
            cos_init: mean(|row| row.cos_init),
            dead: rows.iter().filter(|row| row.dead).count(),
            predicted,
        })
    }
}

/// Participation ratio at a limit.
fn mixed(limit: LimitSet) -> f64 {
    match limit {
        LimitSet::Datapoints(_) => 1.0,
        LimitSet::Point(correlations) => {
            let neuron = Neuron { correlations, residual: 0.0, norm_sq: 1.0, overlap_init: 0.0 };
            participation_ratio(&neuron)
        }
    }
}

/// The runs of one model at one batch size, by pair.
struct Group<'a> {
    model: &'a Architecture,
    batch: usize,
    runs: &'a [Ended],
}

impl Group<'_> {
    fn values(&self, measure: Measure) -> Vec<f64> {
        self.runs.iter().map(measure).collect()
    }

    fn count(&self, outcome: Outcome) -> u64 {
        self.runs.iter().filter(|run| run.outcome == outcome).count() as u64
    }
}

/// The group of the same model with another batch size.
fn with_batch<'a, 'b>(groups: &'a [Group<'b>], model: &Architecture, batch: usize) -> &'a Group<'b> {
    groups.iter().find(|group| group.model == model && group.batch == batch).expect("every case was run")
}

/// For every model: what SGD with one sample a batch ends in, and what the full batch adds, pair by pair.
fn estimates(groups: &[Group], batches: &[usize], samples: usize) -> Vec<Estimate> {
    let half = batches.iter().copied().filter(|&b| 1 < b && b <= samples / 2).max();
    let mut estimates = Vec::new();
    for full in groups.iter().filter(|group| group.batch == samples) {
        let model = full.model;
        let [(_, mixing), _, (_, memory), _] = MEASURES;
        let single = with_batch(groups, model, 1).values(mixing);
        let method = "Student's interval over seeds; mean of first-layer neurons weighted by ‖w‖²";
        estimates.extend(paired::estimate(format!("{model}: samples mixed at b = 1"), &single, method));
        for (name, measure, batch) in [
            ("samples mixed, b = m minus", mixing, Some(1)),
            ("samples mixed, b = m minus", mixing, half),
            ("cos(w, w_0), b = m minus", memory, Some(1)),
        ] {
            let Some(batch) = batch else { continue };
            let other = with_batch(groups, model, batch);
            let differences = paired::differences(&full.values(measure), &other.values(measure));
            let method = "Student's interval of paired differences: same data, start and batch stream";
            let name = format!("{model}: {name} b = {batch}");
            estimates.extend(paired::estimate(name, &differences, method));
        }
    }
    estimates
}

fn notes(groups: &[Group], protocol: &Protocol) -> Vec<String> {
    let &Protocol { samples, dim, step_size, .. } = protocol;
    let mut notes = vec![format!(
        "m = {samples}, n = {dim}, ReLU, initial norm {INIT_NORM} of every neuron, step size per sample η_B = {step_size} at every b \
         (sum reduction). Samples mixed: participation ratio of a first-layer neuron's correlations."
    )];
    let predicted = |run: &Ended| run.predicted.map(|predicted| (run.participation_ratio - predicted).abs());
    let known: Vec<f64> = groups.iter().flat_map(|group| group.runs).filter_map(predicted).collect();
    if let Some(most) = known.iter().copied().reduce(f64::max) {
        notes.push(format!(
            "One neuron: the participation ratio is that of the limit in Theorems 1 and 2 within {} in {} runs.",
            crate::report::terminal::number(most),
            known.len()
        ));
    }
    let runs = || groups.iter().flat_map(|group| group.runs);
    let count = |outcome| runs().filter(|run| run.outcome == outcome).count();
    notes.push(format!(
        "{} of {} runs stopped with an estimated {TOLERANCE} left to go, {} died, {} diverged. The others are measured where their budget \
         of {} steps ended. Dead runs and dead neurons are left out.",
        count(Outcome::Converged),
        runs().count(),
        count(Outcome::Dead),
        count(Outcome::Diverged),
        protocol.budget(),
    ));
    let mostly_open = |group: &&Group| 2 * group.count(Outcome::MaxSteps) > group.runs.len() as u64;
    let open: Vec<String> = groups
        .iter()
        .filter(mostly_open)
        .map(|group| format!("{} at b = {}", group.model, group.batch))
        .collect();
    if !open.is_empty() {
        notes.push(format!(
            "Most runs were still under way in: {}. What tells batch sizes apart there is progress too: a batch of b samples moves b times \
             as far a step.",
            open.join(", ")
        ));
    }
    notes
}

/// A row a run, for `deeper_runs.csv`. `predicted` is the participation ratio where a theorem gives it.
fn runs_table(groups: &[Group], samples: usize) -> Table {
    let rows = groups.iter().flat_map(|group| {
        let (layers, neurons) = size(group.model);
        group.runs.iter().enumerate().map(move |(pair, run)| {
            vec![
                group.model.to_string(),
                layers.to_string(),
                neurons.to_string(),
                group.batch.to_string(),
                (group.batch as f64 / samples as f64).to_string(),
                pair.to_string(),
                outcome(run.outcome).into(),
                run.steps.to_string(),
                paired::field(run.loss),
                paired::field(run.participation_ratio),
                paired::field(run.max_cos),
                paired::field(run.cos_init),
                run.dead.to_string(),
                run.predicted.map_or(String::new(), paired::field),
            ]
        })
    });
    let header = vec![
        "model",
        "layers",
        "neurons",
        "batch",
        "batch_share",
        "pair",
        "outcome",
        "steps",
        "loss",
        "participation_ratio",
        "max_cos",
        "cos_init",
        "dead_neurons",
        "predicted",
    ];
    Table { name: "deeper_runs", header, rows: rows.collect() }
}

fn outcome(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Converged => "converged",
        Outcome::Dead => "dead",
        Outcome::Diverged => "diverged",
        Outcome::MaxSteps => "max_steps",
    }
}

/// A row a model, batch size and measure, for `deeper.csv`: mean over seeds and mean of the paired differences to `b = m`, with 95 %
/// intervals; and, for want of any assumption on tails, the share of pairs in which `b = m` has the larger value.
fn summary_table(groups: &[Group], samples: usize) -> Table {
    let mut rows = Vec::new();
    for group in groups {
        let full = with_batch(groups, group.model, samples);
        for (name, measure) in MEASURES {
            let values = group.values(measure);
            let differences = paired::differences(&full.values(measure), &values);
            let (layers, neurons) = size(group.model);
            let mut row = vec![
                group.model.to_string(),
                layers.to_string(),
                neurons.to_string(),
                group.batch.to_string(),
                (group.batch as f64 / samples as f64).to_string(),
                name.into(),
            ];
            row.extend(paired::summary(&values));
            if group.batch < samples {
                row.extend(paired::summary(&differences));
                row.extend(larger(&differences));
            } else {
                row.extend(std::iter::repeat_n(String::new(), 7));
            }
            row.push((group.count(Outcome::Converged) as f64 / group.runs.len() as f64).to_string());
            rows.push(row);
        }
    }
    let header = vec![
        "model",
        "layers",
        "neurons",
        "batch",
        "batch_share",
        "measure",
        "mean",
        "low",
        "high",
        "runs",
        "difference",
        "difference_low",
        "difference_high",
        "pairs",
        "larger",
        "larger_low",
        "larger_high",
        "converged",
    ];
    Table { name: "deeper", header, rows }
}

/// Share of positive differences with its interval.
fn larger(differences: &[f64]) -> [String; 3] {
    let known: Vec<f64> = differences.iter().copied().filter(|d| d.is_finite()).collect();
    if known.is_empty() {
        return Default::default();
    }
    let (hits, trials) = (known.iter().filter(|&&d| d > 0.0).count() as u64, known.len() as u64);
    let Interval { low, high } = paired::share_interval(hits, trials);
    [hits as f64 / trials as f64, low, high].map(|x| x.to_string())
}
