//! The loss landscape: both algorithms reach global minima, and what else there is to end in.

use rand_distr::{Distribution, StandardNormal};

use crate::data::{Dataset, dot, norm};
use crate::device::{Compute, Precision};
use crate::engine::{Autodiff, Engine};
use crate::error::Result;
use crate::init::Start;
use crate::measure::sharpness::{Surface, dense, eigenvalues};
use crate::model::{Activation, SingleNeuron, SingleNeuronConfig};
use crate::problem::{Problem, Reduction};
use crate::rng::{Purpose, stream};
use crate::schedule::Schedule;
use crate::study::setting::check_hessian;
use crate::study::trial::{Trial, is_live, start_where};
use crate::study::words::count;
use crate::study::{Context, Effort, Findings, Kind, Study};
use crate::theory::budget::miss;
use crate::theory::{self, landscape};
use crate::train::Outcome;
use crate::vectors::arg_max;
use crate::vectors::{largest, smallest};
use crate::verdict::{Check, Equality, Expectation, OneSided};

/// The claim.
pub const STUDY: Study = Study {
    id: "landscape",
    kind: Kind::Paper,
    joins: Effort::Quick,
    number: 7,
    level: 1e-5,
    title: "both limits are global minima; saddles and flat places are where they should be",
    theorem: "§2",
    source: "GFHY §2; critical points",
    statement: "The global minima are {Σ α_i a_i : Σ α_i² = 1} (ReLU: α_i ≥ 0), with loss (m − 1)/2m; both algorithms reach \
                one. Where Πw = 0 the loss is 1/2: for the linear model a strict saddle while ‖w‖² < 2, a spurious flat minimum for \
                ‖w‖² > 2. ReLU adds the dead region, where nothing moves.",
    formula: r"\operatorname*{arg\,min}_w L = \Bigl\{ \sum_i \alpha_i a_i : \sum_i \alpha_i^2 = 1 \Bigr\} \;\;(\text{ReLU: } \alpha_i \ge 0), \qquad \min_w L = \frac{m-1}{2m}, \qquad L\big|_{\Pi w = 0} = \frac12",
    figures: &[],
    protocol: |context, _| {
        crate::study::unregistered(findings(context, &Options::default(), &Prediction::default()))
    },
};

/// What the command line may bend.
#[derive(Clone, Debug, Default, clap::Args, serde::Serialize)]
pub struct Options {
    /// Number of samples m (default: 7).
    #[arg(long, requires = "dim")]
    pub samples: Option<usize>,
    /// Dimension n, beyond m so that there is a residual (default: 11).
    #[arg(long, requires = "samples")]
    pub dim: Option<usize>,
}

/// The theory that is put to the test.
#[derive(Clone, Debug)]
pub struct Prediction {
    /// Loss of the global minima from `m`.
    pub minimum_loss: fn(usize) -> f64,
    /// Loss from `m`, `C = Σ_{active} c_i²` and `N`.
    pub loss: fn(usize, f64, f64) -> f64,
    /// Loss where nothing is reconstructed.
    pub blank_loss: f64,
    /// `‖∇L‖` from `m`, `C = Σ_{active} c_i²` and `N`.
    pub gradient_norm: fn(usize, f64, f64) -> f64,
    /// Curvature along the span where `Πw = 0`, from `N` and `m`.
    pub curvature_without_projection: fn(f64, usize) -> f64,
    /// Squared residual at which descent ends that starts beside the spurious minimum.
    pub residual_kept: f64,
    /// How far descent moves in the dead region.
    pub dead_movement: f64,
}

impl Default for Prediction {
    fn default() -> Self {
        Self {
            minimum_loss: landscape::minimum_loss,
            loss: landscape::loss,
            blank_loss: landscape::BLANK_LOSS,
            gradient_norm: landscape::gradient_norm,
            curvature_without_projection: landscape::curvature_without_projection,
            residual_kept: SPURIOUS,
            dead_movement: 0.0,
        }
    }
}

