//! Options as people write them: aliases, numbers, a configuration from a file, a start from another run.

use std::fs;
use std::path::Path;

use puremix::measure::sharpness::Surface;
use puremix::prelude::*;
use puremix::theory::sharpness;

use crate::common::{floats, json, refuses, stderr, succeeds, temporary, text_path, trained, write_npy};

/// `config.json` of a run that takes no steps.
fn config_of(arguments: &str) -> serde_json::Value {
    let directory = temporary();
    succeeds(directory.path(), &format!("{arguments} --out run"));
    json(&directory.path().join("run/config.json"))
}

#[test]
fn numbers_and_names_are_taken_as_people_write_them() {
    for (arguments, key, value) in [
        ("--steps 2e2", "steps", 200.0),
        ("--steps 1_00", "steps", 100.0),
        ("--steps 0", "steps", 0.0),
        ("--samples 1e1 --steps 0", "samples", 10.0),
        ("--lr 0.03 --steps 0", "step_size", 0.03),
        ("--samples 7 --batch-size 3 --steps 0", "batch", 3.0),
        // Five passes over seven samples, three at a time.
        ("--samples 7 --batch 3 --epochs 5", "steps", 15.0),
        ("--samples 7 --schedule gd --epochs 5", "steps", 5.0),
        ("--every 1e1 --steps 20", "every", 10.0),
    ] {
        assert_eq!(config_of(arguments)[key].as_f64(), Some(value), "{arguments}");
    }
    for (arguments, every, sharpness) in [
        ("--steps 2", "\"log\"", "null"),
        ("--every log --steps 2 --sharpness", "\"log\"", "\"log\""),
        ("--every 7 --steps 2 --sharpness=log", "7", "\"log\""),
        ("--every 7 --steps 2 --sharpness", "7", "7"),
        ("--steps 2 --sharpness 2", "\"log\"", "2"),
    ] {
        let config = config_of(arguments);
        let said = (config["every"].to_string(), config["sharpness"].to_string());
        assert_eq!(said, (every.to_owned(), sharpness.to_owned()), "{arguments}");
    }
    for (arguments, needle) in [
        (["--seed", "-1"], "a seed is a whole number from 0 to 18446744073709551615"),
        (["--seed", "1.5"], "a seed is a whole number from 0 to 18446744073709551615"),
        (["--every", "0"], "it must be at least 1"),
        (["--every", "log10"], "expected a number of steps, as 500, 10_000 or 1e4, or `log`"),
        (["--replicas", "0"], "the number of replicas must be at least 1"),
        (["--steps", "1.5"], "expected a number of steps"),
        (["--steps", "-3"], "unexpected argument"),
        (["--steps", "1e300"], "expected a number of steps"),
        (["--epochs", "18446744073709551615"], "more steps than can be counted"),
    ] {
        refuses("train", &arguments, needle);
    }
    refuses("reproduce", &["--seed", "-1"], "a seed is a whole number from 0 to 18446744073709551615");
}

/// The column `step` of a table.
fn steps_of(path: &Path) -> Vec<u64> {
    let text = fs::read_to_string(path).unwrap();
    text.lines().skip(1).map(|line| line.split(',').next().unwrap().parse().unwrap()).collect()
}

#[test]
fn rows_come_a_hundred_times_a_decade_unless_they_are_told_otherwise() {
    // Every step at first, then each by a factor 10^{1/100} beyond the one before; and the end.
    let mut expected = vec![0u64];
    while let Some(&last) = expected.last().filter(|&&last| last < 3000) {
        let next = (last as f64 * 10f64.powf(0.01)).round() as u64;
        expected.push(next.max(last + 1).min(3000));
    }
    assert!(expected[..66].iter().copied().eq(0..66) && expected[66..69] == [67, 69, 71], "{expected:?}");
    let directory = &temporary();
    let job = "--samples 5 --dim 7 --tolerance 0 --steps 3000";
    for (arguments, out) in
        [("", "a"), ("--every log --sharpness", "b"), ("--sharpness log --every 1000", "c")]
    {
        succeeds(directory, &format!("{job} {arguments} --out {out}"));
    }
    for table in
        ["a/trajectory.csv", "a/neurons.csv", "b/trajectory.csv", "b/sharpness.csv", "c/sharpness.csv"]
    {
        assert_eq!(steps_of(&directory.join(table)), expected, "{table}");
    }
    assert_eq!(steps_of(&directory.join("c/trajectory.csv")), [0, 1000, 2000, 3000]);
    // The configuration that was written makes the same rows.
    succeeds(directory, "--config c/config.json --out d");
    for table in ["trajectory.csv", "sharpness.csv"] {
        let [c, d] = ["c", "d"].map(|run| fs::read(directory.join(run).join(table)).unwrap());
        assert_eq!(c, d, "{table}");
    }
}

