//! `puremix` and its subcommands, and the binaries of `experiments/`: one list, and the same options.

use std::fs;

use assert_cmd::Command;
use puremix::catalogue;
use puremix::commands::{REPRODUCE, TRAIN};
use puremix::program::Program;

use crate::common::{JOBS, PUREMIX, binary, stderr, stdout};
use crate::documents::path;

fn puremix(arguments: &[&str]) -> (Option<i32>, String, String) {
    let output = Command::new(PUREMIX).args(arguments).output().unwrap();
    (output.status.code(), stdout(&output), stderr(&output))
}

#[test]
fn every_program_has_a_binary_in_experiments() {
    let experiments = path("experiments");
    let manifest: toml::Table =
        toml::from_str(&fs::read_to_string(experiments.join("Cargo.toml")).unwrap()).unwrap();
    let binaries = manifest["bin"].as_array().unwrap();
    let mut listed: Vec<&str> = binaries.iter().map(|bin| bin["name"].as_str().unwrap()).collect();
    let mut expected: Vec<&str> =
        JOBS.iter().chain(&catalogue::PROGRAMS).map(|program| program.name).collect();
    listed.sort_unstable();
    expected.sort_unstable();
    assert_eq!(listed, expected);
    for program in catalogue::PROGRAMS {
        let source = fs::read_to_string(experiments.join(format!("{}.rs", program.name))).unwrap();
        assert!(
            source.contains(&format!("::{});", program.name)),
            "{} is the binary of another claim",
            program.name
        );
    }
}

#[test]
fn every_subcommand_explains_itself() {
    for program in JOBS.iter().chain(&catalogue::PROGRAMS) {
        let (help, id) = (stdout(&binary(program.name).arg("--help").unwrap()), program.name);
        let usage = if JOBS.iter().any(|job| job.name == id) { "" } else { "claim " };
        assert!(help.contains(&format!("Usage: puremix {usage}{id} [OPTIONS]")), "{help}");
        assert!(help.contains("--out <") && help.contains("--backend <NAME>"), "{help}");
    }
    let (code, help, _) = puremix(&["claim", "gd_limit", "-h"]);
    assert_eq!(code, Some(0));
    assert!(help.starts_with(catalogue::find("gd_limit").unwrap().title), "{help}");
    assert!(help.contains("--samples <SAMPLES>") && help.contains("--effort <EFFORT>"), "{help}");
}

#[test]
fn the_help_lists_the_subcommands_and_tells_where_results_go() {
    let (code, help, _) = puremix(&["--help"]);
    assert_eq!(code, Some(0));
    let commands = help.split("Commands:\n").nth(1).unwrap().split("\n\n").next().unwrap();
    let listed: Vec<&str> = commands.lines().filter_map(|line| line.split_whitespace().next()).collect();
    let jobs = JOBS.map(|job| job.name);
    assert_eq!(listed, [&jobs[..], &["claim", "list", "completions", "help"]].concat());
    for needle in ["runs/NAME-2", "--out DIR"] {
        assert!(help.contains(needle), "no {needle} in {help}");
    }
}

#[test]
fn wrong_words_are_refused_by_name() {
    for (arguments, needle) in [
        (&["perpetuum"][..], "unrecognized subcommand 'perpetuum'"),
        (&["claim", "perpetuum"], "unrecognized subcommand 'perpetuum'"),
        (&["claim"], "'puremix claim' requires a subcommand but one was not provided"),
        (&["claim", "gd_limit", "--batch", "3"], "unexpected argument '--batch' found"),
        (&["claim", "gd_limit", "--batch", "3"], "Usage: puremix claim gd_limit"),
        (&["train", "--batch", "x"], "invalid value 'x' for '--batch <BATCH>'"),
        (&["completions", "tcsh"], "invalid value 'tcsh' for '<SHELL>'"),
    ] {
        let (code, out, error) = puremix(arguments);
        assert_eq!(code, Some(2), "{arguments:?}: {error}");
        assert!(error.contains(needle) && out.is_empty(), "{arguments:?}: {error}");
    }
}

#[test]
fn options_of_a_file_and_of_the_command_line_meet_in_a_subcommand() {
    let directory = crate::common::temporary();
    let (job, out) = (directory.path().join("job.toml"), directory.path().join("run"));
    fs::write(&job, "samples = 4\ndim = 9\nsteps = 30\ntolerance = 0\n").unwrap();
    binary("train").arg("--config").arg(&job).args(["--samples", "5", "--out"]).arg(&out).unwrap();
    let config = crate::common::json(&out.join("config.json"));
    assert_eq!((&config["samples"], &config["dim"]), (&5.into(), &9.into()));
}

#[test]
fn claims_are_listed_and_completed() {
    let (code, listed, _) = puremix(&["list"]);
    assert_eq!((code, listed.lines().count()), (Some(0), catalogue::ALL.len()));
    let (_, by_reproduce, _) = puremix(&["reproduce", "--list", "--json"]);
    assert_eq!(puremix(&["list", "--json"]).1, by_reproduce);
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let (code, script, _) = puremix(&["completions", shell]);
        assert_eq!(code, Some(0));
        for needle in ["puremix", "selection_law", "step-size", "completions"] {
            assert!(script.contains(needle), "{shell}: no {needle}");
        }
    }
}

#[test]
fn a_report_names_the_commands_by_which_it_was_called() {
    let directory = tempfile::tempdir().unwrap();
    let out = directory.path().join("run");
    let arguments = ["reproduce", "--only", "landscape", "--effort", "quick", "--no-page", "--out"];
    let output = Command::new(PUREMIX).args(arguments).arg(&out).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let report = fs::read_to_string(out.join("report.json")).unwrap();
    assert!(report.contains("\"command\": \"puremix claim landscape --effort quick --seed 1"), "{report}");
    // The report of `reproduce` is none that the claim's own program could continue.
    let resumed = ["claim", "landscape", "--effort", "quick", "--resume", "--out"];
    let output = Command::new(PUREMIX).args(resumed).arg(&out).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let needle = r#"keeps another run (program was "reproduce", is "landscape"; options was null, is {"#;
    assert!(stderr(&output).contains(needle), "{}", stderr(&output));
}

#[test]
fn an_installed_program_is_named_as_its_subcommand() {
    let installed = puremix::program::invocation(Some(&"puremix reproduce".into()));
    for Program { name, .. } in [REPRODUCE, TRAIN] {
        assert_eq!(installed(name), format!("puremix {name}"));
    }
    assert_eq!(installed("gd_limit"), "puremix claim gd_limit");
    let built = puremix::program::invocation(Some(&"target/release/reproduce".into()));
    assert!(built("train").starts_with("cargo run --release ") && built("train").ends_with("--bin train --"));
}
