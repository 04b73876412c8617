use rand::RngExt;

use super::*;
use crate::rng::{Purpose, stream};
use crate::theory::quadrature::simpson;
use crate::theory::selection::pair;

/// The step of one sample.
fn step(u: &mut [f64], n: &[f64], eta: f64, i: usize) {
    let norm_sq: f64 = u.iter().map(|u| u * u).sum();
    let (factor, gain) = (1.0 - eta * n[i] * u[i] * u[i], eta * (2.0 - norm_sq) * n[i] * u[i]);
    u.iter_mut().for_each(|u| *u *= factor);
    u[i] += gain;
}

#[test]
fn the_step_is_that_of_the_gradient() {
    // ∇ℓ by differences, x_i = √n_i e_i.
    let (w, n, eta) = ([0.4f64, -0.7, 0.2], [1.7f64, 0.6, 1.1], 0.13);
    for i in 0..3 {
        let loss = |w: &[f64]| {
            let phi = n[i].sqrt() * w[i];
            let at = |k: usize| if k == i { n[i].sqrt() } else { 0.0 };
            (0..3).map(|k| 0.5 * (at(k) - w[k] * phi).powi(2)).sum::<f64>()
        };
        let mut next = w.to_vec();
        step(&mut next, &n, eta, i);
        for (k, next) in next.iter().enumerate() {
            let shifted = |h: f64| {
                let mut w = w;
                w[k] += h;
                loss(&w)
            };
            let slope = (shifted(1e-5) - shifted(-1e-5)) / 2e-5;
            assert!((next - w[k] + eta * slope).abs() < 1e-9, "{i} {k}");
        }
    }
}

#[test]
fn drifts_are_those_of_steps_near_a_datapoint() {
    let problem = Unequal { norms_sq: vec![1.3, 0.8, 1.0], shares: vec![0.2, 0.5, 0.3], step_size: 0.31 };
    let (mut drift, mut square) = (0.0, 0.0);
    for (k, share) in problem.shares.iter().enumerate() {
        let mut u = [1e-9, 2e-9, 1.0];
        step(&mut u, &problem.norms_sq, 0.31, k);
        let change = (u[1] / 2e-9).ln();
        (drift, square) = (drift + share * change, square + share * change * change);
    }
    assert!((drift - problem.drift(2, 1)).abs() < 1e-12);
    assert!((square - drift * drift - problem.variance(2, 1)).abs() < 1e-12);
}

#[test]
fn thresholds_are_the_closed_forms() {
    // Equal probabilities: n_j below n_i/(1 − ηn_i). Equal norms at η = 0.4: q_j/q_i below 1.518.
    for (n, eta) in [(1.0, 0.2), (0.7, 0.45), (1.6, 0.05)] {
        let at = |factor: f64| {
            let other = factor * n / (1.0 - eta * n);
            Unequal { norms_sq: vec![n, other], shares: vec![0.5; 2], step_size: eta }.can_be_limit(0)
        };
        assert!(at(0.9999) && !at(1.0001), "{n} {eta}");
    }
    let weighted = |ratio: f64| {
        let shares = vec![1.0 / (1.0 + ratio), ratio / (1.0 + ratio)];
        Unequal { norms_sq: vec![1.0; 2], shares, step_size: 0.4 }
    };
    assert!(weighted(1.5181).can_be_limit(0) && !weighted(1.5182).can_be_limit(0));
    assert!(weighted(1.6).can_be_limit(1));
}

#[test]
fn limits_are_where_enumerated_batches_bring_every_rival_down() {
    // Near x_i/‖x_i‖ a batch B multiplies u_j by 1 + η_B (n_j [j ∈ B] − n_i [i ∈ B]).
    let (norms, eta) = ([1.08f64, 1.0, 0.95, 1.05, 0.93], 0.23);
    let c0 = [0.2, -0.3, 0.1, 0.25, 0.0];
    let n = norms.map(|norm| norm * norm);
    for b in 1..5usize {
        let batches: Vec<u32> = (0..1u32 << 5).filter(|set| set.count_ones() as usize == b).collect();
        let is_in = |set: &u32, i: usize| f64::from(set >> i & 1);
        let drift = |i: usize, j: usize| -> f64 {
            batches.iter().map(|set| (1.0 + eta * (n[j] * is_in(set, j) - n[i] * is_in(set, i))).ln()).sum()
        };
        let bears = |i: usize, rivals: &[usize]| rivals.iter().all(|&j| j == i || drift(i, j) < 0.0);
        let expected: Vec<bool> = (0..5).map(|i| i != 4 && bears(i, &[0, 1, 2, 3])).collect();
        for kind in [ScheduleKind::Sgd, ScheduleKind::Reshuffle] {
            let schedule = Schedule::new(kind, 5, Some(b), 1).unwrap();
            let limit = |activation| predicted_limit(&schedule, &norms, &c0, activation, eta);
            assert_eq!(limit(Activation::Linear), Some(LimitSet::EitherSign(expected.clone())), "b = {b}");
            // Of the second sample, the only one that is inactive, a ReLU sees nothing.
            let positive = [0, 2, 3].map(|i| i8::from(bears(i, &[0, 2, 3])));
            let signs = vec![positive[0], 0, positive[1], positive[2], 0];
            assert_eq!(limit(Activation::Relu), Some(LimitSet::Datapoints(signs)), "b = {b}");
        }
        assert!(expected.contains(&true) && expected[..4].contains(&false), "b = {b}: {expected:?}");
    }
}

