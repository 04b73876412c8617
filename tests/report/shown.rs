//! What each figure shows, by its structure: panels, series, points, axes. Those of laws beyond the paper are in `laws`.

use puremix::plot::drawing::{Drawing, Marks, Panel, Scale, Series};
use puremix::plot::{self, Sheet};

use super::{figures, quick};

pub(super) fn drawing(id: &str) -> Drawing {
    let figure = figures().into_iter().find(|figure| figure.id() == id).unwrap();
    let sheet = Sheet::read(&quick().join(format!("{}.csv", figure.table())), figure.columns()).unwrap();
    figure.show(&sheet).unwrap_or_else(|flaw| panic!("{id}: {flaw}")).drawing
}

/// Names of the legend, in their order.
pub(super) fn names(panel: &Panel) -> Vec<&str> {
    panel.series.iter().map(|series| series.name.as_str()).filter(|name| !name.is_empty()).collect()
}

pub(super) fn titles(drawing: &Drawing) -> Vec<&str> {
    drawing.panels.iter().map(|panel| panel.title.as_str()).collect()
}

pub(super) fn labels(drawing: &Drawing) -> Vec<(&str, &str)> {
    drawing.panels.iter().map(|panel| (panel.x.label.as_str(), panel.y.label.as_str())).collect()
}

/// The series whose name begins so.
pub(super) fn series<'a>(panel: &'a Panel, name: &str) -> &'a Series {
    panel
        .series
        .iter()
        .find(|series| series.name.starts_with(name))
        .unwrap_or_else(|| panic!("no series {name}"))
}

/// Abscissas and ordinates of points or of a line.
pub(super) fn values(series: &Series) -> Vec<(f64, f64)> {
    match &series.marks {
        Marks::Points(points, _) => points.iter().map(|point| (point.x, point.y)).collect(),
        Marks::Line(points, _) => points.clone(),
        Marks::Heat(..) => panic!("a heat map"),
    }
}

pub(super) fn last(series: &Series) -> f64 {
    values(series).last().unwrap().1
}

#[test]
fn all_marks_lie_within_their_axes() {
    for figure in figures() {
        for panel in drawing(figure.id()).panels {
            let ((left, right), (bottom, top)) = (panel.x.range, panel.y.range);
            for series in &panel.series {
                let Marks::Points(points, _) = &series.marks else { continue };
                for point in points {
                    let inside = left <= point.x && point.x <= right && bottom <= point.y && point.y <= top;
                    assert!(
                        inside,
                        "{}: {point:?} outside {:?} × {:?}",
                        figure.id(),
                        panel.x.range,
                        panel.y.range
                    );
                    assert!(point.low <= point.y && point.y <= point.high, "{}: {point:?}", figure.id());
                }
            }
            // What the backend can draw on a logarithmic axis.
            for axis in [&panel.x, &panel.y] {
                assert!(
                    axis.scale == Scale::Linear || axis.range.0 > 1e-9,
                    "{}: {:?}",
                    figure.id(),
                    axis.range
                );
            }
        }
    }
}

#[test]
fn correlations_end_mixed_and_pure() {
    let drawing = drawing("correlations");
    assert_eq!(titles(&drawing), ["GD, b = m", "SGD, b = 1", "cyclic, b = 1"]);
    assert!(labels(&drawing).iter().all(|label| *label == ("step t", "correlation cₜ(i)")));
    // Eight measured curves; beside those of GD eight predictions.
    assert_eq!(drawing.panels.iter().map(|panel| panel.series.len()).collect::<Vec<_>>(), [16, 8, 8]);
    assert!(
        drawing
            .panels
            .iter()
            .all(|panel| panel.x.scale == Scale::Log && panel.y.range == drawing.panels[0].y.range)
    );
    let ends = |panel: &Panel| -> Vec<f64> {
        let measured = panel.series.iter().filter(|series| series.len() > 2);
        measured.map(|series| last(series).abs()).collect()
    };
    let gd = ends(&drawing.panels[0]);
    let predicted: Vec<f64> = drawing.panels[0]
        .series
        .iter()
        .filter(|series| series.len() == 2)
        .map(|line| last(line).abs())
        .collect();
    assert!(gd.iter().zip(&predicted).all(|(end, limit)| (end - limit).abs() < 1e-3), "{gd:?} {predicted:?}");
    for pure in &drawing.panels[1..] {
        let mut ends = ends(pure);
        ends.sort_by(f64::total_cmp);
        assert!(ends[7] > 0.99 && ends[6] < 0.05, "{}: {ends:?}", pure.title);
    }
}

