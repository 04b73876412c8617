//! Curvature instruments against closed forms, on rotated data and for any model.

use chacha20::ChaCha8Rng;
use nalgebra::DMatrix;
use puremix::data::{Dataset, dot};
use puremix::device::Compute;
use puremix::engine::Autodiff;
use puremix::init::Start;
use puremix::measure::sharpness::{
    Operator, SharpnessAlong, Surface, dense, eigenvalues, hutch_plus_plus, hutchinson, spectral_density,
    top_eigenvalue,
};
use puremix::model::{Activation, SingleNeuron, SingleNeuronConfig};
use puremix::problem::{Problem, Reduction};
use puremix::schedule::Schedule;
use puremix::theory::{self, sharpness};
use puremix::train::{Cadence, Plan, StopRule, train};
use rand::SeedableRng;

use crate::common::{BIAS, DECODER, ENCODER, Untied};

/// The loss around `w = Σ α_i a_i` over Haar-random rows.
fn surface(m: usize, n: usize, alpha: &[f64], activation: Activation) -> (Surface<SingleNeuron>, Dataset) {
    let data = Dataset::orthonormal(m, n, 21).unwrap();
    let w = data.combine(alpha).unwrap();
    let compute = Compute::default();
    let model = SingleNeuronConfig::new(n, activation).init_at(&w, &compute).unwrap();
    (Surface::new(model, &data, &compute).unwrap(), data)
}

/// A symmetric matrix in full, rotated so that no basis is special.
struct Matrix(DMatrix<f64>);

impl Matrix {
    /// `Q diag(spectrum) Qᵀ` with Haar-random `Q`.
    fn rotated(spectrum: &[f64], seed: u64) -> Self {
        let d = spectrum.len();
        let rows = Dataset::orthonormal(d, d, seed).unwrap().rows().unwrap().to_vec();
        let q = DMatrix::from_vec(d, d, rows);
        Self(&q * DMatrix::from_diagonal(&nalgebra::DVector::from_row_slice(spectrum)) * q.transpose())
    }
}

impl Operator for Matrix {
    fn dim(&self) -> usize {
        self.0.nrows()
    }

    fn apply(&self, v: &[f64]) -> Vec<f64> {
        (&self.0 * nalgebra::DVector::from_row_slice(v)).as_slice().to_vec()
    }
}

fn rng(seed: u64) -> ChaCha8Rng {
    ChaCha8Rng::seed_from_u64(seed)
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
}

#[test]
fn hutchinsons_standard_error_is_calibrated() {
    let spectrum: Vec<f64> = (0..24).map(|k| 1.0 / f64::from(1 + k)).collect();
    let trace: f64 = spectrum.iter().sum();
    let matrix = Matrix::rotated(&spectrum, 8);
    let inside = (0..500)
        .filter(|&seed| {
            let estimate = hutchinson(&matrix, 0.0, 60, &mut rng(seed));
            (estimate.value - trace).abs() <= 2.001 * estimate.sem // Student, 59 degrees of freedom
        })
        .count();
    // Bin(500, 0.95): mean 475, sd 4.9.
    assert!(inside.abs_diff(475) < 22, "{inside} of 500");
}

#[test]
fn hutchinson_stops_on_its_standard_error_and_proves_nothing_on_a_diagonal() {
    let spectrum: Vec<f64> = (0..24).map(|k| f64::from(k) * 0.1).collect();
    let rotated = hutchinson(&Matrix::rotated(&spectrum, 2), 0.05, 100_000, &mut rng(4));
    assert!(rotated.sem <= 0.05 && rotated.products > 500, "{rotated:?}");
    let diagonal = Matrix(DMatrix::from_diagonal(&nalgebra::DVector::from_vec(spectrum)));
    assert!(hutchinson(&diagonal, 0.0, 20, &mut rng(4)).sem < 1e-12);
}

#[test]
fn hutch_plus_plus_has_less_variance_and_none_on_low_rank() {
    let mut spectrum = vec![0.01; 30];
    spectrum[..4].copy_from_slice(&[5.0, 4.0, 3.0, 2.0]);
    let trace: f64 = spectrum.iter().sum();
    let matrix = Matrix::rotated(&spectrum, 6);
    let plain = hutchinson(&matrix, 0.0, 60, &mut rng(7));
    let better = hutch_plus_plus(&matrix, 10, 0.0, 40, &mut rng(7));
    assert_eq!((plain.products, better.products), (60, 60));
    assert!(better.sem < plain.sem / 20.0, "{better:?} {plain:?}");
    assert!((better.value - trace).abs() < 5.0 * better.sem + 1e-9);
    let exact = hutch_plus_plus(&matrix, 30, 0.0, 40, &mut rng(7));
    assert!((exact.value - trace).abs() < 1e-9 && exact.sem == 0.0);
}

#[test]
fn the_spectral_density_counts_eigenvalues() {
    let spectrum: Vec<f64> = (0..40).map(|k| if k < 10 { 2.0 } else { -1.0 + 0.01 * f64::from(k) }).collect();
    let density = spectral_density(&Matrix::rotated(&spectrum, 5), 30, 40, &mut rng(9)).unwrap();
    let total: f64 = density.masses.iter().map(|(_, mass)| mass).sum();
    assert!((total - 1.0).abs() < 1e-12);
    let share = density.share(1.5, 2.5);
    assert!((share.mean - 0.25).abs() < 4.5 * share.sem && share.sem < 0.03, "{share:?}");
    let mean: f64 = density.masses.iter().map(|(value, mass)| value * mass).sum();
    let expected = spectrum.iter().sum::<f64>() / 40.0;
    assert!((mean - expected).abs() < 0.1, "{mean} {expected}");
}

#[test]
fn sharpness_along_training_ends_at_the_closed_form() {
    let (data, compute) = (Dataset::orthonormal(4, 7, 2).unwrap(), Compute::default());
    let start = Start::gaussian(&data, 0.5, 3, 0).unwrap();
    let active = start.correlations.iter().filter(|c| **c > 0.0).count();
    let problem = Problem::new(data.clone(), Activation::Relu, Reduction::Sum, 0.2).unwrap();
    let schedule = Schedule::full_batch(4).unwrap();
    let mut engine = Autodiff::single_neuron(&problem, &schedule, &start, 0, &compute).unwrap();
    let around = Surface::new(engine.model().clone(), &data, &compute).unwrap();
    let mut along = SharpnessAlong::new(around, Cadence::Logarithmic { per_decade: 3 }, 7, 1e-3);
    let set = theory::predicted_limit(&schedule, &start.correlations, Activation::Relu).unwrap();
    let stop = StopRule::Limit { sets: vec![set], tolerance: 1e-12 };
    train(&mut engine, &Plan { budget: 1000, stop, check_every: 1 }, &mut [&mut along]);
    assert!(along.rows.len() > 5 && along.rows[0].step == 0);
    let last = along.rows.last().unwrap();
    assert!((last.largest - 1.0).abs() < 1e-5, "{last:?}");
    let expected = sharpness::trace(4, 7, active, Activation::Relu);
    assert!((last.trace - expected).abs() < 1e-5, "{last:?} {expected}");
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
        assert!(estimate.sem > 0.0 && estimate.products >= 32, "seed {seed}: {estimate:?}");
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
