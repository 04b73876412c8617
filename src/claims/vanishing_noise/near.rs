//! Noise at small distances from a datapoint: it falls with the distance.

use super::super::{Context, Table};
use super::{Prediction, STUDY};
use crate::data::{Dataset, norm};
use crate::device::Precision;
use crate::engine::Autodiff;
use crate::error::Result;
use crate::init::Start;
use crate::model::Activation;
use crate::problem::{Problem, Reduction};
use crate::schedule::Schedule;
use crate::stats::Line;
use crate::vectors::largest;
use crate::verdict::{Check, Expectation};

/// The noise along a ray `a_0 + ε u`.
pub(super) struct Ray {
    samples: usize,
    dim: usize,
    activation: Activation,
    direction: &'static str,
    /// `(Σ ‖∇ℓ_i‖²)^{1/2}` over ε, as predicted.
    constant: f64,
    /// Distances ε and the noise there.
    points: Vec<(f64, f64)>,
}

/// Directions `u`: correlations with the first three samples, and the residual. At `m = n`, where there is no residual, that of the
/// fourth sample takes its place in the last one.
const DIRECTIONS: [(&str, [f64; 4]); 5] = [
    ("along the datapoint", [1.0, 0.0, 0.0, 0.0]),
    ("towards another sample", [0.0, 1.0, 0.0, 0.0]),
    ("away from another sample", [0.0, -1.0, 0.0, 0.0]),
    ("along the residual", [0.0, 0.0, 0.0, 1.0]),
    ("into all of these", [0.5, 0.5, -0.5, 0.5]),
];

/// Distances ε, two a decade.
fn distances(precision: Precision) -> Vec<f64> {
    let (first, last) = precision.pick((4, 12), (2, 6));
    (first..=last).map(|k| 10f64.powf(-0.5 * f64::from(k))).collect()
}

/// Largest relative deviation from the first order in ε: that of the second, 3/2 ε along the datapoint and less elsewhere, and rounding
/// of numbers of size 1.
fn allowance(distance: f64, precision: Precision) -> f64 {
    2.0 * distance + 64.0 * precision.unit_roundoff() / distance
}

/// The noise near the first datapoint of a data set of each size, by autodiff.
pub(super) fn measure(
    context: &Context,
    sizes: &[(usize, usize)],
    step_size: f64,
    prediction: &Prediction,
) -> Result<Vec<Ray>> {
    let mut rays = Vec::new();
    for &(samples, dim) in sizes {
        let dataset =
            Dataset::orthonormal(samples, dim, context.cell_seed(&STUDY, 1 << 32 | samples as u64))?;
        for activation in Activation::PAPER {
            let problem = Problem::new(dataset.clone(), activation, Reduction::Sum, step_size)?;
            for (direction, parts) in DIRECTIONS {
                if dim > samples || parts != DIRECTIONS[3].1 {
                    rays.push(ray(context, &problem, direction, parts, prediction)?);
                }
            }
        }
    }
    Ok(rays)
}

fn ray(
    context: &Context,
    problem: &Problem,
    direction: &'static str,
    parts: [f64; 4],
    prediction: &Prediction,
) -> Result<Ray> {
    let (dataset, activation) = (problem.dataset(), problem.activation());
    let (samples, dim) = (dataset.samples(), dataset.dim());
    let mut along = vec![0.0; samples];
    along[..3].copy_from_slice(&parts[..3]);
    let residual = if dim > samples { parts[3] } else { 0.0 };
    if dim == samples {
        along[3] = parts[3];
    }
    let schedule = Schedule::full_batch(samples)?;
    let noise = |distance: f64| -> Result<f64> {
        let mut c: Vec<f64> = along.iter().map(|u| distance * u).collect();
        c[0] += 1.0;
        let start = Start::from_coordinates(dataset, c, distance * residual, 0, 0)?;
        let engine = Autodiff::single_neuron(problem, &schedule, &start, 0, &context.compute)?;
        Ok(norm(&(0..samples).flat_map(|i| engine.gradient(0, &[i])).collect::<Vec<_>>()))
    };
    let rivals: Vec<f64> = along[1..].iter().map(|&u| activation.apply(u)).collect();
    let distances = distances(context.compute.precision());
    Ok(Ray {
        samples,
        dim,
        activation,
        direction,
        constant: (prediction.noise_near)(along[0], &rivals),
        points: distances.into_iter().map(|epsilon| Ok((epsilon, noise(epsilon)?))).collect::<Result<_>>()?,
    })
}

pub(super) fn judge(rays: &[Ray], prediction: &Prediction, precision: Precision) -> [Check; 2] {
    let off = |ray: &Ray| {
        let of = |&(epsilon, noise): &(f64, f64)| {
            (noise / (ray.constant * epsilon) - 1.0).abs() / allowance(epsilon, precision)
        };
        largest(ray.points.iter().map(of))
    };
    let slope = |ray: &Ray| {
        let logs: Vec<_> = ray.points.iter().map(|(epsilon, noise)| (epsilon.ln(), noise.ln())).collect();
        Line::through(&logs).slope
    };
    let slopes = rays.iter().map(slope);
    let off_power = |slope: &f64| (slope - prediction.noise_power).abs();
    let worst = slopes.max_by(|a, b| off_power(a).total_cmp(&off_power(b))).unwrap_or(f64::NAN);
    let n = rays.iter().map(|ray| ray.points.len() as u64).sum();
    [
        Expectation::new(
            "noise at distance ε from a datapoint: largest relative deviation from its constant times ε, over what is allowed",
            1.0,
            "allowed are 2ε for the second order, and rounding of numbers of size 1",
        )
        .at_most()
        .measured(largest(rays.iter().map(off)), n),
        Expectation::new(
            "noise at distance ε from a datapoint: power of ε, log–log, the direction farthest from it",
            prediction.noise_power,
            "half of what the first check allows at the largest ε: the line has a lever of two decades and more",
        )
        .within(0.5 * allowance(distances(precision)[0], precision))
        .measured(worst, rays.len() as u64),
    ]
}

pub(super) fn protocol(rays: &[Ray]) -> String {
    let distances = &rays[0].points;
    format!(
        "The noise (Σ ‖∇ℓ_i‖²)^½ of the Burn model at {} distances from {:.0e} to {:.0e} from the first datapoint of each size, on {} rays: \
         along the datapoint, towards and away from another sample, along the residual where there is one, and into all of these.",
        distances.len(),
        distances[0].0,
        distances[distances.len() - 1].0,
        rays.len(),
    )
}

/// One row a distance on a ray.
pub(super) fn table(rays: &[Ray]) -> Table {
    let header = ["samples", "dim", "activation", "direction", "distance", "noise", "predicted"];
    let mut table = Table::new("noise", &header);
    for ray in rays {
        for (distance, noise) in &ray.points {
            table.push(&[
                &ray.samples,
                &ray.dim,
                &ray.activation.name(),
                &ray.direction,
                distance,
                noise,
                &(ray.constant * distance),
            ]);
        }
    }
    table
}
