//! Noise at small distances from a datapoint: it falls with the distance.

use serde::{Deserialize, Serialize};

use super::draw::sizes;
use super::{Options, Prediction, STUDY};
use crate::data::{Dataset, norm};
use crate::device::Precision;
use crate::engine::Autodiff;
use crate::error::Result;
use crate::init::Start;
use crate::model::Activation;
use crate::problem::{Problem, Reduction};
use crate::schedule::Schedule;
use crate::stats::Line;
use crate::study::{Context, Lab, Part, Row, Table};
use crate::vectors::largest;
use crate::verdict::Register;

/// The noise at one distance on a ray `a_0 + ε u`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Noise {
    pub samples: usize,
    pub dim: usize,
    pub activation: Activation,
    pub direction: String,
    pub distance: f64,
    /// `(Σ ‖∇ℓ_i‖²)^{1/2}`.
    pub noise: f64,
    pub predicted: f64,
}

impl Row for Noise {
    const TABLE: &'static str = "noise";
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
pub(super) fn datapoints(
    context: &Context,
    options: &Options,
    prediction: &Prediction,
    register: &mut Register,
) -> Result<Part> {
    let precision = context.compute.precision();
    let name = "noise at distance ε from a datapoint: largest relative deviation from its constant times ε, over what is allowed";
    let why = "allowed are 2ε for the second order, and rounding of numbers of size 1";
    let constant = register.expect(name, 1.0, why).at_most();
    let name = "noise at distance ε from a datapoint: power of ε, log–log, the direction farthest from it";
    let why =
        "half of what the first check allows at the largest ε: the line has a lever of two decades and more";
    let distances = distances(precision);
    let power =
        register.expect(name, prediction.noise_power, why).within(0.5 * allowance(distances[0], precision));
    let rays = rays(context, options)?;
    let Prediction { noise_near, noise_power, .. } = *prediction;
    Ok(Box::new(move |lab, findings| {
        let rays = lab.each(&rays, |ray| ray.noise(lab, &distances, noise_near))?;
        let off = |at: &Noise| (at.noise / at.predicted - 1.0).abs() / allowance(at.distance, precision);
        let n = rays.iter().map(|ray| ray.len() as u64).sum();
        findings.checks.push(constant.measured(largest(rays.iter().flatten().map(off)), n));
        let off_power = |slope: &f64| (slope - noise_power).abs();
        let slopes = rays.iter().map(|ray| slope(ray));
        let worst = slopes.max_by(|a, b| off_power(a).total_cmp(&off_power(b))).unwrap_or(f64::NAN);
        findings.checks.push(power.measured(worst, rays.len() as u64));
        findings.protocol.push(format!(
            "The noise (Σ ‖∇ℓ_i‖²)^½ of the Burn model at {} distances from {:.0e} to {:.0e} from the first datapoint of each size, on {} rays: \
             along the datapoint, towards and away from another sample, along the residual where there is one, and into all of these.",
            distances.len(),
            distances[0],
            distances[distances.len() - 1],
            rays.len(),
        ));
        findings.tables.push(Table::of(rays.into_iter().flatten()));
        Ok(())
    }))
}

/// The power of the distance with which the noise falls along a ray, log–log.
fn slope(ray: &[Noise]) -> f64 {
    let logs: Vec<_> = ray.iter().map(|at| (at.distance.ln(), at.noise.ln())).collect();
    Line::through(&logs).slope
}

/// A way from the first datapoint.
struct Ray {
    problem: Problem,
    direction: &'static str,
    /// Its correlations, and its residual.
    along: Vec<f64>,
    residual: f64,
}

/// All directions there are, at every size and with both activations.
fn rays(context: &Context, options: &Options) -> Result<Vec<Ray>> {
    let mut rays = Vec::new();
    for (samples, dim) in sizes(context.effort) {
        let dataset =
            Dataset::orthonormal(samples, dim, context.cell_seed(&STUDY, 1 << 32 | samples as u64))?;
        for activation in Activation::PAPER {
            let problem = Problem::new(dataset.clone(), activation, Reduction::Sum, options.step_size())?;
            for (direction, parts) in DIRECTIONS {
                let has_residual = dim > samples;
                if has_residual || parts != DIRECTIONS[3].1 {
                    let mut along = vec![0.0; samples];
                    along[..3].copy_from_slice(&parts[..3]);
                    if !has_residual {
                        along[3] = parts[3];
                    }
                    let residual = if has_residual { parts[3] } else { 0.0 };
                    rays.push(Ray { problem: problem.clone(), direction, along, residual });
                }
            }
        }
    }
    Ok(rays)
}

impl Ray {
    /// The noise at some distances on it.
    fn noise(&self, lab: &Lab, distances: &[f64], noise_near: fn(f64, &[f64]) -> f64) -> Result<Vec<Noise>> {
        let Self { problem, direction, along, residual } = self;
        let (dataset, activation) = (problem.dataset(), problem.activation());
        let (samples, dim) = (dataset.samples(), dataset.dim());
        let schedule = Schedule::full_batch(samples)?;
        let rivals: Vec<f64> = along[1..].iter().map(|&u| activation.apply(u)).collect();
        let constant = noise_near(along[0], &rivals);
        let at = |&distance: &f64| {
            let mut c: Vec<f64> = along.iter().map(|u| distance * u).collect();
            c[0] += 1.0;
            let start = Start::from_coordinates(dataset, c, distance * residual, 0, 0)?;
            let engine = Autodiff::single_neuron(problem, &schedule, &start, 0, &lab.compute)?;
            Ok(Noise {
                samples,
                dim,
                activation,
                direction: (*direction).into(),
                distance,
                noise: norm(&(0..samples).flat_map(|i| engine.gradient(0, &[i])).collect::<Vec<_>>()),
                predicted: constant * distance,
            })
        };
        distances.iter().map(at).collect()
    }
}
