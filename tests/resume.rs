//! A run that is broken off, by a pause, by Ctrl-C or by `kill -9`, and gone on with is the run that was not.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::Output;
use std::thread;
use std::time::Duration;

use assert_cmd::output::OutputOkExt;
use puremix::data::Dataset;
use puremix::device::{Backend, Compute, Precision};
use puremix::engine::{Engine, Snapshot};
use puremix::init::Start;
use puremix::measure::trajectory::{Gauge, Trajectory};
use puremix::model::Activation;
use puremix::problem::{Problem, Reduction};
use puremix::schedule::{Schedule, ScheduleKind};
use puremix::state::Neuron;
use puremix::theory;
use puremix::train::{Cadence, Observer, Outcome, PATIENCE, Plan, Run, StopRule, Training, train};
use rand::{RngExt, SeedableRng};
use serde_json::Value;

use crate::common::{
    KINDS, appears, assert_same_run, correlated, ended, engines_from, files, json, leave, names,
    names_after_kills, press_ctrl_c, program, sign, stderr, stdout, succeeds, temporary, trained, write_npy,
};

fn starts(data: &Dataset) -> Vec<Start> {
    (0..2).map(|replica| Start::gaussian(data, 0.5, 6, replica).unwrap()).collect()
}

/// To disk and back.
fn stored<T: serde::Serialize + serde::de::DeserializeOwned>(value: &T) -> T {
    postcard::from_bytes(&postcard::to_stdvec(value).unwrap()).unwrap()
}

fn bits(snapshot: &Snapshot) -> Vec<Vec<u64>> {
    snapshot.replicas.iter().map(|values| values.iter().map(|x| x.to_bits()).collect()).collect()
}

#[test]
fn an_engine_restored_takes_the_same_steps_to_the_bit() {
    // In chunks of a device and off them, at epochs and off them, across refreshes of the reduced engine; and the same
    // steps in slices of any size.
    const CUTS: [u64; 4] = [1, 64, 200, 1025];
    const STEPS: u64 = 1300;
    let doubles = Compute::default();
    let singles = Compute::new(Backend::default(), Some(Precision::F32)).unwrap();
    let orthonormal = |m, n| Dataset::orthonormal(m, n, 3).unwrap();
    for (data, b, step_size, compute) in [
        (orthonormal(7, 9), 3, 0.15, &doubles),
        (orthonormal(7, 9), 1, 0.15, &doubles),
        (orthonormal(7, 7), 5, 0.15, &singles),
        (correlated(5, 8, 2), 2, 0.02, &doubles),
        (orthonormal(3, 5).with_norms(&[1.2, 0.5, 0.9]).unwrap(), 1, 0.15, &doubles),
        // Diverges on the way.
        (orthonormal(7, 9), 3, 7.5, &doubles),
    ] {
        for kind in KINDS {
            let batch = if kind == ScheduleKind::Gd { data.samples() } else { b };
            let schedule = Schedule::new(kind, data.samples(), Some(batch), 5).unwrap();
            // Uniform draws are those of the other kinds.
            let schedule = if kind == ScheduleKind::Replacement {
                schedule.weighted(&(1..=data.samples()).map(|q| q as f64).collect::<Vec<_>>()).unwrap()
            } else {
                schedule
            };
            let problem = Problem::new(data.clone(), Activation::Relu, Reduction::Mean, step_size).unwrap();
            let (starts, compute) = (starts(&data), compute);
            let fresh = || engines_from(&problem, &schedule, &starts, 1, compute);
            for (k, mut engine) in fresh().into_iter().enumerate() {
                let mut taken = 0;
                let mut kept = Vec::new();
                for cut in CUTS {
                    engine.advance(cut - taken);
                    taken = cut;
                    kept.push(stored(&engine.snapshot()));
                }
                engine.advance(STEPS - taken);
                let end = engine.snapshot();
                let told: Vec<Vec<Neuron>> = (0..engine.replicas()).map(|r| engine.neurons(r)).collect();
                let mut whole = fresh().into_iter().nth(k).unwrap();
                whole.advance(STEPS);
                let mut again: Vec<Box<dyn Engine>> = vec![whole];
                for snapshot in &kept {
                    let mut restored = fresh().into_iter().nth(k).unwrap();
                    restored.advance(17);
                    restored.restore(snapshot).unwrap();
                    restored.advance(STEPS - snapshot.step);
                    again.push(restored);
                }
                for (other, cut) in again.iter().zip([0].iter().chain(&CUTS)) {
                    let at = format!("engine {k}, {kind:?}, b = {batch}, η = {step_size}, cut at {cut}");
                    let snapshot = other.snapshot();
                    assert_eq!(bits(&snapshot), bits(&end), "{at}");
                    assert_eq!((snapshot.step, &snapshot.diverged_at), (STEPS, &end.diverged_at), "{at}");
                    for (r, told) in told.iter().enumerate() {
                        assert_eq!(format!("{:?}", other.neurons(r)), format!("{told:?}"), "{at}");
                    }
                }
            }
        }
    }
}

