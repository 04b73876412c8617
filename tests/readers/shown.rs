//! Files of finished runs, from which pages and figures are drawn again, `--render`.

use puremix::catalogue;
use puremix::fuzzed;

use super::{Bound, parts, refused, scratch, split, write};

/// A JSON value takes seventy bytes for two, thrice that while a vector grows, and the page repeats each text some times, escaped to six bytes a
/// character; a page without any, its templates, and the tables of a terminal.
const BOUND: Bound = Bound { per_byte: 2000, besides: 32 << 20 };

/// No page holds what a browser would run, or a character that directs how others are shown.
fn harmless(page: &str) {
    assert!(!page.contains("<script"), "{page}");
}

pub fn report(bytes: &[u8]) {
    let directory = scratch();
    write(&directory.path().join("report.json"), bytes);
    match BOUND.hold(bytes.len(), || fuzzed::report_page(directory.path())) {
        Ok(page) => harmless(page.split("</html>").next().unwrap_or_default()),
        Err(error) => refused(error),
    }
}

pub fn run_page(bytes: &[u8]) {
    let [config, summary] = parts(bytes);
    let directory = scratch();
    write(&directory.path().join("config.json"), config);
    write(&directory.path().join("summary.json"), summary);
    match BOUND.hold(bytes.len(), || fuzzed::run_page(directory.path())) {
        Ok(page) => harmless(page.split("</html>").next().unwrap_or_default()),
        Err(error) => refused(error),
    }
}

pub fn study_page(bytes: &[u8]) {
    let [study, job, summary, comparisons] = parts(bytes);
    let directory = scratch();
    let files = [("study.toml", study), ("sweep.json", job), ("summary.csv", summary)];
    for (name, text) in
        files.into_iter().chain((!comparisons.is_empty()).then_some(("comparisons.csv", comparisons)))
    {
        write(&directory.path().join(name), text);
    }
    match BOUND.hold(bytes.len(), || fuzzed::study_page(directory.path())) {
        Ok(page) => harmless(&page),
        Err(error) => refused(error),
    }
}

/// A table, and every figure that can be drawn from it: of a claim, of an exploration or of a run.
pub fn table(bytes: &[u8]) {
    let (_, text) = split(bytes);
    let of_studies = catalogue::ALL.iter().flat_map(|study| study.figures).copied();
    let figures = of_studies
        .map(|figure| (figure, false))
        .chain(fuzzed::run_figures().into_iter().map(|figure| (figure, figure.table() != "replicas")));
    let directory = scratch();
    let path = directory.path().join("table.csv");
    write(&path, text);
    for (figure, is_along) in figures {
        match BOUND.hold(text.len(), || fuzzed::drawn(figure, &path, is_along)) {
            Ok(drawn) => harmless(&drawn),
            Err(reason) => assert!(!reason.is_empty()),
        }
    }
}
