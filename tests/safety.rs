//! Nothing of the user's is deleted, no file is trusted for its name or its checksum, and what is lost is said.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use assert_cmd::output::OutputOkExt;
use puremix::claims::Findings;
use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};
use serde_json::json;

use crate::common::{
    JOURNAL, PUREMIX, appears, ended, files, json, leave, names, press_ctrl_c, program, refused, stderr,
    succeeds, temporary, trained,
};

const SHORT: &str = "--steps 20 --out run";

/// Runs `train`, which must refuse with these words.
fn refuses(directory: &Path, arguments: &str, needle: &str) {
    refused(&trained(directory, arguments), needle);
}

fn make_fifo(path: &Path) {
    assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
}

#[test]
fn a_directory_of_others_is_never_replaced() {
    let directory = &temporary();
    fs::create_dir(directory.join("run")).unwrap();
    for name in ["config.json", "model.safetensors"] {
        fs::write(directory.join("run").join(name), "mine").unwrap();
    }
    refuses(
        directory,
        &format!("{SHORT} --force"),
        "run is no run directory (it has no manifest of this program)",
    );
    for name in ["config.json", "model.safetensors"] {
        assert_eq!(fs::read_to_string(directory.join("run").join(name)).unwrap(), "mine");
    }
    // A manifest that leads out of the directory is none.
    let manifest = json!({ "puremix": "0.1.0", "files": { "../thesis.tex": { "bytes": 4, "crc64": "0" } } });
    fs::write(directory.join("run/manifest.json"), manifest.to_string()).unwrap();
    refuses(directory, &format!("{SHORT} --force"), "run is no run directory");
}

#[test]
fn a_finished_run_that_was_put_aside_is_not_lost() {
    let directory = &temporary();
    succeeds(directory, "--steps 50 --out run");
    let run = files(&directory.join("run"));
    // Killed between two renames; then something else comes into the place.
    fs::rename(directory.join("run"), directory.join(".run.replaced")).unwrap();
    fs::create_dir(directory.join("run")).unwrap();
    let needle = ".run.replaced holds the run that was in run when a process was killed there";
    refuses(directory, "--steps 60 --out run", needle);
    fs::write(directory.join("run/notes.txt"), "mine").unwrap();
    refuses(directory, "--steps 60 --out run --force", needle);
    fs::remove_dir_all(directory.join("run")).unwrap();
    succeeds(directory, "--steps 60 --out other");
    fs::rename(directory.join("other"), directory.join("run")).unwrap();
    refuses(directory, "--steps 70 --out run --force", needle);
    assert_eq!(files(&directory.join(".run.replaced")), run);
    // Alone, it comes back; a run without a place of its own takes the next name.
    fs::remove_dir_all(directory.join("run")).unwrap();
    refuses(directory, "--steps 60 --out run", "already holds a run");
    assert_eq!(files(&directory.join("run")), run);
    fs::create_dir_all(directory.join("runs/.train.replaced")).unwrap();
    fs::write(directory.join("runs/.train.replaced/x"), "mine").unwrap();
    succeeds(directory, "--steps 20");
    assert_eq!(names(&directory.join("runs")), [".train.replaced", "train-2"]);
}

#[test]
fn what_a_killed_rehearsal_left_is_no_obstacle() {
    let directory = &temporary();
    succeeds(directory, "--steps 50 --out run");
    // Killed between making a directory and removing it, as the process tried what the end of the run would need.
    let left = directory.join("run/.rehearsal");
    fs::create_dir(&left).unwrap();
    fs::write(left.join("notes.txt"), "mine").unwrap();
    refuses(directory, "--steps 60 --out run --force", "Directory not empty");
    fs::remove_file(left.join("notes.txt")).unwrap();
    succeeds(directory, "--steps 60 --out run --force");
    assert!(!left.exists());
    assert_eq!(names(directory), ["run"]);
}

