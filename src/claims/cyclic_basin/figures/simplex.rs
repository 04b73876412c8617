//! Three samples: who wins cyclic SGD, over all ratios of the start.

use crate::claims::cyclic_basin::leaders::OnSimplex;
use crate::plot::Plot;
use crate::plot::drawing::{Axis, Colour, Drawing, Panel, Point, Series, Shape, Stroke};

pub const FIGURE: Plot<OnSimplex> = Plot {
    id: "cyclic_simplex",
    title: "Three samples in turns: which of them wins, by where training starts",
    draw,
    caption,
};

/// Starts that can be told apart in the figure; of a finer lattice every second row and column, every third, …
const DRAWN: f64 = 2000.0;

/// Shares that differ by less are a tie.
const ROUNDING: f64 = 1e-12;

/// The starts that are drawn.
fn chosen(rows: &[OnSimplex]) -> impl Iterator<Item = &OnSimplex> {
    // A triangle of `n` rows has `n(n + 1)/2` points, at shares `(k + 1/3)/n`.
    let count = rows.len() as f64;
    let n = ((8.0 * count + 1.0).sqrt() - 1.0) / 2.0;
    let every = (count / DRAWN).sqrt().ceil().max(1.0) as u64;
    let index = move |share: f64| (share * n - 1.0 / 3.0).round() as u64;
    rows.iter()
        .filter(move |row| [row.share_0, row.share_1].iter().all(|share| index(*share).is_multiple_of(every)))
}

/// Whether the first order has another winner, or there is none.
fn is_wrong(row: &OnSimplex) -> bool {
    row.winner != row.first_order.to_string()
}

fn draw(rows: &[OnSimplex]) -> Drawing {
    let points = |keep: &dyn Fn(&OnSimplex) -> bool| -> Vec<Point> {
        let rows = chosen(rows).filter(|row| keep(row));
        rows.map(|row| Point::exact(row.share_0, row.share_1)).collect()
    };
    let mut series = vec![Series::line("", Colour::Grey, Stroke::Thin, vec![(0.0, 1.0), (1.0, 0.0)])];
    for (k, name) in ["a₀ wins", "a₁ wins", "a₂ wins"].into_iter().enumerate() {
        let winner = k.to_string();
        let won = points(&|row| row.winner == winner);
        series.push(Series::points(name, Colour::nth(k), Shape::Disc, won));
    }
    series.push(Series::points("first order errs", Colour::Text, Shape::Cross, points(&is_wrong)));
    // The ties for the largest meet where all are equal.
    let third = 1.0 / 3.0;
    for (k, end) in [(0.5, 0.5), (0.5, 0.0), (0.0, 0.5)].into_iter().enumerate() {
        let name = if k == 0 { "tie for the largest" } else { "" };
        series.push(Series::line(name, Colour::Text, Stroke::Thin, vec![(third, third), end]));
    }
    let (x, y) = (Axis::linear("c₀/Σc"), Axis::linear("c₁/Σc"));
    Drawing::new(1, vec![Panel::new("", x.from_to(0.0, 1.0), y.from_to(0.0, 1.0), series).squared()])
}

/// How far the winner is behind the largest at the start, in shares of the sum; NaN without a winner.
fn behind(row: &OnSimplex) -> f64 {
    let shares = [row.share_0, row.share_1, row.share_2];
    let winner = row.winner.parse::<usize>().ok().and_then(|k| shares.get(k));
    shares.iter().copied().fold(0.0, f64::max) - winner.unwrap_or(&f64::NAN)
}

fn caption(rows: &[OnSimplex]) -> String {
    let count = |keep: fn(&OnSimplex) -> bool| rows.iter().filter(|row| keep(row)).count();
    let OnSimplex { init_norm, step_size, .. } = &rows[0];
    format!(
        "Limit of cyclic SGD from c > 0 without residual, ‖w₀‖ = {init_norm}, m = 3, b = 1, η = {step_size}, samples visited in the order 0, 1, 2; \
         reduced engine, one run a start, without chance. {} of {} starts end in a sample that is not the largest at first, \
         beside ties. Crosses: starts whose winner is not that of the head start to first order in η ({} in all).",
        count(|row| behind(row) > ROUNDING),
        rows.len(),
        count(is_wrong),
    )
}
