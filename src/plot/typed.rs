//! The figure of a table whose rows have a type.

use std::fmt::Debug;

use super::drawing::{Colour, Point, Series, Shape};
use super::sheet::MAX_DISTINCT;
use super::{Drawing, Figure, Sheet, Shown};
use crate::table::{Row, columns};

/// A figure that is drawn from the rows of a table: it can ask for no column that the table does not have.
#[derive(Debug)]
pub struct Plot<R> {
    /// Identifier, name of its files.
    pub id: &'static str,
    /// One line: what is to be seen.
    pub title: &'static str,
    /// What it shows.
    pub draw: fn(&[R]) -> Drawing,
    /// What a reader must know: what is drawn how, sizes, settings, numbers of runs. There is at least one row.
    pub caption: fn(&[R]) -> String,
}

impl<R: Row + Debug> Figure for Plot<R> {
    fn id(&self) -> &'static str {
        self.id
    }

    fn title(&self) -> &'static str {
        self.title
    }

    fn table(&self) -> &'static str {
        R::TABLE
    }

    fn columns(&self) -> &'static [&'static str] {
        columns::<R>()
    }

    fn show(&self, sheet: &Sheet) -> Result<Shown, String> {
        let rows: Vec<R> = sheet.read_as()?;
        if rows.is_empty() {
            return Err("its table has no rows".into());
        }
        Shown::new((self.draw)(&rows), (self.caption)(&rows))
    }
}

/// The different values of a column, or of what is made of several, as they come; of more than 500 the first, which are still too many to be
/// drawn.
pub fn distinct<R, K: PartialEq>(rows: &[R], of: impl Fn(&R) -> K) -> Vec<K> {
    let mut seen = Vec::new();
    for value in rows.iter().map(of) {
        if seen.len() == MAX_DISTINCT {
            break;
        }
        if !seen.contains(&value) {
            seen.push(value);
        }
    }
    seen
}

/// A series of points for each `name` that rows have, with a colour and a shape of its own. `point` is given the place of the name among all of
/// them, from 0, and the row; where it returns none, nothing is drawn.
pub fn points_by<R>(
    rows: &[R],
    name: impl Fn(&R) -> String,
    point: impl Fn(usize, &R) -> Option<Point>,
) -> Vec<Series> {
    let series = |(k, of): (usize, String)| {
        let points = rows.iter().filter(|row| name(row) == of).filter_map(|row| point(k, row)).collect();
        Series::points(of, Colour::nth(k), Shape::nth(k), points)
    };
    distinct(rows, &name).into_iter().enumerate().map(series).collect()
}
