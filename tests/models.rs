//! The `Autoencoder` trait carries models the library has never seen; the neuron survives the disk.

use puremix::data::Dataset;
use puremix::device::{Compute, to_host};
use puremix::engine::{Autodiff, Engine, Snapshot};
use puremix::init::Start;
use puremix::model::{Activation, Autoencoder, SingleNeuron, SingleNeuronConfig};
use puremix::problem::{Problem, Reduction};
use puremix::schedule::Schedule;
use puremix::train::{Outcome, Plan, StopRule, train};

use crate::common::{BIAS, DECODER, ENCODER, Untied, summed};

#[test]
fn any_autoencoder_trains_through_the_same_engine_and_loop() {
    let (compute, data) = (Compute::default(), Dataset::orthonormal(3, 3, 4).unwrap());
    let model = Untied::new(&ENCODER, &BIAS, &DECODER, 3, &compute);
    let schedule = Schedule::full_batch(3).unwrap();
    let mut engine = Autodiff::new(model, &summed(&data, 0.1), &schedule, 0, &compute).unwrap();
    let before = engine.loss(0);
    let plan = Plan { budget: 20_000, stop: StopRule::Tail { window: 20, tolerance: 1e-8 }, check_every: 1 };
    let (runs, _) = train(&mut engine, &plan, &mut []);
    assert_eq!(runs[0].outcome, Outcome::Converged);
    assert_eq!(runs[0].neurons.len(), 2);
    assert!(runs[0].loss < before - 0.1, "{before} {}", runs[0].loss);
    let gradient = engine.gradient(0, &[0, 1, 2]);
    assert!(gradient.iter().all(|g| g.abs() < 1e-6), "converged means stationary: {gradient:?}");
    let moved = to_host(engine.model(0).bias.val().inner());
    assert!((moved[0] - BIAS[0]).abs() > 1e-3, "biases train too: {moved:?}");
}

#[test]
fn silent_first_layers_are_not_dead_when_a_bias_keeps_them_awake() {
    // All correlations are negative, but the bias lifts the hidden unit above the kink.
    let (compute, data) = (Compute::default(), Dataset::standard_basis(3, 3).unwrap());
    let model = Untied::new(&[-0.2, -0.3, -0.1], &[1.0], &[0.2, 0.1, 0.4], 3, &compute);
    let mut engine =
        Autodiff::new(model, &summed(&data, 0.1), &Schedule::full_batch(3).unwrap(), 0, &compute).unwrap();
    assert!(engine.neurons(0)[0].is_silent());
    let plan = Plan { budget: 50, stop: StopRule::Never, check_every: 1 };
    let before = engine.loss(0);
    let run = train(&mut engine, &plan, &mut []).0.remove(0);
    assert_eq!((run.outcome, run.steps), (Outcome::MaxSteps, 50));
    assert!(run.loss < before - 0.01);
}

#[test]
fn a_blow_up_of_any_parameter_is_seen() {
    // Encoder and bias are frozen: only the decoder diverges, by a factor 1 − 0.4 Σh² a step.
    let (compute, data) = (Compute::default(), Dataset::standard_basis(2, 2).unwrap());
    let mut model = Untied::new(&[0.5, 0.5], &[3.0], &[1.0, 1.0], 2, &compute);
    model.encoder = model.encoder.set_require_grad(false);
    model.bias = model.bias.set_require_grad(false);
    let schedule = Schedule::full_batch(2).unwrap();
    let mut engine = Autodiff::new(model, &summed(&data, 0.4), &schedule, 0, &compute).unwrap();
    let plan = Plan { budget: 500, stop: StopRule::Never, check_every: 100 };
    let run = train(&mut engine, &plan, &mut []).0.remove(0);
    assert_eq!(run.outcome, Outcome::Diverged);
    assert!(run.steps < 100, "{}", run.steps);
    assert_eq!(engine.weights(0).unwrap(), [0.5, 0.5], "the first layer never moved");
    // Nor does it after being restored.
    let slow = summed(&data, 0.01);
    let mut restored = Autodiff::new(engine.model(0).clone(), &slow, &schedule, 0, &compute).unwrap();
    let snapshot = Snapshot { replicas: vec![vec![0.5, 0.4, 3.0, 1.0, 0.9]], ..restored.snapshot() };
    restored.restore(&snapshot).unwrap();
    restored.advance(3);
    assert_eq!(restored.snapshot().replicas[0][..3], [0.5, 0.4, 3.0]);
    assert_ne!(restored.snapshot().replicas[0][3..], [1.0, 0.9]);
}

