//! Weighted and plain odds over the direction cosines, and what the identity saves.

use super::row::SampleOdds;
use crate::plot::drawing::{Axis, Colour, Drawing, Panel, Point, Series, Shape};
use crate::plot::{Plot, distinct};
use crate::study::words::listed;

pub(super) const FIGURE: Plot<SampleOdds> = Plot {
    id: "odds_identity",
    title: "Odds with the weight e^{A/2} and without, over the direction cosine of the start",
    draw,
    caption,
};

fn odds(rows: &[SampleOdds]) -> Panel {
    let weighted = rows.iter().map(|row| Point::estimated(row.cosine, row.weight, row.se_weight)).collect();
    let early =
        rows.iter().map(|row| Point::estimated(row.cosine, row.early_weight, row.se_early_weight)).collect();
    let plain = rows.iter().map(|row| Point::estimated(row.cosine, row.odds, row.se_odds)).collect();
    let series = vec![
        Series::law("law, and bound", vec![(0.0, 0.0), (1.0, 1.0)]),
        Series::points("E[e^{A/2}; i* = j]", Colour::Blue, Shape::Disc, weighted),
        Series::points("the martingale at τ = 0.7", Colour::Grey, Shape::Cross, early),
        Series::points("P(i* = j)", Colour::Vermillion, Shape::Triangle, plain),
    ];
    let x = Axis::linear("c_j/‖c‖ at the start").from_to(0.0, 1.0);
    Panel::new("weighted and plain odds", x, Axis::linear("odds"), series)
}

fn gains(rows: &[SampleOdds]) -> Panel {
    let point = |row: &SampleOdds| Point::exact(row.predicted_gain, row.gain);
    let ends = rows
        .iter()
        .map(|row| row.predicted_gain)
        .fold((f64::INFINITY, 0.0f64), |(low, high), gain| (low.min(gain), high.max(gain)));
    let series = vec![
        Series::law("law", vec![(ends.0, ends.0), (ends.1, ends.1)]),
        Series::points("runs", Colour::Blue, Shape::Disc, rows.iter().map(point).collect()),
    ];
    let (x, y) =
        (Axis::log("ratio of the variances by the laws"), Axis::log("ratio of the variances from the runs"));
    Panel::new("counting winners over the identity", x, y, series)
}

fn draw(rows: &[SampleOdds]) -> Drawing {
    Drawing::new(2, vec![odds(rows), gains(rows)])
}

fn caption(rows: &[SampleOdds]) -> String {
    let mut batches = distinct(rows, |row| row.batch);
    batches.sort_unstable();
    let SampleOdds { runs, step_per_sample: half, .. } = &rows[0];
    format!(
        "Every sample of every cell (m = 2 to 7; b = {}): means over {runs} runs at each of η_B = {} and {half}, extrapolated to 0, with 95 % intervals; of the plain odds, at {half}. Left, over the direction cosine c_j/‖c‖ of the start: the odds with the weight e^{{A/2}}, A stopped at 3; the martingale \
         e^{{A/2}}|c_j|/‖c‖ at τ = 0.7; and the plain odds. Dashed: the law of the first two, and the bound on the third. Right, both axes logarithmic: the variance of a count of winners over that of (c_j/‖c‖) e^{{−A/2}} under Brownian motion with drift e_j, which estimates the same odds, from the means over the runs at {half} (no \
         intervals) over the same by the laws; dashed: equality.",
        listed(&batches),
        2.0 * half
    )
}
