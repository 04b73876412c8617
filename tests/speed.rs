//! The binary that measures: what it prints is what its subjects said, and it says who is missing.

use std::fs;

use puremix_bench::Times;
use serde_json::Value;

use crate::common::{
    Temporary, appears, binary, ended, json, press_ctrl_c, program, refuses, stdout, temporary,
};
use crate::documents::path;

/// `speed` with short rounds; its JSON.
fn speed(arguments: &[&str]) -> Value {
    let output =
        binary("speed").args(["--rounds", "3", "--seconds", "0.01", "--json"]).args(arguments).unwrap();
    serde_json::from_str(&stdout(&output)).unwrap()
}

fn nanoseconds(times: &Value) -> Vec<f64> {
    serde_json::from_value(times["nanoseconds"].clone()).unwrap()
}

#[test]
fn ratios_are_taken_within_a_round() {
    let times = |values: &[f64]| Times { name: String::new(), nanoseconds: values.to_vec(), about: None };
    let ratio = times(&[2.0, 60.0, 4.0, 9.0]).ratio_to(&times(&[1.0, 20.0, 4.0, 2.0]));
    assert_eq!((ratio.min, ratio.median, ratio.max), (1.0, 2.5, 4.5));
    let spread = times(&[3.0, 1.0, 2.0]).spread();
    assert_eq!((spread.min, spread.median, spread.max), (1.0, 2.0, 3.0));
}

#[test]
fn every_device_that_is_there_is_measured() {
    let speed = speed(&["devices", "--case", "5,7,2,1", "--case", "5,7,2,3"]);
    let devices = speed["devices"].as_array().unwrap();
    assert!(!devices.is_empty() && devices.len().is_multiple_of(2));
    for (device, replicas) in devices.iter().zip([1, 3].into_iter().cycle()) {
        assert_eq!(device["case"]["replicas"], replicas);
        let nanoseconds = nanoseconds(&device["times"]);
        assert!(nanoseconds.len() == 3 && nanoseconds.iter().all(|&ns| ns > 0.0), "{nanoseconds:?}");
    }
    assert_eq!(speed["peers"], Value::Array(vec![]));
    assert_eq!(speed["growth"], Value::Array(vec![]));
}

#[test]
fn what_cannot_be_measured_is_refused() {
    refuses("speed", &["--rounds", "0"], "the number of rounds must be at least 1");
    refuses("speed", &["--seconds", "0"], "--seconds 0.0: a positive time of at most 3600 is needed");
    refuses("speed", &["devices", "--case", "5,7,2,0"], "the number of replicas must be at least 1");
    refuses("speed", &["devices", "--case", "5,7,2"], "four whole numbers are needed: m,n,b,R");
    refuses("speed", &["devices", "--case", "5,7,6,1"], "batch size must lie in 1..=5");
}

#[test]
fn without_peers_ours_are_measured_alone() {
    for (arguments, why) in [
        (["--python", "no-such-python"], "no-such-python does not start"),
        (["--peers", "no/such/directory"], "there are no peers in no/such/directory"),
    ] {
        let mut all = vec!["peers", "--case", "5,7,2,1"];
        all.extend(arguments);
        let speed = speed(&all);
        assert!(speed["alone"].as_str().unwrap().contains(why), "{}", speed["alone"]);
        let times = speed["peers"][0]["times"].as_array().unwrap();
        let names: Vec<&str> = times.iter().map(|times| times["name"].as_str().unwrap()).collect();
        assert_eq!(names, ["autodiff", "analytic", "reduced"]);
    }
}

/// The measurements that the project points to: complete, of sources without changes, and of a commit that is named.
#[test]
fn archived_measurements_say_where_they_come_from() {
    let results = path("experiments/results");
    for (name, table) in [("speed.json", "peers"), ("speed.json", "growth"), ("devices.json", "devices")] {
        let archived = json(&results.join(name));
        let commit = archived["machine"]["git_commit"].as_str().unwrap();
        assert!(commit.len() == 40 && commit.chars().all(|c| c.is_ascii_hexdigit()), "{name}: {commit}");
        assert!(!archived["machine"]["processor"].as_str().unwrap().is_empty(), "{name}");
        assert!(!archived[table].as_array().unwrap().is_empty(), "{name}: {table}");
        assert_ne!(archived["interrupted"], true, "{name}");
        assert!(results.join(name).with_extension("txt").is_file(), "{name}");
    }
}

