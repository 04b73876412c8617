//! Why the last iterate converges at a constant step size: the noise vanishes at datapoints.

mod figure;
mod near;

use crate::data::{Dataset, norm};
use crate::device::Precision;
use crate::engine::{Autodiff, Engine};
use crate::error::Result;
use crate::init::Start;
use crate::limit_set::LimitSet;
use crate::model::Activation;
use crate::problem::{Problem, Reduction};
use crate::schedule::Schedule;
use crate::study::pool::Tally;
use crate::study::trial::Trial;
use crate::study::words::{bent, in_words};
use crate::study::{Context, Effort, Findings, Kind, Study};
use crate::theory::budget::MISS;
use crate::theory::{gd, landscape, sgd};
use crate::vectors::{largest, smallest};
use crate::verdict::{Check, Expectation};

/// The claim.
pub const STUDY: Study = Study {
    id: "vanishing_noise",
    kind: Kind::Paper,
    joins: Effort::Quick,
    number: 6,
    level: 2e-5,
    title: "every sample gradient vanishes at a datapoint, and at no mixture",
    theorem: "Theorem 2",
    source: "GFHY, mechanism behind Theorem 2",
    statement: "At ±a_i every per-sample gradient is 0, and at a small distance from it they are of the order of that distance; \
                at w_GD they are −c_i a_i + c_i² w. So SGD started at w_GD leaves it and ends at a datapoint, while GD \
                started at a datapoint stays there.",
    formula: r"\nabla \ell_i(\pm a_j) = 0 \;\;\text{for all } i, j, \qquad \Bigl(\sum_i \lVert\nabla \ell_i(a_j + \varepsilon u)\rVert^2\Bigr)^{1/2} = \varepsilon \sqrt{1 + 15 u_j^2 + \textstyle\sum_{i \ne j} \varphi(u_i)^2} + O(\varepsilon^2), \qquad \nabla \ell_i(w_{\mathrm{GD}}) = c_i^2\, w_{\mathrm{GD}} - c_i\, a_i \ne 0",
    figures: &[&figure::FIGURE],
    protocol: |context, _| {
        crate::study::unregistered(findings(context, &Options::default(), &Prediction::default()))
    },
};

/// What the command line may bend.
#[derive(Clone, Debug, Default, clap::Args, serde::Serialize)]
pub struct Options {
    /// Step size η per sample.
    #[arg(long, allow_negative_numbers = true)]
    pub step_size: Option<f64>,
}

/// The theory that is put to the test.
#[derive(Clone, Debug)]
pub struct Prediction {
    /// Coefficients of `a_i` and `w` in the sample gradient at a minimum, from `c_i`.
    pub sample_gradient: fn(f64) -> (f64, f64),
    /// `Σ ‖∇ℓ_i‖²` at a minimum from its correlations.
    pub noise: fn(&[f64]) -> f64,
    /// `(Σ ‖∇ℓ_i‖²)^{1/2}` at distance ε from a datapoint over ε, from `u_j` and the `φ(u_i)`, `i ≠ j`.
    pub noise_near: fn(f64, &[f64]) -> f64,
    /// The power of ε with which it falls.
    pub noise_power: f64,
    /// How far GD moves from either end.
    pub gd_moves: f64,
    /// Where SGD ends that starts at a mixture with these correlations.
    pub limit_set: fn(&[f64], Activation) -> LimitSet,
}

impl Default for Prediction {
    fn default() -> Self {
        Self {
            sample_gradient: landscape::sample_gradient_at_minimum,
            noise: landscape::noise_at_minimum,
            noise_near: landscape::noise_near_datapoint,
            noise_power: 1.0,
            gd_moves: 0.0,
            limit_set: sgd::limit_set,
        }
    }
}

struct Measured {
    /// Largest sample gradient at any datapoint.
    at_datapoints: f64,
    /// Largest deviation of a sample gradient at the mixture from its closed form.
    off_closed_form: f64,
    /// Noise at the mixture, `(Σ ‖∇ℓ_i‖²)^{1/2}`.
    noise: f64,
    /// Deviation of its square from the closed form.
    noise_off: f64,
    sgd: Tally,
    gd_from_sgd: f64,
    gd_from_mixture: f64,
}

/// Least squared noise `Σ (α_i² − α_i⁴)` of the mixtures that starts are drawn for: none is next to a datapoint.
const MIXED: f64 = 0.1;

/// Time, in units of `1/λ`, that SGD goes on for when it has arrived, and the factor by which its distance may have grown then. It stays
/// below 1e-2, where the bound on that growth is right to a hundredth.
fn goes_on(precision: Precision) -> (f64, f64) {
    precision.pick((1.0, 1e4), (0.5, 1e3))
}

