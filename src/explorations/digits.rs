//! Handwritten digits: what a neuron looks like as an image, after gradient descent and after SGD.

use rayon::prelude::*;

use super::paired;
use crate::claims::{Claim, Context, Effort, Findings, Kind, Table};
use crate::data::digits::{Digits, digits};
use crate::data::{Dataset, Normalisation, dot};
use crate::engine::{Analytic, Engine};
use crate::error::{Error, Result};
use crate::init::Start;
use crate::measure::alignment::{best_match, cos_init};
use crate::measure::sparsity::effective_support;
use crate::measure::subspace::principal_components;
use crate::model::Activation;
use crate::problem::{Problem, Reduction};
use crate::report::terminal::number;
use crate::schedule::Schedule;
use crate::state::Neuron;
use crate::train::{Outcome, Plan, Run, StopRule, train};
use crate::verdict::Estimate;

/// The exploration.
pub const CLAIM: Claim = Claim {
    id: "digits",
    kind: Kind::Exploration,
    joins: Effort::Full,
    number: 17,
    title: "what a neuron trained on handwritten digits looks like, against the batch size",
    source: "beyond the paper",
    statement: "One ReLU neuron on the 1,797 handwritten digits of 8×8 pixels, the mean image subtracted, then unit norm: how close it comes \
                to a single image, to the first principal component, to one digit, under gradient descent and SGD. Samples are \
                correlated, so that no theorem of the paper applies.",
    formula: r"\hat{x} = w\, \varphi(\langle w, x \rangle), \qquad x_i = \frac{z_i - \bar{z}}{\|z_i - \bar{z}\|}, \quad z_i \in \{0, \dots, 16\}^{64}",
    protocol: "The hand-derived gradient trains the neuron from the same starts at every batch size, so that differences between b = m and smaller \
               b are paired. Gradient descent runs until what is left of the way is estimated at 1e-4; SGD, which has no limit here, for as \
               many steps as that might take. Neurons of the first seeds are kept as images, each with the sample nearest to it.",
    run: |context| findings(context, &Options::default(), &Prediction {}),
};

/// What the command line may bend.
#[derive(Clone, Debug, Default, clap::Args, serde::Serialize)]
pub struct Options {
    /// Take the first images only, so many (default: 300, 1797 or 1797 by effort).
    #[arg(long)]
    pub samples: Option<usize>,
    /// Pairs of runs: seeds shared by all batch sizes (default: 6, 24 or 96 by effort).
    #[arg(long)]
    pub pairs: Option<u64>,
    /// Nominal step size η; η_B = η/b (default: 0.2).
    #[arg(long, allow_negative_numbers = true)]
    pub step_size: Option<f64>,
}

/// Nothing is predicted here.
#[derive(Clone, Copy, Debug, Default)]
pub struct Prediction {}

/// Initial norm.
const INIT_NORM: f64 = 0.5;

/// What is left of the way when gradient descent stops; SGD does not stop before its budget.
const TOLERANCE: f64 = 1e-4;

/// Steps between displacements of the stop rule.
const WINDOW: u64 = 50;

/// Seeds whose neurons are shown as images.
const SHOWN: usize = 3;

/// A number of a run.
type Measure = fn(&Learned) -> f64;

/// What is measured of a neuron, and by which name.
const MEASURES: [(&str, &str, Measure); 5] = [
    ("max_cos", "max cos with an image", |learned| learned.max_cos),
    ("cos_component", "|cos| with the first principal component", |learned| learned.cos_component),
    ("top_digit", "share of the activation energy in one digit", |learned| learned.top_digit),
    ("support", "effective support of the activations", |learned| learned.support),
    ("cos_init", "cos(w, w_0)", |learned| learned.cos_init),
];

/// One neuron at the end.
struct Learned {
    run: Run,
    max_cos: f64,
    nearest: usize,
    cos_component: f64,
    /// Largest share of `Σ φ²` that the images of one digit have.
    top_digit: f64,
    /// Effective support of `φ(c)` over the images.
    support: f64,
    cos_init: f64,
}

/// Images, labels, and what is asked of them.
struct Protocol {
    dataset: Dataset,
    labels: Vec<u8>,
    component: Option<Vec<f64>>,
    step_size: f64,
    budget: u64,
    seed: u64,
}

