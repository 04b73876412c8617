//! Curvature instruments against closed forms, on rotated data and for any model.

use chacha20::ChaCha8Rng;
use nalgebra::DMatrix;
use puremix::data::{Dataset, dot};
use puremix::device::Compute;
use puremix::engine::{Analytic, Autodiff, Engine, Reduced};
use puremix::init::Start;
use puremix::measure::sharpness::{
    Operator, SharpnessAlong, Surface, Trace, dense, eigenvalues, hutch_plus_plus, hutchinson, top_eigenvalue,
};
use puremix::model::{Activation, SingleNeuron, SingleNeuronConfig};
use puremix::problem::{Problem, Reduction};
use puremix::schedule::Schedule;
use puremix::stats::student_quantile;
use puremix::theory::{self, sharpness};
use puremix::train::{Cadence, Plan, StopRule, train};

use crate::common::{BIAS, DECODER, ENCODER, Matrix, Untied, rng};

/// The loss around `w = Σ α_i a_i` over Haar-random rows.
fn surface(m: usize, n: usize, alpha: &[f64], activation: Activation) -> (Surface<SingleNeuron>, Dataset) {
    let data = Dataset::orthonormal(m, n, 21).unwrap();
    let w = data.combine(alpha).unwrap();
    let compute = Compute::default();
    let model = SingleNeuronConfig::new(n, activation).init_at(&w, &compute).unwrap();
    (Surface::new(model, &data, &compute).unwrap(), data)
}

impl Matrix {
    /// `Q diag(spectrum) Qᵀ` with Haar-random `Q`.
    fn rotated(spectrum: &[f64], seed: u64) -> Self {
        let d = spectrum.len();
        let rows = Dataset::orthonormal(d, d, seed).unwrap().rows().unwrap().to_vec();
        let q = DMatrix::from_vec(d, d, rows);
        Self(&q * DMatrix::from_diagonal(&nalgebra::DVector::from_row_slice(spectrum)) * q.transpose())
    }
}

#[test]
fn the_spectrum_at_a_minimum_is_the_closed_form() {
    for (activation, alpha) in [
        (Activation::Linear, vec![0.6, -0.0, 0.8, 0.0, 0.0]),
        (Activation::Relu, vec![0.6, 0.0, 0.8, 0.0, 0.0]),
        (Activation::Relu, vec![0.0, 1.0, 0.0, 0.0, 0.0]),
    ] {
        let support = alpha.iter().filter(|a| **a != 0.0).count();
        let (surface, _) = surface(5, 8, &alpha, activation);
        let mut expected: Vec<f64> = sharpness::spectrum(5, 8, support, activation)
            .into_iter()
            .flat_map(|(value, count)| vec![value; count])
            .collect();
        expected.sort_by(f64::total_cmp);
        let measured = eigenvalues(dense(&surface)).unwrap();
        for (a, b) in measured.iter().zip(&expected) {
            // Across a kink the third derivative jumps: the error is of the order of the step, 5e-6, over m.
            let tolerance = if activation == Activation::Relu { 1e-6 } else { 1e-9 };
            assert!((a - b).abs() < tolerance, "{activation:?} {support}: {measured:?} {expected:?}");
        }
    }
}

#[test]
fn hessian_products_know_their_error() {
    // Away from minima and kinks, linear model: H v = (1/m) Σ_i [2 c_i v_i… ] is checked against the dense
    // closed form H = (1/m)(C 1 + 2 w pᵀ + 2 p wᵀ + (N − 2) Π), p = Πw, C = ‖p‖², N = ‖w‖².
    let (m, n) = (4, 7);
    let (surface, data) = surface(m, n, &[0.3, -0.5, 0.2, 0.4], Activation::Linear);
    let start = Start::gaussian(&data, 0.9, 5, 0).unwrap();
    let w = start.weights.clone().unwrap();
    let mut surface = surface;
    surface.move_to(w.clone());
    let p = data.combine(&start.correlations).unwrap();
    let energy = dot(&p, &p);
    for seed in 0..5 {
        let v = Start::gaussian(&data, 1.3, 40 + seed, 0).unwrap().weights.unwrap();
        let projected = data.combine(&data.correlations(&v).unwrap()).unwrap();
        let (wv, pv) = (dot(&w, &v), dot(&p, &v));
        let exact: Vec<f64> = (0..n)
            .map(|k| {
                (energy * v[k] + 2.0 * w[k] * pv + 2.0 * p[k] * wv + (start.norm_sq - 2.0) * projected[k])
                    / m as f64
            })
            .collect();
        let product = surface.hessian_product(&v);
        let error = product.value.iter().zip(&exact).map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt();
        assert!(error < 1e-8, "{error:e}");
        assert!(error < 3.0 * product.error + 1e-12, "true {error:e}, estimated {:e}", product.error);
        assert!(product.error < 1e-6, "{:e}", product.error);
    }
}

