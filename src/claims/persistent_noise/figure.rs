//! How mixed a neuron stays, against the strength of its cause.

use super::stationary::{Averages, Bin};
use crate::plot::drawing::{Axis, Colour, Drawing, Panel, Point, Series, Shape, Stroke};
use crate::plot::{Plot, distinct};

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

pub(super) const DENSITY: Plot<Bin> = Plot {
    id: "persistent_density",
    title: "The stationary density of the angle to the nearer axis, under label noise and correlation",
    draw: draw_density,
    caption: density_caption,
};

fn draw_density(rows: &[Bin]) -> Drawing {
    let panel = |cause: &str, symbol: &str| {
        let of = |(k, size): (usize, f64)| {
            let bins = || rows.iter().filter(|bin| bin.cause == cause && bin.size == size);
            let middle = |bin: &Bin| 0.5 * (bin.from + bin.to);
            let density = |bin: &Bin, share: f64| share / (bin.to - bin.from);
            let law = bins().map(|bin| (middle(bin), density(bin, bin.predicted))).collect();
            let runs = bins().map(|bin| {
                Point::estimated(middle(bin), density(bin, bin.share), density(bin, bin.se_share))
            });
            let name = format!("{symbol} = {size}");
            [
                Series::points(name, Colour::nth(k), Shape::nth(k), runs.collect()),
                Series::line("", Colour::nth(k), Stroke::Dashed, law),
            ]
        };
        let here: Vec<Bin> = rows.iter().filter(|bin| bin.cause == cause).cloned().collect();
        let series = distinct(&here, |bin| bin.size).into_iter().enumerate().flat_map(of).collect();
        let x = Axis::linear("angle to the nearer axis").from_to(0.0, std::f64::consts::FRAC_PI_4);
        Panel::new(cause, x, Axis::linear("density"), series)
    };
    Drawing::new(2, vec![panel("label noise", "σ"), panel("correlation", "r")])
}

fn density_caption(rows: &[Bin]) -> String {
    format!(
        "Two samples, one a step: the share of the time in each of six bins of π/24 of the angle between w and the nearer axis, over the width of the bin and drawn at its middle, with 95 % intervals over {} runs at each of η = {} and half of it, \
         extrapolated to η = 0. Dashed: the same of the stationary laws, joined by lines. Left: fresh label noise σ. Right: samples with the inner product ρ = rη.",
        rows[0].runs, rows[0].step_size
    )
}

fn caption(rows: &[Averages]) -> String {
    format!(
        "Time averages over {} runs a point, two samples, one a step, at η = {} and half of it, extrapolated to η = 0, with 95 % intervals. Above, over the noise σ of the targets, fresh at every step: the mean of sin² 2θ, θ the angle of w, and the share of \
         the time in which θ is within 0.15 of an axis. Below, over r = ρ/η for samples with the inner product ρ: the mean of |sin 2θ|, and the same share. Crosses: what the stationary laws of θ predict for η → 0.",
        rows[0].runs, rows[0].step_size
    )
}
