//! What stands beside and in the place of a run: manifests, journals, locks, and the stores of processes that share a study.

use std::fs;
use std::path::Path;

use crc::{CRC_64_XZ, Crc};
use puremix::fuzzed;
use serde_json::{Value, json};

use super::{Bound, parts, refused, scratch, write};

const CHECKSUM: Crc<u64> = Crc::<u64>::new(&CRC_64_XZ);

/// An entry of a map of names takes a hundred bytes or two for the dozen that it is written with, a JSON value seventy for two; thrice that while
/// vectors grow. Buffers, and the text of errors.
const BOUND: Bound = Bound { per_byte: 400, besides: 2 << 20 };

/// Whether a name leads into the directory that lists it.
fn is_plain(name: &str) -> bool {
    let name = name.strip_suffix('/').unwrap_or(name);
    name.split('/').all(|part| !["", ".", ".."].contains(&part))
}

pub fn manifest(bytes: &[u8]) {
    let names = BOUND.hold(bytes.len(), || fuzzed::manifest(bytes));
    assert!(names.iter().flatten().all(|name| is_plain(name)), "{names:?}");
}

pub fn journal(bytes: &[u8]) {
    let names = BOUND.hold(bytes.len(), || fuzzed::journal(bytes));
    assert!(names.iter().flatten().all(|name| is_plain(name)), "{names:?}");
}

/// A run takes the place of what is there, by the word of manifests and journals. What is not in its directories stays, and so does what
/// they hold and no text lists.
pub fn run_directory(bytes: &[u8]) {
    let [how, there, replaced, partial, checkpoint, lock] = parts(bytes);
    let directory = scratch();
    let at = |name: &str| directory.path().join(name);
    write(&at("outside"), b"of others");
    write(&at("notes/outside"), b"of others");
    let how = how.first().copied().unwrap_or_default();
    for (bit, name, text, list) in [
        (1, "run", there, "manifest.json"),
        (2, ".run.replaced", replaced, "manifest.json"),
        (4, ".run.partial", partial, ".written"),
        (8, ".run.checkpoint", checkpoint, ".written"),
    ] {
        if how & bit == 0 {
            continue;
        }
        for file in ["config.json", "figures/a.svg", "mine", "mine-too/deep"] {
            write(&at(name).join(file), b"{}");
        }
        write(&at(name).join(list), text);
        #[cfg(unix)]
        std::os::unix::fs::symlink("../notes", at(name).join("link")).expect("there is room");
    }
    if how & 16 != 0 {
        write(&at(".run.lock"), lock);
    }
    if let Err(error) = BOUND.hold(bytes.len(), || fuzzed::replace(&at("run"))) {
        refused(error);
    }
    let holds = |path: &Path, text: &[u8]| fs::read(path).is_ok_and(|bytes| bytes == text);
    assert!(holds(&at("outside"), b"of others") && holds(&at("notes/outside"), b"of others"));
    // A finished run that was not sealed is deleted as what it is; of the others a file stays, here or there.
    if how & 1 != 0 && !lists(there, "mine") {
        let places = ["run", ".run.replaced", ".run.partial"];
        assert!(places.iter().any(|place| holds(&at(place).join("mine"), b"{}")), "a file of others is gone");
    }
    if how & 16 != 0 && !lock.is_empty() && !b"held by a running puremix\n".starts_with(lock) {
        assert!(holds(&at(".run.lock"), lock), "a file that is no lock is gone");
    }
}

fn lists(text: &[u8], name: &str) -> bool {
    String::from_utf8_lossy(text).contains(name)
}

/// What `sweep status` makes of the store of a process, of what was submitted, and of tables that are there.
pub fn status(bytes: &[u8]) {
    let [job, submitted, tables, study, results] = parts(bytes);
    let directory = scratch();
    let at = |name: &str| directory.path().join(name);
    let store = at(".run.1-of-2.checkpoint");
    if !job.is_empty() {
        write(&store.join("job.json"), job);
        let identity: Value = serde_json::from_slice(job).unwrap_or_default();
        let study = postcard::to_stdvec(&String::from_utf8_lossy(study)).expect("a text");
        write(&store.join("study"), &sealed(study, &identity));
        if !results.is_empty() {
            write(&store.join("runs-0"), &sealed(results.to_vec(), &identity));
        }
        let names = ["job.json", "study", "runs-0"].map(|name| format!("{name}\n")).concat();
        write(&store.join(".written"), format!("{JOURNAL}{names}").as_bytes());
    }
    if !submitted.is_empty() {
        write(&at("run-slurm/submitted.json"), submitted);
        write(&at("run-slurm/.written"), format!("{JOURNAL}submitted.json\n").as_bytes());
    }
    if !tables.is_empty() {
        write(&at("run/sweep.json"), tables);
        let stamp = json!({ "bytes": tables.len(), "crc64": format!("{:016x}", CHECKSUM.checksum(tables)) });
        let manifest = json!({ "puremix": "0.1.0", "files": { "sweep.json": stamp } });
        write(&at("run/manifest.json"), manifest.to_string().as_bytes());
    }
    if let Err(error) = BOUND.hold(bytes.len(), || fuzzed::status(&at("run"))) {
        refused(error);
    }
}

const JOURNAL: &str = "files that puremix has created in this directory\n";

/// A value with the checksums of a store.
fn sealed(mut bytes: Vec<u8>, job: &Value) -> Vec<u8> {
    bytes.extend(CHECKSUM.checksum(job.to_string().as_bytes()).to_le_bytes());
    bytes.extend(CHECKSUM.checksum(&bytes).to_le_bytes());
    bytes
}
