mod cluster;
mod errors;
mod results;
mod same;
mod shown;
mod submitted;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Output;

use assert_cmd::output::OutputOkExt;

use crate::common::program;

/// Runs `sweep` in a directory.
fn swept(directory: &Path, arguments: &str) -> Output {
    program("sweep", directory, arguments).output().unwrap()
}

/// Runs `sweep`, which must succeed.
#[track_caller]
fn sweep(directory: &Path, arguments: &str) -> Output {
    program("sweep", directory, arguments).unwrap()
}

fn write(directory: &Path, name: &str, text: &str) {
    fs::write(directory.join(name), text).unwrap();
}

/// The rows of a table, by the names of their columns.
fn rows(path: &Path) -> Vec<BTreeMap<String, String>> {
    let mut reader = csv::Reader::from_path(path).unwrap();
    let header = reader.headers().unwrap().clone();
    let row =
        |row: csv::StringRecord| header.iter().map(String::from).zip(row.iter().map(String::from)).collect();
    reader.records().map(|record| row(record.unwrap())).collect()
}

fn number(row: &BTreeMap<String, String>, column: &str) -> f64 {
    row[column].parse().unwrap_or_else(|_| panic!("{column}: {:?}", row[column]))
}

/// Every file below a directory, byte for byte.
fn contents(directory: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    for path in fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()) {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() {
            let inside = contents(&path).into_iter();
            files.extend(inside.map(|(file, bytes)| (format!("{name}/{file}"), bytes)));
        } else {
            files.insert(name, fs::read(path).unwrap());
        }
    }
    files
}

/// Two studies with the same files.
fn assert_same(reference: &Path, other: &Path, of: &str) {
    let (reference, other) = (contents(reference), contents(other));
    assert_eq!(reference.keys().collect::<Vec<_>>(), other.keys().collect::<Vec<_>>(), "{of}");
    for (name, bytes) in &reference {
        assert!(bytes == &other[name], "{of}: {name} differs");
    }
}
