//! However the work was done, the files are the same, byte for byte.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::Duration;

use itertools::iproduct;
use rand::RngExt;

use super::{assert_same, sweep, swept, write};
use crate::common::{
    PUREMIX, contents, ended, names, names_after_kills, press_ctrl_c, program, rng, rows, stderr, stdout,
    temporary,
};

/// Stacks, single replicas, runs of every outcome.
const STUDY: &str = "title = \"all sorts\"\nseeds = 5\n[base]\nsamples = 4\ndim = 6\nsteps = 900\ntolerance = 1e-6\n\
                     [grid]\nmodel = [\"neuron\", \"shallow:3\"]\nbatch = [1, 4]\nstep-size = [0.1, 0.4, 60]\nengine = [\"autodiff\"]\n\
                     [[compare]]\naxis = \"batch\"\nwith = 4\n";

/// Some seconds of short runs.
const LONG: &str = "--grid batch=1,2,3 --grid step-size=0.1,0.2 --seeds 50 --samples 4 --dim 5 --engine reduced --steps 150000 --tolerance 0";

fn undisturbed(directory: &Path, arguments: &str) {
    sweep(directory, &format!("{arguments} --out reference"));
    assert_eq!(names(directory).into_iter().filter(|name| name.starts_with('.')).count(), 0);
}

#[test]
fn on_any_number_of_threads_and_shards() {
    let directory = &temporary();
    write(directory, "s.toml", STUDY);
    undisturbed(directory, "s.toml");
    for threads in ["1", "2", "3"] {
        let out = format!("threads-{threads}");
        let mut command = program("sweep", directory, &format!("s.toml --out {out}"));
        assert!(command.env("RAYON_NUM_THREADS", threads).output().unwrap().status.success());
        assert_same(&directory.join("reference"), &directory.join(&out), &out);
    }
    for shards in [1, 3, 8] {
        let out = format!("shards-{shards}");
        let shard = |k| program("sweep", directory, &format!("s.toml --out {out} --shard {k}/{shards}"));
        let children: Vec<_> = (1..=shards).map(|k| shard(k).spawn().unwrap()).collect();
        for child in children {
            let output = child.wait_with_output().unwrap();
            assert_eq!(output.status.code(), Some(0), "{out}: {}", stderr(&output));
        }
        assert_same(&directory.join("reference"), &directory.join(&out), &out);
    }
    let hidden = names(directory).into_iter().filter(|name| name.starts_with('.'));
    assert_eq!(hidden.count(), 0, "{:?}", names(directory));
}

#[test]
fn after_kills_at_random_moments() {
    let directory = &temporary();
    undisturbed(directory, LONG);
    let mut rng = rng(5);
    let mut broken_off = 0;
    for kill in 0..50 {
        let arguments =
            if kill % 3 == 0 { format!("{LONG} --out run --shard 2/3") } else { format!("{LONG} --out run") };
        let mut child = program("sweep", directory, &arguments).spawn().unwrap();
        thread::sleep(Duration::from_millis(rng.random_range(5..400)));
        child.kill().unwrap();
        broken_off += usize::from(!child.wait().unwrap().success());
    }
    assert!(broken_off > 3, "{broken_off} of 50 were killed before they had ended");
    sweep(directory, &format!("{LONG} --out run"));
    assert_same(&directory.join("reference"), &directory.join("run"), "kills");
    assert_eq!(names_after_kills(directory), ["reference", "run"]);
}

#[test]
fn after_an_interrupt_that_says_how_to_go_on() {
    let directory = &temporary();
    let child = program("sweep", directory, &LONG.replace("--seeds 50", "--seeds 400")).spawn().unwrap();
    thread::sleep(Duration::from_millis(700));
    press_ctrl_c(&child);
    ended(
        &child.wait_with_output().unwrap(),
        130,
        "the same command with --out runs/sweep goes on from there",
    );
    assert_eq!(names(&directory.join("runs")), [".sweep.checkpoint"]);
    // Fewer seeds are another study.
    ended(
        &swept(directory, &format!("{LONG} --out runs/sweep")),
        2,
        "keeps another run (seeds was 400, is 50",
    );
}

