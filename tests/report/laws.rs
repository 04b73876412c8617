//! What the figures of laws beyond the paper show.

use puremix::plot::drawing::{Marks, Panel, Scale, Series};

use super::shown::{drawing, labels, last, names, series, titles, values};

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
fn the_cover_of_the_theorem_is_finest_at_the_orbits_and_its_basins_meet_there() {
    let drawing = drawing("cyclic_theorem");
    let panel = &drawing.panels[0];
    assert_eq!(
        names(panel),
        ["bisections: ", "basins meet", "datapoints", "mixed orbits of two", "mixed orbit of three"]
    );
    let Marks::Heat(cells, _) = &panel.series[0].marks else { panic!("a heat map") };
    // 48 cells and a margin of 4 on either side.
    assert!(cells.len() == 56 && cells.iter().all(|row| row.len() == 56));
    let depth = |p: [f64; 2]| cells[4 + (48.0 * p[1]) as usize][4 + (48.0 * p[0]) as usize];
    assert_eq!(cells.iter().flatten().filter(|depth| depth.is_finite()).count(), 47 * 48 / 2);
    assert!(cells.iter().flatten().all(|depth| depth.is_nan() || *depth >= 12.0));
    for orbit in [[0.01, 0.01], [0.97, 0.005], [0.33, 0.33]] {
        assert!(depth(orbit) > depth([0.2, 0.6]), "{orbit:?}: {} {}", depth(orbit), depth([0.2, 0.6]));
    }
    // Each boundary leads from near the orbit of three to near one of two, beside the line of even shares.
    let lines: Vec<_> =
        panel.series.iter().filter(|series| matches!(series.marks, Marks::Line(..))).collect();
    assert_eq!(lines.len(), 3);
    for (line, end) in lines.into_iter().zip([[0.5, 0.5], [0.5, 0.0], [0.0, 0.5]]) {
        let points = values(line);
        let near = |point: (f64, f64), x: f64, y: f64| (point.0 - x).hypot(point.1 - y) < 0.02;
        assert!(points.len() == 24 && near(points[0], 1.0 / 3.0, 1.0 / 3.0), "{points:?}");
        assert!(near(points[23], end[0], end[1]), "{points:?}");
    }
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
fn histograms_of_the_angle_lie_by_the_stationary_densities() {
    let drawing = drawing("persistent_density");
    assert_eq!(titles(&drawing), ["label noise", "correlation"]);
    let sizes: [&[&str]; 2] = [&["σ = 0.1", "σ = 0.2", "σ = 0.4"], &["r = 0.15", "r = 0.5"]];
    for (panel, sizes) in drawing.panels.iter().zip(sizes) {
        assert_eq!(names(panel), sizes);
        let laws: Vec<_> = panel.series.iter().filter(|series| series.name.is_empty()).map(values).collect();
        for (size, law) in sizes.iter().zip(laws) {
            let runs = values(series(panel, size));
            assert_eq!([runs.len(), law.len()], [6; 2]);
            // Shares of six bins of π/24 are 1 together; standard errors of 0.05 in the density.
            for all in [&runs, &law] {
                let whole = all.iter().map(|point| point.1).sum::<f64>() * std::f64::consts::PI / 24.0;
                assert!((whole - 1.0).abs() < 1e-9, "{size}: {whole}");
            }
            assert!(
                runs.iter().zip(&law).all(|(runs, law)| (runs.1 - law.1).abs() < 0.8),
                "{runs:?} {law:?}"
            );
        }
    }
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
    for panel in &limits.panels {
        let line = values(series(panel, "threshold"));
        let at =
            |eta: f64| line.iter().min_by(|a, b| (a.0 - eta).abs().total_cmp(&(b.0 - eta).abs())).unwrap().1;
        let (stay, leave) = (values(series(panel, "all runs stay")), values(series(panel, "all runs leave")));
        assert_eq!([stay.len(), leave.len()], [4; 2], "{}", panel.title);
        assert!(stay.iter().all(|(eta, ratio)| *ratio < at(*eta)), "{stay:?}");
        assert!(leave.iter().all(|(eta, ratio)| *ratio > at(*eta)), "{leave:?}");
    }
}

#[test]
fn leaders_have_their_odds_and_neither_guess() {
    let panels = drawing("selection_odds").panels;
    assert_eq!(panels.iter().map(|panel| panel.x.names.len()).collect::<Vec<_>>(), [4, 4, 3]);
    assert_eq!(panels[2].x.names[2], "Gaussian, m = 100");
    for panel in &panels {
        let [paths, odds, area, share] =
            ["paths of", "odds", "spherical", "c₁"].map(|name| values(series(panel, name)));
        for k in 0..odds.len() {
            // A thousand paths a start and more.
            assert!((paths[k].1 - odds[k].1).abs() < 0.07, "{k}: {} {}", paths[k].1, odds[k].1);
            assert!(share[k].1 < area[k].1 && area[k].1 < odds[k].1, "{k}");
        }
    }
}
