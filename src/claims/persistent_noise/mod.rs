//! Beyond the paper: with noisy targets or correlated samples there is no limit but a stationary law, in closed form for two samples.

mod engine;
mod figure;
mod plane;
mod stationary;
mod times;

use crate::error::Result;
use crate::study::{Context, Effort, Kind, Protocol, Study, of_parts};
use crate::theory::stationary as law;
use crate::verdict::Register;

/// The claim.
pub const STUDY: Study = Study {
    id: "persistent_noise",
    kind: Kind::Beyond,
    joins: Effort::Standard,
    number: 25,
    level: 2e-5,
    title: "noisy targets or correlated samples: a stationary law in place of the limit",
    theorem: "Theorem 2",
    source: "beyond the paper, about GFHY Theorem 2 where its hypotheses on targets and samples fail",
    statement: "Two unit samples, one a step, as η → 0 on the clock κt, κ = η²/2. Fresh label noise σ in every step: the angle θ of w has the stationary density ∝ 1/(sin² 2θ + 4σ²). \
                A correlation ρ = rη: the density ∝ exp(−2r/sin 2θ)/sin² 2θ, with E sin 2θ = K_0(2r)/K_1(2r). From a datapoint to the even mixture takes a mean time that backward equations \
                give, near π/4r for small r: algebraic in both causes, not exponential.",
    formula: r"\mathbb{E} \sin^2 2\theta = \sqrt{a (1+a)} - a, \quad a = 4\sigma^2, \qquad \mathbb{E} \sin 2\theta = \frac{K_0(2r)}{K_1(2r)}, \quad r = \frac{\rho}{\eta}",
    figures: &[&figure::FIGURE, &figure::DENSITY],
    protocol: |context, register| protocol(context, &Options::default(), &Prediction::default(), register),
};

/// What the command line may bend.
#[derive(Clone, Debug, Default, clap::Args, serde::Serialize)]
pub struct Options {}

/// The theory that is put to the test.
#[derive(Clone, Debug)]
pub struct Prediction {
    /// Label noise `σ`: mean of `sin² 2θ`.
    pub label_mixing: fn(f64) -> f64,
    /// Label noise `σ`: distribution function of the folded angle.
    pub label_law: fn(f64, f64) -> f64,
    /// Label noise `σ`: mean time to the even mixture.
    pub label_time: fn(f64) -> f64,
    /// Correlation `r`: mean of `sin 2θ`.
    pub correlated_mixing: fn(f64) -> f64,
    /// Correlation `r`: distribution function of the angle.
    pub correlated_law: fn(f64, f64) -> f64,
    /// Correlation `r`: mean time to the even mixture.
    pub correlated_time: fn(f64) -> f64,
    /// How far the engines are from the recursion in the plane.
    pub beside: f64,
    /// What is left of the mixture without either cause, at most.
    pub without: f64,
}

impl Default for Prediction {
    fn default() -> Self {
        Self {
            label_mixing: law::label_noise_mixing,
            label_law: law::label_noise_law,
            label_time: law::label_noise_time,
            correlated_mixing: law::correlated_mixing,
            correlated_law: law::correlated_law,
            correlated_time: law::correlated_time,
            beside: 0.0,
            without: 1e-4,
        }
    }
}

/// Registers what the claim is held to; what it measures comes after.
///
/// # Errors
/// Those of the engines.
pub fn protocol(
    context: &Context,
    _: &Options,
    prediction: &Prediction,
    register: &mut Register,
) -> Result<Protocol> {
    Ok(of_parts(vec![
        stationary::averages(context, prediction, register),
        times::switching(context, prediction, register),
        engine::beside(context, prediction, register),
        engine::without(prediction, register),
    ]))
}
