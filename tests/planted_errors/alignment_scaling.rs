//! Wrong theories of `alignment_scaling`, each of which turns the checks that it is about.

use puremix::claims::alignment_scaling::{self, Options, Prediction};
use puremix::limit_set::LimitSet;
use puremix::model::Activation;
use puremix::theory::alignment;

use super::Planted;

#[test]
fn every_check_can_fail() {
    let planted = Planted::new(
        |context, prediction| alignment_scaling::findings(context, &Options::default(), prediction),
        alignment_scaling::STUDY.protocol,
    );
    let right = Prediction::default();
    assert!(planted.holds(&right));
    let names = |prediction: Prediction| planted.turns(&prediction);
    let turns = |prediction: Prediction, starts: &[&str]| {
        let seen = names(prediction);
        let found = |start: &&str| seen.iter().any(|name| name.starts_with(start));
        assert!(starts.iter().all(found), "{starts:?}: {seen:?}");
        let expected = |name: &String| starts.iter().any(|start| name.starts_with(start));
        assert!(seen.iter().all(expected), "{starts:?}: {seen:?}");
    };
    // The leading order in the place of the exact expectation, and an order without the logarithm.
    let order = |m: usize, _: Activation| alignment::asymptotic_max_cos(m);
    let seen = names(Prediction { gd_max_cos: order, ..right });
    assert!(seen.iter().any(|name| name.starts_with("GD: max cos, over")), "{seen:?}");
    let of_max_cos = ["GD: max cos, over", "GD, linear: slope of max cos", "GD, relu: slope of max cos"];
    turns(Prediction { gd_max_cos: |m, _| 2.0 / (m as f64).sqrt(), ..right }, &of_max_cos);
    // Θ(m/n) for the cosine itself, as printed: (m/n)² for its square. And a constant that is off by a tenth.
    fn printed(m: usize, n: usize, activation: Activation) -> f64 {
        alignment::gd_cos_init_squared(m, n, activation).powi(2)
    }
    let of_cos_squared = ["GD: cos²(w, w_0), over", "GD, linear: slope of cos²", "GD, relu: slope of cos²"];
    turns(Prediction { gd_cos_init_squared: printed, ..right }, &of_cos_squared);
    let tenth =
        |m: usize, n: usize, activation: Activation| 1.1 * alignment::gd_cos_init_squared(m, n, activation);
    turns(Prediction { gd_cos_init_squared: tenth, ..right }, &of_cos_squared[..1]);
    // SGD's bound: of another order in n, and in m, too low by a factor, and of the order of GD's cosine.
    fn steeper(m: usize, n: usize, activation: Activation) -> f64 {
        alignment::sgd_cos_init_bound(m, n, activation) * (10.0 / n as f64).powf(0.25)
    }
    let of_sgd = ["SGD: cos(w, w_0) over", "SGD, linear: slope of cos(w", "SGD, relu: slope of cos(w"];
    turns(Prediction { sgd_cos_init_bound: steeper, ..right }, &of_sgd);
    fn diluted(m: usize, n: usize, activation: Activation) -> f64 {
        alignment::sgd_cos_init_bound(m, n, activation) * 2.0 * (10.0 / m as f64).sqrt()
    }
    turns(Prediction { sgd_cos_init_bound: diluted, ..right }, &of_sgd[1..]);
    let lower =
        |m: usize, n: usize, activation: Activation| alignment::sgd_cos_init_bound(m, n, activation) / 2.0;
    turns(Prediction { sgd_cos_init_bound: lower, ..right }, &of_sgd[..1]);
    let as_gd =
        |m: usize, n: usize, activation: Activation| alignment::gd_cos_init_squared(m, n, activation).sqrt();
    let of_growth = ["GD, linear: cos(w, w_0) over SGD's bound", "GD, relu: cos(w, w_0) over SGD's bound"];
    turns(Prediction { sgd_cos_init_bound: as_gd, ..right }, &of_growth);
    // Under both reductions: the leading order m/3; one mixed sample too many; bounds a sixth too low, and as if a single sample could win.
    let twice = |prediction: Prediction, start: &str| {
        let seen = names(prediction);
        let ours = seen.iter().filter(|name| name.starts_with(start)).count();
        assert!(ours == 2 && seen.len() == 2, "{start}: {seen:?}");
    };
    fn third(m: usize, activation: Activation) -> f64 {
        m as f64 / if activation == Activation::Relu { 6.0 } else { 3.0 }
    }
    twice(Prediction { gd_participation: third, ..right }, "GD: participation ratio");
    fn one_more(k: usize, n: usize, x: f64) -> f64 {
        alignment::gd_cos_init_law((k + 1).min(n - 1), n, x)
    }
    twice(Prediction { gd_cos_init_law: one_more, ..right }, "GD: cos²(w, w_0), distance");
    let tight = |k: usize, x: f64| alignment::gd_max_cos_tail(k, 1.2 * x);
    twice(Prediction { gd_max_cos_tail: tight, ..right }, "GD: starts whose max cos exceeds");
    let single = |_: usize, n: usize, x: f64| alignment::sgd_cos_init_tail(1, n, x);
    twice(Prediction { sgd_cos_init_tail: single, ..right }, "SGD: starts whose cos(w, w_0) exceeds");
    // Cosines in the place of their squares, by closed form and on Burn; a trace of the others left in SGD's limit.
    let square = |along: f64, norm: f64| (along / norm).powi(2);
    turns(Prediction { cos_init: square, ..right }, &["GD and SGD: cos(w, w_0) off", "cosines by training"]);
    turns(
        Prediction { sgd_max_cos: 1.0 - 1e-8, ..right },
        &["SGD: largest 1 − max cos", "cosines by training"],
    );
    // The best-aligned sample wins.
    fn best(c0: &[f64], activation: Activation) -> LimitSet {
        let size = |c: f64| if activation.admits(c) { c.abs() } else { 0.0 };
        let largest = c0.iter().copied().map(size).fold(0.0, f64::max);
        let sign = |&c: &f64| if size(c) == largest { c.signum() as i8 } else { 0 };
        LimitSet::Datapoints(c0.iter().map(sign).collect())
    }
    let seen = names(Prediction { sgd_limit: best, ..right });
    assert_eq!(seen.iter().filter(|name| name.starts_with("GD and SGD: starts from")).count(), 2, "{seen:?}");
    planted.complete();
}