/// The runs at one batch size, by pair.
struct Group {
    batch: usize,
    runs: Vec<Learned>,
}

/// Runs the protocol.
///
/// # Errors
/// Bad options: fewer than two pairs, more images than there are, a step size that is not between 0 and 1/2.
pub fn findings(context: &Context, options: &Options, _: &Prediction) -> Result<Findings> {
    let Digits { images, labels } = digits();
    let samples = options.samples.unwrap_or(context.effort.pick(300, images.samples(), images.samples()));
    if !(2..=images.samples()).contains(&samples) {
        return Err(Error::Usage(format!(
            "--samples {samples}: there are {} images; take at least 2",
            images.samples()
        )));
    }
    let step_size = options.step_size.unwrap_or(0.2);
    if !(step_size > 0.0 && step_size < 0.5) {
        return Err(Error::Usage(format!("--step-size {step_size}: single images need 0 < η < 1/2")));
    }
    let pairs = paired::check_pairs(options.pairs.unwrap_or(context.effort.pick(6, 24, 96)))?;
    let rows = images.rows()?[..samples * images.dim()].to_vec();
    let dataset = Dataset::from_rows(rows, samples, images.dim())?.normalised(Normalisation::CentredUnit)?;
    let component = principal_components(&dataset, 1)?.map(|matrix| matrix.as_slice().to_vec());
    let (budget, seed) = (context.effort.pick(20_000, 20_000, 50_000), context.cell_seed(&CLAIM, 0));
    let protocol = Protocol { dataset, labels, component, step_size, budget, seed };
    let mut batches =
        context.effort.pick(vec![1, samples], vec![1, 3, 10, 100, samples], vec![1, 3, 10, 30, 100, samples]);
    batches.retain(|&batch| batch <= samples);
    batches.dedup();
    context.progress.inc_length(batches.len() as u64 * pairs);
    let run = |&batch: &usize| {
        let group = protocol.run(batch, pairs, context);
        context.progress.inc(pairs);
        group
    };
    let groups = batches.par_iter().with_max_len(1).map(run).collect::<Result<Vec<_>>>()?;
    Ok(Findings {
        estimates: estimates(&groups),
        notes: notes(&groups, &protocol),
        tables: vec![
            runs_table(&groups, &protocol),
            summary_table(&groups),
            neurons_table(&groups, &protocol)?,
        ],
        ..Findings::default()
    })
}

impl Protocol {
    /// All pairs at one batch size; starts and batch streams depend on the pair alone.
    fn run(&self, batch: usize, pairs: u64, context: &Context) -> Result<Group> {
        let (dataset, samples) = (&self.dataset, self.dataset.samples());
        let full = batch == samples;
        let schedule =
            if full { Schedule::full_batch(samples)? } else { Schedule::sgd(samples, batch, self.seed)? };
        let problem = Problem::new(dataset.clone(), Activation::Relu, Reduction::Mean, self.step_size)?;
        let starts = (0..pairs).map(|pair| Start::gaussian(dataset, INIT_NORM, self.seed, pair));
        let starts = starts.collect::<Result<Vec<_>>>()?;
        let mut engine = Analytic::new(&problem, &schedule, &starts, 0, &context.compute)?;
        let stop =
            if full { StopRule::Tail { window: WINDOW, tolerance: TOLERANCE } } else { StopRule::Never };
        let plan = Plan { budget: self.budget, stop, check_every: self.budget };
        let runs = train(&mut engine as &mut dyn Engine, &plan, &mut []).0;
        let runs = runs.into_iter().zip(&starts).map(|(run, start)| self.learned(run, start)).collect();
        Ok(Group { batch, runs })
    }

    fn learned(&self, run: Run, start: &Start) -> Learned {
        let neuron = &run.neurons[0];
        let best = best_match(neuron, &self.dataset, Activation::Relu);
        let weights = run.weights.as_deref().unwrap_or_default();
        let cosine = |v: &[f64]| dot(v, weights).abs() / neuron.norm_sq.sqrt();
        let active: Vec<f64> = neuron.correlations.iter().map(|&c| Activation::Relu.apply(c)).collect();
        // A dead or diverged neuron has none of this.
        let known = matches!(run.outcome, Outcome::Converged | Outcome::MaxSteps);
        let value = |x: f64| if known { x } else { f64::NAN };
        Learned {
            max_cos: value(best.cosine),
            nearest: best.index,
            cos_component: value(self.component.as_deref().map_or(f64::NAN, cosine)),
            top_digit: value(self.top_digit(&active)),
            support: value(effective_support(&active)),
            cos_init: value(cos_init(neuron, start.norm_sq)),
            run,
        }
    }