#[test]
fn a_snapshot_of_another_engine_is_refused() {
    let data = Dataset::orthonormal(4, 6, 1).unwrap();
    let problem = Problem::new(data.clone(), Activation::Relu, Reduction::Mean, 0.1).unwrap();
    let schedule = Schedule::sgd(4, 1, 1).unwrap();
    let starts = starts(&data);
    let all = || engines_from(&problem, &schedule, &starts, 1, &Compute::default());
    for (k, mut engine) in all().into_iter().enumerate() {
        for (other, from) in all().iter().enumerate().filter(|(other, _)| *other != k) {
            assert!(engine.restore(&from.snapshot()).is_err(), "{k} from {other}");
        }
    }
}

/// An engine that is so slow at some steps that the loop asks whether to pause.
struct Slow<'a>(&'a mut dyn Engine, u64);

impl Engine for Slow<'_> {
    fn replicas(&self) -> usize {
        self.0.replicas()
    }
    fn steps_taken(&self) -> u64 {
        self.0.steps_taken()
    }
    fn advance(&mut self, steps: u64) {
        let before = self.0.steps_taken();
        self.0.advance(steps);
        if before < self.1 && self.0.steps_taken() >= self.1 {
            thread::sleep(Duration::from_millis(120));
        }
    }
    fn retire(&mut self, replica: usize) {
        self.0.retire(replica);
    }
    fn diverged_at(&self, replica: usize) -> Option<u64> {
        self.0.diverged_at(replica)
    }
    fn neurons(&self, replica: usize) -> Vec<Neuron> {
        self.0.neurons(replica)
    }
    fn loss(&self, replica: usize) -> f64 {
        self.0.loss(replica)
    }
    fn slope(&self, replica: usize) -> f64 {
        self.0.slope(replica)
    }
    fn weights(&self, replica: usize) -> puremix::Result<Vec<f64>, puremix::Misuse> {
        self.0.weights(replica)
    }
    fn position(&self, replica: usize) -> Vec<f64> {
        self.0.position(replica)
    }
    fn is_dead(&self, replica: usize) -> bool {
        self.0.is_dead(replica)
    }
    fn snapshot(&self) -> Snapshot {
        self.0.snapshot()
    }
    fn restore(&mut self, snapshot: &Snapshot) -> puremix::Result<(), puremix::Misuse> {
        self.0.restore(snapshot)
    }
}

/// All of a run that is a number, to the digit.
fn told(runs: &[Run]) -> String {
    format!("{runs:?}")
}

