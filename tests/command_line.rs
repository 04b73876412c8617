//! The binaries as a user meets them.

use std::fs;
use std::path::Path;

use puremix::data::Source;
use serde_json::Value;

use crate::common::{
    binary, floats, integers, json, refuses, stderr, stdout, succeeds, temporary, text_path, trained,
    write_npy,
};

#[test]
fn bad_input_is_refused_with_its_values() {
    let directory = temporary();
    let out = text_path(directory.path(), "never");
    let train = |arguments: &str, needle: &str| {
        let arguments: Vec<&str> = arguments.split_whitespace().chain(["--out", &out]).collect();
        refuses("train", &arguments, needle);
    };
    train("--batch 0", "batch size must lie in 1..=10 (the number of samples), got 0");
    train("--samples 7 --batch 8", "batch size must lie in 1..=7 (the number of samples), got 8");
    train("--schedule gd --batch 3", "full-batch gradient descent uses all 10 samples");
    train("--samples 9 --dim 8", "9 orthonormal rows do not fit into 8 dimensions");
    train("--samples 0", "the number of samples must be at least 1, got 0");
    train("--step-size 0", "the step size must be positive and finite, got 0");
    train("--step-size -0.1", "the step size must be positive and finite, got -0.1");
    train("--step-size NaN", "the step size must be positive and finite, got NaN");
    train("--step-size inf", "the step size must be positive and finite, got inf");
    train("--init-norm 0", "must be positive and finite (1e-150 to 1e150), got 0");
    train("--init-norm -2", "must be positive and finite (1e-150 to 1e150), got -2");
    train("--tolerance -1 --steps 5", "the tolerance must be non-negative and finite, got -1");
    train("--tolerance 0", "a tolerance of 0 is never reached");
    train("--step-size 6", "at or beyond a step size of 1/2 per sample no run converges geometrically");
    train("--replicas 0", "the number of replicas must be at least 1");
    train(
        "--samples 1000000",
        "the data matrix (--engine reduced needs none) would take 1000000 x 3000000 numbers",
    );
    train("--samples 1000000000000 --engine reduced", "the samples would take");
    train("--init-norm 1e-200", "the initial norm must be positive and finite (1e-150 to 1e150), got 1e-200");
    train("--steps soon", "expected a number of steps, as 400000, 400_000 or 4e5, or `auto`");
    train("--backend teapot", "unknown backend `teapot`; known backends: flex, ndarray, wgpu, cuda");
    train("--data nowhere.npy", "nowhere.npy");
    train("--data digits --samples 9", "--data digits has samples of its own: leave out --samples and --dim");
    train("--data nowhere.csv --dim 3", "--data nowhere.csv has samples of its own");
    train("--data equicorrelated:x", "the correlation `x` is not a number");
    train("--data sparse:9", "expected sparse:ATOMS,NONZEROS[,NOISE]");
    train(
        "--data sparse:4,5 --steps 5",
        "the number of nonzeros must lie in 1..=4 (the number of atoms), got 5",
    );
    train("--data equicorrelated:-0.2 --steps 5", "10 unit vectors cannot all have inner product -0.2");
    train("--data coherent:0.1 --samples 20 --dim 5 --steps 5", "20 unit vectors in 5 dimensions");
    train("--data equicorrelated:0.1", "no rate law for data that is not orthonormal");
    assert!(!Path::new(&out).exists(), "a refused run leaves nothing");
}

#[test]
#[cfg(not(feature = "cuda"))]
fn a_backend_that_is_not_compiled_in_names_its_feature() {
    for name in ["train", "reproduce", "gd_limit"] {
        refuses(name, &["--backend", "cuda"], "backend `cuda` is not compiled in");
        refuses(name, &["--backend", "cuda"], "rebuild with `--features cuda`");
    }
}

#[test]
fn malformed_data_is_refused() {
    let directory = temporary();
    let file = text_path(directory.path(), "data.npy");
    let out = text_path(directory.path(), "never");
    fs::write(&file, "5 apples").unwrap();
    refuses("train", &["--data", &file, "--out", &out, "--steps", "5"], "not a .npy file");
    refuses("gd_limit", &["--data", &file, "--out", &out], "not a .npy file");
    // Rows that are not orthonormal: fine for a run, not for a theorem.
    write_npy(Path::new(&file), &[1.0, 0.0, 0.6, 0.8], 2, 2);
    refuses("gd_limit", &["--data", &file, "--out", &out], "rows 0 and 1 have inner product 6.0000e-1");
    refuses("train", &["--data", &file, "--out", &out], "no rate law for data that is not orthonormal");
    let run = binary("train").args(["--data", &file, "--out", &out, "--steps", "50"]).unwrap();
    assert!(stdout(&run).contains("predicted limit      none"), "{}", stdout(&run));
}