const ODD: &str = "--samples 7 --dim 11 --batch 3 --schedule reshuffle --step-size 0.07 --reduction sum --activation linear \
                   --engine analytic --replicas 2 --init-norm 0.3 --steps 300 --tolerance 1e-7 --seed 9 --every 20 --record-batches";

#[test]
fn a_configuration_that_was_written_makes_the_same_run() {
    let directory = &temporary();
    succeeds(directory, &format!("{ODD} --out a"));
    succeeds(directory, "--config a/config.json --out b");
    for name in ["w0.npy", "w.npy", "trajectory.csv", "replicas.csv", "batches.npy"] {
        assert_eq!(
            fs::read(directory.join("a").join(name)).unwrap(),
            fs::read(directory.join("b").join(name)).unwrap()
        );
    }
    let [mut a, mut b] = ["a", "b"].map(|run| json(&directory.join(run).join("config.json")));
    (a["out"], b["out"]) = (0.into(), 0.into());
    assert_eq!(a, b);
    // What the command line says overrides it, wherever it stands.
    for arguments in ["--config a/config.json --seed 4 --out c", "--seed 4 --config a/config.json --out d"] {
        succeeds(directory, arguments);
    }
    assert_eq!(fs::read(directory.join("c/w.npy")).unwrap(), fs::read(directory.join("d/w.npy")).unwrap());
    assert_eq!(json(&directory.join("c/config.json"))["seed"], 4);
    // Data of one's own comes without the sizes that a generator had.
    succeeds(directory, "--config a/config.json --data digits --normalise unit --step-size 1e-3 --out e");
    assert_eq!(json(&directory.join("e/config.json"))["samples"], 1797);
}

#[test]
fn toml_has_the_same_keys() {
    let directory = &temporary();
    let toml = "samples = 7\ndim = 11\nbatch = 3\nschedule = \"sgd\"\nstep_size = 0.07\nsteps = 300\nrecord_batches = true\nseed = 9\n";
    fs::write(directory.join("job.toml"), toml).unwrap();
    succeeds(directory, "--config job.toml --out a");
    let flags = "--samples 7 --dim 11 --batch 3 --schedule sgd --step-size 0.07 --steps 300 --record-batches --seed 9";
    succeeds(directory, &format!("{flags} --out b"));
    assert_eq!(fs::read(directory.join("a/w.npy")).unwrap(), fs::read(directory.join("b/w.npy")).unwrap());
    for (text, needle) in [
        ("momentun = 0.9\n", "`momentun` is no option of a run"),
        ("steps = [1, 2]\n", "`steps` must be a word or a number"),
        ("samples = 2\nsteps 3\n", "job.toml:2:7: "),
        ("weights = [1, \"x\"]\n", "`weights` must be a list of numbers, as [3, 2, 1] or \"3,2,1\""),
        ("seed = 18446744073709551616\n", "a seed is a whole number from 0 to 18446744073709551615"),
        ("seed = 1979-05-27\n", "`seed` must be a word or a number"),
        ("step_size = nan\n", "the step size must be positive and finite, got NaN"),
        ("tolerance = inf\n", "the tolerance must be non-negative and finite, got inf"),
    ] {
        fs::write(directory.join("job.toml"), text).unwrap();
        refuses("train", &["--config", &text_path(directory, "job.toml")], needle);
    }
    // Lists, and every seed that the command line takes, in either language.
    let largest = u64::MAX;
    let toml = format!("samples = 2\nsteps = 1_0\nseed = {largest}\nweights = [1, 2.5]\nnorms = \"2,1\"\n");
    let json_text = format!(
        "{{\"samples\": 2, \"steps\": 10, \"seed\": {largest}, \"weights\": [1, 2.5], \"norms\": \"2,1\"}}"
    );
    for (name, text) in [("list.toml", toml), ("list.json", json_text)] {
        fs::write(directory.join(name), text).unwrap();
        succeeds(directory, &format!("--config {name} --out {name}-run"));
        let config = json(&directory.join(format!("{name}-run/config.json")));
        assert_eq!((config["weights"].as_str(), config["norms"].as_str()), (Some("1,2.5"), Some("2,1")));
        assert_eq!((config["seed"].as_u64(), config["steps"].as_u64()), (Some(largest), Some(10)));
    }
    refuses("train", &["--config", &text_path(directory, "nothing.json")], "No such file");
    // A value that its option refuses is refused as on the command line.
    fs::write(directory.join("job.json"), "{\"schedule\": \"sdg\"}").unwrap();
    refuses("train", &["--config", &text_path(directory, "job.json")], "invalid value 'sdg' for '--schedule");
}

