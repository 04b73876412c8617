//! A study checked as a whole: its cells as options of `train`, and what identifies its results.

use std::collections::HashMap;
use std::path::Path;

use itertools::Itertools;
use rayon::prelude::*;
use serde_json::{Value, json};

use super::given::Given;
use super::measures::summarised;
use super::names::Options;
use super::page::CHECKSUM;
use super::study::{Column, Study, is_same};
use super::tables::is_taken;
use crate::cli;
use crate::data::Source;
use crate::error::{Error, Result};
use crate::job::{Job, MEASURES, TrainOptions};
use crate::persist::store::checksum_of;

/// Keys of a job that jobs of one stack may differ in.
const OF_A_MEMBER: [&str; 4] = ["seed", "step_size", "steps", "data_checksum"];

/// Most bytes of a value that varies: it becomes a field of tables, and a name in figures.
const MAX_TEXT: usize = 100;

/// A study that can run.
pub(super) struct Plan {
    pub study: Study,
    pub cells: Vec<Cell>,
    /// What determines the results.
    pub job: Value,
}

/// The options that the runs of a cell share.
pub(super) struct Cell {
    pub options: TrainOptions,
    /// The same for cells whose runs may be replicas of one stack.
    pub stack: u64,
}

/// What is known of a cell once it is checked.
struct Checked {
    cell: Cell,
    identity: Value,
    warning: Option<String>,
}

impl Plan {
    /// Checks a study before anything runs.
    ///
    /// # Errors
    /// [`Error::Study`]: a value that `train` refuses, too many cells, two cells that are the same, a comparison or a figure of something that there is
    /// not.
    pub fn check(study: Study) -> Result<Self> {
        let count = study.count()?;
        check_compares(&study)?;
        check_figures(&study)?;
        check_names(&study)?;
        let known = Options::new();
        check_values(&study, &known)?;
        let checked: Vec<Result<Checked, String>> =
            (0..count).into_par_iter().map(|cell| check_cell(study.settings(cell), &known)).collect();
        // Of several cells that are refused, the first.
        let of = |(cell, checked): (usize, Result<Checked, String>)| {
            checked.map_err(|reason| blamed(&study, cell, reason, &known))
        };
        let checked: Vec<Checked> = checked.into_iter().enumerate().map(of).collect::<Result<_>>()?;
        let mut warnings: Vec<&String> =
            checked.iter().filter_map(|checked| checked.warning.as_ref()).collect();
        warnings.dedup();
        warnings.iter().for_each(|warning| cli::note(warning));
        let identities: Vec<u64> =
            checked.iter().map(|checked| checksum_of(&checked.identity.to_string())).collect();
        refuse_same(&study, &identities)?;
        let job = job(&study, &checked, &identities);
        Ok(Self { study, cells: checked.into_iter().map(|checked| checked.cell).collect(), job })
    }

    /// Number of runs.
    pub fn runs(&self) -> u64 {
        self.cells.len() as u64 * self.study.seeds
    }

    /// Cell and seed of a run; seeds vary fastest.
    pub fn place(&self, run: u64) -> (usize, u64) {
        ((run / self.study.seeds) as usize, 1 + run % self.study.seeds)
    }

    /// Files of samples that the runs read.
    pub fn inputs(&self) -> impl Iterator<Item = &Path> {
        let files = self.cells.iter().filter_map(|cell| match &cell.options.data {
            Source::File(path) => Some(path.as_path()),
            _ => None,
        });
        files.dedup()
    }

    /// Options of a run, as of `train`.
    pub fn options(&self, run: u64) -> TrainOptions {
        let (cell, seed) = self.place(run);
        TrainOptions { seed, ..self.cells[cell].options.clone() }
    }