#[test]
fn the_plane_shows_two_limits_and_the_circle() {
    let drawing = drawing("plane");
    assert_eq!(labels(&drawing), [("c₀ = ⟨w, a₀⟩", "c₁ = ⟨w, a₁⟩")]);
    let panel = &drawing.panels[0];
    assert_eq!(names(panel), ["minima, ‖w‖ = 1", "SGD", "cyclic", "GD", "w₀", "predicted limit"]);
    assert!(panel.square && panel.x.range == panel.y.range);
    assert!(values(series(panel, "minima")).iter().all(|(x, y)| (x.hypot(*y) - 1.0).abs() < 1e-12));
    let (x, y) = *values(series(panel, "GD")).last().unwrap();
    assert!((y / x - 0.8).abs() < 1e-9 && (x.hypot(y) - 1.0).abs() < 1e-9, "({x}, {y})");
    let (x, y) = *values(series(panel, "cyclic")).last().unwrap();
    assert!((x - 1.0).abs() < 1e-9 && y.abs() < 1e-9, "({x}, {y})");
    // The two predictions are where the runs ended.
    assert_eq!(series(panel, "predicted limit").len(), 2);
}

#[test]
fn the_jump_is_at_the_full_batch() {
    let drawing = drawing("batch_sizes");
    let ys: Vec<&str> = drawing.panels.iter().map(|panel| panel.y.label.as_str()).collect();
    assert_eq!(ys, ["largest cosine with a sample", "participation ratio"]);
    let [cosine, ratio] = [&drawing.panels[0], &drawing.panels[1]];
    assert_eq!(names(cosine), ["predicted", "linear", "ReLU"]);
    assert_eq!(names(ratio), ["linear", "ReLU"]);
    for name in ["linear", "ReLU"] {
        for (panel, limit) in [(cosine, 0.9), (ratio, 1.5)] {
            let points = values(series(panel, name));
            // b = 1, …, 11 and 12 of 12.
            assert_eq!(points.len(), 12);
            assert!((points[0].0 - 1.0 / 12.0).abs() < 1e-15 && points[11].0 == 1.0);
            assert!(points[..11].iter().all(|(_, y)| (y - 1.0).abs() < 1e-9), "{points:?}");
            assert!((points[11].1 > limit) == (limit > 1.0), "{points:?}");
        }
    }
}

#[test]
fn steps_follow_the_rate_law() {
    let drawing = drawing("steps");
    assert_eq!(labels(&drawing)[0], ("batch size b", "steps T to the tolerance"));
    assert_eq!(drawing.panels[0].y.scale, Scale::Log);
    for panel in &drawing.panels {
        assert_eq!(names(panel), ["log(1/tolerance)/λ", "linear", "ReLU"]);
        assert!(panel.series.iter().all(|series| series.len() == 11));
    }
    let time = &drawing.panels[1];
    let law = values(series(time, "log"));
    assert!(law.iter().all(|(_, y)| (y - 1e10f64.ln()).abs() < 1e-9), "{law:?}");
    // Selection comes on top, and the whole is the same for every b to within the errors of 40 runs.
    let points = values(series(time, "linear"));
    let mean = points.iter().map(|point| point.1).sum::<f64>() / 11.0;
    assert!(mean > 1e10f64.ln(), "{mean}");
    assert!(points.iter().all(|(_, y)| (y / mean - 1.0).abs() < 0.25), "{points:?}");
}

#[test]
fn engines_differ_by_rounding() {
    let drawing = drawing("engines");
    let panel = &drawing.panels[0];
    assert_eq!(names(panel), ["autodiff − analytic", "autodiff − reduced", "analytic − reduced"]);
    assert!(panel.x.scale == Scale::Log && panel.y.scale == Scale::Log);
    for series in &panel.series {
        let points = values(series);
        assert!(points.len() > 50, "{} points of {}", points.len(), series.name);
        assert!(points.iter().all(|point| point.1 < 1e6), "beyond 1e-10: {}", series.name);
    }
}

#[test]
fn alignment_has_four_laws_in_four_panels() {
    let drawing = drawing("alignment");
    assert_eq!(titles(&drawing), ["linear, n = 1400", "linear, m = 10", "ReLU, n = 1400", "ReLU, m = 10"]);
    for panel in &drawing.panels {
        assert!(panel.x.scale == Scale::Log && panel.y.scale == Scale::Log);
        assert_eq!(panel.series.len(), 8, "four measurements, each with its prediction");
        assert!(panel.series.iter().all(|series| series.len() == 9), "{}", panel.title);
        for name in ["GD max cos", "GD cos²(w, w₀): slope", "SGD cos(w, w₀): slope"] {
            series(panel, name);
        }
        assert!(panel.x.range.1 / panel.x.range.0 > 100.0, "two decades");
    }
}

#[test]
fn sharpness_is_beside_theory() {
    let both = drawing("sharpness");
    assert_eq!(
        both.panels.iter().map(|panel| panel.y.label.as_str()).collect::<Vec<_>>(),
        ["λₘₐₓ(H)", "Tr H"]
    );
    assert_eq!(names(&both.panels[0]), ["4/m", "GD", "SGD"]);
    assert_eq!(names(&both.panels[1]), ["Theorem 13", "GD", "SGD"]);
    let (gd, sgd) = (values(series(&both.panels[1], "GD")), values(series(&both.panels[1], "SGD")));
    assert!(!gd.is_empty() && gd.len() == sgd.len());
    assert!(gd.iter().zip(&sgd).all(|(gd, sgd)| sgd.1 > gd.1), "SGD's minimum is the sharper one");

    let along = drawing("sharpness_along");
    for (panel, top) in along.panels.iter().zip([1.0, 0.0]) {
        assert_eq!(names(panel), ["GD, at its minimum", "GD", "SGD, at its minimum", "SGD"]);
        for algorithm in ["GD", "SGD"] {
            let measured = panel.series.iter().find(|series| series.name == algorithm).unwrap();
            let predicted = last(series(panel, &format!("{algorithm}, at")));
            assert!(
                (last(measured) - predicted).abs() < 1e-3 && measured.len() > 20,
                "{algorithm} {}",
                panel.y.label
            );
            assert!(top == 0.0 || (predicted - 1.0).abs() < 1e-12, "4/m at m = 4");
        }
    }
}

