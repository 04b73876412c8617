//! Estimates with predictions beside them, and how the two compare.

use super::onset;
use super::runs::{self, RunMeans};
use super::{Condition, Grid, paired};
use crate::model::Activation;
use crate::rng::{Purpose, below, stream};
use crate::stats::{ESTIMATE_LEVEL, Interval};
use crate::text::number;
use crate::vectors::{largest, smallest};
use crate::verdict::Estimate;

/// Samples redrawn for the interval of the crossover.
const REDRAWN: usize = 2000;

/// From this largest cosine on, at every look, a run counts as pure: `1 − max cos`.
pub(super) const PURE: f64 = 1e-6;

/// All estimates, by question.
pub(super) fn estimates(grid: &Grid, seed: u64) -> Vec<Estimate> {
    let mut estimates = Vec::new();
    for activation in Activation::PAPER {
        estimates.extend(onset(grid, activation));
        estimates.extend(descent(grid, activation));
        estimates.extend(medians(grid, activation));
        estimates.extend(crossovers(grid, activation, seed));
        estimates.extend(mixing(grid, activation));
    }
    estimates.extend(below_zero(grid));
    estimates
}

/// The correlations next to 0, and 0.
fn around_zero(grid: &Grid) -> Vec<f64> {
    let setting = &grid.setting;
    [setting.weakest(false), Some(0.0), setting.weakest(true)].into_iter().flatten().collect()
}

/// Whether the first step of a single sample leaves a datapoint.
fn onset(grid: &Grid, activation: Activation) -> Vec<Estimate> {
    let name = activation.name();
    let share = |rho: f64| {
        let steps = grid.onset(activation, rho, 1);
        let (moved, predicted) = (onset::moved(steps), onset::moved_predicted(steps));
        let all = steps.len() as u64;
        let predicted = number(predicted as f64 / all as f64);
        let name =
            format!("{name}, ρ = {rho}, b = 1: first steps that leave a datapoint (predicted {predicted})");
        paired::share(name, moved, all, "of one step from x_i, i the pair modulo m")
    };
    around_zero(grid).into_iter().filter_map(share).collect()
}

/// What full batches end in on both sides of 0.
fn descent(grid: &Grid, activation: Activation) -> Vec<Estimate> {
    let name = activation.name();
    let mixed = |rho: f64| {
        let full = grid.setting.samples;
        let limits: Vec<f64> = grid
            .runs(activation, rho, full)
            .iter()
            .filter_map(|seen| seen.limit.map(|limit| limit.1))
            .collect();
        let predicted = limits.iter().sum::<f64>() / limits.len() as f64;
        let name = format!("{name} GD, ρ = {rho}: samples mixed (predicted {})", number(predicted));
        paired::estimate(
            name,
            &grid.values(activation, rho, full, |seen| seen.mixed),
            "participation ratio of the coefficients; Student's interval over starts",
        )
    };
    around_zero(grid).into_iter().filter_map(mixed).collect()
}

/// Median size of the coefficients of other samples, at the weakest correlation, against the spread law.
fn medians(grid: &Grid, activation: Activation) -> Vec<Estimate> {
    let Some(rho) = grid.setting.weakest(true) else { return Vec::new() };
    let median = |batch: usize| {
        let groups = runs::others(grid.runs(activation, rho, batch));
        (groups.len() >= 2).then(|| {
            let (value, interval) = paired::pooled_quantile(&groups, 0.5);
            let predicted = grid.setting.law(rho, batch).quantile(0.5);
            Estimate {
                name: format!(
                    "{}, ρ = {rho}, b = {batch}: median |α_j| (predicted {})",
                    activation.name(),
                    number(predicted)
                ),
                value,
                interval,
                n: groups.len() as u64,
                method: "Woodruff's interval over runs, of all coefficients but the largest at all looks"
                    .into(),
            }
        })
    };
    small_batches(grid).filter_map(median).collect()
}