#[test]
fn a_complete_run_leaves_the_checkpoint_of_another_job() {
    let directory = &temporary();
    let first = "--steps 100 --every 7 --tolerance 0 --out run";
    succeeds(directory, first);
    let second = "--samples 6 --dim 9 --seed 2 --tolerance 0 --steps 100000000 --checkpoint-every 0.01 --out run --force";
    let child = program("train", directory, second).spawn().unwrap();
    assert!(appears(&directory.join(".run.checkpoint/part-0")));
    press_ctrl_c(&child);
    assert_eq!(child.wait_with_output().unwrap().status.code(), Some(130));
    succeeds(directory, &format!("{first} --resume"));
    assert!(directory.join(".run.checkpoint/part-0").exists());
    // And the other goes on beside the run that it will replace.
    let child = program("train", directory, &format!("{second} --resume")).spawn().unwrap();
    thread::sleep(Duration::from_millis(300));
    press_ctrl_c(&child);
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130), "{}", stderr(&output));
}

#[test]
fn what_cannot_be_moved_is_found_at_the_start_and_privacy_is_kept() {
    let directory = temporary();
    let place = directory.path().join("place");
    fs::create_dir(&place).unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o7777;
    let set = |path: &Path, mode| fs::set_permissions(path, PermissionsExt::from_mode(mode)).unwrap();
    fs::create_dir(place.join("run")).unwrap();
    set(&place.join("run"), 0o2770);
    succeeds(&place, SHORT);
    assert_eq!(mode(&place.join("run")), 0o2770);
    set(&place.join("run"), 0o700);
    succeeds(&place, &format!("{SHORT} --force"));
    assert_eq!(mode(&place.join("run")), 0o700);
    // As an ordinary user, who may not move a directory that is not writable.
    fs::create_dir(place.join("run/sub")).unwrap();
    fs::write(place.join("run/sub/notes.txt"), "mine").unwrap();
    set(&place.join("run/sub"), 0o555);
    let script = "chown -R nobody . && exec setpriv --reuid=nobody --clear-groups \"$0\" train --steps 100000000 --tolerance 0 --samples 6 --out run --force";
    set(directory.path(), 0o755);
    let mut command = Command::new("sh");
    let output = command.args(["-c", script, PUREMIX]).current_dir(&place).output().unwrap();
    if output.status.code() == Some(2) && stderr(&output).contains("run/sub") {
        assert!(stderr(&output).contains("cannot be renamed"), "{}", stderr(&output));
    } else {
        // Not root, no such user, or no way to the binary for it: nothing was tried.
        assert!(!output.status.success(), "{}", stderr(&output));
    }
    assert_eq!(fs::read_to_string(place.join("run/sub/notes.txt")).unwrap(), "mine");
    set(&place.join("run/sub"), 0o755);
}

#[test]
fn an_input_in_the_output_is_refused() {
    let directory = &temporary();
    succeeds(directory, "--steps 20 --out mine");
    let before = files(&directory.join("mine"));
    symlink("mine", directory.join("link")).unwrap();
    for data in ["mine/data.npy", "link/data.npy"] {
        let needle = format!("{data} lies in mine, which this run would replace");
        refuses(directory, &format!("--data {data} --steps 20 --out mine --force"), &needle);
    }
    assert_eq!(files(&directory.join("mine")), before);
}

#[test]
fn what_others_put_beside_or_into_a_run_stays() {
    let directory = &temporary();
    succeeds(directory, SHORT);
    fs::create_dir_all(directory.join("run/chapter/figures")).unwrap();
    let mine = ["run/chapter/figures/1.png", "run/notes.txt", "run/.hidden"].map(|name| directory.join(name));
    mine.iter().for_each(|path| fs::write(path, "mine").unwrap());
    symlink("/etc", directory.join("run/link")).unwrap();
    let output = succeeds(directory, "--steps 30 --out run --force");
    assert_eq!(
        stderr(&output),
        "kept in run, as no part of the run or changed since: .hidden, chapter, link, notes.txt\n"
    );
    assert!(mine.iter().all(|path| fs::read_to_string(path).unwrap() == "mine"));
    assert_eq!(fs::read_link(directory.join("run/link")).unwrap(), Path::new("/etc"));
    assert_eq!(json(&directory.join("run/summary.json"))["steps"], 30);
    assert_eq!(names(directory), ["run"]);
}

