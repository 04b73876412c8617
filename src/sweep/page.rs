//! The page of a study, from its files.

use std::path::Path;

use itertools::Itertools;
use serde_json::Value;

use super::measures::OUTCOMES;
use super::study::{Column, Study};
use super::tables::{COMPARISONS, RUNS, SUMMARY};
use super::{figures, file, names, sentences};
use crate::error::{Error, Result, io_at};
use crate::persist::RunDir;
use crate::plot::{Sheet, Shown};
use crate::regular;
use crate::report::SweepPage;
use crate::report::render::{self, Drawn};
use crate::study::words::{count, listed};
use crate::text::number;
use crate::train::Outcome;

/// Names of the files that say what ran.
pub(super) const STUDY: &str = "study.toml";
pub(super) const JOB: &str = "sweep.json";
/// What the latter has of a study of the program alone.
pub(super) const CHECKSUM: &str = "options_checksum";

/// Most bytes of them.
const MAX: u64 = 1 << 24;

/// Rows of the table of cells, and comparisons, that the page shows.
const ROWS: usize = 200;
const SENTENCES: usize = 60;

/// What the tables of a study come to in words.
pub(super) struct Told {
    study: Study,
    job: Value,
    summary: Sheet,
    /// What was asked for, as the page shows it.
    text: String,
    /// What is drawn and compared unasked.
    response: String,
    /// How the runs ended.
    pub outcome: String,
    /// A sentence a comparison.
    pub comparisons: Vec<String>,
}

impl Told {
    /// Reads the files of a study.
    ///
    /// # Errors
    /// [`Error::Io`], [`Error::File`], [`Error::Study`] if one is missing or not as it was written.
    pub fn read(from: &Path) -> Result<Self> {
        let known = names::Options::new();
        let study = file::read(&from.join(STUDY), &known)?;
        let path = from.join(JOB);
        let refuse = |e: serde_json::Error| Error::File { path: path.clone(), reason: e.to_string() };
        let job: Value = serde_json::from_slice(&regular::read(&path, MAX)?).map_err(refuse)?;
        let toml = from.join(STUDY);
        let text = String::from_utf8_lossy(&regular::read(&toml, MAX)?).into_owned();
        Self::of(from, study, job, text, None)
    }

