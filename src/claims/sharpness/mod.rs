//! Theorem 13: the sparse minimum is the sharper one, by the trace, against common wisdom.

mod along;
mod curvature;
mod figures {
    pub mod sharpness;
    pub mod sharpness_along;
}
mod gaps;
mod grain;
mod mean_gap;
mod minima;
mod row;

use crate::device::Precision;
use crate::error::{Error, Result};
use crate::model::Activation;
use crate::study::setting::check_hessian;
use crate::study::words::in_words;
use crate::study::{Context, Effort, Findings, Kind, Protocol, Study};
use crate::theory::budget::MISS;
use crate::theory::sharpness;
use crate::verdict::{Check, Register};
use grain::{Grain, PART_OF_A_KINK};
use minima::{Draw, Minima};

/// The claim.
pub const STUDY: Study = Study {
    id: "sharpness",
    kind: Kind::Paper,
    joins: Effort::Quick,
    number: 5,
    level: 1e-5,
    title: "both minima have λ_max = 4/m; the sparse one has the larger trace",
    theorem: "Theorem 13",
    source: "GFHY Theorem 13",
    statement: "At the limits of both algorithms λ_max(H) = 4/m. With ReLU Tr H(w_GD) = (2n + 8 − m − |S⁺|)/(2m) and \
                Tr H(w_SGD) = (2n + 7 − m)/(2m) for every b < m: SGD ends in the sharper minimum, by (|S⁺| − 1)/(2m), \
                which tends to 1/4 as m grows.",
    formula: r"\lambda_{\max}(H) = \frac{4}{m}, \qquad \operatorname{Tr} H(w_{\mathrm{GD}}) = \frac{2n + 8 - m - |S^+|}{2m} \;\le\; \operatorname{Tr} H(w_{\mathrm{SGD}}) = \frac{2n + 7 - m}{2m}",
    figures: &[&figures::sharpness::FIGURE, &figures::sharpness_along::FIGURE],
    protocol: |context, register| protocol(context, &Options::default(), &Prediction::default(), register),
};

/// What the command line may bend.
#[derive(Clone, Debug, Default, clap::Args, serde::Serialize)]
pub struct Options {
    /// Number of samples m (default: several sizes).
    #[arg(long, requires = "dim")]
    pub samples: Option<usize>,
    /// Dimension n.
    #[arg(long, requires = "samples")]
    pub dim: Option<usize>,
}

/// The theory that is put to the test.
#[derive(Clone, Copy, Debug)]
pub struct Prediction {
    /// `λ_max` from `m`.
    pub largest: fn(usize) -> f64,
    /// `Tr H` from `m`, `n` and the number of samples mixed.
    pub trace: fn(usize, usize, usize, Activation) -> f64,
    /// Eigenvalues with multiplicities, from the same.
    pub spectrum: fn(usize, usize, usize, Activation) -> sharpness::Spectrum,
    /// Gap between the traces, in kinks of `1/2m`, from the number of active samples.
    pub kinks: fn(usize) -> f64,
    /// Gap of the linear model.
    pub linear_gap: f64,
    /// Mean gap over Gaussian starts, with ReLU, from `m`.
    pub mean_gap: fn(usize) -> f64,
}

impl Default for Prediction {
    fn default() -> Self {
        Self {
            largest: sharpness::largest_eigenvalue,
            trace: sharpness::trace,
            spectrum: sharpness::spectrum,
            kinks: |active| active as f64 - 1.0,
            linear_gap: 0.0,
            mean_gap: sharpness::mean_gap,
        }
    }
}

/// Registers what the claim is held to; what it measures comes after.
///
/// # Errors
/// Bad options: see [`Dataset`](crate::data::Dataset).
pub fn protocol(
    context: &Context,
    options: &Options,
    prediction: &Prediction,
    register: &mut Register,
) -> Result<Protocol> {
    let precision = context.compute.precision();
    let grain = Grain::of(precision);
    let sizes = sizes(context.effort, options, grain)?;
    let replicas = context.effort.pick(1, 1, 6);
    let mut draws = Vec::new();
    for (k, &size) in sizes.iter().enumerate() {
        for activation in Activation::PAPER {
            for replica in 0..replicas {
                let seed = context.cell_seed(&STUDY, (k as u64) << 16 | replica);
                draws.push(Draw::new(size, activation, seed, grain)?);
            }
        }
    }
    let misses = MISS * draws.iter().map(|draw| draw.batch_sizes().len()).sum::<usize>() as f64;
    let mut judges = curvature::dense(prediction, grain, misses, register);
    judges.push(curvature::values_alone(prediction, precision, misses, register));
    judges.push(curvature::stochastic(&draws, prediction, grain, misses, register));
    judges.extend(gaps::checks(&draws, prediction, grain, misses, register));
    let over_starts = mean_gap::over_starts(context, prediction, register);
    let prediction = *prediction;
    Ok(Box::new(move |lab| {
        let minima = lab.each(&draws, |draw| draw.minima(&lab.compute, grain))?;
        let mut findings = Findings {
            protocol: vec![told(precision, &sizes, replicas)],
            checks: judges.into_iter().map(|judge| judge(&minima)).collect(),
            notes: notes(&minima, precision),
            tables: vec![row::table(&minima, &prediction), along::table(lab, sizes[0], &prediction)?],
            ..Findings::default()
        };
        over_starts(lab, &mut findings)?;
        Ok(findings)
    }))
}

