//! Why the last iterate converges at a constant step size: the noise vanishes at datapoints.

use rayon::prelude::*;

use super::protocol::{Case, Tally, largest, smallest};
use super::{Claim, Context, Effort, Findings, Kind};
use crate::data::{Dataset, norm};
use crate::device::Precision;
use crate::engine::{Autodiff, Engine};
use crate::error::Result;
use crate::init::Start;
use crate::limit_set::LimitSet;
use crate::model::Activation;
use crate::problem::{Problem, Reduction};
use crate::schedule::Schedule;
use crate::theory::budget::MISS;
use crate::theory::{gd, landscape, sgd};
use crate::verdict::{Check, Expectation};

/// The claim.
pub const CLAIM: Claim = Claim {
    id: "vanishing_noise",
    kind: Kind::Claim,
    joins: Effort::Quick,
    number: 6,
    level: 2e-5,
    title: "every sample gradient vanishes at a datapoint, and at no mixture",
    source: "GFHY, mechanism behind Theorem 2",
    statement: "At ±a_i every per-sample gradient is 0; at w_GD they are −c_i a_i + c_i² w. So SGD started at w_GD leaves \
                it and ends at a datapoint, while GD started at a datapoint stays there.",
    formula: r"\nabla \ell_i(\pm a_j) = 0 \;\;\text{for all } i, j, \qquad \nabla \ell_i(w_{\mathrm{GD}}) = c_i^2\, w_{\mathrm{GD}} - c_i\, a_i \ne 0",
    protocol: "Sample gradients of the Burn model by autodiff, at every datapoint and where GD ended, against \
               their closed form; SGD (b = 1) started where GD ended, which must leave and end in a datapoint; \
               GD started where SGD ended, which must stay. Controls: the noise at GD's limit must be there, \
               and GD itself must not leave that limit.",
    run: |context| findings(context, &Options::default(), &Prediction::default()),
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
    let mut cells = Vec::new();
    for (k, &(m, n)) in sizes.iter().enumerate() {
        for activation in Activation::PAPER {
            cells.extend(
                (0..replicas).map(|r| (m, n, activation, context.cell_seed(&CLAIM, (k as u64) << 16 | r))),
            );
        }
    }
    context.progress.inc_length(cells.len() as u64);
    let runs = cells.par_iter().with_max_len(1).map(|&(m, n, activation, seed)| {
        context.progress.inc(1);
        measure(context, options, prediction, (m, n), activation, seed)
    });
    let runs: Vec<Measured> = runs.collect::<Result<_>>()?;
    let n = runs.len() as u64;
    // A few roundings of numbers of size 1.
    let tolerance = 64.0 * context.compute.precision().unit_roundoff();
    let Arrival { gd, sgd: at_sgd } = Arrival::of(context.compute.precision());
    let sgd: Tally = runs.iter().map(|run| run.sgd).sum();
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
            "SGD (b = 1) from where GD ended: runs that end in a datapoint",
            1.0,
            "training the Burn model",
        )
        .always(context.effort.pick(0.2, 0.6, 0.9), MISS)
        .counted(sgd.hits, sgd.trials),
        check(
            "GD from where SGD ended: largest movement in 300 steps",
            prediction.gd_moves,
            |run| run.gd_from_sgd,
            2.0 * at_sgd,
        ),
    ];
    let noise = smallest(runs.iter().map(|run| run.noise));
    // Well above the noise of a run that had ended at a datapoint, which is that of its arrival distance.
    let least = 10.0 * at_sgd.max(1e-7);
    let apart =
        "of the order of the weaker weight in the mixture; a random one is this pure with that probability";
    checks.push(
        Expectation::new("smallest noise at w_GD, (Σ ‖∇ℓ_i‖²)^½", least, apart)
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
    let mut notes = vec![
        "The full-batch gradient vanishes at both; only the sample gradients tell them apart.".to_string(),
    ];
    if context.compute.precision() == Precision::F32 {
        notes.push(
            "Single precision: at a datapoint the sample gradients are zeros that are not, of the order of 2⁻²⁴; and at GD's end \
             samples with c_i = 0 in theory have correlations of either sign of that order, of which ReLU admits half: \
             they are allowed to win, and are next to never drawn into it."
                .into(),
        );
    }
    Ok(Findings { checks, notes, ..Findings::default() })
}

fn measure(
    context: &Context,
    options: &Options,
    prediction: &Prediction,
    (m, n): (usize, usize),
    activation: Activation,
    seed: u64,
) -> Result<Measured> {
    let dataset = Dataset::orthonormal(m, n, seed)?;
    let problem =
        Problem::new(dataset.clone(), activation, Reduction::Sum, options.step_size.unwrap_or(0.17))?;
    // The first draw with two active samples: with fewer there is no mixture.
    let mixed = |start: &Start| start.correlations.iter().filter(|&&c| activation.admits(c)).count() > 1;
    let mut draws = (0..).map(|replica| Start::gaussian(&dataset, 0.5, seed, replica));
    let draw = draws.find(|start| start.as_ref().map_or(true, mixed)).expect("draws do not end")?;
    let Some(mixture) = gd::limit(&draw.correlations, activation) else {
        unreachable!("two active samples have a mixture");
    };
    let arrival = Arrival::of(context.compute.precision());
    let (full, single) = (Schedule::full_batch(m)?, Schedule::sgd(m, 1, seed)?);
    let engine_at = |start: &Start, schedule: &Schedule| {
        Autodiff::single_neuron(&problem, schedule, start, 0, &context.compute)
    };
    let sample_gradients = |engine: &Autodiff<_>| (0..m).map(|i| engine.gradient(&[i])).collect::<Vec<_>>();
    let movement = |w: &[f64]| -> Result<f64> {
        let mut engine = engine_at(&Start::from_weights(&dataset, w.to_vec())?, &full)?;
        let before = engine.weights(0)?;
        engine.advance(300);
        Ok(norm(&engine.weights(0)?.iter().zip(before).map(|(a, b)| a - b).collect::<Vec<_>>()))
    };

    // Full-batch descent to its end; everything else starts from there.
    let mut at_mixture = engine_at(&draw, &full)?;
    let case = Case { problem: &problem, schedule: &full, start: &draw, replica: 0 };
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
    let case = Case { problem: &problem, schedule: &single, start: &start, replica: 0 };
    let set = (prediction.limit_set)(alpha, activation);
    let mut sgd = Tally::of(Some(&case.run_to(&mut engine, set.clone(), arrival.sgd)));
    // And there it stays; a mixture it would leave at once. The log-distance walks: a factor of 1000 is a fluctuation of
    // probability 1e-4 or less.
    engine.advance(2000);
    sgd.hits *= u64::from(set.distance(&engine.neurons(0)[0]) <= 1000.0 * arrival.sgd);
    Ok(Measured {
        at_datapoints,
        off_closed_form: off,
        noise: noise.sqrt(),
        noise_off: (noise - (prediction.noise)(&active)).abs(),
        sgd,
        gd_from_sgd: movement(&engine.weights(0)?)?,
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
