//! Loss, gradient and curvature where `Πw = 0`, for the linear model.

use super::{Prediction, SADDLE, SPURIOUS, surface_at};
use crate::data::{Dataset, norm};
use crate::error::Result;
use crate::init::Start;
use crate::measure::sharpness::{dense, eigenvalues};
use crate::model::Activation;
use crate::study::{Context, Lab, Part};
use crate::vectors::largest;
use crate::verdict::{Check, Equality, Register};

/// One point without projection, and what is expected there.
struct Point {
    norm_sq: f64,
    curvature: f64,
    flat: Equality,
    extreme: Equality,
    all: Equality,
}

/// The saddle and the spurious minimum.
pub(super) fn points(
    context: &Context,
    dataset: &Dataset,
    prediction: &Prediction,
    register: &mut Register,
) -> Part {
    let u = context.compute.precision().unit_roundoff();
    let points = [("saddle, ‖w‖² = 0.7", SADDLE), ("spurious minimum, ‖w‖² = 2.6", SPURIOUS)]
        .map(|(name, norm_sq)| Point::new(name, norm_sq, dataset.samples(), prediction, u, register));
    let (dataset, blank_loss) = (dataset.clone(), prediction.blank_loss);
    Box::new(move |lab, findings| {
        for point in points {
            findings.checks.extend(point.judge(lab, &dataset, blank_loss)?);
        }
        Ok(())
    })
}

impl Point {
    fn new(
        name: &str,
        norm_sq: f64,
        m: usize,
        prediction: &Prediction,
        u: f64,
        register: &mut Register,
    ) -> Self {
        // Truncation and rounding of a difference quotient of gradients are both of the order u^(2/3).
        let differences = 64.0 * u.powf(2.0 / 3.0);
        let curvature = (prediction.curvature_without_projection)(norm_sq, m);
        let mut expect = |what: &str, predicted: f64, why: &str, tolerance: f64| {
            register.expect(format!("{name}: {what}"), predicted, why).within(tolerance)
        };
        let by = "dense Hessian by differences";
        let flat = expect("gradient and loss − ½", 0.0, "rounding", 64.0 * u);
        let extreme = expect("extreme eigenvalue (N − 2)/m", curvature, by, differences);
        let what = "all eigenvalues, that m times and 0 n − m times: largest deviation";
        let all = expect(what, 0.0, by, differences);
        Self { norm_sq, curvature, flat, extreme, all }
    }

    fn judge(self, lab: &Lab, dataset: &Dataset, blank_loss: f64) -> Result<[Check; 3]> {
        let Self { norm_sq, curvature, flat, extreme, all } = self;
        let (m, n) = (dataset.samples(), dataset.dim());
        // A vector orthogonal to the data.
        let start = Start::from_coordinates(dataset, vec![0.0; m], norm_sq.sqrt(), 5, 0)?;
        let w = start.weights(dataset)?.to_vec();
        let surface = surface_at(dataset, &w, Activation::Linear, &lab.compute)?;
        let still = norm(&surface.gradient(&w)) + (surface.loss(&w) - blank_loss).abs();
        let spectrum = eigenvalues(dense(&surface)).unwrap_or_default();
        let end = if norm_sq < 2.0 { spectrum.first() } else { spectrum.last() };
        // Flat along the rest.
        let mut closed = [vec![curvature; m], vec![0.0; n - m]].concat();
        closed.sort_by(f64::total_cmp);
        let off = largest(spectrum.iter().zip(&closed).map(|(a, b)| (a - b).abs()));
        Ok([
            flat.measured(still, 1),
            extreme.measured(end.copied().unwrap_or(f64::NAN), 1),
            all.measured(if spectrum.len() == n { off } else { f64::NAN }, 1),
        ])
    }
}
