//! The binary that measures: what it prints is what its subjects said, and it says who is missing.

use std::fs;

use serde_json::Value;

use crate::common::{binary, refuses, stderr, stdout};

/// `speed` with short rounds; its JSON.
fn speed(arguments: &[&str]) -> Value {
    let output = binary("speed")
        .args(["--rounds", "3", "--seconds", "0.01", "--json"])
        .args(arguments)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    serde_json::from_str(&stdout(&output)).unwrap()
}

fn nanoseconds(times: &Value) -> Vec<f64> {
    serde_json::from_value(times["nanoseconds"].clone()).unwrap()
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
    refuses("speed", &["--seconds", "0"], "--seconds 0: a positive time is needed");
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

/// Peers written in shell: one answers, one lacks its package, one breaks off, the others say nothing.
#[cfg(unix)]
fn shell_peers(broken: &str) -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| fs::write(directory.path().join(name), text).unwrap();
    write("protocol.py", "");
    let hello = r#"echo '{"peer": "torch eager", "versions": {"torch": "0"}, "threads": 1}'"#;
    // Three replicas, 10 steps, 6 seconds: 0.2 s a step and replica.
    let answer = r#"while read -r what seconds; do echo '{"steps": 10, "seconds": 6.0}'; done"#;
    write("torch_eager.py", &format!("{hello}\n{answer}\n"));
    write("jax_vmap.py", "echo '{\"peer\": \"jax vmap\", \"missing\": \"no jax here\"}'\nexit 3\n");
    write("numpy_step.py", broken);
    directory
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
    assert_eq!(names, ["analytic", "reduced", "torch eager"]);
    assert!(nanoseconds(&times[2]).iter().all(|ns| (ns - 2e8).abs() < 1e-3));
    assert_eq!(times[2]["about"]["versions"]["torch"], "0");
    assert_eq!(comparison["missing"]["no jax here"], serde_json::json!(["jax vmap"]));
    let file: Value = serde_json::from_str(&fs::read_to_string(saved).unwrap()).unwrap();
    assert_eq!(file, speed);
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
    if let Some(bytes) = cell["bytes"].as_u64() {
        assert!((3_200_000..16_000_000).contains(&bytes), "{bytes}");
    }
    refuses("speed", &["--cell", "autodiff", "--case", "5,7,2,3"], "autodiff trains one replica");
}
