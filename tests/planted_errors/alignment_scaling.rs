//! Wrong theories of `alignment_scaling`, each of which turns the checks that it is about.

use puremix::claims::alignment_scaling::Prediction;
use puremix::limit_set::LimitSet;
use puremix::model::Activation;
use puremix::theory::alignment;

use super::planted;

#[test]
fn every_check_can_fail() {
    let planted = planted!(alignment_scaling);
    let right = Prediction::default();
    // A run of the protocol sees one error of every kind; which check an error is about, the beginning of its name tells.
    // Under both reductions where it is about each of them.
    let turns = |prediction: Prediction, starts: &[&str], of_each_reduction: &[&str]| {
        let seen = planted.turns(prediction);
        let count = |start: &&str| seen.iter().filter(|name| name.starts_with(start)).count();
        assert!(starts.iter().all(|start| count(start) > 0), "{starts:?}: {seen:?}");
        assert!(of_each_reduction.iter().all(|start| count(start) == 2), "{of_each_reduction:?}: {seen:?}");
        let expected =
            |name: &String| starts.iter().chain(of_each_reduction).any(|start| name.starts_with(start));
        assert!(seen.iter().all(expected), "{starts:?}: {seen:?}");
    };
    // The leading order in the place of the exact expectation. Θ(m/n) for the cosine itself, as printed: (m/n)² for its square. SGD's bound of
    // another order in n. The leading order m/3. One mixed sample too many.
    turns(
        Prediction {
            gd_max_cos: |m, _| alignment::asymptotic_max_cos(m),
            gd_cos_init_squared: |m, n, a| alignment::gd_cos_init_squared(m, n, a).powi(2),
            sgd_cos_init_bound: |m, n, a| {
                alignment::sgd_cos_init_bound(m, n, a) * (10.0 / n as f64).powf(0.25)
            },
            gd_participation: third,
            gd_cos_init_law: |k, n, x| alignment::gd_cos_init_law((k + 1).min(n - 1), n, x),
            ..right
        },
        &[
            "GD: max cos, over",
            "GD, relu: slope of max cos",
            "GD: cos²(w, w_0), over",
            "GD, linear: slope of cos²",
            "GD, relu: slope of cos²",
            "SGD: cos(w, w_0) over",
            "SGD, linear: slope of cos(w",
            "SGD, relu: slope of cos(w",
        ],
        &["GD: participation ratio", "GD: cos²(w, w_0), distance"],
    );
    // An order without the logarithm. A constant that is off by a tenth. SGD's bound of another order in m. A bound a sixth too low. Cosines in the
    // place of their squares, by closed form and on Burn.
    turns(
        Prediction {
            gd_max_cos: |m, _| 2.0 / (m as f64).sqrt(),
            gd_cos_init_squared: |m, n, a| 1.1 * alignment::gd_cos_init_squared(m, n, a),
            sgd_cos_init_bound: |m, n, a| {
                alignment::sgd_cos_init_bound(m, n, a) * 2.0 * (10.0 / m as f64).sqrt()
            },
            gd_max_cos_tail: |k, x| alignment::gd_max_cos_tail(k, 1.2 * x),
            cos_init: |along, norm| (along / norm).powi(2),
            ..right
        },
        &[
            "GD: max cos, over",
            "GD, linear: slope of max cos",
            "GD, relu: slope of max cos",
            "GD: cos²(w, w_0), over",
            "SGD, linear: slope of cos(w",
            "SGD, relu: slope of cos(w",
            "GD and SGD: cos(w, w_0) off",
            "cosines by training",
        ],
        &["GD: starts whose max cos exceeds"],
    );
    // SGD's bound too low by a factor. A bound as if a single sample could win. A trace of the others left in SGD's limit.
    turns(
        Prediction {
            sgd_cos_init_bound: |m, n, a| alignment::sgd_cos_init_bound(m, n, a) / 2.0,
            sgd_cos_init_tail: |_, n, x| alignment::sgd_cos_init_tail(1, n, x),
            sgd_max_cos: 1.0 - 1e-8,
            ..right
        },
        &["SGD: cos(w, w_0) over", "SGD: largest 1 − max cos", "cosines by training"],
        &["SGD: starts whose cos(w, w_0) exceeds"],
    );
    // SGD's bound of the order of GD's cosine.
    turns(
        Prediction { sgd_cos_init_bound: |m, n, a| alignment::gd_cos_init_squared(m, n, a).sqrt(), ..right },
        &["GD, linear: cos(w, w_0) over SGD's bound", "GD, relu: cos(w, w_0) over SGD's bound"],
        &[],
    );
    // The best-aligned sample wins.
    let seen = planted.turns(Prediction { sgd_limit: best, ..right });
    assert_eq!(seen.iter().filter(|name| name.starts_with("GD and SGD: starts from")).count(), 2, "{seen:?}");
    planted.complete();
}

/// The leading order of the participation ratio.
fn third(m: usize, activation: Activation) -> f64 {
    m as f64 / if activation == Activation::Relu { 6.0 } else { 3.0 }
}

/// The best-aligned sample alone.
fn best(c0: &[f64], activation: Activation) -> LimitSet {
    let size = |c: f64| if activation.admits(c) { c.abs() } else { 0.0 };
    let largest = c0.iter().copied().map(size).fold(0.0, f64::max);
    let sign = |&c: &f64| if size(c) == largest { c.signum() as i8 } else { 0 };
    LimitSet::Datapoints(c0.iter().map(sign).collect())
}
