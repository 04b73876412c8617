//! The figures of a study, from `summary.csv`: those that it asks for, or a response against every axis and a map of the first two.

mod map;
mod response;

use std::collections::HashMap;

use self::map::Map;
use self::response::Response;
use super::given::Given;
use super::measures::in_words;
use super::study::{Axis as Varied, Column, FigureAsked, Study, column_name};
use crate::plot::drawing::{Axis, Drawing, MAX_PANELS, Panel};
use crate::plot::sheet::Row;
use crate::plot::{Figure, Sheet};

/// Ratio of the largest to the smallest value from which on an axis is logarithmic.
const WIDE: f64 = 15.0;

/// Curves of a panel, and panels of a figure, up to which a figure is drawn without being asked for.
const CURVES: usize = 8;
const PANELS: usize = 16;

/// The figures of a study, with the response that is drawn unasked; each has a name of its own.
pub(super) fn of(study: &Study, response: &str) -> Vec<Box<dyn Figure>> {
    let unasked = if study.figures.is_empty() { unasked(study, response) } else { Vec::new() };
    let mut taken: Vec<String> = Vec::new();
    let figure = |FigureAsked { x, y, series, colour }: &FigureAsked| -> Box<dyn Figure> {
        let name = |given: &Given| column_name(&given.text);
        let shown =
            colour.as_ref().map_or([Some(y), Some(x), None], |colour| [Some(colour), Some(x), Some(y)]);
        let id = identifier(&shown.into_iter().flatten().map(name).collect::<Vec<_>>());
        let again = taken.iter().filter(|other| **other == id).count();
        taken.push(id.clone());
        let id = if again == 0 { id } else { format!("{id}_{}", again + 1) };
        match colour {
            Some(colour) => Box::new(Map::new(id, study, [name(x), name(y)], &colour.text)),
            None => Box::new(Response::new(id, study, name(x), series.as_ref().map(name), &y.text)),
        }
    };
    study.figures.iter().chain(&unasked).map(figure).collect()
}

/// The response against every option that varies, and a map over the first two of three values or more.
fn unasked(study: &Study, response: &str) -> Vec<FigureAsked> {
    let given = |text: &str| Given::new(text, "");
    let telling = |axis: &Varied| axis.columns.iter().find(|column| column.tells_apart()).map(Column::name);
    let name = |axis: &Varied| given(&telling(axis).unwrap_or_default());
    let axes: Vec<&Varied> = study.axes.iter().filter(|axis| axis.len() > 1).collect();
    let against = |(k, axis): (usize, &&Varied)| {
        let others = || axes.iter().enumerate().filter(move |(other, _)| *other != k).map(|(_, axis)| axis);
        let series = others().find(|axis| axis.len() <= CURVES && telling(axis).is_some());
        let all: usize = others().map(|axis| axis.len()).product();
        let panels = all / series.map_or(1, |axis| axis.len());
        let series = series.map(|axis| name(axis));
        (panels <= PANELS && telling(axis).is_some()).then(|| FigureAsked {
            x: name(axis),
            y: given(response),
            series,
            colour: None,
        })
    };
    let mut figures: Vec<FigureAsked> = axes.iter().enumerate().filter_map(against).collect();
    let mut wide = axes.iter().filter(|axis| axis.len() > 2 && telling(axis).is_some());
    if let (Some(first), Some(second)) = (wide.next(), wide.next()) {
        let colour = Some(given(response));
        figures.push(FigureAsked { x: name(second), y: name(first), series: None, colour });
    }
    figures
}

/// Columns that neither of these is, nor varies with: the panels of a figure.
fn facets(study: &Study, shown: &[&str]) -> Vec<String> {
    let is_shown = |axis: &Varied| axis.columns.iter().any(|column| shown.contains(&column.name().as_str()));
    let rest = study.axes.iter().filter(|axis| axis.len() > 1 && !is_shown(axis));
    rest.flat_map(|axis| &axis.columns).map(Column::name).collect()
}

/// The rows that a panel shows.
struct Facet<'a> {
    /// The values that they share.
    title: String,
    rows: Vec<Row<'a>>,
}

/// The rows of each panel, as they come: of the panels in which some row has a mean, and how many others there are.
///
/// # Errors
/// If they are more than are drawn.
fn panels<'a>(sheet: &'a Sheet, facets: &[String], measure: &str) -> Result<(Vec<Facet<'a>>, usize), String> {
    let (mut panels, mut places) = (Vec::new(), HashMap::new());
    for row in sheet.rows() {
        let values: Vec<&str> = facets.iter().map(|name| row.text(name)).collect();
        let place = *places.entry(values).or_insert_with_key(|values| {
            let title = facets.iter().zip(values).map(|(name, value)| format!("{name} = {value}"));
            panels.push(Facet { title: title.collect::<Vec<_>>().join(", "), rows: Vec::new() });
            panels.len() - 1
        });
        panels[place].rows.push(row);
    }
    let all = panels.len();
    panels.retain(|panel| panel.rows.iter().any(|row| row.number(measure).is_finite()));
    match panels.len() {
        count if count > MAX_PANELS => {
            Err(format!("{count} panels, of which at most {MAX_PANELS} are drawn"))
        }
        count => Ok((panels, all - count)),
    }
}

