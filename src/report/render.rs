//! From the files of a run to its page and figures: nothing is trained, nothing else is read.

use std::fs;
use std::path::{Path, PathBuf};

use rayon::prelude::*;
use serde::Serialize;

use super::figures::{self, Figure, Look, Sheet};
use super::page;
use super::saved::Saved;
use crate::error::{Error, Result, io_at};
use crate::persist::RunDir;

/// Folder of the figures in a run directory.
const FIGURES: &str = "figures";
/// The page.
const PAGE: &str = "report.html";

/// What was drawn.
#[derive(Clone, Debug, Serialize)]
pub struct Drawn {
    /// The page.
    pub page: PathBuf,
    /// Identifiers of the figures.
    pub figures: Vec<&'static str>,
    /// What the directory holds besides the files of the run.
    pub kept: Vec<PathBuf>,
}

/// A figure on the page.
pub(super) struct RenderedFigure {
    pub figure: &'static Figure,
    pub caption: String,
    /// The figure as an element of the page, or why there is none.
    pub svg: std::result::Result<String, String>,
}

/// Draws the page and the figures of a finished run anew: the other files are copied beside it, and the copy takes its place.
///
/// # Errors
/// [`Error::Io`], [`Error::File`] if there is no report, or one that this version cannot read; [`Error::Busy`] if a run is being written
/// there; a directory that is no run, or of which a page or figure was changed.
pub fn again(directory: &Path) -> Result<Drawn> {
    fs::metadata(directory).map_err(io_at(directory))?;
    let mut run_dir = RunDir::claim(Some(directory), "render")?;
    run_dir.take_over(|name| name == PAGE || is_figure(name))?;
    let drawn = draw(&Saved::read(directory)?, directory, &run_dir, Err)?;
    let kept = run_dir.commit()?.kept;
    Ok(Drawn { page: directory.join(PAGE), kept, ..drawn })
}

/// Draws a run directory that is being written.
///
/// # Errors
/// [`Error::Io`], [`Error::File`].
pub(crate) fn into(run_dir: &RunDir) -> Result<Drawn> {
    let from = run_dir.staging()?;
    draw(&Saved::read(from)?, from, run_dir, |refusal| Ok(Err(refusal.to_string())))
}

/// Whether a file of a run is a figure.
fn is_figure(name: &str) -> bool {
    let mut figures =
        figures::ALL.iter().flat_map(|figure| ["svg", "png"].map(|end| figure_file(figure, end)));
    figures.any(|file| file == name)
}

fn figure_file(figure: &Figure, suffix: &str) -> String {
    format!("{FIGURES}/{}.{suffix}", figure.id)
}

/// What becomes of a table that no figure can be drawn from: a finding is not lost over it, a request is refused.
type Refused = fn(Error) -> Result<std::result::Result<Sheet, String>>;

fn draw(saved: &Saved, from: &Path, run_dir: &RunDir, refused: Refused) -> Result<Drawn> {
    let wanted: Vec<&'static Figure> = saved
        .entries()
        .flat_map(|entry| {
            figures::of(&entry.id).filter(|figure| entry.tables.iter().any(|name| name == figure.table))
        })
        .collect();
    let plates = wanted.into_par_iter().map(|figure| plate(figure, saved, from, run_dir, refused));
    let plates: Vec<RenderedFigure> = plates.collect::<Result<_>>()?;
    run_dir.write(PAGE, page::html(saved, &plates)?.as_bytes())?;
    let drawn = plates.iter().filter(|plate| plate.svg.is_ok()).map(|plate| plate.figure.id).collect();
    Ok(Drawn { page: from.join(PAGE), figures: drawn, kept: Vec::new() })
}

/// One figure: its files, and itself for the page.
fn plate(
    figure: &'static Figure,
    saved: &Saved,
    from: &Path,
    run_dir: &RunDir,
    refused: Refused,
) -> Result<RenderedFigure> {
    let read = Sheet::read(&from.join(format!("{}.csv", figure.table)), figure.columns);
    let sheet = match read.map_or_else(refused, |sheet| Ok(Ok(sheet)))? {
        Ok(sheet) => sheet,
        Err(flaw) => return Ok(RenderedFigure { figure, caption: figure.title.into(), svg: Err(flaw) }),
    };
    let caption = format!(
        "{} Seed {}, effort {}, backend {} {}.",
        (figure.caption)(&sheet),
        saved.seed,
        saved.effort,
        saved.backend,
        saved.precision
    );
    let drawing = match figure.drawing(&sheet) {
        Ok(drawing) => drawing,
        Err(flaw) => return Ok(RenderedFigure { figure, caption, svg: Err(flaw) }),
    };
    let [svg, png] = ["svg", "png"].map(|suffix| figure_file(figure, suffix));
    run_dir.write(&svg, figures::svg(&drawing, figure.id, Look::File).as_bytes())?;
    let refuse = |reason| Error::File { path: from.join(&png), reason };
    run_dir.write(&png, &figures::png(&drawing).map_err(refuse)?)?;
    Ok(RenderedFigure { figure, caption, svg: Ok(figures::svg(&drawing, figure.id, Look::Page)) })
}