    /// Largest share of `Σ φ²` that one digit's images have; a tenth or so for a neuron that does not care.
    fn top_digit(&self, active: &[f64]) -> f64 {
        let mut energy = [0.0; 10];
        active.iter().zip(&self.labels).for_each(|(phi, &label)| energy[usize::from(label)] += phi * phi);
        energy.iter().copied().fold(0.0, f64::max) / energy.iter().sum::<f64>()
    }
}

impl Group {
    fn values(&self, measure: Measure) -> Vec<f64> {
        self.runs.iter().map(measure).collect()
    }
}

/// The group of the full batch, which is the last.
fn full(groups: &[Group]) -> &Group {
    groups.last().expect("the full batch is one of the batch sizes")
}

/// For every measure: what gradient descent ends in, and what each smaller batch takes away from that, pair by pair.
fn estimates(groups: &[Group]) -> Vec<Estimate> {
    let mut estimates = Vec::new();
    let (descent, smaller) = (full(groups), &groups[..groups.len() - 1]);
    for (_, what, measure) in MEASURES {
        let values = descent.values(measure);
        estimates.extend(paired::estimate(format!("GD: {what}"), &values, "Student's interval over starts"));
        for group in smaller {
            let differences = paired::differences(&values, &group.values(measure));
            let method = "Student's interval of paired differences: same data, start and seed of batches";
            let name = format!("{what}, b = m minus b = {}", group.batch);
            estimates.extend(paired::estimate(name, &differences, method));
        }
    }
    estimates
}

fn notes(groups: &[Group], protocol: &Protocol) -> Vec<String> {
    let (descent, dataset) = (full(groups), &protocol.dataset);
    let count =
        |group: &Group, outcome| group.runs.iter().filter(|learned| learned.run.outcome == outcome).count();
    let mut notes = vec![
        format!(
            "{} images of {} pixels, the mean image subtracted, then unit norm; ReLU, η = {} (mean reduction), initial norm {INIT_NORM}. \
             Every batch size takes {} steps, so that the mean step is the same; gradient descent may stop before.",
            dataset.samples(),
            dataset.dim(),
            protocol.step_size,
            protocol.budget
        ),
        format!(
            "GD: {} of {} runs stopped with an estimated {TOLERANCE} left to go; SGD at constant step size has no limit here and is \
             measured where it happens to be at the last step.",
            count(descent, Outcome::Converged),
            descent.runs.len()
        ),
    ];
    let lost: usize =
        groups.iter().map(|group| count(group, Outcome::Diverged) + count(group, Outcome::Dead)).sum();
    if lost > 0 {
        notes.push(format!("{lost} runs diverged or died, and are left out with their pairs."));
    }
    let mut ends: Vec<&Neuron> = Vec::new();
    for learned in &descent.runs {
        let neuron = &learned.run.neurons[0];
        let apart = |other: &&Neuron| {
            let square = neuron
                .correlations
                .iter()
                .zip(&other.correlations)
                .map(|(a, b)| (a - b).powi(2))
                .sum::<f64>();
            (square / dataset.samples() as f64).sqrt() > 0.01
        };
        if learned.run.outcome == Outcome::Converged && ends.iter().all(apart) {
            ends.push(neuron);
        }
    }
    let losses = descent.values(|learned| learned.run.loss);
    notes.push(format!(
        "Different neurons that GD ends in, correlations more than 0.01 apart in root mean square: {}. Losses from {} to {}.",
        ends.len(),
        number(losses.iter().copied().fold(f64::INFINITY, f64::min)),
        number(losses.iter().copied().fold(0.0, f64::max))
    ));
    notes
}

fn algorithm(batch: usize, samples: usize) -> &'static str {
    if batch == samples { "GD" } else { "SGD" }
}

