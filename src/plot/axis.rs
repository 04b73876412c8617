//! Axes: how numbers become lengths, and which numbers.

/// Largest number that is drawn, and the inverse of the smallest on a logarithmic axis: no measurement comes near, and the
/// backend counts ticks and dashes over whatever it is given.
pub(super) const MAX_VALUE: f64 = 1e100;

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
    pub(super) fn shows(&self, value: f64) -> bool {
        value.abs() <= MAX_VALUE && (self.scale == Scale::Linear || value >= 1.0 / MAX_VALUE)
    }

    /// A value, or its logarithm: proportional to lengths.
    pub(super) fn place(&self, value: f64) -> f64 {
        if self.scale == Scale::Log { value.log10() } else { value }
    }

    /// The value at a place.
    pub(super) fn at(&self, place: f64) -> f64 {
        if self.scale == Scale::Log { 10f64.powf(place) } else { place }
    }

    /// The places up to which marks are kept: ten times as long as the axis beyond either end.
    pub(super) fn reach(&self) -> (f64, f64) {
        let (low, high) = (self.place(self.range.0), self.place(self.range.1));
        (low - 10.0 * (high - low), high + 10.0 * (high - low))
    }

    /// Why it cannot be drawn: no label, or no range in which numbers can be told apart.
    pub(super) fn flaw(&self) -> Option<String> {
        let (low, high) = self.range;
        let is_drawn = self.shows(low) && self.shows(high) && is_wide(self.place(low), self.place(high));
        (!is_drawn || self.label.is_empty())
            .then(|| format!("axis `{}` from {low:?} to {high:?}", self.label))
    }

    /// Takes its range from values, with a margin, unless it has one.
    pub(super) fn fit(&mut self, values: impl Iterator<Item = f64>) {
        if self.range.0.is_finite() && self.range.1.is_finite() {
            return;
        }
        let values = values.filter(|&value| self.shows(value)).map(|value| self.place(value));
        let (low, high) =
            values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), x| (x.min(low), x.max(high)));
        let size = low.abs().max(high.abs());
        let margin = if is_wide(low, high) { 0.05 * (high - low) } else { 0.5f64.max(1e-3 * size) };
        let (low, high) = (low - margin, high + margin);
        // Ticks of a logarithmic axis are powers of ten: it shows two of them.
        let (low, high) = match self.scale {
            Scale::Log if high - low < 1.0 => (low.floor(), high.ceil()),
            _ => (low, high),
        };
        self.range = (self.at(low), self.at(high));
    }
}

/// Whether there are numbers between two ends that rounding tells apart.
fn is_wide(low: f64, high: f64) -> bool {
    high - low > 1e-12 * low.abs().max(high.abs())
}
