//! Comparisons in words, from `comparisons.csv`.

use super::measures::in_words;
use super::study::{Axis, Column, Study};
use crate::plot::Sheet;
use crate::plot::sheet::Row;
use crate::study::words::listed;
use crate::text::number;

/// Differences that are as good as none.
const SAME: f64 = 1e-9;

/// A sentence a comparison of the measure that a study asked for, or of `measure`.
pub(super) fn of(sheet: &Sheet, study: &Study, measure: &str) -> Vec<String> {
    let is_meant = |row: &Row| {
        let compare = (row.number("comparison") as usize).checked_sub(1).and_then(|k| study.compares.get(k));
        let asked = compare.and_then(|compare| compare.measure.as_ref());
        row.text("measure") == asked.map_or(measure, |asked| asked.text.as_str())
    };
    sheet.rows().filter(is_meant).map(|row| sentence(&row, study)).collect()
}

/// What is compared, as `With batch = 1 instead of 8 (at step_size = 0.1)`.
fn subject(row: &Row, study: &Study) -> String {
    let (compared, with) = (row.text("axis"), row.text("with"));
    let is_own = |axis: &&Axis| axis.columns.iter().any(|column| column.name() == compared);
    let values = |axes: Vec<&Axis>| {
        let names = axes.into_iter().flat_map(|axis| &axis.columns).map(Column::name);
        names.map(|name| format!("{name} = {}", row.text(&name))).collect::<Vec<_>>()
    };
    let (own, others): (Vec<&Axis>, Vec<&Axis>) =
        study.axes.iter().filter(|axis| axis.len() > 1).partition(is_own);
    let (own, others) = (values(own), values(others));
    let at = if others.is_empty() { String::new() } else { format!(" (at {})", others.join(", ")) };
    // What varies together is named together.
    let with = if own.len() == 1 { with.into() } else { format!("what goes with {compared} = {with}") };
    format!("With {} instead of {with}{at}", listed(&own))
}

fn sentence(row: &Row, study: &Study) -> String {
    let subject = subject(row, study);
    let measure = in_words(row.text("measure"));
    let [difference, low, high, n] = ["difference", "low", "high", "n"].map(|name| row.number(name));
    if n < 2.0 {
        return format!("{subject}, too few pairs of seeds have the {measure} for an interval: {n}.");
    }
    let seeds = study.seeds;
    let pairs = if n < seeds as f64 {
        format!("{n} of {seeds} pairs of seeds; in the others a run died, diverged or has no such number")
    } else {
        format!("{n} pairs of seeds")
    };
    // Of differences that are all the same there is no interval.
    let is_alike = low.is_nan() || high.is_nan();
    let (low, high) = if is_alike { (difference, difference) } else { (low, high) };
    if low.abs().max(high.abs()) < SAME {
        return format!("{subject}, the {measure} is the same within {SAME:e}, in {pairs}.");
    }
    let direction = if difference > 0.0 { "higher" } else { "lower" };
    if is_alike {
        return format!(
            "{subject}, the {measure} is {direction} by {} in {}{pairs}.",
            number(difference.abs()),
            if n < seeds as f64 { "" } else { "all " }
        );
    }
    let interval =
        |low: f64, high: f64| format!("95 % interval {} to {}, {pairs}", number(low), number(high));
    if low <= 0.0 && high >= 0.0 {
        return format!(
            "{subject}, no difference of the {measure} is resolved: {} ({}).",
            number(difference),
            interval(low, high)
        );
    }
    let (size, low, high) = (difference.abs(), low.abs().min(high.abs()), low.abs().max(high.abs()));
    format!("{subject}, the {measure} is {direction} by {} ({}).", number(size), interval(low, high))
}
