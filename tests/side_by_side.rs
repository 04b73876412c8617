//! Processes that want the same place, and threads that share the work: results are those of one.

use std::fs;
use std::path::Path;
use std::process::Output;

use crate::common::{
    appears, assert_same_run, correlated, ended, json, leave, names, press_ctrl_c, program, stderr, succeeds,
    temporary, trained, write_npy,
};

const JOB: &str = "--samples 6 --dim 9 --batch 4 --step-size 0.05 --schedule cyclic --replicas 2 --tolerance 0 --steps 30000 \
                   --checkpoint-every 0.01";

/// Two processes that start together.
fn both(directory: &Path, arguments: [&str; 2]) -> [Output; 2] {
    let children = arguments.map(|arguments| program("train", directory, arguments).spawn().unwrap());
    children.map(|child| child.wait_with_output().unwrap())
}

#[test]
fn of_two_processes_with_one_target_one_writes_and_the_other_says_so() {
    let directories = [temporary(), temporary()];
    let [reference, directory] = [directories[0].path(), directories[1].path()];
    let arguments = format!("{JOB} --out run");
    succeeds(reference, &arguments);
    // Of the same job, of another one, and of one that would take its place.
    for other in ["", " --seed 2", " --seed 2 --force --resume"] {
        let first = program("train", directory, &arguments).spawn().unwrap();
        assert!(appears(&directory.join(".run.checkpoint/job.json")));
        ended(
            &trained(directory, &format!("{arguments}{other}")),
            2,
            "run is being written by another process",
        );
        let first = first.wait_with_output().unwrap();
        assert_eq!(first.status.code(), Some(0), "{}", stderr(&first));
        assert_same_run(&reference.join("run"), &directory.join("run"), other);
        assert_eq!(names(directory), ["run"]);
        fs::remove_dir_all(directory.join("run")).unwrap();
    }
    // Started together: whoever comes second is refused, now or because the run is there.
    let codes = both(directory, [&arguments, &arguments]).map(|output| output.status.code().unwrap());
    assert!(codes == [0, 2] || codes == [2, 0], "{codes:?}");
    assert_same_run(&reference.join("run"), &directory.join("run"), "together");
    assert_eq!(names(directory), ["run"]);
}

#[test]
fn without_a_target_two_processes_find_two() {
    let directory = &temporary();
    let arguments = ["1", "2"].map(|seed| format!("{JOB} --seed {seed}"));
    for output in both(directory, arguments.each_ref().map(String::as_str)) {
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    }
    let runs = directory.join("runs");
    assert_eq!(names(&runs), ["train", "train-2"]);
    let seeds = ["train", "train-2"].map(|name| json(&runs.join(name).join("config.json"))["seed"].as_u64());
    assert!(seeds == [Some(1), Some(2)] || seeds == [Some(2), Some(1)], "{seeds:?}");
}

#[test]
fn what_appears_meanwhile_is_not_replaced() {
    let directories = [temporary(), temporary()];
    let [reference, directory] = [directories[0].path(), directories[1].path()];
    let arguments = format!("{JOB} --out run");
    succeeds(reference, &arguments);
    let child = program("train", directory, &arguments).spawn().unwrap();
    assert!(appears(&directory.join(".run.checkpoint/job.json")));
    fs::create_dir(directory.join("run")).unwrap();
    fs::write(directory.join("run/summary.json"), "mine").unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let error = stderr(&output);
    assert!(
        error.contains("the run is finished, but could not be put in its place run (run is no run directory"),
        "{error}"
    );
    assert!(error.contains("its files are in ./.run.partial; rename that"), "{error}");
    assert_eq!(fs::read(directory.join("run/summary.json")).unwrap(), b"mine");
    // The work is not lost, and not thrown away by the next run.
    ended(
        &trained(directory, &format!("{arguments} --force")),
        2,
        "(the place is taken): its files are in ./.run.partial",
    );
    fs::remove_dir_all(directory.join("run")).unwrap();
    succeeds(directory, &format!("{arguments} --resume"));
    assert_eq!(names(directory), ["run"]);
    assert_same_run(&reference.join("run"), &directory.join("run"), "resumed");
}