/// A drawing of the panels in which there is something, and what to say of the others, besides which so many were left out before.
///
/// # Errors
/// If there is nothing in any.
fn drawn(panels: Vec<Panel>, left_out: usize, measure: &str) -> Result<(Drawing, String), String> {
    let all = panels.len() + left_out;
    let panels: Vec<Panel> = panels.into_iter().filter(|panel| !panel.series.is_empty()).collect();
    let left_out = match all - panels.len() {
        0 => String::new(),
        _ if panels.is_empty() => return Err(format!("no cell has a mean {}", in_words(measure))),
        1 => " One panel without any mean is left out.".into(),
        empty => format!(" {empty} panels without any mean are left out."),
    };
    Ok((Drawing::new(side_by_side(panels.len()), panels), left_out))
}

/// Side by side: as square as may be.
fn side_by_side(panels: usize) -> usize {
    if panels == 1 { 1 } else { (panels as f64).sqrt().ceil().clamp(2.0, 4.0) as usize }
}

/// The values of an option along an axis: numbers where all are, in order, or else words.
struct Positions {
    texts: Vec<String>,
    are_numbers: bool,
}

impl Positions {
    fn of(sheet: &Sheet, column: &str) -> Self {
        let mut texts: Vec<String> = sheet.distinct(column).into_iter().map(String::from).collect();
        let number = |text: &String| text.parse::<f64>().unwrap_or(f64::NAN);
        let are_numbers = texts.iter().all(|text| number(text).is_finite());
        if are_numbers {
            texts.sort_by(|a, b| number(a).total_cmp(&number(b)));
        }
        Self { texts, are_numbers }
    }

    /// Where a value is: the number itself, or its place among the words, from 1 on.
    fn at(&self, text: &str) -> f64 {
        if self.are_numbers {
            text.parse().unwrap_or(f64::NAN)
        } else {
            self.place(text).map_or(f64::NAN, |k| (k + 1) as f64)
        }
    }

    /// Its place among all, from 0 on; none beyond as many as are told apart.
    fn place(&self, text: &str) -> Option<usize> {
        self.texts.iter().position(|other| other == text)
    }

    /// The axis on which numbers lie in proportion or, if they are wide apart, by their logarithm.
    fn axis(&self, column: &str) -> Axis {
        let label = option_in_words(column);
        if !self.are_numbers {
            return Axis::named(&label, self.texts.clone());
        }
        if self.is_logarithmic() { Axis::log(&label) } else { Axis::linear(&label) }
    }

    /// The smallest gap between two values, as a part of the whole axis.
    fn smallest_gap(&self) -> f64 {
        let places: Vec<f64> = self.texts.iter().map(|text| self.length(self.at(text))).collect();
        let gaps = places.windows(2).map(|pair| pair[1] - pair[0]).fold(f64::INFINITY, f64::min);
        let whole = places.last().unwrap_or(&0.0) - places.first().unwrap_or(&0.0);
        if whole > 0.0 { gaps / whole } else { 1.0 }
    }

    /// A number, or its logarithm: what is proportional to lengths.
    fn length(&self, x: f64) -> f64 {
        if self.is_logarithmic() { x.ln() } else { x }
    }

    fn ends(&self) -> [f64; 2] {
        [self.texts.first(), self.texts.last()].map(|text| text.map_or(f64::NAN, |text| self.at(text)))
    }

    fn is_logarithmic(&self) -> bool {
        let [first, last] = self.ends();
        self.are_numbers && first > 0.0 && last / first > WIDE
    }

    /// A value moved aside by a part of the axis.
    fn aside(&self, text: &str, part: f64) -> f64 {
        let (at, [first, last]) = (self.at(text), self.ends());
        if self.is_logarithmic() { at * (last / first).powf(part) } else { at + part * (last - first) }
    }
}

/// An option as the label of an axis.
fn option_in_words(column: &str) -> String {
    match column {
        "batch" => "batch size b".into(),
        "step_size" => "step size η".into(),
        "samples" => "samples m".into(),
        "dim" => "dimension n".into(),
        "init_norm" => "initial norm ρ".into(),
        other => other.replace('_', " "),
    }
}

/// A word that may name a figure.
fn identifier(parts: &[String]) -> String {
    let name = parts.join("_by_").to_lowercase();
    let plain = |c: char| if c.is_ascii_alphanumeric() { c } else { '_' };
    name.chars().map(plain).take(56).collect()
}

/// Refuses a table that lacks a column, or has no mean of the measure that is shown, with the ends of its interval and how many runs have it.
fn check(sheet: &Sheet, columns: &[&str], measure: &str) -> Result<(), String> {
    let of_the_mean = ["_low", "_high", "_n"].map(|end| format!("{measure}{end}"));
    let mut needed = columns.iter().copied().chain(of_the_mean.iter().map(String::as_str));
    match needed.find(|column| sheet.columns().all(|name| name != *column)) {
        Some(missing) if missing == measure => Err(format!("no run has a number for `{missing}`")),
        Some(missing) => Err(format!("there is no column `{missing}`")),
        None if sheet.rows().next().is_none() => Err("its table has no rows".into()),
        None => Ok(()),
    }
}

/// What a reader must know of the means that a figure shows.
fn means(sheet: &Sheet, measure: &str) -> String {
    let of = |column: &str| sheet.rows().map(|row| row.number(column)).filter(|x| x.is_finite()).sum::<f64>();
    let (runs, counted) = (of("runs"), of(&format!("{measure}_n")));
    let seeds = sheet.first("runs");
    let left_out = if counted < runs {
        format!(
            " {} of {runs} runs have no such number and are left out: they died or diverged, or it is not finite or not defined.",
            runs - counted
        )
    } else {
        String::new()
    };
    format!(
        "Means over {seeds} seed{}; the seeds are the same at all points.{left_out}",
        if seeds == "1" { "" } else { "s" }
    )
}