#[test]
fn limits_of_single_draws_are_those_of_the_drift() {
    let (shares, norms, eta) = ([0.3, 0.32, 0.21, 0.17], [1.0f64, 0.98, 1.2, 1.1], 0.17);
    let schedule = Schedule::sgd(4, 1, 1).unwrap().weighted(&shares).unwrap();
    let problem = Unequal {
        norms_sq: norms.iter().map(|norm| norm * norm).collect(),
        shares: shares.to_vec(),
        step_size: eta,
    };
    let limit =
        |schedule: &Schedule, eta| predicted_limit(schedule, &norms, &[0.1; 4], Activation::Linear, eta);
    let expected: Vec<bool> = (0..4).map(|i| problem.can_be_limit(i)).collect();
    assert_eq!(expected, [true, true, true, false]);
    assert_eq!(limit(&schedule, eta), Some(LimitSet::EitherSign(expected)));
    // Beyond ½ along every sample none is stable; nothing is said of full batches and of large batches with replacement.
    assert_eq!(limit(&schedule, 0.6), Some(LimitSet::EitherSign(vec![false; 4])));
    assert_eq!(limit(&Schedule::full_batch(4).unwrap(), eta), None);
    assert_eq!(limit(&schedule, 1e-13), None);
    for kind in [ScheduleKind::Replacement, ScheduleKind::Cyclic] {
        assert_eq!(limit(&Schedule::new(kind, 4, Some(2), 1).unwrap(), eta), None);
        assert!(limit(&Schedule::new(kind, 4, Some(1), 1).unwrap(), eta).is_some());
    }
}

#[test]
fn full_batches_end_in_the_longest_active_sample_where_that_is_proved() {
    // η_B max n = 0.2288 < ¼ over the first four; the fifth, the longest, is silent.
    let (norms, eta) = ([1.3f64, 1.0, 1.3 * (1.0 + 1e-15), 0.7, 1.6], 0.1354);
    let c0 = [0.2, 0.5, -0.3, 0.1, 0.0];
    let limit =
        |c0: &[f64], norm_sq, activation, eta| predicted_full_batch(&norms, c0, norm_sq, activation, eta);
    let u = [c0[0] / norms[0], c0[2] / norms[2]];
    let length = u[0].hypot(u[1]);
    let Some(LimitSet::Point(mixed)) = limit(&c0, 0.5, Activation::Linear, eta) else { panic!("a point") };
    let expected = [u[0] / length, 0.0, u[1] / length, 0.0, 0.0];
    assert!(mixed.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-15), "{mixed:?}");
    let alone = Some(LimitSet::Point(vec![1.0, 0.0, 0.0, 0.0, 0.0]));
    assert_eq!(limit(&c0, 0.5, Activation::Relu, eta), alone);
    // Iterated: ReLU sees the first, second and fourth, and the third shrinks with what is outside the span.
    let mut u: Vec<f64> = c0.iter().zip(norms).map(|(c, norm)| c / norm).collect();
    let mut rest = 0.3f64;
    for _ in 0..2000 {
        let norm_sq = u.iter().map(|u| u * u).sum::<f64>() + rest * rest;
        let is_active: Vec<f64> = u.iter().map(|&u| f64::from(u8::from(u > 0.0))).collect();
        let energy: f64 = (0..5).map(|j| is_active[j] * (norms[j] * u[j]).powi(2)).sum();
        for j in 0..5 {
            u[j] *= 1.0 - eta * energy + is_active[j] * eta * (2.0 - norm_sq) * norms[j] * norms[j];
        }
        rest *= 1.0 - eta * energy;
    }
    assert!((u[0] - 1.0).abs() < 1e-12 && u[1..].iter().all(|u| u.abs() < 1e-12), "{u:?}");
    // Beyond the hypotheses nothing is said.
    for (c0, norm_sq, activation, eta) in [
        (c0, 1.01, Activation::Linear, eta),
        (c0, 0.5, Activation::Linear, 0.149),
        (c0, 0.5, Activation::Tanh, eta),
        (c0, 0.5, Activation::Linear, 1e-13),
        ([-0.2, -0.5, -0.3, 0.0, 0.0], 0.5, Activation::Relu, eta),
    ] {
        assert_eq!(limit(&c0, norm_sq, activation, eta), None, "{norm_sq} {activation:?} {eta}");
    }
}