    /// From the tables of a study; `response` is what is drawn and compared unasked, by default how many samples are mixed.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub fn of(from: &Path, study: Study, job: Value, text: String, response: Option<&str>) -> Result<Self> {
        let varied: Vec<String> = study.columns().map(Column::name).collect();
        let counted = ["cell", "runs"].into_iter().chain(OUTCOMES.map(Outcome::name));
        let needed: Vec<&str> = counted.chain(varied.iter().map(String::as_str)).collect();
        let summary = Sheet::read(&from.join(SUMMARY), &needed)?;
        let is_wide = summary.columns().any(|name| name == "neurons")
            && summary.rows().any(|row| row.number("neurons") > 1.0);
        let mixing = if is_wide { "mixing" } else { "participation_ratio" };
        let response = response.unwrap_or(mixing).to_string();
        let compared = compared(from, &study, &response)?;
        // Of a table that is too long for sentences the study is not lost.
        let comparisons =
            compared.unwrap_or_else(|reason| vec![format!("No comparison is shown here: {reason}.")]);
        let outcome = outcome(&study, &summary);
        Ok(Self { study, job, summary, text, response, outcome, comparisons })
    }

    /// Draws page and figures.
    ///
    /// # Errors
    /// [`Error::Io`], [`Error::File`].
    pub fn draw(&self, from: &Path, run_dir: &RunDir) -> Result<Drawn> {
        let figures = figures::of(&self.study, &self.response);
        render::study(from, run_dir, &figures, &self.page(from)?)
    }

    /// What its figures show, or why they show nothing.
    pub fn shown(&self) -> Vec<Result<Shown, String>> {
        let figures = figures::of(&self.study, &self.response);
        figures.iter().map(|figure| figure.show(&self.summary)).collect()
    }

    /// What the page says besides its figures.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn page(&self, from: &Path) -> Result<SweepPage> {
        let Self { study, summary, .. } = self;
        let mut comparisons = self.comparisons.clone();
        let more = comparisons.len().saturating_sub(SENTENCES);
        comparisons.truncate(SENTENCES);
        let mut notes = vec![
            "Differences are taken seed by seed: both runs of a pair have the same seed, and with it the same data, start and stream of batches \
             unless what is compared changes these. Each interval covers its own difference with approximately 95 %; of many, one in twenty \
             misses."
                .to_string(),
        ];
        if more > 0 {
            notes.push(format!("{} more are in {COMPARISONS}.", count(more, "comparison")));
        }
        let (header, cells) = self.cells();
        let text = |key: &str| self.job[key].as_str().map(String::from);
        let facts = [
            ("cells", Some(self.job["cells"].to_string())),
            ("seeds", Some(study.seeds.to_string())),
            ("backend", text("backend")),
            ("version", text("version")),
            ("commit", text("git_commit")),
        ];
        let files = [STUDY, JOB, RUNS, SUMMARY, COMPARISONS];
        let mut there = Vec::new();
        for name in files {
            if from.join(name).try_exists().map_err(io_at(from))? {
                there.push(name.to_string());
            }
        }
        Ok(SweepPage {
            title: study.title.clone(),
            outcome: self.outcome.clone(),
            facts: facts.into_iter().filter_map(|(name, value)| Some((name.to_string(), value?))).collect(),
            comparisons,
            notes,
            left_out: summary.rows().count().saturating_sub(ROWS),
            header,
            cells,
            study: self.text.clone(),
            is_redrawn: there.iter().any(|name| name == STUDY),
            files: there,
        })
    }

    /// The table of cells: their values, how many runs ended by their rule, and what is drawn unasked.
    fn cells(&self) -> (Vec<String>, Vec<Vec<String>>) {
        let columns: Vec<String> = self.study.columns().map(Column::name).collect();
        let unasked = ["participation_ratio", "max_cos", "loss"].into_iter();
        let shown = [self.response.as_str()].into_iter().chain(unasked).unique();
        let has = |name: &&str| {
            let is_there = |end| self.summary.columns().any(|column| column.strip_prefix(*name) == Some(end));
            ["", "_low", "_high"].into_iter().all(is_there)
        };
        let shown: Vec<&str> = shown.filter(has).collect();
        let header = columns.iter().cloned().chain(["runs", "converged"].map(String::from));
        let header = header.chain(shown.iter().map(|name| (*name).to_string())).collect();
        let rows = self.summary.rows().take(ROWS).map(|row| {
            let mut fields: Vec<String> = columns.iter().map(|name| row.text(name).to_string()).collect();
            fields.extend(["runs", "converged"].map(|name| row.text(name).to_string()));
            for name in &shown {
                let [mean, low, high] = ["", "_low", "_high"].map(|end| row.number(&format!("{name}{end}")));
                fields.push(if mean.is_nan() {
                    "–".into()
                } else if low.is_nan() || number(low) == number(high) {
                    number(mean)
                } else {
                    format!("{} [{}, {}]", number(mean), number(low), number(high))
                });
            }
            fields
        });
        (header, rows.collect())
    }
}

/// The comparisons of a study as sentences, or why they cannot be told.
fn compared(from: &Path, study: &Study, response: &str) -> Result<Result<Vec<String>, String>> {
    let path = from.join(COMPARISONS);
    if !path.try_exists().map_err(io_at(from))? {
        return Ok(Ok(Vec::new()));
    }
    let varied: Vec<String> = study.columns().map(Column::name).collect();
    let said = ["comparison", "axis", "with", "measure", "difference", "low", "high", "n"];
    let columns: Vec<&str> = said.into_iter().chain(varied.iter().map(String::as_str)).collect();
    Ok(match Sheet::read(&path, &columns) {
        Ok(sheet) => Ok(sentences::of(&sheet, study, response)),
        Err(Error::File { reason, .. }) => Err(format!("{COMPARISONS}, {reason}")),
        Err(error) => Err(error.to_string()),
    })
}

/// How the runs of a study ended.
fn outcome(study: &Study, summary: &Sheet) -> String {
    let sum = |column: &str| summary.rows().map(|row| row.number(column)).sum::<f64>() as usize;
    let cells = count(summary.rows().count(), "cell");
    let (runs, seeds) = (count(sum("runs"), "run"), count(study.seeds as usize, "seed"));
    let words =
        |name: &str| if name == "max_steps" { "ran out of steps".to_string() } else { name.to_string() };
    let counted = OUTCOMES.map(|outcome| (sum(outcome.name()), words(outcome.name())));
    let ended: Vec<String> = counted
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, name)| format!("{count} {name}"))
        .collect();
    format!("{runs}, {cells} with {seeds} each: {}.", listed(&ended))
}
