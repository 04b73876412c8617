//! Every backend computes the same thing: one body for all, formulas and the reduced engine in double precision on the
//! host as the reference, and tolerances that follow from the unit round-off `u` of the precision.

#![cfg(feature = "flex")]
#![deny(unsafe_code)]

#[expect(dead_code, reason = "most helpers are for the other tests")]
mod common;

use nalgebra::{DMatrix, SymmetricEigen};
use puremix::Error;
use puremix::data::Dataset;
use puremix::device::{Backend, Compute, Precision};
use puremix::engine::{Analytic, Autodiff, Engine, Reduced, Snapshot};
use puremix::init::Start;
use puremix::measure::sharpness::{Surface, dense, eigenvalues};
use puremix::model::{Activation, SingleNeuronConfig};
use puremix::problem::{Problem, Reduction};
use puremix::schedule::{Schedule, ScheduleKind};
use puremix::theory;
use puremix::train::{Outcome, Plan, StopRule, train};
use puremix::update::{Noise, Update};

use common::{
    BIAS, DECODER, ENCODER, KINDS, Untied, binary, correlated, engines_from, orthonormal, stderr, stdout,
    summed,
};

/// Every precision the device has.
fn all(backend: Backend) -> Vec<Compute> {
    let open = |precision| match Compute::new(backend, Some(precision)) {
        Ok(compute) => Some(compute),
        // Only doubles may be missing, and only on a GPU.
        Err(Error::Precision { .. })
            if precision == Precision::F64 && matches!(backend, Backend::Wgpu | Backend::Cuda) =>
        {
            None
        }
        Err(error) => panic!("{error}"),
    };
    [Precision::F64, Precision::F32].into_iter().filter_map(open).collect()
}

fn distance(a: &[f64], b: &[f64]) -> f64 {
    assert_eq!(a.len(), b.len());
    let worst = a.iter().zip(b).map(|(x, y)| (x - y).powi(2)).sum::<f64>().sqrt();
    if worst.is_nan() { f64::INFINITY } else { worst }
}

fn norm(v: &[f64]) -> f64 {
    dot(v, v).sqrt()
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// Rows of a batch that activate the neuron, with their correlations.
fn active<'a>(
    data: &'a Dataset,
    w: &[f64],
    batch: &[usize],
    activation: Activation,
) -> Vec<(f64, &'a [f64])> {
    let (rows, n) = (data.rows().unwrap(), data.dim());
    let rows = batch.iter().map(|&i| &rows[i * n..(i + 1) * n]);
    rows.map(|x| (dot(w, x), x)).filter(|(c, _)| activation.admits(*c)).collect()
}

/// `φ'`.
fn slope(activation: Activation, c: f64) -> f64 {
    match activation {
        Activation::Linear => 1.0,
        Activation::Relu => f64::from(c > 0.0),
        Activation::LeakyRelu => {
            if c < 0.0 {
                0.01
            } else {
                1.0
            }
        }
        Activation::Gelu => {
            let density = (-0.5 * c * c).exp() / (2.0 * std::f64::consts::PI).sqrt();
            0.5 * (1.0 + libm::erf(c * std::f64::consts::FRAC_1_SQRT_2)) + c * density
        }
        Activation::Tanh => 1.0 - c.tanh().powi(2),
    }
}

/// `Σ_{i∈B} ∇ℓ_i = Σ φ_i² w + (φ'_i (N φ_i − c_i) − φ_i) x_i`, by plain loops, for any activation.
fn gradient_by_hand(data: &Dataset, w: &[f64], batch: &[usize], activation: Activation) -> Vec<f64> {
    let (c, rows) = (data.correlations(w).unwrap(), data.rows().unwrap());
    let along = |j: usize| {
        let of = |&i: &usize| {
            let phi = activation.apply(c[i]);
            let of_row = slope(activation, c[i]) * (dot(w, w) * phi - c[i]) - phi;
            phi * phi * w[j] + of_row * rows[i * data.dim() + j]
        };
        batch.iter().map(of).sum()
    };
    (0..w.len()).map(along).collect()
}

/// `∇²L v = (1/m) Σ_i [2c(x·v) w + c² v + 2c(w·v) x + (N − 2)(x·v) x]`, by plain loops.
fn hessian_product_by_hand(data: &Dataset, w: &[f64], v: &[f64], activation: Activation) -> Vec<f64> {
    let all: Vec<usize> = (0..data.samples()).collect();
    let active = active(data, w, &all, activation);
    let (norm_sq, along) = (dot(w, w), dot(w, v));
    let entry = |j: usize| {
        let of = |(c, x): &(f64, &[f64])| {
            let xv = dot(x, v);
            2.0 * c * xv * w[j] + c * c * v[j] + 2.0 * c * along * x[j] + (norm_sq - 2.0) * xv * x[j]
        };
        active.iter().map(of).sum::<f64>() / data.samples() as f64
    };
    (0..w.len()).map(entry).collect()
}