#[test]
fn what_a_killed_process_left_is_cleaned_up() {
    let directory = &temporary();
    let arguments = "--steps 20 --no-page --out run";
    succeeds(directory, arguments);
    // Killed while it was clearing away the run that gave way to the one in place.
    let old = directory.join("old");
    fs::create_dir(&old).unwrap();
    for entry in fs::read_dir(directory.join("run")).unwrap().map(|entry| entry.unwrap()) {
        fs::copy(entry.path(), old.join(entry.file_name())).unwrap();
    }
    succeeds(directory, "--steps 25 --out run --force");
    fs::rename(&old, directory.join(".run.replaced")).unwrap();
    fs::remove_file(directory.join(".run.replaced/w.npy")).unwrap();
    fs::write(directory.join(".run.replaced/notes.txt"), "mine").unwrap();
    leave(&directory.join(".run.partial"), "w.npy", "x");
    fs::write(directory.join(".run.lock"), "held by a running puremix\n").unwrap();
    succeeds(directory, "--steps 30 --out run --force");
    assert_eq!(names(directory), ["run"]);
    assert_eq!(json(&directory.join("run/summary.json"))["steps"], 30);
    assert_eq!(fs::read(directory.join("run/notes.txt")).unwrap(), b"mine");
    // Killed between the two renames: the old run comes back, and is in the way as before.
    fs::rename(directory.join("run"), directory.join(".run.replaced")).unwrap();
    assert_eq!(trained(directory, arguments).status.code(), Some(2));
    assert_eq!(names(directory), ["run"]);
    assert_eq!(json(&directory.join("run/summary.json"))["steps"], 30);
    // What no journal lists is not cleaned up.
    leave(&directory.join(".run.partial"), "w.npy", "x");
    fs::write(directory.join(".run.partial/thesis.tex"), "x").unwrap();
    ended(
        &trained(directory, "--steps 30 --out run --force"),
        2,
        ".run.partial holds something that this program did not put there",
    );
    assert_eq!(fs::read(directory.join(".run.partial/thesis.tex")).unwrap(), b"x");
}

#[test]
fn the_main_job_keeps_others_away_too() {
    let directory = &temporary();
    let child =
        program("reproduce", directory, "--effort standard --only sgd_limit --out run").spawn().unwrap();
    assert!(appears(&directory.join(".run.lock")));
    ended(&trained(directory, "--steps 20 --out run"), 2, "run is being written by another process");
    press_ctrl_c(&child);
    assert_eq!(child.wait_with_output().unwrap().status.code(), Some(130));
    assert!(!directory.join("run").exists(), "a report on nothing");
}

#[test]
fn the_number_of_threads_does_not_show() {
    let directory = &temporary();
    // So large that a device would sum it in parallel, in whatever order.
    let (m, n) = (64, 66_000);
    write_npy(&directory.join("data.npy"), correlated(m, n, 5).rows().unwrap(), m, n);
    let jobs = [
        "--data data.npy --schedule gd --engine autodiff --precision f32 --step-size 1e-4 --steps 4 --every 1",
        "--samples 20 --dim 300 --batch 3 --engine analytic --replicas 200 --steps 150 --every 50",
        "--samples 200 --dim 300 --schedule gd --engine autodiff --steps 20 --every 5",
    ];
    for job in jobs {
        let run = |threads: u32| {
            let out = format!("threads-{threads}");
            let arguments = format!("{job} --tolerance 0 --out run");
            let output = program("train", directory, &arguments)
                .env("RAYON_NUM_THREADS", threads.to_string())
                .output()
                .unwrap();
            assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
            fs::rename(directory.join("run"), directory.join(&out)).unwrap();
            directory.join(out)
        };
        let runs = [1, 2, 3].map(run);
        for other in &runs[1..] {
            assert_same_run(&runs[0], other, job);
        }
        runs.iter().for_each(|run| fs::remove_dir_all(run).unwrap());
    }
}
