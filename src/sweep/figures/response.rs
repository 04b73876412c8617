//! A measure against one option, with a curve for every value of another, and panels for those of the rest.

use std::collections::HashMap;

use super::{Facet, Positions, check, drawn, facets, in_words, means, option_in_words, panels};
use crate::plot::drawing::{Axis, Colour, Panel, Point, Series, Shape, Stroke};
use crate::plot::sheet::Row;
use crate::plot::{Figure, Sheet, Shown};
use crate::sweep::study::Study;

/// Part of the axis by which neighbouring curves are drawn apart, and part of the smallest gap between two values that all take at most.
const APART: f64 = 0.012;
const OF_A_GAP: f64 = 0.5;

/// Ratio of means from which on they are drawn on a logarithmic axis.
const DECADES: f64 = 1000.0;

#[derive(Debug)]
pub(super) struct Response {
    id: String,
    title: String,
    x: String,
    y: String,
    series: Option<String>,
    facets: Vec<String>,
}

impl Response {
    pub fn new(id: String, study: &Study, x: String, series: Option<String>, y: &str) -> Self {
        let shown: Vec<&str> =
            [Some(&x), series.as_ref()].into_iter().flatten().map(String::as_str).collect();
        let facets = facets(study, &shown);
        let by = series.iter().map(|series| format!(", by {}", option_in_words(series))).collect::<String>();
        let title = format!("{} against {}{by}", capital(&in_words(y)), option_in_words(&x));
        Self { id, title, x, y: y.into(), series, facets }
    }

    /// The `k`-th of so many curves in one panel, its rows having a value of the series: points with their intervals; numbers are joined, words are not.
    fn curve(
        &self,
        rows: &[Row],
        positions: &Positions,
        value: Option<&str>,
        (k, curves): (usize, usize),
    ) -> [Series; 2] {
        let fits = OF_A_GAP * positions.smallest_gap() / curves as f64;
        let apart = if positions.are_numbers { fits.min(APART) } else { fits };
        let aside = apart * (k as f64 - 0.5 * (curves as f64 - 1.0));
        let named = self.series.as_ref().zip(value);
        let point = |row: &Row| {
            let [mean, low, high] = ["", "_low", "_high"].map(|end| row.number(&format!("{}{end}", self.y)));
            Point::within(positions.aside(row.text(&self.x), aside), mean, low, high)
        };
        let mut points: Vec<Point> = rows.iter().map(point).collect();
        points.sort_by(|a, b| a.x.total_cmp(&b.x));
        let joined = points.iter().filter(|point| positions.are_numbers && point.y.is_finite());
        let line = joined.map(|point| (point.x, point.y)).collect();
        let name = named.map_or(String::new(), |(name, value)| format!("{name} = {value}"));
        let (colour, shape) = (Colour::nth(k), Shape::nth(k + k / 8));
        [Series::line("", colour, Stroke::Thin, line), Series::points(name, colour, shape, points)]
    }

    /// The axis of the measure, the same in all panels.
    fn axis(&self, sheet: &Sheet) -> Axis {
        let ends: Vec<f64> = ["", "_low", "_high"]
            .iter()
            .flat_map(|end| sheet.rows().map(move |row| row.number(&format!("{}{end}", self.y))))
            .filter(|x| x.is_finite())
            .collect();
        let means = sheet.rows().map(|row| row.number(&self.y)).filter(|x| x.is_finite());
        let (low, high) =
            means.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), x| (low.min(x), high.max(x)));
        let label = in_words(&self.y);
        // An interval that reaches zero has no end on a logarithmic axis.
        if ends.iter().all(|end| *end > 0.0) && high / low > DECADES {
            return Axis::log(&label);
        }
        let (low, high) = ends.iter().fold((low, high), |(low, high), x| (low.min(*x), high.max(*x)));
        // What differs by rounding is drawn as one.
        let margin = (0.06 * (high - low)).max(0.02 * low.abs().max(high.abs())).max(1e-12);
        Axis::linear(&label).from_to(low - margin, high + margin)
    }
}

impl Figure for Response {
    fn id(&self) -> &str {
        &self.id
    }

    fn title(&self) -> &str {
        &self.title
    }

    fn table(&self) -> &'static str {
        "summary"
    }

    fn columns(&self) -> &'static [&'static str] {
        &["cell", "runs"]
    }

    fn show(&self, sheet: &Sheet) -> Result<Shown, String> {
        let names: Vec<&str> = [&self.x, &self.y]
            .into_iter()
            .chain(&self.series)
            .chain(&self.facets)
            .map(String::as_str)
            .collect();
        check(sheet, &names, &self.y)?;
        let positions = Positions::of(sheet, &self.x);
        let values: Vec<Option<&str>> = match &self.series {
            Some(series) => sheet.distinct(series).into_iter().map(Some).collect(),
            None => vec![None],
        };
        let (panels, empty) = panels(sheet, &self.facets, &self.y)?;
        let axis = self.axis(sheet);
        let panel = |Facet { title, rows }: &Facet| {
            let mut with: HashMap<Option<&str>, Vec<Row>> = HashMap::new();
            for row in rows {
                with.entry(self.series.as_ref().map(|name| row.text(name))).or_default().push(*row);
            }
            let curve = |(k, value): (usize, &Option<&str>)| {
                let rows = with.get(value).map(Vec::as_slice).unwrap_or_default();
                self.curve(rows, &positions, *value, (k, values.len()))
            };
            let series = values.iter().enumerate().flat_map(curve).collect();
            Panel::new(title.as_str(), positions.axis(&self.x), axis.clone(), series)
        };
        let (drawing, left_out) = drawn(panels.iter().map(panel).collect(), empty, &self.y)?;
        let apart = if values.len() > 1 { " Points at one value are drawn side by side." } else { "" };
        let intervals = if sheet.first("runs") == "1" {
            ""
        } else {
            " Bars are approximate 95 % intervals (Student), one by one."
        };
        Shown::new(drawing, format!("{}{intervals}{apart}{left_out}", means(sheet, &self.y)))
    }
}

/// With a capital letter.
pub(super) fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or(String::new(), |first| first.to_uppercase().chain(letters).collect())
}