/// Gradients by autodiff: a single sample, a batch with a repetition, all samples; samples of any norm.
fn gradients(backend: Backend) {
    for compute in all(backend) {
        // Sums of at most 2 n products, each within u, for numbers of size 1.
        let tolerance = 64.0 * compute.precision().unit_roundoff();
        // What a GPU's error function and hyperbolic tangent are good for is its driver's affair.
        let on_cpu = matches!(backend, Backend::Flex | Backend::Ndarray);
        let activations = if on_cpu { &Activation::ALL[..] } else { &Activation::PAPER[..] };
        for &activation in activations {
            let data = correlated(7, 11, 3);
            let start = Start::gaussian(&data, 0.8, 5, 1).unwrap();
            let w = start.weights(&data).unwrap().to_vec();
            let problem = Problem::new(data.clone(), activation, Reduction::Sum, 0.1).unwrap();
            let schedule = Schedule::full_batch(7).unwrap();
            let here = Autodiff::single_neuron(&problem, &schedule, &start, 0, &compute).unwrap();
            for batch in [&[4][..], &[0, 5, 5], &[0, 1, 2, 3, 4, 5, 6]] {
                let (got, expected) =
                    (here.gradient(0, batch), gradient_by_hand(&data, &w, batch, activation));
                let off = distance(&got, &expected) / norm(&expected).max(1.0);
                assert!(off < tolerance, "{activation:?} {batch:?} {:?}: {off:e}", compute.precision());
            }
        }
        // Of another model there is no formula here: flex in double, whose gradients `models` differentiates.
        let reference = Compute::new(Backend::Flex, Some(Precision::F64)).unwrap();
        if (backend, compute.precision()) == (Backend::Flex, Precision::F64) {
            continue;
        }
        let untied = |compute: &Compute| Untied::new(&ENCODER, &BIAS, &DECODER, 3, compute);
        let data = correlated(4, 3, 8);
        let schedule = Schedule::sgd(4, 2, 1).unwrap();
        let on = |compute: &Compute| {
            Autodiff::new(untied(compute), &summed(&data, 0.1), &schedule, 0, compute)
                .unwrap()
                .gradient(0, &[3, 0])
        };
        assert!(distance(&on(&compute), &on(&reference)) < tolerance, "untied {:?}", compute.precision());
    }
}

/// 500 steps of both tensor engines under every schedule, against the reduced engine.
fn trajectories(backend: Backend) {
    for compute in all(backend) {
        // A step rounds numbers of size 1 some ten times; what selection magnifies between two rivals is theirs to share, and
        // 500 steps are too few for it to matter.
        let tolerance = 500.0 * 10.0 * compute.precision().unit_roundoff();
        for (k, kind) in KINDS.into_iter().enumerate() {
            let batch = (kind != ScheduleKind::Gd).then_some(1 + k % 3);
            let (problem, start) =
                orthonormal((7, 10), Activation::PAPER[k % 2], Reduction::ALL[(k / 2) % 2], 0.13);
            let schedule = Schedule::new(kind, 7, batch, 9).unwrap();
            let starts = [start.clone(), start.clone(), start.clone()];
            let mut truth = Reduced::new(&problem, &schedule, &starts[..1], 2).unwrap();
            let mut autodiff = Autodiff::single_neuron(&problem, &schedule, &start, 2, &compute).unwrap();
            // Replicas 0, 1 and 2 from one start: the last sees the batches of the others here.
            let mut analytic = Analytic::new(&problem, &schedule, &starts, 0, &compute).unwrap();
            // Single steps, part of a chunk, and several chunks at once.
            for (advance, step) in [(1, 1), (19, 20), (150, 170), (230, 400), (100, 500)] {
                truth.advance(advance);
                autodiff.advance(advance);
                analytic.advance(advance);
                let expected = truth.weights(0).unwrap();
                for (name, got) in
                    [("autodiff", autodiff.weights(0).unwrap()), ("analytic", analytic.weights(2).unwrap())]
                {
                    let off = distance(&got, &expected);
                    let precision = compute.precision();
                    assert!(off < tolerance, "{name} {kind:?} {precision:?} at step {step}: {off:e}");
                }
            }
        }
    }
}