#[test]
fn a_symmetric_difference_averages_the_two_sides_of_a_kink() {
    // At a_1 the direction a_0 sits on a kink: 0 on one side, 1/m on the other.
    let (m, n) = (5, 8);
    let (surface, data) = surface(m, n, &[0.0, 1.0, 0.0, 0.0, 0.0], Activation::Relu);
    let a0 = data.rows().unwrap()[..n].to_vec();
    assert!((surface.second_difference(&a0) - 0.1).abs() < 1e-5, "{}", surface.second_difference(&a0));
    assert!((dot(&a0, &surface.apply(&a0)) - 0.1).abs() < 1e-7);
    // The step is a length, whatever that of the direction.
    let long: Vec<f64> = a0.iter().map(|a| 1e3 * a).collect();
    assert!((dot(&a0, &surface.apply(&long)) / 1e3 - 0.1).abs() < 1e-7);
    // Along w as well the difference of values is good to its step u^(1/4) only.
    let w = surface.point().to_vec();
    let both: Vec<f64> = a0.iter().zip(&w).map(|(a, w)| (0.8 * a) + 0.6 * w).collect();
    let expected = (0.64 * 0.5 + 0.36 * 4.0) / m as f64;
    assert!((surface.second_difference(&both) - expected).abs() < 1e-4);
    // A one-sided difference of gradients sees one side only.
    let h = 1e-6;
    let along = |t: f64| {
        let point: Vec<f64> = surface.point().iter().zip(&a0).map(|(p, a)| p + t * a).collect();
        dot(&a0, &surface.gradient(&point))
    };
    assert!(((along(h) - along(0.0)) / h).abs() < 1e-5);
    assert!(((along(0.0) - along(-h)) / h - 0.2).abs() < 1e-5);
}

#[test]
fn lanczos_finds_the_top_of_a_rotated_spectrum() {
    let mut spectrum: Vec<f64> = (0..40).map(|k| f64::from(k % 7) * 0.3 - 0.4).collect();
    spectrum[11] = 2.9;
    let matrix = Matrix::rotated(&spectrum, 3);
    let top = top_eigenvalue(&matrix, 1e-9, 40, &mut rng(1)).unwrap();
    assert!((top.value - 2.9).abs() < 1e-9, "{top:?}");
    assert!(top.residual <= 1e-9 * 2.9 + 1e-12 && top.iterations <= 12, "{top:?}");
    // Eight distinct eigenvalues: the Krylov space closes after eight steps.
    let full = eigenvalues(dense(&matrix)).unwrap();
    assert!((full[39] - top.value).abs() < 1e-10);
    // Of sixty distinct ones it does not: the residual stops it.
    let distinct: Vec<f64> = (0..60).map(|k| if k == 17 { 3.0 } else { 0.01 * f64::from(k) }).collect();
    let top = top_eigenvalue(&Matrix::rotated(&distinct, 2), 1e-6, 60, &mut rng(4)).unwrap();
    assert!(top.reached && (top.value - 3.0).abs() < 1e-9 && top.iterations < 20, "{top:?}");
}

/// Of 500 estimates those whose 95 % interval holds the trace, and the mean number of products.
fn calibration(trace: f64, estimate: impl Fn(&mut ChaCha8Rng) -> Trace) -> (usize, f64) {
    let mut products = 0;
    let inside = (0..500)
        .filter(|&seed| {
            let estimate = estimate(&mut rng(seed));
            products += estimate.products;
            (estimate.value - trace).abs() <= student_quantile(0.05, 63) * estimate.sem
        })
        .count();
    (inside, products as f64 / 500.0)
}

#[test]
fn stochastic_traces_are_calibrated_at_the_error_that_was_asked_for() {
    let spectrum: Vec<f64> = (0..24).map(|k| 1.0 / f64::from(1 + k)).collect();
    let trace: f64 = spectrum.iter().sum();
    let matrix = Matrix::rotated(&spectrum, 8);
    for (sem, probes) in [(0.2, 64.0..66.0), (0.12, 100.0..180.0), (0.05, 600.0..1000.0)] {
        let (inside, mean) = calibration(trace, |rng| hutchinson(&matrix, sem, 10_000, rng));
        // Bin(500, 0.95): mean 475, sd 4.9.
        assert!(inside.abs_diff(475) < 22, "{sem}: {inside} of 500");
        assert!(probes.contains(&mean), "{sem}: {mean} probes");
    }
    for (sem, products) in [(0.2, 72.0..74.0), (0.03, 200.0..600.0)] {
        let (inside, mean) = calibration(trace, |rng| hutch_plus_plus(&matrix, 4, sem, 10_000, rng));
        assert!(inside.abs_diff(475) < 22, "Hutch++ {sem}: {inside} of 500");
        assert!(products.contains(&mean), "Hutch++ {sem}: {mean} products");
    }
}