#[test]
fn neighbours_of_others_are_neither_deleted_nor_renamed() {
    for (name, needle) in [
        (".run.checkpoint", ".run.checkpoint holds something that this program did not put there"),
        (".run.partial", ".run.partial holds something that this program did not put there"),
        (".run.replaced", ".run.replaced holds something that this program did not put there"),
        (".run.lock", "in the way of the lock of this run"),
    ] {
        let directory = &temporary();
        let plant = |name: &str| {
            let path = directory.join(name);
            if name == ".run.lock" {
                fs::write(&path, "mine").unwrap();
                return path;
            }
            fs::create_dir(&path).unwrap();
            fs::write(path.join("part-0"), "mine").unwrap();
            path.join("part-0")
        };
        let mine = plant(name);
        for flags in ["", " --force", " --resume"] {
            refuses(directory, &format!("{SHORT}{flags}"), needle);
        }
        assert_eq!(fs::read_to_string(&mine).unwrap(), "mine", "{name}");
        assert_eq!(names(directory), [name]);
        // The same where a link or a FIFO is in the place.
        let path = directory.join(name);
        if path.is_dir() {
            fs::remove_dir_all(&path).unwrap()
        } else {
            fs::remove_file(&path).unwrap()
        }
        make_fifo(&path);
        refuses(directory, &format!("{SHORT} --force"), needle);
        fs::remove_file(&path).unwrap();
        fs::create_dir(directory.join("elsewhere")).unwrap();
        fs::write(directory.join("elsewhere/w.npy"), "mine").unwrap();
        symlink("elsewhere", &path).unwrap();
        refuses(directory, &format!("{SHORT} --force"), needle);
        assert_eq!(names(&directory.join("elsewhere")), ["w.npy"]);
    }
}

#[test]
fn a_file_planted_in_the_staging_directory_is_not_written_through() {
    let directory = &temporary();
    fs::write(directory.join("thesis.tex"), "mine").unwrap();
    let long = "--samples 6 --dim 9 --tolerance 0 --steps 400000 --checkpoint-every 0.01 --out run";
    let child = program("train", directory, long).spawn().unwrap();
    assert!(appears(&directory.join(".run.checkpoint/part-0")));
    let planted = ["finished-0", "finished-0.new"].map(|name| directory.join(".run.checkpoint").join(name));
    planted.iter().for_each(|path| symlink("../thesis.tex", path).unwrap());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let error = stderr(&output);
    let needle = ".run.checkpoint holds something that this program did not put there";
    assert!(error.contains("File exists") || error.contains(needle), "{error}");
    let needle = ".run.checkpoint holds something that this program did not put there";
    refuses(directory, &format!("{long} --resume"), needle);
    planted.iter().for_each(|path| fs::remove_file(path).unwrap());
    succeeds(directory, &format!("{long} --resume"));
    assert_eq!(fs::read_to_string(directory.join("thesis.tex")).unwrap(), "mine");
}

#[test]
fn a_complete_report_does_not_give_way_to_an_interrupted_one() {
    let directory = &temporary();
    let claims = "--effort quick --only hypothesis_map,sgd_limit --out run";
    program("reproduce", directory, claims).unwrap();
    let before = files(&directory.join("run").join("figures"));
    let report = fs::read(directory.join("run/report.json")).unwrap();
    let mut child =
        program("reproduce", directory, &format!("{claims} --force --seed 4").replace("quick", "standard"));
    let mut child = child.spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    press_ctrl_c(&child);
    ended(
        &child.wait_with_output().unwrap(),
        130,
        "interrupted: 1 claim is finished, and run is as it was; the same command with --out run --resume goes on with what is left",
    );
    assert_eq!(fs::read(directory.join("run/report.json")).unwrap(), report);
    assert_eq!(files(&directory.join("run").join("figures")), before);
}