/// A row a run, for `digits_runs.csv`.
fn runs_table(groups: &[Group], protocol: &Protocol) -> Table {
    let row = |group: &Group, pair: usize| {
        let learned = &group.runs[pair];
        let mut row = vec![
            algorithm(group.batch, protocol.dataset.samples()).into(),
            group.batch.to_string(),
            pair.to_string(),
            format!("{:?}", learned.run.outcome).to_lowercase(),
            learned.run.steps.to_string(),
            paired::field(learned.run.loss),
            paired::field(learned.run.neurons[0].norm_sq.sqrt()),
            learned.nearest.to_string(),
            protocol.labels[learned.nearest].to_string(),
        ];
        row.extend(MEASURES.map(|(_, _, measure)| paired::field(measure(learned))));
        row
    };
    let rows = groups.iter().flat_map(|group| (0..group.runs.len()).map(move |pair| row(group, pair)));
    let mut header =
        vec!["algorithm", "batch", "pair", "outcome", "steps", "loss", "norm", "nearest", "label"];
    header.extend(MEASURES.map(|(name, _, _)| name));
    Table { name: "digits_runs", header, rows: rows.collect() }
}

/// A row a batch size and measure, for `digits.csv`: mean over seeds and mean of the paired differences to `b = m`, with 95 % intervals.
fn summary_table(groups: &[Group]) -> Table {
    let descent = full(groups);
    let mut rows = Vec::new();
    for group in groups {
        for (name, _, measure) in MEASURES {
            let values = group.values(measure);
            let mut row =
                vec![algorithm(group.batch, descent.batch).into(), group.batch.to_string(), name.into()];
            row.extend(paired::summary(&values));
            if group.batch < descent.batch {
                row.extend(paired::summary(&paired::differences(&descent.values(measure), &values)));
            } else {
                row.extend(std::iter::repeat_n(String::new(), 4));
            }
            rows.push(row);
        }
    }
    let header = vec![
        "algorithm",
        "batch",
        "measure",
        "mean",
        "low",
        "high",
        "runs",
        "difference",
        "difference_low",
        "difference_high",
        "pairs",
    ];
    Table { name: "digits", header, rows }
}

/// Names of the columns of pixels.
const PIXELS: [&str; 64] = [
    "p0", "p1", "p2", "p3", "p4", "p5", "p6", "p7", "p8", "p9", "p10", "p11", "p12", "p13", "p14", "p15",
    "p16", "p17", "p18", "p19", "p20", "p21", "p22", "p23", "p24", "p25", "p26", "p27", "p28", "p29", "p30",
    "p31", "p32", "p33", "p34", "p35", "p36", "p37", "p38", "p39", "p40", "p41", "p42", "p43", "p44", "p45",
    "p46", "p47", "p48", "p49", "p50", "p51", "p52", "p53", "p54", "p55", "p56", "p57", "p58", "p59", "p60",
    "p61", "p62", "p63",
];

/// Images for `digits_neurons.csv`: of the first seeds the neuron, and the sample nearest to it, as they were trained on (mean image
/// subtracted, unit norm); and once the first principal component. 8×8 pixels, row by row.
fn neurons_table(groups: &[Group], protocol: &Protocol) -> Result<Table> {
    let (samples, dim) = (protocol.dataset.samples(), protocol.dataset.dim());
    let mut rows = Vec::new();
    let mut push = |labels: [String; 7], pixels: &[f64]| {
        rows.push(labels.into_iter().chain(pixels.iter().map(f64::to_string)).collect());
    };
    for group in groups {
        for (pair, learned) in group.runs.iter().enumerate().take(SHOWN) {
            let Some(weights) = learned.run.weights.as_deref().filter(|w| w.iter().all(|x| x.is_finite()))
            else {
                continue;
            };
            let nearest = learned.nearest;
            let labels = |kind: &str| {
                [
                    kind.into(),
                    algorithm(group.batch, samples).into(),
                    group.batch.to_string(),
                    pair.to_string(),
                    nearest.to_string(),
                    protocol.labels[nearest].to_string(),
                    paired::field(learned.max_cos),
                ]
            };
            push(labels("neuron"), weights);
            push(labels("nearest"), &protocol.dataset.rows()?[nearest * dim..][..dim]);
        }
    }
    if let Some(component) = &protocol.component {
        let mut labels: [String; 7] = Default::default();
        labels[0] = "component".into();
        push(labels, component);
    }
    let header = ["kind", "algorithm", "batch", "pair", "sample", "label", "cosine"]
        .into_iter()
        .chain(PIXELS)
        .collect();
    Ok(Table { name: "digits_neurons", header, rows })
}
