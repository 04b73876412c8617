//! From the files of a run to its page and figures: nothing is trained, nothing else is read.

use std::fs;
use std::path::{Path, PathBuf};

use rayon::prelude::*;
use serde::Serialize;

use super::Report;
use super::page::{self, Picture, SweepPage};
use super::run;
use super::saved::Trained;
use crate::error::{Error, Result, io_at};
use crate::persist::RunDir;
use crate::plot::{self, Figure, Look, Sheet, Shown};
use crate::study::Study;

/// What a figure of a `train` run is about.
const TRAIN: &str = "train";
/// What a figure of a study is about.
const STUDY: &str = "sweep";
/// Folder of the figures in a run directory.
const FIGURES: &str = "figures";
/// The page.
pub(crate) const PAGE: &str = "report.html";
/// The explorable page, beside a report that opens with the picture of what it shows.
const EXPLORER: &str = "explorer.html";
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
    pub figures: Vec<String>,
    /// Those that cannot be drawn.
    pub failed: Vec<String>,
    /// Why, one each.
    #[serde(skip)]
    pub reasons: Vec<String>,
    /// What the directory holds besides the files of the run.
    pub kept: Vec<PathBuf>,
}

/// Draws the page and the figures of a finished run anew: the other files are copied beside it, and the copy takes its place.
///
/// # Errors
/// [`Error::Io`], [`Error::File`] if there is no report, or one that this version cannot read; [`Error::Busy`] if a run is being written
/// there; a directory that is no run, or of which a page or figure was changed.
pub fn again(directory: &Path, known: &[&'static Study]) -> Result<Drawn> {
    check_known(directory, known)?;
    redrawn(directory, |run_dir| draw(directory, run_dir, known, Err))
}

/// Draws the page and the figures of a finished run anew, by `draw`.
///
/// # Errors
/// As [`again`].
pub(crate) fn redrawn(directory: &Path, draw: impl FnOnce(&RunDir) -> Result<Drawn>) -> Result<Drawn> {
    fs::metadata(directory).map_err(io_at(directory))?;
    let mut run_dir = RunDir::claim(Some(directory), "render")?;
    run_dir.take_over(|name| [PAGE, EXPLORER].contains(&name) || is_figure(name))?;
    let drawn = draw(&run_dir)?;
    let kept = run_dir.commit()?.kept;
    Ok(Drawn { page: directory.join(PAGE), kept, ..drawn })
}

/// Draws a run directory that is being written; `known` are the studies whose figures can be drawn.
///
/// # Errors
/// [`Error::Io`], [`Error::File`].
pub(crate) fn into(run_dir: &RunDir, known: &[&'static Study]) -> Result<Drawn> {
    draw(run_dir.staging()?, run_dir, known, |refusal| Ok(Err(without_path(refusal))))
}

/// Draws the page and the figures of a study from its files at `from`; `page` is what the page says besides.
///
/// # Errors
/// [`Error::Io`], [`Error::File`].
pub(crate) fn study(
    from: &Path,
    run_dir: &RunDir,
    figures: &[Box<dyn Figure>],
    page: &SweepPage,
) -> Result<Drawn> {
    let wanted = figures.iter().map(|figure| (STUDY, figure.as_ref())).collect();
    let pictures = pictures(wanted, "", from, run_dir, |refusal| Ok(Err(without_path(refusal))))?;
    finish(page.html(&pictures)?, &pictures, from, run_dir)
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
    let file = name.strip_prefix(FIGURES).and_then(|name| name.strip_prefix('/'));
    file.is_some_and(|file| file.ends_with(".svg") || file.ends_with(".png"))
}

/// Refuses to draw a report again of which only another program knows the figures: they would be lost.
fn check_known(directory: &Path, known: &[&'static Study]) -> Result<()> {
    if Trained::is_at(directory) || !directory.join(FIGURES).exists() {
        return Ok(());
    }
    let report = Report::read(directory)?;
    let mut entries = report.entries().map(|entry| &entry.id);
    match entries.find(|id| known.iter().all(|study| study.id != **id)) {
        Some(id) => {
            let reason = format!("only the program that examined `{id}` can draw its figures again");
            Err(Error::File { path: directory.join("report.json"), reason })
        }
        None => Ok(()),
    }
}

fn figure_file(figure: &dyn Figure, suffix: &str) -> String {
    format!("{FIGURES}/{}.{suffix}", figure.id())
}

/// What becomes of a table that no figure can be drawn from: a finding is not lost over it, a request is refused.
type Refused = fn(Error) -> Result<std::result::Result<Sheet, String>>;

/// Draws the files of a run at `from` into a run directory.
fn draw(from: &Path, run_dir: &RunDir, known: &[&'static Study], refused: Refused) -> Result<Drawn> {
    if Trained::is_at(from) {
        return draw_training(from, run_dir, refused);
    }
    let saved = Report::read(from)?;
    let wanted = saved.entries().flat_map(|entry| {
        let figures = known.iter().filter(|study| study.id == entry.id).flat_map(|study| study.figures);
        let drawn = figures.filter(|figure| entry.tables.iter().any(|name| name == figure.table()));
        drawn.map(|figure| (entry.id.as_str(), *figure))
    });
    let Report { seed, effort, backend, precision, .. } = &saved;
    let origin = format!("Seed {seed}, effort {effort}, backend {backend} {precision}.");
    let pictures = pictures(wanted.collect(), &origin, from, run_dir, refused)?;
    if page::lead(&saved, &pictures).is_some() {
        run_dir.write(EXPLORER, include_bytes!("../../docs/explorer.html"))?;
    }
    finish(page::claims(&saved, &pictures)?, &pictures, from, run_dir)
}

fn draw_training(from: &Path, run_dir: &RunDir, refused: Refused) -> Result<Drawn> {
    let trained = Trained::read(from)?;
    let shown = run::ALL.into_iter().filter(|figure| trained.shows(figure.id(), from));
    let wanted = shown.map(|figure| (TRAIN, figure)).collect();
    let pictures = pictures(wanted, &trained.origin(), from, run_dir, refused)?;
    let files: Vec<&str> = LINKED.into_iter().filter(|name| from.join(name).exists()).collect();
    finish(page::train(&trained, &pictures, &files)?, &pictures, from, run_dir)
}

fn pictures<'a>(
    figures: Vec<(&str, &'a dyn Figure)>,
    origin: &str,
    from: &Path,
    run_dir: &RunDir,
    refused: Refused,
) -> Result<Vec<Picture<'a>>> {
    figures.into_par_iter().map(|figure| picture(figure, origin, from, run_dir, refused)).collect()
}

fn finish(page: String, pictures: &[Picture], from: &Path, run_dir: &RunDir) -> Result<Drawn> {
    run_dir.write(PAGE, page.as_bytes())?;
    let (drawn, failed): (Vec<&Picture>, Vec<_>) = pictures.iter().partition(|picture| picture.svg.is_ok());
    let reason = |Picture { data, svg, .. }: &&Picture| {
        let flaw = svg.as_ref().err()?;
        Some(if flaw.starts_with(data) { flaw.clone() } else { format!("{data}: {flaw}") })
    };
    let reasons = failed.iter().filter_map(reason).collect();
    let ids = |pictures: Vec<&Picture>| pictures.iter().map(|picture| picture.figure.id().into()).collect();
    let (figures, failed) = (ids(drawn), ids(failed));
    Ok(Drawn { page: from.join(PAGE), figures, failed, reasons, kept: Vec::new() })
}

/// The table of a figure, and the file that holds it.
fn sheet(study: &str, figure: &dyn Figure, from: &Path) -> (String, Result<Sheet>) {
    let of_run = study == TRAIN;
    if of_run && figure.table() == run::WEIGHTS {
        let data = format!("{}.npy", figure.table());
        let vectors = crate::data::file::vectors(&from.join(&data));
        let sheet = vectors.map(|(values, rows)| Sheet::of_vectors(&values, values.len() / rows.max(1)));
        return (data, sheet);
    }
    let data = format!("{}.csv", figure.table());
    let is_along = of_run && figure.table() != "replicas";
    let read = if is_along { Sheet::read_thinned } else { Sheet::read };
    let sheet = read(&from.join(&data), figure.columns());
    (data, sheet)
}

/// One figure: its files, and itself for the page.
fn picture<'a>(
    (study, figure): (&str, &'a dyn Figure),
    origin: &str,
    from: &Path,
    run_dir: &RunDir,
    refused: Refused,
) -> Result<Picture<'a>> {
    let (data, read) = sheet(study, figure, from);
    let sheet = match read.map_or_else(refused, |sheet| Ok(Ok(sheet)))? {
        Ok(sheet) => sheet,
        Err(flaw) => {
            return Ok(Picture { study: study.into(), figure, data, caption: String::new(), svg: Err(flaw) });
        }
    };
    let Shown { drawing, caption } = match figure.show(&sheet) {
        Ok(shown) => shown,
        Err(flaw) => {
            return Ok(Picture { study: study.into(), figure, data, caption: String::new(), svg: Err(flaw) });
        }
    };
    let caption = format!("{caption} {origin}").trim_end().to_string();
    let [svg, png] = ["svg", "png"].map(|suffix| figure_file(figure, suffix));
    run_dir.write(&svg, plot::svg(&drawing, figure.id(), Look::File).as_bytes())?;
    let refuse = |reason| Error::File { path: from.join(&png), reason };
    run_dir.write(&png, &plot::png(&drawing).map_err(refuse)?)?;
    Ok(Picture {
        study: study.into(),
        figure,
        data,
        caption,
        svg: Ok(plot::svg(&drawing, figure.id(), Look::Page)),
    })
}