/// Where training ends, on both tensor engines: the mixture, and the very datapoint that the reduced engine ends in.
fn limits(backend: Backend) {
    for compute in all(backend) {
        // Ten roundings a step, magnified by at most 1/μ ≈ 5 where the errors contract like 1 − μ.
        let tolerance = 200.0 * compute.precision().unit_roundoff();
        for (batch, activation) in [(7, Activation::Relu), (1, Activation::Linear), (3, Activation::Relu)] {
            let (problem, start) = orthonormal((7, 9), activation, Reduction::Sum, 0.19);
            let schedule = Schedule::sgd(7, batch, 4).unwrap();
            let set = theory::predicted_limit(&schedule, &start.correlations, activation).unwrap();
            let end = |engine: &mut dyn Engine, tolerance: f64| {
                let stop = StopRule::Limit { sets: vec![set.clone()], tolerance };
                let plan = Plan { budget: 20_000, stop, check_every: 64 };
                let run = train(engine, &plan, &mut []).0.remove(0);
                assert_eq!(run.outcome, Outcome::Converged, "b = {batch} on {:?}", compute.precision());
                engine.weights(0).unwrap()
            };
            let starts = std::slice::from_ref(&start);
            let expected = end(&mut Reduced::new(&problem, &schedule, starts, 0).unwrap(), 1e-13);
            let mut autodiff = Autodiff::single_neuron(&problem, &schedule, &start, 0, &compute).unwrap();
            let mut analytic = Analytic::new(&problem, &schedule, starts, 0, &compute).unwrap();
            for engine in [&mut autodiff as &mut dyn Engine, &mut analytic] {
                let off = distance(&end(engine, tolerance), &expected);
                assert!(off < 2.0 * tolerance + 2e-13, "b = {batch}, {:?}: {off:e}", compute.precision());
            }
        }
    }
}

/// The loss over all samples, and the step at which a run blows up.
fn losses_and_divergence(backend: Backend) {
    for compute in all(backend) {
        let tolerance = 64.0 * compute.precision().unit_roundoff();
        let (problem, start) = orthonormal((6, 8), Activation::Linear, Reduction::Sum, 0.17);
        let schedule = Schedule::cyclic(6, 2).unwrap();
        let mut truth = Reduced::new(&problem, &schedule, std::slice::from_ref(&start), 0).unwrap();
        let mut here = Autodiff::single_neuron(&problem, &schedule, &start, 0, &compute).unwrap();
        for _ in 0..4 {
            assert!((here.loss(0) - truth.loss(0)).abs() < tolerance, "{:?}", compute.precision());
            here.advance(3);
            truth.advance(3);
        }
        // η_B = 0.9, beyond the threshold: the norm explodes within a chunk, and the step is the same everywhere.
        let problem =
            Problem::new(problem.dataset().clone(), Activation::Linear, Reduction::Sum, 0.9).unwrap();
        let start = Start::gaussian(problem.dataset(), 1.9, 4, 2).unwrap();
        let schedule = Schedule::full_batch(6).unwrap();
        let starts = std::slice::from_ref(&start);
        let mut engines = engines_from(&problem, &schedule, starts, 0, &compute);
        engines.iter_mut().for_each(|engine| engine.advance(300));
        let at = engines.map(|engine| engine.diverged_at(0));
        assert!(at[0].is_some_and(|step| 1 < step && step < 64), "{at:?}");
        assert_eq!(at, [at[0]; 3]);
        // Replicas that blow up one by one under batches of their own, some beyond the first chunk.
        for batch in [1, 2] {
            let schedule = Schedule::sgd(6, batch, 3).unwrap();
            let problem =
                Problem::new(problem.dataset().clone(), Activation::Linear, Reduction::Sum, 0.53).unwrap();
            let starts: Vec<Start> =
                (0..6).map(|r| Start::gaussian(problem.dataset(), 0.4, 8, r).unwrap()).collect();
            let mut analytic = Analytic::new(&problem, &schedule, &starts, 0, &compute).unwrap();
            analytic.advance(400);
            for (r, start) in (0..).zip(&starts) {
                let mut truth = Autodiff::single_neuron(&problem, &schedule, start, r, &compute).unwrap();
                truth.advance(400);
                assert_eq!(
                    analytic.diverged_at(r as usize),
                    truth.diverged_at(0),
                    "replica {r}, b = {batch}"
                );
            }
        }
    }
}

