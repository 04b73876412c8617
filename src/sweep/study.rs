//! A study: what all of its runs share, what is varied, what is compared and drawn.

use std::collections::HashSet;

use super::given::Given;
use super::names::Options;
use crate::error::{Error, Result};
use crate::limits::MAX_RUNS;

/// Most cells of a grid: a phase diagram of 100 × 100.
pub(super) const MAX_CELLS: usize = 10_000;

/// An option of `train`, by its long name, with one value.
#[derive(Clone, Debug)]
pub(super) struct Setting {
    pub option: String,
    pub value: Given,
}

/// An option of `train`, by its long name, with the values that it takes.
#[derive(Clone, Debug)]
pub(super) struct Column {
    pub option: String,
    /// Where its name stands.
    pub at: String,
    pub values: Vec<Given>,
}

impl Column {
    /// Its name in tables.
    pub fn name(&self) -> String {
        column_name(&self.option)
    }

    /// Whether no two positions of its axis have one value.
    pub fn tells_apart(&self) -> bool {
        let mut earlier = HashSet::new();
        self.values.iter().all(|value| earlier.insert(Meant::by(&value.text)))
    }
}

/// What a text means: two that are one value are equal.
#[derive(PartialEq, Eq, Hash)]
enum Meant<'a> {
    /// A number, by its bits.
    Number(u64),
    Word(&'a str),
}

impl<'a> Meant<'a> {
    fn by(text: &'a str) -> Self {
        match text.parse::<f64>() {
            // Either zero is 0.
            Ok(number) if !number.is_nan() => Self::Number((number + 0.0).to_bits()),
            _ => Self::Word(text),
        }
    }
}

/// Whether two texts are one value.
pub(super) fn is_same(a: &str, b: &str) -> bool {
    Meant::by(a) == Meant::by(b)
}

/// Name of an option in tables and files.
pub(super) fn column_name(option: &str) -> String {
    option.replace('-', "_")
}

/// Options that vary together: one of `[grid]`, or all of `[zip]`.
#[derive(Clone, Debug)]
pub(super) struct Axis {
    pub columns: Vec<Column>,
    pub is_zip: bool,
}

impl Axis {
    /// The axis of `[zip]`; none without columns.
    ///
    /// # Errors
    /// [`Error::Study`] if the columns have different numbers of values.
    pub fn zip(columns: Vec<Column>) -> Result<Option<Self>> {
        let Some(first) = columns.first() else { return Ok(None) };
        let length = first.values.len();
        let Some(column) = columns.iter().find(|column| column.values.len() != length) else {
            return Ok(Some(Self { columns, is_zip: true }));
        };
        let reason = format!(
            "`{}` has {} values, and `{}`, which varies with it, {length}",
            column.option,
            column.values.len(),
            first.option
        );
        Err(Error::Study { at: column.at.clone(), reason })
    }

    /// Number of its positions.
    pub fn len(&self) -> usize {
        self.columns.first().map_or(0, |column| column.values.len())
    }
}

/// `[[compare]]`: every cell with the one that has another value on an axis, over the seeds that both share.
#[derive(Clone, Debug)]
pub(super) struct Compare {
    pub axis: Given,
    pub with: Given,
    /// What is compared; everything that is measured if it is not said.
    pub measure: Option<Given>,
}

/// `[[figure]]`: a response `y` against `x`; or `colour` over `x` and `y`.
#[derive(Clone, Debug)]
pub(super) struct FigureAsked {
    pub x: Given,
    pub y: Given,
    pub series: Option<Given>,
    pub colour: Option<Given>,
}

/// A study as it was asked for.
#[derive(Clone, Debug)]
pub(super) struct Study {
    pub title: String,
    /// Each cell runs once for every seed from 1 to this.
    pub seeds: u64,
    pub base: Vec<Setting>,
    /// Crossed, the first varying slowest.
    pub axes: Vec<Axis>,
    pub compares: Vec<Compare>,
    pub figures: Vec<FigureAsked>,
}

impl Study {
    pub fn new() -> Self {
        Self {
            title: "A sweep".into(),
            seeds: 1,
            base: Vec::new(),
            axes: Vec::new(),
            compares: Vec::new(),
            figures: Vec::new(),
        }
    }

    /// Columns of all axes, in order.
    pub fn columns(&self) -> impl Iterator<Item = &Column> {
        self.axes.iter().flat_map(|axis| &axis.columns)
    }

