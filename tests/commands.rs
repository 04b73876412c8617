//! Every command of README and book runs, or is in the list of those that cannot run here.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};

use puremix::catalogue;
use puremix::data::Dataset;

use crate::book::{blocks, pages};
use crate::common::{JOBS, PUREMIX, binary, stderr, temporary, write_npy};
use crate::documents::{path, text};

/// Commands that no test runs, each with the reason.
const NOT_RUN: &[(&str, &str)] = &[
    ("cargo run --release", "the main job at standard effort: 42 s on two cores; CI runs it at quick effort"),
    ("cargo test --release", "this test is part of it"),
    ("cargo build --release", "it has been built"),
    ("cargo bench -p puremix-bench -- 'reduced/m=1000 n=1000 b=1 '", "a package of its own"),
    (
        "cargo run --release -p puremix-bench --bin calibrate -- --effort quick --first 7 --count 2 --out calibration",
        "CI runs it",
    ),
    ("cargo run --release --bin speed -- --python venv/bin/python", "minutes; CI runs it on one case"),
    ("cargo run --release --features ndarray,wgpu --bin speed -- devices", "other features"),
    ("cargo run --release --features wgpu --bin reproduce -- --list-backends", "other features"),
    (
        "cargo run --release --features wgpu --bin reproduce -- --backend wgpu --effort quick",
        "other features; CI runs it",
    ),
    ("cargo run --release --example my_autoencoder -- --out runs/own", "`train_model` runs it"),
    ("cargo run --release --example my_sweep -- runs/untied", "`examples` runs it"),
    ("cargo run --release --example minimal", "`examples` runs it"),
    ("cargo run --release --example measure_run -- runs/mine", "`examples` runs it"),
    ("cargo install --path crates/cli", "it would install"),
    (
        "target/release/sweep submit experiments/studies/batch.toml --out runs/batch --jobs 16 --at-most 8 --sbatch \"--partition=long --time=4:00:00\"",
        "it needs Slurm; `sweep::cluster` submits",
    ),
    ("target/release/sweep status runs/batch", "what the line before it submits"),
];

/// What stands for cargo: `cargo run --release [--bin NAME] [-- ARGUMENTS]`, and nothing else.
const CARGO: &str = r#"#!/bin/sh
[ "$1 $2" = "run --release" ] || exit 97
shift 2
name=reproduce
if [ "$1" = --bin ]; then name=$2; shift 2; fi
if [ "$1" = -- ]; then shift; fi
exec "target/release/$name" "$@"
"#;

/// What stands for Slurm around a script.
const SLURM: &str = "SLURM_CPUS_PER_TASK=1 SLURM_ARRAY_JOB_ID=7 SLURM_ARRAY_TASK_ID=3\n\
                     srun() { \"$@\"; }\nscontrol() { exit 97; }\n";

/// A command, and the code that it exits with.
struct Line {
    command: String,
    exit: i32,
}

/// The commands of a page: the lines of its `sh` blocks, and its `bash` blocks as a whole.
fn commands(page: &str) -> Vec<Line> {
    let mut lines = Vec::new();
    for (language, content) in blocks(page) {
        if language == "bash" {
            lines.push(Line { command: format!("{SLURM}{content}"), exit: 0 });
        }
        if language == "sh" {
            let joined = content.replace("\\\n", " ");
            lines.extend(joined.lines().filter(|line| !line.is_empty()).map(|line| {
                let (command, comment) = line.split_once(" #").unwrap_or((line, ""));
                let exit = comment.trim().strip_prefix("exits with ").map_or(0, |code| code.parse().unwrap());
                Line { command: command.split_whitespace().collect::<Vec<_>>().join(" "), exit }
            }));
        }
    }
    lines
}

/// The programs that the commands may name.
fn programs() -> impl Iterator<Item = &'static str> {
    JOBS.into_iter().chain(catalogue::PROGRAMS).map(|program| program.name)
}

fn write_script(file: &Path, content: &str) {
    fs::write(file, content).unwrap();
    fs::set_permissions(file, fs::Permissions::from_mode(0o755)).unwrap();
}

/// A script that runs a program with its first arguments.
fn stand_in(program: &assert_cmd::Command) -> String {
    let words = [program.get_program()].into_iter().chain(program.get_args());
    let words: Vec<String> = words.map(|word| format!("'{}'", word.to_str().unwrap())).collect();
    format!("#!/bin/sh\nexec {} \"$@\"\n", words.join(" "))
}

/// Makes a directory look like the root of the repository, with everything built and cargo itself replaced.
fn furnish(root: &Path) {
    let programs_at = root.join("target/release");
    fs::create_dir_all(&programs_at).unwrap();
    for name in programs() {
        write_script(&programs_at.join(name), &stand_in(&binary(name)));
    }
    fs::create_dir(root.join("bin")).unwrap();
    write_script(&root.join("bin/puremix"), &format!("#!/bin/sh\nexec '{PUREMIX}' \"$@\"\n"));
    write_script(&root.join("bin/cargo"), CARGO);
    let studies = path("experiments/studies");
    fs::create_dir_all(root.join("experiments/studies")).unwrap();
    for study in fs::read_dir(&studies).unwrap().map(|entry| entry.unwrap().path()) {
        fs::copy(&study, root.join("experiments/studies").join(study.file_name().unwrap())).unwrap();
    }
    // As the Python of the chapter on data writes it.
    let rows = Dataset::orthonormal(5, 12, 1).unwrap();
    write_npy(&root.join("mine.npy"), rows.rows().unwrap(), 5, 12);
}

#[test]
fn every_command_runs_as_it_stands() {
    let mut run = 0;
    let mut left_out = BTreeSet::new();
    for page in pages() {
        let root = temporary();
        furnish(root.path());
        let path = format!("{}:{}", root.path().join("bin").display(), std::env::var("PATH").unwrap());
        for Line { command, exit } in commands(&page) {
            if let Some((listed, _)) = NOT_RUN.iter().find(|(listed, _)| *listed == command) {
                left_out.insert(*listed);
                continue;
            }
            let is_ours = ["cargo run --release", "target/release/", "puremix "]
                .iter()
                .any(|start| command.contains(start));
            assert!(is_ours, "{page}: neither one of our programs, nor listed: {command}");
            let output = Command::new("bash")
                .args(["-ec", &command])
                .current_dir(root.path())
                .env("PATH", &path)
                .stdin(Stdio::null())
                .output()
                .unwrap();
            assert_eq!(output.status.code(), Some(exit), "{page}: {command}\n{}", stderr(&output));
            run += 1;
        }
    }
    assert!(run > 30, "{run} commands");
    let listed: BTreeSet<&str> = NOT_RUN.iter().map(|(command, _)| *command).collect();
    assert_eq!(left_out, listed, "listed, but on no page");
}

/// Commands within sentences and tables.
#[test]
fn commands_in_passing_name_programs() {
    for page in pages() {
        for code in text(&page).split('`').filter(|code| code.starts_with("cargo run ")) {
            let words: Vec<&str> = code.split_whitespace().collect();
            let name = words.iter().position(|word| *word == "--bin").map(|at| words[at + 1]);
            assert!(name.is_none_or(|name| programs().any(|known| known == name)), "{page}: {code}");
        }
    }
}