/// Hessian–vector products and the spectrum they make, against the closed form.
fn curvature(backend: Backend) {
    for compute in all(backend) {
        // Truncation h² and rounding u/h at h = u^(1/3), both of the order u^(2/3).
        let tolerance = 16.0 * compute.precision().unit_roundoff().powf(2.0 / 3.0);
        for activation in Activation::PAPER {
            let data = correlated(5, 7, 2);
            let w = Start::gaussian(&data, 0.9, 3, 0).unwrap().weights(&data).unwrap().to_vec();
            let model = SingleNeuronConfig::new(7, activation).init_at(&w, &compute).unwrap();
            let here = Surface::new(model, &data, &compute).unwrap();
            // No correlation is so small that a difference would straddle its kink.
            assert!(data.correlations(&w).unwrap().iter().all(|c| c.abs() > 0.02));
            for k in 0..3 {
                let v: Vec<f64> = (0..7).map(|i| ((i * i + k) as f64).sin()).collect();
                let product = here.hessian_product(&v);
                let off = distance(&product.value, &hessian_product_by_hand(&data, &w, &v, activation));
                assert!(off < tolerance * norm(&v), "{:?}: {off:e}", compute.precision());
                assert!(off < 10.0 * product.error, "{off:e} beyond {:e}", product.error);
            }
            let unit = |k: usize| (0..7).map(|i| f64::from(u8::from(i == k))).collect::<Vec<f64>>();
            let columns: Vec<f64> =
                (0..7).flat_map(|k| hessian_product_by_hand(&data, &w, &unit(k), activation)).collect();
            let exact = SymmetricEigen::new(DMatrix::from_vec(7, 7, columns)).eigenvalues.max();
            let top = eigenvalues(dense(&here)).unwrap().pop().unwrap();
            assert!((top - exact).abs() < tolerance, "{:?}: {top} {exact}", compute.precision());
        }
    }
}

/// A snapshot taken off the chunks of a device, on another engine: the same state to the bit, 129 steps later.
fn resumption(backend: Backend) {
    for compute in all(backend) {
        for (k, kind) in KINDS.into_iter().enumerate() {
            let batch = (kind != ScheduleKind::Gd).then_some(1 + k % 3);
            let (problem, start) = orthonormal((7, 10), Activation::ALL[k % 2], Reduction::Mean, 0.16);
            let schedule = Schedule::new(kind, 7, batch, 5).unwrap();
            let starts = [start.clone(), start.clone()];
            let fresh = || -> [Box<dyn Engine>; 2] {
                [
                    Box::new(Autodiff::single_neuron(&problem, &schedule, &start, 0, &compute).unwrap()),
                    Box::new(Analytic::new(&problem, &schedule, &starts, 0, &compute).unwrap()),
                ]
            };
            let bits = |snapshot: &Snapshot| -> Vec<Vec<u64>> {
                snapshot.replicas.iter().map(|w| w.iter().map(|x| x.to_bits()).collect()).collect()
            };
            for (mut whole, mut resumed) in fresh().into_iter().zip(fresh()) {
                whole.advance(71);
                let kept = whole.snapshot();
                whole.advance(129);
                resumed.advance(10);
                resumed.restore(&kept).unwrap();
                resumed.advance(129);
                let at = format!("{kind:?} {:?}", compute.precision());
                assert_ne!(bits(&kept), bits(&whole.snapshot()), "{at}");
                assert_eq!(bits(&whole.snapshot()), bits(&resumed.snapshot()), "{at}");
            }
        }
    }
}

/// What `--list-backends` says of one backend.
fn listed(name: &str) -> serde_json::Value {
    let output = binary("train").args(["--list-backends", "--json"]).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let all: Vec<serde_json::Value> = serde_json::from_str(&stdout(&output)).unwrap();
    let names: Vec<&str> = all.iter().map(|listing| listing["backend"].as_str().unwrap()).collect();
    assert_eq!(names, ["flex", "ndarray", "wgpu", "cuda"]);
    all.into_iter().find(|listing| listing["backend"] == name).unwrap()
}