#[test]
fn a_directory_that_is_being_written_is_not_rendered() {
    let directory = &temporary();
    let claims = "--effort quick --only landscape --out run";
    program("reproduce", directory, claims).unwrap();
    let mut child = program("reproduce", directory, "--effort standard --only sgd_limit --out run --force");
    let child = child.spawn().unwrap();
    assert!(appears(&directory.join(".run.lock")));
    ended(
        &program("reproduce", directory, "--render run").output().unwrap(),
        2,
        "run is being written by another process",
    );
    press_ctrl_c(&child);
    assert_eq!(child.wait_with_output().unwrap().status.code(), Some(130));
    // What a rendering that was killed leaves is cleaned up.
    leave(&directory.join(".run.partial"), "report.html", "half");
    fs::create_dir(directory.join(".run.partial/figures")).unwrap();
    fs::write(directory.join(".run.partial/figures/map.svg"), "half").unwrap();
    let journal = format!("{JOURNAL}report.html\nfigures/\nfigures/map.svg\n");
    fs::write(directory.join(".run.partial/.written"), journal).unwrap();
    program("reproduce", directory, "--render run").unwrap();
    assert!(!names(directory).contains(&".run.partial".to_owned()), "{:?}", names(directory));
}

#[test]
fn a_table_is_named_by_a_word() {
    let directory = &temporary();
    let claims = "--effort quick --only landscape --out run";
    program("reproduce", directory, claims).unwrap();
    let path = directory.join("run/report.json");
    let report = json(&path);
    for name in ["javascript:alert(1)//", "../x", "/abs", "A", "", "a.b", &"x".repeat(65)] {
        let mut changed = report.clone();
        changed["claims"][0]["tables"] = json!([name]);
        fs::write(&path, changed.to_string()).unwrap();
        ended(&program("reproduce", directory, "--render run").output().unwrap(), 2, "names no table");
    }
    // Nor does a text direct how the page is shown.
    let mut changed = report.clone();
    changed["claims"][0]["notes"] = json!(["right \u{202e}left\u{1b}[2J"]);
    fs::write(&path, changed.to_string()).unwrap();
    program("reproduce", directory, "--render run").unwrap();
    let page = fs::read_to_string(directory.join("run/report.html")).unwrap();
    assert!(page.contains(r"right \u{202e}left\u{1b}[2J") && !page.contains('\u{202e}'));
}

#[test]
fn a_checkpoint_with_a_right_checksum_is_still_checked() {
    let directory = &temporary();
    let claims = "--effort standard --only cyclic_limit,sgd_limit --out run";
    let kept = directory.join(".run.checkpoint/claim-cyclic_limit");
    let child = program("reproduce", directory, claims).spawn().unwrap();
    assert!(appears(&kept));
    press_ctrl_c(&child);
    assert_eq!(child.wait_with_output().unwrap().status.code(), Some(130));
    let bytes = fs::read(&kept).unwrap();
    let (body, job) = (&bytes[..bytes.len() - 16], &bytes[bytes.len() - 16..bytes.len() - 8]);
    let findings: Findings = postcard::from_bytes(body).unwrap();
    assert!(!findings.tables.is_empty());
    let victim = directory.join("victim.csv");
    fs::write(&victim, "mine").unwrap();
    let path = victim.with_extension("").display().to_string();
    let forge = |findings: &Findings| {
        let mut bytes = postcard::to_stdvec(findings).unwrap();
        bytes.extend(job);
        bytes.extend(crc::Crc::<u64>::new(&crc::CRC_64_XZ).checksum(&bytes).to_le_bytes());
        fs::write(&kept, bytes).unwrap();
    };
    for name in [path.as_str(), "../../victim", "..", ""] {
        let mut forged = findings.clone();
        forged.tables[0].name = name.into();
        forge(&forged);
        let output = program("reproduce", directory, &format!("{claims} --resume")).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{name}");
        let needle = "claim-cyclic_limit is damaged: a table has a name that no table has";
        assert!(stderr(&output).contains(needle), "{name}: {}", stderr(&output));
    }
    let mut forged = findings.clone();
    forged.tables[0].name = "batch_sizes".into();
    forge(&forged);
    let output = program("reproduce", directory, &format!("{claims} --resume")).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let needle = "claim-cyclic_limit is damaged: its table batch_sizes belongs to `sgd_limit`";
    assert!(stderr(&output).contains(needle), "{}", stderr(&output));
    let mut forged = findings.clone();
    forged.notes.push("\u{1b}[2J".into());
    forge(&forged);
    let output = program("reproduce", directory, &format!("{claims} --resume")).output().unwrap();
    assert!(stderr(&output).contains("characters that a terminal would obey"), "{}", stderr(&output));
    let mut forged = findings.clone();
    forged.tables[0].csv += "1\n";
    forge(&forged);
    let output = program("reproduce", directory, &format!("{claims} --resume")).output().unwrap();
    assert!(stderr(&output).contains("have other lengths than the header"), "{}", stderr(&output));
    assert_eq!(fs::read_to_string(&victim).unwrap(), "mine");
}