/// The correlation at which SGD is half-way between one sample and all, against the order of magnitude that theory gives.
fn crossovers(grid: &Grid, activation: Activation, seed: u64) -> Vec<Estimate> {
    let setting = &grid.setting;
    let rhos: Vec<f64> = setting.rhos.iter().copied().filter(|&rho| rho > 0.0).collect();
    let estimate = |batch: usize| {
        let mixed: Vec<Vec<f64>> =
            rhos.iter().map(|&rho| grid.values(activation, rho, batch, |seen| seen.mixed)).collect();
        // Starts that are dead under some correlation leave all.
        let kept: Vec<usize> = (0..setting.pairs as usize)
            .filter(|&pair| mixed.iter().all(|values| values[pair].is_finite()))
            .collect();
        let half = 0.5 * (1.0 + setting.samples as f64);
        let of = |pairs: &[usize]| {
            let mean =
                |values: &Vec<f64>| pairs.iter().map(|&pair| values[pair]).sum::<f64>() / pairs.len() as f64;
            crossing(&rhos, &mixed.iter().map(mean).collect::<Vec<_>>(), half)
        };
        let value = of(&kept)?;
        let mut rng = stream(seed, Purpose::Protocol, batch as u64);
        let mut redrawn = Vec::with_capacity(REDRAWN);
        for _ in 0..REDRAWN {
            let pairs: Vec<usize> = kept.iter().map(|_| kept[below(&mut rng, kept.len())]).collect();
            redrawn.push(of(&pairs)?);
        }
        redrawn.sort_by(f64::total_cmp);
        let at = |p: f64| redrawn[((p * REDRAWN as f64) as usize).min(REDRAWN - 1)];
        let predicted =
            (setting.prediction.crossover)(setting.samples, batch, setting.step_per_sample(batch));
        Some(Estimate {
            name: format!(
                "{}, b = {batch}: ρ at which (m + 1)/2 samples are mixed (order of ρ_c = {})",
                activation.name(),
                number(predicted)
            ),
            value,
            interval: Interval { low: at(ESTIMATE_LEVEL / 2.0), high: at(1.0 - ESTIMATE_LEVEL / 2.0) },
            n: kept.len() as u64,
            method: format!(
                "interpolated in log ρ (its error is not in the interval); {REDRAWN} bootstrap samples of seeds, which all ρ share, percentiles"
            ),
        })
    };
    small_batches(grid).filter_map(estimate).collect()
}

/// First crossing of `level` from below, linear in `log x`; `None` if there is none.
fn crossing(x: &[f64], y: &[f64], level: f64) -> Option<f64> {
    let k = (1..x.len()).find(|&k| y[k - 1] < level && level <= y[k])?;
    let share = (level - y[k - 1]) / (y[k] - y[k - 1]);
    Some((x[k - 1].ln() + share * (x[k] / x[k - 1]).ln()).exp())
}

/// How many samples the full batch mixes beyond single samples, pair by pair.
fn mixing(grid: &Grid, activation: Activation) -> Vec<Estimate> {
    let setting = &grid.setting;
    let difference = |&rho: &f64| {
        let mixed = |batch: usize| grid.values(activation, rho, batch, |seen| seen.mixed);
        let differences = paired::differences(&mixed(setting.samples), &mixed(1));
        let name = format!("{}, ρ = {rho}: samples mixed, b = m minus b = 1", activation.name());
        paired::estimate(name, &differences, "Student's interval of paired differences: same data and start")
    };
    let asked = [0.0, 0.02, 0.1, 0.9];
    asked.iter().filter(|rho| setting.rhos.contains(rho)).filter_map(difference).collect()
}

/// ReLU below 0: datapoints stay fixed points, and full batches select one themselves.
fn below_zero(grid: &Grid) -> Vec<Estimate> {
    let Some(rho) = grid.setting.weakest(false) else { return Vec::new() };
    let count = |runs: &[RunMeans], hit: &dyn Fn(&RunMeans) -> bool| {
        let alive = || runs.iter().filter(|seen| seen.is_alive());
        (alive().filter(|seen| hit(seen)).count() as u64, alive().count() as u64)
    };
    let descent = grid.runs(Activation::Relu, rho, grid.setting.samples);
    let (kept, runs) = count(descent, &|seen| seen.argmax_kept && seen.impurity < PURE);
    let name = format!("relu GD, ρ = {rho}: runs that end in the datapoint of the largest c_0 (predicted 1)");
    let selected = paired::share(name, kept, runs, "of starts that activate a sample");
    let (pure, runs) = count(grid.runs(Activation::Relu, rho, 1), &|seen| seen.impurity < PURE);
    let name = format!("relu, ρ = {rho}, b = 1: runs that are pure (predicted 1)");
    selected
        .into_iter()
        .chain(paired::share(name, pure, runs, "1 − max cos below 1e-6 at every look"))
        .collect()
}