#[test]
fn hutchinson_heeds_its_standard_error_and_proves_nothing_on_a_diagonal() {
    let spectrum: Vec<f64> = (0..24).map(|k| f64::from(k) * 0.1).collect();
    let rotated = hutchinson(&Matrix::rotated(&spectrum, 2), 0.05, 100_000, &mut rng(4));
    assert!((0.04..0.06).contains(&rotated.sem) && rotated.products > 500, "{rotated:?}");
    let diagonal = Matrix(DMatrix::from_diagonal(&nalgebra::DVector::from_vec(spectrum)));
    assert!(hutchinson(&diagonal, 0.0, 20, &mut rng(4)).sem < 1e-12);
}

#[test]
fn hutch_plus_plus_has_less_variance_and_none_on_low_rank() {
    let mut spectrum = vec![0.01; 30];
    spectrum[..4].copy_from_slice(&[5.0, 4.0, 3.0, 2.0]);
    let trace: f64 = spectrum.iter().sum();
    let matrix = Matrix::rotated(&spectrum, 6);
    for seed in 0..20 {
        let plain = hutchinson(&matrix, 0.0, 60, &mut rng(seed));
        let better = hutch_plus_plus(&matrix, 10, 0.0, 40, &mut rng(seed));
        assert_eq!((plain.products, better.products), (60, 60));
        assert!(better.sem < plain.sem / 20.0, "{better:?} {plain:?}");
        assert!((better.value - trace).abs() < 5.0 * better.sem + 1e-9);
    }
    let exact = hutch_plus_plus(&matrix, 30, 0.0, 40, &mut rng(7));
    assert!((exact.value - trace).abs() < 1e-9 && exact.sem == 0.0);
}

#[test]
fn sharpness_along_training_is_the_same_for_every_engine_and_ends_at_the_closed_form() {
    let (data, compute) = (Dataset::orthonormal(4, 7, 2).unwrap(), Compute::default());
    let start = Start::gaussian(&data, 0.5, 3, 0).unwrap();
    let active = start.correlations.iter().filter(|c| **c > 0.0).count();
    let problem = Problem::new(data.clone(), Activation::Relu, Reduction::Sum, 0.2).unwrap();
    let schedule = Schedule::full_batch(4).unwrap();
    let around = || {
        let model = SingleNeuronConfig::new(7, Activation::Relu);
        let model = model.init_at(start.weights(&data).unwrap(), &compute).unwrap();
        Surface::new(model, &data, &compute).unwrap()
    };
    let record = |engine: &mut dyn Engine, cadence: Cadence, sketch: usize| {
        let mut along = SharpnessAlong::new(around(), cadence, sketch, 0.02);
        let set = theory::predicted_limit(&schedule, &start.correlations, Activation::Relu).unwrap();
        let stop = StopRule::Limit { sets: vec![set], tolerance: 1e-12 };
        train(engine, &Plan { budget: 1000, stop, check_every: 1 }, &mut [&mut along]);
        along.rows
    };
    let starts = std::slice::from_ref(&start);
    let autodiff = || Autodiff::single_neuron(&problem, &schedule, &start, 0, &compute).unwrap();
    // A sketch of all columns is exact, one of two is not, and says so.
    let exact = record(&mut autodiff(), Cadence::Logarithmic { per_decade: 3 }, 7);
    let every = record(&mut autodiff(), Cadence::Every(10), 2);
    assert!(exact.len() > 5 && exact[0].step == 0);
    assert!(every[..every.len() - 1].iter().enumerate().all(|(k, row)| row.step == 10 * k as u64));
    let expected = sharpness::trace(4, 7, active, Activation::Relu);
    let (first, last) = (exact.last().unwrap(), every.last().unwrap());
    assert!((first.largest - 1.0).abs() < 1e-5 && (last.largest - 1.0).abs() < 1e-5, "{first:?} {last:?}");
    assert!(first.sem == 0.0 && (first.trace - expected).abs() < 1e-5, "{first:?} {expected}");
    assert!(0.0 < last.sem && last.sem < 0.04, "{last:?}");
    assert!((last.trace - expected).abs() < 5.0 * last.sem, "{last:?} {expected}");
    // The parameters are those of the neuron, whatever the coordinates in which an engine walks.
    let mut analytic = Analytic::new(&problem, &schedule, starts, 0, &compute).unwrap();
    let mut reduced = Reduced::new(&problem, &schedule, starts, 0).unwrap();
    for engine in [&mut analytic as &mut dyn Engine, &mut reduced] {
        let rows = record(engine, Cadence::Logarithmic { per_decade: 3 }, 7);
        assert_eq!(rows.len(), exact.len());
        for (a, b) in rows.iter().zip(&exact) {
            assert!((a.largest - b.largest).abs() < 1e-6 && (a.trace - b.trace).abs() < 1e-6, "{a:?} {b:?}");
        }
    }
}