#[test]
fn a_training_paused_ends_as_if_it_had_not_been() {
    let data = Dataset::orthonormal(5, 8, 4).unwrap();
    let starts = starts(&data);
    let schedule = Schedule::new(ScheduleKind::Reshuffle, 5, Some(2), 3).unwrap();
    let set =
        |start: &Start| theory::predicted_limit(&schedule, &start.correlations, Activation::Linear).unwrap();
    let limit = StopRule::Limit { sets: starts.iter().map(set).collect(), tolerance: 1e-6 };
    let tail = StopRule::Tail { window: 30, tolerance: 1e-6 };
    let compute = Compute::default();
    for (stop, step_size, ended) in [
        (limit, 0.2, Outcome::Converged),
        (tail, 0.2, Outcome::Converged),
        (StopRule::Never, 0.1, Outcome::MaxSteps),
        (StopRule::Never, 9.0, Outcome::Diverged),
    ] {
        let problem = Problem::new(data.clone(), Activation::Linear, Reduction::Mean, step_size).unwrap();
        let plan = Plan { budget: 20_000, stop, check_every: 37 };
        for k in 0..3 {
            let fresh =
                || engines_from(&problem, &schedule, &starts, 1, &compute).into_iter().nth(k).unwrap();
            let recorder = || {
                let gauge = Gauge::new(&data, Activation::Linear, &starts[0]);
                Trajectory::new(gauge, Cadence::Logarithmic { per_decade: 7 }, 0)
            };
            let mut whole = recorder();
            let (runs, _) = train(fresh().as_mut(), &plan, &mut [&mut whole]);
            assert!(runs.iter().all(|run| run.outcome == ended), "{runs:?}");

            let (mut engine, mut trajectory) = (fresh(), recorder());
            let mut training = Training::new(engine.as_ref(), 1);
            let mut pauses = 0;
            for cut in [1, 70, 222, u64::MAX] {
                let mut slow = Slow(engine.as_mut(), cut);
                let mut observers: [&mut dyn Observer; 1] = [&mut trajectory];
                if training.go_on(&mut slow, &plan, &mut observers, PATIENCE, |_| cut < u64::MAX) {
                    break;
                }
                pauses += 1;
                // A new process would know this much.
                let (snapshot, rows) = (stored(&engine.snapshot()), stored(&trajectory.rows));
                training = stored(&training);
                (engine, trajectory) = (fresh(), recorder());
                engine.restore(&snapshot).unwrap();
                trajectory.rows = rows;
            }
            assert!(
                pauses >= 1 && (pauses == 3 || ended == Outcome::Diverged),
                "engine {k}: {pauses} pauses"
            );
            assert!(training.is_finished());
            assert_eq!(told(&training.into_runs().0), told(&runs), "engine {k}, {:?}", plan.stop);
            assert_eq!(format!("{:?}", trajectory.rows), format!("{:?}", whole.rows), "engine {k}");
        }
    }
}

const RUN: &str = "--out run --checkpoint-every 0.02 --record-batches --every 900";

#[test]
fn killed_at_random_moments_a_run_comes_out_the_same() {
    let jobs = [
        "--samples 7 --dim 9 --batch 3 --schedule sgd --engine autodiff --tolerance 0 --steps 60000",
        "--samples 50 --batch 3 --schedule reshuffle --engine reduced --replicas 150 --tolerance 0 --steps 200000 --no-page",
        // Eight abreast, regrouped as one after the other arrives.
        "--samples 500 --batch 1 --schedule sgd --step-size 0.15 --engine reduced --replicas 77 --tolerance 1e-9 --steps 30000000 --no-page",
        "--samples 7 --dim 11 --batch 2 --schedule replacement --engine analytic --replicas 4 --tolerance 0 --steps 40000 --no-page",
        "--samples 5 --dim 8 --batch 2 --model deep:3-2+bias --activation tanh --tolerance 0 --steps 12000 --sharpness 700",
        // A Gram matrix and the tail rule, single precision, and a cycle.
        "--data data.npy --batch 2 --schedule sgd --engine reduced --replicas 3 --step-size 1e-4 --tolerance 1e-13 --steps 1500000 --no-page",
        "--samples 7 --dim 9 --batch 1 --schedule cyclic --engine autodiff --precision f32 --tolerance 0 --steps 60000 --no-page",
    ];
    let data = correlated(6, 9, 7);
    let mut rng = chacha20::ChaCha8Rng::seed_from_u64(20);
    let (mut kills, mut taken_up) = (0, 0);
    for (job, round) in jobs.into_iter().cycle().zip(0..) {
        if round >= jobs.len() && kills >= 20 {
            break;
        }
        let directories = [temporary(), temporary()];
        let [reference, directory] = [directories[0].path(), directories[1].path()];
        for directory in [reference, directory] {
            write_npy(&directory.join("data.npy"), data.rows().unwrap(), 6, 9);
        }
        let arguments = format!("{job} {RUN} --seed {}", round + 3);
        succeeds(reference, &arguments);
        let job_file = directory.join(".run.checkpoint/job.json");
        for attempt in 1.. {
            taken_up += u32::from(job_file.exists());
            let mut child = program("train", directory, &format!("{arguments} --resume")).spawn().unwrap();
            // Very early ones too; later ones more and more patient, so that it ends on any machine.
            thread::sleep(Duration::from_millis(rng.random_range(0..60 * attempt)));
            let had_checkpoint = job_file.exists();
            child.kill().unwrap();
            let output = child.wait_with_output().unwrap();
            if let Some(code) = output.status.code() {
                assert_eq!(code, 0, "{}", stderr(&output));
                break;
            }
            // Before there is anything on disk there is nothing to be lost.
            kills += u32::from(had_checkpoint);
        }
        // The last may have been killed when all but done; whatever is left, this finds an end.
        let end = trained(directory, &format!("{arguments} --resume"));
        assert!(stdout(&end).contains("run is complete: there is nothing to resume"), "{}", stderr(&end));
        assert_same_run(&reference.join("run"), &directory.join("run"), job);
        assert_eq!(names_after_kills(directory), ["data.npy", "run"], "{job}");
    }
    assert!(kills >= 20 && taken_up >= 20, "{kills} kills, {taken_up} checkpoints taken up");
}

