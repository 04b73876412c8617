//! What each figure shows, by its structure: panels, series, points, axes.

use puremix::plot::drawing::{Drawing, Marks, Panel, Scale, Series};
use puremix::plot::{self, Sheet};

use super::{figures, quick};

fn drawing(id: &str) -> Drawing {
    let figure = figures().into_iter().find(|figure| figure.id() == id).unwrap();
    let sheet = Sheet::read(&quick().join(format!("{}.csv", figure.table())), figure.columns()).unwrap();
    figure.show(&sheet).unwrap_or_else(|flaw| panic!("{id}: {flaw}")).drawing
}

/// Names of the legend, in their order.
fn names(panel: &Panel) -> Vec<&str> {
    panel.series.iter().map(|series| series.name.as_str()).filter(|name| !name.is_empty()).collect()
}

fn titles(drawing: &Drawing) -> Vec<&str> {
    drawing.panels.iter().map(|panel| panel.title.as_str()).collect()
}

fn labels(drawing: &Drawing) -> Vec<(&str, &str)> {
    drawing.panels.iter().map(|panel| (panel.x.label.as_str(), panel.y.label.as_str())).collect()
}

/// The series whose name begins so.
fn series<'a>(panel: &'a Panel, name: &str) -> &'a Series {
    panel
        .series
        .iter()
        .find(|series| series.name.starts_with(name))
        .unwrap_or_else(|| panic!("no series {name}"))
}

/// Abscissas and ordinates of points or of a line.
fn values(series: &Series) -> Vec<(f64, f64)> {
    match &series.marks {
        Marks::Points(points, _) => points.iter().map(|point| (point.x, point.y)).collect(),
        Marks::Line(points, _) => points.clone(),
        Marks::Heat(..) => panic!("a heat map"),
    }
}