#[test]
fn names_keep_their_bytes() {
    let directory = &temporary();
    let run = |name: &[u8]| {
        let mut command = program("train", directory, "--steps 30 --out");
        command.arg(OsStr::from_bytes(name)).spawn().unwrap()
    };
    let children = [run(b"a\xfe"), run(b"a\xff")];
    for child in children {
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    }
    let mut names: Vec<Vec<u8>> = fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().as_bytes().to_vec())
        .collect();
    names.sort();
    assert_eq!(names, [b"a\xfe", b"a\xff"]);
}

#[test]
fn no_configuration_is_read_from_the_surroundings() {
    let directory = temporary();
    let below = directory.path().join("deep/er");
    fs::create_dir_all(&below).unwrap();
    // Whoever opens these waits for ever.
    for name in ["burn.toml", "Burn.toml", "cubecl.toml", "CubeCL.toml"] {
        make_fifo(&directory.path().join(name));
        make_fifo(&below.join(name));
    }
    succeeds(&below, "--steps 20 --out run");
}

#[test]
fn files_follow_the_umask_alike() {
    let directory = temporary();
    for mask in ["077", "022", "002"] {
        let out = directory.path().join(mask);
        let script = format!("umask {mask} && exec \"$0\" train --steps 20 --out \"$1\"");
        let mut command = Command::new("sh");
        command.args(["-c", &script, PUREMIX]).arg(&out).stdout(Stdio::null());
        assert!(command.status().unwrap().success());
        let expected = 0o666 & !u32::from_str_radix(mask, 8).unwrap();
        for name in ["model.safetensors", "config.json", "w.npy", "trajectory.csv", "manifest.json"] {
            let mode = fs::metadata(out.join(name)).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, expected, "{name} under {mask}");
        }
    }
}

#[test]
fn complete_means_that_every_file_is_there_and_whole() {
    let directory = &temporary();
    succeeds(directory, SHORT);
    let resume = format!("{SHORT} --resume");
    let path = directory.join("run/w.npy");
    let weights = fs::read(&path).unwrap();
    fs::remove_file(&path).unwrap();
    refuses(directory, &resume, "run/w.npy is damaged: it is missing, or changed since it was written");
    let mut changed = weights.clone();
    *changed.last_mut().unwrap() ^= 1;
    fs::write(&path, changed).unwrap();
    refuses(directory, &resume, "run/w.npy is damaged");
    fs::write(&path, weights).unwrap();
    succeeds(directory, &resume);
}

