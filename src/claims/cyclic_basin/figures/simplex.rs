//! Three samples: who wins cyclic SGD, over all ratios of the start.

use crate::plot::drawing::{Axis, Colour, Drawing, Panel, Point, Series, Shape, Stroke};
use crate::plot::sheet::Row;
use crate::plot::{FileFigure, Sheet};

pub(super) const FIGURE: FileFigure = FileFigure {
    id: "cyclic_simplex",
    title: "Three samples in turns: which of them wins, by where training starts",
    table: "cyclic_simplex",
    columns: &["share_0", "share_1", "share_2", "init_norm", "step_size", "winner", "first_order"],
    draw,
    caption,
};

/// Starts that can be told apart in the figure; of a finer lattice every second row and column, every third, …
const DRAWN: f64 = 2000.0;

/// Shares that differ by less are a tie.
const ROUNDING: f64 = 1e-12;

/// The starts that are drawn.
fn chosen(sheet: &Sheet) -> impl Iterator<Item = Row<'_>> {
    // A triangle of `n` rows has `n(n + 1)/2` points, at shares `(k + 1/3)/n`.
    let count = sheet.rows().count() as f64;
    let n = ((8.0 * count + 1.0).sqrt() - 1.0) / 2.0;
    let every = (count / DRAWN).sqrt().ceil().max(1.0) as u64;
    let index = move |share: f64| (share * n - 1.0 / 3.0).round() as u64;
    sheet.rows().filter(move |row| {
        ["share_0", "share_1"].iter().all(|share| index(row.number(share)).is_multiple_of(every))
    })
}

fn draw(sheet: &Sheet) -> Drawing {
    let points = |keep: &dyn Fn(&Row) -> bool| -> Vec<Point> {
        let rows = chosen(sheet).filter(keep);
        rows.map(|row| Point::exact(row.number("share_0"), row.number("share_1"))).collect()
    };
    let mut series = vec![Series::line("", Colour::Grey, Stroke::Thin, vec![(0.0, 1.0), (1.0, 0.0)])];
    for (k, name) in ["a₀ wins", "a₁ wins", "a₂ wins"].into_iter().enumerate() {
        let winner = k.to_string();
        let won = points(&|row| row.text("winner") == winner);
        series.push(Series::points(name, Colour::nth(k), Shape::Disc, won));
    }
    let wrong = points(&|row| row.text("winner") != row.text("first_order"));
    series.push(Series::points("first order errs", Colour::Text, Shape::Cross, wrong));
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
fn behind(row: &Row) -> f64 {
    let shares = ["share_0", "share_1", "share_2"].map(|share| row.number(share));
    let winner = row.text("winner").parse::<usize>().ok().and_then(|k| shares.get(k));
    shares.iter().fold(0.0, |max: f64, share| max.max(*share)) - winner.unwrap_or(&f64::NAN)
}

fn caption(sheet: &Sheet) -> String {
    let count = |keep: fn(&Row) -> bool| sheet.rows().filter(keep).count();
    format!(
        "Limit of cyclic SGD from c > 0 without residual, ‖w₀‖ = {}, m = 3, b = 1, η = {}, samples visited in the order 0, 1, 2; \
         reduced engine, one run a start, without chance. {} of {} starts end in a sample that is not the largest at first, \
         beside ties. Crosses: starts whose winner is not that of the head start to first order in η ({} in all).",
        sheet.first("init_norm"),
        sheet.first("step_size"),
        count(|row| behind(row) > ROUNDING),
        sheet.rows().count(),
        count(|row| row.text("winner") != row.text("first_order")),
    )
}
