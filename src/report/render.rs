//! From the files of a run to its page and figures: nothing is trained, nothing else is read.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use rayon::prelude::*;
use serde::Serialize;

use super::figures::{self, Figure, Look, Sheet};
use super::page;
use super::saved::Saved;
use crate::error::{Error, Result, io_at};

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
}

/// A figure on the page.
pub(super) struct Plate {
    pub figure: &'static Figure,
    pub caption: String,
    /// The figure as an element of the page, or why there is none.
    pub svg: std::result::Result<String, String>,
}

/// Draws a run directory anew: first beside, then in place of the page and figures that are there.
///
/// # Errors
/// [`Error::Io`], [`Error::File`] if there is no report, or one that this version cannot read.
pub fn again(directory: &Path) -> Result<Drawn> {
    let saved = Saved::read(directory)?;
    let staging = directory.join(format!(".render.{}.partial", std::process::id()));
    let drawn = draw(&saved, directory, &staging).and_then(|drawn| {
        let there = directory.join(FIGURES);
        if there.exists() {
            fs::remove_dir_all(&there).map_err(io_at(&there))?;
        }
        for name in [FIGURES, PAGE] {
            fs::rename(staging.join(name), directory.join(name)).map_err(io_at(directory))?;
        }
        Ok(Drawn { page: directory.join(PAGE), ..drawn })
    });
    // Empty by now, or what is left of a failure.
    let _ = fs::remove_dir_all(&staging);
    drawn
}

/// Draws a run directory that is being written.
///
/// # Errors
/// [`Error::Io`], [`Error::File`].
pub fn into(directory: &Path) -> Result<Drawn> {
    draw(&Saved::read(directory)?, directory, directory)
}

/// Names of the tables that the report of a directory speaks of, and the folder of its figures if it holds nothing
/// else; none without a report.
pub fn files_of(directory: &Path) -> Vec<String> {
    let Ok(saved) = Saved::read(directory) else { return Vec::new() };
    let tables = saved.entries().flat_map(|entry| &entry.tables).map(|name| format!("{name}.csv"));
    tables.chain(holds_figures_only(&directory.join(FIGURES)).then(|| FIGURES.into())).collect()
}

fn holds_figures_only(folder: &Path) -> bool {
    let is_figure = |name: OsString| {
        let mut files =
            figures::ALL.iter().flat_map(|figure| ["svg", "png"].map(|end| format!("{}.{end}", figure.id)));
        files.any(|file| name == file.as_str())
    };
    fs::read_dir(folder)
        .is_ok_and(|mut listing| listing.all(|entry| entry.is_ok_and(|entry| is_figure(entry.file_name()))))
}

fn draw(saved: &Saved, from: &Path, to: &Path) -> Result<Drawn> {
    let folder = to.join(FIGURES);
    fs::create_dir_all(&folder).map_err(io_at(&folder))?;
    let wanted: Vec<&'static Figure> = saved
        .entries()
        .flat_map(|entry| {
            figures::of(&entry.id).filter(|figure| entry.tables.iter().any(|name| name == figure.table))
        })
        .collect();
    let plates = wanted.into_par_iter().map(|figure| plate(figure, saved, from, &folder));
    let plates: Vec<Plate> = plates.collect::<Result<_>>()?;
    let page = to.join(PAGE);
    fs::write(&page, page::html(saved, &plates)?).map_err(io_at(&page))?;
    let drawn = plates.iter().filter(|plate| plate.svg.is_ok()).map(|plate| plate.figure.id).collect();
    Ok(Drawn { page, figures: drawn })
}

/// One figure: its files, and itself for the page.
fn plate(figure: &'static Figure, saved: &Saved, from: &Path, folder: &Path) -> Result<Plate> {
    let sheet = Sheet::read(&from.join(format!("{}.csv", figure.table)), figure.columns)?;
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
        Err(flaw) => return Ok(Plate { figure, caption, svg: Err(flaw) }),
    };
    let write = |suffix: &str, bytes: &[u8]| {
        let path = folder.join(format!("{}.{suffix}", figure.id));
        fs::write(&path, bytes).map_err(io_at(&path))
    };
    write("svg", figures::svg(&drawing, figure.id, Look::File).as_bytes())?;
    let refuse = |reason| Error::File { path: folder.join(format!("{}.png", figure.id)), reason };
    write("png", &figures::png(&drawing).map_err(refuse)?)?;
    Ok(Plate { figure, caption, svg: Ok(figures::svg(&drawing, figure.id, Look::Page)) })
}
