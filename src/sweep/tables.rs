//! The tables of a study: a row a run, a row a cell, a row a paired difference.

use std::borrow::Cow;

use itertools::process_results;

use super::done::Done;
use super::measures::{OUTCOMES, Record, STEPS, STOPPED, summarised};
use super::plan::Plan;
use super::study::{Axis, Column, Compare, Study, is_same};
use crate::error::Result;
use crate::job::MEASURES;
use crate::persist::RunDir;
use crate::stats::{ESTIMATE_LEVEL, Interval, binomial_interval};
use crate::study::paired::{self, Summary};

/// Measures that count something.
const COUNTS: [&str; 5] = ["argmax", "neurons", "dead_neurons", "pure_neurons", "recovered_atoms"];

pub(super) const SUMMARY: &str = "summary.csv";
pub(super) const COMPARISONS: &str = "comparisons.csv";
pub(super) const RUNS: &str = "runs.csv";

/// Names of columns that tables have besides those of what varies and of measures.
const FIXED: [&str; 13] = [
    "run",
    "cell",
    "seed",
    "outcome",
    "runs",
    "comparison",
    "axis",
    "with",
    "measure",
    "difference",
    "low",
    "high",
    "n",
];

/// Whether a table has a column of this name that is not of a measure.
pub(super) fn is_fixed(name: &str) -> bool {
    [STEPS, STOPPED].contains(&name)
        || FIXED.contains(&name)
        || OUTCOMES.iter().any(|outcome| outcome.name() == name)
}

/// Whether a table with these measures has a column of this name besides those of what varies.
pub(super) fn is_taken(name: &str, measures: &[&str]) -> bool {
    let base = ["_low", "_high", "_n"].iter().find_map(|end| name.strip_suffix(end)).unwrap_or(name);
    [name, base].iter().any(|name| measures.contains(name) || [STEPS, STOPPED].contains(name))
        || is_fixed(name)
}

/// All results of a study, of which no run is missing.
pub(super) struct Results<'a> {
    /// What varies.
    pub columns: Vec<String>,
    /// Its values, cell by cell.
    pub cells: Vec<Vec<String>>,
    pub seeds: Vec<u64>,
    /// What was measured.
    pub measures: Vec<&'a str>,
    pub records: Records<'a>,
    pub comparisons: Vec<Comparison<'a>>,
}

/// What is known of the runs, by cell and seed.
pub(super) enum Records<'a> {
    Kept(&'a Done),
    Here(Vec<Record>),
}

/// Cells against others that differ from them in a value.
pub(super) struct Comparison<'a> {
    /// The column of what is compared.
    pub column: usize,
    /// One measure, or all.
    pub measure: Option<&'a str>,
    /// Cells, each with the one it is compared with.
    pub pairs: Vec<(usize, usize)>,
}

impl<'a> Results<'a> {
    /// Those of a plan.
    pub fn of(plan: &'a Plan, done: &'a Done) -> Self {
        let study = &plan.study;
        let values = |cell| study.values(cell).into_iter().map(|value| value.text.clone()).collect();
        Self {
            columns: study.columns().map(Column::name).collect(),
            cells: (0..plan.cells.len()).map(values).collect(),
            seeds: (1..=study.seeds).collect(),
            measures: MEASURES.into(),
            records: Records::Kept(done),
            comparisons: study.compares.iter().map(|compare| Comparison::of(study, compare)).collect(),
        }
    }

    /// Writes them.
    ///
    /// # Errors
    /// [`Error::Io`](crate::Error::Io), [`Error::File`](crate::Error::File).
    pub fn write(&self, run_dir: &RunDir) -> Result<()> {
        let write =
            |name: &str, header: Vec<String>, rows: &mut dyn Iterator<Item = Result<Vec<Vec<String>>>>| {
                process_results(rows, |rows| run_dir.write_table(name, header, rows.flatten()))?
            };
        let all = || (0..self.cells.len()).map(|cell| self.runs(cell));
        let mut has = vec![false; self.measures.len() + 2];
        let mut rows = all().map(|runs| {
            let runs = runs?;
            self.mark_measures(&runs, &mut has);
            Ok(runs.iter().map(|record| self.run(record)).collect())
        });
        write(RUNS, self.runs_header(), &mut rows)?;
        drop(rows);
        // Measures with a mean that some run has.
        let summarised: Vec<&str> =
            summarised(&self.measures).zip(has).filter(|(_, has)| *has).map(|(name, _)| name).collect();
        let mut cells = all().enumerate().map(|(cell, runs)| Ok(vec![self.cell(cell, &runs?, &summarised)]));
        write(SUMMARY, self.summary_header(&summarised), &mut cells)?;
        if self.comparisons.is_empty() {
            return Ok(());
        }
        let comparisons = self.comparisons.iter().enumerate();
        let mut differences =
            comparisons.flat_map(|(k, comparison)| self.differences(k, comparison, &summarised));
        write(COMPARISONS, self.comparisons_header(), &mut differences)
    }

    /// Takes down which of the measures with a mean these runs have.
    fn mark_measures(&self, runs: &[Record], has: &mut [bool]) {
        for (measure, has) in summarised(&self.measures).zip(has) {
            *has = *has || runs.iter().any(|record| !record.summarised(measure, &self.measures).is_nan());
        }
    }

