//! The map: the share of runs that arrive, over step size and initial norm.

use super::arrival::{ALGORITHMS, BY_CHANCE, LOOKS, STILL_CLOSE, Setting, TOLERANCE, missed};
use super::{Prediction, STUDY};
use crate::data::Dataset;
use crate::error::Result;
use crate::limits;
use crate::study::pool::{Pool, Tally};
use crate::study::words::listed;
use crate::study::{Context, Part, Row, Table};
use crate::verdict::{Equality, Register};
use serde::{Deserialize, Serialize};

/// Visits of each sample, `m` steps of single samples, after which an arrival is looked at again: in a thousand an error grows a
/// thousandfold if `η_B` is beyond the threshold by 0.002.
const LATER: u64 = 1000;

/// Initial norms.
const NORMS: [f64; 10] = [0.1, 0.3, 0.6, 0.95, 1.2, 1.4, 1.6, 2.2, 3.0, 4.0];

/// The regions in which every run should arrive, and why.
const REGIONS: [(&str, &str); 3] = [
    (
        "the rectangle η ≤ 1/5, ‖w_0‖ < 1: runs that arrive",
        "the theorems', and for cyclic batches the conjecture's",
    ),
    ("norms from 1 to √2, η ≤ 1/5: runs that arrive", "along the gradient flow Πw cannot reach 0 from N < 2"),
    (
        "between η = 1/5 and the threshold, norms below √2: runs that arrive",
        "the multiplier |1 − 4η_B| is below 1",
    ),
];

/// One setting of the map and the share of its runs that arrive.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Share {
    pub algorithm: String,
    pub step_per_sample: f64,
    pub init_norm: f64,
    pub fraction: f64,
    pub runs: u64,
    /// Whether it lies in the theorems' rectangle.
    pub inside: bool,
}

impl Row for Share {
    const TABLE: &'static str = "hypothesis_map";
}

/// The settings that are run, and how many seeds of each.
struct Map {
    step_sizes: Vec<f64>,
    settings: Vec<Setting>,
    replicas: u64,
}

/// All regions in which every run should arrive, and where none should.
pub(super) fn part(
    context: &Context,
    dataset: &Dataset,
    replicas: Option<u64>,
    prediction: &Prediction,
    register: &mut Register,
) -> Result<Part> {
    let map = Map::new(context, replicas);
    let visits = LATER as usize;
    limits::work(
        "visits (cells x replicas x samples x visits of each)",
        &[map.settings.len(), map.replicas as usize, dataset.samples(), visits],
    )?;
    let pools = map.pools(context, prediction, dataset.samples(), register);
    let lost = map.lost(prediction, register);
    let (dataset, prediction) = (dataset.clone(), prediction.clone());
    Ok(Box::new(move |lab, findings| {
        findings.protocol.push(map.told(&dataset));
        let tallies = lab.each(map.settings.iter().enumerate(), |(k, setting)| {
            setting.arrivals(&dataset, map.replicas, lab.cell_seed(&STUDY, k as u64), LATER)
        })?;
        let runs: Vec<(Setting, Tally)> = map.settings.into_iter().zip(tallies).collect();
        for (k, pool) in pools.into_iter().enumerate() {
            let inside = runs.iter().filter(|(setting, _)| region(setting, &prediction) == Some(k));
            let tallies: Vec<Tally> = inside.map(|(_, tally)| *tally).collect();
            findings.checks.extend(pool.counted(&tallies));
        }
        let tallies = runs.iter().filter(|(setting, _)| is_beyond(setting, &prediction));
        let tally: Tally = tallies.map(|(_, tally)| *tally).sum();
        findings.checks.push(lost.measured(tally.hits as f64 / tally.trials as f64, tally.trials));
        findings.notes.extend(notes(&runs));
        findings.tables.push(Table::of(runs.iter().map(|(setting, tally)| row(setting, tally, &prediction))));
        Ok(())
    }))
}

impl Map {
    fn new(context: &Context, replicas: Option<u64>) -> Self {
        let (columns, seeds) = context.effort.pick((7, 4), (16, 8), (24, 24));
        let step = |k| 0.06 * (0.9f64 / 0.06).powf(f64::from(k) / f64::from(columns - 1));
        let step_sizes: Vec<f64> = (0..columns).map(step).collect();
        let mut settings = Vec::new();
        for algorithm in 0..ALGORITHMS.len() {
            for norm in NORMS {
                settings.extend(step_sizes.iter().map(|&eta| Setting { algorithm, norm, eta }));
            }
        }
        Self { step_sizes, settings, replicas: replicas.unwrap_or(seeds) }
    }