/// Judges a check by the minima from all starts.
type Judge = Box<dyn FnOnce(&[Minima]) -> Check>;

/// Sizes `m × n`.
fn sizes(effort: Effort, options: &Options, grain: Grain) -> Result<Vec<(usize, usize)>> {
    if options.samples == Some(1) {
        return Err(Error::Usage("--samples 1: with a single sample both limits are the same point".into()));
    }
    // Beyond, a trace could not tell one kink from none.
    let max = grain.most_samples();
    if let Some(samples) = options.samples.filter(|&samples| samples > max) {
        let reason = format!("--samples {samples}: in this precision kinks can be counted up to m = {max}");
        return Err(Error::Usage(reason));
    }
    check_hessian(options.dim.unwrap_or(1))?;
    Ok(match (options.samples, options.dim) {
        (Some(m), Some(n)) => vec![(m, n)],
        _ => effort.pick(
            vec![(4, 7), (6, 6)],
            vec![(4, 7), (7, 7), (9, 16), (12, 14), (16, 17)],
            vec![(4, 7), (7, 7), (9, 16), (12, 14), (16, 17), (20, 35)],
        ),
    })
}

/// Tells the reader what is done.
fn told(precision: Precision, sizes: &[(usize, usize)], replicas: u64) -> String {
    let Grain { arrival, clear, .. } = Grain::of(precision);
    format!(
        "The Burn model ({}) on Haar-random data, m × n = {}, linear and ReLU, {replicas} a size, η = 0.2 a sample, from a Gaussian start of norm ½, \
         drawn until two samples are active and none of these has a weight below {clear:.0e}: GD and SGD with b = 1, with ReLU also \
         with b = 2, m/2 and m − 1, to within {arrival:.0e} of the limit. There the Hessian of the loss, by symmetric differences of \
         autodiff gradients: densely and by Lanczos; its trace also from values of the loss, and for GD and b = 1 by Hutch++ until its standard error is \
         1/{PART_OF_A_KINK} of a kink. Control: the linear model, which has no kinks, must show no gap.",
        precision.name(),
        in_words(sizes),
    )
}

/// What a reader should know besides.
fn notes(minima: &[Minima], precision: Precision) -> Vec<String> {
    let mut notes = vec![
        "Large-batch training is commonly held to find sharp minima and small batches flat ones (Keskar et al., 2017). By \
         that, SGD's minimum would have the smaller trace and the smaller λ_max. It has the larger trace and the same λ_max, \
         at the same loss: the noise selects it for vanishing sample gradients, not for flatness. The gap is a ReLU effect: \
         off its support the sparse minimum sits on more kinks."
            .to_string(),
        "The trace at a kink counts the average of the two one-sided second derivatives, which a symmetric difference \
         of gradients measures; φ'(0) = 0 alone would miss 1/(2m) a kink."
            .to_string(),
    ];
    if precision == Precision::F32 {
        notes.push(
            "Single precision: training stops 1e-5 from the limit, so at SGD's minimum the losing samples are not 0, and their \
             kinks lie off the middle of the difference by that over its step 2⁻⁸: a kink that is hit exactly in theory is \
             counted to half a percent here. Starts with weights next to a kink are redrawn more often for the same reason."
                .to_string(),
        );
    }
    if let Some(Minima { gd, sgd }) = minima.iter().find(|at| at.gd.activation == Activation::Relu) {
        notes.push(format!(
            "For example m = {}, n = {}, |S⁺| = {}: Tr H = {:.6} at GD's minimum, {:.6} at SGD's.",
            gd.samples, gd.dim, gd.support, gd.trace, sgd[0].trace
        ));
    }
    notes
}
