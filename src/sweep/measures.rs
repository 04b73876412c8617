//! What is known of a run: how it ended, and what was measured there.

use csv::StringRecord;
use serde::{Deserialize, Serialize};

use crate::job::{Ended, MEASURES};
use crate::train::Outcome;

/// The outcomes, in the order of their columns.
pub(super) const OUTCOMES: [Outcome; 5] =
    [Outcome::Converged, Outcome::Dead, Outcome::Diverged, Outcome::MaxSteps, Outcome::Stalled];

/// A run of a study as it is kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Record {
    /// Its number: cell by cell, within a cell seed by seed.
    pub run: u64,
    pub outcome: Outcome,
    pub steps: u64,
    /// What is measured, in the order of [`MEASURES`] or of the measures of one's own; NaN where there is no number.
    pub measures: Vec<f64>,
}

impl Record {
    pub fn new(run: u64, ended: Ended) -> Self {
        let Ended { outcome, steps, measures } = ended;
        Self { run, outcome, steps, measures: measures.into() }
    }

    /// A row of `runs.csv`; an empty field is a number that there is not.
    pub fn of_row(header: &StringRecord, row: &StringRecord) -> Option<Self> {
        let text = |name: &str| row.get(header.iter().position(|column| column == name)?);
        let number = |name: &str| match text(name)? {
            "" => Some(f64::NAN),
            text => text.parse().ok(),
        };
        let outcome = OUTCOMES.into_iter().find(|outcome| Some(outcome.name()) == text("outcome"))?;
        let measures = MEASURES.into_iter().map(number).collect::<Option<_>>()?;
        Some(Self { run: text("run")?.parse().ok()?, outcome, steps: text(STEPS)?.parse().ok()?, measures })
    }

    /// A number that enters a mean, `names` being those of the measures. It is NaN of a run that diverged and, but for what describes its end as
    /// such, of one that died: its numbers say nothing of what is learned.
    pub fn summarised(&self, measure: &str, names: &[&str]) -> f64 {
        if measure == STOPPED {
            return f64::from(u8::from(self.outcome == Outcome::Converged));
        }
        match self.outcome {
            Outcome::Diverged => return f64::NAN,
            Outcome::Dead if !OF_THE_DEAD.contains(&measure) => return f64::NAN,
            _ => {}
        }
        if measure == STEPS {
            return self.steps as f64;
        }
        names.iter().position(|name| *name == measure).map_or(f64::NAN, |k| self.measures[k])
    }
}

/// Whether a run stopped by its rule, 1 or 0.
pub(super) const STOPPED: &str = "stopped";
pub(super) const STEPS: &str = "steps_taken";
/// What a run that died has, too: that it did would otherwise be left out of the count of what died.
const OF_THE_DEAD: [&str; 4] = [STEPS, "neurons", "dead_neurons", "pure_neurons"];
/// An index, of which there is no mean.
const ARGMAX: &str = "argmax";

/// What a study of these measures has means of.
pub(super) fn summarised<'a>(measures: &[&'a str]) -> impl Iterator<Item = &'a str> + use<'a> {
    [STOPPED, STEPS].into_iter().chain(measures.to_vec()).filter(|name| *name != ARGMAX)
}

/// A measure in words, for axes and sentences.
pub(super) fn in_words(measure: &str) -> String {
    let words = match measure {
        STOPPED => "share of runs that stopped by their rule",
        STEPS => "number of steps until the end",
        "distance" => "distance to the limit",
        "loss" => "training loss",
        "norm" => "norm of the first neuron",
        "max_cos" => "largest cosine with a sample",
        "cos_init" => "cosine with the start",
        "participation_ratio" => "participation ratio",
        "residual" => "residual",
        "R" => "log-ratio R",
        "mixing" => "mean participation ratio of the neurons",
        "neurons" => "number of neurons",
        "dead_neurons" => "number of dead neurons",
        "pure_neurons" => "number of pure neurons",
        "mean_matched_cos" => "mean |cos| with matched atoms",
        "recovered_atoms" => "number of recovered atoms",
        "pca_angle_min" => "smallest angle to the principal components (rad)",
        "pca_angle_max" => "largest angle to the principal components (rad)",
        "lambda_max" => "λ_max of the Hessian",
        "trace" => "trace of the Hessian",
        "trace_sem" => "standard error of the trace",
        other => return other.replace('_', " "),
    };
    words.into()
}
