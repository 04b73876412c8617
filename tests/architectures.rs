//! Deeper models, and other activations: what they compute, their gradients, their starts, the neuron within them.

use burn::module::Module;
use puremix::data::{Dataset, dot};
use puremix::device::{Compute, to_host};
use puremix::engine::{Autodiff, Engine};
use puremix::init::Start;
use puremix::measure::sharpness::{Surface, dense, hutch_plus_plus};
use puremix::model::{Activation, AnyAutoencoder, Architecture, Autoencoder, Kind, TiedDeepConfig, flat};
use puremix::problem::{Problem, Reduction};
use puremix::schedule::{Schedule, ScheduleKind};
use puremix::train::{Outcome, Plan, StopRule, train};
use rand::{RngExt, SeedableRng};

use crate::common::{correlated, summed, temporary};

/// Every kind of model, with and without biases, at odd widths that narrow and widen.
fn models() -> impl Iterator<Item = &'static str> {
    let others =
        ["shallow:1", "shallow:3", "deep:1", "deep:3-5-2+bias", "untied:1", "untied:3+bias", "untied:5-3"];
    Architecture::EXAMPLES.into_iter().chain(others)
}

fn architecture(text: &str) -> Architecture {
    text.parse().unwrap()
}

fn initial(text: &str, activation: Activation, data: &Dataset, streams: (u64, u64)) -> AnyAutoencoder {
    architecture(text).init(activation, data, 0.5, streams, &Compute::default()).unwrap()
}

/// The model with every parameter, biases too, shifted at random, and these parameters.
fn shaken(text: &str, activation: Activation, data: &Dataset, seed: u64) -> (AnyAutoencoder, Vec<f64>) {
    let model = initial(text, activation, data, (3, 0));
    let mut rng = chacha20::ChaCha8Rng::seed_from_u64(seed);
    let parameters: Vec<f64> =
        flat::parameters(&model).iter().map(|p| p + rng.random_range(-0.4..0.4)).collect();
    (flat::at(model, &parameters, &Compute::default()), parameters)
}

/// `x̂` of one sample in plain loops, parameters in the order of the module.
fn by_hand(architecture: &Architecture, activation: Activation, p: &[f64], x: &[f64]) -> Vec<f64> {
    let (bias, tied) = (architecture.bias, architecture.kind != Kind::Untied);
    let sizes: Vec<usize> = [x.len()].into_iter().chain(architecture.widths.clone()).collect();
    let levels = sizes.len() - 1;
    let mut rest = p;
    let mut take = |count: usize| {
        let (head, tail) = rest.split_at(count);
        rest = tail;
        head.to_vec()
    };
    let optional = |take: &mut dyn FnMut(usize) -> Vec<f64>, wanted: bool, size: usize| {
        if wanted { take(size) } else { vec![0.0; size] }
    };
    let mut encoder = Vec::new();
    for l in 0..levels {
        let weight = take(sizes[l] * sizes[l + 1]);
        encoder.push((weight, optional(&mut take, bias, sizes[l + 1])));
    }
    // Downwards the bias belongs to the lower level, and the output has none.
    let mut decoder = Vec::new();
    for l in 0..levels {
        let weight = if tied { encoder[l].0.clone() } else { take(sizes[l] * sizes[l + 1]) };
        decoder.push((weight, optional(&mut take, bias && l > 0, sizes[l])));
    }
    assert!(rest.is_empty());
    let mut h = x.to_vec();
    for (l, (weight, shift)) in encoder.iter().enumerate() {
        let row = |j: usize| &weight[j * sizes[l]..(j + 1) * sizes[l]];
        h = (0..sizes[l + 1]).map(|j| activation.apply(dot(row(j), &h) + shift[j])).collect();
    }
    for (l, (weight, shift)) in decoder.iter().enumerate().rev() {
        let column = |i: usize| (0..sizes[l + 1]).map(|j| weight[j * sizes[l] + i] * h[j]).sum::<f64>();
        let sums = (0..sizes[l]).map(|i| column(i) + shift[i]);
        h = if l > 0 { sums.map(|sum| activation.apply(sum)).collect() } else { sums.collect() };
    }
    h
}

