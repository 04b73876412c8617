//! What the tables hold: answers that are known, the numbers of `train`, means and paired differences by hand.

use std::collections::BTreeMap;

use puremix::data::Dataset;
use puremix::init::Start;
use puremix::stats::Mean;

use super::{sweep, write};
use crate::common::{binary, json, names, number, rows, stdout, succeeds, temporary, text_path};

/// Theorems 1 and 2: with `b < m` the linear neuron ends in one sample, and with `b = m` in the projection of its start.
#[test]
fn the_participation_ratio_of_a_linear_neuron_is_known() {
    let directory = &temporary();
    let study = "seeds = 6\n[base]\nsamples = 8\ndim = 11\nactivation = \"linear\"\nstep-size = 0.2\nreduction = \"sum\"\nsteps = 400_000\n\
                 [grid]\nengine = [\"reduced\", \"autodiff\"]\nbatch = [1, 3, 7, 8]\n\
                 [[compare]]\naxis = \"batch\"\nwith = 8\nmeasure = \"participation_ratio\"\n";
    write(directory, "s.toml", study);
    sweep(directory, "s.toml --out run --no-page");
    // p_i = c_i²/Σ c_i² of the start, and 1/Σ p_i².
    let mixed = |seed| {
        let data = Dataset::orthonormal(8, 11, seed).unwrap();
        let c = Start::gaussian(&data, 0.5, seed, 0).unwrap().correlations;
        let total: f64 = c.iter().map(|c| c * c).sum();
        1.0 / c.iter().map(|c| (c * c / total).powi(2)).sum::<f64>()
    };
    let known: Vec<f64> = (1..=6).map(mixed).collect();
    let runs = rows(&directory.join("run/runs.csv"));
    assert_eq!(runs.len(), 48);
    for row in &runs {
        let seed = row["seed"].parse::<usize>().unwrap();
        let expected = if row["batch"] == "8" { known[seed - 1] } else { 1.0 };
        let ratio = number(row, "participation_ratio");
        assert!((ratio - expected).abs() < 1e-8 && row["outcome"] == "converged", "{row:?}");
        assert_eq!(number(row, "mixing"), ratio);
        assert_eq!((row["neurons"].as_str(), row["lambda_max"].as_str()), ("1", ""));
    }
    // The table of cells: Student's interval over seeds.
    let mean = Mean::of(&known);
    for row in rows(&directory.join("run/summary.csv")).iter().filter(|row| row["batch"] == "8") {
        let interval = mean.interval(0.05);
        let shown = ["participation_ratio", "participation_ratio_low", "participation_ratio_high"]
            .map(|name| number(row, name));
        for (shown, expected) in shown.into_iter().zip([mean.mean, interval.low, interval.high]) {
            assert!((shown - expected).abs() < 1e-8, "{row:?}");
        }
        assert_eq!(
            (row["participation_ratio_n"].as_str(), row["stopped"].as_str(), row["runs"].as_str()),
            ("6", "1.0", "6")
        );
    }
    // Differences, seed by seed.
    let differences = rows(&directory.join("run/comparisons.csv"));
    assert_eq!(differences.len(), 6);
    let expected = Mean::of(&known.iter().map(|mixed| 1.0 - mixed).collect::<Vec<_>>());
    for row in &differences {
        let interval = expected.interval(0.05);
        let shown = ["difference", "low", "high"].map(|name| number(row, name));
        for (shown, expected) in shown.into_iter().zip([expected.mean, interval.low, interval.high]) {
            assert!((shown - expected).abs() < 1e-8, "{row:?}");
        }
        assert_eq!(
            (row["with"].as_str(), row["n"].as_str(), row["measure"].as_str()),
            ("8", "6", "participation_ratio")
        );
        assert_ne!(row["batch"], "8");
    }
}