#[test]
fn a_lanczos_residual_is_a_distance_to_the_spectrum() {
    // Stopped early, and with a λ_min far larger in size.
    let mut spectrum: Vec<f64> = (0..30).map(|k| 1.0 + 0.05 * f64::from(k)).collect();
    spectrum[3] = -40.0;
    let matrix = Matrix::rotated(&spectrum, 7);
    for steps in 3..=8 {
        let top = top_eigenvalue(&matrix, 0.0, steps, &mut rng(2)).unwrap();
        let nearest = spectrum.iter().map(|value| (value - top.value).abs()).fold(f64::INFINITY, f64::min);
        assert!(nearest <= top.residual && top.residual > 1e-3, "{steps}: {top:?} {nearest}");
        assert_eq!(top.iterations, steps);
    }
    // A loss is known to its difference quotients only, and the residual says so.
    let (surface, _) = surface(5, 8, &[0.6, 0.0, 0.8, 0.0, 0.0], Activation::Linear);
    let top = top_eigenvalue(&surface, 1e-12, 8, &mut rng(3)).unwrap();
    assert!((1e-14..1e-7).contains(&top.residual), "{top:?}");
}

#[test]
fn hessian_products_know_their_error_on_kinks_and_at_any_scale() {
    let error = |surface: &Surface<SingleNeuron>, exact: &dyn Fn(&[f64]) -> Vec<f64>, v: &[f64]| {
        let product = surface.hessian_product(v);
        let off: Vec<f64> = product.value.iter().zip(exact(v)).map(|(a, b)| a - b).collect();
        (dot(&off, &off).sqrt(), product.error)
    };
    // At the datapoint a_1 of ReLU: H = (1/m)(4 a_1 a_1ᵀ + ½ Σ_{i≠1} a_i a_iᵀ + 1 − Π).
    let (m, n) = (5, 8);
    let (pure, data) = surface(m, n, &[0.0, 1.0, 0.0, 0.0, 0.0], Activation::Relu);
    let on_kinks = |v: &[f64]| -> Vec<f64> {
        let c = data.correlations(v).unwrap();
        let weights: Vec<f64> =
            c.iter().enumerate().map(|(i, c)| if i == 1 { 4.0 } else { 0.5 } * c).collect();
        let (span, rest) = (data.combine(&weights).unwrap(), data.residual(v).unwrap());
        span.iter().zip(rest).map(|(a, b)| (a + b) / m as f64).collect()
    };
    for seed in 0..5 {
        let v = Start::gaussian(&data, 1.0, 60 + seed, 0).unwrap().weights.unwrap();
        let (off, claimed) = error(&pure, &on_kinks, &v);
        assert!(off > 1e-8, "a kink off the middle costs the order of the step: {off:e}");
        assert!(off <= 1.1 * claimed && claimed < 1e-4, "true {off:e}, estimated {claimed:e}");
    }
    // Far out, and along vectors of any length; a square basis; a single sample.
    for (m, n, scale, length) in
        [(4, 7, 30.0, 1.0), (4, 7, 0.8, 1e-6), (4, 7, 0.8, 1e6), (6, 6, 1.1, 2.0), (1, 3, 0.7, 1.0)]
    {
        let (mut around, data) = surface(m, n, &vec![0.0; m], Activation::Linear);
        let start = Start::gaussian(&data, scale, 5, 0).unwrap();
        let w = start.weights.clone().unwrap();
        around.move_to(w.clone());
        let p = data.combine(&start.correlations).unwrap();
        let exact = |v: &[f64]| -> Vec<f64> {
            let projected = data.combine(&data.correlations(v).unwrap()).unwrap();
            let (energy, wv, pv) = (dot(&p, &p), dot(&w, v), dot(&p, v));
            let entry = |k: usize| {
                energy * v[k] + 2.0 * w[k] * pv + 2.0 * p[k] * wv + (start.norm_sq - 2.0) * projected[k]
            };
            (0..n).map(|k| entry(k) / m as f64).collect()
        };
        let v = Start::gaussian(&data, length, 77, 0).unwrap().weights.unwrap();
        let size = dot(&exact(&v), &exact(&v)).sqrt();
        let (off, claimed) = error(&around, &exact, &v);
        assert!(off <= claimed && claimed < 1e-6 * size, "m = {m}: {off:e} {claimed:e} of {size:e}");
    }
}

