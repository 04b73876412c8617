//! Comparisons in words, from `comparisons.csv`.

use crate::plot::Sheet;
use crate::plot::sheet::Row;
use crate::text::number;

use super::measures::in_words;
use super::study::{Column, Study};

/// Differences that are as good as none.
const SAME: f64 = 1e-9;

/// A sentence a comparison of the measure that a study asked for, or of `measure`.
pub(super) fn of(sheet: &Sheet, study: &Study, measure: &str) -> Vec<String> {
    let columns: Vec<String> = study.columns().map(Column::name).collect();
    let is_meant = |row: &Row| {
        let compare = (row.number("comparison") as usize).checked_sub(1).and_then(|k| study.compares.get(k));
        let asked = compare.and_then(|compare| compare.measure.as_ref());
        row.text("measure") == asked.map_or(measure, |asked| asked.text.as_str())
    };
    sheet.rows().filter(is_meant).map(|row| sentence(&row, &columns, study)).collect()
}

fn sentence(row: &Row, columns: &[String], study: &Study) -> String {
    let (axis, with) = (row.text("axis"), row.text("with"));
    let together = |name: &String| {
        study.axes.iter().any(|it| {
            let has = |other: &str| it.columns.iter().any(|column| column.name() == other);
            has(name) && has(axis)
        })
    };
    let elsewhere = columns.iter().filter(|name| !together(name));
    let fixed: Vec<String> = elsewhere.map(|name| format!("{name} = {}", row.text(name))).collect();
    let at = if fixed.is_empty() { String::new() } else { format!(" (at {})", fixed.join(", ")) };
    let subject = format!("With {axis} = {} instead of {with}{at}", row.text(axis));
    let measure = in_words(row.text("measure"));
    let [difference, low, high, n] = ["difference", "low", "high", "n"].map(|name| row.number(name));
    if low.is_nan() || high.is_nan() {
        return format!("{subject}, too few pairs of seeds have a {measure} for an interval: {n}.");
    }
    let pairs = format!("{n} pairs of seeds");
    if low.abs().max(high.abs()) < SAME {
        return format!("{subject}, the {measure} is the same within {SAME:e}, in {pairs}.");
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
    let direction = if difference > 0.0 { "higher" } else { "lower" };
    format!("{subject}, the {measure} is {direction} by {} ({}).", number(size), interval(low, high))
}
