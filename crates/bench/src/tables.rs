//! What `speed` prints.

use comfy_table::presets::UTF8_FULL_CONDENSED;
use comfy_table::{Cell, CellAlignment, Table};
use itertools::Itertools;

use crate::devices::OnDevice;
use crate::growth::{Exponent, FITTED, Growth};
use crate::peers::Comparison;
use crate::timing::Spread;

/// One case: a row each, and how many times as long as each of our engines it takes.
pub fn comparison(comparison: &Comparison, backend: &str) -> String {
    let mut table = Table::new();
    let ours = comparison.ours().collect_vec();
    let head = ["".to_owned(), "a step and replica".to_owned()];
    let relative = ours.iter().map(|engine| format!("/ {}", engine.name));
    table.load_style(UTF8_FULL_CONDENSED).set_header(head.into_iter().chain(relative));
    for times in &comparison.times {
        let ratios = ours.iter().map(|engine| factor(times.ratio_to(engine)));
        let cells = [time(times.spread())].into_iter().chain(ratios).map(right);
        table.add_row([Cell::new(&times.name)].into_iter().chain(cells));
    }
    let left_out = comparison.missing.iter();
    let left_out =
        left_out.map(|(why, names)| format!("\nleft out: {} ({why})", names.iter().join(", "))).join("");
    let versions = comparison.versions();
    let versions = if versions.is_empty() {
        String::new()
    } else {
        format!("\nversions: {}", versions.iter().join(", "))
    };
    format!("{}; ours on {backend}\n{table}{left_out}{versions}", comparison.case)
}

/// What stands above tables of what was measured in turns.
pub fn in_turns(rounds: usize, seconds: f64) -> String {
    format!("{rounds} rounds of {seconds} s each, in turns: median (least–most)")
}

/// What stands above the lines of [`growth`].
pub fn growth_heading(rounds: usize, seconds: f64) -> String {
    format!(
        "growth, a process a size and one after the other: time of a step of all replicas, the least of {rounds} rounds of \
         {seconds} s; most bytes held; exponents with standard errors over the last {FITTED} sizes"
    )
}

/// One sweep: a line of exponents, and a line of cells.
pub fn growth(growth: &Growth) -> String {
    let Growth { engine, axis, cells, time_exponent, memory_exponent } = growth;
    let power =
        |Exponent { value, standard_error }: Exponent| format!("{axis}^({value:.2} ± {standard_error:.2})");
    let (time, memory) = (power(*time_exponent), memory_exponent.map_or("not counted".to_owned(), power));
    let cells = cells.iter().map(|(size, cell)| {
        let bytes = cell.bytes.map_or(String::new(), |bytes| format!(", {:.1} MB", bytes as f64 / 1e6));
        format!("{axis} = {size}: {}{bytes}", duration(cell.nanoseconds))
    });
    let fixed = growth.fixed();
    format!("{} ({fixed})  time {time}  memory {memory}\n  {}", engine.name(), cells.format("; "))
}

/// Devices: steps a second against replicas.
pub fn devices(all: &[OnDevice]) -> String {
    let mut table = Table::new();
    let head = ["analytic on", "case", "a step and replica", "steps/s/replica"];
    table.load_style(UTF8_FULL_CONDENSED).set_header(head);
    for OnDevice { case, times } in all {
        let spread = times.spread();
        let rate = 1e9 / (spread.median * case.replicas as f64);
        let row = [case.to_string(), time(spread), format!("{rate:.0}")].map(right);
        table.add_row([Cell::new(&times.name)].into_iter().chain(row));
    }
    table.to_string()
}

fn right(text: String) -> Cell {
    Cell::new(text).set_alignment(CellAlignment::Right)
}

/// `median (min–max)` in a unit that suits the median.
fn time(Spread { min, median, max }: Spread) -> String {
    let (unit, name) = unit(median);
    format!("{} ({}–{}) {name}", digits(median / unit), digits(min / unit), digits(max / unit))
}

fn factor(Spread { min, median, max }: Spread) -> String {
    format!("{}× ({}–{})", digits(median), digits(min), digits(max))
}

fn duration(nanoseconds: f64) -> String {
    let (unit, name) = unit(nanoseconds);
    format!("{} {name}", digits(nanoseconds / unit))
}

fn unit(nanoseconds: f64) -> (f64, &'static str) {
    match nanoseconds {
        ..1e3 => (1.0, "ns"),
        ..1e6 => (1e3, "µs"),
        _ => (1e6, "ms"),
    }
}

/// Three significant digits.
fn digits(value: f64) -> String {
    let decimals = (2.0 - value.abs().log10().floor()).clamp(0.0, 6.0) as usize;
    format!("{value:.decimals$}")
}
