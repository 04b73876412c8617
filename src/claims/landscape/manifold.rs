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
use crate::verdict::Register;

/// Deviations of loss and gradient at so many points: four that are rounding, and two controls.
pub(super) fn points(
    context: &Context,
    dataset: &Dataset,
    prediction: &Prediction,
    count: usize,
    register: &mut Register,
) -> Part {
    let m = dataset.samples();
    let tolerance = 64.0 * context.compute.precision().unit_roundoff();
    let mut equal = |name: &str, predicted: f64, why: &str, of: fn(&Seen) -> &Vec<f64>| {
        (register.expect(name, predicted, why).within(tolerance), of)
    };
    let (rounding, points) = ("rounding of numbers of size 1", "longer, turned and random points; rounding");
    let still = (prediction.gradient_norm)(m, 1.0, 1.0);
    let equal = [
        equal("random minima: largest deviation of the loss from (m − 1)/2m", 0.0, rounding, |at| {
            &at.minimum_off
        }),
        equal("random minima: largest gradient", still, rounding, |at| &at.gradients),
        equal("off the minima: largest deviation of L from its closed form", 0.0, points, |at| &at.loss_off),
        equal("off the minima: largest deviation of ‖∇L‖ from its closed form", 0.0, points, |at| {
            &at.gradient_off
        }),
    ];
    // A turned sign leaves C = 1 − α² of 1, with α² ≥ 1/m for the strongest.
    let excess = |active_sq: f64, norm_sq: f64| {
        (prediction.loss)(m, active_sq, norm_sq) - (prediction.loss)(m, 1.0, 1.0) - tolerance
    };
    let mut above = |name: &str, bound: f64, why: &str, of: fn(&Seen) -> &Vec<f64>| {
        (register.expect(name, bound, why).control().at_least(), of)
    };
    let (least, why) = (excess(1.21, 1.21), "½(1.21 − 1)²/m, and rounding");
    let longer = above("10 % longer: smallest excess loss", least, why, |at| &at.longer);
    let least = excess(1.0 - 1.0 / m as f64, 1.0);
    let why = "α²/2m with α² ≥ 1/m for the strongest weight, and rounding";
    let turned = above("ReLU, one sign turned: smallest excess loss", least, why, |at| &at.turned);
    let (dataset, prediction) = (dataset.clone(), *prediction);
    Box::new(move |lab, findings| {
        let seen = look(lab, &dataset, &prediction, count)?;
        let n = |values: &Vec<f64>| values.len() as u64;
        let worst = |values: &Vec<f64>| largest(values.iter().copied());
        let least = |values: &Vec<f64>| smallest(values.iter().copied());
        let equal = equal.into_iter().map(|(row, of)| row.measured(worst(of(&seen)), n(of(&seen))));
        findings.checks.extend(equal);
        let above = [longer, turned].into_iter();
        findings.checks.extend(above.map(|(row, of)| row.measured(least(of(&seen)), n(of(&seen)))));
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
