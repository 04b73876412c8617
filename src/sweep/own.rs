//! Tables, figures and page of a sweep over models of one's own.

use std::path::{Path, PathBuf};

use csv::{Reader, WriterBuilder};
use itertools::Itertools;
use serde::Serialize;
use serde_json::{Value, json};

use super::given::Given;
use super::measures::{Record, STEPS};
use super::page::{CHECKSUM, JOB, Told};
use super::study::{Axis, Column, Study};
use super::tables::{Comparison, Records, Results, is_fixed, is_taken};
use crate::error::{Error, Result};
use crate::persist::RunDir;
use crate::persist::entry::{Request, Standing};
use crate::study::Swept;
use crate::train::Run;
use crate::{cli, text};

impl<C: Serialize, R: AsRef<Run>> Swept<C, R> {
    /// Writes `runs.csv`, `summary.csv` and, if cells are compared, `comparisons.csv`, which the book describes ("Studies"), a figure
    /// of the first [measure](Self::measure) against every field of the cells that varies, and `report.html`. A sweep that was written there is replaced.
    /// Means leave out runs that diverged or died, of which [`mean`](Self::mean) takes every finite number. Returns the place of the page and the
    /// comparisons in words.
    ///
    /// # Errors
    /// [`Error::Usage`] without seeds, or if cells are no structs of plain fields, two cells are the same, a field or measure has a name that another column has, or a comparison is between
    /// cells that differ in more than one field; [`Error::Io`]; a place that holds anything but a sweep.
    pub fn write(&self, title: &str, out: impl AsRef<Path>) -> Result<(PathBuf, Vec<String>)> {
        let out = out.as_ref();
        let (columns, cells) = self.fields()?;
        let measures = self.names(&columns)?;
        let comparisons = self.comparisons.iter().map(|pairs| comparison(&columns, &cells, pairs));
        let comparisons = comparisons.flatten_ok().collect::<Result<Vec<_>>>()?;
        let study = study(title, &columns, &cells, self.seeds.len() as u64);
        let job = job(&study, cells.len());
        let results = Results {
            columns,
            cells,
            seeds: self.seeds.clone(),
            measures,
            records: Records::Here(self.records()),
            comparisons,
        };
        let mut run_dir = RunDir::claim(Some(out), "sweep")?;
        let store = run_dir.store(job.clone())?;
        // A study of the program is no such sweep.
        let is_own = |job: Value| job.get(CHECKSUM).is_none();
        let is_sweep = run_dir.in_place().and_then(|run| run.json(JOB)).is_some_and(is_own);
        let standing = if is_sweep { Standing::Complete } else { Standing::Nothing };
        run_dir.enter(&store, standing, Request { resume: false, force: is_sweep })?;
        results.write(&run_dir)?;
        run_dir.write_json(JOB, &job)?;
        let staging = run_dir.staging()?.to_path_buf();
        let text = asked(&study, &self.seeds);
        let told = Told::of(&staging, study, job, text, results.measures.first().or(Some(&STEPS)).copied())?;
        cli::tell_failed(&told.draw(&staging, &run_dir)?);
        cli::tell_committed(&run_dir.commit()?);
        Ok((out.join("report.html"), told.comparisons))
    }

    /// The fields of the cells: their names, and their values cell by cell.
    fn fields(&self) -> Result<(Vec<String>, Vec<Vec<String>>)> {
        let refuse = |reason: &str| Error::Usage(format!("the cells of a sweep become columns: {reason}"));
        let mut writer = WriterBuilder::new().from_writer(Vec::new());
        for cell in &self.cells {
            writer.serialize(cell).map_err(|e| refuse(&e.to_string()))?;
        }
        let bytes = writer.into_inner().map_err(|e| refuse(&e.to_string()))?;
        let mut reader = Reader::from_reader(bytes.as_slice());
        let columns =
            reader.headers().map_err(|e| refuse(&e.to_string()))?.iter().map(String::from).collect();
        let cells = reader.records().map_ok(|row| row.iter().map(String::from).collect::<Vec<_>>());
        let cells = cells.collect::<Result<Vec<_>, _>>().map_err(|e| refuse(&e.to_string()))?;
        if cells.len() != self.cells.len() {
            return Err(refuse("they must be structs with named fields"));
        }
        if let Some(twice) = cells.iter().duplicates().next() {
            return Err(refuse(&format!("two of them are the same, {}", twice.iter().join(", "))));
        }
        if self.seeds.is_empty() {
            return Err(Error::Usage("a sweep needs at least one seed".into()));
        }
        Ok((columns, cells))
    }