#[test]
fn a_machine_is_described_with_what_was_built() {
    let machine = &speed(&["devices", "--case", "5,7,2,1"])["machine"];
    assert!(machine["rustc"].as_str().unwrap().starts_with("1."), "{machine}");
    assert_eq!(machine["burn"], "0.22.1");
    assert!(machine["backends"].as_array().unwrap().contains(&"flex".into()), "{machine}");
    let command: Vec<&str> =
        machine["command"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    assert_eq!(command[..3], ["puremix", "speed", "--rounds"]);
    if cfg!(target_os = "linux") {
        assert!(machine["clock_mhz"].as_f64().is_none_or(|clock| clock > 100.0), "{machine}");
    }
    assert!(stdout(&binary("speed").arg("--list-backends").output().unwrap()).contains("flex     f64, f32"));
    refuses("speed", &["--backend", "abacus"], "unknown backend `abacus`");
}

/// Peers written in shell: one answers, one lacks its package, one breaks off, the others say nothing.
#[cfg(unix)]
fn shell_peers(broken: &str) -> Temporary {
    let directory = temporary();
    let write = |name: &str, text: &str| fs::write(directory.path().join(name), text).unwrap();
    write("protocol.py", "");
    let asked = directory.path().join("asked");
    let peer = |name: &str, version: &str| {
        let hello = format!(r#"{{"peer": "{name}", "versions": {{"torch": "{version}"}}, "threads": 1}}"#);
        // Three replicas, 10 steps, 6 seconds: 0.2 s a step and replica.
        let answer = r#"{"steps": 10, "seconds": 6.0}"#;
        let each = format!("echo '{name}' >>'{}'; echo '{answer}'", asked.display());
        format!("echo '{hello}'\nwhile read -r what seconds; do {each}; done\n")
    };
    write("torch_eager.py", &peer("torch eager", "0.1"));
    write("jax_scan.py", &peer("jax scan", "0.2"));
    write("jax_vmap.py", "echo '{\"peer\": \"jax vmap\", \"missing\": \"no jax here\"}'\nexit 3\n");
    write("numpy_step.py", broken);
    directory
}

#[test]
#[cfg(unix)]
fn peers_in_the_working_directory_are_not_run() {
    use std::os::unix::fs::PermissionsExt;

    let directory = temporary();
    let at = |name: &str| directory.path().join(name);
    fs::create_dir_all(at("experiments/peers")).unwrap();
    fs::write(at("experiments/peers/protocol.py"), "").unwrap();
    // It notes what it is asked to run.
    fs::write(
        at("python"),
        format!("#!/bin/sh\necho \"$1\" >>'{}'\n[ \"$1\" = -c ]\n", at("asked").display()),
    )
    .unwrap();
    fs::set_permissions(at("python"), fs::Permissions::from_mode(0o755)).unwrap();
    let mut speed = binary("speed");
    speed.args(["peers", "--case", "5,7,2,1", "--rounds", "1", "--seconds", "0.001", "--json", "--python"]);
    speed.arg(at("python")).current_dir(directory.path()).unwrap();
    let asked = fs::read_to_string(at("asked")).unwrap();
    let scripts: Vec<&str> = asked.lines().filter(|line| *line != "-c").collect();
    assert_eq!(scripts.len(), 6, "{asked}");
    let ours = fs::canonicalize(path("experiments/peers")).unwrap();
    let is_ours = |script: &&str| fs::canonicalize(script).unwrap().starts_with(&ours);
    assert!(scripts.iter().all(is_ours), "{asked}");
}

#[test]
#[cfg(unix)]
fn peers_are_asked_in_turn_and_the_missing_are_named() {
    let directory = shell_peers("exit 1\n");
    let peers = directory.path().to_str().unwrap();
    let saved = directory.path().join("speed.json");
    let arguments =
        ["peers", "--case", "5,7,2,3", "--python", "sh", "--peers", peers, "--out", saved.to_str().unwrap()];
    let speed = speed(&arguments);
    assert_eq!(speed["alone"], Value::Null);
    let comparison = &speed["peers"][0];
    let times = comparison["times"].as_array().unwrap();
    let names: Vec<&str> = times.iter().map(|times| times["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["autodiff", "analytic", "reduced", "torch eager", "jax scan"]);
    assert!(nanoseconds(&times[3]).iter().all(|ns| (ns - 2e8).abs() < 1e-3));
    assert_eq!(times[3]["about"]["versions"]["torch"], "0.1");
    // A B A B A B, not A A A B B B.
    let asked = fs::read_to_string(directory.path().join("asked")).unwrap();
    assert_eq!(asked, "torch eager\njax scan\n".repeat(3));
    assert_eq!(speed["interrupted"], false);
    assert_eq!(comparison["missing"]["no jax here"], serde_json::json!(["jax vmap"]));
    let file: Value = serde_json::from_str(&fs::read_to_string(&saved).unwrap()).unwrap();
    assert_eq!(file, speed);
    // And in words, with what the peers are.
    let mut plain = binary("speed");
    plain.args(["--rounds", "1", "--seconds", "0.01"]).args(&arguments[..7]);
    let said = stdout(&plain.output().unwrap());
    assert!(said.contains("versions: torch 0.1, torch 0.2"), "{said}");
    assert!(said.contains("1 rounds of 0.01 s each, in turns"), "{said}");
    assert!(said.contains("rustc 1.") && said.contains("burn 0.22.1 with "), "{said}");
}

/// Ctrl-C while a peer keeps everybody waiting: what was finished before is on disk.
#[test]
#[cfg(unix)]
fn ctrl_c_leaves_the_tables_that_are_finished() {
    let directory = shell_peers("exit 1\n");
    let at = |name: &str| directory.path().join(name);
    let (peers, saved) = (directory.path().to_str().unwrap(), at("speed.json"));
    let arguments = format!(
        "peers --case 5,7,2,1 --case 6,8,3,1 --rounds 100 --seconds 0.001 --python sh --peers {peers} --out {}",
        saved.display()
    );
    // Two peers say that they were asked: a hundred times each in the first case.
    let child = program("speed", directory.path(), &arguments).spawn().unwrap();
    assert!(appears(&saved));
    press_ctrl_c(&child);
    ended(&child.wait_with_output().unwrap(), 130, "interrupted");
    let file = json(&saved);
    assert_eq!(file["interrupted"], true);
    let cases: Vec<&Value> =
        file["peers"].as_array().unwrap().iter().map(|comparison| &comparison["case"]["samples"]).collect();
    assert_eq!(cases, [5]);
}

#[test]
#[cfg(unix)]
fn a_peer_that_breaks_off_is_an_error() {
    let directory = shell_peers("echo '{\"peer\": \"numpy step\"}'\nread -r line\necho oops\n");
    let peers = directory.path().to_str().unwrap();
    refuses(
        "speed",
        &["peers", "--case", "5,7,2,1", "--python", "sh", "--peers", peers],
        "no answer but \"oops\"",
    );
}

#[test]
fn a_cell_of_growth_is_measured_in_a_process_of_its_own() {
    let cell = speed(&["--cell", "reduced", "--case", "200000,200000,1,1"]);
    assert!(cell["nanoseconds"].as_f64().unwrap() > 0.0);
    // Three arrays of m doubles (the start, its copy, the scaled coordinates), and little else.
    let bytes = |cell: &Value| cell["bytes"].as_u64().unwrap() as f64;
    assert!((4_800_000.0..6_500_000.0).contains(&bytes(&cell)), "{}", bytes(&cell));
    let double = speed(&["--cell", "reduced", "--case", "400000,400000,1,1"]);
    assert!((bytes(&double) / bytes(&cell) - 2.0).abs() < 0.05, "{} {}", bytes(&cell), bytes(&double));
    // A Gram matrix, [m, m], beside the samples, [m, n].
    let gram = speed(&["--cell", "gram", "--case", "300,310,2,1"]);
    assert!(bytes(&gram) > 8.0 * 300.0 * 610.0, "{}", bytes(&gram));
}
