//! `train --model`: what is refused and in which words, what is on disk, and the example of a model of one's own.

use std::fs;
use std::path::Path;

use puremix::runner::run_own;

use crate::common::{
    correlated, floats, json, refuses, stdout, succeeds, summed, temporary, text_path, write_npy,
};
use crate::my_autoencoder;

#[test]
fn models_and_activations_are_refused_where_nothing_is_known_of_them() {
    let directory = temporary();
    let out = text_path(directory.path(), "never");
    let train = |arguments: &str, needle: &str| {
        let arguments: Vec<&str> = arguments.split_whitespace().chain(["--out", &out]).collect();
        refuses("train", &arguments, needle);
    };
    train("--model mlp:3", "model `mlp:3`: there is no `mlp`; expected neuron, shallow:K, deep:K1-K2-…");
    train("--model shallow:3-4", "model `shallow:3-4`: `shallow` takes one width");
    train("--model deep:8-x", "model `deep:8-x`: `x` is not a width");
    train("--model untied:0", "model `untied:0`: a width must be at least 1");
    train("--model neuron+bias", "`neuron` takes neither widths nor a bias");
    train("--activation swish", "[possible values: linear, relu, leaky-relu, gelu, tanh]");
    for engine in ["analytic", "reduced"] {
        let only =
            format!("the {engine} engine steps a single neuron with φ φ' = φ (linear, relu) by formula");
        train(
            &format!("--engine {engine} --model shallow:2 --steps 9"),
            &format!("{only}, not model shallow:2: use --engine autodiff"),
        );
        train(
            &format!("--engine {engine} --activation gelu --steps 9"),
            &format!("{only}, not activation gelu: use --engine autodiff"),
        );
    }
    train(
        "--model deep:3-2",
        "--steps auto, the default: there is no rate law for model deep:3-2; give a number of steps, as --steps 20000",
    );
    train(
        "--activation tanh",
        "--steps auto, the default: there is no rate law for activation tanh; give a number of steps, as --steps 20000",
    );
    for (arguments, what) in [
        ("--label-noise 0.1", "label noise, which keeps a run from coming to rest"),
        ("--gradient-noise 0.1 --update adam", "gradient noise, which keeps a run from coming to rest"),
        ("--update heavy-ball:0.5", "update heavy-ball:0.5"),
        ("--weight-decay 0.1", "weight decay"),
        ("--step-schedule cosine:100", "step schedule cosine:100"),
    ] {
        train(
            arguments,
            &format!("--steps auto, the default: there is no rate law for {what}; give a number"),
        );
    }
    train("--model shallow:100000000 --steps 9", "the weights of a layer would take 100000000 x 30 numbers");
    assert!(!Path::new(&out).exists(), "a refused run leaves nothing");
}

#[test]
fn dead_neurons_are_counted_where_correlations_tell() {
    let directory = temporary();
    let summary = |model: &str| {
        let arguments = "--samples 3 --dim 6 --init-norm 0.3 --batch 1 --steps 50 --seed 4";
        succeeds(directory.path(), &format!("--model {model} {arguments} --out {model}"));
        json(&directory.path().join(model).join("summary.json"))
    };
    assert!(summary("shallow:4")["dead_neurons"].as_u64().is_some_and(|dead| dead <= 4));
    // A bias may wake or silence a neuron whatever its correlations.
    let with_bias = summary("shallow:4+bias");
    assert_eq!((with_bias["neurons"].as_u64(), with_bias.get("dead_neurons")), (Some(4), None));
}

#[test]
fn the_library_refuses_what_its_formulas_do_not_cover() {
    use puremix::prelude::*;
    let data = Dataset::orthonormal(4, 6, 1).unwrap();
    let start = Start::gaussian(&data, 0.5, 1, 0).unwrap();
    let schedule = Schedule::sgd(4, 1, 1).unwrap();
    for activation in Activation::ALL {
        let problem = Problem::new(data.clone(), activation, Reduction::Mean, 0.1).unwrap();
        let starts = [start.clone()];
        let analytic = Analytic::new(&problem, &schedule, &starts, 0, &Compute::default()).err();
        let reduced = Reduced::new(&problem, &schedule, &starts, 0).err();
        let limit = theory::predicted_limit(&schedule, &start.correlations, activation);
        if Activation::PAPER.contains(&activation) {
            assert!(analytic.is_none() && reduced.is_none() && limit.is_some());
            continue;
        }
        assert_eq!(limit, None);
        assert_eq!(theory::gd::limit(&start.correlations, activation), None);
        let messages = [analytic.unwrap().to_string(), reduced.unwrap().to_string()];
        for (message, engine) in messages.into_iter().zip(["analytic", "reduced"]) {
            let expected = format!(
                "the {engine} engine steps a single neuron with φ φ' = φ (linear, relu) by formula, not activation {}: use --engine autodiff",
                activation.name()
            );
            assert_eq!(message, expected);
        }
        // Autodiff trains it, and the loss in closed form is the model's.
        let mut engine =
            Autodiff::single_neuron(&problem, &schedule, &start, 0, &Compute::default()).unwrap();
        engine.advance(40);
        let (neuron, loss) = (engine.neurons(0).remove(0), engine.loss(0));
        assert!((problem.single_neuron_loss(&neuron) - loss).abs() < 1e-14, "{activation:?}");
    }
}