#[test]
fn output_that_is_lost_is_an_error_and_a_reader_that_left_is_none() {
    if !Path::new("/dev/full").exists() {
        return;
    }
    let directory = &temporary();
    let full = || File::options().write(true).open("/dev/full").unwrap();
    for (name, arguments) in [
        ("train", "--steps 20 --json"),
        ("train", "--steps 20"),
        ("reproduce", "--list"),
        ("reproduce", "--list-backends --json"),
    ] {
        let mut command = program(name, directory, arguments);
        ended(
            &command.stdout(full()).output().unwrap(),
            2,
            "standard output cannot be written: No space left",
        );
    }
    let output = program("train", directory, "--batch 0").stderr(full()).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let output = program("train", directory, "--no-such-flag").stderr(full()).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let mut child = program("reproduce", directory, "--list").spawn().unwrap();
    drop(child.stdout.take());
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
fn signals_of_schedulers_leave_a_checkpoint() {
    // Under nohup hangups are ignored, and the program leaves it at that.
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let ignored = ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0);
    for (signal, code) in [("TERM", 143), ("HUP", 129), ("USR1", 138), ("USR2", 140), ("XCPU", 152)] {
        if signal == "HUP" && ignored & 1 == 1 {
            continue;
        }
        let directory = temporary();
        let long = "--samples 6 --dim 9 --tolerance 0 --steps 100000000 --checkpoint-every 0.01 --out run";
        let child = program("train", directory.path(), long).spawn().unwrap();
        assert!(appears(&directory.path().join(".run.checkpoint/part-0")));
        let kill = Command::new("kill").args(["-s", signal, &child.id().to_string()]).status().unwrap();
        assert!(kill.success());
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(code), "{signal}: {}", stderr(&output));
        assert!(stderr(&output).contains("--resume goes on from there"), "{signal}: {}", stderr(&output));
        assert_eq!(names(directory.path()), [".run.checkpoint"]);
    }
}

#[test]
fn a_run_started_with_hangups_ignored_ignores_them() {
    let directory = &temporary();
    let script = "trap '' HUP && exec \"$0\" train --samples 6 --dim 9 --tolerance 0 --steps 60000 --checkpoint-every 0.01 --out run";
    let mut command = Command::new("sh");
    command.args(["-c", script, PUREMIX]).current_dir(directory).stdout(Stdio::null());
    let mut child = command.spawn().unwrap();
    assert!(appears(&directory.join(".run.checkpoint/part-0")));
    assert!(Command::new("kill").args(["-s", "HUP", &child.id().to_string()]).status().unwrap().success());
    assert_eq!(child.wait().unwrap().code(), Some(0));
    assert_eq!(names(directory), ["run"]);
}

#[test]
fn a_link_is_followed_and_stays() {
    let directory = &temporary();
    // Dangling, into a directory that is not there yet; and once more over what is there.
    symlink("scratch/b", directory.join("b")).unwrap();
    succeeds(directory, "--steps 20 --out b");
    succeeds(directory, "--steps 30 --out b --force");
    assert_eq!(fs::read_link(directory.join("b")).unwrap(), Path::new("scratch/b"));
    assert_eq!(json(&directory.join("scratch/b/summary.json"))["steps"], 30);
    assert_eq!(names(&directory.join("scratch")), ["b"]);
    assert_eq!(names(directory), ["b", "scratch"]);
    // With the slash that a shell completes.
    succeeds(directory, "--steps 40 --out b/ --force");
    assert_eq!(json(&directory.join("scratch/b/summary.json"))["steps"], 40);
    symlink("circle", directory.join("circle")).unwrap();
    refuses(directory, "--steps 20 --out circle", "it is a circle of links");
}

#[test]
fn names_of_neighbours_are_no_names_of_runs() {
    let directory = temporary();
    for name in [".b.partial", ".b.replaced", ".b.checkpoint", ".b.lock"] {
        refuses(
            directory.path(),
            &format!("--steps 10 --out {name}"),
            "such a name is that of a hidden neighbour of a run",
        );
    }
    // A lock that was cut short by a full disk is taken over.
    fs::write(directory.path().join(".b.lock"), "hel").unwrap();
    succeeds(directory.path(), "--steps 10 --out b");
    assert_eq!(names(directory.path()), ["b"]);
}