#[test]
fn every_parameter_gets_its_gradient() {
    // Central differences in all 14 parameters of the untied model, on a batch of two.
    let (compute, data) = (Compute::default(), Dataset::orthonormal(3, 3, 4).unwrap());
    let flat: Vec<f64> = [ENCODER.as_slice(), &BIAS, &DECODER].concat();
    let engine = |p: &[f64]| {
        let model = Untied::new(&p[..6], &p[6..8], &p[8..], 3, &compute);
        Autodiff::new(model, &summed(&data, 0.1), &Schedule::full_batch(3).unwrap(), 0, &compute).unwrap()
    };
    let gradient = engine(&flat).gradient(0, &[0, 1, 2]);
    assert_eq!(gradient.len(), flat.len());
    for k in 0..flat.len() {
        let h = 1e-5;
        let at = |h: f64| {
            let mut p = flat.clone();
            p[k] += h;
            3.0 * engine(&p).loss(0)
        };
        let difference = (at(h) - at(-h)) / (2.0 * h);
        assert!((gradient[k] - difference).abs() < 1e-9, "parameter {k}: {} {difference}", gradient[k]);
    }
}

#[test]
fn reconstruction_is_w_phi_of_w_x() {
    let compute = Compute::default();
    let w = [0.3, -0.7, 0.2];
    let x = [[0.5, 0.1, -0.4], [-0.2, 0.9, 0.3]];
    for activation in Activation::ALL {
        let model = SingleNeuronConfig::new(3, activation).init_at(&w, &compute).unwrap();
        let reconstructed = to_host(model.reconstruct(compute.tensor(&x.concat(), [1, 2, 3])));
        for (i, row) in x.iter().enumerate() {
            let c: f64 = row.iter().zip(&w).map(|(x, w)| x * w).sum();
            for k in 0..3 {
                assert!((reconstructed[3 * i + k] - w[k] * activation.apply(c)).abs() < 2e-16);
            }
        }
    }
}

#[test]
fn a_trained_neuron_survives_saving_and_loading() {
    let (compute, directory) = (Compute::default(), tempfile::tempdir().unwrap());
    let data = Dataset::orthonormal(4, 7, 3).unwrap();
    let start = Start::gaussian(&data, 0.5, 1, 0).unwrap();
    let problem = Problem::new(data, Activation::Relu, Reduction::Sum, 0.13).unwrap();
    let schedule = Schedule::sgd(4, 2, 2).unwrap();
    let mut engine = Autodiff::single_neuron(&problem, &schedule, &start, 0, &compute).unwrap();
    engine.advance(57);
    let path = directory.path().join("neuron.safetensors");
    engine.model(0).save(&path).unwrap();
    let blank = || SingleNeuronConfig::new(7, Activation::Relu).init_at(&[0.0; 7], &compute).unwrap();
    let loaded: SingleNeuron = blank().load(&path).unwrap();
    assert_eq!(to_host(loaded.neurons()), engine.weights(0).unwrap(), "to the last bit");

    let other = SingleNeuronConfig::new(5, Activation::Relu).init_at(&[0.0; 5], &compute).unwrap();
    let message = other.load(&path).unwrap_err().to_string();
    assert!(message.contains("neuron.safetensors"), "{message}");
    let message = blank().load(directory.path().join("nothing")).unwrap_err().to_string();
    assert!(message.contains("nothing"), "{message}");
}

#[test]
fn a_weight_vector_of_the_wrong_length_is_refused() {
    let result = SingleNeuronConfig::new(4, Activation::Linear).init_at(&[1.0; 3], &Compute::default());
    assert_eq!(result.unwrap_err().to_string(), "the weight vector has 3 entries, expected 4");
}