/// A run interrupted as soon as its first part is on disk.
fn interrupted(directory: &Path, arguments: &str) -> Output {
    let child = program("train", directory, arguments).spawn().unwrap();
    assert!(appears(&directory.join(".run.checkpoint/part-0")));
    press_ctrl_c(&child);
    child.wait_with_output().unwrap()
}

const LONG: &str = "--samples 6 --dim 9 --batch 4 --step-size 0.05 --schedule cyclic --replicas 2 --tolerance 0 --steps 80000";

#[test]
fn ctrl_c_keeps_a_run_that_resume_ends() {
    let directories = [temporary(), temporary()];
    let [reference, directory] = [directories[0].path(), directories[1].path()];
    let arguments = format!("{LONG} {RUN}");
    succeeds(reference, &arguments);
    let output = interrupted(directory, &arguments);
    ended(&output, 130, "the same command with --resume goes on from there");
    assert!(output.stdout.is_empty(), "{}", stdout(&output));
    assert_eq!(names(directory), [".run.checkpoint"], "no run directory before the end");
    succeeds(directory, &format!("{arguments} --resume --json"));
    assert_eq!(names(directory), ["run"], "no checkpoint after the end");
    let config = |directory: &Path| {
        let mut config = json(&directory.join("run/config.json"));
        config["json"] = Value::Null;
        config
    };
    assert_eq!(config(reference), config(directory));
    for name in ["config.json", "manifest.json"] {
        fs::copy(reference.join("run").join(name), directory.join("run").join(name)).unwrap();
    }
    assert_same_run(&reference.join("run"), &directory.join("run"), LONG);
}

#[test]
fn a_checkpoint_is_only_gone_on_with_by_its_own_run() {
    let directory = &temporary();
    let arguments = format!("{LONG} {RUN}");
    assert_eq!(interrupted(directory, &arguments).status.code(), Some(130));
    let refuses = |arguments: &str, needles: &[&str]| {
        let output = trained(directory, arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments}");
        for needle in needles {
            assert!(stderr(&output).contains(needle), "{arguments}: {}", stderr(&output));
        }
    };
    let part = directory.join(".run.checkpoint/part-0");
    let kept = fs::read(&part).unwrap();
    let job = part.with_file_name("job.json");
    let kept_job = fs::read_to_string(&job).unwrap();
    refuses(&arguments, &["keeps a run that is not finished", "--resume", "--force", "delete"]);
    refuses(
        &format!("{arguments} --resume --seed 2").replace("0.05", "0.06"),
        &["keeps another run", "step_size was 0.05, is 0.06; seed was 1, is 2"],
    );
    // Another version, and a part that another run left.
    let version = concat!("\"version\": \"", env!("CARGO_PKG_VERSION"), "\"");
    assert!(kept_job.contains(version), "{kept_job}");
    fs::write(&job, kept_job.replace(version, "\"version\": \"0.0.9\"")).unwrap();
    refuses(&format!("{arguments} --resume"), &["keeps another run (version was \"0.0.9\", is"]);
    fs::write(&job, &kept_job).unwrap();
    let other = temporary();
    assert_eq!(interrupted(other.path(), &format!("{arguments} --seed 2")).status.code(), Some(130));
    fs::copy(other.path().join(".run.checkpoint/part-0"), &part).unwrap();
    refuses(&format!("{arguments} --resume"), &["part-0 is damaged: it belongs to another run"]);
    fs::write(&part, &kept[..kept.len() / 2]).unwrap();
    refuses(&format!("{arguments} --resume"), &["part-0 is damaged: its checksum is wrong"]);
    fs::write(&part, b"short").unwrap();
    refuses(&format!("{arguments} --resume"), &["part-0 is damaged: it is cut short"]);
    let mut flipped = kept.clone();
    flipped[kept.len() / 3] ^= 4;
    fs::write(&part, &flipped).unwrap();
    refuses(&format!("{arguments} --resume"), &["part-0 is damaged", "--force instead of --resume"]);
    fs::write(part.with_file_name("job.json"), "{").unwrap();
    refuses(&format!("{arguments} --resume"), &["job.json is damaged"]);
    fs::write(part.with_file_name("thesis.tex"), "x").unwrap();
    refuses(&format!("{arguments} --force"), &["holds something that this program did not put there"]);
    fs::remove_file(part.with_file_name("thesis.tex")).unwrap();
    succeeds(directory, &format!("{arguments} --force").replace("80000", "80"));
    assert_eq!(names(directory), ["run"]);
}

