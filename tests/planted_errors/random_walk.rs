//! Wrong theories of `random_walk`, each of which turns the checks that it is about.

use puremix::claims::random_walk;
use puremix::claims::{Context, Effort};
use puremix::model::Activation;
use puremix::theory::sgd;
use puremix::verdict::Verdict;

use super::{context, refuted, verdict};

#[test]
fn every_check_can_fail() {
    use puremix::theory::random_walk as theory;
    use random_walk::{Options, Prediction, findings};
    let of = |prediction: Prediction| verdict(findings(&context(), &Options::default(), &prediction));
    let right = Prediction::default();
    assert_eq!(of(right.clone()), Verdict::Reproduced);
    fn downhill(c: &[f64], n: f64, b: usize, eta: f64, a: Activation) -> f64 {
        -theory::drift(c, n, b, eta, a)
    }
    assert_eq!(of(Prediction { drift: downhill, ..right.clone() }), Verdict::Refuted);
    // The drift of a batch with one sample more: level by level it is not what is measured.
    fn larger(c: &[f64], n: f64, b: usize, eta: f64, a: Activation) -> f64 {
        theory::drift(c, n, b + 1, eta, a)
    }
    let names =
        refuted(findings(&context(), &Options::default(), &Prediction { drift: larger, ..right.clone() }));
    assert!(names.iter().any(|name| name.contains("drift of R for R in")), "{names:?}");
    // A bound that is too high: what is measured far out refutes it, and so do the exact expectations.
    let doubled = |m: usize, eta: f64| 2.0 * theory::asymptotic_drift_bound(m, eta);
    let names =
        refuted(findings(&context(), &Options::default(), &Prediction { bound: doubled, ..right.clone() }));
    for needle in ["mean drift from R = 20 on, measured", "smallest exact conditional drift at R > 20"] {
        assert_eq!(names.iter().filter(|name| name.contains(needle)).count(), 2, "{names:?}");
    }
    // The increment bound of the limit, log 1/(1−η), is exceeded on the way there.
    assert_eq!(
        of(Prediction { largest_increment: |eta| -(-eta).ln_1p(), ..right.clone() }),
        Verdict::Refuted
    );
    let without_m = |m: usize, b: usize, eta: f64| sgd::rate(m, b, eta) * (m as f64 - 1.0) / m as f64;
    assert_eq!(of(Prediction { rate: without_m, ..right.clone() }), Verdict::Refuted);
    // The leading order in η in the place of the logarithm: one to two percent.
    let leading =
        |m: usize, b: usize, eta: f64| eta * eta * b as f64 * (m - b) as f64 / (m as f64 * (m as f64 - 1.0));
    let standard = Context { effort: Effort::Standard, ..context() };
    let names =
        refuted(findings(&standard, &Options::default(), &Prediction { rate: leading, ..right.clone() }));
    assert!(names.contains(&"fall of log|c_j| a step over λ: large steps together".into()), "{names:?}");
    // A law of R without what the maximum over the rivals takes away; one that grows a third too fast; a level that is still visited; a drift under the full batch.
    fn without_maximum(m: usize, b: usize, eta: f64, _: &[f64], steps: f64) -> f64 {
        sgd::rate(m, b, eta) * steps
    }
    assert_eq!(of(Prediction { growth: without_maximum, ..right.clone() }), Verdict::Refuted);
    fn too_fast(m: usize, b: usize, eta: f64, losers: &[f64], steps: f64) -> f64 {
        1.03 * theory::mean_growth(m, b, eta, losers, steps)
    }
    assert_eq!(of(Prediction { growth: too_fast, ..right.clone() }), Verdict::Refuted);
    // Event by event: the leading order of a rise or a fall, and a leader that is drawn too seldom.
    let names = |wrong| refuted(findings(&context(), &Options::default(), &wrong));
    for (needle, wrong) in [
        ("when i* is drawn, less", Prediction { rise: |eta| eta, ..right.clone() }),
        ("when j ≠ i* is drawn, plus", Prediction { fall: |eta, share| eta * share, ..right.clone() }),
        ("at which i* is drawn", Prediction { share_drawn: |m| 1.0 / (m as f64 + 1.0), ..right.clone() }),
    ] {
        let seen = names(wrong);
        assert!(seen.len() == 2 && seen.iter().all(|name| name.contains(needle)), "{seen:?}");
    }
    assert_eq!(of(Prediction { left_for_good: 150.0, ..right.clone() }), Verdict::Refuted);
    assert_eq!(of(Prediction { full_batch_change: 1e-9, ..right }), Verdict::Refuted);
}
