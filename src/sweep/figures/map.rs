//! A measure over two options, as a map of cells, with panels for the values of the rest.

use super::response::capital;
use super::{Facet, Positions, check, drawn, facets, in_words, means, option_in_words, panels};
use crate::plot::drawing::{Axis, MAX_NAMES, Panel, Series, Shades};
use crate::plot::sheet::Row;
use crate::plot::{Figure, Sheet, Shown};
use crate::sweep::study::Study;
use crate::text::number;

#[derive(Debug)]
pub(super) struct Map {
    id: String,
    title: String,
    axes: [String; 2],
    colour: String,
    facets: Vec<String>,
}

impl Map {
    /// Of options along both axes.
    pub fn new(id: String, study: &Study, axes: [String; 2], colour: &str) -> Self {
        let [x, y] = &axes;
        let title =
            format!("{} over {} and {}", capital(&in_words(colour)), option_in_words(x), option_in_words(y));
        let facets = facets(study, &[x, y]);
        Self { id, title, axes, colour: colour.into(), facets }
    }

    /// The mean of every cell of a panel, `[row][column]`.
    fn values(&self, rows: &[Row], [across, up]: [&Positions; 2]) -> Vec<Vec<f64>> {
        let mut values = vec![vec![f64::NAN; across.texts.len()]; up.texts.len()];
        for row in rows {
            let place = |positions: &Positions, name: &str| positions.place(row.text(name));
            if let Some((column, line)) = place(across, &self.axes[0]).zip(place(up, &self.axes[1])) {
                values[line][column] = row.number(&self.colour);
            }
        }
        values
    }
}

impl Figure for Map {
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
        let [x, y] = &self.axes;
        let names: Vec<&str> =
            [x, y, &self.colour].into_iter().chain(&self.facets).map(String::as_str).collect();
        check(sheet, &names, &self.colour)?;
        let all = || sheet.rows().map(|row| row.number(&self.colour)).filter(|x| x.is_finite());
        let (low, high) = (all().fold(f64::INFINITY, f64::min), all().fold(f64::NEG_INFINITY, f64::max));
        if low > high {
            return Err(format!("no cell has a mean of {}", in_words(&self.colour)));
        }
        // What differs by rounding has one colour.
        let high = high.max(low + 1e-9 * low.abs().max(1.0));
        let (across, up) = (Positions::of(sheet, x), Positions::of(sheet, y));
        // Before there is a cell for each pair of them.
        if let Some(count) = [&across, &up].map(|axis| axis.texts.len()).into_iter().find(|n| *n > MAX_NAMES)
        {
            return Err(format!("{count} names on an axis, of which at most {MAX_NAMES} are drawn"));
        }
        let (panels, empty) = panels(sheet, &self.facets, &self.colour)?;
        let panel = |Facet { title, rows }: &Facet| {
            let values = self.values(rows, [&across, &up]);
            let has_mean = values.iter().flatten().any(|mean| mean.is_finite());
            let series = has_mean.then(|| Series::heat("mean: ", Shades::Cividis { low, high }, values));
            let axis = |name: &str, positions: &Positions| {
                Axis::named(&option_in_words(name), positions.texts.clone())
            };
            Panel::new(title.as_str(), axis(x, &across), axis(y, &up), series.into_iter().collect())
        };
        let (drawing, left_out) = drawn(panels.iter().map(panel).collect(), empty, &self.colour)?;
        let range = format!(
            " Colours go from {} to {}; a cell without a mean stays empty.",
            number(low),
            number(high)
        );
        Shown::new(drawing, means(sheet, &self.colour) + &range + &left_out)
    }
}
