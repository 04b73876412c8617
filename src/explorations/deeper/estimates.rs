//! Estimates, pair by pair, and what must be known to read them.

use itertools::Itertools;

use super::runs::{Ended, MEASURES};
use super::{BUDGET, Cell, Grid, INIT_NORM, TOLERANCE, paired};
use crate::model::Architecture;
use crate::stats::Interval;
use crate::text::number;
use crate::train::Outcome;
use crate::vectors::largest;
use crate::verdict::Estimate;

/// For every model: what SGD with one sample a batch ends in, and what the full batch adds, pair by pair.
pub(super) fn estimates(grid: &Grid) -> Vec<Estimate> {
    let setting = grid.setting;
    let half = setting.batches.iter().copied().filter(|&b| 1 < b && b <= setting.samples / 2).max();
    let mut estimates = Vec::new();
    for model in &setting.models {
        let [(_, mixing), _, (_, memory), _] = MEASURES;
        let single = grid.runs.values(&Cell::of(model, 1), mixing);
        let method = "Student's interval over seeds; mean of first-layer neurons weighted by ‖w‖²";
        estimates.extend(paired::estimate(format!("{model}: samples mixed at b = 1"), &single, method));
        for (name, measure, batch) in [
            ("samples mixed, b = m minus", mixing, Some(1)),
            ("samples mixed, b = m minus", mixing, half),
            ("cos(w, w_0), b = m minus", memory, Some(1)),
        ] {
            let Some(batch) = batch else { continue };
            let differences = grid.runs.differences(&grid.full(model), &Cell::of(model, batch), measure);
            let method = "Student's interval of paired differences: same data, start and batch stream";
            let name = format!("{model}: {name} b = {batch}");
            estimates.extend(paired::estimate(name, &differences, method));
        }
    }
    estimates
}

pub(super) fn notes(grid: &Grid) -> Vec<String> {
    let setting = grid.setting;
    let (samples, dim, step_size) = (setting.samples, setting.dim, setting.step_size);
    let mut notes = vec![format!(
        "m = {samples}, n = {dim}, ReLU. One layer starts at norm {INIT_NORM} of every neuron, more at norm 1; step size per sample \
         {step_size}/L with L layers, at every b (sum reduction). Samples mixed: participation ratio of a first-layer neuron's correlations."
    )];
    notes.extend(single_neuron(grid));
    notes.push(outcomes(grid));
    notes.extend(still_moving(grid));
    notes.push(losses(grid));
    notes
}

/// What gradient descent leaves of the loss, beside the least there is: `x̂` lies in the span of the first layer's neurons.
fn losses(grid: &Grid) -> String {
    let samples = grid.setting.samples;
    let min = |model: &Architecture| samples.saturating_sub(model.neurons()) as f64 / (2 * samples) as f64;
    let loss = |model: &Architecture| {
        let runs = grid.runs.runs(&grid.full(model));
        let mean = runs.iter().map(|run| run.loss).sum::<f64>() / runs.len() as f64;
        format!("{model} {mean:.3} ({:.3})", min(model))
    };
    let models = &grid.setting.models;
    let mut note = format!(
        "k first-layer neurons leave a loss of at least (m − k)/2m. Mean loss at b = m, and that bound: {}.",
        models.iter().map(loss).join(", ")
    );
    let free = models.iter().filter(|model| min(model) == 0.0).join(", ");
    if !free.is_empty() {
        note += &format!(
            " Where it vanishes, as it can in {free}, every batch has gradient 0: no noise drives mixed neurons apart."
        );
    }
    note
}

/// How far the single neurons end from what the theorems say.
fn single_neuron(grid: &Grid) -> Option<String> {
    let runs = || grid.runs.cells().flat_map(|(_, runs)| runs);
    let deviation = |run: &Ended| run.predicted.map(|predicted| (run.participation_ratio - predicted).abs());
    let known: Vec<f64> = runs()
        .filter(|run| run.outcome == Outcome::Converged)
        .filter_map(deviation)
        .filter(|x| x.is_finite())
        .collect();
    (!known.is_empty()).then(|| {
        format!(
            "One neuron: the participation ratio is that of the limit in Theorems 1 and 2 within {} in all {} runs that stopped.",
            number(largest(known.iter().copied())),
            known.len()
        )
    })
}

/// How many runs stopped by their rule, model by model.
fn outcomes(grid: &Grid) -> String {
    let setting = grid.setting;
    let count =
        |model: &Architecture, outcome| grid.of_model(model).filter(|run| run.outcome == outcome).count();
    let stopped = |model: &Architecture| {
        let (stopped, runs) = (count(model, Outcome::Converged), grid.of_model(model).count());
        match count(model, Outcome::Dead) {
            0 => format!("{model} {stopped} of {runs}"),
            dead => format!("{model} {stopped} of {runs} ({dead} died)"),
        }
    };
    format!(
        "Runs that stopped with an estimated {TOLERANCE:e} left to go: {}. {} diverged; the others are measured where their budget ended, \
         {BUDGET} L/λ or {} L steps. Dead runs and dead neurons are left out.",
        setting.models.iter().map(stopped).join(", "),
        setting.models.iter().map(|model| count(model, Outcome::Diverged)).sum::<usize>(),
        setting.budget(&setting.models[0]),
    )
}

/// What the runs that used up their budget still did in its second half: for each model, at the batch size where that is most.
fn still_moving(grid: &Grid) -> Option<String> {
    let change = |model: &Architecture, batch: usize| {
        let change = |run: &Ended| run.participation_ratio - run.halfway;
        grid.runs.mean(&Cell::of(model, batch), change).map(|change| (batch, change))
    };
    let max = |model: &Architecture| {
        let changes = grid.setting.batches.iter().filter_map(|&batch| change(model, batch));
        let (batch, (mean, Interval { low, high })) =
            changes.max_by(|(_, a), (_, b)| a.0.mean.abs().total_cmp(&b.0.mean.abs()))?;
        Some(format!("{model} {:.3} [{low:.3}, {high:.3}] (b = {batch}, {} runs)", mean.mean, mean.n))
    };
    let changes = grid.setting.models.iter().filter_map(max).join(", ");
    (!changes.is_empty()).then(|| {
        format!(
            "Where runs did not stop, samples mixed still changed in the second half of the budget, on average and at the b where most, \
             by: {changes}."
        )
    })
}
