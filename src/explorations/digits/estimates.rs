//! Estimates over starts, and what must be known to read them.

use super::runs::{Group, MEASURES, Setting, full};
use super::{INIT_NORM, TOLERANCE, paired};
use crate::state::Neuron;
use crate::text::number;
use crate::train::Outcome;
use crate::vectors::{largest, norm_of, smallest};
use crate::verdict::Estimate;

/// For every measure: what gradient descent ends in, and what each smaller batch takes away from that, pair by pair.
pub(super) fn estimates(groups: &[Group]) -> Vec<Estimate> {
    let mut estimates = Vec::new();
    let (descent, smaller) = (full(groups), &groups[..groups.len() - 1]);
    for (_, what, measure) in MEASURES {
        let values = descent.values(measure);
        estimates.extend(paired::estimate(format!("GD: {what}"), &values, "Student's interval over starts"));
        for group in smaller {
            let differences = paired::differences(&values, &group.values(measure));
            let method = "Student's interval of paired differences: same data, start and seed of batches";
            let name = format!("{what}, b = m minus b = {}", group.batch);
            estimates.extend(paired::estimate(name, &differences, method));
        }
    }
    estimates
}

pub(super) fn notes(groups: &[Group], setting: &Setting) -> Vec<String> {
    let (descent, dataset) = (full(groups), &setting.dataset);
    let count =
        |group: &Group, outcome| group.runs.iter().filter(|learned| learned.run.outcome == outcome).count();
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
            descent.runs.len()
        ),
    ];
    let lost: usize =
        groups.iter().map(|group| count(group, Outcome::Diverged) + count(group, Outcome::Dead)).sum();
    if lost > 0 {
        notes.push(format!("{lost} runs diverged or died, and are left out with their pairs."));
    }
    let mut ends: Vec<&Neuron> = Vec::new();
    for learned in &descent.runs {
        let neuron = &learned.run.neurons[0];
        let apart = |other: &&Neuron| {
            let way = neuron.correlations.iter().zip(&other.correlations).map(|(a, b)| a - b);
            norm_of(way) > 0.01 * (dataset.samples() as f64).sqrt()
        };
        if learned.run.outcome == Outcome::Converged && ends.iter().all(apart) {
            ends.push(neuron);
        }
    }
    let losses = || descent.runs.iter().map(|learned| learned.run.loss).filter(|loss| loss.is_finite());
    notes.push(format!(
        "Different neurons that GD ends in, correlations more than 0.01 apart in root mean square: {}. Losses from {} to {}.",
        ends.len(),
        number(smallest(losses())),
        number(largest(losses()))
    ));
    notes
}
