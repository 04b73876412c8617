//! What the fuzzer has found on its way, once more: `tests/corpus/`, a folder a target, by the same readers within the same bounds.

use std::fs;

use crate::documents::path;
use crate::readers::{TARGETS, Target};

/// Most bytes of the corpus, which everyone has to fetch.
const MAX_BYTES: usize = 400_000;

/// The inputs of a target, with their names, in order.
fn inputs(target: &Target) -> Vec<(String, Vec<u8>)> {
    let folder = path("tests/corpus").join(target.name);
    let entries = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let read =
        |entry: fs::DirEntry| (entry.file_name().into_string().unwrap(), fs::read(entry.path()).unwrap());
    let mut inputs: Vec<_> = entries.map(|entry| read(entry.unwrap())).collect();
    inputs.sort();
    inputs
}

#[test]
fn the_corpus_is_read_within_bounds() {
    for target in TARGETS {
        let inputs = inputs(&target);
        assert!(inputs.len() > 1, "{} has no corpus", target.name);
        for (name, bytes) in inputs {
            // Whose input it was, should it panic.
            println!("{}/{name}", target.name);
            target.check(&bytes);
        }
    }
}

#[test]
fn every_target_has_its_program_and_its_folder_and_no_other_has() {
    let names = |folder: &str| {
        let entries = fs::read_dir(path(folder)).unwrap();
        let name = |entry: fs::DirEntry| entry.path().file_stem().unwrap().to_string_lossy().into_owned();
        let mut names: Vec<String> = entries.map(|entry| name(entry.unwrap())).collect();
        names.sort();
        names
    };
    let mut targets = TARGETS.map(|target| target.name.to_string()).to_vec();
    targets.sort();
    assert_eq!(names("tests/corpus"), targets);
    assert_eq!(names("fuzz/targets"), targets);
    let bytes: usize = TARGETS.iter().flat_map(inputs).map(|(_, bytes)| bytes.len()).sum();
    assert!(bytes < MAX_BYTES, "{bytes} bytes");
}

/// What the fuzzer does not reach, since its inputs are short: files as large as are read, of what is told place by place.
#[test]
fn large_files_are_read_within_bounds() {
    let study = Target::named("study");
    let list = |between: &str| format!("[grid]\nbatch = [{}]\n", vec!["1"; 340_000].join(between));
    let values: Vec<String> = (0..10_000).map(|k| k.to_string()).collect();
    let axis = format!("[grid]\nbatch = [{}]\n", values.join(", "));
    let compares = "[[compare]]\naxis = \"batch\"\nwith = 7\n".repeat(20_000);
    let figures = "[[figure]]\nx = \"batch\"\ny = \"loss\"\n".repeat(20_000);
    for text in [list(","), list(",\n"), list(", "), format!("{axis}{compares}"), format!("{axis}{figures}")]
    {
        assert!(text.len() < 1 << 20);
        study.check(text.as_bytes());
    }
    let config = Target::named("config");
    let keys: String = (0..60_000).map(|k| format!("k{k} = 1\n")).collect();
    for text in [format!("\u{1}{keys}"), format!("\u{1}norms = [{}]", vec!["1"; 300_000].join(","))] {
        config.check(text.as_bytes());
    }
    for nested in ["[", "{\"a\":", "a = [", "a = {a = ", "a.", "[a."] {
        let text = nested.repeat(100_000);
        for target in ["study", "config", "manifest", "report", "run_page", "status"] {
            Target::named(target).check(text.as_bytes());
            Target::named(target).check(format!("\u{1}{text}").as_bytes());
        }
    }
}
