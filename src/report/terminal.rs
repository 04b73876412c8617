//! The report on a terminal: a line a claim, then the table of all checks.

use std::path::Path;

use comfy_table::presets::UTF8_FULL_CONDENSED;
use comfy_table::{Cell, CellAlignment, ContentArrangement, Table};

use super::{ClaimReport, Report};
use crate::text;
use crate::verdict::{Check, Margin, Relation, Verdict};

/// Width of the table when the output is not a terminal.
const PLAIN_WIDTH: u16 = 118;

/// The line printed as a claim finishes.
pub fn claim_line(claim: &ClaimReport) -> String {
    let passed = claim.checks.iter().filter(|check| check.ok == Some(true)).count();
    let came = match claim.verdict {
        Some(_) => format!("{passed}/{} checks", claim.checks.len()),
        None => format!("{} estimates", claim.estimates.len()),
    };
    format!(
        "{}  {:<19} {came:<13} {:>6.1} s  {} ({})",
        colour(claim.verdict),
        claim.id,
        claim.seconds,
        claim.title,
        claim.source,
    )
}

/// The verdict, padded, in its colour; the stream it is printed to strips colours where unwanted.
fn colour(verdict: Option<Verdict>) -> String {
    use anstyle::{AnsiColor, Style};
    let (colour, name) = match verdict {
        Some(verdict @ Verdict::Reproduced) => (AnsiColor::Green, verdict.name()),
        Some(verdict @ Verdict::Refuted) => (AnsiColor::Red, verdict.name()),
        Some(verdict @ Verdict::Inconclusive) => (AnsiColor::Yellow, verdict.name()),
        None => (AnsiColor::Cyan, "explored"),
    };
    let style = Style::new().bold().fg_color(Some(colour.into()));
    format!("{style}{name:<12}{style:#}")
}

/// All checks and estimates of a report, and the notes.
pub fn tables(report: &Report) -> String {
    let mut text = String::new();
    if !report.claims.is_empty() {
        text.push_str(&format!("{}\n", checks(report)));
    }
    if !report.explorations.is_empty() {
        text.push_str(&format!("{}\n", estimates(report)));
    }
    let width = usize::from(blank(&[]).width().unwrap_or(PLAIN_WIDTH));
    for claim in report.entries().filter(|claim| !claim.notes.is_empty()) {
        text.push_str(&format!("\n{}\n", claim.id));
        for note in &claim.notes {
            let options = textwrap::Options::new(width).initial_indent("  - ").subsequent_indent("    ");
            text.push_str(&textwrap::fill(note, options));
            text.push('\n');
        }
    }
    text
}

fn blank(header: &[&str]) -> Table {
    let mut table = Table::new();
    let style = table.load_style(UTF8_FULL_CONDENSED);
    style.set_content_arrangement(ContentArrangement::Dynamic).set_header(header);
    if !table.is_tty() {
        table.set_width(PLAIN_WIDTH);
    }
    table
}

fn right(text: String) -> Cell {
    Cell::new(text).set_alignment(CellAlignment::Right)
}

fn estimates(report: &Report) -> Table {
    let mut table = blank(&["exploration", "estimate", "value", "95 % interval", "runs"]);
    for entry in &report.explorations {
        for (k, estimate) in entry.estimates.iter().enumerate() {
            table.add_row([
                Cell::new(if k == 0 { entry.id } else { "" }),
                Cell::new(&estimate.name),
                right(number(estimate.value)),
                right(margin(&Margin::Interval(estimate.interval))),
                right(estimate.n.to_string()),
            ]);
        }
    }
    table
}

fn checks(report: &Report) -> Table {
    let mut table =
        blank(&["claim", "check", "prediction", "measurement", "tolerance or interval", "runs", "ok"]);
    for claim in &report.claims {
        let verdict = claim.verdict.map_or("", Verdict::name);
        for (k, check) in claim.checks.iter().enumerate() {
            let id = if k == 0 { format!("{}: {verdict}", claim.id) } else { String::new() };
            table.add_row([
                Cell::new(id),
                Cell::new(if check.control {
                    format!("control: {}", check.name)
                } else {
                    check.name.clone()
                }),
                right(prediction(check)),
                right(number(check.measured)),
                right(margin(&check.tolerance_or_interval)),
                right(check.n.to_string()),
                Cell::new(mark(check.ok)),
            ]);
        }
    }
    table
}

/// The last line: how many claims came out, in how long, and where the report is.
pub fn closing_line(report: &Report, directory: &Path) -> String {
    let reproduced = report.claims.iter().filter(|claim| claim.verdict == Some(Verdict::Reproduced)).count();
    let (interrupted, of) = if report.interrupted { ("interrupted: ", "finished ") } else { ("", "") };
    let claims = format!("{reproduced} of {} {of}claims reproduced", report.claims.len());
    let explorations = format!("{} {of}explored", report.explorations.len());
    let came = match (report.claims.len(), report.explorations.len()) {
        (0, 1..) => explorations,
        (_, 0) => claims,
        _ => format!("{claims}, {explorations}"),
    };
    format!(
        "{interrupted}{came} in {:.1} s ({} {}, seed {}, effort {}); report: {}",
        report.seconds,
        report.backend,
        report.precision,
        report.seed,
        report.effort,
        text::path(&directory.join("report.html")),
    )
}

fn mark(ok: Option<bool>) -> &'static str {
    match ok {
        Some(true) => "yes",
        Some(false) => "NO",
        None => "?",
    }
}

pub(super) fn prediction(check: &Check) -> String {
    let sign = match check.relation {
        Relation::Equal => "",
        Relation::AtLeast => "≥ ",
        Relation::AtMost => "≤ ",
    };
    format!("{sign}{}", number(check.predicted))
}

pub(super) fn margin(margin: &Margin) -> String {
    match margin {
        Margin::Tolerance(tolerance) => format!("± {}", number(*tolerance)),
        Margin::Interval(interval) if interval.high.is_infinite() || interval.low.is_infinite() => {
            "one-sided".into()
        }
        Margin::Interval(interval) => format!("[{}, {}]", number(interval.low), number(interval.high)),
    }
}

/// Five significant digits, scientific only where it is shorter.
pub fn number(x: f64) -> String {
    if x == 0.0 || !x.is_finite() {
        return format!("{x}");
    }
    if (1e-3..1e5).contains(&x.abs()) {
        let digits = (4 - x.abs().log10().floor() as i32).max(0) as usize;
        let text = format!("{x:.digits$}");
        let text = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
        return text.to_string();
    }
    format!("{x:.2e}")
}

#[cfg(test)]
mod tests {
    use super::number;

    #[test]
    fn numbers_are_short_and_right() {
        for (x, text) in [
            (0.0, "0"),
            (1.0, "1"),
            (-0.5, "-0.5"),
            (0.99771234, "0.99771"),
            (1e-12, "1.00e-12"),
            (12345.6, "12346"),
            (100.0, "100"),
            (f64::NAN, "NaN"),
        ] {
            assert_eq!(number(x), text);
        }
    }
}
