//! The tables of a study: a row a run, a row a cell, a row a paired difference.

use super::ledger::Done;
use super::measures::{OUTCOMES, Record, STEPS, STOPPED, summarised};
use super::plan::Plan;
use super::study::{Column, Compare, is_same};
use crate::error::Result;
use crate::job::MEASURES;
use crate::persist::RunDir;
use crate::stats::Interval;
use crate::study::paired::{self, Summary};

/// Measures that count something.
const COUNTS: [&str; 5] = ["argmax", "neurons", "dead_neurons", "pure_neurons", "recovered_atoms"];

pub(super) const SUMMARY: &str = "summary.csv";
pub(super) const COMPARISONS: &str = "comparisons.csv";
pub(super) const RUNS: &str = "runs.csv";

/// Whether a table has a column of this name besides those of the options that vary.
pub(super) fn is_taken(name: &str) -> bool {
    let fixed =
        ["run", "cell", "seed", "outcome", "runs", "comparison", "axis", "with", "measure", "difference"];
    let (base, _) = ["_low", "_high", "_n"]
        .iter()
        .find_map(|end| Some((name.strip_suffix(end)?, end)))
        .unwrap_or((name, &""));
    let is_measure = |name: &str| summarised().contains(&name) || MEASURES.contains(&name);
    fixed.contains(&name)
        || ["low", "high", "n"].contains(&name)
        || OUTCOMES.iter().any(|outcome| outcome.name() == name)
        || is_measure(name)
        || is_measure(base)
}

/// All results of a study in its tables.
pub(super) struct Tables<'a> {
    plan: &'a Plan,
    done: &'a Done,
    /// Measures that some run has.
    measures: Vec<&'static str>,
}

impl<'a> Tables<'a> {
    /// Of a study of which no run is missing.
    pub fn new(plan: &'a Plan, done: &'a Done) -> Self {
        let has = |measure: &&'static str| records(done).any(|record| !record.summarised(measure).is_nan());
        Self { plan, done, measures: summarised().into_iter().filter(has).collect() }
    }

    /// Writes them.
    ///
    /// # Errors
    /// [`Error::Io`](crate::Error::Io), [`Error::File`](crate::Error::File).
    pub fn write(&self, run_dir: &RunDir) -> Result<()> {
        let write = |name: &str, header: Vec<String>, rows: &mut dyn Iterator<Item = Vec<String>>| {
            let header: Vec<&str> = header.iter().map(String::as_str).collect();
            run_dir.write_table(name, &header, rows)
        };
        let mut runs = records(self.done).map(|record| self.run(record));
        write(RUNS, self.runs_header(), &mut runs)?;
        let mut cells = (0..self.plan.cells.len()).map(|cell| self.cell(cell));
        write(SUMMARY, self.summary_header(), &mut cells)?;
        let compares = &self.plan.study.compares;
        if compares.is_empty() {
            return Ok(());
        }
        let mut differences =
            compares.iter().enumerate().flat_map(|(k, compare)| self.differences(k, compare));
        write(COMPARISONS, self.comparisons_header(), &mut differences)
    }

    fn columns(&self) -> Vec<String> {
        self.plan.study.columns().map(Column::name).collect()
    }

    fn runs_header(&self) -> Vec<String> {
        let names = ["run", "cell"].map(String::from).into_iter().chain(self.columns());
        names.chain(["seed", "outcome", STEPS].into_iter().chain(MEASURES).map(String::from)).collect()
    }

    fn run(&self, record: &Record) -> Vec<String> {
        let (cell, seed) = self.plan.place(record.run);
        let mut row = vec![record.run.to_string(), cell.to_string()];
        row.extend(self.values(cell));
        row.extend([seed.to_string(), record.outcome.name().into(), record.steps.to_string()]);
        row.extend(MEASURES.iter().zip(record.measures).map(|(name, value)| field(name, value)));
        row
    }

    fn values(&self, cell: usize) -> impl Iterator<Item = String> {
        self.plan.study.values(cell).into_iter().map(|value| value.text.clone())
    }

    fn summary_header(&self) -> Vec<String> {
        let mut names = vec!["cell".to_string()];
        names.extend(self.columns());
        names.push("runs".into());
        names.extend(OUTCOMES.map(|outcome| outcome.name().to_string()));
        for measure in &self.measures {
            names.extend(["", "_low", "_high", "_n"].map(|end| format!("{measure}{end}")));
        }
        names
    }

