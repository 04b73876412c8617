//! `sweep submit` and `sweep status` with real Slurm: an array whose tasks are cancelled, killed and stopped by their time limit ends as an undisturbed sweep does.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use super::{assert_same, sweep, swept, write};
use crate::common::{names, program, stderr, stdout, temporary};
use crate::documents::path;

/// Slurm on this machine alone, until dropped.
struct Cluster {
    directory: PathBuf,
}

impl Cluster {
    /// Starts it. Without Slurm, a failure under CI, and a test left out, loudly, elsewhere.
    fn start(directory: &Path) -> Option<Self> {
        let is_there =
            |name: &&str| ["/usr/sbin", "/usr/bin"].iter().any(|at| Path::new(at).join(name).exists());
        if !["slurmctld", "slurmd", "munged"].iter().all(is_there) {
            let missing = "NO SLURM: no array was submitted; install slurm-wlm and munge";
            assert!(std::env::var_os("CI").is_none(), "{missing}");
            eprintln!("\n*** {missing} ***\n");
            return None;
        }
        let cluster = Self { directory: directory.into() };
        assert!(cluster.control("start"), "Slurm does not start");
        Some(cluster)
    }

    fn control(&self, action: &str) -> bool {
        let mut script = Command::new(path("tests/sweep/slurm.sh"));
        let script = script.arg(action).arg(&self.directory).stdin(Stdio::null()).stdout(Stdio::null());
        script.status().unwrap().success()
    }

    /// A program of ours, or of Slurm.
    fn run(&self, mut command: Command) -> Output {
        command.env("SLURM_CONF", self.directory.join("slurm.conf")).output().unwrap()
    }

    /// A command of Slurm, which must succeed.
    fn slurm(&self, command: &str, arguments: &str) {
        let mut slurm = Command::new(command);
        slurm.args(arguments.split_whitespace());
        let output = self.run(slurm);
        assert!(output.status.success(), "{command} {arguments}: {}", stderr(&output));
    }

    /// Submits, or fails to, and tells in JSON.
    fn submit(&self, directory: &Path, arguments: &str) -> Result<Value, String> {
        let output = self.run(program("sweep", directory, &format!("submit {arguments} --json")));
        match output.status.code() {
            Some(0) => Ok(serde_json::from_slice(&output.stdout).unwrap()),
            code => Err(format!("{code:?} {}", stderr(&output))),
        }
    }

    /// The exit code of `sweep status`, and what it tells in JSON.
    fn status(&self, directory: &Path, out: &str) -> (i32, Value) {
        let output = self.run(program("sweep", directory, &format!("status {out} --json")));
        let told = serde_json::from_slice(&output.stdout);
        (output.status.code().unwrap(), told.unwrap_or_else(|_| panic!("{}", stderr(&output))))
    }

    /// Waits until the status is as it should be.
    fn wait(&self, directory: &Path, out: &str, is_it: impl Fn(&Value) -> bool) -> Value {
        for _ in 0..600 {
            let (_, told) = self.status(directory, out);
            if is_it(&told) {
                return told;
            }
            thread::sleep(Duration::from_millis(200));
        }
        panic!("{} stays as it is: {:#}", out, self.status(directory, out).1)
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        self.control("stop");
    }
}

/// The process that does a part of the study in a directory.
fn process(out: &Path, part: &str) -> u32 {
    let is_it = |pid: &u32| {
        let words = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        let words: Vec<&[u8]> = words.split(|byte| *byte == 0).collect();
        words.contains(&out.as_os_str().as_encoded_bytes()) && words.contains(&part.as_bytes())
    };
    let names = fs::read_dir("/proc").unwrap().map(|entry| entry.unwrap().file_name());
    let pids: Vec<u32> = names.filter_map(|name| name.to_str()?.parse().ok()).filter(is_it).collect();
    assert_eq!(pids.len(), 1, "{pids:?} do part {part}");
    pids[0]
}

/// The script that started it, to which alone Slurm sends the signal of a time limit.
fn parent(pid: u32) -> u32 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    status.lines().find_map(|line| line.strip_prefix("PPid:")).unwrap().trim().parse().unwrap()
}

fn kill(signal: &str, pid: u32) {
    assert!(Command::new("kill").args([signal, &pid.to_string()]).status().unwrap().success());
}

/// A part of eight that is not done.
fn part(told: &Value, number: u64) -> Option<&Value> {
    told["parts"].as_array().unwrap().iter().find(|part| part["part"] == format!("{number}/8"))
}

/// With eight seeds 48 runs of about half a second, six a part.
const STUDY: &str = "title = \"an array\"\n[base]\nsamples = 4\ndim = 5\nengine = \"analytic\"\nsteps = 150_000\ntolerance = 1e-3\n\
                     [grid]\nbatch = [1, 2, 3]\nstep-size = [0.1, 0.2]\n[[compare]]\naxis = \"batch\"\nwith = 3\n";

const OPTIONS: &str = "--seeds 8 --tolerance 0";

/// A run without an end.
const ENDLESS: &str =
    "--grid batch=1 --samples 4 --dim 5 --engine reduced --steps 90_000_000_000 --tolerance 0";