#[test]
#[should_panic(expected = "no closed form for φ = gelu")]
fn a_closed_form_does_not_speak_of_other_activations() {
    puremix::theory::sharpness::trace(4, 6, 2, puremix::model::Activation::Gelu);
}

/// Names and shapes in a safetensors file.
fn tensors(path: &Path) -> Vec<(String, String)> {
    let bytes = fs::read(path).unwrap();
    let (length, rest) = bytes.split_first_chunk::<8>().unwrap();
    let header: serde_json::Value =
        serde_json::from_slice(&rest[..u64::from_le_bytes(*length) as usize]).unwrap();
    let entries = header.as_object().unwrap().iter().filter(|(name, _)| *name != "__metadata__");
    let mut names: Vec<_> = entries.map(|(name, entry)| (name.clone(), entry["shape"].to_string())).collect();
    names.sort();
    names
}

#[test]
fn a_deep_run_is_on_disk_with_all_its_parameters() {
    let directory = temporary();
    let rows = correlated(9, 7, 2);
    write_npy(&directory.path().join("data.npy"), rows.rows().unwrap(), 9, 7);
    let run = |name: &str, arguments: &str| {
        let all = format!("--data data.npy --steps 300 --batch 4 --seed 3 --out {name} {arguments}");
        (directory.path().join(name), stdout(&succeeds(directory.path(), &all)))
    };
    let (out, told) = run("deep", "--model deep:5-2+bias --activation leaky-relu");
    assert!(told.contains("deep:5-2+bias"), "{told}");
    let config = json(&out.join("config.json"));
    assert_eq!(config["model"], "deep:5-2+bias");
    assert_eq!(config["activation"], "leaky-relu");
    let summary = json(&out.join("summary.json"));
    assert_eq!((&summary["outcome"], &summary["predicted_limit"]), (&"max_steps".into(), &"none".into()));
    assert!(summary["loss"].as_f64().unwrap().is_finite());
    let [first, last] = ["w0.npy", "w.npy"].map(|name| floats(&out.join(name)));
    assert_eq!((&first.0[..], &last.0[..]), (&[5, 7][..], &[5, 7][..]));
    for row in first.1.chunks(7) {
        assert!((row.iter().map(|w| w * w).sum::<f64>().sqrt() - 0.5).abs() < 1e-15);
    }
    let expected = [
        ("decoder_bias.0", "[5]"),
        ("encoder.0.bias", "[5]"),
        ("encoder.0.weight", "[5,7]"),
        ("encoder.1.bias", "[2]"),
        ("encoder.1.weight", "[2,5]"),
    ];
    let expected = expected.map(|(name, shape)| (name.to_owned(), shape.to_owned()));
    assert_eq!(tensors(&out.join("model.safetensors")), expected);

    // The file is the model at its end: its loss is the summary's, its first layer w.npy.
    use puremix::prelude::*;
    let architecture: Architecture = "deep:5-2+bias".parse().unwrap();
    let compute = Compute::default();
    let blank = architecture.init(Activation::LeakyRelu, &rows, 0.1, (8, 8), &compute).unwrap();
    let model = blank.load(out.join("model.safetensors")).unwrap();
    let schedule = Schedule::sgd(9, 4, 1).unwrap();
    let engine = Autodiff::new(model, &summed(&rows, 0.1), &schedule, 0, &compute).unwrap();
    assert_eq!(engine.loss(0), summary["loss"].as_f64().unwrap());
    assert_eq!(engine.weights(0).unwrap(), last.1);

    // Replicas make a dimension, one neuron makes none, and one neuron in any frame is the neuron.
    let (out, _) = run("replicas", "--model shallow:2 --replicas 3");
    assert_eq!(floats(&out.join("w.npy")).0, [3, 2, 7]);
    assert_eq!(floats(&out.join("w0.npy")).0, [3, 2, 7]);
    let (deep, neuron) = (run("one", "--model deep:1").0, run("neuron", "").0);
    assert_eq!(floats(&deep.join("w0.npy")), floats(&neuron.join("w0.npy")));
    let [a, b] = [deep, neuron].map(|out| floats(&out.join("w.npy")));
    assert_eq!(a.0, [7]);
    assert!(a.1.iter().zip(&b.1).all(|(a, b)| (a - b).abs() < 1e-12));
}

#[test]
fn the_example_of_ones_own_autoencoder_holds() {
    let (directory, claim) = (temporary(), &my_autoencoder::STUDY);
    let out = directory.path().join("mine");
    let arguments = ["my_autoencoder", "--seed", "3", "--out", out.to_str().unwrap()];
    assert_eq!(run_own(claim, arguments), std::process::ExitCode::SUCCESS);
    let report = json(&out.join("report.json"));
    let [entry] = report["claims"].as_array().unwrap().as_slice() else { panic!("one claim") };
    assert_eq!(
        (entry["id"].as_str(), entry["verdict"].as_str()),
        (Some(claim.id), Some("reproduced")),
        "{entry}"
    );
    let page = std::fs::read_to_string(out.join("report.html")).unwrap();
    assert!(
        page.contains(claim.statement) && page.contains("<code>my_autoencoder --effort standard --seed 3")
    );
}
