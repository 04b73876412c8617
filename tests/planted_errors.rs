//! For each claim a wrong theory is put in the place of the right one, and the verdict must turn.

use indicatif::ProgressBar;
use puremix::claims::{Context, Effort, Findings, alignment_scaling, cyclic_limit, gd_limit, sgd_limit};
use puremix::device::Compute;
use puremix::limit_set::LimitSet;
use puremix::model::Activation;
use puremix::theory::{alignment, cyclic, gd, sgd};
use puremix::verdict::Verdict;

fn context() -> Context {
    Context { effort: Effort::Quick, seed: 3, compute: Compute::default(), progress: ProgressBar::hidden() }
}

fn verdict(findings: puremix::Result<Findings>) -> Verdict {
    Verdict::over(&findings.unwrap().checks)
}

#[test]
fn gd_limit_can_fail() {
    use gd_limit::{Options, Prediction, findings};
    let of = |prediction: Prediction| verdict(findings(&context(), &Options::default(), &prediction));
    let right = Prediction::default();
    assert_eq!(of(right.clone()), Verdict::Reproduced);
    // A factor: the mixture is not quite normalised.
    fn longer(c0: &[f64], activation: Activation) -> Option<LimitSet> {
        let Some(LimitSet::Point(alpha)) = gd::limit(c0, activation) else { return None };
        Some(LimitSet::Point(alpha.iter().map(|a| a * (1.0 + 1e-9)).collect()))
    }
    assert_eq!(of(Prediction { limit: longer, ..right.clone() }), Verdict::Refuted);
    // The wrong active set: ReLU treated as linear.
    let linear = |c0: &[f64], _: Activation| gd::limit(c0, Activation::Linear);
    assert_eq!(of(Prediction { limit: linear, ..right.clone() }), Verdict::Refuted);
    // A recursion with a factor in μ, and tail rates with a wrong constant.
    let step = |state: gd::Radial, mu: f64| state.step(mu * 1.0001);
    assert_eq!(of(Prediction { step, ..right.clone() }), Verdict::Refuted);
    assert_eq!(of(Prediction { radial_rate: |mu| 1.0 - 3.9 * mu, ..right.clone() }), Verdict::Refuted);
    assert_eq!(of(Prediction { transverse_rate: |mu| 1.0 - 1.01 * mu, ..right }), Verdict::Refuted);
}

#[test]
fn sgd_limit_can_fail() {
    use sgd_limit::{Options, Prediction, findings};
    let of = |prediction: Prediction| verdict(findings(&context(), &Options::default(), &prediction));
    assert_eq!(of(Prediction::default()), Verdict::Reproduced);
    // Signs: the linear model ends at +a_i or −a_i by the sign of c_i(0), not always at +a_i.
    fn positive(c0: &[f64], activation: Activation) -> LimitSet {
        let signs = c0.iter().map(|&c| i8::from(activation.admits(c))).collect();
        LimitSet::Datapoints(signs)
    }
    assert_eq!(of(Prediction { limit_set: positive }), Verdict::Refuted);
    // Only the arg-max may win: plausible, and wrong.
    fn greedy(c0: &[f64], activation: Activation) -> LimitSet {
        let LimitSet::Datapoints(signs) = sgd::limit_set(c0, activation) else { unreachable!() };
        let best = c0.iter().zip(&signs).map(|(c, s)| c * f64::from(*s)).fold(0.0, f64::max);
        let keep = |(c, s): (&f64, &i8)| if c * f64::from(*s) == best { *s } else { 0 };
        LimitSet::Datapoints(c0.iter().zip(&signs).map(keep).collect())
    }
    assert_eq!(of(Prediction { limit_set: greedy }), Verdict::Refuted);
    // SGD does not end where gradient descent does.
    fn mixture(c0: &[f64], activation: Activation) -> LimitSet {
        gd::limit(c0, activation).unwrap_or_else(|| sgd::limit_set(c0, activation))
    }
    assert_eq!(of(Prediction { limit_set: mixture }), Verdict::Refuted);
}

#[test]
fn cyclic_limit_can_fail() {
    use cyclic_limit::{Options, Prediction, findings};
    let of = |prediction: Prediction| verdict(findings(&context(), &Options::default(), &prediction));
    let right = Prediction::default();
    assert_eq!(of(right.clone()), Verdict::Reproduced);
    // The other datapoint.
    let other = |c0: &[f64]| cyclic::theorem_4(c0).map(|_| LimitSet::Datapoints(vec![0, 1]));
    assert_eq!(of(Prediction { theorem: other, ..right.clone() }), Verdict::Refuted);
    // A conjecture that the largest correlation always wins.
    fn greedy(c0: &[f64], _: Activation) -> LimitSet {
        let best = c0.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        LimitSet::Datapoints(c0.iter().map(|&c| i8::from(c == best)).collect())
    }
    assert_eq!(of(Prediction { conjecture: greedy, ..right.clone() }), Verdict::Refuted);
    // A rate that is off by a thousandth.
    assert_eq!(of(Prediction { rate: |m, eta| 1.001 * cyclic::rate(m, eta), ..right }), Verdict::Refuted);
}

#[test]
fn alignment_scaling_can_fail() {
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
    assert_eq!(of(Prediction { sgd_cos_init_bound: lower, ..right }), Verdict::Refuted);
}