#[test]
fn sgd_starts_where_gd_ended() {
    let directory = &temporary();
    let problem = "--samples 7 --dim 11 --activation linear --step-size 0.2 --seed 3";
    succeeds(directory, &format!("{problem} --schedule gd --out gd"));
    for (engine, run) in [("autodiff", "a"), ("analytic", "b"), ("reduced", "c")] {
        let arguments = format!(
            "{problem} --schedule sgd --batch 2 --from gd --engine {engine} --replicas 3 --out {run}"
        );
        succeeds(directory, &arguments);
        let (shape, starts) = floats(&directory.join(run).join("w0.npy"));
        let (_, end) = floats(&directory.join("gd/w.npy"));
        assert_eq!(shape, [3, 11]);
        assert_eq!(starts, [&end[..], &end, &end].concat(), "every replica begins there, to the bit");
        // Leaves the mixture for a datapoint.
        let summary = json(&directory.join(run).join("summary.json"));
        assert_eq!(summary["outcome"], "converged", "{engine}");
        assert!((summary["max_cos"].as_f64().unwrap() - 1.0).abs() < 1e-9, "{summary}");
        let config = json(&directory.join(run).join("config.json"));
        assert_eq!((config["from"].as_str(), config["init_norm"].is_null()), (Some("gd"), true));
        assert_eq!(config["from_checksum"].as_str().unwrap().len(), 16);
    }
    // From the file of its weights alone; from several, a replica each.
    let again = format!("{problem} --schedule sgd --batch 2 --from gd/w.npy --replicas 3 --out d");
    succeeds(directory, &again);
    assert_eq!(fs::read(directory.join("a/w.npy")).unwrap(), fs::read(directory.join("d/w.npy")).unwrap());
    let on = format!("{problem} --schedule gd --from a --replicas 3 --steps 0 --out e");
    succeeds(directory, &on);
    assert_eq!(fs::read(directory.join("a/w.npy")).unwrap(), fs::read(directory.join("e/w0.npy")).unwrap());
}

#[test]
fn the_papers_own_experiment_takes_a_configuration_and_a_start() {
    let directory = &temporary();
    let gd = "--samples 6 --dim 8 --activation linear --step-size 0.2 --schedule gd --init-norm 0.4 --out gd";
    succeeds(directory, gd);
    let sgd = "--config gd/config.json --from gd --schedule sgd --batch 1 --steps 1e5 --out sgd";
    succeeds(directory, sgd);
    assert!((json(&directory.join("sgd/summary.json"))["max_cos"].as_f64().unwrap() - 1.0).abs() < 1e-9);
    // Back to a random start; the same run from its own configuration, complete.
    succeeds(directory, "--config sgd/config.json --init-norm 0.3 --out random");
    let output = trained(directory, "--config gd/config.json --resume --out gd");
    assert_eq!(crate::common::stdout(&output), "gd is complete: there is nothing to resume\n");
    // What would direct a terminal does not reach it.
    fs::write(directory.join("bad.json"), "{\"schedule\": \"a\\u001b[2J\"}").unwrap();
    refuses(
        "train",
        &["--config", &text_path(directory, "bad.json")],
        "`schedule` has characters that a terminal would obey",
    );
}