#[test]
fn a_run_on_other_data_is_another_run() {
    let directory = &temporary();
    let arguments = format!("--data data.npy --batch 2 --step-size 0.01 --tolerance 0 --steps 80000 {RUN}");
    let write = |seed| write_npy(&directory.join("data.npy"), correlated(6, 9, seed).rows().unwrap(), 6, 9);
    write(1);
    assert_eq!(interrupted(directory, &arguments).status.code(), Some(130));
    write(2);
    ended(&trained(directory, &format!("{arguments} --resume")), 2, "keeps another run (data_checksum was");
    write(1);
    succeeds(directory, &format!("{arguments} --resume"));
}

#[test]
fn resume_without_a_checkpoint_begins_and_after_the_end_does_nothing() {
    let directory = &temporary();
    let arguments = "--steps 50 --out run --resume";
    succeeds(directory, arguments);
    let files_then = files(&directory.join("run"));
    // As if it had ended between its last two deeds.
    let mut job = json(&directory.join("run/config.json"));
    for key in ["out", "force", "json", "files"] {
        job.as_object_mut().unwrap().remove(key);
    }
    leave(&directory.join(".run.checkpoint"), "job.json", &job.to_string());
    let again = succeeds(directory, arguments);
    assert_eq!(stdout(&again), "run is complete: there is nothing to resume\n");
    let summary: Value =
        serde_json::from_str(&stdout(&trained(directory, &format!("{arguments} --json")))).unwrap();
    assert_eq!(summary["steps"], 50);
    assert_eq!(files(&directory.join("run")), files_then);
    assert_eq!(names(directory), ["run"]);
    // Another run is no reason to call this one complete.
    for other in ["--steps 50 --seed 2", "--steps 40"] {
        ended(&trained(directory, &format!("{other} --out run --resume")), 2, "run keeps another run (");
    }
    succeeds(directory, "--steps 60 --out run --resume --force");
    assert_eq!(json(&directory.join("run/summary.json"))["steps"], 60);

    for (arguments, needle) in [
        ("--resume", "--out <DIR>"),
        ("--checkpoint-every -1 --out never", "--checkpoint-every -1: give seconds, or 0"),
        ("--checkpoint-every NaN --out never", "--checkpoint-every NaN: give seconds, or 0"),
    ] {
        ended(&trained(directory, arguments), 2, needle);
    }
}