#[test]
fn every_model_computes_its_formula() {
    let data = correlated(5, 7, 4);
    for text in models() {
        for activation in Activation::ALL {
            let (model, parameters) = shaken(text, activation, &data, 8);
            let rows = data.rows().unwrap();
            let x = Compute::default().tensor(rows, [1, 5, 7]);
            let all = to_host(model.valid().reconstruct(x));
            for (x, reconstructed) in rows.chunks(7).zip(all.chunks(7)) {
                let expected = by_hand(&architecture(text), activation, &parameters, x);
                for (a, b) in reconstructed.iter().zip(&expected) {
                    assert!((a - b).abs() < 1e-14, "{text} {activation:?}: {a} {b}");
                }
            }
        }
    }
}

#[test]
fn every_gradient_is_that_of_the_loss() {
    // Richardson's differences, (4 D(h) − D(2h))/3, err by h⁴ ≈ 1e-19 and by rounding, u/h ≈ 1e-11: good enough to see
    // a factor that was rounded to 32 bits, 4e-8, or an activation's approximate derivative, 1e-4.
    let (data, batch) = (correlated(5, 7, 4), [4, 0, 3, 0]);
    let rows = data.rows().unwrap();
    for text in models() {
        for activation in Activation::ALL {
            let (model, parameters) = shaken(text, activation, &data, 8);
            let schedule = Schedule::full_batch(5).unwrap();
            let engine =
                Autodiff::new(model, &summed(&data, 0.1), &schedule, 0, &Compute::default()).unwrap();
            let gradient = engine.gradient(0, &batch);
            assert_eq!(gradient.len(), parameters.len());
            let loss = |k: usize, h: f64| -> f64 {
                let mut p = parameters.clone();
                p[k] += h;
                let of = |&i: &usize| {
                    let x = &rows[i * 7..(i + 1) * 7];
                    let reconstructed = by_hand(&architecture(text), activation, &p, x);
                    x.iter().zip(reconstructed).map(|(x, y)| 0.5 * (x - y).powi(2)).sum::<f64>()
                };
                batch.iter().map(of).sum()
            };
            let (mut off, mut size) = (0.0, 0.0);
            for (k, g) in gradient.iter().enumerate() {
                let central = |h: f64| (loss(k, h) - loss(k, -h)) / (2.0 * h);
                let difference = (4.0 * central(2e-5) - central(4e-5)) / 3.0;
                off += (g - difference).powi(2);
                size += g * g;
            }
            let error = (off / size).sqrt();
            assert!(error < 1e-9, "{text} {activation:?}: {error:e}");
        }
    }
}

#[test]
fn one_neuron_in_any_frame_is_the_single_neuron() {
    for activation in Activation::PAPER {
        for (kind, batch) in [(ScheduleKind::Sgd, 2), (ScheduleKind::Gd, 6), (ScheduleKind::Cyclic, 1)] {
            let data = Dataset::orthonormal(6, 9, 17).unwrap();
            let start = Start::gaussian(&data, 0.5, 11, 2).unwrap();
            let problem = Problem::new(data.clone(), activation, Reduction::Mean, 0.13).unwrap();
            let schedule = Schedule::new(kind, 6, Some(batch), 4).unwrap();
            let compute = Compute::default();
            let mut neuron = Autodiff::single_neuron(&problem, &schedule, &start, 2, &compute).unwrap();
            let mut others = ["shallow:1", "deep:1"].map(|text| {
                let model = initial(text, activation, &data, (11, 2));
                Autodiff::new(model, &problem, &schedule, 2, &compute).unwrap()
            });
            for _ in 0..40 {
                let w = neuron.weights(0).unwrap();
                for other in &others {
                    for (a, b) in other.weights(0).unwrap().iter().zip(&w) {
                        assert!((a - b).abs() < 1e-12, "{kind:?} {activation:?}: {a} {b}");
                    }
                }
                neuron.advance(17);
                others.iter_mut().for_each(|other| other.advance(17));
            }
            assert_eq!(neuron.steps_taken(), 680);
            assert!((neuron.loss(0) - others[1].loss(0)).abs() < 1e-14);
        }
    }
}