    /// A run as a job.
    ///
    /// # Errors
    /// [`Error::Study`] if it is refused where the first run of its cell was not.
    pub fn job_of(&self, run: u64) -> Result<Job> {
        let (cell, seed) = self.place(run);
        Job::check(&self.options(run)).map_err(|error| {
            let at = format!("{}, seed {seed}", self.study.describe(cell));
            Error::Study { at, reason: error.to_string() }
        })
    }
}

/// What determines the results: the options of all runs, in words as far as a user set them, and a checksum of all as they were resolved.
fn job(study: &Study, checked: &[Checked], identities: &[u64]) -> Value {
    let first = checked.first().map_or(&Value::Null, |checked| &checked.identity);
    let base: serde_json::Map<String, Value> = study
        .base
        .iter()
        .map(|setting| (setting.option.clone(), setting.value.text.clone().into()))
        .collect();
    let values =
        |column: &Column| column.values.iter().map(|value| value.text.clone()).collect::<Vec<_>>().into();
    let axes: serde_json::Map<String, Value> =
        study.columns().map(|column| (column.option.clone(), values(column))).collect();
    let all: String = identities.iter().map(|sum| format!("{sum:016x}")).collect();
    json!({
        "version": first["version"],
        "git_commit": first["git_commit"],
        "seeds": study.seeds,
        "cells": checked.len(),
        "base": base,
        "varied": axes,
        "backend": first["backend"],
        CHECKSUM: format!("{:016x}", checksum_of(&all)),
    })
}

/// Checks every value by itself, so that it is known which one is wrong.
fn check_values(study: &Study, known: &Options) -> Result<()> {
    let base = study.base.iter().map(|setting| (setting.option.as_str(), &setting.value, false));
    let varied = study
        .columns()
        .flat_map(|column| column.values.iter().map(|value| (column.option.as_str(), value, true)));
    for (option, value, varies) in base.chain(varied) {
        if varies && value.text.len() > MAX_TEXT {
            return Err(value.refuse(format!(
                "a value of {} bytes; what varies has values of at most {MAX_TEXT}",
                value.text.len()
            )));
        }
        known.read([(option, value)].into_iter()).map_err(|reason| value.refuse(reason))?;
    }
    Ok(())
}

/// The first run of a cell, checked for all of them.
fn check_cell<'a>(
    settings: impl Iterator<Item = (&'a str, &'a Given)>,
    known: &Options,
) -> Result<Checked, String> {
    let options = known.read(settings)?;
    let job = Job::check(&options).map_err(|error| error.to_string())?;
    let (warning, mut identity) = (job.warning(), job.fingerprint());
    let mut shared = identity.clone();
    let keys = shared.as_object_mut().expect("one flat key each");
    OF_A_MEMBER.iter().for_each(|key| drop(keys.shift_remove(*key)));
    let stack = checksum_of(&shared.to_string());
    identity.as_object_mut().expect("one flat key each").shift_remove("seed");
    Ok(Checked { cell: Cell { options, stack }, identity, warning })
}

/// The refusal of a cell, at the value that is to blame: one whose other values, or whose absence, would do.
fn blamed(study: &Study, cell: usize, reason: String, known: &Options) -> Error {
    let place = study.place(cell);
    let mut at = None;
    for (k, axis) in study.axes.iter().enumerate() {
        let is_cured = |other: usize| {
            let mut place = place.clone();
            place[k] = other;
            check_cell(study.settings(study.cell(&place)), known).is_ok()
        };
        if (0..axis.len()).filter(|other| *other != place[k]).take(8).any(is_cured) {
            at = Some(&axis.columns[0].values[place[k]]);
            break;
        }
    }
    let is_cured =
        |option: &str| check_cell(study.settings(cell).filter(|(other, _)| *other != option), known).is_ok();
    // Of several whose absence would do, one that the reason names.
    let is_named = |option: &str| reason.contains(option.split('-').next().unwrap_or(option));
    let all: Vec<(&str, &Given)> = study.settings(cell).collect();
    let cures = all.iter().filter(|(option, _)| is_cured(option));
    let at = at.or_else(|| cures.max_by_key(|(option, _)| is_named(option)).map(|(_, value)| *value));
    let reason = if study.axes.is_empty() {
        reason
    } else {
        format!("{reason} (in the cell {})", study.describe(cell))
    };
    match at.or(all.first().map(|(_, value)| *value)) {
        Some(value) => value.refuse(reason),
        None => Error::Usage(reason),
    }
}