#[test]
fn a_run_is_not_overwritten_unless_forced_and_other_things_never() {
    let directory = temporary();
    let out = text_path(directory.path(), "run");
    let run = |extra: &[&str]| {
        binary("train").args(["--steps", "20", "--out", &out]).args(extra).output().unwrap().status.code()
    };
    assert_eq!(run(&[]), Some(0));
    let first = fs::read_to_string(Path::new(&out).join("summary.json")).unwrap();
    refuses("train", &["--steps", "20", "--out", &out], "already holds a run");
    refuses("reproduce", &["--effort", "quick", "--out", &out], "already holds a run");
    assert_eq!(run(&["--force", "--seed", "9"]), Some(0));
    let second = fs::read_to_string(Path::new(&out).join("summary.json")).unwrap();
    assert_ne!(first, second);
    // Nothing is left of the staging directory or of the run that was replaced.
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);

    let thesis = directory.path().join("thesis");
    fs::create_dir(&thesis).unwrap();
    fs::write(thesis.join("chapter1.tex"), "x").unwrap();
    let thesis = thesis.display().to_string();
    refuses(
        "train",
        &["--steps", "20", "--force", "--out", &thesis],
        "thesis is no run directory (it has no manifest",
    );
    // What lies beside the files of a run stays there.
    fs::write(Path::new(&out).join("notes.txt"), "mine").unwrap();
    let output = binary("train").args(["--steps", "20", "--force", "--out", &out]).unwrap();
    assert!(
        stderr(&output).contains("as no part of the run or changed since: notes.txt"),
        "{}",
        stderr(&output)
    );
    assert_eq!(fs::read_to_string(Path::new(&out).join("notes.txt")).unwrap(), "mine");
    refuses("train", &["--steps", "20", "--out", "."], "give a directory of its own");
}

#[test]
fn a_run_directory_can_be_replayed_from_its_files_alone() {
    // Plain loops over data.npy, w0.npy and batches.npy must end at w.npy.
    let directory = temporary();
    for (engine, schedule, reduction) in
        [("autodiff", "sgd", "mean"), ("analytic", "reshuffle", "sum"), ("reduced", "replacement", "mean")]
    {
        let out = directory.path().join(engine);
        let arguments = format!(
            "--samples 7 --dim 9 --batch 3 --step-size 0.13 --steps 400 --tolerance 0 --seed 5 --record-batches --every 100 \
             --engine {engine} --schedule {schedule} --reduction {reduction} --out {engine}"
        );
        succeeds(directory.path(), &arguments);
        let (shape, data) = floats(&out.join("data.npy"));
        assert_eq!(shape, [7, 9]);
        let (shape, batches) = integers(&out.join("batches.npy"));
        assert_eq!(shape, [400, 3]);
        let (_, mut w) = floats(&out.join("w0.npy"));
        let eta = if reduction == "mean" { 0.13 / 3.0 } else { 0.13 };
        for batch in batches.chunks(3) {
            let mut gradient = [0.0; 9];
            let norm_sq: f64 = w.iter().map(|w| w * w).sum();
            for &i in batch {
                let row = &data[i as usize * 9..(i as usize + 1) * 9];
                let phi = row.iter().zip(&w).map(|(x, w)| x * w).sum::<f64>().max(0.0);
                for k in 0..9 {
                    gradient[k] += phi * phi * w[k] + (norm_sq - 2.0) * phi * row[k];
                }
            }
            w.iter_mut().zip(gradient).for_each(|(w, g)| *w -= eta * g);
        }
        let (shape, last) = floats(&out.join("w.npy"));
        assert_eq!(shape, [9]);
        let worst = w.iter().zip(&last).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
        assert!(worst < 1e-12, "{engine}: {worst:e}");

        let config = json(&out.join("config.json"));
        for (key, value) in
            [("samples", 7.0), ("dim", 9.0), ("batch", 3.0), ("step_size", 0.13), ("steps", 400.0)]
        {
            assert_eq!(config[key].as_f64(), Some(value), "{key}");
        }
        assert_eq!(config["engine"], engine);
        assert_eq!(config["schedule"], schedule);
        assert_eq!(config["reduction"], reduction);
        let summary = json(&out.join("summary.json"));
        assert_eq!(summary["outcome"], "max_steps");
        assert_eq!(summary["steps"], 400);
        let csv = fs::read_to_string(out.join("trajectory.csv")).unwrap();
        let lines: Vec<&str> = csv.lines().collect();
        assert_eq!(lines[0], "step,loss,norm,max_cos,argmax,cos_init,participation_ratio,residual,R");
        let steps: Vec<&str> = lines[1..].iter().map(|line| line.split(',').next().unwrap()).collect();
        assert_eq!(steps, ["0", "100", "200", "300", "400"]);
    }
}

