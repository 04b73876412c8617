//! How mixed a neuron stays, against the strength of its cause.

use super::stationary::Averages;
use crate::plot::Plot;
use crate::plot::drawing::{Axis, Colour, Drawing, Panel, Point, Series, Shape};

pub(super) const FIGURE: Plot<Averages> = Plot {
    id: "persistent_noise",
    title: "Two samples that no step leaves alone: how mixed the neuron stays, and how near a datapoint",
    draw,
    caption,
};

fn draw(rows: &[Averages]) -> Drawing {
    let of = |cause: &'static str| rows.iter().filter(move |row| row.cause == cause);
    // Laws are drawn beside the measured points, where they would lie upon each other.
    let series = |cause, measured: fn(&Averages) -> Point, law: fn(&Averages) -> f64| {
        let predicted = of(cause).map(|row| Point::exact(row.size, law(row))).collect();
        vec![
            Series::points("law", Colour::Text, Shape::Cross, predicted),
            Series::points("runs", Colour::Blue, Shape::Disc, of(cause).map(measured).collect()),
        ]
    };
    let mixing = |row: &Averages| Point::estimated(row.size, row.mixing, row.se_mixing);
    let near = |row: &Averages| Point::estimated(row.size, row.near, row.se_near);
    let panel = |x: &str, y: &str, series| Panel::new("", Axis::linear(x), Axis::linear(y), series);
    Drawing::new(
        2,
        vec![
            panel(
                "label noise σ",
                "mean of sin² 2θ",
                series("label noise", mixing, |row| row.predicted_mixing),
            ),
            panel(
                "label noise σ",
                "time within 0.15 of a datapoint",
                series("label noise", near, |row| row.predicted_near),
            ),
            panel("r = ρ/η", "mean of |sin 2θ|", series("correlation", mixing, |row| row.predicted_mixing)),
            panel(
                "r = ρ/η",
                "time within 0.15 of a datapoint",
                series("correlation", near, |row| row.predicted_near),
            ),
        ],
    )
}

fn caption(rows: &[Averages]) -> String {
    format!(
        "Time averages over {} runs a point, two samples, one a step, at η = {} and half of it, extrapolated to η = 0, with 95 % intervals. Above: fresh label noise. Below: samples \
         with inner product ρ. Crosses: the stationary laws of the angle θ of w.",
        rows[0].runs, rows[0].step_size
    )
}