/// Refuses two cells that are the same, however their values are written.
fn refuse_same(study: &Study, identities: &[u64]) -> Result<()> {
    let mut seen: HashMap<u64, usize> = HashMap::new();
    for (cell, identity) in identities.iter().enumerate() {
        let Some(first) = seen.insert(*identity, cell) else { continue };
        let (places, values) = ((study.place(first), study.place(cell)), study.values(cell));
        let differs = places.0.iter().zip(&places.1).position(|(a, b)| a != b).unwrap_or(0);
        let column: usize = study.axes[..differs].iter().map(|axis| axis.columns.len()).sum();
        let reason =
            format!("two cells are the same: {}, and {}", study.describe(first), study.describe(cell));
        return Err(values[column].refuse(reason));
    }
    Ok(())
}

/// A measure that is summarised.
fn check_measure(given: &Given) -> Result<()> {
    let known: Vec<&str> = summarised(&MEASURES).collect();
    if known.contains(&given.text.as_str()) {
        return Ok(());
    }
    Err(given.refuse(format!("`{}` is no measure; expected one of {}", given.text, known.join(", "))))
}

/// An option that the study varies.
fn varied<'a>(study: &'a Study, given: &Given) -> Result<&'a Column> {
    let names = || study.columns().map(Column::name).collect::<Vec<_>>().join(", ");
    study.column(given).map(|(_, column)| column).ok_or_else(|| {
        given.refuse(format!("`{}` does not vary in this study; what varies: {}", given.text, names()))
    })
}

fn check_compares(study: &Study) -> Result<()> {
    for compare in &study.compares {
        let column = varied(study, &compare.axis)?;
        let values = column.values.iter().filter(|value| is_same(&value.text, &compare.with.text)).count();
        if values != 1 {
            let list: Vec<&str> = column.values.iter().map(|value| value.text.as_str()).collect();
            return Err(compare.with.refuse(format!(
                "`{}` takes the value {} {values} times, of {}; a comparison needs it once",
                column.name(),
                compare.with.text,
                list.join(", ")
            )));
        }
        compare.measure.iter().try_for_each(check_measure)?;
    }
    Ok(())
}

/// Refuses an option to vary that has the name of another column of the tables.
fn check_names(study: &Study) -> Result<()> {
    match study.columns().find(|column| is_taken(&column.name(), &MEASURES)) {
        Some(column) => {
            let reason =
                format!("`{}` cannot vary: the tables have another column of that name", column.name());
            Err(Error::Study { at: column.at.clone(), reason })
        }
        None => Ok(()),
    }
}

/// An option along an axis of a figure, or with a curve for each of its values: no two cells may lie at one place.
fn drawn<'a>(study: &'a Study, given: &Given) -> Result<&'a Column> {
    let column = varied(study, given)?;
    if column.tells_apart() {
        return Ok(column);
    }
    Err(given.refuse(format!(
        "`{}` takes a value more than once; a figure needs an option that varies with it and does not",
        given.text
    )))
}

fn check_figures(study: &Study) -> Result<()> {
    for figure in &study.figures {
        let x = drawn(study, &figure.x)?;
        let other = figure.series.as_ref().or(figure.colour.as_ref().map(|_| &figure.y));
        if let Some(other) = other
            && drawn(study, other)?.option == x.option
        {
            return Err(other.refuse(format!("`{}` is along the figure already", other.text)));
        }
        match &figure.colour {
            Some(colour) => check_measure(colour)?,
            None => check_measure(&figure.y)?,
        }
    }
    Ok(())
}