#[test]
fn noise_falls_with_the_distance() {
    let drawing = drawing("noise");
    assert_eq!(titles(&drawing), ["linear", "ReLU"]);
    for (panel, away) in drawing.panels.iter().zip([2f64.sqrt(), 1.0]) {
        assert!(panel.x.scale == Scale::Log && panel.y.scale == Scale::Log);
        assert_eq!(panel.series.len(), 10, "five directions, each with its prediction");
        for (direction, constant) in [
            ("along the datapoint", 4.0),
            ("towards another sample", 2f64.sqrt()),
            ("away from another sample", away),
            ("along the residual", 1.0),
        ] {
            let points = values(series(panel, direction));
            assert_eq!(points.len(), 9, "{direction}");
            assert!(
                points.iter().all(|(x, y)| (y / x / constant - 1.0).abs() < 0.02),
                "{direction}: {points:?}"
            );
        }
    }
}

#[test]
fn walks_run_away_and_their_drift_is_the_enumerated_one() {
    let paths = drawing("random_walk_paths");
    assert_eq!(names(&paths.panels[0]), ["b = m: constant", "b = 1", "λt"]);
    assert_eq!(paths.panels[0].series.len(), 13);
    let constant = values(series(&paths.panels[0], "b = m"));
    assert!(constant.iter().all(|point| (point.1 - constant[0].1).abs() < 1e-10));
    let walk = values(series(&paths.panels[0], "b = 1"));
    assert!(walk.last().unwrap().1 > walk[0].1 + 5.0);

    let drift = drawing("random_walk_drift");
    assert_eq!(titles(&drift), ["m = 6, b = 1", "m = 7, b = 3", "m = 9, b = 1, ReLU"]);
    for panel in &drift.panels {
        let bound: &[&str] = if panel.title.contains("b = 1") { &["bound, R → ∞"] } else { &[] };
        assert_eq!(names(panel), [bound, &["exact expectation", "measured"]].concat());
        let Marks::Points(points, _) = &series(panel, "measured").marks else { panic!("points") };
        assert!(points.len() > 8, "{}", panel.title);
        // 95 % intervals: most, not all, cover the expectation.
        let exact = values(series(panel, "exact"));
        let covered = points.iter().zip(&exact).filter(|(p, e)| p.low <= e.1 && e.1 <= p.high).count();
        assert!(covered * 10 >= points.len() * 7, "{covered} of {} in {}", points.len(), panel.title);
    }
}

#[test]
fn deeper_models_share_axes_and_meet_in_the_one_layer_they_grow_from() {
    let drawing = drawing("deeper");
    assert_eq!(titles(&drawing)[..2], ["neurons side by side", "layers on top of each other"]);
    for row in drawing.panels.chunks(2) {
        let [wide, deep] = row else { panic!("two panels a row") };
        assert_eq!((wide.y.range, &wide.y.label), (deep.y.range, &deep.y.label));
        assert_eq!(
            (names(wide), names(deep)),
            (vec!["shallow:1", "shallow:4"], vec!["shallow:4", "deep:4-4"])
        );
        // The same model in the same colour and shape.
        let (left, right) = (series(wide, "shallow:4"), series(deep, "shallow:4"));
        assert_eq!((left.colour, values(left).len()), (right.colour, 2));
        assert!(values(left).iter().zip(values(right)).all(|(a, b)| a.1 == b.1));
    }
    // The single neuron is pure at b = 1 and mixes at b = m.
    let single = values(series(&drawing.panels[0], "shallow:1"));
    assert!((single[0].1 - 1.0).abs() < 1e-3 && single[1].1 > 1.1, "{single:?}");
}

#[test]
fn digits_are_small_images_each_above_its_nearest() {
    let drawing = drawing("digits");
    // Two starts; GD and b = 1.
    assert_eq!((drawing.columns, drawing.panels.len()), (2, 8));
    for rows in drawing.panels.chunks(4) {
        assert_eq!((rows[0].title.as_str(), rows[1].title.as_str()), ("GD", "b = 1"));
        assert!(
            rows[2..].iter().all(|image| image.title.starts_with("a ") && image.title.contains("cos 0."))
        );
    }
    for image in &drawing.panels {
        let Marks::Heat(values, _) = &image.series[0].marks else { panic!("an image") };
        assert!(image.bare && values.len() == 8 && values.iter().all(|row| row.len() == 8));
    }
    let svg = plot::svg(&drawing, "digits", plot::Look::File);
    assert!(!svg.contains(">pixel<"), "no axes");
}
