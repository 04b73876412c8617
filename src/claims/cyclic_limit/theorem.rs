//! The theorem: its region on the reduced engine, and random points of it by training the Burn model.

use std::f64::consts::{FRAC_1_SQRT_2, FRAC_PI_4};

use itertools::Itertools;
use rand::RngExt;

use super::{Options, Prediction, STUDY, TOLERANCE};
use crate::data::Dataset;
use crate::error::Result;
use crate::init::Start;
use crate::limit_set::LimitSet;
use crate::model::Activation;
use crate::problem::{Problem, Reduction};
use crate::rng::{Purpose, stream};
use crate::schedule::Schedule;
use crate::study::pool::Tally;
use crate::study::trial::Trial;
use crate::study::{Context, Lab, Part};
use crate::train::Run;
use crate::verdict::Register;

/// A start in the plane of two samples: polar angle and norm of `w_0`, and the step size.
#[derive(Clone, Copy)]
pub(super) struct PolarStart {
    pub angle: f64,
    pub norm: f64,
    pub step_size: f64,
}

impl PolarStart {
    pub fn correlations(self) -> Vec<f64> {
        // On the edge both are the same number, not equal up to rounding.
        if self.is_on_edge() {
            return vec![self.norm * FRAC_1_SQRT_2; 2];
        }
        vec![self.norm * self.angle.cos(), self.norm * self.angle.sin()]
    }

    fn is_on_edge(self) -> bool {
        self.angle == FRAC_PI_4
    }

    /// The reduced engine from here, to a set.
    pub fn run(self, activation: Activation, schedule: &Schedule, set: LimitSet) -> Result<Run> {
        let problem = two(self.step_size, activation)?;
        let start = Start::from_coordinates(problem.dataset(), self.correlations(), 0.0, 0, 0)?;
        let trial = Trial { problem: &problem, schedule, start: &start, replica: 0 };
        Ok(trial.run_to(&mut trial.reduced()?, set, TOLERANCE))
    }
}

/// The theorem's data, the standard basis up to a rotation: only correlations matter.
pub(super) fn two(step_size: f64, activation: Activation) -> Result<Problem> {
    Ok(Problem::new(Dataset::implicit_orthonormal(2, 2)?, activation, Reduction::Mean, step_size)?)
}

/// Grid over the region: angles from the edge `π/4` down to nearly 0, norms up to just below 1. And in words.
fn grid(context: &Context, options: &Options) -> (Vec<PolarStart>, String) {
    let (angles, norms) = context.effort.pick((12, 6), (45, 15), (180, 40));
    let step_sizes = options.step_size.map_or(vec![0.2, 0.13, 0.05, 0.011], |eta| vec![eta]);
    let told = format!(
        "A sweep of the theorem's region, its edge included, on the reduced engine, f64: {angles} angles, {norms} norms up to 0.9999, η = {}, \
         the linear model and ReLU by turns.",
        step_sizes.iter().join(", ")
    );
    let mut starts = Vec::new();
    for step_size in step_sizes {
        for a in 0..angles {
            // Quadratic spacing: densest at the edge. The last angle is π/4 / angles².
            let angle = FRAC_PI_4 * (1.0 - (f64::from(a) / f64::from(angles)).powi(2));
            for k in 1..=norms {
                let norm = 0.9999 * f64::from(k) / f64::from(norms);
                starts.push(PolarStart { angle, norm, step_size });
            }
        }
    }
    (starts, told)
}

/// The region, on a grid.
pub(super) fn region(
    context: &Context,
    options: &Options,
    prediction: &Prediction,
    register: &mut Register,
) -> Part {
    let (starts, told) = grid(context, options);
    let why = "deterministic: every point of the grid must arrive within 1e-10 of a_0";
    let mut expect = |name: &str| register.expect(name, 1.0, why).within(0.0);
    let everywhere = expect("Theorem 4: fraction of its region that ends in a_0");
    let on_edge = expect("Theorem 4 on its edge c_0 = c_1");
    let theorem = prediction.theorem;
    Box::new(move |lab, findings| {
        let schedule = Schedule::cyclic(2, 1)?;
        let runs = lab.each(starts.iter().enumerate(), |(k, start)| {
            let Some(set) = theorem(&start.correlations()) else { return Ok(Tally::of(None)) };
            Ok(Tally::of(Some(&start.run(Activation::PAPER[k % 2], &schedule, set)?)))
        })?;
        let (edge, inside): (Vec<_>, Vec<_>) =
            starts.iter().zip(runs).partition(|(start, _)| start.is_on_edge());
        let sum = |runs: &[(&PolarStart, Tally)]| -> Tally { runs.iter().map(|(_, tally)| *tally).sum() };
        let (edge, inside) = (sum(&edge), sum(&inside));
        let all: Tally = [edge, inside].into_iter().sum();
        findings.checks.push(everywhere.measured(all.share(), all.trials));
        findings.checks.push(on_edge.measured(edge.share(), edge.trials));
        findings.protocol.push(told);
        Ok(())
    })
}

/// The theorem by training the Burn model on random orthonormal pairs.
pub(super) fn on_burn(
    context: &Context,
    options: &Options,
    prediction: &Prediction,
    register: &mut Register,
) -> Part {
    let why = "training the Burn model by autodiff on Haar-random pairs, edge included: the theorem leaves nothing to chance";
    let name = "Theorem 4: trainings of the Burn model that end in a_0";
    let expected = register.expect(name, 1.0, why).within(0.0);
    let step_size = options.step_size.unwrap_or(0.17);
    let count: u64 = context.effort.pick(4, 16, 32);
    let theorem = prediction.theorem;
    Box::new(move |lab, findings| {
        let runs = lab.each(0..count, |k| train(lab, step_size, theorem, k))?;
        let tally: Tally = runs.into_iter().sum();
        findings.checks.push(expected.measured(tally.share(), tally.trials));
        findings.protocol.push(format!(
            "{} trainings of the Burn model by autodiff ({} {}), m = n = 2, η = {step_size}, from random points of the region, the first on its edge.",
            tally.trials,
            lab.compute.backend().name(),
            lab.compute.precision().name()
        ));
        Ok(())
    })
}

/// One training; the first on the edge, the rest anywhere in the region.
fn train(lab: &Lab, step_size: f64, theorem: fn(&[f64]) -> Option<LimitSet>, k: u64) -> Result<Tally> {
    let seed = lab.cell_seed(&STUDY, k);
    let mut rng = stream(seed, Purpose::Protocol, 0);
    let angle = if k == 0 { FRAC_PI_4 } else { FRAC_PI_4 * rng.random::<f64>() };
    let point = PolarStart { angle, norm: 0.05 + 0.94 * rng.random::<f64>(), step_size };
    let dataset = Dataset::orthonormal(2, 2, seed)?;
    let problem = Problem::new(dataset, Activation::PAPER[k as usize % 2], Reduction::Mean, step_size)?;
    let start = Start::from_coordinates(problem.dataset(), point.correlations(), 0.0, seed, 0)?;
    let Some(set) = theorem(&start.correlations) else { return Ok(Tally::of(None)) };
    let schedule = Schedule::cyclic(2, 1)?;
    let trial = Trial { problem: &problem, schedule: &schedule, start: &start, replica: 0 };
    let tolerance = lab.compute.precision().pick(TOLERANCE, 1e-5);
    Ok(Tally::of(Some(&trial.run_to(&mut trial.autodiff(&lab.compute)?, set, tolerance))))
}