    /// The runs of a cell, seed by seed.
    fn runs(&self, cell: usize) -> Result<Cow<'_, [Record]>> {
        let (first, seeds) = (cell * self.seeds.len(), self.seeds.len());
        match &self.records {
            Records::Kept(done) => done.of(first as u64..(first + seeds) as u64).map(Cow::Owned),
            Records::Here(records) => Ok(Cow::Borrowed(&records[first..][..seeds])),
        }
    }

    fn runs_header(&self) -> Vec<String> {
        let names = ["run", "cell"].into_iter().chain(self.columns.iter().map(String::as_str));
        let names = names.chain(["seed", "outcome", STEPS]).chain(self.measures.iter().copied());
        names.map(String::from).collect()
    }

    fn run(&self, record: &Record) -> Vec<String> {
        let (run, seeds) = (record.run as usize, self.seeds.len());
        let (cell, seed) = (run / seeds, self.seeds[run % seeds]);
        let mut row = vec![run.to_string(), cell.to_string()];
        row.extend(self.cells[cell].iter().cloned());
        row.extend([seed.to_string(), record.outcome.name().into(), record.steps.to_string()]);
        row.extend(self.measures.iter().zip(&record.measures).map(|(name, value)| field(name, *value)));
        row
    }

    fn summary_header(&self, summarised: &[&str]) -> Vec<String> {
        let mut names = vec!["cell".to_string()];
        names.extend(self.columns.iter().cloned());
        names.push("runs".into());
        names.extend(OUTCOMES.map(|outcome| outcome.name().to_string()));
        for measure in summarised {
            names.extend(["", "_low", "_high", "_n"].map(|end| format!("{measure}{end}")));
        }
        names
    }

    fn cell(&self, cell: usize, runs: &[Record], summarised: &[&str]) -> Vec<String> {
        let count = |outcome| runs.iter().filter(|record| record.outcome == outcome).count();
        let mut row = vec![cell.to_string()];
        row.extend(self.cells[cell].iter().cloned());
        row.push(runs.len().to_string());
        row.extend(OUTCOMES.map(|outcome| count(outcome).to_string()));
        for measure in summarised {
            let sample = self.sample(runs, measure);
            row.extend(if *measure == STOPPED { share(&sample) } else { mean(&sample) });
        }
        row
    }

    /// A measure of the runs of a cell, seed by seed.
    fn sample(&self, runs: &[Record], measure: &str) -> Vec<f64> {
        runs.iter().map(|record| record.summarised(measure, &self.measures)).collect()
    }

    fn comparisons_header(&self) -> Vec<String> {
        let first = ["comparison", "axis", "with"].map(String::from).into_iter();
        let last = ["measure", "difference", "low", "high", "n"].map(String::from);
        first.chain(self.columns.iter().cloned()).chain(last).collect()
    }

    /// A row for every pair of cells and measure.
    fn differences<'b>(
        &'b self,
        k: usize,
        comparison: &'b Comparison,
        summarised: &'b [&str],
    ) -> impl Iterator<Item = Result<Vec<Vec<String>>>> + 'b {
        let &Comparison { column, measure, ref pairs } = comparison;
        let measures = measure.map_or_else(|| summarised.to_vec(), |measure| vec![measure]);
        pairs.iter().map(move |&(cell, other)| {
            let (runs, others) = (self.runs(cell)?, self.runs(other)?);
            let row = |measure: &&str| {
                let with = self.cells[other][column].clone();
                let mut row = vec![(k + 1).to_string(), self.columns[column].clone(), with];
                row.extend(self.cells[cell].iter().cloned());
                row.push((*measure).to_string());
                let [ours, theirs] = [&runs, &others].map(|runs| self.sample(runs, measure));
                row.extend(mean(&paired::differences(&ours, &theirs)));
                row
            };
            Ok(measures.iter().map(row).collect())
        })
    }
}

impl<'a> Comparison<'a> {
    /// Every cell against the one that has the value compared with, all else being equal.
    fn of(study: &Study, compare: &'a Compare) -> Self {
        let (at, column) = study.column(&compare.axis).expect("checked");
        let with = column.values.iter().position(|value| is_same(&value.text, &compare.with.text));
        let with = with.expect("checked");
        let reference = |cell: usize| {
            let mut place = study.place(cell);
            place[at] = with;
            (cell, study.cell(&place))
        };
        let cells = study.axes.iter().map(Axis::len).product();
        let name = column.name();
        Self {
            column: study.columns().position(|column| column.name() == name).expect("one of them"),
            measure: compare.measure.as_ref().map(|measure| measure.text.as_str()),
            pairs: (0..cells).map(reference).filter(|(cell, other)| cell != other).collect(),
        }
    }
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
    let Interval { low, high } = binomial_interval(hits as u64, trials as u64, ESTIMATE_LEVEL);
    let text = |x: f64| format!("{x:?}");
    [text(hits / trials as f64), text(low), text(high), trials.to_string()]
}

/// A measure as it stands in a table: empty where there is none.
fn field(measure: &str, x: f64) -> String {
    if x.is_nan() {
        String::new()
    } else if COUNTS.contains(&measure) && x.fract() == 0.0 {
        format!("{x:.0}")
    } else {
        format!("{x:?}")
    }
}
