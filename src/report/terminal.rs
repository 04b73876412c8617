//! The report on a terminal: a line a claim, what did not come out in full, and what to look at and to try next.

use std::path::Path;

use anstyle::{AnsiColor, Style};
use comfy_table::Table;
use serde::{Deserialize, Serialize};
use textwrap::{Options, fill};

use super::tables::sentence;
use super::{ClaimReport, Report, chart};
use crate::study::{self, Kind, Row};
use crate::text;
use crate::verdict::Verdict;

/// Columns from which on the title of a claim stands in its line, and not below it.
const WIDE: usize = 160;
/// Width of text that goes to a file or a pipe.
pub const PLAIN_WIDTH: usize = 118;
/// Indentation of what belongs to a line.
const INDENT: &str = "              ";

/// Columns of the terminal; none where output goes to a file or a pipe, and lines are as long as they are.
pub fn columns() -> Option<usize> {
    Table::new().width().map(usize::from)
}

/// The heading of a group of claims.
pub fn heading(kind: Kind) -> String {
    let bold = Style::new().bold();
    format!("{bold}{}{bold:#}", kind.heading())
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
        Some(columns) if columns < WIDE => format!("{line}\n{}", faint(&below(&claim.title, columns))),
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
    for claim in report.failed() {
        let open = claim.checks.iter().filter(|check| check.ok != Some(true)).collect::<Vec<_>>();
        let verdict = claim.verdict.map_or("", Verdict::name);
        text.push_str(&format!("\n{} is {verdict}: {} of its checks\n", claim.id, open.len()));
        let width = columns.unwrap_or(PLAIN_WIDTH).max(40);
        let indented = |text: &str, first: &'static str, rest: &'static str| {
            fill(text, Options::new(width).initial_indent(first).subsequent_indent(rest)) + "\n"
        };
        for check in open {
            text.push_str(&indented(&sentence(check), "  ", "      "));
            text.push_str(&indented(&check.criterion, "      ", "      "));
        }
    }
    text
}