    /// The axis and column of an option that varies.
    pub fn column(&self, given: &Given) -> Option<(usize, &Column)> {
        let name = column_name(&given.text);
        let axes = self.axes.iter().enumerate();
        axes.flat_map(|(k, axis)| axis.columns.iter().map(move |column| (k, column)))
            .find(|(_, column)| column.name() == name)
    }

    /// Number of cells.
    ///
    /// # Errors
    /// A grid or a study that is too large, with its sizes.
    pub fn count(&self) -> Result<usize> {
        let cells = self.axes.iter().try_fold(1usize, |cells, axis| cells.checked_mul(axis.len()));
        let sizes = || self.axes.iter().map(|axis| axis.len().to_string()).collect::<Vec<_>>().join(" × ");
        let refuse = |reason: String| {
            let at = self.axes.last().map_or("seeds", |axis| &axis.columns[0].at);
            Err(Error::Study { at: at.into(), reason })
        };
        match cells {
            Some(cells) if cells > MAX_CELLS => refuse(format!(
                "the grid has {} = {cells} cells, of which a study has at most {MAX_CELLS}",
                sizes()
            )),
            None => {
                refuse(format!("the grid has {} cells, of which a study has at most {MAX_CELLS}", sizes()))
            }
            Some(cells) if (cells as u64).saturating_mul(self.seeds) > MAX_RUNS => {
                let runs = (cells as u64).saturating_mul(self.seeds);
                refuse(format!(
                    "{cells} cells × {} seeds = {runs} runs, of which a study has at most {MAX_RUNS}",
                    self.seeds
                ))
            }
            Some(cells) => Ok(cells),
        }
    }

    /// Position of a cell on every axis.
    pub fn place(&self, mut cell: usize) -> Vec<usize> {
        let mut place = vec![0; self.axes.len()];
        for (k, axis) in self.axes.iter().enumerate().rev() {
            (place[k], cell) = (cell % axis.len(), cell / axis.len());
        }
        place
    }

    /// The cell at a position on every axis.
    pub fn cell(&self, place: &[usize]) -> usize {
        self.axes.iter().zip(place).fold(0, |cell, (axis, k)| cell * axis.len() + k)
    }

    /// The values that a cell has of the options that vary, in the order of the columns.
    pub fn values(&self, cell: usize) -> Vec<&Given> {
        let place = self.place(cell);
        let at = self.axes.iter().zip(place);
        at.flat_map(|(axis, k)| axis.columns.iter().map(move |column| &column.values[k])).collect()
    }

    /// All options of a cell.
    pub fn settings(&self, cell: usize) -> impl Iterator<Item = (&str, &Given)> {
        let base = self.base.iter().map(|setting| (setting.option.as_str(), &setting.value));
        base.chain(self.columns().map(|column| column.option.as_str()).zip(self.values(cell)))
    }

    /// A cell in words, as `batch = 3, schedule = sgd`.
    pub fn describe(&self, cell: usize) -> String {
        let of = |(column, value): (&Column, &Given)| format!("{} = {}", column.name(), value.text);
        let all: Vec<String> = self.columns().zip(self.values(cell)).map(of).collect();
        if all.is_empty() { "the only cell".into() } else { all.join(", ") }
    }

    /// Sets an option for all runs, or gives it values to vary over; it counts no longer what the study said of it.
    pub fn set(&mut self, name: &Given, values: Vec<Given>, is_axis: bool, known: &Options) -> Result<()> {
        let option = known.find(name)?;
        let (at, single) = (name.at.clone(), !is_axis && values.len() == 1);
        self.base.retain(|setting| setting.option != option);
        let there =
            self.axes.iter().position(|axis| axis.columns.iter().any(|column| column.option == option));
        if let Some(k) = there
            && self.axes[k].is_zip
        {
            let reason = format!("`{}` varies together with other options of the study", name.text);
            return Err(name.refuse(reason));
        }
        match (there, single) {
            (Some(k), false) => self.axes[k].columns = vec![Column { option, at, values }],
            (None, false) => {
                let axis = Axis { columns: vec![Column { option, at, values }], is_zip: false };
                self.axes.push(axis);
            }
            (there, true) => {
                there.into_iter().for_each(|k| drop(self.axes.remove(k)));
                self.base.extend(values.into_iter().map(|value| Setting { option: option.clone(), value }));
            }
        }
        Ok(())
    }
}