/// A run of a study is the run of `train` with the same options, whether it walked in a stack or alone.
#[test]
fn a_run_is_that_of_train() {
    let directory = &temporary();
    let study = "seeds = 3\n[base]\nsamples = 5\ndim = 7\nsteps = 700\ntolerance = 1e-7\n\
                 [grid]\nmodel = [\"neuron\", \"untied:3-2+bias\"]\nactivation = [\"tanh\"]\nbatch = [2, 5]\nlr = [0.3, 0.9]\n";
    write(directory, "s.toml", study);
    sweep(directory, "s.toml --out run --no-page");
    let runs = rows(&directory.join("run/runs.csv"));
    assert_eq!(runs.len(), 24);
    for row in runs.iter().step_by(5) {
        let out = text_path(directory, &format!("train-{}", row["run"]));
        let options = ["samples=5", "dim=7", "steps=700", "tolerance=1e-7", "activation=tanh"];
        let mut command = binary("train");
        command.args(options.map(|option| format!("--{option}")));
        for name in ["model", "batch", "step_size", "seed"] {
            command.arg(format!("--{}={}", name.replace('_', "-"), row[name]));
        }
        command.args(["--no-page", "--out", &out]).unwrap();
        let summary = json(&std::path::Path::new(&out).join("summary.json"));
        assert_eq!(summary["outcome"], row["outcome"].as_str(), "{row:?}");
        assert_eq!(summary["steps"].to_string(), row["steps_taken"]);
        for name in ["loss", "norm", "max_cos", "cos_init", "participation_ratio", "residual", "R"] {
            assert_eq!(
                summary[name].as_f64().unwrap().to_bits(),
                number(row, name).to_bits(),
                "{name}: {row:?}"
            );
        }
    }
}

#[test]
fn directories_of_runs_are_kept_on_request() {
    let directory = &temporary();
    let study = "--grid batch=2,3 --samples 4 --dim 6 --steps 40 --tolerance 0 --seeds 2 --no-page";
    sweep(directory, &format!("{study} --out plain"));
    sweep(directory, &format!("{study} --out run --keep runs"));
    super::assert_same(&directory.join("plain"), &directory.join("run"), "kept");
    // What was left out before is made when it is asked for.
    sweep(directory, &study.replace(" --no-page", " --out plain"));
    assert!(directory.join("plain/report.html").exists());
    sweep(directory, &format!("{study} --out plain"));
    assert!(directory.join("plain/report.html").exists());
    let kept: Vec<String> = (0..4).map(|k| format!("cell-{}-seed-{}", k / 2, 1 + k % 2)).collect();
    assert_eq!(names(&directory.join("run-runs")), kept);
    let train = "--batch 3 --samples 4 --dim 6 --steps 40 --tolerance 0 --seed 2 --no-page --out train";
    succeeds(directory, train);
    // Of a study that is complete, too.
    sweep(directory, &format!("{study} --out plain --keep runs"));
    assert_eq!(names(&directory.join("plain-runs")), kept);
    // And in place of those of another one.
    let other = study.replace("--steps 40", "--steps 41");
    sweep(directory, &format!("{other} --out plain --keep runs --force"));
    for file in ["w.npy", "data.npy", "trajectory.csv", "neurons.csv", "model.safetensors"] {
        let read = |run: &str| std::fs::read(directory.join(run).join(file)).unwrap();
        assert!(read("train") == read("run-runs/cell-1-seed-2"), "{file}");
    }
}

