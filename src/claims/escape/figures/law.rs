//! The law of the time to commit, for two samples.

use crate::claims::escape::pair::CommittedBy;
use crate::plot::Plot;
use crate::plot::drawing::{Axis, Colour, Drawing, Panel, Point, Series, Shape};

pub const FIGURE: Plot<CommittedBy> = Plot {
    id: "escape_law",
    title: "The time to commit from the even mixture of two samples, beside the law of the diffusion",
    draw,
    caption,
};

fn draw(rows: &[CommittedBy]) -> Drawing {
    let law = rows.iter().map(|row| (row.kappa_t, row.predicted)).collect();
    let points =
        rows.iter().map(|row| Point::within(row.kappa_t, row.committed, row.low, row.high)).collect();
    let series = vec![
        Series::law("1 − S(t), ∂ₜS = S″ + tanh d S′", law),
        Series::points("SGD", Colour::Blue, Shape::Disc, points),
    ];
    Drawing::new(
        1,
        vec![Panel::new("", Axis::linear("t"), Axis::linear("P(κT ≤ t)").from_to(-0.02, 1.04), series)],
    )
}

fn caption(rows: &[CommittedBy]) -> String {
    let CommittedBy { step_per_sample, runs, .. } = &rows[0];
    format!(
        "Share of runs committed by κT, T steps until |log c₁/c₂| passes a threshold: m = 2, b = 1, started at w_GD of equal \
         correlations, η = {step_per_sample}, reduced engine, {runs} independent runs. 95 % interval at each time (points of one sample: they err \
         together). Dashed: the diffusion."
    )
}
