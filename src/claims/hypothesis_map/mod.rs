//! Beyond the paper: how far the hypotheses stretch, over step size and initial norm.

mod arrival;
mod figure;
mod map;
mod walls;

use crate::data::Dataset;
use crate::error::{Error, Result};
use crate::study::setting::check_replicas;
use crate::study::words::by_the_reduced_engine;
use crate::study::{Context, Effort, Kind, Protocol, Study, of_parts};
use crate::theory::{gd, landscape};
use crate::verdict::Register;

/// The claim.
pub const STUDY: Study = Study {
    id: "hypothesis_map",
    kind: Kind::Beyond,
    joins: Effort::Quick,
    number: 10,
    level: 4e-6,
    title: "the limits of the linear model hold up to the stability threshold η_B = 1/2, and for initial norms beyond 1",
    theorem: "Theorems 1, 2",
    source: "beyond the paper",
    statement: "For the linear model, at a minimum along w the multiplier of a step is 1 − 4η_B, so beyond η_B = 1/2 no minimum attracts \
                and no Gaussian start is seen to converge (full batch μ = 1/2), well past the theorems' 1/5; Gaussian starts of norms between 1 and √2 still reach the \
                predicted limits (the gradient flow does from every Πw_0 ≠ 0), and beyond √2 the flow is lost iff its residual is \
                s_0² ≥ 2√(‖w_0‖² − 1).",
    formula: r"|1 - 4\eta_B| > 1 \iff \eta_B > \tfrac12: \;\text{no minimum attracts}; \qquad \|w_0\|^2 < 2,\; \Pi w_0 \neq 0: \;\text{the gradient flow does}",
    figures: &[&figure::FIGURE],
    protocol: |context, register| protocol(context, &Options::default(), &Prediction::default(), register),
};

/// What the command line may bend.
#[derive(Clone, Debug, Default, clap::Args, serde::Serialize)]
pub struct Options {
    /// Number of samples m.
    #[arg(long)]
    pub samples: Option<usize>,
    /// Seeds per cell of the map; at most 1000000.
    #[arg(long)]
    pub replicas: Option<u64>,
}

/// The theory that is put to the test.
#[derive(Clone, Debug)]
pub struct Prediction {
    /// Step size per sample beyond which nothing converges.
    pub threshold: f64,
    /// Largest step size and initial norm of the theorems: every run arrives.
    pub rectangle: (f64, f64),
    /// The same with the initial norms that theory adds (for small steps; measured up to this step size).
    pub stretched: (f64, f64),
    /// Share of runs that arrive beyond the threshold.
    pub arrivals_beyond: f64,
    /// Squared residual from which GD with small steps is lost, from the initial norm.
    pub captured_from: fn(f64) -> f64,
}

impl Default for Prediction {
    fn default() -> Self {
        Self {
            threshold: gd::STABILITY_THRESHOLD,
            rectangle: (0.2, 1.0),
            stretched: (0.2, landscape::SAFE_NORM),
            arrivals_beyond: 0.0,
            captured_from: landscape::captured_from,
        }
    }
}

/// Registers what the claim is held to; what it measures comes after.
///
/// # Errors
/// Bad options: see [`Dataset`] and [`Schedule`](crate::schedule::Schedule).
pub fn protocol(
    context: &Context,
    options: &Options,
    prediction: &Prediction,
    register: &mut Register,
) -> Result<Protocol> {
    if options.samples.is_some_and(|samples| samples < 2) {
        return Err(Error::Usage("--samples: a batch of half of the data needs at least 2".into()));
    }
    let samples = options.samples.unwrap_or(8);
    check_replicas(options.replicas)?;
    let dataset = Dataset::implicit_orthonormal(samples, samples.saturating_add(3))?;
    Ok(of_parts(vec![
        map::part(context, &dataset, options.replicas, prediction, register)?,
        walls::thresholds(&dataset, prediction, register),
        walls::captures(prediction, register),
        Box::new(|lab, findings| {
            findings.protocol.push(walls::told(lab));
            findings.notes.extend(by_the_reduced_engine(lab, "All of it"));
            Ok(())
        }),
    ]))
}