/// Squared norms of the points without projection: on either side of 2, where the saddle turns.
const SADDLE: f64 = 0.7;
const SPURIOUS: f64 = 2.6;

/// Runs the protocol against a prediction.
///
/// # Errors
/// [`Error::Usage`](crate::Error::Usage) unless `n > m`.
pub fn findings(context: &Context, options: &Options, prediction: &Prediction) -> Result<Findings> {
    let (m, n) = (options.samples.unwrap_or(7), options.dim.unwrap_or(11));
    if n <= m {
        return Err(crate::Error::Usage(format!(
            "--dim {n}: a residual needs more dimensions than the {m} samples"
        )));
    }
    check_hessian(n)?;
    let dataset = Dataset::orthonormal(m, n, context.cell_seed(&STUDY, 0))?;
    let (points, starts) = (context.effort.pick(20, 100, 1000), context.effort.pick(1, 4, 20));
    let mut checks = manifold(context, &dataset, prediction, points)?;
    checks.extend(both_reach_it(context, &dataset, prediction, starts)?);
    checks.extend(without_projection(&dataset, prediction, &context.compute)?);
    checks.extend(basins(context, &dataset, prediction)?);
    let protocol = vec![format!(
        "m = {m}, n = {n}. Loss and gradient of the Burn model at {points} random points on the manifold of minima, linear and ReLU in turn, \
         and off it (10 % longer; for ReLU with the strongest weight turned; in a random direction, norms from 0.4 to 1.6), against closed \
         forms. Both algorithms trained to it from {} of norm 0.5 for each activation, SGD with b = 1, sum, η = 0.2; a ReLU start \
         without an active sample is drawn again. Dense Hessians where Πw = 0, at ‖w‖² = {SADDLE} and {SPURIOUS}, and 3000 steps of \
         descent from beside those points. Controls: points pushed off the manifold, the spurious minimum, and the dead region of ReLU.",
        count(starts as usize, "start"),
    )];
    let mut notes: Vec<String> = vec![
        "A run with a large residual and weak correlations loses the correlations before the residual: it ends at loss \
         1/2 with ‖w‖² > 2. The theorems exclude it by ‖w_0‖ < 1."
            .into(),
    ];
    if context.compute.precision() == Precision::F32 {
        notes.push(
            "Single precision: gradients that vanish at the minima are zeros up to 64 · 2⁻²⁴, and curvature by differences is \
             good to 64 · 2⁻¹⁶ ≈ 1e-3: flat means flatter than that. In the dead region the gradient is 0 all the same."
                .into(),
        );
    }
    Ok(Findings { protocol, checks, notes, ..Findings::default() })
}

fn surface_at(
    dataset: &Dataset,
    w: &[f64],
    activation: Activation,
    compute: &Compute,
) -> Result<Surface<SingleNeuron>> {
    let model = SingleNeuronConfig::new(dataset.dim(), activation).init_at(w, compute)?;
    Surface::new(model, dataset, compute)
}