/// Runs the protocol against a prediction.
///
/// # Errors
/// Bad options: see [`Problem::new`].
pub fn findings(context: &Context, options: &Options, prediction: &Prediction) -> Result<Findings> {
    let sizes = context.effort.pick(
        vec![(4, 6)],
        vec![(4, 6), (7, 7), (9, 14)],
        vec![(4, 6), (7, 7), (9, 14), (20, 31)],
    );
    let replicas = context.effort.pick(4, 4, 30);
    let step_size = options.step_size.unwrap_or(0.17);
    let mut cells = Vec::new();
    for (k, &(m, n)) in sizes.iter().enumerate() {
        for activation in Activation::PAPER {
            cells.extend(
                (0..replicas).map(|r| (m, n, activation, context.cell_seed(&STUDY, (k as u64) << 16 | r))),
            );
        }
    }
    let runs = context.each(&cells, |&(m, n, activation, seed)| {
        measure(context, step_size, prediction, (m, n), activation, seed)
    })?;
    let n = runs.len() as u64;
    // A few roundings of numbers of size 1.
    let tolerance = 64.0 * context.compute.precision().unit_roundoff();
    let Arrival { gd, sgd: at_sgd } = Arrival::of(context.compute.precision());
    let sgd: Tally = runs.iter().map(|run| run.sgd).sum();
    let (time, factor) = goes_on(context.compute.precision());
    let strays = landscape::straying(factor, time, step_size);
    let why = "rounding of numbers of size 1";
    let check = |name: &str, predicted: f64, of: fn(&Measured) -> f64, tolerance: f64| -> Check {
        Expectation::new(name, predicted, why).within(tolerance).measured(largest(runs.iter().map(of)), n)
    };
    // At a_i the closed form −c_i a_i + c_i² w is the sum of its coefficients along a_i.
    let (of_row, of_w) = (prediction.sample_gradient)(1.0);
    let mut checks = vec![
        check(
            "largest sample gradient at a datapoint",
            (of_row + of_w).abs(),
            |run| run.at_datapoints,
            tolerance,
        ),
        check(
            "sample gradients at w_GD: largest deviation from −c_i a_i + c_i² w",
            0.0,
            |run| run.off_closed_form,
            tolerance,
        ),
        check(
            "noise at w_GD: largest deviation of Σ ‖∇ℓ_i‖² from Σ (c_i² − c_i⁴)",
            0.0,
            |run| run.noise_off,
            // The closed form holds at the minimum: the distance to it counts too.
            tolerance + 8.0 * gd,
        ),
        Expectation::new(
            "SGD (b = 1) from where GD ended: runs that end in a datapoint and stay by it",
            1.0,
            format!(
                "training the Burn model; {time}/λ steps after it has arrived a run is {factor:.0e} times as far from the datapoint with \
                 a probability below {strays:.0e}, by the moments of the rivals' growth"
            ),
        )
        .always(context.effort.pick(0.2, 0.6, 0.9), MISS + strays, sgd.trials)
        .counted(sgd.hits, sgd.trials),
        check(
            "GD from where SGD ended: largest movement in 300 steps",
            prediction.gd_moves,
            |run| run.gd_from_sgd,
            2.0 * at_sgd,
        ),
    ];
    let noise = smallest(runs.iter().map(|run| run.noise));
    let apart = format!(
        "starts are drawn until Σ (α_i² − α_i⁴) ≥ {MIXED}, of which this is the root, less a twentieth"
    );
    checks.push(
        Expectation::new("smallest noise at w_GD, (Σ ‖∇ℓ_i‖²)^½", 0.95 * MIXED.sqrt(), apart)
            .control()
            .at_least()
            .measured(noise, n),
    );
    checks.push(
        Expectation::new(
            "GD from where GD ended: largest movement in 300 steps",
            prediction.gd_moves,
            "without noise the mixture is a fixed point too",
        )
        .control()
        .within(2.0 * gd)
        .measured(largest(runs.iter().map(|run| run.gd_from_mixture)), n),
    );
    let near = near::measure(context, &sizes, step_size, prediction)?;
    checks.extend(near::judge(&near, prediction, context.compute.precision()));
    let mut notes: Vec<String> = bent(options.step_size, None).into_iter().collect();
    notes.push("The full-batch gradient vanishes at both; only the sample gradients tell them apart.".into());
    if context.compute.precision() == Precision::F32 {
        notes.push(
            "Single precision: at a datapoint the sample gradients are zeros that are not, of the order of 2⁻²⁴; and at GD's end \
             samples with c_i = 0 in theory have correlations of either sign of that order, of which ReLU admits half: \
             they are allowed to win, and are next to never drawn into it."
                .into(),
        );
    }
    let protocol = vec![
        format!(
            "{n} cases: m × n = {}; linear and ReLU, {replicas} starts each, the first draws of norm ½ whose mixture has \
             Σ (α_i² − α_i⁴) ≥ {MIXED}; η = {step_size} a sample; the Burn model in {}, gradients by autodiff.",
            in_words(&sizes),
            context.compute.precision().name(),
        ),
        format!(
            "In each case the sample gradients at every datapoint, and where GD had come within {gd:.0e} of w_GD; SGD (b = 1) from \
             there to within {at_sgd:.0e} of a datapoint, and {time}/λ steps further; 300 steps of GD from where SGD had arrived and \
             from where GD had ended."
        ),
        near::protocol(&near),
    ];
    Ok(Findings { protocol, checks, notes, tables: vec![near::table(&near)], ..Findings::default() })
}

