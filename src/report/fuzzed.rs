//! The readers of this room, for [`crate::fuzzed`].

use std::path::Path;

use super::saved::Trained;
use super::{Examined, Report, SweepPage, page, run, tables, terminal};
use crate::error::Result;
use crate::persist::store::decode;
use crate::plot::{self, Figure, Look, Sheet};
use crate::study::{Findings, Study};

/// The page of a report without its figures, and what a terminal shows of it.
///
/// # Errors
/// As of `--render`.
pub fn report_page(directory: &Path) -> Result<String> {
    let report = Report::read(directory)?;
    let shown = [tables::all(&report), terminal::failures(&report, Some(80)), terminal::closing(&report)];
    Ok(page::claims(&report, &[])? + &shown.concat() + &terminal::next(&report, directory, true))
}

/// The page of a `train` run without its figures.
///
/// # Errors
/// As of `--render`.
pub fn run_page(directory: &Path) -> Result<String> {
    let trained = Trained::read(directory)?;
    let shown = run::ALL.into_iter().filter(|figure| trained.shows(figure.id(), directory)).count();
    Ok(page::train(&trained, &[], &["config.json"])? + &format!("{} {shown}", trained.origin()))
}

/// The page of a study without its figures.
///
/// # Errors
/// None in practice.
pub(crate) fn without_figures(page: &SweepPage) -> Result<String> {
    page.html(&[])
}

/// The figures of a `train` run.
pub fn run_figures() -> Vec<&'static dyn Figure> {
    run::ALL.to_vec()
}

/// Draws a figure from its table, which may be long if it is one along a run.
///
/// # Errors
/// Why it cannot be drawn.
pub fn drawn(figure: &dyn Figure, table: &Path, is_along: bool) -> Result<String, String> {
    let read = if is_along { Sheet::read_thinned } else { Sheet::read };
    let sheet = read(table, figure.columns()).map_err(|e| e.to_string())?;
    let shown = figure.show(&sheet)?;
    Ok(shown.caption + &plot::svg(&shown.drawing, figure.id(), Look::Page))
}

/// Takes up `claim-ID` of the checkpoint of a report, and judges it.
///
/// # Errors
/// What is wrong with it.
pub fn findings(bytes: &[u8], study: &Study) -> Result<(), String> {
    let found = decode(bytes, Findings::flaw)?;
    let examined = Examined::new(study, found, 0.0);
    serde_json::to_string(&examined.entry).map(drop).map_err(|e| e.to_string())
}
