//! The table of all checks, that of all estimates, and the notes, as text.

use comfy_table::presets::UTF8_FULL_CONDENSED;
use comfy_table::{Cell, CellAlignment, ContentArrangement, Table};
use textwrap::{Options, fill};

use super::{ClaimReport, Report};
use crate::text::number;
use crate::verdict::{Check, Margin, Relation, Verdict};

/// Width of the table when the output is not a terminal.
const PLAIN_WIDTH: u16 = 118;

/// Columns from which on a table of checks can be read; below, they are a list.
const TABLE_FROM: u16 = 110;

/// All checks and estimates of a report, and the notes.
pub fn all(report: &Report) -> String {
    let width = blank(&[]).width().unwrap_or(PLAIN_WIDTH);
    let mut text = String::new();
    if !report.claims.is_empty() {
        text.push_str(&if width < TABLE_FROM {
            list(report, width.into())
        } else {
            format!("{}\n", checks(report))
        });
    }
    if !report.explorations.is_empty() {
        text.push_str(&format!("{}\n", estimates(report)));
    }
    text + &notes(report.entries(), width.into())
}

/// All checks, a paragraph each.
fn list(report: &Report, width: usize) -> String {
    let mut text = String::new();
    for claim in &report.claims {
        text.push_str(&format!("{}: {}\n", claim.id, claim.verdict.map_or("", Verdict::name)));
        for check in &claim.checks {
            let options = Options::new(width).initial_indent("  ").subsequent_indent("      ");
            text.push_str(&(fill(&sentence(check), options) + "\n"));
        }
    }
    text
}

/// A check in a sentence.
pub(super) fn sentence(check: &Check) -> String {
    let Check { name, measured, tolerance_or_interval, n, .. } = check;
    let control = if check.control { "control, " } else { "" };
    format!(
        "{:<3} {control}{name}: predicted {}, measured {}, {} ({n} run{})",
        mark(check.ok),
        prediction(check),
        number(*measured),
        margin(tolerance_or_interval),
        if *n == 1 { "" } else { "s" }
    )
}

/// What a reader should know besides, claim by claim.
pub fn notes<'a>(claims: impl Iterator<Item = &'a ClaimReport>, width: usize) -> String {
    let mut text = String::new();
    for claim in claims.filter(|claim| !claim.notes.is_empty()) {
        text.push_str(&format!("\n{}\n", claim.id));
        for note in &claim.notes {
            let options = Options::new(width.max(40)).initial_indent("  - ").subsequent_indent("    ");
            text.push_str(&(fill(note, options) + "\n"));
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
                Cell::new(if k == 0 { entry.id.as_str() } else { "" }),
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