fn measure(
    context: &Context,
    step_size: f64,
    prediction: &Prediction,
    (m, n): (usize, usize),
    activation: Activation,
    seed: u64,
) -> Result<Measured> {
    let dataset = Dataset::orthonormal(m, n, seed)?;
    let problem = Problem::new(dataset.clone(), activation, Reduction::Sum, step_size)?;
    // The first draw that mixes two samples well.
    let mixed = |start: &Start| match gd::limit(&start.correlations, activation) {
        Some(LimitSet::Point(alpha)) => landscape::noise_at_minimum(&alpha) >= MIXED,
        _ => false,
    };
    let mut draws = (0..).map(|replica| Start::gaussian(&dataset, 0.5, seed, replica));
    let draw = draws.find(|start| start.as_ref().map_or(true, mixed)).expect("draws do not end")?;
    let mixture = gd::limit(&draw.correlations, activation).expect("it was drawn for its mixture");
    let arrival = Arrival::of(context.compute.precision());
    let (full, single) = (Schedule::full_batch(m)?, Schedule::sgd(m, 1, seed)?);
    let engine_at = |start: &Start, schedule: &Schedule| {
        Autodiff::single_neuron(&problem, schedule, start, 0, &context.compute)
    };
    let sample_gradients =
        |engine: &Autodiff<_>| (0..m).map(|i| engine.gradient(0, &[i])).collect::<Vec<_>>();
    let movement = |w: &[f64]| -> Result<f64> {
        let mut engine = engine_at(&Start::from_weights(&dataset, w.to_vec())?, &full)?;
        let before = engine.weights(0)?;
        engine.advance(300);
        Ok(norm(&engine.weights(0)?.iter().zip(before).map(|(a, b)| a - b).collect::<Vec<_>>()))
    };

    // Full-batch descent to its end; everything else starts from there.
    let mut at_mixture = engine_at(&draw, &full)?;
    let case = Trial { problem: &problem, schedule: &full, start: &draw, replica: 0 };
    case.run_to(&mut at_mixture, mixture, arrival.gd);
    let w = at_mixture.weights(0)?;
    let start = Start::from_weights(&dataset, w.clone())?;
    let alpha = &start.correlations;
    let active: Vec<f64> = alpha.iter().map(|&c| activation.apply(c)).collect();
    let rows = dataset.rows()?;
    let (mut off, mut noise) = (0.0f64, 0.0);
    for (i, gradient) in sample_gradients(&at_mixture).iter().enumerate() {
        let (of_row, of_w) =
            if activation.admits(alpha[i]) { (prediction.sample_gradient)(alpha[i]) } else { (0.0, 0.0) };
        let row = &rows[i * n..(i + 1) * n];
        let difference = gradient.iter().zip(row).zip(&w).map(|((g, a), w)| g - of_row * a - of_w * w);
        off = largest([off, norm(&difference.collect::<Vec<_>>())]);
        noise += norm(gradient).powi(2);
    }

    let mut at_datapoints = 0.0;
    for i in 0..m {
        let mut pure = vec![0.0; m];
        // The linear model has the minima −a_i too.
        pure[i] = if activation == Activation::Linear && i % 2 == 1 { -1.0 } else { 1.0 };
        let engine = engine_at(&Start::from_coordinates(&dataset, pure, 0.0, seed, 0)?, &full)?;
        at_datapoints = largest(sample_gradients(&engine).iter().map(|g| norm(g)).chain([at_datapoints]));
    }

    let mut engine = engine_at(&start, &single)?;
    let case = Trial { problem: &problem, schedule: &single, start: &start, replica: 0 };
    let set = (prediction.limit_set)(alpha, activation);
    let mut sgd = Tally::of(Some(&case.run_to(&mut engine, set.clone(), arrival.sgd)));
    let arrived = engine.weights(0)?;
    // And there it stays; a mixture it would leave at once.
    let (time, factor) = goes_on(context.compute.precision());
    engine.advance((time / sgd::rate(m, 1, step_size)).ceil() as u64);
    sgd.hits *= u64::from(set.distance(&engine.neurons(0)[0]) <= factor * arrival.sgd);
    Ok(Measured {
        at_datapoints,
        off_closed_form: off,
        noise: noise.sqrt(),
        noise_off: (noise - (prediction.noise)(&active)).abs(),
        sgd,
        gd_from_sgd: movement(&arrived)?,
        gd_from_mixture: movement(&w)?,
    })
}

/// Distances from their limits at which training stops.
struct Arrival {
    gd: f64,
    sgd: f64,
}

impl Arrival {
    fn of(precision: Precision) -> Self {
        precision.pick(Self { gd: 1e-12, sgd: 1e-9 }, Self { gd: 1e-5, sgd: 1e-5 })
    }
}
