//! Random points on the manifold of minima, and points pushed off it.

use rand_distr::{Distribution, StandardNormal};

use super::{Prediction, STUDY, surface_at};
use crate::data::{Dataset, dot, norm};
use crate::error::Result;
use crate::measure::sharpness::Surface;
use crate::model::{Activation, SingleNeuron};
use crate::rng::{Purpose, stream};
use crate::study::{Context, Lab, Part};
use crate::vectors::{arg_max, largest, smallest};
use crate::verdict::{Equality, OneSided, Register};

/// What the points are held to: four deviations that are rounding, and two controls.
struct Expected {
    minimum_loss: Equality,
    still: Equality,
    loss: Equality,
    gradient: Equality,
    longer: OneSided,
    turned: OneSided,
}

impl Expected {
    fn new(m: usize, prediction: &Prediction, tolerance: f64, register: &mut Register) -> Self {
        let mut equal =
            |name: &str, predicted: f64, why: &str| register.expect(name, predicted, why).within(tolerance);
        let (rounding, points) =
            ("rounding of numbers of size 1", "longer, turned and random points; rounding");
        let minimum_loss =
            equal("random minima: largest deviation of the loss from (m − 1)/2m", 0.0, rounding);
        let still =
            equal("random minima: largest gradient", (prediction.gradient_norm)(m, 1.0, 1.0), rounding);
        let loss = equal("off the minima: largest deviation of L from its closed form", 0.0, points);
        let gradient = equal("off the minima: largest deviation of ‖∇L‖ from its closed form", 0.0, points);
        // A turned sign leaves C = 1 − α² of 1, with α² ≥ 1/m for the strongest.
        let excess = |active_sq: f64, norm_sq: f64| {
            (prediction.loss)(m, active_sq, norm_sq) - (prediction.loss)(m, 1.0, 1.0) - tolerance
        };
        let mut above =
            |name: &str, bound: f64, why: &str| register.expect(name, bound, why).control().at_least();
        let longer =
            above("10 % longer: smallest excess loss", excess(1.21, 1.21), "½(1.21 − 1)²/m, and rounding");
        let turned = above(
            "ReLU, one sign turned: smallest excess loss",
            excess(1.0 - 1.0 / m as f64, 1.0),
            "α²/2m with α² ≥ 1/m for the strongest weight, and rounding",
        );
        Self { minimum_loss, still, loss, gradient, longer, turned }
    }
}

/// Deviations of loss and gradient at so many points.
pub(super) fn points(
    context: &Context,
    dataset: &Dataset,
    prediction: &Prediction,
    count: usize,
    register: &mut Register,
) -> Part {
    let tolerance = 64.0 * context.compute.precision().unit_roundoff();
    let expected = Expected::new(dataset.samples(), prediction, tolerance, register);
    let (dataset, prediction) = (dataset.clone(), prediction.clone());
    Box::new(move |lab, findings| {
        let seen = look(lab, &dataset, &prediction, count)?;
        let (n, off) = (count as u64, seen.loss_off.len() as u64);
        let turned = seen.turned.len() as u64;
        findings.checks.extend([
            expected.minimum_loss.measured(largest(seen.minimum_off), n),
            expected.still.measured(largest(seen.gradients), n),
            expected.loss.measured(largest(seen.loss_off), off),
            expected.gradient.measured(largest(seen.gradient_off), off),
            expected.longer.measured(smallest(seen.longer), n),
            expected.turned.measured(smallest(seen.turned), turned),
        ]);
        Ok(())
    })
}

/// What was seen at random points.
#[derive(Default)]
struct Seen {
    /// At the minima: deviation of the loss, and size of the gradient.
    minimum_off: Vec<f64>,
    gradients: Vec<f64>,
    /// Off them: deviations from the closed forms.
    loss_off: Vec<f64>,
    gradient_off: Vec<f64>,
    /// Excess losses: of points 10 % longer, and with a sign turned.
    longer: Vec<f64>,
    turned: Vec<f64>,
}

/// Minima, linear and ReLU in turn; and off them: longer by a tenth, for ReLU with one sign turned, and anywhere at all.
fn look(lab: &Lab, dataset: &Dataset, prediction: &Prediction, count: usize) -> Result<Seen> {
    let mut rng = stream(lab.cell_seed(&STUDY, 1), Purpose::Protocol, 0);
    let mut seen = Seen::default();
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
        let surface = surface_at(dataset, &w, activation, &lab.compute)?;
        seen.minimum_off.push((surface.loss(&w) - minimum).abs());
        seen.gradients.push(norm(&surface.gradient(&w)));
        let longer: Vec<f64> = w.iter().map(|w| 1.1 * w).collect();
        seen.longer.push(surface.loss(&longer) - minimum);
        // Of a norm that is no matter of chance, nor are the roundings then.
        let length = 0.4 + 1.2 * k as f64 / count as f64;
        let anywhere: Vec<f64> = StandardNormal.sample_iter(&mut rng).take(dataset.dim()).collect();
        let scale = length / norm(&anywhere);
        let mut off = vec![longer, anywhere.iter().map(|x| scale * x).collect()];
        if activation == Activation::Relu {
            let strongest = arg_max(alpha.iter().copied()).unwrap_or(0);
            alpha[strongest] *= -1.0;
            let turned = dataset.combine(&alpha)?;
            seen.turned.push(surface.loss(&turned) - minimum);
            off.push(turned);
        }
        off.iter().try_for_each(|w| seen.compare(&surface, dataset, activation, w, prediction))?;
    }
    Ok(seen)
}

impl Seen {
    /// Holds loss and gradient at a point against their closed forms.
    fn compare(
        &mut self,
        surface: &Surface<SingleNeuron>,
        dataset: &Dataset,
        activation: Activation,
        w: &[f64],
        prediction: &Prediction,
    ) -> Result<()> {
        let c = dataset.correlations(w)?;
        let active_sq: f64 = c.iter().filter(|&&c| activation.admits(c)).map(|c| c * c).sum();
        let (m, norm_sq) = (dataset.samples(), dot(w, w));
        let gradient = (prediction.gradient_norm)(m, active_sq, norm_sq);
        self.gradient_off.push((norm(&surface.gradient(w)) - gradient).abs());
        let loss = (prediction.loss)(m, active_sq, norm_sq);
        self.loss_off.push((surface.loss(w) - loss).abs());
        Ok(())
    }
}
