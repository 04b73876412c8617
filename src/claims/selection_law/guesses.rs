//! The odds of the leader of many samples, beside paths of the diffusion and two guesses.

use super::many::LeaderOdds;
use crate::plot::Plot;
use crate::plot::drawing::{Axis, Colour, Drawing, Panel, Point, Series, Shape};
use crate::text::number;

pub(super) const FIGURE: Plot<LeaderOdds> = Plot {
    id: "selection_odds",
    title: "The odds of the leader from eleven starts of 6 to 100 samples, and two guesses",
    draw,
    caption,
};

/// Starts of a panel, whose names must find room.
const ABREAST: usize = 4;

fn draw(rows: &[LeaderOdds]) -> Drawing {
    Drawing::new(1, rows.chunks(ABREAST).map(panel).collect())
}

fn panel(rows: &[LeaderOdds]) -> Panel {
    let series = |name: &str, colour, shape, of: fn(&LeaderOdds, f64) -> Point| {
        let points = (1..).map(f64::from).zip(rows).map(|(x, row)| of(row, x)).collect();
        Series::points(name, colour, shape, points)
    };
    let paths: fn(&LeaderOdds, f64) -> Point =
        |row, x| Point::estimated(x, row.frequency_1, row.standard_error_of_frequency_1);
    let series = vec![
        series("paths of the diffusion", Colour::Blue, Shape::Disc, paths),
        series("odds", Colour::Text, Shape::Cross, |row, x| Point::exact(x, row.odds_1)),
        series("spherical area", Colour::nth(1), Shape::Triangle, |row, x| Point::exact(x, row.spherical_1)),
        series("c₁/Σc", Colour::nth(2), Shape::Square, |row, x| Point::exact(x, row.proportional_1)),
    ];
    let name = |row: &LeaderOdds| match row.start.as_str() {
        "Gaussian" => format!("Gaussian, m = {}", row.samples),
        start => start.to_string(),
    };
    let x = Axis::named("correlations of the start", rows.iter().map(name).collect());
    Panel::new("", x, Axis::linear("P(i* = 1)").from_to(0.0, 1.0), series)
}

fn caption(rows: &[LeaderOdds]) -> String {
    let paths = rows.iter().map(|row| row.diffusion_paths).max().unwrap_or(0);
    format!(
        "Probability that the largest correlation wins. Crosses: the odds by the Monte Carlo without a time step, whose standard errors are below the size of the marks; points: frequencies among {} exact paths of the diffusion a start, \
         95 % intervals. Triangles and squares: the share of the solid angle, and that of the correlation, which are not the law.",
        number(paths as f64)
    )
}