/// Every update rule with weight decay, a step schedule and both kinds of noise, a stack of three replicas and the hand-derived step, against flex in
/// double.
fn updates(backend: Backend) {
    let reference = Compute::new(Backend::Flex, Some(Precision::F64)).unwrap();
    let (problem, _) = orthonormal((5, 8), Activation::Linear, Reduction::Mean, 0.01);
    let data = problem.dataset().clone();
    let starts: Vec<Start> = (0..3).map(|k| Start::gaussian(&data, 0.6, 4, k).unwrap()).collect();
    let schedule = Schedule::sgd(5, 2, 3).unwrap();
    for rule in
        ["sgd", "heavy-ball:0.8", "nesterov:0.7", "rmsprop:0.9,1e-3", "adam:0.9,0.99,1e-3", "adamw", "sign"]
    {
        let update = Update {
            rule: rule.parse().unwrap(),
            weight_decay: 0.02,
            step_schedule: "warmup:9+inverse-sqrt:50".parse().unwrap(),
        };
        let noise = Noise { label: 0.05, gradient: 0.02 };
        let problem = problem.clone().with_update(update).unwrap().with_noise(noise).unwrap();
        let engines = |compute: &Compute| -> [Box<dyn Engine>; 2] {
            [
                Box::new(Autodiff::single_neurons(&problem, &schedule, &starts, 0, compute).unwrap()),
                Box::new(Analytic::new(&problem, &schedule, &starts, 0, compute).unwrap()),
            ]
        };
        for compute in all(backend) {
            // 40 steps of numbers of size 1; a division by a small root makes ten times as much of a rounding.
            let tolerance = 2000.0 * compute.precision().unit_roundoff();
            for (mut here, mut there) in engines(&compute).into_iter().zip(engines(&reference)) {
                here.advance(40);
                there.advance(40);
                for replica in 0..3 {
                    let off = distance(&here.weights(replica).unwrap(), &there.weights(replica).unwrap());
                    assert!(off < tolerance, "{rule} {:?}: {off:e}", compute.precision());
                }
            }
        }
    }
}

#[test]
fn the_list_shows_what_is_there_and_how_to_get_the_rest() {
    let flex = listed("flex");
    assert_eq!(flex["device"], "host CPU");
    assert_eq!(flex["precisions"], serde_json::json!(["f64", "f32"]));
    for backend in Backend::ALL.into_iter().filter(|backend| !backend.is_compiled()) {
        let listing = listed(backend.name());
        assert_eq!(listing["compiled"], false);
        let problem = listing["problem"].as_str().unwrap();
        assert!(problem.contains(&format!("rebuild with `--features {}`", backend.name())), "{problem}");
    }
    let plain = stdout(&binary("reproduce").arg("--list-backends").output().unwrap());
    assert!(plain.starts_with("flex     f64, f32  host CPU\n"), "{plain}");
    assert_eq!(plain.lines().count(), 4);
}

#[test]
#[cfg(feature = "wgpu")]
fn the_driver_names_its_device_and_a_missing_adapter_is_one_clear_error() {
    let wgpu = listed("wgpu");
    assert_eq!(wgpu["precisions"][0], "f32");
    assert!(wgpu["device"].as_str().unwrap().len() > 10, "{wgpu}");
    // An adapter that is not there. (Without any Vulkan driver an OpenGL one may stand in.)
    for program in ["reproduce", "train", "gd_limit"] {
        let mut command = binary(program);
        command.env("CUBECL_WGPU_DEFAULT_DEVICE", "DiscreteGpu(97)").args(["--backend", "wgpu"]);
        let output = command.output().unwrap();
        let error = stderr(&output);
        assert_eq!(output.status.code(), Some(2), "{program}: {error}");
        assert!(output.stdout.is_empty() && !error.contains("panicked"), "{error}");
        let said: Vec<&str> = error.lines().filter(|line| line.contains("backend `wgpu`")).collect();
        assert_eq!(said.len(), 1, "{error}");
        assert!(
            said[0].contains("finds no device here") && said[0].contains("mesa-vulkan-drivers"),
            "{error}"
        );
    }
}

macro_rules! conformance {
    ($($feature:literal $module:ident $backend:ident $(#[$attribute:meta])?;)*) => {$(
        #[cfg(feature = $feature)]
        mod $module {
            use puremix::device::Backend::$backend;

            conformance!(@ $backend $(#[$attribute])? gradients trajectories limits losses_and_divergence curvature resumption updates);
        }
    )*};
    (@ $backend:ident $(#[$attribute:meta])? ) => {};
    (@ $backend:ident #[$attribute:meta] $($test:ident)*) => {$(
        #[test]
        #[$attribute]
        fn $test() {
            super::$test($backend);
        }
    )*};
    (@ $backend:ident $($test:ident)*) => {$(
        #[test]
        fn $test() {
            super::$test($backend);
        }
    )*};
}

conformance! {
    "flex" flex Flex;
    "ndarray" ndarray Ndarray;
    "wgpu" wgpu Wgpu;
    "cuda" cuda Cuda #[ignore = "needs an NVIDIA GPU"];
}
