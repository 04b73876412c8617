//! What is kept of work that is not finished: checkpoints of `train`, ledgers of studies, findings of reports. The checksums before and
//! behind what a file holds are a target of their own; every other one is given what follows them.

use std::sync::LazyLock;

use puremix::catalogue;
use puremix::fuzzed::{self, Resumed};
use serde_json::json;
use tempfile::TempDir;

use super::{Bound, scratch, split, train};

/// The largest element of a vector that takes a byte, an outcome that is not there yet, has 150 bytes; thrice that while a vector grows. A vector
/// reserves up to a mebibyte before it finds out how long it is, and three are nested; the rest is for the steps that follow.
const BOUND: Bound = Bound { per_byte: 600, besides: 8 << 20 };

/// Jobs that go on: each engine, with and without moments, one replica and several.
const JOBS: [&str; 4] = [
    "--samples 3 --dim 4 --batch 1 --steps 40 --every 5 --engine reduced",
    "--samples 3 --dim 4 --batch 2 --steps 40 --every 5 --engine analytic --replicas 3 --update heavy-ball:0.5",
    "--samples 3 --dim 4 --batch 1 --steps 40 --every 5 --model shallow:2 --update adam",
    "--samples 3 --dim 4 --batch 1 --steps 40 --every 5 --engine reduced --replicas 9",
];

static RESUMED: LazyLock<(TempDir, Vec<Resumed>)> = LazyLock::new(|| {
    let directory = scratch();
    let of = |(k, words): (usize, &&str)| {
        let place = directory.path().join(k.to_string());
        Resumed::new(&train(words), &place).expect("a job that runs")
    };
    let jobs = JOBS.iter().enumerate().map(of).collect();
    (directory, jobs)
});

/// `part-0`, `finished-0`, `state.bin` and `under-way-0`, each by the job that it is said to be of, which goes on from there; and the checksums.
pub fn checkpoint(bytes: &[u8]) {
    let (how, file) = split(bytes);
    let job = &RESUMED.1[how % JOBS.len()];
    BOUND
        .hold(file.len(), || match how / JOBS.len() % 5 {
            0 => job.part(file),
            1 => job.finished(file),
            2 => job.state(file),
            // Runs of a study have one replica.
            3 if (how % JOBS.len()).is_multiple_of(2) => job.under_way(file),
            _ => fuzzed::stored(file, &json!({ "seed": 1 })).map(drop),
        })
        .unwrap_or_else(|reason| assert!(!reason.is_empty()));
}

const RUNS: u64 = 4;

pub fn ledger(bytes: &[u8]) {
    match BOUND.hold(bytes.len(), || fuzzed::results(bytes, RUNS)) {
        Ok(missing) => assert!(missing <= RUNS as usize),
        Err(reason) => assert!(!reason.is_empty()),
    }
}

pub fn runs_csv(bytes: &[u8]) {
    let Ok(text) = str::from_utf8(bytes) else { return };
    match BOUND.hold(bytes.len(), || fuzzed::runs_csv(text, RUNS)) {
        Ok(missing) => assert!(missing <= RUNS as usize),
        Err(reason) => assert!(!reason.is_empty()),
    }
}

pub fn findings(bytes: &[u8]) {
    let (_, file) = split(bytes);
    for study in catalogue::ALL {
        if let Err(reason) = BOUND.hold(file.len(), || fuzzed::findings(file, study)) {
            assert!(!reason.is_empty());
        }
    }
}