#[test]
fn runs_that_diverge_or_die_are_rows_and_enter_no_mean() {
    let directory = &temporary();
    // Some starts of two samples activate no ReLU; step size 40 diverges.
    let grid =
        "--grid step-size=0.1,40 --samples 2 --dim 3 --seeds 12 --batch 1 --steps 3000 --out run --no-page";
    let output = sweep(directory, grid);
    assert!(stdout(&output).contains("24 runs, 2 cells with 12 seeds each: "), "{}", stdout(&output));
    let runs = rows(&directory.join("run/runs.csv"));
    let ended = |step_size: &str, outcome: &str| {
        let of = |row: &&BTreeMap<String, String>| row["step_size"] == step_size && row["outcome"] == outcome;
        runs.iter().filter(of).count()
    };
    let (dead, diverged) = (ended("0.1", "dead"), ended("40", "diverged"));
    assert!((1..12).contains(&dead) && diverged > 1 && ended("0.1", "diverged") == 0, "{dead} {diverged}");
    for row in runs.iter().filter(|row| row["outcome"] == "diverged") {
        assert!(row["loss"].is_empty() && row["R"].is_empty() && number(row, "steps_taken") > 0.0, "{row:?}");
    }
    let summary = rows(&directory.join("run/summary.csv"));
    let living = 12 - dead;
    assert_eq!(summary[0]["loss_n"], living.to_string());
    // That neurons died is counted over all that did not diverge.
    assert_eq!(summary[0]["dead_neurons_n"], "12");
    assert_eq!(number(&summary[0], "dead_neurons"), dead as f64 / 12.0);
    assert_eq!(
        (number(&summary[0], "stopped"), number(&summary[0], "dead")),
        (ended("0.1", "converged") as f64 / 12.0, dead as f64)
    );
    assert_eq!(number(&summary[1], "diverged") as usize, diverged);
    let left = 12 - diverged - ended("40", "dead");
    assert_eq!(summary[1]["loss_n"], left.to_string());
    assert_eq!(summary[1]["loss"].is_empty(), left == 0);
}

#[test]
fn curvature_is_measured_at_the_end_where_it_is_asked_for() {
    let directory = &temporary();
    // Theorem 13: λ_max = 4/m at both limits.
    let grid = "--grid schedule=gd,sgd --samples 5 --dim 6 --activation linear --step-size 0.3 --seeds 2 --sharpness --out run --no-page";
    sweep(directory, grid);
    for row in rows(&directory.join("run/runs.csv")) {
        assert!((number(&row, "lambda_max") - 0.8).abs() < 1e-4 && number(&row, "trace") > 0.8, "{row:?}");
    }
}

#[test]
fn options_of_the_command_line_override_those_of_the_study() {
    let directory = &temporary();
    write(
        directory,
        "s.toml",
        "title = \"t\"\nseeds = 9\n[base]\nsamples = 4\nsteps = 9\n[grid]\nbatch = [1, 4]\nstep_size = [0.1, 0.2]\n",
    );
    sweep(
        directory,
        "s.toml --set batch=2,3,1 --set lr=0.5 --samples 5 --seeds 1 --grid init-norm=0.3 --engine reduced --out run --no-page",
    );
    let resolved = std::fs::read_to_string(directory.join("run/study.toml")).unwrap();
    assert_eq!(
        resolved,
        "title = \"t\"\nseeds = 1\n\n[base]\nsteps = 9\nsamples = 5\nengine = \"reduced\"\nstep_size = 0.5\n\n[grid]\nbatch = [2, 3, 1]\n\
         init_norm = [0.3]\n"
    );
    // The resolved study is a study: the same.
    sweep(directory, "run/study.toml --out again --no-page");
    super::assert_same(&directory.join("run"), &directory.join("again"), "resolved");
    // What varies together is one axis.
    sweep(
        directory,
        "--zip batch=1,2,3 --zip step-size=0.1,0.2,0.3 --samples 3 --steps 9 --seeds 2 --out zip --no-page",
    );
    let cells: Vec<[String; 2]> = rows(&directory.join("zip/summary.csv"))
        .into_iter()
        .map(|row| [row["batch"].clone(), row["step_size"].clone()])
        .collect();
    assert_eq!(cells, [["1", "0.1"], ["2", "0.2"], ["3", "0.3"]]);
    // Values with commas are an array.
    let data = "data=[\"sparse:6,1\",\"equicorrelated:0.3\"]";
    sweep(directory, &format!("--grid {data} --samples 4 --dim 7 --steps 9 --out data --no-page"));
    let rows = rows(&directory.join("data/summary.csv"));
    assert_eq!((rows[0]["data"].as_str(), rows[1]["data"].as_str()), ("sparse:6,1", "equicorrelated:0.3"));
    assert!(!rows[0]["recovered_atoms"].is_empty() && rows[1]["recovered_atoms"].is_empty());
}
