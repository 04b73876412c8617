//! Wrong theories of `random_walk`, each of which turns the checks that it is about.

use puremix::claims::random_walk::{self, Options, Prediction, findings};
use puremix::claims::{Context, Effort};
use puremix::model::Activation;
use puremix::theory::{random_walk as theory, sgd};

use super::{Planted, context, refuted};

#[test]
fn every_check_can_fail() {
    let planted = Planted::new(
        |context, prediction| findings(context, &Options::default(), prediction),
        random_walk::STUDY.protocol,
    );
    let right = Prediction::default();
    assert!(planted.holds(&right));
    let names = |prediction: Prediction| planted.turns(&prediction);
    let count = |names: &[String], needle: &str| names.iter().filter(|name| name.contains(needle)).count();
    // The drift of a batch with one sample more, and the drift of the limit at every level: between them no level holds.
    fn larger(c: &[f64], n: f64, b: usize, eta: f64, a: Activation) -> f64 {
        theory::drift(c, n, b + 1, eta, a)
    }
    fn of_the_limit(c: &[f64], _: f64, b: usize, eta: f64, _: Activation) -> f64 {
        sgd::rate(c.len(), b, eta)
    }
    let mut seen = names(Prediction { drift: larger, ..right.clone() });
    seen.extend(names(Prediction { drift: of_the_limit, ..right.clone() }));
    seen.sort();
    seen.dedup();
    assert_eq!(count(&seen, "drift of R for R in"), 15, "{seen:#?}");
    // A bound that is too high: what is measured far out refutes it, and so do the exact expectations.
    let doubled = |m: usize, eta: f64| 2.0 * theory::asymptotic_drift_bound(m, eta);
    let seen = names(Prediction { bound: doubled, ..right.clone() });
    for needle in ["mean drift from R = 20 on, measured", "smallest exact conditional drift at R > 20"] {
        assert_eq!(count(&seen, needle), 2, "{seen:?}");
    }
    // The increment bound of the limit, log 1/(1−η), is exceeded on the way there.
    let seen = names(Prediction { largest_increment: |eta| -(-eta).ln_1p(), ..right.clone() });
    assert_eq!((seen.len(), count(&seen, "largest |increment|")), (3, 3), "{seen:?}");
    // Event by event: the leading order of a rise or a fall, and a leader that is drawn too seldom.
    let seldom = |m: usize, b: usize| b as f64 / (m as f64 + 1.0);
    for (needle, times, wrong) in [
        ("when i* is drawn, less", 2, Prediction { rise: |eta| eta, ..right.clone() }),
        ("when j ≠ i* is drawn, plus", 2, Prediction { fall: |eta, share| eta * share, ..right.clone() }),
        ("at which i* is drawn", 3, Prediction { share_drawn: seldom, ..right.clone() }),
    ] {
        let seen = names(wrong);
        assert_eq!((seen.len(), count(&seen, needle)), (times, times), "{seen:?}");
    }
    // A level that is still visited; a drift under the full batch.
    assert_eq!(names(Prediction { left_for_good: 150.0, ..right.clone() }).len(), 1);
    assert_eq!(names(Prediction { full_batch_change: 1e-9, ..right.clone() }).len(), 1);
    rates(&right, names);
    planted.complete();
}

/// Rates and growth.
fn rates(right: &Prediction, names: impl Fn(Prediction) -> Vec<String>) {
    let of = |prediction: Prediction| !names(prediction).is_empty();
    // As if the draws of winner and loser were independent; and with batches drawn with replacement.
    let independent = |m: usize, b: usize, eta: f64| sgd::rate(m, b, eta) * (m as f64 - 1.0) / m as f64;
    let (seen, more) = (
        names(Prediction { rate: independent, ..right.clone() }),
        names(Prediction { rate: sgd::rate_with_replacement, ..right.clone() }),
    );
    let falls = seen.iter().chain(&more).filter(|name| name.starts_with("fall of log|c_j| a step over λ: m"));
    assert_eq!(falls.collect::<std::collections::BTreeSet<_>>().len(), 10, "{seen:?} {more:?}");
    // The leading order in η in the place of the logarithm: one to two percent.
    let leading =
        |m: usize, b: usize, eta: f64| eta * eta * b as f64 * (m - b) as f64 / (m as f64 * (m as f64 - 1.0));
    let standard = Context { effort: Effort::Standard, ..context() };
    let seen =
        refuted(findings(&standard, &Options::default(), &Prediction { rate: leading, ..right.clone() }));
    assert!(seen.contains(&"fall of log|c_j| a step over λ: large steps together".into()), "{seen:?}");
    // A law of R without what the maximum over the rivals takes away; one that grows a third too fast; one of independent draws.
    fn without_maximum(m: usize, b: usize, eta: f64, _: &[f64], steps: f64) -> f64 {
        sgd::rate(m, b, eta) * steps
    }
    assert!(of(Prediction { growth: without_maximum, ..right.clone() }));
    fn too_fast(m: usize, b: usize, eta: f64, losers: &[f64], steps: f64) -> f64 {
        1.03 * theory::mean_growth(m, b, eta, losers, steps)
    }
    assert!(of(Prediction { growth: too_fast, ..right.clone() }));
    fn slower(m: usize, b: usize, eta: f64, losers: &[f64], steps: f64) -> f64 {
        theory::mean_growth(m, b, eta, losers, steps * (m as f64 - 1.0) / m as f64)
    }
    assert!(of(Prediction { growth: slower, ..right.clone() }));
}
