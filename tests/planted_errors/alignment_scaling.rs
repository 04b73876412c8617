//! Wrong theories of `alignment_scaling`, each of which turns the checks that it is about.

use puremix::claims::alignment_scaling;
use puremix::model::Activation;
use puremix::theory::alignment;
use puremix::verdict::Verdict;

use super::{context, refuted, verdict};

#[test]
fn every_check_can_fail() {
    use alignment_scaling::{Options, Prediction, findings};
    let of = |prediction: Prediction| verdict(findings(&context(), &Options::default(), &prediction));
    let right = Prediction::default();
    assert_eq!(of(right.clone()), Verdict::Reproduced);
    // The leading order in the place of the exact expectation.
    let order = |m: usize, _: Activation| alignment::asymptotic_max_cos(m);
    assert_eq!(of(Prediction { gd_max_cos: order, ..right.clone() }), Verdict::Refuted);
    // Θ(m/n) for the cosine itself, as printed: (m/n)² for its square.
    fn printed(m: usize, n: usize, activation: Activation) -> f64 {
        alignment::gd_cos_init_squared(m, n, activation).powi(2)
    }
    assert_eq!(of(Prediction { gd_cos_init_squared: printed, ..right.clone() }), Verdict::Refuted);
    // A bound of another order in n, and one that is too low by a factor of two.
    fn steeper(m: usize, n: usize, activation: Activation) -> f64 {
        alignment::sgd_cos_init_bound(m, n, activation) * (10.0 / n as f64).powf(0.25)
    }
    assert_eq!(of(Prediction { sgd_cos_init_bound: steeper, ..right.clone() }), Verdict::Refuted);
    fn lower(m: usize, n: usize, activation: Activation) -> f64 {
        alignment::sgd_cos_init_bound(m, n, activation) / 2.5
    }
    assert_eq!(of(Prediction { sgd_cos_init_bound: lower, ..right.clone() }), Verdict::Refuted);
    // Under both reductions: the leading order m/3; one mixed sample too many; bounds a sixth too low.
    let names = |prediction| refuted(findings(&context(), &Options::default(), &prediction));
    let twice = |prediction: Prediction, start: &str| {
        let seen = names(prediction);
        let ours = seen.iter().filter(|name| name.starts_with(start)).count();
        assert!(ours == 2 && seen.len() == 2, "{start}: {seen:?}");
    };
    fn third(m: usize, activation: Activation) -> f64 {
        m as f64 / if activation == Activation::Relu { 6.0 } else { 3.0 }
    }
    twice(Prediction { gd_participation: third, ..right.clone() }, "GD: participation ratio");
    fn one_more(k: usize, n: usize, x: f64) -> f64 {
        alignment::gd_cos_init_law((k + 1).min(n - 1), n, x)
    }
    twice(Prediction { gd_cos_init_law: one_more, ..right.clone() }, "GD: cos²(w, w_0), distance");
    let tight = |k: usize, x: f64| alignment::gd_max_cos_tail(k, 1.2 * x);
    twice(Prediction { gd_max_cos_tail: tight, ..right.clone() }, "GD: starts whose max cos exceeds");
    // As if a single sample could win.
    let single = |_: usize, n: usize, x: f64| alignment::sgd_cos_init_tail(1, n, x);
    twice(Prediction { sgd_cos_init_tail: single, ..right }, "SGD: starts whose cos(w, w_0) exceeds");
}