/// Random points on the manifold of minima, and the same points pushed off it.
fn manifold(
    context: &Context,
    dataset: &Dataset,
    prediction: &Prediction,
    count: usize,
) -> Result<Vec<Check>> {
    let tolerance = 64.0 * context.compute.precision().unit_roundoff();
    let (equal, above) = on_and_off(dataset.samples(), prediction, tolerance);
    let mut rng = stream(context.cell_seed(&STUDY, 1), Purpose::Protocol, 0);
    let (mut loss_off, mut gradients, mut outside, mut negative) = (vec![], vec![], vec![], vec![]);
    let (mut gradients_off, mut losses_off) = (vec![], vec![]);
    let minimum = (prediction.minimum_loss)(dataset.samples());
    for k in 0..count {
        let activation = Activation::PAPER[k % 2];
        let mut alpha: Vec<f64> = StandardNormal.sample_iter(&mut rng).take(dataset.samples()).collect();
        if activation == Activation::Relu {
            alpha.iter_mut().for_each(|a| *a = a.abs());
        }
        let length = norm(&alpha);
        alpha.iter_mut().for_each(|a| *a /= length);
        let w = dataset.combine(&alpha)?;
        let surface = surface_at(dataset, &w, activation, &context.compute)?;
        loss_off.push((surface.loss(&w) - minimum).abs());
        gradients.push(norm(&surface.gradient(&w)));
        let mut compare = |w: &[f64]| -> Result<()> {
            let c = dataset.correlations(w)?;
            let active_sq: f64 = c.iter().filter(|&&c| activation.admits(c)).map(|c| c * c).sum();
            let predicted = (prediction.gradient_norm)(dataset.samples(), active_sq, dot(w, w));
            gradients_off.push((norm(&surface.gradient(w)) - predicted).abs());
            let predicted = (prediction.loss)(dataset.samples(), active_sq, dot(w, w));
            losses_off.push((surface.loss(w) - predicted).abs());
            Ok(())
        };
        // Off it: longer by a tenth; for ReLU with one sign turned; and anywhere at all.
        let longer: Vec<f64> = w.iter().map(|w| 1.1 * w).collect();
        outside.push(surface.loss(&longer) - minimum);
        compare(&longer)?;
        // Of a norm that is no matter of chance, nor are the roundings then.
        let length = 0.4 + 1.2 * k as f64 / count as f64;
        let anywhere: Vec<f64> = StandardNormal.sample_iter(&mut rng).take(dataset.dim()).collect();
        let scale = length / norm(&anywhere);
        compare(&anywhere.iter().map(|x| scale * x).collect::<Vec<_>>())?;
        if activation == Activation::Relu {
            let strongest = arg_max(alpha.iter().copied()).unwrap_or(0);
            alpha[strongest] *= -1.0;
            let turned = dataset.combine(&alpha)?;
            negative.push(surface.loss(&turned) - minimum);
            compare(&turned)?;
        }
    }
    let (n, off) = (count as u64, losses_off.len() as u64);
    let [minima, still, losses, slopes] = equal;
    let [longer, turned] = above;
    Ok(vec![
        minima.measured(largest(loss_off), n),
        still.measured(largest(gradients), n),
        losses.measured(largest(losses_off.iter().copied()), off),
        slopes.measured(largest(gradients_off.iter().copied()), off),
        longer.measured(smallest(outside), n),
        turned.measured(smallest(negative.iter().copied()), negative.len() as u64),
    ])
}

/// What is expected of these points: four deviations that are rounding, and two controls.
fn on_and_off(m: usize, prediction: &Prediction, tolerance: f64) -> ([Equality; 4], [OneSided; 2]) {
    let rounding = "rounding of numbers of size 1";
    let points = "longer, turned and random points; rounding";
    let equal = [
        ("random minima: largest deviation of the loss from (m − 1)/2m", 0.0, rounding),
        ("random minima: largest gradient", (prediction.gradient_norm)(m, 1.0, 1.0), rounding),
        ("off the minima: largest deviation of L from its closed form", 0.0, points),
        ("off the minima: largest deviation of ‖∇L‖ from its closed form", 0.0, points),
    ];
    // A turned sign leaves C = 1 − α² of 1, with α² ≥ 1/m for the strongest.
    let excess = |active_sq: f64, norm_sq: f64| {
        (prediction.loss)(m, active_sq, norm_sq) - (prediction.loss)(m, 1.0, 1.0) - tolerance
    };
    let above = [
        ("10 % longer: smallest excess loss", excess(1.21, 1.21), "½(1.21 − 1)²/m, and rounding"),
        (
            "ReLU, one sign turned: smallest excess loss",
            excess(1.0 - 1.0 / m as f64, 1.0),
            "α²/2m with α² ≥ 1/m for the strongest weight, and rounding",
        ),
    ];
    let equal = equal.map(|(name, predicted, why)| Expectation::new(name, predicted, why).within(tolerance));
    (equal, above.map(|(name, bound, why)| Expectation::new(name, bound, why).control().at_least()))
}

