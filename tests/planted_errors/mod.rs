//! For each claim a wrong theory is put in the place of the right one, and the verdict must turn.

mod beyond;

use indicatif::ProgressBar;
use puremix::claims::{
    Context, Effort, Findings, alignment_scaling, cyclic_limit, gd_limit, hypothesis_map, landscape,
    random_walk, rotation_invariance, sgd_limit, sharpness, vanishing_noise,
};
use puremix::device::{Backend, Compute, Precision};
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

/// Names of the checks that refute.
fn refuted(findings: puremix::Result<Findings>) -> Vec<String> {
    let checks = findings.unwrap().checks;
    checks.into_iter().filter(|check| check.ok == Some(false)).map(|check| check.name).collect()
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
    assert_eq!(of(Prediction { transverse_rate: |mu| 1.0 - 1.01 * mu, ..right.clone() }), Verdict::Refuted);
    // Limit and recursion wrong for small initial norms alone.
    let names = |prediction| refuted(findings(&context(), &Options::default(), &prediction));
    fn if_small(c0: &[f64], activation: Activation) -> Option<LimitSet> {
        let small = c0.iter().map(|c| c * c).sum::<f64>() < 0.05 * 0.05 + 1e-9;
        if small { longer(c0, activation) } else { gd::limit(c0, activation) }
    }
    let seen = names(Prediction { limit: if_small, ..right.clone() });
    assert!(
        seen.len() == 1 && seen[0].contains("‖w − w_GD‖ after training on Burn, norms 0.05 to 0.99"),
        "{seen:?}"
    );
    assert!(seen[0].contains("‖w_0‖ = 0.05"), "{seen:?}");
    let step = |state: gd::Radial, mu: f64| state.step(if state.norm_sq() < 0.01 { mu * 1.0001 } else { mu });
    let seen = names(Prediction { step, ..right.clone() });
    assert!(
        seen.len() == 1 && seen[0].starts_with("deviation from the scalar recursion at any step, norms"),
        "{seen:?}"
    );
    let seen = names(Prediction { apart: 2.0, ..right });
    assert!(seen.len() == 2 && seen.iter().all(|name| name.starts_with("smallest ")), "{seen:?}");
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
    let right = Prediction::default();
    assert_eq!(of(Prediction { limit_set: positive, ..right.clone() }), Verdict::Refuted);
    // The same of small initial norms alone: counts of all cells together and of the weakest see it.
    fn if_small(c0: &[f64], activation: Activation) -> LimitSet {
        let small = c0.iter().map(|c| c * c).sum::<f64>() < 0.051 * 0.051;
        if small { positive(c0, activation) } else { sgd::limit_set(c0, activation) }
    }
    let names = |prediction| refuted(findings(&context(), &Options::default(), &prediction));
    let seen = names(Prediction { limit_set: if_small, ..right.clone() });
    assert!(seen.len() == 4 && seen.iter().all(|name| name.contains("‖w_0‖ = 0.05")), "{seen:?}");
    assert_eq!(
        seen.iter().filter(|name| name.starts_with("… in the weakest of these cells")).count(),
        2,
        "{seen:?}"
    );
    // The winner a matter of the start alone: other batches, the same datapoint. And a mixture far from every datapoint.
    let seen = names(Prediction { beside: |replica| replica + 1, ..right.clone() });
    assert_eq!(seen, ["… in another datapoint than the reduced engine on the same batches"]);
    let seen = names(Prediction { apart: 2.0, ..right.clone() });
    assert_eq!(seen, ["b = m: smallest distance to a datapoint"]);
    // Only the arg-max may win: plausible, and wrong.
    fn greedy(c0: &[f64], activation: Activation) -> LimitSet {
        let LimitSet::Datapoints(signs) = sgd::limit_set(c0, activation) else { unreachable!() };
        let best = c0.iter().zip(&signs).map(|(c, s)| c * f64::from(*s)).fold(0.0, f64::max);
        let keep = |(c, s): (&f64, &i8)| if c * f64::from(*s) == best { *s } else { 0 };
        LimitSet::Datapoints(c0.iter().zip(&signs).map(keep).collect())
    }
    assert_eq!(of(Prediction { limit_set: greedy, ..right.clone() }), Verdict::Refuted);
    // SGD does not end where gradient descent does.
    fn mixture(c0: &[f64], activation: Activation) -> LimitSet {
        gd::limit(c0, activation).unwrap_or_else(|| sgd::limit_set(c0, activation))
    }
    assert_eq!(of(Prediction { limit_set: mixture, ..right }), Verdict::Refuted);
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

#[test]
fn sharpness_can_fail() {
    use puremix::theory::sharpness as theory;
    use sharpness::{Options, Prediction, findings};
    let of = |prediction: Prediction| verdict(findings(&context(), &Options::default(), &prediction));
    let right = Prediction::default();
    assert_eq!(of(right.clone()), Verdict::Reproduced);
    let names = |prediction| refuted(findings(&context(), &Options::default(), &prediction));
    // Every instrument sees it, not only the dense one.
    let seen = names(Prediction { largest: |m| 4.001 / m as f64, ..right.clone() });
    assert!(seen.iter().any(|name| name.starts_with("λ_max, dense")), "{seen:?}");
    assert!(seen.iter().any(|name| name.starts_with("λ_max, Lanczos")), "{seen:?}");
    // Off by one in |S⁺|, and no kinks at all.
    let off_by_one =
        |m: usize, n: usize, s: usize, a: Activation| theory::trace(m, n, s - usize::from(s > 1), a);
    let seen = names(Prediction { trace: off_by_one, ..right.clone() });
    assert!(seen.iter().any(|name| name.starts_with("Tr H at w_GD")), "{seen:?}");
    assert!(seen.iter().any(|name| name.starts_with("Tr H, Hutch++")), "{seen:?}");
    assert!(seen.iter().any(|name| name.starts_with("Tr H, values of the loss alone")), "{seen:?}");
    let smooth = |m: usize, n: usize, s: usize, _: Activation| theory::trace(m, n, s, Activation::Linear);
    assert_eq!(of(Prediction { trace: smooth, ..right.clone() }), Verdict::Refuted);
    // The common wisdom: SGD's minimum the flatter one. And a wrong trace of the linear model alone.
    let flatter = |m: usize, n: usize, s: usize, a: Activation| theory::trace(m, n, m + 1 - s, a);
    assert_eq!(of(Prediction { trace: flatter, ..right.clone() }), Verdict::Refuted);
    fn linear_off(m: usize, n: usize, s: usize, a: Activation) -> f64 {
        theory::trace(m, n, s, a) + if a == Activation::Linear { 1e-3 } else { 0.0 }
    }
    let seen = names(Prediction { trace: linear_off, ..right.clone() });
    assert!(seen.iter().any(|name| name.starts_with("Tr H, linear")), "{seen:?}");
    // One eigenvalue in the wrong place; gaps that are not there.
    fn shifted(m: usize, n: usize, s: usize, a: Activation) -> Vec<(f64, usize)> {
        let mut spectrum = theory::spectrum(m, n, s, a);
        spectrum[0].0 += 1e-3;
        spectrum
    }
    let seen = names(Prediction { spectrum: shifted, ..right.clone() });
    assert_eq!(seen, ["every eigenvalue, dense: largest deviation from its closed form"]);
    let seen = names(Prediction { smallest_gap: 7.0, ..right.clone() });
    assert!(seen[0].starts_with("smallest gap in units of 1/2m") && seen.len() == 1, "{seen:?}");
    let seen = names(Prediction { linear_gap: 1e-3, ..right.clone() });
    assert!(seen[0].starts_with("linear model: largest |Tr H(w_SGD)") && seen.len() == 1, "{seen:?}");
    // A gap of ½ in the limit.
    let seen = names(Prediction { mean_gap: |_| 0.5, ..right });
    assert!(seen[0].starts_with("mean gap between the traces") && seen.len() == 1, "{seen:?}");
}

#[test]
fn vanishing_noise_can_fail() {
    use vanishing_noise::{Options, Prediction, findings};
    let of = |prediction: Prediction| verdict(findings(&context(), &Options::default(), &prediction));
    let right = Prediction::default();
    assert_eq!(of(right.clone()), Verdict::Reproduced);
    let names = |prediction| refuted(findings(&context(), &Options::default(), &prediction));
    let seen = names(Prediction { sample_gradient: |c| (c, c * c), ..right.clone() });
    assert!(seen[0] == "largest sample gradient at a datapoint" && seen.len() == 2, "{seen:?}");
    let seen = names(Prediction { noise: |c| c.iter().map(|c| c * c).sum(), ..right.clone() });
    assert!(seen[0].starts_with("noise at w_GD") && seen.len() == 1, "{seen:?}");
    // The constant along the datapoint from |u + u_j a_j|² in the place of |u + 3 u_j a_j|²; the power of the loss.
    let constant = |along: f64, rivals: &[f64]| {
        (1.0 + 3.0 * along * along + rivals.iter().map(|u| u * u).sum::<f64>()).sqrt()
    };
    let seen = names(Prediction { noise_near: constant, ..right.clone() });
    assert!(seen[0].starts_with("noise at distance ε") && seen.len() == 1, "{seen:?}");
    let seen = names(Prediction { noise_power: 2.0, ..right.clone() });
    assert!(seen[0].contains("power of ε") && seen.len() == 1, "{seen:?}");
    let seen = names(Prediction { gd_moves: 1e-3, ..right.clone() });
    assert!(seen.len() == 2 && seen.iter().all(|name| name.starts_with("GD from where")), "{seen:?}");
    let stays = |c0: &[f64], _: Activation| LimitSet::Point(c0.to_vec());
    assert_eq!(of(Prediction { limit_set: stays, ..right }), Verdict::Refuted);
}

#[test]
fn random_walk_can_fail() {
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

#[test]
fn rotation_invariance_can_fail() {
    use rotation_invariance::{Options, Prediction, findings};
    let of = |prediction: Prediction| verdict(findings(&context(), &Options::default(), &prediction));
    let right = Prediction::default();
    assert_eq!(of(right.clone()), Verdict::Reproduced);
    assert_eq!(of(Prediction { gd_shift: 1e-9, ..right.clone() }), Verdict::Refuted);
    // SGD indifferent to the rotation, on either data; limits that stand at right angles.
    assert_eq!(of(Prediction { sgd_follows: [true, false], ..right.clone() }), Verdict::Refuted);
    assert_eq!(of(Prediction { sgd_follows: [false, true], ..right.clone() }), Verdict::Refuted);
    let names = |prediction| refuted(findings(&context(), &Options::default(), &prediction));
    let right_angle = std::f64::consts::SQRT_2;
    let seen = names(Prediction { apart: right_angle, ..right.clone() });
    assert_eq!(
        seen,
        [
            "SGD on QA, same batches as on A: smallest distance of the end to a row of ±A",
            "ReLU GD on A and on QA: smallest distance of the ends"
        ]
    );
    // ReLU: the mixture of all samples; a winner among those that are not active.
    let all = |c0: &[f64], _: Activation| gd::limit(c0, Activation::Linear);
    let seen = names(Prediction { gd_limit: all, ..right.clone() });
    assert_eq!(seen, ["ReLU GD on A and on QA: largest distance to the closed form of each"]);
    fn inactive(c0: &[f64], activation: Activation) -> LimitSet {
        let opposite: Vec<f64> = c0.iter().map(|c| -c).collect();
        sgd::limit_set(if activation == Activation::Relu { &opposite } else { c0 }, activation)
    }
    let seen = names(Prediction { sgd_limit: inactive, ..right });
    assert_eq!(seen, ["ReLU SGD on A and on QA: pairs of runs that end in rows active in the data seen"]);
}

#[test]
fn landscape_can_fail() {
    use landscape::{Options, Prediction, findings};
    use puremix::theory::landscape as theory;
    let of = |prediction: Prediction| verdict(findings(&context(), &Options::default(), &prediction));
    let right = Prediction::default();
    assert_eq!(of(right.clone()), Verdict::Reproduced);
    assert_eq!(
        of(Prediction { minimum_loss: |m| (m as f64 - 1.0) / (2.0 * m as f64 + 1e-6), ..right.clone() }),
        Verdict::Refuted
    );
    assert_eq!(
        of(Prediction { curvature_without_projection: |n, m| (n - 1.0) / m as f64, ..right.clone() }),
        Verdict::Refuted
    );
    assert_eq!(of(Prediction { blank_loss: 0.5 + 1e-9, ..right.clone() }), Verdict::Refuted);
    // The gradient of Σ ℓ_i in the place of the mean, but for the points where it vanishes.
    let sum = |m: usize, c: f64, n: f64| m as f64 * theory::gradient_norm(m, c, n);
    assert_eq!(of(Prediction { gradient_norm: sum, ..right.clone() }), Verdict::Refuted);
    let names = |prediction| refuted(findings(&context(), &Options::default(), &prediction));
    let seen =
        names(Prediction { loss: |m, c, n| theory::loss(m, c, n) + 1e-3 * (1.0 - c), ..right.clone() });
    assert!(seen.iter().any(|name| name.starts_with("off the minima: largest deviation of L")), "{seen:?}");
    let seen = names(Prediction { loss: |m, c, n| m as f64 * theory::loss(m, c, n), ..right.clone() });
    for needle in ["10 % longer", "ReLU, one sign turned"] {
        assert!(seen.iter().any(|name| name.starts_with(needle)), "{seen:?}");
    }
    let seen = names(Prediction {
        curvature_without_projection: |n, m| (n - 2.0) / (m as f64 + 1e-3),
        ..right.clone()
    });
    assert!(seen.iter().any(|name| name.contains("all eigenvalues")), "{seen:?}");
    let seen = names(Prediction { residual_kept: 2.0, ..right.clone() });
    assert_eq!(seen, ["… with the residual left almost as it was"]);
    let seen = names(Prediction { dead_movement: 1e-9, ..right });
    assert_eq!(seen, ["the dead ReLU region: distance moved in 100 steps"]);
}

#[test]
fn hypothesis_map_can_fail() {
    use hypothesis_map::{Options, Prediction, findings};
    let of = |prediction: Prediction| verdict(findings(&context(), &Options::default(), &prediction));
    let right = Prediction::default();
    assert_eq!(of(right.clone()), Verdict::Reproduced);
    let names = |prediction| refuted(findings(&context(), &Options::default(), &prediction));
    for threshold in [0.49, 0.51] {
        let seen = names(Prediction { threshold, ..right.clone() });
        let thresholds =
            seen.iter().filter(|name| name.contains("step size at which half of the runs arrive"));
        assert_eq!(thresholds.count(), 4, "{threshold}: {seen:?}");
    }
    let seen = names(Prediction { threshold: 0.7, ..right.clone() });
    assert!(seen.iter().any(|name| name.starts_with("between η = 1/5 and the threshold")), "{seen:?}");
    let seen = names(Prediction { arrivals_beyond: 0.5, ..right.clone() });
    assert_eq!(seen, ["beyond the threshold: runs that arrive"]);
    // Regions that reach over the threshold, and over norms at which runs are lost; in all cells together and in the weakest.
    let seen = names(Prediction { rectangle: (0.6, 1.0), ..right.clone() });
    for needle in ["the rectangle", "… in the weakest of these cells"] {
        assert!(seen.iter().any(|name| name.starts_with(needle)), "{seen:?}");
    }
    assert_eq!(of(Prediction { stretched: (0.2, 4.5), ..right.clone() }), Verdict::Refuted);
    assert_eq!(of(Prediction { captured_from: |norm| norm * norm - 0.05, ..right }), Verdict::Refuted);
}

/// Single precision has tolerances of its own: they hold, and they too are refuted.
#[test]
fn claims_can_fail_in_single_precision() {
    let compute = Compute::new(Backend::default(), Some(Precision::F32)).unwrap();
    let context = Context { compute, ..context() };
    macro_rules! turns {
        ($claim:ident, $wrong:expr) => {
            use $claim::{Options, Prediction, findings};
            let of = |prediction: Prediction| verdict(findings(&context, &Options::default(), &prediction));
            assert_eq!(of(Prediction::default()), Verdict::Reproduced, stringify!($claim));
            let wrong: fn(Prediction) -> Prediction = $wrong;
            assert_eq!(of(wrong(Prediction::default())), Verdict::Refuted, stringify!($claim));
        };
    }
    {
        fn longer(c0: &[f64], activation: Activation) -> Option<LimitSet> {
            let Some(LimitSet::Point(alpha)) = gd::limit(c0, activation) else { return None };
            Some(LimitSet::Point(alpha.iter().map(|a| a * 1.0001).collect()))
        }
        turns!(gd_limit, |right| Prediction { limit: longer, ..right });
    }
    {
        fn positive(c0: &[f64], activation: Activation) -> LimitSet {
            LimitSet::Datapoints(c0.iter().map(|&c| i8::from(activation.admits(c))).collect())
        }
        turns!(sgd_limit, |right| Prediction { limit_set: positive, ..right });
        // Signs are judged by the Burn model too, not by the reduced engine alone.
        let wrong = Prediction { limit_set: positive, ..Prediction::default() };
        let names = refuted(findings(&context, &Options::default(), &wrong));
        assert!(names.iter().any(|name| name.starts_with("trainings of the Burn model")), "{names:?}");
    }
    {
        fn other(c0: &[f64]) -> Option<LimitSet> {
            cyclic::theorem_4(c0).map(|_| LimitSet::Datapoints(vec![0, 1]))
        }
        turns!(cyclic_limit, |right| Prediction { theorem: other, ..right });
    }
    {
        fn order(m: usize, _: Activation) -> f64 {
            alignment::asymptotic_max_cos(m)
        }
        turns!(alignment_scaling, |right| Prediction { gd_max_cos: order, ..right });
    }
    {
        fn off(m: usize, n: usize, s: usize, a: Activation) -> f64 {
            puremix::theory::sharpness::trace(m, n, s - usize::from(s > 1), a)
        }
        turns!(sharpness, |right| Prediction { trace: off, ..right });
    }
    {
        turns!(vanishing_noise, |right| Prediction { sample_gradient: |c| (c, c * c), ..right });
    }
    {
        turns!(rotation_invariance, |right| Prediction { sgd_follows: [true, false], ..right });
    }
    {
        turns!(landscape, |right| Prediction { blank_loss: 0.5 + 1e-4, ..right });
    }
}
