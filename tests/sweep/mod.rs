mod cluster;
mod errors;
mod results;
mod same;
mod shown;
mod submitted;

use std::fs;
use std::path::Path;
use std::process::Output;

use assert_cmd::output::OutputOkExt;

use crate::common::{self, contents, program};

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

/// Two studies with the same files.
fn assert_same(reference: &Path, other: &Path, of: &str) {
    common::assert_same(&contents(reference), &contents(other), of);
}