/// How many claims came out, in how long, and with which settings.
pub fn closing(report: &Report) -> String {
    let reproduced = report.claims.len() - report.failed().count();
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

/// What to look at, with the command that opens the page if there is one, and what to do next.
pub fn next(report: &Report, directory: &Path, has_page: bool) -> String {
    let place = if has_page {
        page(&text::path(&directory.join("report.html")).to_string())
    } else {
        format!("results    {}", text::path(directory))
    };
    if report.interrupted {
        let out = text::path(directory).to_string();
        return format!("{place}\ngo on      the same command with --out {} --resume", text::quoted(&out));
    }
    if !has_page {
        return place;
    }
    let (command, why) = suggestion(report);
    format!("{place}\ntry next   {command}\n           {why}")
}

/// A line of a label and a value, on a terminal that is too narrow for it wrapped below the value.
pub fn labelled(line: &str) -> String {
    match columns() {
        Some(columns) if line.chars().count() > columns && !line.contains('\n') => {
            let below =
                Options::new(columns.max(40)).subsequent_indent("                       ").break_words(false);
            fill(line, below)
        }
        _ => line.into(),
    }
}

/// The command that opens a page.
pub fn page(path: &str) -> String {
    format!("the page   {OPEN} {}", text::quoted(path))
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
    let with_another_seed = |claim: &ClaimReport| {
        let [given, other] = [report.seed, report.seed.wrapping_add(1)].map(|seed| format!("--seed {seed}"));
        (claim.command.replacen(&given, &other, 1), "the same with another seed")
    };
    if let Some(claim) = report.failed().next() {
        let [given, full] = [report.effort.as_str(), "full"].map(|effort| format!("--effort {effort}"));
        if given != full {
            return (claim.command.replacen(&given, &full, 1), "the same with more runs");
        }
        return with_another_seed(claim);
    }
    // A claim from outside this crate has a program of its own, beside which there is no other.
    let mut entries = report.entries();
    if let (Some(claim), None) = (entries.next(), entries.next())
        && (report.program)(&claim.id) == claim.id
    {
        return with_another_seed(claim);
    }
    let bent = report.claims.len() == 1 && report.claims[0].id == "gd_limit";
    if report.claims.is_empty() || bent {
        let train = format!("{} --samples 8 --batch 1", (report.program)("train"));
        return (train, "one training run of your own, with its own page");
    }
    let gd = format!("{} --effort quick --samples 4 --step-size 2.3", (report.program)("gd_limit"));
    (gd, "at this step size no run converges, and gd_limit is refuted")
}

/// The correlations in which GD and SGD end, side by side, if a claim has them.
pub fn picture(report: &Report, tables: &[study::Table], columns: usize) -> Option<String> {
    let table = tables.iter().find(|table| table.name == Seen::TABLE)?;
    let rows: Vec<Seen> = table.rows().ok()?;
    let ends = |name: &str| {
        let rows: Vec<_> = rows.iter().filter(|row| row.algorithm == name).collect();
        let last = rows.last()?;
        let at_end = rows.iter().filter(|row| row.step == last.step);
        Some((last.batch, at_end.map(|row| row.correlation).collect::<Vec<f64>>()))
    };
    let ((m, mixed), (b, pure)) = (ends("GD")?, ends("SGD")?);
    // Minima have correlations of at most 1; far beyond them there is nothing to show.
    let diverged = mixed.iter().chain(&pure).any(|c| c.abs().is_nan() || c.abs() > 10.0);
    if diverged {
        return None;
    }
    let [mixture, datapoint] =
        if report.all_reproduced() { [": a mixture", ": one datapoint"] } else { ["", ""] };
    let titles = [format!("GD, b = {m}{mixture}"), format!("SGD, b = {b}{datapoint}")];
    let title = "correlations with the samples, after training from one start";
    Some(format!("{title}\n{}", chart::side_by_side([&titles[0], &titles[1]], [&mixed, &pure], columns)))
}

/// What the picture shows of the table of correlations.
#[derive(Serialize, Deserialize)]
struct Seen {
    algorithm: String,
    batch: usize,
    step: u64,
    correlation: f64,
}

impl Row for Seen {
    const TABLE: &'static str = "correlations";
}

#[cfg(test)]
mod tests {
    use super::super::{Examined, tables};
    use super::*;
    use crate::device::Compute;
    use crate::study::{Context, Effort, Findings, Kind, Study, Table as Rows};
    use crate::verdict::Register;

    const STUDY: Study = Study {
        id: "gd_limit",
        kind: Kind::Paper,
        joins: Effort::Quick,
        number: 1,
        level: 0.0,
        title: "full-batch GD ends in the mixture of all datapoints",
        theorem: "Theorem 1",
        source: "a paper",
        statement: "It does.",
        formula: "w",
        figures: &[],
        protocol: |_, _| Ok(Box::new(|_| Ok(Findings::default()))),
    };

    /// The ends of a run of GD and one of SGD.
    fn portrait(of_sgd: [f64; 3]) -> Rows {
        let ways = [("GD", 3, [0.6, 0.5, -0.6]), ("SGD", 1, of_sgd)];
        let rows = ways.into_iter().flat_map(|(algorithm, batch, ends)| {
            let seen =
                move |step, correlation| Seen { algorithm: algorithm.into(), batch, step, correlation };
            ends.map(|_| seen(0, 0.1)).into_iter().chain(ends.map(|end| seen(9, end)))
        });
        Rows::of(rows)
    }

    /// A report on one claim whose two checks come out so.
    fn report(measured: [f64; 2]) -> Report {
        let context = Context {
            effort: Effort::Quick,
            seed: 3,
            compute: Compute::default(),
            progress: indicatif::ProgressBar::hidden(),
        };
        let mut register = Register::default();
        let mut check = |name: &str, x| register.expect(name, 0.5, "two words").within(1e-3).measured(x, 17);
        let checks = vec![check("the first", measured[0]), check("the second", measured[1])];
        let findings = Findings { checks, notes: vec!["a note".into()], ..Findings::default() };
        let examined = Examined::new(&STUDY, findings, 0.5).entry;
        let program = |id: &str| format!("program {id}");
        Report::new(
            &context,
            program,
            serde_json::json!({"samples": 4, "dim": null}),
            vec![examined],
            false,
            1.25,
        )
    }

    fn plain(text: &str) -> String {
        anstream::adapter::strip_str(text).to_string()
    }

    #[test]
    fn the_line_of_a_claim_fits_and_begins_with_its_theorem() {
        let report = report([0.5, 0.5]);
        for columns in [60, 80, 120, 159] {
            let line = plain(&line(&report.claims[0], Some(columns)));
            assert!(line.lines().all(|line| line.chars().count() <= columns), "{columns}: {line}");
            assert!(line.starts_with("Theorem 1     reproduced   gd_limit              2/2 "), "{line}");
            assert_eq!(
                line.split_once('\n').unwrap().1.split_whitespace().collect::<Vec<_>>().join(" "),
                report.claims[0].title
            );
        }
        // Where there is room, and in a file, all of it is one line.
        for columns in [Some(200), None] {
            let line = plain(&line(&report.claims[0], columns));
            assert!(line.ends_with(&report.claims[0].title) && !line.contains('\n'), "{line}");
        }
    }

    #[test]
    fn what_failed_is_shown_in_full_and_what_did_not_is_not() {
        assert_eq!(failures(&report([0.5, 0.5005]), Some(80)), "");
        let report = report([0.5, 0.75]);
        let text = failures(&report, Some(60));
        assert!(
            text.contains("gd_limit is refuted: 1 of its checks") && !text.contains("the first"),
            "{text}"
        );
        let flat = text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(flat.contains("NO the second: predicted 0.5, measured 0.75, ± 0.001 (17 runs)"), "{flat}");
        assert!(flat.contains("two words") && text.lines().all(|line| line.chars().count() <= 60), "{text}");
        let notes = tables::notes(report.claims.iter(), 60);
        assert_eq!(notes, "\ngd_limit\n  - a note\n");
        assert!(closing(&report).starts_with("0 of 1 claims reproduced in 1.2 s ("), "{}", closing(&report));
        let shown = next(&report, Path::new("runs/x"), true);
        assert!(
            shown.contains("runs/x/report.html")
                && shown.contains("program gd_limit --effort full --seed 3 ")
                && shown.contains(" --samples 4\n"),
            "{shown}"
        );
    }

    #[test]
    fn a_report_that_was_broken_off_says_how_to_go_on_with_a_page_or_without() {
        let directory = Path::new("runs/x y");
        let report = report([0.5, 0.5]);
        assert_eq!(next(&report, directory, false), "results    runs/x y");
        let report = Report { interrupted: true, ..report };
        let go_on = "\ngo on      the same command with --out 'runs/x y' --resume";
        assert_eq!(next(&report, directory, false), format!("results    runs/x y{go_on}"));
        let page = next(&report, directory, true);
        assert!(page.starts_with("the page   ") && page.ends_with(go_on), "{page}");
    }

    #[test]
    fn the_command_repeats_what_was_asked() {
        let report = report([0.5, 0.5]);
        let expected = "program gd_limit --effort quick --seed 3 --backend ";
        assert!(report.claims[0].command.starts_with(expected), "{}", report.claims[0].command);
        assert!(report.claims[0].command.ends_with(" --samples 4"), "{}", report.claims[0].command);
    }

    #[test]
    fn the_picture_shows_the_ends_of_both_runs() {
        let picture = |measured, of_sgd| picture(&report([0.5, measured]), &[portrait(of_sgd)], 60);
        let text = picture(0.5, [0.0, 1.0, -1e-17]).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        assert!(
            lines[1].contains("GD, b = 3: a mixture") && lines[1].contains("SGD, b = 1: one datapoint"),
            "{text}"
        );
        assert!(lines[2].contains(" 0.60 ") && lines[2].ends_with(" 0.00"), "{text}");
        assert!(lines[3].contains(" 0.50 ") && lines[3].ends_with(" 1.00"), "{text}");
        assert!(lines[4].contains("-0.60 ") && lines[4].ends_with(" 0.00"), "{text}");
        // Of a report that refutes it does not say what it should show; and of a run that diverged there is none.
        let text = picture(0.75, [0.3, 0.4, 0.5]).unwrap();
        assert!(
            text.contains("GD, b = 3 ") && !text.contains("mixture") && !text.contains("datapoint"),
            "{text}"
        );
        assert_eq!(picture(0.75, [0.3, -1206.9, 0.5]), None);
        assert_eq!(picture(0.75, [0.3, f64::NAN, 0.5]), None);
    }
}