fn last(series: &Series) -> f64 {
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
fn the_map_has_a_wall() {
    let drawing = drawing("hypothesis_map");
    assert_eq!(titles(&drawing), ["GD", "SGD, b = 1", "SGD, b = m/2", "cyclic"]);
    for panel in &drawing.panels {
        assert_eq!((panel.x.names.len(), panel.y.names.len()), (7, 10));
        let Marks::Heat(cells, _) = &panel.series[0].marks else { panic!("a heat map") };
        assert!(cells.len() == 10 && cells.iter().all(|row| row.len() == 7));
        // Left of the threshold in the theorems' rows everything arrives, right of it nothing.
        assert!(cells[..4].iter().all(|row| row[0] == 1.0 && row[6] == 0.0), "{}: {cells:?}", panel.title);
        let threshold = values(&panel.series[1]);
        assert!(threshold[0].0 > 5.0 && threshold[0].0 < 6.0, "between η_B = 0.365 and 0.573: {threshold:?}");
    }
}

#[test]
fn the_odds_of_two_are_the_angle() {
    let drawing = drawing("selection_pair");
    assert_eq!(titles(&drawing), ["all starts", "beside the limit: exact, and measured", "θ = π/8"]);
    let odds = &drawing.panels[0];
    assert_eq!(
        names(odds),
        ["(2/π) arctan(c₁/c₂)", "other batches", "η = 0.05", "η = 0.1", "η = 0.2", "η = 0.3", "η = 0.45"]
    );
    // The abscissa is the law itself.
    assert_eq!(values(series(odds, "(2/π)")), [(0.0, 0.0), (1.0, 1.0)]);
    for (name, points) in
        [("other", 4), ("η = 0.2", 3), ("η = 0.1", 3), ("η = 0.05", 3), ("η = 0.3", 2), ("η = 0.45", 2)]
    {
        assert_eq!(series(odds, name).len(), points, "{name}");
        assert!(values(series(odds, name)).iter().all(|(x, y)| (x - y).abs() < 0.04), "{name}");
    }
    // Early octants lose by a finite step size what late ones win, the more the larger it is.
    let beside = &drawing.panels[1];
    assert_eq!(beside.y.label, "P(i* = 1) − 2θ/π");
    assert_eq!(names(beside), ["η = 0.05", "η = 0.1", "η = 0.2", "η = 0.3", "η = 0.45"]);
    let mut depth = 0.0;
    for eta in names(beside) {
        let curve = values(series(beside, eta));
        assert_eq!(curve.len(), 39);
        let (quarter, half, three) = (curve[9], curve[19], curve[29]);
        assert!(quarter.0 == 0.25 && quarter.1 < depth && half.1.abs() < 1e-12, "{eta}: {curve:?}");
        assert!((quarter.1 + three.1).abs() < 1e-12, "{eta}: {curve:?}");
        depth = quarter.1;
    }
    let points: usize = beside.series.iter().filter(|series| series.name.is_empty()).map(Series::len).sum();
    assert_eq!(points, 4);
    // In units of η they start from the derived coefficient and keep below it.
    let quotient = &drawing.panels[2];
    assert_eq!(names(quotient), ["first order, −1/32π", "exact", "measured", "at 3π/8, sign turned"]);
    let (slope, curve) = (last(series(quotient, "first")), values(series(quotient, "exact")));
    assert!((slope + 1.0 / (32.0 * std::f64::consts::PI)).abs() < 1e-9 && curve[0].1 == slope);
    assert!(curve.len() == 6 && curve.windows(2).all(|pair| pair[1].1 > pair[0].1), "{curve:?}");
    assert_eq!((series(quotient, "measured").len(), series(quotient, "at 3π/8").len()), (2, 2));
}

#[test]
fn losers_fall_as_the_law_says_and_one_sample_is_cheapest() {
    let law = drawing("rate_law");
    assert_eq!(titles(&law), ["sgd", "replacement", "reshuffle"]);
    let cells: [&[&str]; 3] =
        [&["5, 1", "7, 3", "6, 5", "4, 2"], &["5, 1", "4, 3", "7, 4"], &["6, 2", "5, 2", "7, 3"]];
    for (panel, cells) in law.panels.iter().zip(cells) {
        assert_eq!(panel.x.names, cells);
        let measured = series(panel, "measured");
        assert!(values(measured).iter().all(|(_, y)| (y - 1.0).abs() < 0.1), "{}", panel.title);
    }
    let Marks::Points(whole, _) = &series(&law.panels[2], "measured").marks else { panic!("points") };
    assert!((whole[0].y - 1.0).abs() < 1e-9, "whole epochs leave nothing to chance: {:?}", whole[0]);

    let cost = drawing("rate_batch_size");
    assert_eq!(labels(&cost), [("batch size b", "steps 1/λ"), ("batch size b", "samples touched b/λ")]);
    for (panel, cheapest) in cost.panels.iter().zip([[4.0, 1.0], [1.0, 1.0]]) {
        assert_eq!(names(panel), ["sum, law", "sum", "mean, law", "mean"]);
        for (reduction, (points, best)) in ["sum", "mean"].into_iter().zip([7, 7].into_iter().zip(cheapest)) {
            let law = values(series(panel, &format!("{reduction}, law")));
            let min = law.iter().min_by(|a, b| a.1.total_cmp(&b.1)).unwrap();
            assert_eq!((law.len(), min.0), (points, best), "{reduction}, {}", panel.y.label);
            let measured = panel.series.iter().find(|series| series.name == reduction).unwrap();
            let pairs =
                values(measured).into_iter().zip(&law).all(|(seen, law)| (seen.1 / law.1 - 1.0).abs() < 0.1);
            assert!(pairs && panel.y.scale == Scale::Log, "{reduction}, {}", panel.y.label);
        }
    }
}

#[test]
fn basins_of_cyclic_sgd_meet_behind_the_ties() {
    let boundary = drawing("cyclic_boundary");
    let panel = &boundary.panels[0];
    assert_eq!(names(panel), ["‖w₀‖ = 0.3", "‖w₀‖ = 0.95", "‖w₀‖ = 0.6, s = 0.4"]);
    let limits = panel.series.iter().filter(|series| series.name.is_empty());
    for ((points, limit), norm) in
        ["‖w₀‖ = 0.3", "‖w₀‖ = 0.95", "‖w₀‖ = 0.6"].into_iter().zip(limits).zip([0.3f64, 0.95, 0.6])
    {
        assert!((last(limit) - (1.0 - 0.5 * norm * norm)).abs() < 1e-12, "{limit:?}");
        let points = values(series(panel, points));
        let off: Vec<f64> = points.iter().map(|(_, y)| (y - last(limit)).abs()).collect();
        // η = 0.2, 0.02, 0.01: it comes closer, in proportion at last.
        assert!(off[0] > off[1] && (off[1] / off[2] - 2.0).abs() < 0.1, "‖w₀‖ = {norm}: {off:?}");
    }

    let simplex = drawing("cyclic_simplex");
    let panel = &simplex.panels[0];
    assert_eq!(labels(&simplex), [("c₀/Σc", "c₁/Σc")]);
    let won = ["a₀ wins", "a₁ wins", "a₂ wins"].map(|name| values(series(panel, name)));
    assert_eq!(won.iter().map(Vec::len).sum::<usize>(), 78, "every start of a triangle of 12 has a winner");
    // The largest wins; of two that tie, on this lattice, the one visited first.
    let mut ties = 0;
    for (k, starts) in won.iter().enumerate() {
        for (x, y) in starts {
            let shares = [*x, *y, 1.0 - x - y];
            assert!(shares.iter().all(|share| *share < shares[k] + 1e-12), "a_{k} wins from {shares:?}");
            let rivals = (0..3).filter(|&j| j != k && (shares[j] - shares[k]).abs() < 1e-12);
            assert!(rivals.inspect(|_| ties += 1).all(|j| k < j), "a_{k} wins from {shares:?}");
        }
    }
    assert_eq!(ties, 6);
}

#[test]
fn the_time_to_commit_of_two_has_its_law() {
    let drawing = drawing("escape_law");
    let panel = &drawing.panels[0];
    let (law, seen) = (values(series(panel, "1 − S(t)")), values(series(panel, "SGD")));
    assert_eq!((law.len(), seen.len()), (41, 41));
    // Its mean is the area above it: log cosh 4.
    let area: f64 = law.windows(2).map(|w| (w[1].0 - w[0].0) * (1.0 - 0.5 * (w[0].1 + w[1].1))).sum();
    assert!((area / 4f64.cosh().ln() - 1.0).abs() < 0.01, "{area}");
    assert!(law.iter().zip(&seen).all(|(law, seen)| law.0 == seen.0 && (law.1 - seen.1).abs() < 0.12));
    assert!(seen.windows(2).all(|w| w[0].1 <= w[1].1) && last(series(panel, "SGD")) == 1.0);
}

#[test]
fn sets_of_two_have_their_odds_and_not_those_of_a_guess() {
    let drawing = drawing("subspace_odds");
    let [law, guess] = [&drawing.panels[0], &drawing.panels[1]];
    assert_eq!(law.y.label, "share of runs that end in the set");
    let starts = ["m = 4, general", "m = 3, normal ∝ 5, 3, 2", "m = 4, two blocks"];
    assert_eq!(names(law), [&["equal"], &starts[..]].concat());
    // Six sets at three batch sizes and two steps, three at two, six at one, of which two cannot win.
    assert_eq!(starts.map(|start| series(law, start).len()), [36, 6, 6]);
    let off = |panel: &Panel, start: &str| {
        values(series(panel, start)).iter().map(|(x, y)| (x - y).abs()).fold(0.0, f64::max)
    };
    for start in starts {
        assert!(
            off(law, start) < 0.06 && off(guess, start) > 0.05,
            "{start}: {} {}",
            off(law, start),
            off(guess, start)
        );
    }
    let end = last(series(law, "equal"));
    assert!(values(series(law, "equal")).iter().all(|(x, y)| x == y) && end > 0.45);
}

#[test]
fn the_time_to_commit_goes_as_one_over_the_clock() {
    let drawing = drawing("escape_scaling");
    let [steps, times] = [&drawing.panels[0], &drawing.panels[1]];
    assert!(steps.x.scale == Scale::Log && steps.y.scale == Scale::Log && times.y.scale == Scale::Linear);
    assert_eq!(names(steps), ["slope −1", "b = 1", "b = 2", "b = 3", "b = 5"]);
    let [first, end] = values(series(steps, "slope"))[..] else { panic!("two ends") };
    assert!((end.0 / first.0 - 28.8).abs() < 1e-6, "κ from b = 1 at η = 0.05 to b = 3 at η = 0.2");
    assert!((first.0 * first.1 / (end.0 * end.1) - 1.0).abs() < 1e-12, "its slope is −1");
    let level = last(series(times, "constant"));
    for batch in ["b = 1", "b = 2", "b = 3", "b = 5"] {
        assert_eq!((series(steps, batch).len(), series(times, batch).len()), (3, 3));
        assert!(values(series(times, batch)).iter().all(|(_, y)| (y / level - 1.0).abs() < 0.35), "{batch}");
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

#[test]
fn depth_shows_odds_and_moved_norms_on_the_diagonal() {
    let drawing = drawing("depth_pair");
    assert_eq!(drawing.panels.len(), 2);
    for panel in &drawing.panels {
        assert_eq!(names(panel), ["law", "L = 2", "L = 3"]);
        for depth in ["L = 2", "L = 3"] {
            let points = values(series(panel, depth));
            assert_eq!(points.len(), 3);
            // Standard errors of 0.025, and depths beside each other by 1 %.
            assert!(points.iter().all(|(law, mean)| (law - mean).abs() < 0.15), "{depth}: {points:?}");
        }
    }
}

#[test]
fn what_noise_leaves_lies_by_the_stationary_laws() {
    let drawing = drawing("persistent_noise");
    let points = [3, 3, 2, 2];
    assert_eq!(drawing.panels.len(), 4);
    for (panel, count) in drawing.panels.iter().zip(points) {
        let (law, runs) = (values(series(panel, "law")), values(series(panel, "runs")));
        assert_eq!([law.len(), runs.len()], [count; 2]);
        assert!(law.iter().zip(&runs).all(|(law, seen)| (law.1 - seen.1).abs() < 0.25), "{law:?} {runs:?}");
    }
    // More noise of labels mixes more, and is seldom near a datapoint.
    let mixed = values(series(&drawing.panels[0], "law"));
    assert!(mixed.windows(2).all(|pair| pair[0].1 < pair[1].1));
}

#[test]
fn weighted_odds_lie_on_the_diagonal_and_plain_ones_below() {
    let drawing = drawing("odds_identity");
    assert_eq!(titles(&drawing), ["weighted and plain odds", "counting winners over the identity"]);
    let odds = &drawing.panels[0];
    assert_eq!(values(series(odds, "law")), [(0.0, 0.0), (1.0, 1.0)]);
    let [weighted, early, plain] =
        ["E[e^{A/2}", "the martingale", "P(i*"].map(|name| values(series(odds, name)));
    // 24 samples of six cells; errors of up to 0.04 with the weight, 0.02 before the end, 0.01 without it.
    assert!([&weighted, &early, &plain].iter().all(|points| points.len() == 24));
    for k in 0..24 {
        assert!((weighted[k].1 - weighted[k].0).abs() < 0.2 && (early[k].1 - early[k].0).abs() < 0.08);
        assert!(plain[k].1 < plain[k].0 - 0.04, "{:?}", plain[k]);
    }
    // The identity saves a factor of two at least, and the more the smaller the odds.
    let gains = &drawing.panels[1];
    assert_eq!(gains.x.scale, Scale::Log);
    assert!(values(series(gains, "runs")).iter().all(|(law, runs)| *law > 2.0 && *runs > 1.5), "{gains:?}");
}

#[test]
fn unequal_samples_win_by_the_arcsine_law_and_only_below_their_threshold() {
    let odds = drawing("unequal_odds");
    let panel = &odds.panels[0];
    assert_eq!(names(panel), ["law", "weights", "norms", "both", "odds of equal data"]);
    for (name, points) in [("weights", 4), ("norms", 2), ("both", 2)] {
        let seen = values(series(panel, name));
        assert_eq!(seen.len(), points, "{name}");
        assert!(seen.iter().all(|(law, odds)| (law - odds).abs() < 0.2), "{name}: {seen:?}");
    }
    let limits = drawing("unequal_limits");
    assert_eq!(titles(&limits), ["weights", "norms"]);
    for (panel, points) in limits.panels.iter().zip([3, 4]) {
        let line = values(series(panel, "threshold"));
        let at =
            |eta: f64| line.iter().min_by(|a, b| (a.0 - eta).abs().total_cmp(&(b.0 - eta).abs())).unwrap().1;
        let (stay, leave) = (values(series(panel, "all runs stay")), values(series(panel, "all runs leave")));
        assert_eq!([stay.len(), leave.len()], [points; 2]);
        assert!(stay.iter().all(|(eta, ratio)| *ratio < at(*eta)), "{stay:?}");
        assert!(leave.iter().all(|(eta, ratio)| *ratio > at(*eta)), "{leave:?}");
    }
}
