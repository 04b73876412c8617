//! The main job and the claim binaries as a user meets them.

use std::fs;
use std::path::Path;

use puremix::catalogue;
use serde_json::Value;

use crate::common::{binary, json, refuses, stderr, stdout, temporary, text_path};
use crate::report;

#[test]
fn step_sizes_at_which_a_claim_says_nothing_are_refused() {
    let directory = temporary();
    let out = text_path(directory.path(), "never");
    for (step_size, needle) in [
        ("0.5", "--step-size 0.5: the bound on increments needs"),
        ("1e-5", "--step-size 0.00001: the bound on increments needs"),
        ("-0.1", "--step-size -0.1: the bound on increments needs"),
        ("NaN", "--step-size NaN: the bound on increments needs"),
    ] {
        refuses("random_walk", &["--step-size", step_size, "--out", &out], needle);
    }
    refuses(
        "hypothesis_map",
        &["--samples", "1", "--out", &out],
        "a batch of half of the data needs at least 2",
    );
    assert!(!Path::new(&out).exists());
}

#[test]
fn unknown_claims_are_answered_with_the_known_ones() {
    let known =
        "known claims: gd_limit, sgd_limit, cyclic_limit, alignment_scaling, sharpness, vanishing_noise";
    refuses("reproduce", &["--only", "gd_limit,perpetuum"], "unknown claim `perpetuum`");
    refuses("reproduce", &["--only", "perpetuum"], known);
}

#[test]
fn the_list_names_every_claim_once() {
    let output = binary("reproduce").arg("--list").unwrap();
    let listed = binary("reproduce").args(["--list", "--json"]).output().unwrap();
    let listed: Value = serde_json::from_str(&stdout(&listed)).unwrap();
    assert_eq!(listed[1]["id"], "sgd_limit");
    let ids: Vec<String> =
        stdout(&output).lines().map(|line| line.split_whitespace().next().unwrap().into()).collect();
    assert_eq!(ids, catalogue::ALL.map(|study| study.id));
    // A number is a claim's for ever: seeds depend on it.
    let mut numbers = catalogue::ALL.map(|study| study.number);
    numbers.sort_unstable();
    assert!(numbers.iter().zip(1..).all(|(number, k)| *number == k), "{numbers:?}");
}

fn timeless(mut report: Value) -> Value {
    report["seconds"] = Value::Null;
    for claim in report["claims"].as_array_mut().unwrap() {
        claim["seconds"] = Value::Null;
    }
    report
}

fn reproduce(out: &Path, seed: u64, threads: &str) -> Value {
    let output = binary("reproduce")
        .args(["--effort", "quick", "--seed", &seed.to_string(), "--json", "--out"])
        .arg(out)
        .env("RAYON_NUM_THREADS", threads)
        .unwrap();
    let printed: Value = serde_json::from_str(&stdout(&output)).unwrap();
    assert_eq!(printed, json(&out.join("report.json")), "what is printed is what is written");
    assert!(stderr(&output).is_empty(), "no progress bar without a terminal: {}", stderr(&output));
    printed
}

#[test]
fn the_report_depends_on_the_seed_and_on_nothing_else() {
    let directory = temporary();
    let report = |name: &str, seed, threads| timeless(reproduce(&directory.path().join(name), seed, threads));
    // Beside one that was made with as many threads as there are cores.
    let everything = timeless(json(&report::quick().join("report.json")));
    let same = |claim: &Value| {
        let all = everything["claims"].as_array().unwrap();
        all.iter().find(|same| same["id"] == claim["id"]).unwrap()
    };
    let reference = report("a", report::SEED, "1");
    let text = |claim: &Value| serde_json::to_string_pretty(claim).unwrap();
    for claim in reference["claims"].as_array().unwrap() {
        assert_eq!(text(claim), text(same(claim)), "threads");
    }
    for other in report("b", report::SEED + 1, "3")["claims"].as_array().unwrap() {
        let same = same(other);
        assert!(same["checks"] != other["checks"] || same["notes"] != other["notes"], "{}", other["id"]);
    }
    for key in ["version", "seed", "effort", "backend", "seconds", "claims"] {
        assert!(reference.get(key).is_some(), "{key}");
    }
    for claim in reference["claims"].as_array().unwrap() {
        for key in ["id", "title", "source", "statement", "verdict", "checks", "notes", "seconds"] {
            assert!(claim.get(key).is_some(), "{key}");
        }
        let checks = claim["checks"].as_array().unwrap();
        assert!(checks.iter().any(|check| check["control"] == true), "{} has no control", claim["id"]);
        for check in checks {
            for key in ["name", "predicted", "measured", "tolerance_or_interval", "ok", "n"] {
                assert!(check.get(key).is_some(), "{key}");
            }
            assert!(check["n"].as_u64().unwrap() > 0, "{check}");
        }
    }
}

#[test]
fn a_claim_too_small_for_its_controls_is_not_refuted_by_them() {
    for (name, extra) in
        [("gd_limit", ["--samples", "1", "--dim", "4"]), ("gd_limit", ["--samples", "2", "--dim", "2"])]
    {
        for seed in ["1", "2", "3", "4"] {
            let directory = temporary();
            let out = text_path(directory.path(), "run");
            binary(name).args(["--effort", "quick", "--seed", seed, "--out", &out]).args(extra).unwrap();
        }
    }
    refuses("alignment_scaling", &["--replicas", "2"], "standard errors need at least 20 seeds");
}

#[test]
fn a_broken_hypothesis_is_refuted_with_exit_code_one() {
    // Step size beyond the threshold at 1/2: the theorem does not hold there, and the binary says so.
    let directory = temporary();
    let out = text_path(directory.path(), "run");
    let output = binary("gd_limit")
        .args(["--effort", "quick", "--samples", "4", "--dim", "6", "--step-size", "2.3", "--out", &out])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    assert!(stdout(&output).contains("refuted"), "{}", stdout(&output));
}

#[test]
fn the_hypothesis_map_is_written_cell_by_cell() {
    let directory = temporary();
    let out = directory.path().join("run");
    binary("hypothesis_map").args(["--effort", "quick", "--out"]).arg(&out).unwrap();
    let csv = fs::read_to_string(out.join("hypothesis_map.csv")).unwrap();
    let rows: Vec<Vec<&str>> = csv.lines().skip(1).map(|line| line.rsplitn(6, ',').collect()).collect();
    assert_eq!(csv.lines().next(), Some("algorithm,step_per_sample,init_norm,fraction,runs,inside"));
    assert_eq!(rows.len(), 4 * 10 * 7);
    // Fields from the right: inside, runs, fraction. Inside the theorems' rectangle every run arrives.
    assert!(rows.iter().filter(|row| row[0] == "true").all(|row| row[2] == "1.0"));
    assert!(rows.iter().any(|row| row[2] == "0.0"));
}

#[test]
fn colours_only_on_a_terminal() {
    let directory = temporary();
    let out = text_path(directory.path(), "run");
    let output = binary("reproduce")
        .args(["--effort", "quick", "--only", "gd_limit", "--out", &out])
        .output()
        .unwrap();
    assert!(!stdout(&output).contains('\u{1b}'));
    assert!(stdout(&output).contains("1 of 1 claims reproduced"));
}