#[test]
fn weights_are_taken_in_the_precision_of_the_job() {
    let directory = &temporary();
    for model in ["neuron", "shallow:2"] {
        let problem = format!("--samples 3 --dim 4 --steps 5 --model {model} --tolerance 0");
        for (from, to) in [("f32", "f64"), ("f64", "f32")] {
            let first = format!("{problem} --precision {from} --out {model}-{from}-a");
            succeeds(directory, &first);
            let second = format!("{problem} --precision {to} --from {model}-{from}-a --out {model}-{to}-b");
            succeeds(directory, &second);
            let (_, end) = floats(&directory.join(format!("{model}-{from}-a/w.npy")));
            let (_, start) = floats(&directory.join(format!("{model}-{to}-b/w0.npy")));
            assert!(end.iter().zip(&start).all(|(a, b)| (a - b).abs() < 1e-7), "{model}: {end:?} {start:?}");
        }
    }
    write_npy(&directory.join("nan.npy"), &[0.1, f64::NAN, 0.2, 0.3], 1, 4);
    refuses(
        "train",
        &["--samples", "3", "--dim", "4", "--from", &text_path(directory, "nan.npy")],
        "a weight is not a finite number",
    );
}

#[test]
fn a_model_with_more_parameters_starts_from_its_record() {
    let directory = &temporary();
    let model = "--samples 5 --dim 8 --model deep:3-2+bias --activation tanh --tolerance 0";
    succeeds(directory, &format!("{model} --steps 300 --schedule gd --out whole"));
    succeeds(directory, &format!("{model} --steps 100 --schedule gd --out half"));
    let on = format!("{model} --steps 200 --schedule gd --from half --out rest");
    succeeds(directory, &on);
    // GD has no memory: 100 steps and 200 from there are 300.
    let [whole, rest] =
        ["whole", "rest"].map(|run| fs::read(directory.join(run).join("model.safetensors")).unwrap());
    assert_eq!(whole, rest);
}

#[test]
fn weights_that_do_not_fit_are_refused() {
    let directory = temporary();
    let place = directory.path();
    write_npy(&place.join("w.npy"), &[0.1; 12], 2, 6);
    let file = text_path(place, "w.npy");
    let train = |arguments: &[&str], needle: &str| {
        refuses("train", &[arguments, &["--from", &file]].concat(), needle)
    };
    train(&["--samples", "3", "--dim", "5"], "the weights of --from has 6 entries, expected 5");
    train(&["--samples", "3", "--dim", "6"], "the weights of --from has 2 entries, expected 1");
    train(
        &["--samples", "3", "--dim", "6", "--replicas", "3"],
        "the weights of --from has 2 entries, expected 3",
    );
    train(&["--samples", "3", "--dim", "6", "--model", "shallow:2"], "starts from a .safetensors file");
    // A run of another model or dimension, in a sentence.
    for (run, model) in [("deep", "--model deep:3-2"), ("shallow", "--model shallow:2"), ("neuron", "")] {
        succeeds(place, &format!("--samples 3 --dim 6 --steps 2 {model} --no-page --out {run}"));
    }
    for (run, arguments, needle) in [
        ("shallow", "--dim 6", "its weight is 2 x 6, where the model has 1 x 6"),
        ("shallow", "--dim 6 --model shallow:3", "its weight is 2 x 6, where the model has 3 x 6"),
        ("shallow", "--dim 6 --model shallow:2+bias", "it has no bias"),
        (
            "shallow",
            "--dim 6 --model deep:3-2",
            "it has no encoder.0.weight, encoder.1.weight; the model has no weight",
        ),
        ("deep", "--dim 6", "it has no weight; the model has no encoder.0.weight, encoder.1.weight"),
        ("neuron", "--dim 5", "its weight is 1 x 6, where the model has 1 x 5"),
    ] {
        let output = trained(place, &format!("--samples 3 --steps 2 {arguments} --from {run} --out never"));
        let said = stderr(&output);
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert_eq!(said, format!("error: model record {run}/model.safetensors: {needle}\n"));
    }
    succeeds(place, "--samples 3 --dim 6 --steps 2 --replicas 2 --no-page --out two");
    let output = trained(place, "--samples 3 --dim 6 --steps 2 --model shallow:2 --from two --out never");
    let said = stderr(&output);
    assert!(
        said.contains("--from two: model shallow:2 starts from a model.safetensors, and none is there"),
        "{said}"
    );
    train(&["--samples", "3", "--init-norm", "0.4"], "cannot be used with");
    train(&["--samples", "2000", "--engine", "reduced", "--steps", "5"], "left implicit");
    succeeds(place, "--samples 3 --dim 6 --replicas 2 --from w.npy --steps 1");
    refuses("train", &["--from", &text_path(place, "nothing")], "No such file");
}

