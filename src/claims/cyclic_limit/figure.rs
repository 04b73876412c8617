//! Two samples: trajectories in the plane, the circle of minima, the limits.

use crate::plot::drawing::{Axis, Colour, Drawing, Panel, Point, Series, Shape, Stroke};
use crate::plot::{FileFigure, Sheet};

pub(super) const FIGURE: FileFigure = FileFigure {
    id: "plane",
    title: "Two samples: GD, SGD and cyclic SGD in the plane, from one start",
    table: "plane",
    columns: &["algorithm", "run", "step_size", "step", "c_0", "c_1", "limit_0", "limit_1"],
    draw,
    caption,
};

fn draw(sheet: &Sheet) -> Drawing {
    let circle = (0..=90).map(|degree| f64::from(degree).to_radians()).map(|t| (t.cos(), t.sin())).collect();
    let mut series = vec![Series::line("minima, ‖w‖ = 1", Colour::Grey, Stroke::Dotted, circle)];
    let (mut starts, mut ends, mut limits) = (Vec::new(), Vec::new(), Vec::new());
    for algorithm in ["SGD", "cyclic", "GD"] {
        let colour = match algorithm {
            "GD" => Colour::Blue,
            "cyclic" => Colour::Green,
            _ => Colour::Vermillion,
        };
        for (k, run) in sheet.distinct("run").into_iter().enumerate() {
            let rows = || sheet.with("algorithm", algorithm).filter(|row| row.text("run") == run);
            let way: Vec<_> = rows().map(|row| (row.number("c_0"), row.number("c_1"))).collect();
            let (Some(first), Some(last)) = (way.first(), way.last()) else { continue };
            starts.push(Point::exact(first.0, first.1));
            ends.push(Series::points("", colour, Shape::Disc, vec![Point::exact(last.0, last.1)]));
            let name = if k == 0 { algorithm } else { "" };
            let stroke = if algorithm == "SGD" { Stroke::Thin } else { Stroke::Solid };
            series.push(Series::line(name, colour, stroke, way));
            limits
                .extend(rows().next().map(|row| Point::exact(row.number("limit_0"), row.number("limit_1"))));
        }
    }
    starts.truncate(1);
    series.extend(ends);
    series.push(Series::points("w₀", Colour::Text, Shape::Diamond, starts));
    series.push(Series::points("predicted limit", Colour::Text, Shape::Cross, limits));
    let (x, y) = (Axis::linear("c₀ = ⟨w, a₀⟩"), Axis::linear("c₁ = ⟨w, a₁⟩"));
    Drawing::new(1, vec![Panel::new("", x.from_to(-0.05, 1.1), y.from_to(-0.05, 1.1), series).squared()])
}

fn caption(sheet: &Sheet) -> String {
    format!(
        "m = n = 2, linear model, η = {}, mean reduction, reduced engine: GD (1 run), cyclic SGD (1 run) and SGD with b = 1 \
         ({} runs) from one start with c₀ > c₁ > 0. Discs: where they ended. Crosses: the limits of Theorem 1 (GD) and \
         Theorem 4 (cyclic SGD: the sample visited first); random SGD may end in either sample.",
        sheet.first("step_size"),
        sheet
            .with("algorithm", "SGD")
            .map(|row| row.text("run"))
            .collect::<std::collections::BTreeSet<_>>()
            .len(),
    )
}
