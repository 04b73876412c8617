//! Threads: as many as the system gives, and never a panic.

use std::fs;
use std::process::{Command, Output};

use crate::common::{PUREMIX, binary, refuses, stderr, stdout, subcommand, temporary};

#[test]
fn an_absurd_number_of_threads_is_refused() {
    for (threads, needle) in [
        ("100000", "RAYON_NUM_THREADS=100000: at most 1024 threads are started"),
        ("many", "RAYON_NUM_THREADS=many: this is no number of threads"),
    ] {
        let output =
            binary("train").args(["--steps", "10"]).env("RAYON_NUM_THREADS", threads).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
        assert_eq!(stderr(&output), format!("error: {needle}\n"));
    }
    refuses("train", &["--samples", "0"], "at least 1");
}

#[test]
fn results_do_not_depend_on_the_number_of_threads() {
    let directory = temporary();
    let trained = |options: &str, threads: &str| {
        let out = directory.path().join(threads);
        let mut train = binary("train");
        train.args(options.split(' ')).args(["--json", "--force", "--no-page", "--out"]).arg(&out);
        train.env("RAYON_NUM_THREADS", threads).unwrap();
        (fs::read(out.join("w.npy")).unwrap(), fs::read(out.join("trajectory.csv")).unwrap())
    };
    for options in [
        "--replicas 20 --engine reduced",
        // A full batch in parts, one a thread.
        "--samples 700 --dim 800 --batch 700 --steps 30 --tolerance 0 --engine analytic",
    ] {
        assert!(trained(options, "1") == trained(options, "5"), "{options}");
    }
}

/// A program of ours as a user who may have this many threads; `None` where the system has no such limits.
#[cfg(target_os = "linux")]
fn limited(name: &str, arguments: &[&str], threads: u32) -> Option<Output> {
    use std::os::unix::fs::PermissionsExt;

    let place = temporary();
    let open = |mode: u32| fs::Permissions::from_mode(mode);
    fs::set_permissions(place.path(), open(0o777)).unwrap();
    let program = place.path().join("puremix");
    fs::copy(PUREMIX, &program).unwrap();
    fs::set_permissions(&program, open(0o755)).unwrap();
    // Root has no such limit, and only root can become a user who has no other process.
    let user = ["--reuid=54321", "--regid=54321", "--clear-groups"];
    let mut run = Command::new("setpriv");
    run.args(user)
        .arg("prlimit")
        .arg(format!("--nproc={threads}"))
        .arg(program)
        .args(subcommand(name))
        .args(arguments);
    let output = run.current_dir(place.path()).output().ok()?;
    (!stderr(&output).starts_with("setpriv: ") && !stderr(&output).starts_with("prlimit: ")).then_some(output)
}

#[cfg(target_os = "linux")]
#[test]
fn a_limit_on_processes_is_a_message_or_fewer_threads() {
    let train = ["--steps", "100", "--replicas", "3", "--engine", "reduced", "--json", "--out", "run"];
    let Some(alone) = limited("train", &train, 1) else {
        eprintln!("left out: nobody here may become another user");
        return;
    };
    assert_eq!(alone.status.code(), Some(2), "{}", stderr(&alone));
    assert!(stderr(&alone).starts_with("error: the system starts no thread: "), "{}", stderr(&alone));
    assert!(alone.stdout.is_empty());
    let few = limited("train", &train, 8).unwrap();
    assert_eq!(few.status.code(), Some(0), "{}{}", stdout(&few), stderr(&few));
}