/// Last row of `sharpness.csv`: step, λ_max, its residual, trace, standard error; kink.
fn last_curvature(run: &Path) -> ([f64; 5], bool) {
    let text = fs::read_to_string(run.join("sharpness.csv")).unwrap();
    let mut lines = text.lines();
    assert_eq!(lines.next(), Some("step,largest,residual,trace,sem,reached,kink"));
    let fields: Vec<&str> = lines.last().unwrap().split(',').collect();
    (std::array::from_fn(|k| fields[k].parse().unwrap()), fields[6] == "true")
}

#[test]
fn sharpness_along_a_run_ends_at_the_theorem() {
    let directory = &temporary();
    let (m, n) = (6, 11);
    for (k, (arguments, support, activation)) in [
        ("--schedule gd --activation linear --engine autodiff", 6, Activation::Linear),
        ("--schedule sgd --batch 2 --activation linear --engine reduced", 1, Activation::Linear),
        // At a datapoint ReLU sits on the kinks of the other samples.
        ("--schedule sgd --batch 2 --activation relu --engine analytic --replicas 3", 1, Activation::Relu),
    ]
    .into_iter()
    .enumerate()
    {
        let arguments =
            format!("--samples {m} --dim {n} --step-size 0.2 --seed 3 {arguments} --sharpness 50 --out {k}");
        succeeds(directory, &arguments);
        let run = directory.join(k.to_string());
        let summary = json(&run.join("summary.json"));
        let ([step, largest, residual, trace, sem], kink) = last_curvature(&run);
        assert_eq!(summary["steps"].as_f64(), Some(step));
        assert!((largest - sharpness::largest_eigenvalue(m)).abs() < 1e-7, "{arguments}: {largest}");
        let predicted = sharpness::trace(m, n, support, activation);
        // Beside a kink a difference sees both its sides in the proportion of distance to step, 1e-10 to 6e-6.
        assert!((trace - predicted).abs() < 2e-5, "{arguments}: {trace}, not {predicted}");
        assert!(residual < 1e-6 && sem == 0.0, "{residual}");
        assert_eq!(kink, activation == Activation::Relu, "{arguments}");
        assert_eq!(summary["sharpness"]["trace"].as_f64(), Some(trace));
        assert_eq!(summary["sharpness"]["method"], "dense");
        let text = fs::read_to_string(run.join("sharpness.csv")).unwrap();
        let steps: Vec<&str> = text.lines().skip(1).map(|line| line.split(',').next().unwrap()).collect();
        assert_eq!(steps[..3], ["0", "50", "100"]);
    }
}

#[test]
fn sharpness_of_a_large_model_is_estimated_and_of_implicit_data_refused() {
    let directory = &temporary();
    let arguments = "--samples 4 --dim 100 --model shallow:3 --steps 40 --sharpness --every 40 --activation linear --out run";
    succeeds(directory, arguments);
    let summary = json(&directory.join("run/summary.json"));
    let of = |key: &str| summary["sharpness"][key].as_f64().unwrap();
    assert_eq!(summary["sharpness"]["method"], "estimated");
    assert!(of("sem") > 0.0 && of("sem") <= 0.015 * of("trace"), "{summary}");
    assert_eq!(summary["sharpness"]["reached"], true);
    // The same parameters by the whole matrix: 300 products, one too many to be taken unasked.
    let compute = Compute::default();
    let data = Dataset::from_file(directory.join("run/data.npy")).unwrap();
    let config = TiedShallowConfig::new(100, 3, Activation::Linear);
    let model = config.init(&data, 0.5, 1, 0, &compute).unwrap();
    let model = model.load(directory.join("run/model.safetensors")).unwrap();
    let exact = measure::sharpness::dense(&Surface::new(model, &data, &compute).unwrap());
    let largest = measure::sharpness::eigenvalues(exact.clone()).unwrap().pop().unwrap();
    assert!((of("largest") - largest).abs() < 1e-5, "{} {largest}", of("largest"));
    assert!((of("trace") - exact.trace()).abs() < 4.0 * of("sem"), "{} {}", of("trace"), exact.trace());
    refuses(
        "train",
        &["--samples", "2000", "--engine", "reduced", "--steps", "5", "--sharpness"],
        "left implicit",
    );
    assert_eq!(config_of("--steps 0")["sharpness"], serde_json::Value::Null);
}
