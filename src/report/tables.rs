//! The table of all checks, that of all estimates, and the notes, as text.

use comfy_table::presets::UTF8_FULL_CONDENSED;
use comfy_table::{Cell, CellAlignment, ContentArrangement, Table};
use textwrap::{Options, fill};

use super::terminal::{PLAIN_WIDTH, columns};
use super::{ClaimReport, Report};
use crate::text::number;
use crate::verdict::{Check, Margin, Relation, Verdict};

/// Columns from which on a table of checks can be read; below, they are a list.
const TABLE_FROM: usize = 110;

/// All checks and estimates of a report, and the notes.
pub fn all(report: &Report) -> String {
    let width = columns().unwrap_or(PLAIN_WIDTH);
    let mut text = String::new();
    if !report.claims.is_empty() {
        text.push_str(&if width < TABLE_FROM {
            list(report, width)
        } else {
            format!("{}\n", checks(report))
        });
    }
    if !report.explorations.is_empty() {
        text.push_str(&format!("{}\n", estimates(report)));
    }
    text + &notes(report.entries(), width)
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
        table.set_width(PLAIN_WIDTH as u16);
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

/// The smallest error of the prediction that the check would notice: in percent of the prediction, or as it is where that is 0 or a bound.
pub(super) fn noticed(check: &Check) -> String {
    let relative = |error: f64| format!("{:.1e}", 100.0 * error / check.predicted.abs());
    match check.detects {
        Some(error) if check.relation == Relation::Equal && check.predicted == 0.0 => {
            format!("± {}", number(error))
        }
        Some(error) if check.relation == Relation::Equal => {
            format!("{} %", number(relative(error).parse().unwrap_or(f64::NAN)))
        }
        Some(error) => number(error),
        None => String::new(),
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::{Interval, noticed as beyond};
    use crate::verdict::Register;

    #[test]
    fn what_a_check_would_notice_is_relative_to_its_prediction() {
        let mut register = Register::default();
        let zero = register.expect("x", 0.0, "a test").within(1e-9);
        let tolerance = register.expect("x", -4.0, "a test").within(0.1);
        let share = register.expect("x", 1.0, "a test").always(0.9, 0.0, 450);
        let covered = register.expect("x", -0.32, "a test").covered(0.2);
        let bound = register.expect("x", 0.5, "a test").at_most();
        let interval = Interval { low: -0.33, high: -0.31 };
        assert_eq!(noticed(&zero.measured(0.0, 1)), "± 1.00e-9");
        assert_eq!(noticed(&tolerance.measured(-4.0, 1)), "2.5 %");
        // Of 450 runs one misses with probability 0.9 if each does with 1 − 0.1^(1/450).
        assert_eq!(noticed(&share.counted(450, 450)), "0.51 %");
        // The half-width of 0.01 is 4.56 standard errors; beyond it are the 1.28 that nine of ten exceed.
        assert!((beyond(0.01, 5e-6) - 0.01 * (1.0 + 1.281_552 / 4.564_788)).abs() < 1e-6);
        assert_eq!(noticed(&covered.estimated(-0.32, interval, 9)), "4 %");
        assert_eq!(noticed(&bound.measured(0.4, 1)), "");
    }
}