    /// The names of the measures.
    fn names(&self, columns: &[String]) -> Result<Vec<&str>> {
        let names: Vec<&str> = self.measures.iter().map(|measure| measure.name.as_str()).collect();
        let of_columns = columns.iter().map(String::as_str).filter(|name| is_taken(name, &names));
        let of_measures = names.iter().copied().filter(|name| is_fixed(name));
        let twice = columns.iter().map(String::as_str).chain(names.iter().copied()).duplicates();
        match of_columns.chain(of_measures).chain(twice).next() {
            Some(name) => Err(Error::Usage(format!(
                "`{}` is the name of another column of the tables: call the field or measure something else",
                text::escaped(name)
            ))),
            None => Ok(names),
        }
    }

    fn records(&self) -> Vec<Record> {
        let seeds = self.seeds.len();
        let runs = self.runs.iter().flatten().map(AsRef::as_ref).enumerate();
        let record = |(k, run): (usize, &Run)| Record {
            run: k as u64,
            outcome: run.outcome,
            steps: run.steps,
            measures: self.measures.iter().map(|measure| measure.values[k / seeds][k % seeds]).collect(),
        };
        runs.map(record).collect()
    }
}

/// Cells against others, by the one field in which they differ; none without cells.
fn comparison<'a>(
    columns: &[String],
    cells: &[Vec<String>],
    pairs: &[(usize, usize)],
) -> Result<Option<Comparison<'a>>> {
    let differing = |&(cell, other): &(usize, usize)| {
        let fields = cells[cell].iter().zip(&cells[other]).enumerate();
        fields.filter(|(_, (a, b))| a != b).map(|(k, _)| k).collect::<Vec<_>>()
    };
    let differing: Vec<usize> = pairs.iter().flat_map(differing).unique().collect();
    match differing[..] {
        [] => Ok(None),
        [column] => Ok(Some(Comparison { column, measure: None, pairs: pairs.to_vec() })),
        _ => {
            let names = differing.iter().map(|&k| &columns[k]).join(", ");
            Err(Error::Usage(format!(
                "a comparison is between cells that differ in one field; these differ in {names}"
            )))
        }
    }
}

/// The study as figures and sentences know it: what varies, and over which values.
fn study(title: &str, columns: &[String], cells: &[Vec<String>], seeds: u64) -> Study {
    let axis = |(k, name): (usize, &String)| {
        let values = cells.iter().map(|cell| &cell[k]).unique().map(|text| Given::new(text.clone(), ""));
        let column = Column { option: name.clone(), at: String::new(), values: values.collect() };
        Axis { columns: vec![column], is_zip: false }
    };
    let axes = columns.iter().enumerate().map(axis).collect();
    Study { title: title.into(), seeds, axes, ..Study::new() }
}

/// What identifies the results, as far as it is known: the model is the user's own.
fn job(study: &Study, cells: usize) -> Value {
    json!({
        "version": env!("CARGO_PKG_VERSION"), "git_commit": crate::COMMIT,
        "title": study.title, "seeds": study.seeds, "cells": cells,
    })
}

/// What the page says of the cells and the seeds.
fn asked(study: &Study, seeds: &[u64]) -> String {
    let values = |column: &Column| {
        format!("{}: {}", column.name(), column.values.iter().map(|value| &value.text).join(", "))
    };
    let seeds = format!("seeds: {}", seeds.iter().join(", "));
    study.columns().map(values).chain([seeds]).join("\n")
}
