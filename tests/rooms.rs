//! Who may know whom, read off the sources.

use std::fs;
use std::path::{Path, PathBuf};

fn sources(directory: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files
}

/// Lines under `room` that name one of `strangers`.
fn trespassers(room: &str, strangers: &[&str]) -> Vec<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(room);
    let files = if path.is_dir() { sources(&path) } else { vec![path] };
    assert!(!files.is_empty());
    let mut found = Vec::new();
    for file in files {
        for line in
            fs::read_to_string(&file).unwrap().lines().filter(|line| !line.trim_start().starts_with("//"))
        {
            if strangers.iter().any(|stranger| names(line, stranger)) {
                found.push(format!("{}: {line}", file.display()));
            }
        }
    }
    found
}

/// Whether a line of code reaches into a module: `stranger::…`, or a `use` that mentions it in any form.
fn names(line: &str, stranger: &str) -> bool {
    let word =
        |text: &str| text.split(|c: char| !c.is_alphanumeric() && c != '_').any(|word| word == stranger);
    let imports = line.trim_start().starts_with("use ") || line.trim_start().starts_with("pub use ");
    line.contains(&format!("{stranger}::")) || (imports && word(line))
}

#[test]
fn every_form_of_import_is_noticed() {
    for line in [
        "use crate::{engine, train};",
        "use crate::train;",
        "    pub use crate::train as t;",
        "crate::train::go()",
    ] {
        assert!(names(line, "train"), "{line}");
    }
    assert!(!names("let train = 3;", "train") && !names("use crate::training;", "train"));
}

#[test]
fn theory_has_never_seen_an_engine() {
    // Both lie in `puremix-dynamics`; that they have seen neither Burn nor a claim is the compiler's to hold.
    let none: [String; 0] = [];
    assert_eq!(trespassers("crates/dynamics/src/theory", &["engine", "reduced"]), none);
    for room in ["engine.rs", "reduced", "limit_set.rs", "schedule", "data"] {
        assert_eq!(trespassers(&format!("crates/dynamics/src/{room}"), &["theory"]), none, "{room}");
    }
    for room in ["src/engine", "src/train", "src/measure", "src/model", "src/data"] {
        assert_eq!(trespassers(room, &["theory", "claims", "explorations"]), none, "{room}");
    }
}

#[test]
fn the_search_finds_what_is_there() {
    assert!(!trespassers("src/claims", &["theory"]).is_empty());
    assert!(!trespassers("src/job", &["engine"]).is_empty());
}

#[test]
fn only_device_rs_names_backends() {
    for file in sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src")) {
        let text = fs::read_to_string(&file).unwrap();
        if !file.ends_with("device.rs") {
            for name in
                ["Device::flex", "Device::ndarray", "Device::wgpu", "Device::cuda", "feature = \"flex\""]
            {
                assert!(!text.contains(name), "{} names {name}", file.display());
            }
        }
    }
}