#[test]
fn every_source_of_data_trains_and_says_what_was_learned() {
    let directory = temporary();
    let csv = text_path(directory.path(), "rows.csv");
    fs::write(&csv, "3,4,0\n0,0,2\n1,1,1\n").unwrap();
    for (number, source) in Source::EXAMPLES.into_iter().chain([csv.as_str()]).enumerate() {
        let parsed: Source = source.parse().unwrap();
        let (normalise, [m, n]) = match parsed {
            Source::Sparse { .. } => ("centred-unit", [10, 30]),
            Source::Digits => ("unit", [1797, 64]),
            Source::File(_) => ("unit", [3, 3]),
            _ => ("none", [10, 30]),
        };
        let keys: &[&str] = match parsed {
            Source::Orthonormal => &[],
            Source::Sparse { .. } => &["mean_matched_cos", "recovered_atoms", "pca_angle_max"],
            _ => &["pca_angle_min", "pca_angle_max"],
        };
        let out = directory.path().join(number.to_string());
        binary("train")
            .args(["--data", source, "--normalise", normalise, "--activation", "linear", "--batch", "2"])
            .args(["--steps", "300", "--every", "100", "--engine", "analytic", "--out"])
            .arg(&out)
            .unwrap();
        let config = json(&out.join("config.json"));
        assert_eq!((config["samples"].as_u64(), config["dim"].as_u64()), (Some(m), Some(n)), "{source}");
        assert_eq!(config["data"].as_str().unwrap().parse(), Ok(parsed));
        assert_eq!(config["normalise"], normalise);
        let summary = json(&out.join("summary.json"));
        assert!(keys.iter().all(|key| summary[key].is_number()), "{source}: {summary}");
        assert!(!keys.is_empty() || !summary.as_object().unwrap().contains_key("pca_angle_max"));
        assert_eq!(out.join("dictionary.npy").exists(), source.starts_with("sparse"));
        if normalise.ends_with("unit") {
            let (_, rows) = floats(&out.join("data.npy"));
            let norm = |row: &[f64]| row.iter().map(|x| x * x).sum::<f64>().sqrt();
            assert!(rows.chunks(n as usize).all(|row| (norm(row) - 1.0).abs() < 1e-14), "{source}");
        }

        // The table of neurons: its header, one row an observation, and the trajectory's own numbers.
        let table = fs::read_to_string(out.join("neurons.csv")).unwrap();
        let lines: Vec<Vec<&str>> = table.lines().map(|line| line.split(',').collect()).collect();
        let header = "step,neuron,norm,max_cos,argmax,max_cos_atom,atom,participation_ratio,hoyer,effective_support,cos_init,dead,matched_atom,matched_cos,pca_angle";
        assert_eq!(lines[0].join(","), header);
        assert_eq!(lines[1..].iter().map(|line| line[0]).collect::<Vec<_>>(), ["0", "100", "200", "300"]);
        let cos = |text: &str| text.parse::<f64>().unwrap();
        assert!((cos(lines[1][10]) - 1.0).abs() < 1e-15, "{source}: a start is aligned with itself");
        assert_eq!(lines[1][6].is_empty(), !source.starts_with("sparse"), "{source}: atoms");
        let trajectory = fs::read_to_string(out.join("trajectory.csv")).unwrap();
        let last: Vec<&str> = trajectory.lines().last().unwrap().split(',').collect();
        let neuron = lines.last().unwrap();
        assert_eq!(
            [neuron[2], neuron[3], neuron[4], neuron[7]],
            [last[2], last[3], last[4], last[6]],
            "{source}"
        );
        // The same bits go into both; the start's norm alone is rounded once more.
        assert!((cos(neuron[10]) - cos(last[5])).abs() < 1e-15, "{source}");
    }
}