#[test]
fn the_curvature_of_any_model_is_that_of_its_loss() {
    // Fourteen parameters of three shapes; second differences of the loss, mixed ones by polarisation.
    let (data, compute) = (Dataset::orthonormal(3, 3, 4).unwrap(), Compute::default());
    let model = Untied::new(&ENCODER, &BIAS, &DECODER, 3, &compute);
    let surface = Surface::new(model, &data, &compute).unwrap();
    let hessian = dense(&surface);
    assert_eq!(hessian.shape(), (14, 14));
    let direction = |i: usize, sign: f64, j: usize| {
        let mut v = vec![0.0; 14];
        v[i] += 1.0;
        v[j] += sign;
        v
    };
    let mut largest: f64 = 0.0;
    for i in 0..14 {
        for j in 0..=i {
            let (plus, minus) = (direction(i, 1.0, j), direction(i, -1.0, j));
            let mixed = (surface.second_difference(&plus) - surface.second_difference(&minus)) / 4.0;
            assert!((hessian[(i, j)] - mixed).abs() < 1e-6, "({i}, {j}): {} {mixed}", hessian[(i, j)]);
            largest = largest.max(mixed.abs());
        }
    }
    assert!(largest > 0.1, "not a matrix of zeros");
    let v: Vec<f64> = (0..14).map(|k| (1.7 * f64::from(k)).sin()).collect();
    let product = surface.hessian_product(&v);
    let expected = &hessian * nalgebra::DVector::from_row_slice(&v);
    let off = product.value.iter().zip(expected.iter()).map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt();
    assert!(off <= 4.0 * product.error + 1e-9 && product.error < 1e-7, "{off} {}", product.error);
    let top = top_eigenvalue(&surface, 1e-8, 14, &mut rng(2)).unwrap();
    let spectrum = eigenvalues(hessian).unwrap();
    assert!((top.value - spectrum[13]).abs() < 1e-7, "{top:?} {spectrum:?}");
    let trace = hutch_plus_plus(&surface, 4, 0.01, 4000, &mut rng(5));
    assert!((trace.value - spectrum.iter().sum::<f64>()).abs() < 5.0 * trace.sem, "{trace:?}");
}

#[test]
fn instruments_answer_at_the_edges() {
    let matrix = Matrix::rotated(&[0.3, 2.0, -1.0], 3);
    assert_eq!(top_eigenvalue(&matrix, 1e-9, 0, &mut rng(1)), None);
    assert_eq!(top_eigenvalue(&Matrix(DMatrix::zeros(0, 0)), 1e-9, 5, &mut rng(1)), None);
    let zero = top_eigenvalue(&Matrix(DMatrix::zeros(4, 4)), 1e-9, 5, &mut rng(1)).unwrap();
    assert_eq!((zero.value, zero.residual, zero.iterations), (0.0, 0.0, 1));
    // Two dimensions: zᵀHz takes two values, and a lucky run of equal ones must not end the estimate.
    for seed in 0..2000 {
        let estimate = hutchinson(&Matrix::rotated(&[1.0, 3.0], 5), 0.05, 1000, &mut rng(seed));
        assert!(estimate.sem > 0.0 && estimate.products >= 64, "seed {seed}: {estimate:?}");
    }
    let (mut surface, _) = surface(5, 8, &[0.6, 0.0, 0.8, 0.0, 0.0], Activation::Linear);
    assert_eq!(surface.second_difference(&[0.0; 8]), 0.0);
    assert_eq!(surface.hessian_product(&[0.0; 8]).value, [0.0; 8]);
    let point = surface.point().to_vec();
    let unit: Vec<f64> = point.iter().map(|p| 7.0 * p).collect();
    assert!((surface.second_difference(&unit) - 49.0 * 0.8).abs() < 1e-4, "vᵀHv, not per unit length");
    let moved = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| surface.move_to(vec![0.0; 3])));
    let message = moved.unwrap_err().downcast::<String>().unwrap();
    assert!(message.contains("3 entries for a model with 8 parameters"), "{message}");
}