    fn cell(&self, cell: usize) -> Vec<String> {
        let runs = self.runs(cell);
        let count = |outcome| runs.iter().flatten().filter(|record| record.outcome == outcome).count();
        let mut row = vec![cell.to_string()];
        row.extend(self.values(cell));
        row.push(runs.len().to_string());
        row.extend(OUTCOMES.map(|outcome| count(outcome).to_string()));
        for measure in &self.measures {
            let sample = self.sample(cell, measure);
            row.extend(if *measure == STOPPED { share(&sample) } else { mean(&sample) });
        }
        row
    }

    fn runs(&self, cell: usize) -> &[Option<Record>] {
        let seeds = self.plan.study.seeds as usize;
        &self.done.0[cell * seeds..][..seeds]
    }

    /// A measure of a cell, seed by seed.
    fn sample(&self, cell: usize, measure: &str) -> Vec<f64> {
        self.runs(cell).iter().flatten().map(|record| record.summarised(measure)).collect()
    }

    fn comparisons_header(&self) -> Vec<String> {
        let first = ["comparison", "axis", "with"].map(String::from).into_iter();
        let last = ["measure", "difference", "low", "high", "n"].map(String::from);
        first.chain(self.columns()).chain(last).collect()
    }

    /// Every cell against the one that has the value compared with, all else being equal.
    fn differences<'b>(&'b self, k: usize, compare: &'b Compare) -> impl Iterator<Item = Vec<String>> + 'b {
        let study = &self.plan.study;
        let (at, column) = study.column(&compare.axis).expect("checked");
        let with =
            column.values.iter().position(|value| is_same(&value.text, &compare.with.text)).expect("checked");
        let measures: Vec<&str> = match &compare.measure {
            Some(measure) => vec![measure.text.as_str()],
            None => self.measures.clone(),
        };
        let others = (0..self.plan.cells.len()).filter(move |cell| study.place(*cell)[at] != with);
        others.flat_map(move |cell| {
            let mut place = study.place(cell);
            place[at] = with;
            let reference = study.cell(&place);
            let row = move |measure: &&str| {
                let of = |cell| self.sample(cell, measure);
                let mut row = vec![(k + 1).to_string(), column.name(), column.values[with].text.clone()];
                row.extend(self.values(cell));
                row.push((*measure).to_string());
                row.extend(mean(&paired::differences(&of(cell), &of(reference))));
                row
            };
            measures.iter().map(row).collect::<Vec<_>>()
        })
    }
}

/// All records, in the order of the runs.
fn records(done: &Done) -> impl Iterator<Item = &Record> {
    done.0.iter().flatten()
}

/// Mean, ends of the interval and number of the finite numbers of a sample; of one number, or of several that are the same, there is no
/// interval.
fn mean(sample: &[f64]) -> [String; 4] {
    let finite: Vec<f64> = sample.iter().copied().filter(|x| x.is_finite()).collect();
    let text = |x: Option<f64>| x.map_or(String::new(), |x| format!("{x:?}"));
    let Summary { mean, low, high, .. } = match finite[..] {
        [only] => Summary { mean: Some(only), ..Summary::default() },
        _ => Summary::of(&finite),
    };
    let has_spread = finite.iter().any(|x| *x != finite[0]);
    let [low, high] = [low, high].map(|end| end.filter(|_| has_spread));
    [text(mean), text(low), text(high), finite.len().to_string()]
}

/// The same of a share, with its exact interval (Clopper and Pearson).
fn share(sample: &[f64]) -> [String; 4] {
    let (hits, trials) = (sample.iter().sum::<f64>(), sample.len());
    let Interval { low, high } = paired::share_interval(hits as u64, trials as u64);
    let text = |x: f64| format!("{x:?}");
    [text(hits / trials as f64), text(low), text(high), trials.to_string()]
}

/// A measure as it stands in a table: empty where there is none.
fn field(measure: &str, x: f64) -> String {
    if x.is_nan() {
        String::new()
    } else if COUNTS.contains(&measure) {
        format!("{x:.0}")
    } else {
        format!("{x:?}")
    }
}
