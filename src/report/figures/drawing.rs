//! What a figure shows, as data: panels, axes, series. It can be looked into by a test and painted by any backend.

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

/// An axis with its label; a range that is not given follows from the series.
#[derive(Clone, Debug, PartialEq)]
pub struct Axis {
    /// Symbol, quantity, unit.
    pub label: String,
    /// How numbers become lengths.
    pub scale: Scale,
    /// Ends.
    pub range: (f64, f64),
    /// Names of the integers from 1 on, in place of ticks; of the columns and rows of a heat map.
    pub names: Vec<String>,
}

/// How numbers become lengths.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scale {
    /// In proportion.
    Linear,
    /// By their logarithm. What is not positive is left out.
    Log,
}

/// Marks of one kind that belong together.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    /// Entry of the legend; none if empty.
    pub name: String,
    /// Its colour.
    pub ink: Ink,
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
pub enum Ink {
    /// That of the text.
    Ink,
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

impl Ink {
    /// One of many, in turns.
    pub fn nth(k: usize) -> Self {
        use Ink::{Blue, Green, Grey, Orange, Purple, Sky, Vermillion};
        [Blue, Vermillion, Green, Orange, Sky, Purple, Ink::Ink, Grey][k % 8]
    }
}

impl Point {
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
    pub fn points(name: impl Into<String>, ink: Ink, shape: Shape, points: Vec<Point>) -> Self {
        Self { name: name.into(), ink, marks: Marks::Points(points, shape) }
    }

    /// A curve.
    pub fn line(name: impl Into<String>, ink: Ink, stroke: Stroke, points: Vec<(f64, f64)>) -> Self {
        Self { name: name.into(), ink, marks: Marks::Line(points, stroke) }
    }

    /// A heat map.
    pub fn heat(shades: Shades, values: Vec<Vec<f64>>) -> Self {
        Self { name: String::new(), ink: Ink::Ink, marks: Marks::Heat(values, shades) }
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
            Marks::Heat(..) => {}
        }
    }
}

impl Axis {
    /// A linear axis.
    pub fn linear(label: &str) -> Self {
        Self { label: label.into(), scale: Scale::Linear, range: (f64::NAN, f64::NAN), names: Vec::new() }
    }

    /// A logarithmic axis.
    pub fn log(label: &str) -> Self {
        Self { scale: Scale::Log, ..Self::linear(label) }
    }

    /// An axis of named columns or rows.
    pub fn named(label: &str, names: Vec<String>) -> Self {
        let range = (0.5, names.len() as f64 + 0.5);
        Self { range, names, ..Self::linear(label) }
    }

    /// With ends of its own.
    pub fn from_to(self, low: f64, high: f64) -> Self {
        Self { range: (low, high), ..self }
    }

    /// Whether a value has a place on it, if the range allows.
    fn shows(&self, value: f64) -> bool {
        value.is_finite() && (self.scale == Scale::Linear || value > 0.0)
    }

    /// Takes its range from values, with a margin, unless it has one.
    fn fit(&mut self, values: impl Iterator<Item = f64>) {
        if self.range.0.is_finite() && self.range.1.is_finite() {
            return;
        }
        let forth = |x: f64| if self.scale == Scale::Log { x.log10() } else { x };
        let back = |x: f64| if self.scale == Scale::Log { 10f64.powf(x) } else { x };
        let values = values.filter(|&value| self.shows(value)).map(forth);
        let (low, high) =
            values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), x| (x.min(low), x.max(high)));
        let margin = if high > low { 0.05 * (high - low) } else { 0.5 };
        self.range = (back(low - margin), back(high + margin));
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
        Self { title: title.into(), x, y, series, square: false, bare: false }
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

    /// Why this cannot be drawn: an empty panel, an axis without a range or a label.
    pub fn flaw(&self) -> Option<String> {
        if self.panels.is_empty() {
            return Some("there is nothing to draw".into());
        }
        for panel in &self.panels {
            if panel.series.is_empty() {
                return Some(format!("nothing to draw in `{}`", panel.title));
            }
            for axis in [&panel.x, &panel.y] {
                let (low, high) = axis.range;
                if !(low.is_finite() && high.is_finite() && low < high) || axis.label.is_empty() {
                    return Some(format!("axis `{}` from {low} to {high}", axis.label));
                }
            }
        }
        None
    }
}