#[test]
fn with_more_steps_a_finished_run_goes_on_as_if_it_had_had_them() {
    let jobs = [
        "--samples 7 --dim 9 --batch 3 --engine autodiff --tolerance 0 --every 70",
        // Some replicas arrive before an end, some after it.
        "--samples 6 --dim 9 --batch 2 --step-size 0.2 --engine reduced --replicas 77 --tolerance 1e-3 --every 100 --no-page",
        "--samples 7 --dim 11 --batch 2 --schedule replacement --engine analytic --replicas 4 --tolerance 0 --every 9 --no-page",
        "--samples 5 --dim 8 --batch 2 --model deep:3-2+bias --activation tanh --tolerance 1e-9 --every 50 --sharpness 90",
        "--data data.npy --batch 2 --engine reduced --replicas 3 --step-size 1e-3 --tolerance 1e-13 --every 64 --no-page",
        "--samples 6 --dim 9 --engine analytic --tolerance 0 --every log --sharpness 90 --no-page",
        "--samples 6 --dim 9 --batch 4 --tolerance 0 --every 40 --sharpness log --no-page",
    ];
    let data = correlated(6, 9, 7);
    let mut interrupted = 0;
    for job in jobs {
        let directories = [temporary(), temporary()];
        let [reference, directory] = [directories[0].path(), directories[1].path()];
        for directory in [reference, directory] {
            write_npy(&directory.join("data.npy"), data.rows().unwrap(), 6, 9);
        }
        succeeds(reference, &format!("{job} --steps 1234 --out run"));
        for steps in ["130", "631", "1234"] {
            succeeds(directory, &format!("{job} --steps {steps} --out run --resume"));
        }
        assert_same_run(&reference.join("run"), &directory.join("run"), job);
        // Interrupted on the way to more, it keeps both the old end and the new state.
        let state = fs::read(directory.join("run/manifest.json")).unwrap();
        let more = format!("{job} --steps 100000000 --checkpoint-every 0.01 --out run --resume");
        let mut child = program("train", directory, &more).spawn().unwrap();
        let part = directory.join(".run.checkpoint/part-0");
        let mut runs = true;
        while runs && !part.exists() {
            thread::sleep(Duration::from_millis(2));
            runs = child.try_wait().unwrap().is_none();
        }
        if !runs {
            continue;
        }
        press_ctrl_c(&child);
        if child.wait_with_output().unwrap().status.code() == Some(130) {
            assert_eq!(fs::read(directory.join("run/manifest.json")).unwrap(), state, "{job}");
            interrupted += 1;
        }
    }
    assert!(interrupted >= 2, "{interrupted}");
    // A script may say so twice, without the distance of the rows, too.
    let again = temporary();
    let again = again.path();
    let job = "--samples 6 --dim 9 --tolerance 0 --out run";
    succeeds(again, &format!("{job} --steps 300"));
    let longer = format!("{job} --steps 30000 --resume");
    succeeds(again, &longer);
    assert_eq!(stdout(&trained(again, &longer)), "run is complete: there is nothing to resume\n");
    // Rows may come at another distance from the old end on.
    let directory = &temporary();
    let job = "--samples 6 --dim 9 --tolerance 0 --out run --resume";
    succeeds(directory, &format!("{job} --steps 100 --every 40"));
    succeeds(directory, &format!("{job} --steps 400 --every 100"));
    let text = fs::read_to_string(directory.join("run/trajectory.csv")).unwrap();
    let steps: Vec<&str> = text.lines().skip(1).map(|line| line.split(',').next().unwrap()).collect();
    assert_eq!(steps, ["0", "40", "80", "100", "120", "200", "300", "400"]);
    // What was distant by a number may become logarithmic, and the other way round; without a word they stay as they were.
    for (first, then, expected) in [
        ("--every 50", "--every log", "0 50 150 151 155 159 160"),
        ("--every log", "--every 50", "97 99 100 101 150 160"),
        (
            "",
            "",
            "97 99 101 103 105 107 109 112 115 118 121 124 127 130 133 136 139 142 145 148 151 155 159 160",
        ),
    ] {
        succeeds(directory, &format!("{job} --steps 100 {first} --force"));
        succeeds(directory, &format!("{job} --steps 160 {then}"));
        let text = fs::read_to_string(directory.join("run/trajectory.csv")).unwrap();
        let steps: Vec<&str> = text.lines().skip(1).map(|line| line.split(',').next().unwrap()).collect();
        assert!(steps.join(" ").ends_with(expected), "{first} {then}: {steps:?}");
    }
    // Where every replica has arrived there is nothing to go on with.
    let directory = &temporary();
    succeeds(directory, "--steps 20000 --step-size 0.2 --out run");
    let again = trained(directory, "--steps 90000 --step-size 0.2 --out run --resume");
    assert_eq!(stdout(&again), "run is complete: there is nothing to resume\n");
    // The state is checked like a checkpoint.
    succeeds(directory, "--steps 50 --out short");
    let state = fs::read(directory.join("short/state.bin")).unwrap();
    for (bytes, needle) in [
        (b"x".to_vec(), "state.bin is damaged: it is missing, or changed since it was written"),
        (state[..state.len() / 2].to_vec(), "state.bin is damaged: Hit the end of buffer"),
        (vec![0], "state.bin is damaged: it has another number of parts"),
    ] {
        fs::write(directory.join("short/state.bin"), &bytes).unwrap();
        if bytes != b"x" {
            sign(&directory.join("short"));
        }
        ended(&trained(directory, "--steps 60 --out short --resume"), 2, needle);
    }
}