/// GD and SGD from the same starts, by training the Burn model.
fn both_reach_it(
    context: &Context,
    dataset: &Dataset,
    prediction: &Prediction,
    starts: u64,
) -> Result<Vec<Check>> {
    let m = dataset.samples();
    let precision = context.compute.precision();
    let (tolerance, target) = (64.0 * precision.unit_roundoff(), precision.pick(1e-9, 1e-5));
    let minimum = (prediction.minimum_loss)(m);
    let why = "quadratic in the distance at which training stopped, so rounding is what is left";
    let expect = |name: &str, missed: f64| Expectation::new(name, 0.0, why).chance(missed).within(tolerance);
    let missed = (2 * starts) as f64 * miss(m, target);
    let gd = expect("GD on Burn: final loss off (m − 1)/2m", 0.0);
    let sgd = expect("SGD on Burn: final loss off (m − 1)/2m", missed);
    let mut off = [vec![], vec![]];
    for activation in Activation::PAPER {
        let problem = Problem::new(dataset.clone(), activation, Reduction::Sum, 0.2)?;
        for replica in 0..starts {
            let seed = context.cell_seed(&STUDY, 2 << 16 | replica);
            let live = |start: &_| is_live(start, activation);
            let Some(start) = start_where(dataset, 0.5, seed, replica, live)? else { continue };
            for (k, schedule) in
                [Schedule::full_batch(m)?, Schedule::sgd(m, 1, seed)?].into_iter().enumerate()
            {
                let Some(set) = theory::predicted_limit(&schedule, &start.correlations, activation) else {
                    continue;
                };
                let case = Trial { problem: &problem, schedule: &schedule, start: &start, replica };
                let run = case.run_to(&mut case.autodiff(&context.compute)?, set, target);
                off[k].push((run.loss - minimum).abs());
            }
        }
    }
    Ok([gd, sgd]
        .into_iter()
        .zip(off)
        .map(|(expected, off)| expected.measured(largest(off.iter().copied()), off.len() as u64))
        .collect())
}

/// A unit vector orthogonal to the data, scaled.
fn residual(dataset: &Dataset, norm_sq: f64) -> Result<Vec<f64>> {
    let start = Start::from_coordinates(dataset, vec![0.0; dataset.samples()], norm_sq.sqrt(), 5, 0)?;
    Ok(start.weights(dataset)?.to_vec())
}

/// Loss, gradient and curvature where `Πw = 0`, for the linear model.
fn without_projection(dataset: &Dataset, prediction: &Prediction, compute: &Compute) -> Result<Vec<Check>> {
    let u = compute.precision().unit_roundoff();
    // Truncation and rounding of a difference quotient of gradients are both of the order u^(2/3).
    let differences = 64.0 * u.powf(2.0 / 3.0);
    let mut checks = Vec::new();
    for (name, norm_sq) in [("saddle, ‖w‖² = 0.7", SADDLE), ("spurious minimum, ‖w‖² = 2.6", SPURIOUS)]
    {
        let (m, n) = (dataset.samples(), dataset.dim());
        let curvature = (prediction.curvature_without_projection)(norm_sq, m);
        let expect = |what: &str, predicted: f64, why: &str, tolerance: f64| {
            Expectation::new(format!("{name}: {what}"), predicted, why).within(tolerance)
        };
        let by = "dense Hessian by differences";
        let flat = expect("gradient and loss − ½", 0.0, "rounding", 64.0 * u);
        let extreme = expect("extreme eigenvalue (N − 2)/m", curvature, by, differences);
        let what = "all eigenvalues, that m times and 0 n − m times: largest deviation";
        let all = expect(what, 0.0, by, differences);

        let w = residual(dataset, norm_sq)?;
        let surface = surface_at(dataset, &w, Activation::Linear, compute)?;
        let still = norm(&surface.gradient(&w)) + (surface.loss(&w) - prediction.blank_loss).abs();
        checks.push(flat.measured(still, 1));
        let spectrum = eigenvalues(dense(&surface)).unwrap_or_default();
        let end = if norm_sq < 2.0 { spectrum.first() } else { spectrum.last() };
        checks.push(extreme.measured(end.copied().unwrap_or(f64::NAN), 1));
        // Flat along the rest.
        let mut closed = [vec![curvature; m], vec![0.0; n - m]].concat();
        closed.sort_by(f64::total_cmp);
        let off = largest(spectrum.iter().zip(&closed).map(|(a, b)| (a - b).abs()));
        checks.push(all.measured(if spectrum.len() == n { off } else { f64::NAN }, 1));
    }
    Ok(checks)
}