#[test]
fn the_arcsine_law_is_the_exit_problem() {
    // ∫ e^{−γd}/cosh d by Simpson's rule.
    let cases: [([f64; 2], f64); 4] =
        [([0.4, 0.9], 0.5), ([-1.0, 0.2], -0.7), ([0.3, 0.3], 0.2), ([1e-3, 1.0], 0.6)];
    for (u, tilt) in cases {
        let density = |d: f64| (-tilt * d).exp() / d.cosh();
        let d = (u[0] / u[1]).abs().ln();
        let far = 30.0 / (1.0 - tilt.abs());
        let (below, above) = (simpson(density, -far, d, 200_000), simpson(density, d, far, 200_000));
        let law = arcsine(u, tilt);
        assert!((law - below / (below + above)).abs() < 1e-8, "{u:?} {tilt}: {law}");
    }
    assert!((arcsine([0.4, -0.7], 0.0) - pair([0.4, 0.7])).abs() < 1e-12);
    assert_eq!([arcsine([0.1, 1.0], 1.0), arcsine([1.0, 0.1], -1.3)], [1.0, 0.0]);
}

#[test]
fn the_stopped_law_is_the_exit_from_an_interval() {
    // ∫ e^{−γd}/cosh d over [−D, d] and [−D, D] by Simpson's rule, at a D that cuts off a good part.
    for (u, tilt, far) in
        [([0.4f64, 0.9f64], 0.5f64, 1.3f64), ([-1.0, 0.2], -0.7, 2.1), ([0.3, 0.5], 0.0, 0.9)]
    {
        let density = |d: f64| (-tilt * d).exp() / d.cosh();
        let d = (u[0] / u[1]).abs().ln();
        let share = simpson(density, -far, d, 2000) / simpson(density, -far, far, 2000);
        let law = arcsine_stopped(u, tilt, far);
        assert!((law - share).abs() < 1e-9, "{u:?} {tilt} {far}: {law} {share}");
        assert!((law - arcsine(u, tilt)).abs() > 0.01);
    }
}

#[test]
fn the_chain_follows_the_arcsine_law() {
    // γ = 0.5 by weights and norms together, η = 0.1, 20,000 runs: standard error 0.0035, and a bias below that.
    let problem = Unequal { norms_sq: vec![1.01, 0.99], shares: vec![0.507_5, 0.492_5], step_size: 0.1 };
    let start = [0.6, 1.4];
    let mut rng = stream(71, Purpose::Protocol, 0);
    let runs = 20_000;
    let wins = (0..runs).filter(|_| {
        let mut u = start.map(|u| u / 0.6f64.hypot(1.4));
        while u[0].abs().min(u[1].abs()) > 1e-4 * u[0].abs().max(u[1].abs()) {
            let drawn = usize::from(rng.random::<f64>() >= problem.shares[0]);
            step(&mut u, &problem.norms_sq, problem.step_size, drawn);
        }
        u[0].abs() > u[1].abs()
    });
    let (measured, law) = (wins.count() as f64 / f64::from(runs), arcsine(start, problem.tilt()));
    assert!((measured - law).abs() < 0.0035 * 5.0, "{measured} {law}");
    assert!((law - pair(start)).abs() > 0.2);
}

#[test]
fn full_batches_take_the_largest_norm() {
    let n = [1.0, 1.3, 0.9, 1.3];
    let mut u = vec![0.8, 0.1, 0.3, -0.2];
    let limit = full_batch_limit(&n, &u).unwrap();
    for _ in 0..4000 {
        let norm_sq: f64 = u.iter().map(|u| u * u).sum();
        let energy: f64 = u.iter().zip(&n).map(|(u, n)| n * u * u).sum();
        for (u, n) in u.iter_mut().zip(&n) {
            *u *= 1.0 - 0.05 * energy + 0.05 * (2.0 - norm_sq) * n;
        }
    }
    assert!(u.iter().zip(&limit).all(|(a, b)| (a - b).abs() < 1e-12), "{u:?} {limit:?}");
    assert_eq!(full_batch_limit(&n, &[0.0; 4]), None);
    assert_eq!(full_batch_limit(&n, &[0.5, 0.0, 0.1, 0.0]), Some(vec![1.0, 0.0, 0.0, 0.0]));
}

/// `r log(1 + η_B n_j) + s log(1 + η_B (n_j − n_i)) = r log 1/(1 − η_B n_i)` at `n_i = 1`, `η_B = 0.1`, `r = 0.3`, `s = 0.1`: `n_j = 1.0811991340`, in Python.
#[test]
fn in_pairs_of_five_a_sample_can_be_a_limit_up_to_a_rival_of_its_threshold() {
    let schedule = Schedule::sgd(5, 2, 1).unwrap();
    for (norm_sq, can_be) in [(1.0811, true), (1.0813, false)] {
        let norms = [1.0, f64::sqrt(norm_sq), 0.9, 0.8, 0.7];
        let limit = predicted_limit(&schedule, &norms, &[0.3; 5], Activation::Relu, 0.1);
        assert_eq!(limit, Some(LimitSet::Datapoints(vec![i8::from(can_be), 1, 0, 0, 0])), "{norm_sq}");
    }
}
