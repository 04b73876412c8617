//! Three routes to one gradient: autodiff, by hand, and central differences of the loss.

use proptest::prelude::*;
use puremix::data::Dataset;
use puremix::device::{Compute, to_host};
use puremix::engine::{Autodiff, batch_step};
use puremix::init::Start;
use puremix::model::Activation;
use puremix::problem::{Problem, Reduction};
use puremix::schedule::Schedule;

/// `Σ_{i∈B} ½‖x_i − w φ(⟨w, x_i⟩)‖²`, written out with loops.
fn loss(data: &Dataset, w: &[f64], batch: &[usize], activation: Activation) -> f64 {
    let c = data.correlations(w).unwrap();
    let rows = data.rows().unwrap();
    let sample = |&i: &usize| -> f64 {
        let phi = activation.apply(c[i]);
        let row = &rows[i * data.dim()..(i + 1) * data.dim()];
        row.iter().zip(w).map(|(x, w)| (x - w * phi).powi(2)).sum::<f64>() / 2.0
    };
    batch.iter().map(sample).sum()
}

/// The hand-derived gradient through the tensor operations of the analytic engine: what a step of `2²⁰` moves,
/// so long that `w` itself costs no digits.
fn by_hand(data: &Dataset, w: &[f64], batch: &[usize], activation: Activation) -> Vec<f64> {
    let compute = Compute::default();
    let n = data.dim();
    let rows = data.rows().unwrap();
    let x: Vec<f64> = batch.iter().flat_map(|&i| rows[i * n..(i + 1) * n].to_vec()).collect();
    let x = compute.tensor(&x, [batch.len(), n]);
    let before = compute.tensor(w, [1, n]);
    let c = before.clone().matmul(x.clone().transpose());
    let step = f64::from(1 << 20);
    let ones = compute.tensor(&vec![1.0; n], [n, 1]);
    let after = to_host(batch_step(before, c, &ones, activation, step, |weights| weights.matmul(x)));
    w.iter().zip(after).map(|(before, after)| (before - after) / step).collect()
}

fn by_autodiff(data: &Dataset, w: &[f64], batch: &[usize], activation: Activation) -> Vec<f64> {
    let problem = Problem::new(data.clone(), activation, Reduction::Sum, 0.1).unwrap();
    let start = Start::from_weights(data, w.to_vec()).unwrap();
    let schedule = Schedule::full_batch(data.samples()).unwrap();
    Autodiff::single_neuron(&problem, &schedule, &start, 0, &Compute::default()).unwrap().gradient(0, batch)
}

/// Central differences of the loss; their error is O(h²) + O(u/h), about 1e-10 at `h = 1e-5`.
fn by_differences(data: &Dataset, w: &[f64], batch: &[usize], activation: Activation) -> Vec<f64> {
    let h = 1e-5;
    let at = |k: usize, h: f64| {
        let mut w = w.to_vec();
        w[k] += h;
        loss(data, &w, batch, activation)
    };
    (0..w.len()).map(|k| (at(k, h) - at(k, -h)) / (2.0 * h)).collect()
}

fn relative_error(a: &[f64], b: &[f64]) -> f64 {
    let norm = |v: &mut dyn Iterator<Item = f64>| v.map(|x| x * x).sum::<f64>().sqrt();
    norm(&mut a.iter().zip(b).map(|(a, b)| a - b)) / norm(&mut b.iter().copied()).max(1e-3)
}

/// Random data of random size with entries up to 1.5, a weight vector, and a batch with repetitions.
fn case() -> impl Strategy<Value = (Dataset, Vec<f64>, Vec<usize>)> {
    (1usize..8, 1usize..9).prop_flat_map(|(m, n)| {
        let rows = proptest::collection::vec(-1.5..1.5f64, m * n);
        let w = proptest::collection::vec(-1.2..1.2f64, n);
        let batch = proptest::collection::vec(0..m, 1..=m);
        (rows, w, batch).prop_map(move |(rows, w, batch)| (Dataset::from_rows(rows, m, n).unwrap(), w, batch))
    })
}

proptest! {
    #![proptest_config(ProptestConfig { rng_seed: proptest::test_runner::RngSeed::Fixed(5), ..ProptestConfig::with_cases(300) })]

    #[test]
    fn autodiff_equals_the_hand_derived_gradient((data, w, batch) in case()) {
        for activation in Activation::PAPER {
            let error = relative_error(&by_autodiff(&data, &w, &batch, activation), &by_hand(&data, &w, &batch, activation));
            prop_assert!(error < 1e-12, "{activation:?}: {error:e}");
        }
    }

    #[test]
    fn the_hand_derived_gradient_equals_central_differences((data, w, batch) in case()) {
        for activation in Activation::PAPER {
            // Differences straddle the kink of ReLU if a correlation is within h of it.
            let kink = activation == Activation::Relu
                && data.correlations(&w).unwrap().iter().any(|c| c.abs() < 1e-3);
            if !kink {
                let (hand, differences) = (by_hand(&data, &w, &batch, activation), by_differences(&data, &w, &batch, activation));
                let error = relative_error(&hand, &differences);
                prop_assert!(error < 1e-7, "{activation:?}: {error:e}");
            }
        }
    }
}

#[test]
fn both_forms_of_the_sample_gradient_agree() {
    // φ² w + (N − 2) φ d a  =  φ² w + (N d − 1 − d) φ a, with d = φ'(c), for either sign of c.
    for activation in Activation::PAPER {
        for c in [-0.7, 0.4] {
            let phi = activation.apply(c);
            let d = if activation == Activation::Relu && c <= 0.0 { 0.0 } else { 1.0 };
            let norm_sq = 0.83;
            assert!(((norm_sq - 2.0) * phi * d - (norm_sq * d - 1.0 - d) * phi).abs() < 1e-15);
        }
    }
}

#[test]
fn every_sample_gradient_vanishes_at_its_own_datapoint() {
    let data = Dataset::orthonormal(4, 6, 9).unwrap();
    for (i, sign) in [(0, 1.0), (2, 1.0), (3, -1.0)] {
        let mut alpha = vec![0.0; 4];
        alpha[i] = sign;
        let w = data.combine(&alpha).unwrap();
        for j in 0..4 {
            let gradient = by_autodiff(&data, &w, &[j], Activation::Linear);
            assert!(gradient.iter().all(|g| g.abs() < 1e-14), "sample {j} at {sign} a_{i}: {gradient:?}");
        }
    }
}
