//! What a figure shows, as data: panels, axes, series. It can be looked into by a test and painted by any backend.

use super::axis::MAX_VALUE;
pub use super::axis::{Axis, Scale};
use super::clip;
use crate::stats::{ESTIMATE_LEVEL, normal_quantile};

/// Most panels of a figure, most series of a panel, most names on an axis and most marks of a panel.
pub(crate) const MAX_PANELS: usize = 64;
const MAX_SERIES: usize = 400;
pub(crate) const MAX_NAMES: usize = 200;
const MAX_MARKS: usize = 50_000;

/// A figure: panels, row by row.
#[derive(Clone, Debug, PartialEq)]
pub struct Drawing {
    /// The panels.
    pub panels: Vec<Panel>,
    /// Panels side by side.
    pub columns: usize,
}

/// One coordinate system and what is drawn in it.
#[derive(Clone, Debug, PartialEq)]
pub struct Panel {
    /// What distinguishes it from its neighbours; may be empty.
    pub title: String,
    /// Horizontal axis.
    pub x: Axis,
    /// Vertical axis.
    pub y: Axis,
    /// What is drawn, the lowest first.
    pub series: Vec<Series>,
    /// Whether one unit is as long on both axes.
    pub square: bool,
    /// Whether it is a small image with a title, and no axes.
    pub bare: bool,
}

/// Marks of one kind that belong together.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    /// Entry of the legend; none if empty.
    pub name: String,
    /// Its colour.
    pub colour: Colour,
    /// Its marks.
    pub marks: Marks,
}

/// A measured point, with the interval it is known to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    /// Abscissa.
    pub x: f64,
    /// Measurement.
    pub y: f64,
    /// Lower end of its interval.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

/// What a series consists of.
#[derive(Clone, Debug, PartialEq)]
pub enum Marks {
    /// Measurements.
    Points(Vec<Point>, Shape),
    /// A curve.
    Line(Vec<(f64, f64)>, Stroke),
    /// Cells, `values[row][column]`, the first row at the bottom; over the whole panel.
    Heat(Vec<Vec<f64>>, Shades),
}

/// Shapes of points.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// ●
    Disc,
    /// ■
    Square,
    /// ▲
    Triangle,
    /// ◆
    Diamond,
    /// ✕
    Cross,
}

/// Ways to draw a curve.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stroke {
    /// A thin line, one of many.
    Thin,
    /// A line.
    Solid,
    /// Dashes: what is predicted or bounds.
    Dashed,
    /// Dots: a guide to the eye.
    Dotted,
}

/// How values of a heat map become colours.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Shades {
    /// From `low` (dark blue) to `high` (yellow), the same for every kind of colour vision.
    Cividis {
        /// Value of one end.
        low: f64,
        /// Value of the other.
        high: f64,
    },
    /// From `low` (white) to `high` (black): pictures.
    Grey {
        /// Value of one end.
        low: f64,
        /// Value of the other.
        high: f64,
    },
}

/// Colours that all kinds of colour vision tell apart (Okabe and Ito, 2008).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Colour {
    /// That of the text.
    Text,
    /// Half of it.
    Grey,
    /// Blue.
    Blue,
    /// Vermillion.
    Vermillion,
    /// Bluish green.
    Green,
    /// Orange.
    Orange,
    /// Sky blue.
    Sky,
    /// Reddish purple.
    Purple,
    /// Yellow.
    Yellow,
}

impl Colour {
    /// One of many, in turns.
    pub fn nth(k: usize) -> Self {
        use Colour::{Blue, Green, Grey, Orange, Purple, Sky, Vermillion};
        [Blue, Vermillion, Green, Orange, Sky, Purple, Colour::Text, Grey][k % 8]
    }
}

impl Shape {
    /// One of many, in turns; a cross is none of them.
    pub fn nth(k: usize) -> Self {
        [Shape::Disc, Shape::Triangle, Shape::Square, Shape::Diamond][k % 4]
    }
}

impl Point {
    /// An estimate with its 95 % interval.
    pub fn estimated(x: f64, y: f64, standard_error: f64) -> Self {
        let half = normal_quantile(ESTIMATE_LEVEL) * standard_error;
        Self::within(x, y, y - half, y + half)
    }

    /// A point between the ends of its interval.
    pub fn within(x: f64, y: f64, low: f64, high: f64) -> Self {
        Self { x, y, low, high }
    }

    /// A point that needs no error bar: exact, or one run.
    pub fn exact(x: f64, y: f64) -> Self {
        Self { x, y, low: y, high: y }
    }
}

impl Series {
    /// Measured points.
    pub fn points(name: impl Into<String>, colour: Colour, shape: Shape, points: Vec<Point>) -> Self {
        Self { name: name.into(), colour, marks: Marks::Points(points, shape) }
    }

    /// A curve.
    pub fn line(name: impl Into<String>, colour: Colour, stroke: Stroke, points: Vec<(f64, f64)>) -> Self {
        Self { name: name.into(), colour, marks: Marks::Line(points, stroke) }
    }