#[test]
fn every_neuron_starts_at_the_initial_norm_and_the_first_at_the_start() {
    let data = correlated(4, 7, 1);
    let norms = |text: &str, width: usize, count: usize| {
        let parameters = flat::parameters(&initial(text, Activation::Gelu, &data, (5, 3)));
        let rows = parameters.chunks(width).take(count).map(|row| dot(row, row).sqrt());
        assert!(rows.into_iter().all(|norm| (norm - 0.5).abs() < 1e-15), "{text}");
        parameters
    };
    let start = Start::gaussian(&data, 0.5, 5, 3).unwrap();
    let shallow = norms("shallow:4", 7, 4);
    assert_eq!(shallow[..7], *start.weights(&data).unwrap());
    // The same as far as they go, in models with fewer neurons or layers; other replicas are others.
    assert_eq!(norms("shallow:2", 7, 2)[..], shallow[..14]);
    let deep = norms("deep:4-3", 7, 4);
    assert_eq!(deep[..28], shallow[..]);
    assert!(deep[28..].chunks(4).all(|row| (dot(row, row).sqrt() - 0.5).abs() < 1e-15));
    assert_eq!(norms("untied:4-3", 7, 4)[..40], deep[..]);
    assert_ne!(flat::parameters(&initial("deep:4-3", Activation::Gelu, &data, (5, 4)))[7..14], deep[7..14]);
    let biased = flat::parameters(&initial("shallow:4+bias", Activation::Gelu, &data, (5, 3)));
    assert_eq!((&biased[..28], &biased[28..]), (&shallow[..], &[0.0; 4][..]));
}

#[test]
fn what_cannot_be_built_is_refused() {
    let (data, compute) = (correlated(4, 7, 1), Compute::default());
    let init = |widths: &[usize], dim| {
        let config = TiedDeepConfig::new(dim, widths.to_vec(), Activation::Tanh);
        config.init(&data, 0.5, 1, 0, &compute).unwrap_err().to_string()
    };
    assert_eq!(init(&[], 7), "the number of layers must be at least 1, got 0");
    assert_eq!(init(&[3, 0], 7), "the width of a layer must be at least 1, got 0");
    assert_eq!(init(&[3], 8), "a sample has 7 entries, expected 8");
}

#[test]
fn a_dead_model_is_one_whose_gradients_are_all_zero() {
    let data = correlated(6, 5, 3);
    let all: Vec<usize> = (0..6).collect();
    let (mut dead, mut alive) = (0, 0);
    for text in models() {
        for seed in 0..30 {
            let (model, mut parameters) = shaken(text, Activation::Relu, &data, seed);
            // Half of them pushed towards silence.
            if seed % 2 == 0 {
                parameters.iter_mut().for_each(|p| *p = -p.abs());
            }
            let model = flat::at(model, &parameters, &Compute::default());
            let schedule = Schedule::full_batch(6).unwrap();
            let engine =
                Autodiff::new(model, &summed(&data, 0.1), &schedule, 0, &Compute::default()).unwrap();
            let frozen = engine.gradient(0, &all).iter().all(|&g| g == 0.0);
            assert_eq!(engine.is_dead(0), frozen, "{text}, seed {seed}");
            *if frozen { &mut dead } else { &mut alive } += 1;
        }
    }
    assert!(dead > 10 && alive > 10, "{dead} dead, {alive} alive");
}

#[test]
fn deep_models_end_like_any_other_run() {
    // Tanh, two layers: the loss falls to where the gradient vanishes, and the tail says so.
    let (data, compute) = (Dataset::orthonormal(3, 5, 6).unwrap(), Compute::default());
    let schedule = Schedule::full_batch(3).unwrap();
    let model = initial("untied:2+bias", Activation::Tanh, &data, (2, 0));
    let mut engine = Autodiff::new(model, &summed(&data, 0.2), &schedule, 0, &compute).unwrap();
    let before = engine.loss(0);
    let plan = Plan { budget: 60_000, stop: StopRule::Tail { window: 20, tolerance: 1e-7 }, check_every: 1 };
    let run = train(&mut engine, &plan, &mut []).0.remove(0);
    assert_eq!(run.outcome, Outcome::Converged, "{} steps", run.steps);
    assert!(run.loss < before - 0.1, "{before} {}", run.loss);
    let gradient = engine.gradient(0, &[0, 1, 2]);
    assert!(dot(&gradient, &gradient).sqrt() < 1e-6, "{gradient:?}");
}

