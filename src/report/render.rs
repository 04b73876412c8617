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
    redrawn(directory, |run_dir| Renderer { from: directory, run_dir, refused: Err }.draw(known))
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
    Renderer { from: run_dir.staging()?, run_dir, refused: noted }.draw(known)
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
    Renderer { from, run_dir, refused: noted }.draw_all(wanted, "", |pictures| page.html(pictures))
}

/// What becomes of a table that no figure can be drawn from: a finding is not lost over it, a request is refused.
type Refused = fn(Error) -> Result<std::result::Result<Sheet, String>>;

/// What is wrong with a table, without the place where the run is being written.
fn noted(refusal: Error) -> Result<std::result::Result<Sheet, String>> {
    Ok(Err(match refusal {
        Error::File { path, reason } => {
            let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
            format!("{}: {reason}", name.unwrap_or_default())
        }
        other => other.to_string(),
    }))
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

/// Draws the files of a run at `from` into a run directory.
struct Renderer<'a> {
    from: &'a Path,
    run_dir: &'a RunDir,
    refused: Refused,
}

impl Renderer<'_> {
    fn draw(&self, known: &[&'static Study]) -> Result<Drawn> {
        if Trained::is_at(self.from) {
            return self.draw_training();
        }
        let saved = Report::read(self.from)?;
        let wanted = saved.entries().flat_map(|entry| {
            let figures = known.iter().filter(|study| study.id == entry.id).flat_map(|study| study.figures);
            let drawn = figures.filter(|figure| entry.tables.iter().any(|name| name == figure.table()));
            drawn.map(|figure| (entry.id.as_str(), *figure))
        });
        let Report { seed, effort, backend, precision, .. } = &saved;
        let origin = format!("Seed {seed}, effort {effort}, backend {backend} {precision}.");
        self.draw_all(wanted.collect(), &origin, |pictures| {
            if page::lead(&saved, pictures).is_some() {
                self.run_dir.write(EXPLORER, include_bytes!("../../docs/explorer.html"))?;
            }
            page::claims(&saved, pictures)
        })
    }

    fn draw_training(&self) -> Result<Drawn> {
        let trained = Trained::read(self.from)?;
        let shown = run::ALL.into_iter().filter(|figure| trained.shows(figure.id(), self.from));
        let wanted = shown.map(|figure| (TRAIN, figure)).collect();
        let files: Vec<&str> = LINKED.into_iter().filter(|name| self.from.join(name).exists()).collect();
        self.draw_all(wanted, &trained.origin(), |pictures| page::train(&trained, pictures, &files))
    }

    /// Draws figures, each of them of a study, and then the page that shows them.
    fn draw_all(
        &self,
        figures: Vec<(&str, &dyn Figure)>,
        origin: &str,
        page: impl FnOnce(&[Picture]) -> Result<String>,
    ) -> Result<Drawn> {
        let pictures = figures.into_par_iter().map(|(study, figure)| self.picture(study, figure, origin));
        let pictures = pictures.collect::<Result<Vec<Picture>>>()?;
        self.run_dir.write(PAGE, page(&pictures)?.as_bytes())?;
        let (drawn, failed): (Vec<&Picture>, Vec<_>) =
            pictures.iter().partition(|picture| picture.svg.is_ok());
        let reason = |Picture { data, svg, .. }: &&Picture| {
            let flaw = svg.as_ref().err()?;
            Some(if flaw.starts_with(data) { flaw.clone() } else { format!("{data}: {flaw}") })
        };
        let reasons = failed.iter().filter_map(reason).collect();
        let ids =
            |pictures: Vec<&Picture>| pictures.iter().map(|picture| picture.figure.id().into()).collect();
        let (figures, failed) = (ids(drawn), ids(failed));
        Ok(Drawn { page: self.from.join(PAGE), figures, failed, reasons, kept: Vec::new() })
    }

    /// One figure: its files, and itself for the page.
    fn picture<'f>(&self, study: &str, figure: &'f dyn Figure, origin: &str) -> Result<Picture<'f>> {
        let (data, read) = sheet(study, figure, self.from);
        let read = read.map_or_else(self.refused, |sheet| Ok(Ok(sheet)))?;
        let (caption, svg) = match read.and_then(|sheet| figure.show(&sheet)) {
            Ok(Shown { drawing, caption }) => {
                let [svg, png] = ["svg", "png"].map(|suffix| format!("{FIGURES}/{}.{suffix}", figure.id()));
                self.run_dir.write(&svg, plot::svg(&drawing, figure.id(), Look::File).as_bytes())?;
                let refuse = |reason| Error::File { path: self.from.join(&png), reason };
                self.run_dir.write(&png, &plot::png(&drawing).map_err(refuse)?)?;
                let caption = format!("{caption} {origin}").trim_end().to_string();
                (caption, Ok(plot::svg(&drawing, figure.id(), Look::Page)))
            }
            Err(flaw) => (String::new(), Err(flaw)),
        };
        Ok(Picture { study: study.into(), figure, data, caption, svg })
    }
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