/// Where a descent ended.
struct End {
    outcome: Outcome,
    loss: f64,
    residual: f64,
    moved: f64,
}

/// Full-batch descent of the Burn model from given correlations and squared residual, 3000 steps, and 100 more.
fn descend(
    context: &Context,
    dataset: &Dataset,
    residual_sq: f64,
    c0: Vec<f64>,
    activation: Activation,
) -> Result<End> {
    let problem = Problem::new(dataset.clone(), activation, Reduction::Sum, 0.2)?;
    let schedule = Schedule::full_batch(dataset.samples())?;
    let start = Start::from_coordinates(dataset, c0, residual_sq.sqrt(), 5, 0)?;
    let mut engine = Autodiff::single_neuron(&problem, &schedule, &start, 0, &context.compute)?;
    let case = Trial { problem: &problem, schedule: &schedule, start: &start, replica: 0 };
    let before = engine.weights(0)?;
    let run = case.run_for(&mut engine, 3000);
    // The loop stops a dead run at once: make it go on all the same.
    engine.advance(100);
    let moved = engine.weights(0)?.iter().zip(&before).map(|(a, b)| a - b).collect::<Vec<_>>();
    let residual = engine.neurons(0)[0].residual;
    Ok(End { outcome: run.outcome, loss: run.loss, residual, moved: norm(&moved) })
}

/// Where descent goes from next to those points, and from the dead region.
fn basins(context: &Context, dataset: &Dataset, prediction: &Prediction) -> Result<Vec<Check>> {
    let m = dataset.samples();
    // The loss after thousands of steps, of which only the last few hundred roundings are not contracted.
    let tolerance = 256.0 * context.compute.precision().unit_roundoff();
    let name = "GD from beside the saddle: final loss";
    let leaves = Expectation::new(name, (prediction.minimum_loss)(m), "it is strict, so descent leaves");
    let control = |name: &str, predicted: f64, why: &str| Expectation::new(name, predicted, why).control();
    let blank = prediction.blank_loss;
    let stays = control("GD from beside the spurious minimum: final loss", blank, "it attracts");
    let kept = prediction.residual_kept.sqrt();
    let keeps = control("… with the residual left almost as it was", kept, "decay by Σ μ c² only");
    let dies = control("the dead ReLU region: final loss, outcome dead", blank, "nothing is reconstructed");
    let name = "the dead ReLU region: distance moved in 100 steps";
    let rests = control(name, prediction.dead_movement, "the gradient is exactly 0, not small");

    // Uneven, and of norm 0.01 whatever m.
    let uneven: Vec<f64> = (0..m).map(|i| 1.0 + i as f64).collect();
    let weak: Vec<f64> = uneven.iter().map(|c| 0.01 * c / norm(&uneven)).collect();
    let negative: Vec<f64> = weak.iter().map(|c| -c).collect();
    let left = descend(context, dataset, SADDLE, weak.clone(), Activation::Linear)?;
    let caught = descend(context, dataset, SPURIOUS, weak, Activation::Linear)?;
    let dead = descend(context, dataset, 0.3, negative, Activation::Relu)?;
    let if_dead = |value: f64| if dead.outcome == Outcome::Dead { value } else { f64::NAN };
    Ok(vec![
        leaves.within(tolerance).measured(left.loss, 1),
        stays.within(tolerance).measured(caught.loss, 1),
        keeps.within(1e-2).measured(caught.residual, 1),
        dies.within(tolerance).measured(if_dead(dead.loss), 1),
        rests.within(0.0).measured(if_dead(dead.moved), 1),
    ])
}