    /// What is expected of each region.
    fn pools(
        &self,
        context: &Context,
        prediction: &Prediction,
        samples: usize,
        register: &mut Register,
    ) -> Vec<Pool> {
        let min = context.effort.pick((0.85, 0.01), (0.95, 0.04), (0.98, 0.33));
        let pool = |(k, (name, why)): (usize, (&str, &str))| {
            let inside = self.settings.iter().filter(|setting| region(setting, prediction) == Some(k));
            let labels: Vec<String> = inside.map(|setting| setting.label()).collect();
            let missed = (labels.len() as u64 * self.replicas) as f64 * missed(samples);
            Pool::new(register, name, why, &labels, min, missed)
        };
        REGIONS.into_iter().enumerate().map(pool).collect()
    }

    /// Beyond the threshold nothing arrives.
    fn lost(&self, prediction: &Prediction, register: &mut Register) -> Equality {
        let beyond = self.settings.iter().filter(|setting| is_beyond(setting, prediction));
        let runs = beyond.count() as u64 * self.replicas;
        let why = format!(
            "the multiplier |1 − 4η_B| exceeds 1; a chaotic run is close by chance at two looks in a thousand, at {LOOKS} next to never"
        );
        register
            .expect("beyond the threshold: runs that arrive", prediction.arrivals_beyond, why)
            .control()
            .chance(runs as f64 * BY_CHANCE)
            .within(0.0)
    }

    /// What is run, in words.
    fn told(&self, dataset: &Dataset) -> String {
        format!(
            "{} over {} step sizes per sample from {} to {} and initial norms {}, {} seeds a cell, linear model with m = {}, \
             n = {}, on the reduced engine. A run has arrived if it comes within {TOLERANCE:.0e} of its predicted limit and is still \
             within {STILL_CLOSE:.0e} at {LOOKS} looks much later.",
            listed(&ALGORITHMS),
            self.step_sizes.len(),
            self.step_sizes[0],
            self.step_sizes[self.step_sizes.len() - 1],
            listed(&NORMS),
            self.replicas,
            dataset.samples(),
            dataset.dim(),
        )
    }
}

fn is_beyond(setting: &Setting, prediction: &Prediction) -> bool {
    setting.eta > 1.02 * prediction.threshold
}

/// In which of the [`REGIONS`] a setting lies.
fn region(setting: &Setting, prediction: &Prediction) -> Option<usize> {
    let inside = |(eta, norm): (f64, f64)| setting.eta <= eta && setting.norm < norm;
    let (rectangle, stretched) = (prediction.rectangle, prediction.stretched);
    if inside(rectangle) {
        Some(0)
    } else if inside(stretched) {
        Some(1)
    } else {
        let faster = setting.eta > rectangle.0
            && setting.eta < 0.98 * prediction.threshold
            && setting.norm < stretched.1;
        faster.then_some(2)
    }
}

fn row(setting: &Setting, tally: &Tally, prediction: &Prediction) -> Share {
    let (eta, norm) = prediction.rectangle;
    Share {
        algorithm: ALGORITHMS[setting.algorithm].into(),
        step_per_sample: setting.eta,
        init_norm: setting.norm,
        fraction: tally.hits as f64 / tally.trials as f64,
        runs: tally.trials,
        inside: setting.eta <= eta && setting.norm < norm,
    }
}

/// The map in words: per algorithm, the largest step size up to which every run arrives, by norm.
fn notes(map: &[(Setting, Tally)]) -> Vec<String> {
    let reach = |algorithm: usize, norm: f64| {
        let row = map.iter().filter(|(setting, _)| setting.algorithm == algorithm && setting.norm == norm);
        let good = row.take_while(|(_, tally)| tally.hits == tally.trials).last();
        good.map_or("none".into(), |(setting, _)| format!("{:.2}", setting.eta))
    };
    let line = |algorithm: usize| {
        let entries = NORMS.iter().map(|&norm| format!("{norm}: {}", reach(algorithm, norm)));
        format!(
            "{}: every run arrives up to η_B = (by ‖w_0‖) {}.",
            ALGORITHMS[algorithm],
            entries.collect::<Vec<_>>().join(", ")
        )
    };
    let all: Tally = map.iter().map(|(_, tally)| *tally).sum();
    let overall = format!(
        "Over the whole map {:.2} % of the runs arrive.",
        100.0 * all.hits as f64 / all.trials as f64
    );
    (0..ALGORITHMS.len()).map(line).chain([overall]).collect()
}
