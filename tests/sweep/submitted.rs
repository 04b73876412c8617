//! `sweep submit` and `sweep status` where there is no Slurm, and where there is one that refuses.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Output;

use super::{sweep, write};
use crate::common::{Temporary, ended, names, program, refused, stderr, stdout, temporary};

const STUDY: &str = "seeds = 3\n[base]\nsamples = 4\nsteps = 10\n[grid]\nbatch = [1, 4]\n";

/// Runs `sweep` where `bin` holds all programs that there are.
fn swept(directory: &Path, arguments: &str) -> Output {
    program("sweep", directory, arguments).env("PATH", directory.join("bin")).output().unwrap()
}

/// A directory with a study, and with programs that say `said` to standard error and exit with a code.
fn furnished(programs: &[(&str, &str, i32)]) -> Temporary {
    let directory = temporary();
    write(directory.path(), "s.toml", STUDY);
    fs::create_dir(directory.path().join("bin")).unwrap();
    for (name, said, code) in programs {
        let file = directory.path().join("bin").join(name);
        let script = format!("#!/bin/sh\n[ \"$1\" = --version ] && exit 0\necho '{said}' >&2\nexit {code}\n");
        fs::write(&file, script).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).unwrap();
    }
    directory
}

fn refuses(directory: &Path, arguments: &str, needle: &str) {
    refused(&swept(directory, arguments), needle);
}

#[test]
fn a_submission_is_refused_by_its_words() {
    let directory = furnished(&[]);
    let directory = directory.path();
    for (arguments, needle) in [
        ("submit s.toml --jobs 2", "not provided:\n  --out <DIR>"),
        ("submit s.toml --out run", "not provided:\n  --jobs <N>"),
        ("submit s.toml --out run --jobs 0", "invalid value '0' for '--jobs <N>': 0 is not in 1..=100000"),
        (
            "submit s.toml --out run --jobs 2 --at-most 0",
            "invalid value '0' for '--at-most <N>': 0 is not in 1..=100000",
        ),
        ("submit s.toml --out run --jobs 2 --force", "'--out <DIR>' cannot be used with '--force'"),
        ("submit s.toml --out run --jobs 2 --shard 1/2", "unexpected argument '--shard' found"),
        ("submit s.toml --out run --jobs 2 --set batch=1,9", "--set batch=1,9: batch size must lie in 1..=4"),
        ("submit --out run --jobs 2", "give a STUDY, or what varies as --grid OPTION=VALUES"),
        (
            "submit s.toml --out run --jobs 2",
            "error: `sbatch` of Slurm is needed, and is not installed here or not in PATH",
        ),
        (
            "submit s.toml --out run --jobs 2 --dry-run --sbatch=",
            "--sbatch '': expected options of sbatch on one line",
        ),
        ("s.toml --out run status", "the subcommand 'status' cannot be used with"),
        ("status", "not provided:\n  <DIR>"),
        ("status run", "run holds no study, and none is under way there"),
        ("status bin", "bin holds no study, and none is under way there"),
        ("status missing/run", "missing/run holds no study, and none is under way there"),
        ("status s.toml", "s.toml holds no study, and none is under way there"),
    ] {
        refuses(directory, arguments, needle);
    }
    let split = program("sweep", directory, "submit s.toml --jobs 2 --dry-run --out")
        .arg("new\nline")
        .output()
        .unwrap();
    ended(&split, 2, "a script can name no such path; choose another");
    assert_eq!(names(directory), ["bin", "s.toml"], "nothing was begun");
    let json = swept(directory, "submit s.toml --out run --jobs 2 --dry-run --json");
    let told: serde_json::Value = serde_json::from_slice(&json.stdout).unwrap();
    assert!(told["script"].as_str().unwrap().contains("#SBATCH --array=1-2\n"), "{told}");
}

#[test]
fn what_slurm_says_is_passed_on() {
    let refused = "sbatch: error: Batch job submission failed: Invalid account";
    let directory = furnished(&[("sbatch", refused, 1), ("squeue", "", 0)]);
    let submit = "submit s.toml --out run --jobs 2";
    refuses(directory.path(), submit, "error: sbatch: error: Batch job submission failed: Invalid account");
    assert_eq!(names(directory.path()), ["bin", "run-slurm", "s.toml"]);
    let status = swept(directory.path(), "status run");
    let told = "run: 0 of 6 runs are done\nmissing: 6 runs\n  part 1/2, 3 runs\n  part 2/2, 3 runs\n";
    assert_eq!((stdout(&status).as_str(), status.status.code()), (told, Some(1)));
    let unreachable = "squeue: slurm_load_jobs error: Unable to contact slurm controller";
    let directory = furnished(&[("sbatch", refused, 1), ("squeue", unreachable, 1)]);
    refuses(
        directory.path(),
        submit,
        "error: squeue: slurm_load_jobs error: Unable to contact slurm controller",
    );
    let dry = swept(directory.path(), &format!("{submit} --dry-run"));
    assert!(stdout(&dry).contains("--array=1-2\n"), "{}", stdout(&dry));
    assert!(
        stderr(&dry).contains("controller: which tasks are queued or running is not known"),
        "{}",
        stderr(&dry)
    );
    assert_eq!(names(directory.path()), ["bin", "s.toml"]);
    // A directory of others is not written to.
    let directory = furnished(&[("sbatch", refused, 1), ("squeue", "", 0)]);
    fs::create_dir(directory.path().join("run-slurm")).unwrap();
    write(directory.path(), "run-slurm/study.toml", "of others");
    refuses(directory.path(), submit, "run-slurm holds something that this program did not put there");
}

#[test]
fn a_script_is_shown_for_the_parts_that_are_missing() {
    let directory = furnished(&[]);
    let directory = directory.path();
    sweep(directory, "s.toml --out run --shard 2/4");
    let before = names(directory);
    let output = swept(
        directory,
        "submit s.toml --out run --jobs 4 --at-most 2 --no-page --sbatch --time=9 --sbatch --mem=1G --dry-run",
    );
    let script = stdout(&output);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    for line in [
        "#SBATCH --time=9\n#SBATCH --mem=1G\n#SBATCH --job-name=run.of-4.",
        "#SBATCH --array=1,3-4%2\n",
        "#SBATCH --signal=B:USR1@120\n",
        "/run --no-page --shard \"$SLURM_ARRAY_TASK_ID/4\" &\n",
    ] {
        assert!(script.contains(line), "{line} is not in {script}");
    }
    assert_eq!(names(directory), before);
}

#[test]
fn without_slurm_a_status_is_told_from_what_was_done() {
    let directory = furnished(&[]);
    let directory = directory.path();
    sweep(directory, "s.toml --out run --shard 1/4");
    let status = swept(directory, "status run");
    assert_eq!(stdout(&status), "run: 2 of 6 runs are done\nmissing: 4 runs\n");
    assert_eq!(status.status.code(), Some(1));
    sweep(directory, "s.toml --out run");
    let status = swept(directory, "status run");
    assert_eq!((stdout(&status).as_str(), status.status.code()), ("run: 6 of 6 runs are done\n", Some(0)));
    // No other study is taken for this one.
    let other = swept(directory, "submit s.toml --seeds 4 --out run --jobs 2 --dry-run");
    assert!(stderr(&other).contains("run keeps another run (seeds was 3, is 4"), "{}", stderr(&other));
    // A study of such a name is named by its path.
    fs::rename(directory.join("s.toml"), directory.join("submit")).unwrap();
    sweep(directory, "./submit --out other");
}