#[test]
fn every_parameter_survives_the_disk_under_its_name() {
    let (data, directory) = (correlated(5, 7, 4), temporary());
    for text in models() {
        let (model, parameters) = shaken(text, Activation::Tanh, &data, 8);
        let path = directory.path().join("model.safetensors");
        model.save(&path).unwrap();
        let bytes = std::fs::read(&path).unwrap();
        let loaded = initial(text, Activation::Tanh, &data, (9, 9)).load(&path).unwrap();
        assert_eq!(flat::parameters(&loaded), parameters, "{text}");
        loaded.save(&path).unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), bytes, "{text}: the same weights, the same bytes");
    }
    // A header in JSON, then the numbers: what every reader of the format sees.
    let (model, parameters) = shaken("deep:3-2+bias", Activation::Tanh, &data, 8);
    let path = directory.path().join("deep.safetensors");
    model.save(&path).unwrap();
    let bytes = std::fs::read(&path).unwrap();
    let (length, rest) = bytes.split_first_chunk::<8>().unwrap();
    let (header, numbers) = rest.split_at(u64::from_le_bytes(*length) as usize);
    let header: serde_json::Value = serde_json::from_slice(header).unwrap();
    let mut at = 0;
    for (name, shape) in [
        ("encoder.0.weight", vec![3, 7]),
        ("encoder.0.bias", vec![3]),
        ("encoder.1.weight", vec![2, 3]),
        ("encoder.1.bias", vec![2]),
        ("decoder_bias.0", vec![3]),
    ] {
        let entry = &header[name];
        assert_eq!((&entry["dtype"], &entry["shape"]), (&"F64".into(), &shape.clone().into()), "{name}");
        let [first, end] = [0, 1].map(|k| entry["data_offsets"][k].as_u64().unwrap() as usize);
        let values: Vec<f64> =
            numbers[first..end].chunks_exact(8).map(|x| f64::from_le_bytes(x.try_into().unwrap())).collect();
        assert_eq!(values, parameters[at..at + shape.iter().product::<usize>()], "{name}");
        at += values.len();
    }
    assert_eq!(
        (at, header.as_object().unwrap().len()),
        (parameters.len(), 6),
        "five tensors and the metadata"
    );
    for (other, needle) in [
        ("deep:3-2", "the model has no"),
        ("deep:3-4+bias", "deep.safetensors"),
        ("deep:3-2-1+bias", "deep.safetensors"),
        ("shallow:3", "deep.safetensors"),
    ] {
        let message = initial(other, Activation::Tanh, &data, (9, 9)).load(&path).unwrap_err().to_string();
        assert!(message.contains(needle), "{other}: {message}");
    }
}

#[test]
fn curvature_of_a_deep_model() {
    // Of a smooth model, 29 parameters: the stochastic trace against the sum of all diagonal entries.
    let data = correlated(7, 5, 9);
    let (model, parameters) = shaken("deep:3-2+bias", Activation::Tanh, &data, 5);
    let surface = Surface::new(model, &data, &Compute::default()).unwrap();
    let matrix = dense(&surface);
    assert_eq!(matrix.nrows(), parameters.len());
    let mut rng = chacha20::ChaCha8Rng::seed_from_u64(31);
    let trace = hutch_plus_plus(&surface, 8, 2e-2, 5_000, &mut rng);
    assert!((1e-2..3e-2).contains(&trace.sem), "{trace:?}");
    assert!((trace.value - matrix.trace()).abs() < 4.0 * trace.sem, "{trace:?}, exactly {}", matrix.trace());
    let exact = hutch_plus_plus(&surface, parameters.len(), 0.0, 0, &mut rng);
    assert!((exact.value - matrix.trace()).abs() < 1e-6, "{exact:?}, exactly {}", matrix.trace());
    // The diagonal against second differences of the loss, which know nothing of gradients.
    let mut unit = vec![0.0; parameters.len()];
    for k in 0..parameters.len() {
        unit[k] = 1.0;
        let difference = surface.second_difference(&unit);
        assert!((difference - matrix[(k, k)]).abs() < 1e-6, "{k}: {difference} {}", matrix[(k, k)]);
        unit[k] = 0.0;
    }
}