/// The line of the first claim, below the heading of its group.
fn first_claim(output: &mut impl BufRead) -> String {
    let mut line = String::new();
    output.read_line(&mut line).unwrap();
    assert!(["the paper\n", "beyond the paper\n"].contains(&line.as_str()), "{line}");
    line.clear();
    output.read_line(&mut line).unwrap();
    line
}

#[test]
fn ctrl_c_leaves_the_report_of_the_finished_claims() {
    let directory = &temporary();
    let mut child = program("reproduce", directory, "--effort standard --only landscape,sgd_limit --out run");
    let mut child = child.spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap());
    let line = first_claim(&mut lines);
    assert!(line.contains("landscape"), "{line}");
    press_ctrl_c(&child);
    let mut rest = String::new();
    lines.read_to_string(&mut rest).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert!(rest.contains("interrupted: 1 of 1 finished claims reproduced"), "{rest}");
    let report = json(&directory.join("run/report.json"));
    assert_eq!(report["interrupted"], true);
    let ids: Vec<&Value> = report["claims"].as_array().unwrap().iter().map(|claim| &claim["id"]).collect();
    assert_eq!(ids, ["landscape"]);
    assert_eq!(names(directory), [".run.checkpoint", "run"]);
}

/// A report without its times.
fn timeless(path: &Path) -> Value {
    let mut report = json(path);
    report["seconds"] = Value::Null;
    for entry in ["claims", "explorations"] {
        for claim in report[entry].as_array_mut().unwrap() {
            claim["seconds"] = Value::Null;
        }
    }
    report
}

#[test]
fn a_report_broken_off_is_gone_on_with_and_finished_claims_are_not_examined_again() {
    const CLAIMS: &str = "--effort quick --seed 5 --only hypothesis_map,landscape,sgd_limit --out run";
    let directories = [temporary(), temporary()];
    let [reference, directory] = [directories[0].path(), directories[1].path()];
    program("reproduce", reference, CLAIMS).unwrap();
    assert_eq!(names(reference), ["run"]);
    let resume = format!("{CLAIMS} --resume");
    let kept = directory.join(".run.checkpoint/claim-hypothesis_map");
    let mut child = program("reproduce", directory, &resume).spawn().unwrap();
    assert!(appears(&kept));
    child.kill().unwrap();
    assert_eq!(child.wait().unwrap().code(), None);
    let refuses = |arguments: &str, needle: &str| {
        ended(&program("reproduce", directory, arguments).output().unwrap(), 2, needle);
    };
    refuses(CLAIMS, "keeps a run that is not finished");
    refuses(&resume.replace("--seed 5", "--seed 6"), "keeps another run (seed was 5, is 6)");
    let bytes = fs::read(&kept).unwrap();
    fs::write(&kept, &bytes[..bytes.len() - 3]).unwrap();
    refuses(&resume, "claim-hypothesis_map is damaged: its checksum is wrong");
    fs::write(&kept, &bytes).unwrap();

    // Ctrl-C, with one claim more or not; and to the end.
    let mut child = program("reproduce", directory, &resume).spawn().unwrap();
    let line = first_claim(&mut BufReader::new(child.stdout.as_mut().unwrap()));
    assert!(line.contains("hypothesis_map"), "{line}");
    press_ctrl_c(&child);
    assert!(matches!(child.wait().unwrap().code(), Some(130 | 0)));
    program("reproduce", directory, &resume).unwrap();
    assert_eq!(names(directory), ["run"]);
    let of = |directory: &Path, name: &str| directory.join("run").join(name);
    assert_eq!(timeless(&of(reference, "report.json")), timeless(&of(directory, "report.json")));
    let map = |directory| fs::read(of(directory, "hypothesis_map.csv")).unwrap();
    assert_eq!(map(reference), map(directory));

    let again = program("reproduce", directory, &resume).unwrap();
    assert_eq!(stdout(&again), "run is complete: there is nothing to resume\n");
    refuses(&resume.replace("--seed 5", "--seed 6"), "run keeps another run (seed was 5, is 6)");
    // By a program of its own a claim is another run.
    ended(
        &program("landscape", directory, "--effort quick --seed 5 --out run --resume").output().unwrap(),
        2,
        "keeps another run (program was \"reproduce\", is \"landscape\"",
    );
}