/// Long runs that are interrupted several times go on where they were, in stacks and alone.
#[test]
fn runs_under_way_go_on() {
    let directory = &temporary();
    let long = "--grid engine=autodiff,analytic --grid step-size=0.1,0.2 --seeds 3 --samples 5 --dim 6 --batch 2 --steps 15000 --tolerance 0";
    undisturbed(directory, long);
    let mut kept = 0;
    for _ in 0..4 {
        let child = program("sweep", directory, &format!("{long} --out run")).spawn().unwrap();
        thread::sleep(Duration::from_millis(350));
        press_ctrl_c(&child);
        child.wait_with_output().unwrap();
        let checkpoint = directory.join(".run.checkpoint");
        if checkpoint.exists() {
            kept += names(&checkpoint).iter().filter(|name| name.starts_with("under-way-")).count();
        }
    }
    assert!(kept > 0, "nothing was under way");
    sweep(directory, &format!("{long} --out run"));
    assert_same(&directory.join("reference"), &directory.join("run"), "interrupted");
    assert_eq!(names(directory), ["reference", "run"]);
}

/// Interrupted again and again while it leaves the directories of its runs, a study goes on with those that are missing.
#[test]
fn directories_of_runs_go_on() {
    let directory = &temporary();
    let long = "--grid batch=2,5 --seeds 3 --samples 5 --dim 6 --steps 8000 --tolerance 0 --engine autodiff --keep runs";
    undisturbed(directory, long);
    let mut broken_off = 0;
    for _ in 0..6 {
        let child = program("sweep", directory, &format!("{long} --out run")).spawn().unwrap();
        let mut waited = 0;
        while !directory.join("run-runs").exists() && waited < 600 {
            thread::sleep(Duration::from_millis(20));
            waited += 1;
        }
        thread::sleep(Duration::from_millis(60));
        press_ctrl_c(&child);
        let output = child.wait_with_output().unwrap();
        match output.status.code() {
            Some(130) => broken_off += 1,
            code => assert_eq!(code, Some(0), "{}", stderr(&output)),
        }
    }
    assert!(broken_off > 0, "no interrupt came while directories were left");
    sweep(directory, &format!("{long} --out run"));
    assert_same(&directory.join("reference"), &directory.join("run"), "interrupted");
    let kept = names(&directory.join("reference-runs"));
    assert_eq!((kept.len(), names(&directory.join("run-runs"))), (6, kept.clone()));
    for (name, file) in iproduct!(&kept, ["w.npy", "trajectory.csv", "correlations.csv", "neurons.csv"]) {
        let read = |of: &str| std::fs::read(directory.join(of).join(name).join(file)).unwrap();
        assert!(read("reference-runs") == read("run-runs"), "{name}/{file}");
    }
    assert_eq!(names(directory), ["reference", "reference-runs", "run", "run-runs"]);
}

#[test]
fn after_a_disk_that_was_full() {
    let directory = &temporary();
    undisturbed(directory, LONG);
    // No file may grow beyond two blocks: the journal fits, the results do not.
    let limited = format!("ulimit -f 4; exec '{PUREMIX}' sweep {LONG} --out run");
    let output = Command::new("bash").args(["-c", &limited]).current_dir(directory).output().unwrap();
    assert!(!output.status.success(), "{}", stdout(&output));
    assert!(!directory.join("run").exists());
    sweep(directory, &format!("{LONG} --out run"));
    assert_same(&directory.join("reference"), &directory.join("run"), "a full disk");
}

#[test]
fn damaged_results_are_not_taken_for_results() {
    let directory = &temporary();
    write(directory, "s.toml", STUDY);
    sweep(directory, "s.toml --out run --shard 1/2");
    let file = directory.join(".run.1-of-2.checkpoint/runs-0");
    let mut bytes = fs::read(&file).unwrap();
    bytes[7] ^= 1;
    fs::write(&file, bytes).unwrap();
    for arguments in ["s.toml --out run", "s.toml --out run --shard 2/2", "--merge run"] {
        ended(&swept(directory, arguments), 2, "runs-0 is damaged: its checksum is wrong");
    }
    sweep(directory, "s.toml --out run --force");
    assert_eq!(names(directory), ["run", "s.toml"]);
}