    /// A dashed line with which measured points are compared: a prediction, or a guide to the eye.
    pub fn law(name: impl Into<String>, points: Vec<(f64, f64)>) -> Self {
        Self::line(name, Colour::Text, Stroke::Dashed, points)
    }

    /// A heat map; with a name, its colours are in the legend.
    pub fn heat(name: impl Into<String>, shades: Shades, values: Vec<Vec<f64>>) -> Self {
        Self { name: name.into(), colour: Colour::Text, marks: Marks::Heat(values, shades) }
    }

    /// Marks it has.
    pub fn len(&self) -> usize {
        match &self.marks {
            Marks::Points(points, _) => points.len(),
            Marks::Line(points, _) => points.len(),
            Marks::Heat(values, _) => values.iter().map(Vec::len).sum(),
        }
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Leaves out what the axes cannot show: what is no number, or not positive on a logarithmic axis.
    fn keep(&mut self, x: &Axis, y: &Axis) {
        match &mut self.marks {
            Marks::Points(points, _) => {
                points.retain(|point| x.shows(point.x) && y.shows(point.y));
                for point in points {
                    let end = |end: f64| if y.shows(end) { end } else { point.y };
                    (point.low, point.high) = (end(point.low), end(point.high));
                }
            }
            Marks::Line(points, _) => points.retain(|&(at, value)| x.shows(at) && y.shows(value)),
            Marks::Heat(values, _) => {
                let values = values.iter_mut().flatten();
                values.filter(|value| value.abs() > MAX_VALUE).for_each(|value| *value = f64::NAN);
            }
        }
    }
}

impl Panel {
    /// A panel whose axes fit its series.
    pub fn new(title: impl Into<String>, mut x: Axis, mut y: Axis, mut series: Vec<Series>) -> Self {
        series.iter_mut().for_each(|series| series.keep(&x, &y));
        series.retain(|series| !series.is_empty());
        let (mut across, mut up) = (Vec::new(), Vec::new());
        for series in &series {
            match &series.marks {
                Marks::Points(points, _) => {
                    across.extend(points.iter().map(|point| point.x));
                    up.extend(points.iter().flat_map(|point| [point.y, point.low, point.high]));
                }
                Marks::Line(points, _) => {
                    across.extend(points.iter().map(|point| point.0));
                    up.extend(points.iter().map(|point| point.1));
                }
                Marks::Heat(..) => {}
            }
        }
        x.fit(across.into_iter());
        y.fit(up.into_iter());
        let mut series = clip::series(series, &x, &y);
        series.retain(|series| !series.is_empty());
        Self { title: title.into(), x, y, series, square: false, bare: false }
    }

    /// Why it cannot be drawn.
    fn flaw(&self, crowd: &dyn Fn(&str, usize, usize) -> Option<String>) -> Option<String> {
        if self.series.is_empty() {
            return Some(format!("nothing to draw in `{}`", self.title));
        }
        let axes = [&self.x, &self.y];
        let marks = self.series.iter().map(Series::len).sum();
        axes.into_iter()
            .find_map(Axis::flaw)
            .or_else(|| {
                axes.into_iter().find_map(|axis| crowd("names on an axis", axis.names.len(), MAX_NAMES))
            })
            .or_else(|| crowd("curves and sets of points", self.series.len(), MAX_SERIES))
            .or_else(|| crowd("marks", marks, MAX_MARKS))
    }

    /// A small image without axes.
    pub fn image(title: impl Into<String>, image: Series) -> Self {
        let (rows, columns) = match &image.marks {
            Marks::Heat(values, _) => (values.len(), values.first().map_or(0, Vec::len)),
            Marks::Points(..) | Marks::Line(..) => (0, 0),
        };
        let axis = |cells: usize| Axis::linear("pixel").from_to(0.5, cells as f64 + 0.5);
        Self { bare: true, ..Self::new(title, axis(columns), axis(rows), vec![image]) }
    }

    /// The same with equal units on both axes.
    pub fn squared(self) -> Self {
        Self { square: true, ..self }
    }
}

impl Drawing {
    /// Panels side by side, so many a row.
    pub fn new(columns: usize, panels: Vec<Panel>) -> Self {
        Self { panels, columns }
    }

    /// Why this cannot be drawn: an empty panel, an axis without a label or a range that can be drawn, or too much of
    /// anything.
    pub fn flaw(&self) -> Option<String> {
        if self.panels.is_empty() {
            return Some("there is nothing to draw".into());
        }
        let crowd = |what: &str, count: usize, max: usize| {
            (count > max).then(|| format!("{count} {what}, of which at most {max} are drawn"))
        };
        crowd("panels", self.panels.len(), MAX_PANELS)
            .or_else(|| self.panels.iter().find_map(|panel| panel.flaw(&crowd)))
    }
}
