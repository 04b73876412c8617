//! Odds over angle and tilt, and the thresholds with runs on both sides.

use super::row::{Bracket, TiltedOdds};
use crate::plot::drawing::{Axis, Colour, Drawing, Panel, Point, Series, Shape};
use crate::plot::{Plot, points_by};

pub(super) const ODDS: Plot<TiltedOdds> = Plot {
    id: "unequal_odds",
    title: "Odds of two samples of unequal norms or sampling weights, against the generalised arcsine law",
    draw: draw_odds,
    caption: odds_caption,
};

pub(super) const LIMITS: Plot<Bracket> = Plot {
    id: "unequal_limits",
    title: "Runs that stay with a sample and runs that leave it, on both sides of the threshold",
    draw: draw_limits,
    caption: limits_caption,
};

fn draw_odds(rows: &[TiltedOdds]) -> Drawing {
    let mut series = vec![Series::law("law", vec![(0.0, 0.0), (1.0, 1.0)])];
    let point = |_, row: &TiltedOdds| Some(Point::estimated(row.predicted, row.odds, row.standard_error));
    series.extend(points_by(rows, |row| row.unequal.clone(), point));
    let equal = rows.iter().map(|row| Point::exact(row.predicted, row.equal)).collect();
    series.push(Series::points("odds of equal data", Colour::Grey, Shape::Cross, equal));
    let x = Axis::linear("arcsine law, until one |u| leads by e¹⁰").from_to(0.0, 1.0);
    Drawing::new(1, vec![Panel::new("", x, Axis::linear("P(i* = 1)"), series)])
}

fn odds_caption(rows: &[TiltedOdds]) -> String {
    let TiltedOdds { runs, step_size: half, .. } = &rows[0];
    let cells: Vec<String> =
        rows.iter().map(|row| format!("{} γ = {}, θ = {} π/2", row.unequal, row.tilt, row.angle)).collect();
    format!(
        "Frequency with which the first of two samples leads by e¹⁰, over the probability that the diffusion does, from {runs} runs at each of η = {} and {half}, extrapolated to 0 at the same γ, with 95 % intervals. Crosses: what equal \
         norms and weights would give from the same angle. Cells: {}.",
        2.0 * half,
        cells.join("; ")
    )
}

fn limits(rows: &[Bracket], kind: &str, curve: fn(f64) -> f64, label: &str) -> Panel {
    let rows: Vec<&Bracket> = rows.iter().filter(|row| row.unequal == kind).collect();
    let far = rows.iter().map(|row| 1.1 * row.step_size).fold(0.0, f64::max);
    let line = (0..=60).map(|k| f64::from(k) / 60.0 * far).map(|eta| (eta, curve(eta))).collect();
    let points = |stayed: bool| {
        let rows = rows
            .iter()
            .filter(move |row| (row.stayed == row.runs) == stayed && (stayed || row.left == row.runs));
        rows.map(|row| Point::exact(row.step_size, row.ratio)).collect()
    };
    let series = vec![
        Series::law("threshold", line),
        Series::points("all runs stay", Colour::Blue, Shape::Disc, points(true)),
        Series::points("all runs leave", Colour::Vermillion, Shape::Triangle, points(false)),
    ];
    Panel::new(kind, Axis::linear("step size η"), Axis::linear(label), series)
}

fn draw_limits(rows: &[Bracket]) -> Drawing {
    let weights = |eta: f64| if eta == 0.0 { 1.0 } else { (-eta).ln_1p() / -eta.ln_1p() };
    let panels = vec![
        limits(rows, "weights", weights, "q_j/q_i of a rival"),
        limits(rows, "norms", |eta| 1.0 / (1.0 - eta), "‖x_j‖²/‖x_i‖² of a rival"),
    ];
    Drawing::new(2, panels)
}

fn limits_caption(rows: &[Bracket]) -> String {
    format!(
        "Runs from a neighbourhood of a sample, {} a point, b = 1, m = 2 to 4, with one rival that is drawn more often (left) or is longer (right). Dashed: above log 1/(1 − η)/log(1 + η), and above \
         1/(1 − η), the sample can be no limit.",
        rows[0].runs
    )
}
