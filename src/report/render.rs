//! From the files of a run to its page and figures: nothing is trained, nothing else is read.

use std::fs;
use std::path::{Path, PathBuf};

use rayon::prelude::*;
use serde::Serialize;

use super::figures::{self, Figure, Look, Sheet};
use super::page;
use super::saved::{Saved, Trained};
use crate::error::{Error, Result, io_at};
use crate::persist::RunDir;

/// Folder of the figures in a run directory.
const FIGURES: &str = "figures";
/// The page.
const PAGE: &str = "report.html";
/// Files of a `train` run that its page links.
const LINKED: [&str; 15] = [
    "config.json",
    "summary.json",
    "trajectory.csv",
    "correlations.csv",
    "neurons.csv",
    "replicas.csv",
    "sharpness.csv",
    "data.npy",
    "dictionary.npy",
    "w0.npy",
    "w.npy",
    "c0.npy",
    "c.npy",
    "batches.npy",
    "model.safetensors",
];

/// What was drawn.
#[derive(Clone, Debug, Serialize)]
pub struct Drawn {
    /// The page.
    pub page: PathBuf,
    /// Identifiers of the figures.
    pub figures: Vec<&'static str>,
    /// Those that cannot be drawn.
    pub failed: Vec<&'static str>,
    /// What the directory holds besides the files of the run.
    pub kept: Vec<PathBuf>,
}

/// A figure on the page.
pub(super) struct Picture {
    pub figure: &'static Figure,
    /// The file that it is drawn from.
    pub data: String,
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
    let drawn = draw(directory, &run_dir, Err)?;
    let kept = run_dir.commit()?.kept;
    Ok(Drawn { page: directory.join(PAGE), kept, ..drawn })
}

/// Draws a run directory that is being written.
///
/// # Errors
/// [`Error::Io`], [`Error::File`].
pub(crate) fn into(run_dir: &RunDir) -> Result<Drawn> {
    draw(run_dir.staging()?, run_dir, |refusal| Ok(Err(without_path(refusal))))
}

/// What is wrong with a table, without the place where the run is being written.
fn without_path(refusal: Error) -> String {
    match refusal {
        Error::File { path, reason } => {
            let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
            format!("{}: {reason}", name.unwrap_or_default())
        }
        other => other.to_string(),
    }
}

/// Whether a file of a run is a figure.
fn is_figure(name: &str) -> bool {
    let all = figures::ALL.iter().chain(&figures::run::ALL);
    all.flat_map(|figure| ["svg", "png"].map(|end| figure_file(figure, end))).any(|file| file == name)
}

fn figure_file(figure: &Figure, suffix: &str) -> String {
    format!("{FIGURES}/{}.{suffix}", figure.id)
}

/// What becomes of a table that no figure can be drawn from: a finding is not lost over it, a request is refused.
type Refused = fn(Error) -> Result<std::result::Result<Sheet, String>>;

/// Draws the files of a run at `from` into a run directory.
fn draw(from: &Path, run_dir: &RunDir, refused: Refused) -> Result<Drawn> {
    if Trained::is_at(from) {
        return draw_training(from, run_dir, refused);
    }
    let saved = Saved::read(from)?;
    let wanted = saved.entries().flat_map(|entry| {
        figures::of(&entry.id).filter(|figure| entry.tables.iter().any(|name| name == figure.table))
    });
    let Saved { seed, effort, backend, precision, .. } = &saved;
    let origin = format!("Seed {seed}, effort {effort}, backend {backend} {precision}.");
    let pictures = pictures(wanted.collect(), &origin, from, run_dir, refused)?;
    finish(page::claims(&saved, &pictures)?, &pictures, from, run_dir)
}

fn draw_training(from: &Path, run_dir: &RunDir, refused: Refused) -> Result<Drawn> {
    let trained = Trained::read(from)?;
    let wanted = figures::run::ALL.into_iter().filter(|figure| trained.shows(figure.id, from)).collect();
    let pictures = pictures(wanted, &trained.origin(), from, run_dir, refused)?;
    let files: Vec<&str> = LINKED.into_iter().filter(|name| from.join(name).exists()).collect();
    finish(page::train(&trained, &pictures, &files)?, &pictures, from, run_dir)
}

fn pictures(
    figures: Vec<&'static Figure>,
    origin: &str,
    from: &Path,
    run_dir: &RunDir,
    refused: Refused,
) -> Result<Vec<Picture>> {
    figures.into_par_iter().map(|figure| picture(figure, origin, from, run_dir, refused)).collect()
}

fn finish(page: String, pictures: &[Picture], from: &Path, run_dir: &RunDir) -> Result<Drawn> {
    run_dir.write(PAGE, page.as_bytes())?;
    let (drawn, failed): (Vec<&Picture>, Vec<_>) = pictures.iter().partition(|picture| picture.svg.is_ok());
    let ids = |pictures: Vec<&Picture>| pictures.iter().map(|picture| picture.figure.id).collect();
    Ok(Drawn { page: from.join(PAGE), figures: ids(drawn), failed: ids(failed), kept: Vec::new() })
}

/// The table of a figure, and the file that holds it.
fn sheet(figure: &Figure, from: &Path) -> (String, Result<Sheet>) {
    if figure.table == figures::WEIGHTS {
        let data = format!("{}.npy", figure.table);
        let vectors = crate::data::file::vectors(&from.join(&data));
        let sheet = vectors.map(|(values, rows)| Sheet::of_vectors(&values, values.len() / rows.max(1)));
        return (data, sheet);
    }
    let data = format!("{}.csv", figure.table);
    let is_along = ["trajectory", "correlations", "neurons", "sharpness"].contains(&figure.table)
        && figure.claim == "train";
    let read = if is_along { Sheet::read_thinned } else { Sheet::read };
    let sheet = read(&from.join(&data), figure.columns);
    (data, sheet)
}

/// One figure: its files, and itself for the page.
fn picture(
    figure: &'static Figure,
    origin: &str,
    from: &Path,
    run_dir: &RunDir,
    refused: Refused,
) -> Result<Picture> {
    let (data, read) = sheet(figure, from);
    let sheet = match read.map_or_else(refused, |sheet| Ok(Ok(sheet)))? {
        Ok(sheet) => sheet,
        Err(flaw) => return Ok(Picture { figure, data, caption: String::new(), svg: Err(flaw) }),
    };
    let caption = format!("{} {origin}", (figure.caption)(&sheet));
    let drawing = match figure.drawing(&sheet) {
        Ok(drawing) => drawing,
        Err(flaw) => return Ok(Picture { figure, data, caption, svg: Err(flaw) }),
    };
    let [svg, png] = ["svg", "png"].map(|suffix| figure_file(figure, suffix));
    run_dir.write(&svg, figures::svg(&drawing, figure.id, Look::File).as_bytes())?;
    let refuse = |reason| Error::File { path: from.join(&png), reason };
    run_dir.write(&png, &figures::png(&drawing).map_err(refuse)?)?;
    Ok(Picture { figure, data, caption, svg: Ok(figures::svg(&drawing, figure.id, Look::Page)) })
}