#[test]
fn a_million_samples_run_without_a_matrix() {
    let directory = temporary();
    let out = directory.path().join("big");
    succeeds(directory.path(), "--samples 1000000 --engine reduced --steps 2000 --every 1000 --out big");
    assert!(!out.join("data.npy").exists() && !out.join("w.npy").exists());
    assert_eq!(floats(&out.join("c.npy")).0, [1_000_000]);
    let files = json(&out.join("config.json"))["files"].as_str().unwrap().to_owned();
    assert!(files.contains("left implicit"), "{files}");
    assert_eq!(json(&out.join("summary.json"))["outcome"], "max_steps");
}

#[test]
fn divergence_exits_with_one_and_says_when() {
    let directory = temporary();
    let output = trained(directory.path(), "--step-size 6 --init-norm 0.9 --steps 5000 --json --out run");
    assert_eq!(output.status.code(), Some(1));
    let summary: Value = serde_json::from_str(&stdout(&output)).unwrap();
    assert_eq!(summary["outcome"], "diverged");
    assert!(summary["steps"].as_u64().unwrap() < 5000);
    assert!(!stderr(&output).contains("panicked"));
}

#[test]
fn replicas_are_all_on_disk_and_the_dead_are_counted() {
    let directory = temporary();
    let mut tables = Vec::new();
    for engine in ["reduced", "analytic", "autodiff"] {
        let out = directory.path().join(engine);
        let arguments = "--samples 2 --dim 3 --replicas 8 --step-size 0.2 --seed 5";
        succeeds(directory.path(), &format!("{arguments} --engine {engine} --out {engine}"));
        assert_eq!(floats(&out.join("w.npy")).0, [8, 3]);
        let csv = fs::read_to_string(out.join("replicas.csv")).unwrap();
        // Replica, outcome and steps: engine by engine the same.
        let rows: Vec<String> =
            csv.lines().skip(1).map(|line| line.split(',').take(3).collect::<Vec<_>>().join(",")).collect();
        let counts = &json(&out.join("summary.json"))["replicas"];
        assert_eq!(counts["dead"].as_u64().unwrap() + counts["converged"].as_u64().unwrap(), 8);
        assert!(counts["dead"].as_u64().unwrap() > 0, "a quarter of such starts is dead");
        tables.push(rows);
    }
    assert_eq!(tables[0], tables[1]);
    assert_eq!(tables[0], tables[2]);
}

#[test]
fn replicas_end_where_they_stopped_even_in_one_engine() {
    // Replica 0 of a batched engine must be reported at its own end, not at the last one's.
    let directory = temporary();
    let mut ends = Vec::new();
    for engine in ["analytic", "reduced"] {
        let out = directory.path().join(engine);
        let arguments = "--samples 4 --dim 6 --replicas 5 --seed 3 --activation linear --tolerance 1e-3";
        succeeds(directory.path(), &format!("{arguments} --engine {engine} --out {engine}"));
        let steps = json(&out.join("summary.json"))["steps"].to_string();
        let csv = fs::read_to_string(out.join("trajectory.csv")).unwrap();
        assert_eq!(csv.lines().last().unwrap().split(',').next().unwrap(), steps, "{engine}");
        ends.push(floats(&out.join("w.npy")).1);
    }
    let worst = ends[0].iter().zip(&ends[1]).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
    assert!(worst < 1e-12, "{worst:e}");
}

#[test]
fn batches_with_replacement_get_a_budget_that_suffices() {
    // η_B (k_j − k_i) = −1 has positive probability here: the exact mean log would be infinite.
    let directory = temporary();
    let arguments = "--schedule replacement --reduction sum --batch 5 --step-size 0.2 --activation linear --engine reduced --json --out run";
    let output = trained(directory.path(), arguments);
    let summary: Value = serde_json::from_str(&stdout(&output)).unwrap();
    assert_eq!(summary["outcome"], "converged", "{summary}");
}
