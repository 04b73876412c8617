//! Two samples: trajectories in the plane, the circle of minima, the limits.

use super::plane::InPlane;
use crate::plot::drawing::{Axis, Colour, Drawing, Panel, Point, Series, Shape, Stroke};
use crate::plot::{Plot, distinct};

pub(super) const FIGURE: Plot<InPlane> = Plot {
    id: "plane",
    title: "Two samples: GD, SGD and cyclic SGD in the plane, from one start",
    draw,
    caption,
};

fn draw(rows: &[InPlane]) -> Drawing {
    let circle = (0..=90).map(|degree| f64::from(degree).to_radians()).map(|t| (t.cos(), t.sin())).collect();
    let mut series = vec![Series::line("minima, ‖w‖ = 1", Colour::Grey, Stroke::Dotted, circle)];
    let (mut starts, mut ends, mut limits) = (Vec::new(), Vec::new(), Vec::new());
    for (algorithm, colour, stroke) in [
        ("SGD", Colour::Vermillion, Stroke::Thin),
        ("cyclic", Colour::Green, Stroke::Solid),
        ("GD", Colour::Blue, Stroke::Solid),
    ] {
        for (k, run) in distinct(rows, |row| row.run).into_iter().enumerate() {
            let way: Vec<_> =
                rows.iter().filter(|row| row.algorithm == algorithm && row.run == run).collect();
            let (Some(first), Some(last)) = (way.first(), way.last()) else { continue };
            starts.push(Point::exact(first.c_0, first.c_1));
            limits.push(Point::exact(first.limit_0, first.limit_1));
            ends.push(Series::points("", colour, Shape::Disc, vec![Point::exact(last.c_0, last.c_1)]));
            let name = if k == 0 { algorithm } else { "" };
            let points = way.iter().map(|row| (row.c_0, row.c_1)).collect();
            series.push(Series::line(name, colour, stroke, points));
        }
    }
    starts.truncate(1);
    series.extend(ends);
    series.push(Series::points("w₀", Colour::Text, Shape::Diamond, starts));
    series.push(Series::points("predicted limit", Colour::Text, Shape::Cross, limits));
    let (x, y) = (Axis::linear("c₀ = ⟨w, a₀⟩"), Axis::linear("c₁ = ⟨w, a₁⟩"));
    Drawing::new(1, vec![Panel::new("", x.from_to(-0.05, 1.1), y.from_to(-0.05, 1.1), series).squared()])
}

fn caption(rows: &[InPlane]) -> String {
    let random: Vec<InPlane> = rows.iter().filter(|row| row.algorithm == "SGD").cloned().collect();
    format!(
        "m = n = 2, linear model, η = {}, mean reduction, reduced engine: GD (1 run), cyclic SGD (1 run) and SGD with b = 1 \
         ({} runs) from one start with c₀ > c₁ > 0. Discs: where they ended. Crosses: the limits of Theorem 1 (GD) and \
         Theorem 4 (cyclic SGD: the sample visited first); random SGD may end in either sample.",
        rows[0].step_size,
        distinct(&random, |row| row.run).len(),
    )
}
