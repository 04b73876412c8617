//! Why the last iterate converges at a constant step size: the noise vanishes at datapoints.

mod draw;
mod ends;
mod figure;
mod held;
mod near;

use crate::device::Precision;
use crate::error::Result;
use crate::limit_set::LimitSet;
use crate::model::Activation;
use crate::study::words::{bent, in_words};
use crate::study::{Context, Effort, Findings, Kind, Protocol, Study};
use crate::theory::{landscape, sgd};
use crate::verdict::Register;
use draw::{Arrival, Draw, MIXED};

/// The claim.
pub const STUDY: Study = Study {
    id: "vanishing_noise",
    kind: Kind::Paper,
    joins: Effort::Quick,
    number: 6,
    level: 1e-6,
    title: "every sample gradient vanishes at a datapoint, and at no mixture",
    theorem: "Theorem 2",
    source: "GFHY, mechanism behind Theorem 2",
    statement: "At ±a_i every per-sample gradient is 0, and at a small distance from it they are of the order of that distance; \
                at w_GD they are −c_i a_i + c_i² w. So SGD started at w_GD leaves it and ends at a datapoint, while GD \
                started at a datapoint stays there.",
    formula: r"\nabla \ell_i(\pm a_j) = 0 \;\;\text{for all } i, j, \qquad \Bigl(\sum_i \lVert\nabla \ell_i(a_j + \varepsilon u)\rVert^2\Bigr)^{1/2} = \varepsilon \sqrt{1 + 15 u_j^2 + \textstyle\sum_{i \ne j} \varphi(u_i)^2} + O(\varepsilon^2), \qquad \nabla \ell_i(w_{\mathrm{GD}}) = c_i^2\, w_{\mathrm{GD}} - c_i\, a_i \ne 0",
    figures: &[&figure::FIGURE],
    protocol: |context, register| protocol(context, &Options::default(), &Prediction::default(), register),
};

/// What the command line may bend.
#[derive(Clone, Debug, Default, clap::Args, serde::Serialize)]
pub struct Options {
    /// Step size η per sample.
    #[arg(long, allow_negative_numbers = true)]
    pub step_size: Option<f64>,
}

impl Options {
    fn step_size(&self) -> f64 {
        self.step_size.unwrap_or(0.17)
    }
}

/// The theory that is put to the test.
#[derive(Clone, Copy, Debug)]
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

/// Registers what the claim is held to; what it measures comes after.
///
/// # Errors
/// Bad options: see [`Problem::new`](crate::problem::Problem::new).
pub fn protocol(
    context: &Context,
    options: &Options,
    prediction: &Prediction,
    register: &mut Register,
) -> Result<Protocol> {
    let precision = context.compute.precision();
    let draws = Draw::all(context, options)?;
    let on = (context.effort, precision);
    let gradients = held::gradients(prediction, precision, register);
    let movements = held::movements(&draws, prediction, options.step_size(), on, register);
    let near = near::datapoints(context, options, prediction, register)?;
    let told = told(context, options, draws.len());
    let bent = bent(options.step_size, None);
    let prediction = *prediction;
    Ok(Box::new(move |lab| {
        let arrival = Arrival::of(precision);
        let runs = lab.each(&draws, |draw| draw.ends(&lab.compute, &prediction, arrival))?;
        let judges = gradients.into_iter().chain(movements);
        let checks = judges.map(|judge| judge(&runs)).collect();
        let mut findings = Findings { protocol: told, checks, ..Findings::default() };
        findings.notes.extend(bent);
        findings.notes.push(
            "The full-batch gradient vanishes at both; only the sample gradients tell them apart.".into(),
        );
        if precision == Precision::F32 {
            findings.notes.push(
                "Single precision: at a datapoint the sample gradients are zeros that are not, of the order of 2⁻²⁴; and at GD's end \
                 samples with c_i = 0 in theory have correlations of either sign of that order, of which ReLU admits half: \
                 they are allowed to win, and are next to never drawn into it."
                    .into(),
            );
        }
        near(lab, &mut findings)?;
        Ok(findings)
    }))
}

/// Tells the reader what is done.
fn told(context: &Context, options: &Options, draws: usize) -> Vec<String> {
    let precision = context.compute.precision();
    let Arrival { gd, sgd, time, .. } = Arrival::of(precision);
    vec![
        format!(
            "{draws} cases: m × n = {}; linear and ReLU, {} starts each, the first draws of norm ½ whose mixture has \
             Σ (α_i² − α_i⁴) ≥ {MIXED}; η = {} a sample; the Burn model in {}, gradients by autodiff.",
            in_words(&draw::sizes(context.effort)),
            draw::starts(context.effort),
            options.step_size(),
            precision.name(),
        ),
        format!(
            "In each case the sample gradients at every datapoint, and where GD had come within {gd:.0e} of w_GD; SGD (b = 1) from \
             there to within {sgd:.0e} of a datapoint, and {time}/λ steps further; 300 steps of GD from where SGD had arrived and \
             from where GD had ended."
        ),
    ]
}