#[test]
fn a_file_of_results_is_tried_before_any_work() {
    let directory = &temporary();
    fs::create_dir(directory.join("results")).unwrap();
    fs::write(directory.join("results/times.json"), "old").unwrap();
    symlink("results/times.json", directory.join("times.json")).unwrap();
    symlink("results/new.json", directory.join("new.json")).unwrap();
    symlink("circle", directory.join("circle")).unwrap();
    make_fifo(&directory.join("fifo"));
    let speed = |out: &str| {
        let arguments =
            format!("peers --case 7,9,1,1 --rounds 1 --seconds 0.01 --python /nowhere --out {out}");
        program("speed", directory, &arguments).output().unwrap()
    };
    for (out, needle) in [
        ("fifo", "fifo is in the way"),
        ("circle", "circle is in the way"),
        ("results", "results is in the way"),
        ("results/times.json/x", "results/times.json/x: "),
    ] {
        let output = speed(out);
        ended(&output, 2, needle);
        assert!(output.stdout.is_empty(), "{out}: before any work");
    }
    let output = speed("times.json");
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert_eq!(fs::read_link(directory.join("times.json")).unwrap(), Path::new("results/times.json"));
    assert!(json(&directory.join("results/times.json")).is_object());
    assert_eq!(names(&directory.join("results")), ["times.json"]);
    // A link leads to where nothing is yet.
    assert_eq!(speed("new.json").status.code(), Some(0));
    assert!(json(&directory.join("results/new.json")).is_object());
    assert!(directory.join("new.json").is_symlink());
}

#[test]
fn a_name_that_is_too_long_is_refused_before_any_work() {
    let directory = &temporary();
    for length in [244, 246, 255] {
        let name = "x".repeat(length);
        let long = format!(
            "--samples 6 --dim 9 --tolerance 0 --steps 100000000 --checkpoint-every 0.5 --out {name}"
        );
        refuses(directory, &long, "File name too long");
        assert!(names(directory).is_empty(), "{length}: {:?}", names(directory));
    }
    succeeds(directory, &format!("--steps 20 --out {}", "x".repeat(243)));
}

#[test]
fn a_trajectory_that_no_memory_holds_is_refused() {
    let directory = temporary();
    let needle =
        "a row every 1 steps may come to 18446744073709551615 rows, more than the 4194304 that are kept";
    refuses(directory.path(), "--steps 18446744073709551615 --every 1 --tolerance 0", needle);
    refuses(directory.path(), "--steps 2000000 --every 1 --model shallow:3", "may come to 6000000 rows");
    refuses(
        directory.path(),
        "--steps 9000000 --sharpness 1 --tolerance 0",
        "a row every 1 steps may come to 9000000 rows",
    );
    refuses(
        directory.path(),
        "--steps 1e7 --model shallow:9000",
        "a row every hundredth of a decade of steps may come to 5238000 rows",
    );
    succeeds(directory.path(), "--steps 100 --every 1 --tolerance 0 --out run");
    refuses(
        directory.path(),
        "--steps 1e12 --tolerance 0 --out run --resume",
        "a row every 1 steps may come to 1000000000000 rows",
    );
}

#[test]
fn a_file_in_place_of_the_directory_or_its_parent_is_refused() {
    let directory = &temporary();
    fs::write(directory.join("file"), "mine").unwrap();
    refuses(directory, "--steps 20 --out file --force", "file is no run directory");
    refuses(directory, "--steps 20 --out file/run", "file/run: ");
    make_fifo(&directory.join("fifo"));
    refuses(directory, "--steps 20 --out fifo --force", "fifo is no run directory");
    assert_eq!(fs::read_to_string(directory.join("file")).unwrap(), "mine");
}

#[test]
fn a_mounted_volume_is_refused_before_any_work() {
    // Needs the right to mount in a namespace of its own; elsewhere there is nothing to test.
    let directory = temporary();
    let script = "mount -t tmpfs none out && \"$0\" train --samples 6 --dim 9 --tolerance 0 --steps 100000000 --out out";
    fs::create_dir(directory.path().join("out")).unwrap();
    let mut command = Command::new("unshare");
    command.args(["-m", "sh", "-c", script, PUREMIX]).current_dir(directory.path());
    let output = command.output().unwrap();
    let error = stderr(&output);
    if error.contains("unshare") || error.contains("mount:") {
        return;
    }
    assert_eq!(output.status.code(), Some(2), "{error}");
    assert!(error.contains("out is in use, as a mounted volume is"), "{error}");
}