fn small_batches<'a>(grid: &'a Grid) -> impl Iterator<Item = usize> + use<'a> {
    let samples = grid.setting.samples;
    grid.setting.batches.iter().copied().filter(move |&batch| batch < samples)
}

/// How predictions and measurements compare, over the whole grid.
pub(super) fn notes(grid: &Grid) -> Vec<String> {
    let setting = &grid.setting;
    let mut notes = vec![format!(
        "m = {}, n = {}, η = {} (mean reduction), initial norm {}; ρ from {} to {}. Samples mixed: participation ratio of the \
         coefficients α of w = Σ α_i x_i + w_⊥.",
        setting.samples,
        setting.dim,
        setting.step_size,
        super::INIT_NORM,
        setting.rhos[0],
        setting.rhos[setting.rhos.len() - 1],
    )];
    for activation in Activation::PAPER {
        let of_it = || grid.onsets.cells().filter(|(condition, _)| condition.activation == activation);
        let still =
            |rho: f64| of_it().all(|(condition, steps)| condition.rho != rho || onset::moved(steps) == 0);
        let fixed: Vec<String> = setting.rhos.iter().filter(|&&rho| still(rho)).map(f64::to_string).collect();
        let worst = largest(of_it().map(|(_, steps)| onset::deviation(steps)));
        notes.push(format!(
            "{}: no batch leaves a datapoint at ρ = {}, and some batch does at every other ρ examined; the length of the step is \
             the predicted one within {}.",
            activation.name(),
            fixed.join(", "),
            number(worst)
        ));
        notes.push(full_batches(grid, activation));
        notes.push(spread(grid, activation));
    }
    notes
}

fn full_batches(grid: &Grid, activation: Activation) -> String {
    let is_full =
        |condition: &Condition| condition.activation == activation && condition.batch == grid.setting.samples;
    let full = grid.runs.cells().filter(|(condition, _)| is_full(condition)).flat_map(|(_, runs)| runs);
    let alive: Vec<&RunMeans> = full.filter(|seen| seen.is_alive()).collect();
    let arrived = alive.iter().filter(|seen| seen.converged == Some(true)).count();
    let distances = alive.iter().filter_map(|seen| seen.limit).map(|limit| limit.0);
    format!(
        "{} GD: {arrived} of {} runs met the stop rule; the largest distance of the end from the predicted limit, over all ρ, is {}.",
        activation.name(),
        alive.len(),
        number(largest(distances))
    )
}

/// Measured over predicted medians where the scales of all other samples add up to less than a half.
fn spread(grid: &Grid, activation: Activation) -> String {
    let setting = &grid.setting;
    let mut ratios = Vec::new();
    for (condition, runs) in grid.runs.cells().filter(|(condition, _)| condition.activation == activation) {
        let &Condition { rho, batch, .. } = condition;
        let applies =
            batch < setting.samples && rho != 0.0 && (rho > 0.0 || activation == Activation::Linear);
        let groups = runs::others(runs);
        if !applies || groups.len() < 2 {
            continue;
        }
        let law = setting.law(rho, batch);
        if law.scale * (setting.samples as f64 - 1.0) < 0.5 {
            ratios.push(paired::pooled_quantile(&groups, 0.5).0 / law.quantile(0.5));
        }
    }
    if ratios.is_empty() {
        return format!(
            "{}: no cell has (m − 1)σ below ½, where the spread law would apply.",
            activation.name()
        );
    }
    format!(
        "{}: where the spreads of all other samples, (m − 1)σ, add up to less than ½, the median |α_j| is {} to {} times the \
         predicted one ({} cells).",
        activation.name(),
        number(smallest(ratios.iter().copied())),
        number(largest(ratios.iter().copied())),
        ratios.len()
    )
}

#[cfg(test)]
mod tests {
    use super::crossing;

    #[test]
    fn a_crossing_is_interpolated_in_the_logarithm() {
        let x = [0.01, 0.1, 1.0];
        assert!((crossing(&x, &[1.0, 3.0, 5.0], 2.5).unwrap() - 0.01 * 10f64.powf(0.75)).abs() < 1e-15);
        assert!((crossing(&x, &[1.0, 3.0, 5.0], 5.0).unwrap() - 1.0).abs() < 1e-14);
        assert_eq!(crossing(&x, &[1.0, 3.0, 5.0], 6.0), None);
        assert_eq!(crossing(&x, &[3.0, 3.0, 5.0], 2.0), None);
    }
}
