//! Estimates over starts, and what must be known to read them.

use super::runs::{Learned, MEASURES, Setting};
use super::{INIT_NORM, Runs, TOLERANCE, paired};
use crate::state::Neuron;
use crate::text::number;
use crate::train::Outcome;
use crate::vectors::{largest, norm_of, smallest};
use crate::verdict::Estimate;

/// For every measure: what gradient descent ends in, and what each smaller batch takes away from that, pair by pair.
pub(super) fn estimates(groups: &Runs, setting: &Setting) -> Vec<Estimate> {
    let mut estimates = Vec::new();
    let full = setting.dataset.samples();
    for (_, what, measure) in MEASURES {
        let values = groups.values(&full, measure);
        estimates.extend(paired::estimate(format!("GD: {what}"), &values, "Student's interval over starts"));
        for (batch, _) in groups.cells().filter(|(batch, _)| **batch < full) {
            let differences = groups.differences(&full, batch, measure);
            let method = "Student's interval of paired differences: same data, start and seed of batches";
            let name = format!("{what}, b = m minus b = {batch}");
            estimates.extend(paired::estimate(name, &differences, method));
        }
    }
    estimates
}

pub(super) fn notes(groups: &Runs, setting: &Setting) -> Vec<String> {
    let dataset = &setting.dataset;
    let descent = groups.runs(&dataset.samples());
    let count =
        |runs: &[Learned], outcome| runs.iter().filter(|learned| learned.run.outcome == outcome).count();
    let mut notes = vec![
        format!(
            "{} images of {} pixels, the mean image subtracted, then unit norm; ReLU, η = {} (mean reduction), initial norm {INIT_NORM}. \
             Every batch size takes {} steps, so that the mean step is the same; gradient descent may stop before.",
            dataset.samples(),
            dataset.dim(),
            setting.step_size,
            setting.budget
        ),
        format!(
            "GD: {} of {} runs stopped with an estimated {TOLERANCE} left to go; SGD at constant step size has no limit here and is \
             measured where it happens to be at the last step.",
            count(descent, Outcome::Converged),
            descent.len()
        ),
    ];
    let lost: usize =
        groups.cells().map(|(_, runs)| count(runs, Outcome::Diverged) + count(runs, Outcome::Dead)).sum();
    if lost > 0 {
        notes.push(format!("{lost} runs diverged or died, and are left out with their pairs."));
    }
    let mut ends: Vec<&Neuron> = Vec::new();
    for learned in descent {
        let neuron = &learned.run.neurons[0];
        let apart = |other: &&Neuron| {
            let way = neuron.correlations.iter().zip(&other.correlations).map(|(a, b)| a - b);
            norm_of(way) > 0.01 * (dataset.samples() as f64).sqrt()
        };
        if learned.run.outcome == Outcome::Converged && ends.iter().all(apart) {
            ends.push(neuron);
        }
    }
    let losses = || descent.iter().map(|learned| learned.run.loss).filter(|loss| loss.is_finite());
    notes.push(format!(
        "Different neurons that GD ends in, correlations more than 0.01 apart in root mean square: {}. Losses from {} to {}.",
        ends.len(),
        number(smallest(losses())),
        number(largest(losses()))
    ));
    notes
}
