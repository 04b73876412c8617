//! The loss landscape: both algorithms reach global minima, and what else there is to end in.

mod basins;
mod blank;
mod manifold;
mod reached;

use crate::data::Dataset;
use crate::device::{Compute, Precision};
use crate::error::{Error, Result};
use crate::measure::sharpness::Surface;
use crate::model::{Activation, SingleNeuron, SingleNeuronConfig};
use crate::study::setting::check_hessian;
use crate::study::words::count;
use crate::study::{Context, Effort, Kind, Part, Protocol, Study, of_parts};
use crate::theory::landscape;
use crate::verdict::Register;

/// The claim.
pub const STUDY: Study = Study {
    id: "landscape",
    kind: Kind::Paper,
    joins: Effort::Quick,
    number: 7,
    level: 1e-6,
    title: "both limits are global minima; saddles and flat places are where they should be",
    theorem: "§2",
    source: "GFHY §2; critical points",
    statement: "The global minima are {Σ α_i a_i : Σ α_i² = 1} (ReLU: α_i ≥ 0), with loss (m − 1)/2m; both algorithms reach \
                one. Where Πw = 0 the loss is 1/2: for the linear model a strict saddle while ‖w‖² < 2, a spurious flat minimum for \
                ‖w‖² > 2. ReLU adds the dead region, where nothing moves.",
    formula: r"\operatorname*{arg\,min}_w L = \Bigl\{ \sum_i \alpha_i a_i : \sum_i \alpha_i^2 = 1 \Bigr\} \;\;(\text{ReLU: } \alpha_i \ge 0), \qquad \min_w L = \frac{m-1}{2m}, \qquad L\big|_{\Pi w = 0} = \frac12",
    figures: &[],
    protocol: |context, register| protocol(context, &Options::default(), &Prediction::default(), register),
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
#[derive(Clone, Copy, Debug)]
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

/// Registers what the claim is held to; what it measures comes after.
///
/// # Errors
/// [`Error::Usage`] unless `n > m`.
pub fn protocol(
    context: &Context,
    options: &Options,
    prediction: &Prediction,
    register: &mut Register,
) -> Result<Protocol> {
    let (m, n) = (options.samples.unwrap_or(7), options.dim.unwrap_or(11));
    if n <= m {
        let reason = format!("--dim {n}: a residual needs more dimensions than the {m} samples");
        return Err(Error::Usage(reason));
    }
    check_hessian(n)?;
    let dataset = Dataset::orthonormal(m, n, context.cell_seed(&STUDY, 0))?;
    let (points, starts) = (context.effort.pick(20, 100, 1000), context.effort.pick(1, 4, 20));
    Ok(of_parts(vec![
        manifold::points(context, &dataset, prediction, points, register),
        reached::by_both(context, &dataset, prediction, starts, register),
        blank::points(context, &dataset, prediction, register),
        basins::descents(context, &dataset, prediction, register),
        last((m, n), points, starts, context.compute.precision()),
    ]))
}

/// What is said of the points and starts.
fn last((m, n): (usize, usize), points: usize, starts: u64, precision: Precision) -> Part {
    Box::new(move |_, findings| {
        findings.protocol.push(format!(
            "m = {m}, n = {n}. Loss and gradient of the Burn model at {points} random points on the manifold of minima, linear and ReLU in turn, \
             and off it (10 % longer; for ReLU with the strongest weight turned; in a random direction, norms from 0.4 to 1.6), against closed \
             forms. Both algorithms trained to it from {} of norm 0.5 for each activation, SGD with b = 1, sum, η = 0.2; a ReLU start \
             without an active sample is drawn again. Dense Hessians where Πw = 0, at ‖w‖² = {SADDLE} and {SPURIOUS}, and 3000 steps of \
             descent from beside those points. Controls: points pushed off the manifold, the spurious minimum, and the dead region of ReLU.",
            count(starts as usize, "start"),
        ));
        findings.notes.push(
            "A run with a large residual and weak correlations loses the correlations before the residual: it ends at loss \
             1/2 with ‖w‖² > 2. The theorems exclude it by ‖w_0‖ < 1."
                .into(),
        );
        if precision == Precision::F32 {
            findings.notes.push(
                "Single precision: gradients that vanish at the minima are zeros up to 64 · 2⁻²⁴, and curvature by differences is \
                 good to 64 · 2⁻¹⁶ ≈ 1e-3: flat means flatter than that. In the dead region the gradient is 0 all the same."
                    .into(),
            );
        }
        Ok(())
    })
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