/// Contents of all files below a directory.
fn contents(directory: &Path) -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    let mut folders = vec![directory.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for path in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            let data = fs::symlink_metadata(&path).unwrap();
            if data.is_dir() {
                folders.push(path);
            } else if data.is_file() {
                found.push(fs::read(path).unwrap());
            }
        }
    }
    found
}

/// No sequence of runs, forced, resumed, rendered and killed, among files that are planted anywhere, removes or changes a file that the
/// program has not written.
#[test]
fn what_is_planted_survives_everything() {
    const PLACES: [&str; 17] = [
        "run/notes.txt",
        "run/w.npy",
        "run/config.json",
        "run/figures/mine.png",
        "run/figures/correlations.svg",
        "run/hypothesis_map.csv",
        "run/report.html",
        "run/sub/folder/x",
        ".run.lock",
        ".run.partial/w.npy",
        ".run.partial/config.json",
        ".run.replaced/w.npy",
        ".run.replaced/notes",
        ".run.checkpoint/part-0",
        ".run.checkpoint/part-0.new",
        ".run.checkpoint/job.json",
        "thesis.tex",
    ];
    let train = "--samples 5 --dim 7 --tolerance 0 --steps 15000 --checkpoint-every 0.005 --out run";
    let report = "--effort quick --only hypothesis_map --out run";
    let mut rng = chacha20::ChaCha8Rng::seed_from_u64(31);
    let (mut planted_in_all, mut killed, mut committed) = (0, 0, 0);
    for round in 0..40 {
        let directory = &temporary();
        let mut planted: Vec<Vec<u8>> = Vec::new();
        for step in 0..rng.random_range(4..9) {
            if rng.random_bool(0.4) {
                let place = directory.join(PLACES.choose(&mut rng).unwrap());
                // What a journal lists is the program's, whatever is written over it.
                let journal = fs::read_to_string(place.with_file_name(".written")).unwrap_or_default();
                if journal.lines().any(|name| place.ends_with(name)) {
                    continue;
                }
                let content = format!("planted {round} {step}").into_bytes();
                // What it overwrites was the user's to overwrite.
                let before = fs::read(&place).unwrap_or_default();
                planted.retain(|content| *content != before);
                let _ = fs::create_dir_all(place.parent().unwrap());
                if fs::write(&place, &content).is_ok() {
                    planted.push(content);
                }
            }
            let (name, arguments) = match rng.random_range(0..7) {
                0 => ("train", train.to_owned()),
                1 | 2 => ("train", format!("{train} --force --seed {step}")),
                3 => ("train", format!("{train} --resume")),
                4 => ("reproduce", format!("{report} --force")),
                5 => ("reproduce", format!("{report} --resume")),
                _ => ("reproduce", "--render run".to_owned()),
            };
            let mut child = program(name, directory, &arguments).spawn().unwrap();
            if rng.random_bool(0.5) {
                thread::sleep(Duration::from_millis(rng.random_range(0..150)));
                child.kill().unwrap();
            }
            let output = child.wait_with_output().unwrap();
            killed += u32::from(output.status.code().is_none());
            committed += u32::from(output.status.code() == Some(0));
            assert!(!stderr(&output).contains("panicked"), "{}", stderr(&output));
            let there = contents(directory);
            for content in &planted {
                assert!(
                    there.contains(content),
                    "{} is gone after {name} {arguments}",
                    String::from_utf8_lossy(content)
                );
            }
        }
        planted_in_all += planted.len();
    }
    assert!(
        planted_in_all >= 30 && killed >= 20 && committed >= 10,
        "{planted_in_all}, {killed}, {committed}"
    );
}