#[test]
fn an_array_that_is_disturbed_ends_as_an_undisturbed_sweep() {
    let (cluster_at, directory) = (temporary(), temporary());
    let Some(cluster) = Cluster::start(cluster_at.path()) else { return };
    // A name that a shell and Slurm would take apart.
    let directory = &fs::canonicalize(directory.path()).unwrap().join("it's 100% of $HOME");
    fs::create_dir(directory).unwrap();
    let endless = cluster.submit(directory, &format!("{ENDLESS} --out endless --jobs 1 --sbatch --time=1"));
    assert_eq!(endless.unwrap()["runs"], 1);
    let job = submitted_once(&cluster, directory);
    disturbed(&cluster, directory, &job);

    // Submitted again, what is missing is done.
    let output = cluster.run(program("sweep", directory, "submit run-slurm/study.toml --out run --jobs 8"));
    assert!(stdout(&output).contains(": 2 tasks of 8, with "), "{}{}", stdout(&output), stderr(&output));
    cluster.wait(directory, "run", |told| told["complete"] == true);
    write(directory, "s.toml", STUDY);
    sweep(directory, &format!("s.toml {OPTIONS} --out reference"));
    assert_same(&directory.join("reference"), &directory.join("run"), "a disturbed array");
    let told = json!({
        "directory": "run", "complete": true, "runs": 48, "done": 48, "running": 0, "queued": 0, "failed": 0,
        "missing": 0, "parts": [],
    });
    assert_eq!(cluster.status(directory, "run"), (0, told));
    let again = cluster.submit(directory, &format!("s.toml {OPTIONS} --out run --jobs 8"));
    assert_eq!(again.unwrap()["complete"], true);

    stopped_by_its_time_limit(&cluster, directory);
    let refused = cluster.submit(directory, "s.toml --out other --jobs 1 --sbatch --partition=nowhere");
    let needle = "error: sbatch: error: invalid partition specified: nowhere";
    assert!(refused.as_ref().is_err_and(|refused| refused.contains(needle)), "{refused:?}");
}

/// Submits the study; neither it nor anything else is submitted in its place a second time. The number of its job.
fn submitted_once(cluster: &Cluster, directory: &Path) -> String {
    write(directory, "s.toml", STUDY);
    let submit = format!("s.toml {OPTIONS} --out run --jobs 8 --at-most 6");
    let submitted = cluster.submit(directory, &submit).unwrap();
    let job = submitted["job"].as_str().unwrap().to_string();
    assert_eq!((submitted["tasks"].as_array().unwrap().len(), &submitted["runs"]), (8, &48.into()));
    // What was submitted stays as it was.
    write(directory, "s.toml", "nonsense");
    let again = |with: &str| cluster.submit(directory, &format!("run-slurm/study.toml --out run {with}"));
    let none = again("--jobs 8").unwrap();
    assert_eq!((&none["job"], &none["tasks"]), (&Value::Null, &json!([])));
    for (with, what) in [("--jobs 4", "the study with --jobs 8"), ("--jobs 8 --seeds 9", "another study")] {
        let refused = again(with).unwrap_err();
        let needle = format!("{what} is queued or running there; scancel {job} ends it");
        assert!(refused.starts_with("Some(2)") && refused.contains(&needle), "{refused}");
    }
    job
}

/// One task is cancelled, the program of another is killed, a third is stopped as if its time were over.
fn disturbed(cluster: &Cluster, directory: &Path, job: &str) {
    let is_amid = |told: &Value| {
        (1..=3).all(|k| part(told, k).is_some_and(|part| part["state"] == "running" && part["runs"] != 6))
    };
    let told = cluster.wait(directory, "run", is_amid);
    assert!(told["queued"].as_u64().unwrap() > 0, "{told:#}");
    cluster.slurm("scancel", &format!("{job}_1"));
    kill("-9", process(&directory.join("run"), "2/8"));
    kill("-USR1", parent(process(&directory.join("run"), "3/8")));
    cluster.wait(directory, "run", |told| part(told, 3).is_some_and(|part| part["state"] == "queued"));
    // Slurm lets two minutes pass by itself; it takes a start in the second of the end for the run that has ended.
    cluster.slurm("scontrol", &format!("update JobId={job}_3 StartTime=now+3"));
    let told = cluster.wait(directory, "run", |told| told["running"] == 0 && told["queued"] == 0);
    for (number, slurm) in [(1, "CANCELLED"), (2, "FAILED")] {
        let part = part(&told, number).unwrap();
        assert_eq!((&part["state"], &part["slurm"]), (&json!("failed"), &json!(slurm)), "{told:#}");
    }
    assert_eq!(told["parts"].as_array().unwrap().len(), 2, "{told:#}");
    assert_eq!(cluster.status(directory, "run").0, 1);
    let cancelled = fs::read_to_string(directory.join("run-slurm/1-of-8.log")).unwrap();
    assert!(cancelled.contains("interrupted with"), "{cancelled}");
    let log = fs::read_to_string(directory.join("run-slurm/3-of-8.log")).unwrap();
    assert_eq!(log.matches("task ").count(), 2, "{log}");
    assert_eq!(swept(directory, "--merge run").status.code(), Some(1));
}

/// The task whose time was over has kept its state and waits for its next turn.
fn stopped_by_its_time_limit(cluster: &Cluster, directory: &Path) {
    cluster.wait(directory, "endless", |told| told["queued"] == 1);
    let log = fs::read_to_string(directory.join("endless-slurm/1-of-1.log")).unwrap();
    assert!(log.contains("interrupted with 1 run left"), "{log}");
    let kept = names(&directory.join(".endless.1-of-1.checkpoint"));
    assert_eq!(kept.iter().filter(|name| name.starts_with("under-way-")).count(), 1, "{kept:?}");
}
