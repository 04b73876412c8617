//! The report on a terminal: a line a claim, what did not come out in full, and what to look at and to try next.

use std::path::Path;

use anstyle::{AnsiColor, Style};
use comfy_table::Table;
use textwrap::{Options, fill};

use super::tables::{margin, prediction};
use super::{ClaimReport, Report, chart};
use crate::claims::Kind;
use crate::text::{self, number};
use crate::verdict::{Check, Verdict};

/// Columns from which on the title of a claim stands in its line, and not below it.
const WIDE: usize = 160;
/// Indentation of what belongs to a line.
const INDENT: &str = "              ";

/// Columns of the terminal; none where output goes to a file or a pipe, and lines are as long as they are.
pub fn columns() -> Option<usize> {
    Table::new().width().map(usize::from)
}

/// The heading of a group of claims.
pub fn heading(kind: Kind) -> String {
    let bold = Style::new().bold();
    format!("\n{bold}{}{bold:#}", kind.heading())
}

/// The line of a claim: theorem, verdict, identifier, checks that came out as predicted, time, and what it says.
pub fn line(claim: &ClaimReport, columns: Option<usize>) -> String {
    let came = match claim.verdict {
        Some(_) => format!("{}/{}", claim.passed(), claim.checks.len()),
        None => claim.estimates.len().to_string(),
    };
    let verdict = coloured(claim.verdict);
    let line = format!("{:<13} {verdict} {:<19} {came:>5} {:>5.1}s", claim.theorem, claim.id, claim.seconds);
    match columns {
        Some(columns) if columns < WIDE => format!("{line}\n{}", faint(&below(claim.title, columns))),
        _ => format!("{line}  {}", claim.title),
    }
}

/// Text below a line, indented and wrapped.
fn below(text: &str, columns: usize) -> String {
    fill(text, Options::new(columns.max(40)).initial_indent(INDENT).subsequent_indent(INDENT))
}

fn faint(text: &str) -> String {
    let dimmed = Style::new().dimmed();
    format!("{dimmed}{text}{dimmed:#}")
}

/// The verdict, padded, in its colour; the stream it is printed to strips colours where unwanted.
fn coloured(verdict: Option<Verdict>) -> String {
    let (colour, name) = match verdict {
        Some(verdict @ Verdict::Reproduced) => (AnsiColor::Green, verdict.name()),
        Some(verdict @ Verdict::Refuted) => (AnsiColor::Red, verdict.name()),
        Some(verdict @ Verdict::Inconclusive) => (AnsiColor::Yellow, verdict.name()),
        None => (AnsiColor::Cyan, "explored"),
    };
    let style = Style::new().bold().fg_color(Some(colour.into()));
    format!("{style}{name:<12}{style:#}")
}

/// The checks that did not come out as predicted, or could not tell, in full; empty if there are none.
pub fn failures(report: &Report, columns: Option<usize>) -> String {
    let mut text = String::new();
    for claim in report.claims.iter().filter(|claim| claim.verdict != Some(Verdict::Reproduced)) {
        let open = claim.checks.iter().filter(|check| check.ok != Some(true)).collect::<Vec<_>>();
        let verdict = claim.verdict.map_or("", Verdict::name);
        text.push_str(&format!("\n{} is {verdict}: {} of its checks\n", claim.id, open.len()));
        let width = columns.unwrap_or(118).max(40);
        let indented = |text: &str, first: &'static str, rest: &'static str| {
            fill(text, Options::new(width).initial_indent(first).subsequent_indent(rest)) + "\n"
        };
        for check in open {
            text.push_str(&indented(&failure(check), "  - ", "    "));
            text.push_str(&indented(&check.criterion, "    ", "    "));
        }
        for note in &claim.notes {
            text.push_str(&indented(note, "  ", "  "));
        }
    }
    text
}

/// A check that failed or is open, in one sentence.
fn failure(check: &Check) -> String {
    let Check { name, measured, tolerance_or_interval, n, .. } = check;
    let came = if check.ok.is_none() { "undecided" } else { "NO" };
    let control = if check.control { "control, " } else { "" };
    format!(
        "{came}: {control}{name}: predicted {}, measured {}, {} ({n} runs)",
        prediction(check),
        number(*measured),
        margin(tolerance_or_interval)
    )
}

/// How many claims came out, in how long, and with which settings.
pub fn closing(report: &Report) -> String {
    let reproduced = report.claims.iter().filter(|claim| claim.verdict == Some(Verdict::Reproduced)).count();
    let (interrupted, of) = if report.interrupted { ("interrupted: ", "finished ") } else { ("", "") };
    let claims = format!("{reproduced} of {} {of}claims reproduced", report.claims.len());
    let explorations = format!("{} {of}explored", report.explorations.len());
    let came = match (report.claims.len(), report.explorations.len()) {
        (0, 1..) => explorations,
        (_, 0) => claims,
        _ => format!("{claims}, {explorations}"),
    };
    let Report { seconds, backend, precision, seed, effort, .. } = report;
    format!("{interrupted}{came} in {seconds:.1} s ({backend} {precision}, seed {seed}, effort {effort})")
}

/// What to look at, with the command that opens it, and one thing to try next.
pub fn next(report: &Report, directory: &Path) -> String {
    let page = directory.join("report.html");
    let page = text::path(&page);
    let (command, why) = suggestion(report);
    format!("the page   {OPEN} {page}\ntry next   {command}\n           {why}")
}

/// The program that opens a page in a browser.
const OPEN: &str = if cfg!(target_os = "macos") {
    "open"
} else if cfg!(windows) {
    "start"
} else {
    "xdg-open"
};

/// A command that goes on from this report, and what it shows.
fn suggestion(report: &Report) -> (String, &'static str) {
    let failed = report.claims.iter().find(|claim| claim.verdict != Some(Verdict::Reproduced));
    if let Some(claim) = failed {
        return (
            format!("{} --effort full", claim.program),
            "the same claim with more runs, and every check",
        );
    }
    let bent = report.claims.len() == 1 && report.claims[0].id == "gd_limit";
    if report.claims.is_empty() || bent {
        let train = "cargo run --release --bin train -- --samples 8 --batch 1";
        return (train.into(), "one training run of your own, with its own page");
    }
    let gd = "cargo run --release --bin gd_limit -- --samples 4 --step-size 2.3";
    (gd.into(), "at this step size no run converges, and the claim is refuted")
}

/// The correlations in which GD and SGD end, side by side, if a claim has them.
pub fn picture(report: &Report, columns: usize) -> Option<String> {
    let table =
        report.entries().flat_map(|entry| &entry.tables).find(|table| table.name == "correlations")?;
    let column = |name: &str| table.header.iter().position(|column| *column == name);
    let (algorithm, batch) = (column("algorithm")?, column("batch")?);
    let (step, correlation) = (column("step")?, column("correlation")?);
    let ends = |name: &str| {
        let rows: Vec<_> = table.rows.iter().filter(|row| row[algorithm] == name).collect();
        let last = &rows.last()?[step];
        let at_end = rows.iter().filter(|row| row[step] == *last);
        let values = at_end.map(|row| row[correlation].parse().ok()).collect::<Option<Vec<f64>>>()?;
        Some((rows[0][batch].as_str(), values))
    };
    let ((m, mixed), (b, pure)) = (ends("GD")?, ends("SGD")?);
    let titles = [format!("GD, b = {m}: a mixture"), format!("SGD, b = {b}: one datapoint")];
    let title = "correlations with the samples, after training from one start";
    Some(format!("{title}\n{}", chart::side_by_side([&titles[0], &titles[1]], [&mixed, &pure], columns)))
}