#[test]
fn shards_are_merged_only_when_no_run_is_missing() {
    let directory = &temporary();
    write(directory, "s.toml", STUDY);
    undisturbed(directory, "s.toml");
    let output = sweep(directory, "s.toml --out run --shard 1/3");
    assert!(
        stdout(&output).contains("shard 1/3 is done; 40 runs of other shards to come"),
        "{}",
        stdout(&output)
    );
    ended(&swept(directory, "--merge run"), 1, "40 of 60 runs are missing, the first of them model = neuron");
    assert!(!directory.join("run").exists());
    // A shard of another study is none of this one.
    ended(&swept(directory, "s.toml --seeds 6 --out run --shard 2/3"), 2, "seeds was 5, is 6");
    // Another number of shards goes on with what is there.
    for k in 1..=2 {
        sweep(directory, &format!("s.toml --out run --shard {k}/2"));
    }
    assert_same(&directory.join("reference"), &directory.join("run"), "three shards, then two");
    let complete = swept(directory, "s.toml --out run --shard 3/3");
    assert!(stdout(&complete).contains("run is complete: no run is missing"), "{}", stdout(&complete));
    let again = swept(directory, "--merge run");
    assert!(stdout(&again).contains("run is complete: no run is missing"), "{}", stderr(&again));
    assert_eq!(names(directory), ["reference", "run", "s.toml"]);
    // Shards that were started and left to a process for all.
    sweep(directory, "s.toml --out late --shard 2/3");
    sweep(directory, "s.toml --out late");
    assert_same(&directory.join("reference"), &directory.join("late"), "a shard, then all");
    assert_eq!(names(directory), ["late", "reference", "run", "s.toml"]);
}

#[test]
fn other_figures_and_comparisons_are_made_of_the_runs_that_are_there() {
    let directory = &temporary();
    let other = STUDY.replace("all sorts", "others").replace("with = 4", "with = 1")
        + "[[figure]]\nx = \"batch\"\ny = \"loss\"\nseries = \"model\"\n";
    write(directory, "other.toml", &other);
    write(directory, "s.toml", STUDY);
    sweep(directory, "s.toml --out run");
    let first = contents(&directory.join("run"));
    let complete = swept(directory, "s.toml --out run");
    assert!(stdout(&complete).contains("run is complete: no run is missing"));
    sweep(directory, "other.toml --out run");
    sweep(directory, "other.toml --out fresh");
    let (mut run, mut fresh) = (contents(&directory.join("run")), contents(&directory.join("fresh")));
    assert_eq!(run["runs.csv"], first["runs.csv"]);
    assert_ne!(run["comparisons.csv"], first["comparisons.csv"]);
    // Which run gave way stands in the manifest alone.
    [&mut run, &mut fresh].into_iter().for_each(|files| drop(files.remove("manifest.json")));
    assert!(run == fresh);
    // Another study is refused, and replaced if that is asked for.
    ended(&swept(directory, "s.toml --steps 901 --out run"), 2, "keeps another run (base was {");
    sweep(directory, "s.toml --steps 901 --out run --force");
    assert_eq!(rows(&directory.join("run/runs.csv")).len(), 60);
}

/// Options that have the name of something that is measured.
#[test]
fn what_varies_is_told_from_what_is_measured() {
    let directory = &temporary();
    let study = "seeds = 2\n[base]\nsamples = 4\ntolerance = 0.5\n[grid]\nsteps = [50, 4000]\nsharpness = [true, false]\n";
    write(directory, "s.toml", study);
    sweep(directory, "s.toml --out run");
    let first = contents(&directory.join("run"));
    let taken: Vec<bool> =
        rows(&directory.join("run/runs.csv")).iter().map(|row| row["steps"] == row["steps_taken"]).collect();
    assert!(taken.contains(&false), "every run took all of its steps");
    write(directory, "s.toml", &format!("title = \"other\"\n{study}"));
    sweep(directory, "s.toml --out run");
    let then = contents(&directory.join("run"));
    assert!(first["runs.csv"] == then["runs.csv"] && first["summary.csv"] == then["summary.csv"]);
}

/// One run ends at once, the other takes long: what ended is kept although nothing else ends.
#[test]
fn what_ended_is_on_disk_while_others_go_on() {
    let directory = &temporary();
    let grid = "--grid steps=1,2,2_000_000_000 --samples 4 --dim 5 --engine reduced --tolerance 0 --out run";
    let mut child = program("sweep", directory, grid).env("RAYON_NUM_THREADS", "3").spawn().unwrap();
    thread::sleep(Duration::from_secs(2));
    child.kill().unwrap();
    child.wait().unwrap();
    let output = swept(directory, "--merge run");
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    assert!(
        stderr(&output).contains("1 of 3 are missing") || stderr(&output).contains("1 of 3 runs are missing"),
        "{}",
        stderr(&output)
    );
}

#[test]
fn drawn_again_it_is_the_same() {
    let directory = &temporary();
    write(directory, "s.toml", STUDY);
    undisturbed(directory, "s.toml");
    sweep(directory, "s.toml --out run --no-page");
    assert!(!directory.join("run/report.html").exists());
    sweep(directory, "--render run");
    let (mut run, mut reference) = (contents(&directory.join("run")), contents(&directory.join("reference")));
    [&mut run, &mut reference].into_iter().for_each(|files| drop(files.remove("manifest.json")));
    assert!(run == reference);
}
