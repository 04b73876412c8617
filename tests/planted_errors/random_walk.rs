//! Wrong theories of `random_walk`, each of which turns the checks that it is about.

use std::collections::BTreeSet;

use puremix::claims::random_walk::{Options, Prediction, protocol};
use puremix::claims::{Context, Effort};
use puremix::study::examine;
use puremix::theory::{random_walk as theory, sgd};

use super::{context, planted, refuted};

#[test]
fn every_check_can_fail() {
    let planted = planted!(random_walk);
    let right = Prediction::default();
    // A run of the protocol sees one error of every kind; which check an error is about, its name tells. The order of the kinds is that in which
    // a name is looked at.
    const KINDS: [&str; 10] = [
        "drift of R for R in",
        "mean drift from R = 20 on, measured",
        "smallest exact conditional drift at R > 20",
        "largest |increment|",
        "when i* is drawn, less",
        "when j ≠ i* is drawn, plus",
        "at which i* is drawn",
        "fall of log|c_j| a step over λ",
        "full batch",
        "",
    ];
    let turned = |prediction: Prediction| {
        let mut kinds: [Vec<String>; KINDS.len()] = Default::default();
        for name in planted.turns(prediction) {
            let kind = KINDS.iter().position(|kind| name.contains(kind));
            kinds[kind.expect("every name contains nothing")].push(name);
        }
        kinds
    };
    let counts = |kinds: &[Vec<String>; KINDS.len()]| kinds.each_ref().map(Vec::len);
    // The drift of a batch with one sample more. The increment bound of the limit, log 1/(1−η), which is exceeded on the way there. The leading order of a rise. A leader that is drawn too
    // seldom. As if the draws of winner and loser were independent. A full batch that moves. A law of R without what the maximum over the rivals
    // takes away.
    let first = turned(Prediction {
        drift: |c, n, b, eta, a| theory::drift(c, n, b + 1, eta, a),
        largest_increment: |eta| -(-eta).ln_1p(),
        rise: |eta| eta,
        share_drawn: |m, b| b as f64 / (m as f64 + 1.0),
        rate: |m, b, eta| sgd::rate(m, b, eta) * (m as f64 - 1.0) / m as f64,
        full_batch_change: 1e-9,
        growth: |m, b, eta, _, steps| sgd::rate(m, b, eta) * steps,
        ..right.clone()
    });
    // The drift of the limit at every level. The leading order of a fall. Batches drawn with replacement. A level that is still visited. A law of R
    // that grows a third too fast.
    let second = turned(Prediction {
        drift: |c, _, b, eta, _| sgd::rate(c.len(), b, eta),
        fall: |eta, share| eta * share,
        rate: sgd::rate_with_replacement,
        left_for_good: 150.0,
        growth: |m, b, eta, losers, steps| 1.03 * theory::mean_growth(m, b, eta, losers, steps),
        ..right.clone()
    });
    assert_eq!(counts(&first)[1..9], [0, 0, 3, 2, 0, 3, counts(&first)[7], 1], "{first:#?}");
    assert_eq!(counts(&second)[1..7], [0, 0, 0, 0, 2, 0], "{second:#?}");
    // Between the two wrong drifts no level holds, and between the two wrong rates no cell.
    let of_both = |kind: usize| first[kind].iter().chain(&second[kind]).collect::<BTreeSet<_>>();
    assert_eq!(of_both(0).len(), 15, "{:#?}", of_both(0));
    assert_eq!(of_both(7).iter().filter(|name| name.contains("over λ: m")).count(), 10, "{:#?}", of_both(7));
    let growth = "growth";
    assert!(first[9].iter().all(|name| name.contains(growth)) && !first[9].is_empty(), "{:?}", first[9]);
    assert!(second[9].iter().any(|name| name.contains(growth)), "{:?}", second[9]);
    // A bound that is too high: what is measured far out refutes it, and so do the exact expectations. A law of R as of independent draws.
    let third = turned(Prediction {
        bound: |m, eta| 2.0 * theory::asymptotic_drift_bound(m, eta),
        growth: |m, b, eta, losers, steps| {
            theory::mean_growth(m, b, eta, losers, steps * (m as f64 - 1.0) / m as f64)
        },
        ..right.clone()
    });
    assert_eq!(counts(&third)[..9], [0, 2, 2, 0, 0, 0, 0, 0, 0], "{third:#?}");
    assert!(!third[9].is_empty());
    planted.complete();
    large_steps(right);
}

/// The leading order in η in the place of the logarithm: one to two percent.
fn large_steps(right: Prediction) {
    let leading =
        |m: usize, b: usize, eta: f64| eta * eta * b as f64 * (m - b) as f64 / (m as f64 * (m as f64 - 1.0));
    let standard = Context { effort: Effort::Standard, ..context() };
    let leading = Prediction { rate: leading, ..right };
    let seen =
        refuted(examine(&standard, |register| protocol(&standard, &Options::default(), &leading, register)));
    assert!(seen.contains(&"fall of log|c_j| a step over λ: large steps together".into()), "{seen:?}");
}
