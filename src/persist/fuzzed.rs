//! The readers of this room, for [`crate::fuzzed`].

use std::path::Path;

use serde_json::{Value, json};

use super::RunDir;
use super::entry::{Request, Standing};
use super::manifest::Manifest;
use super::{folder, store};
use crate::error::Result;

/// Names of the files in a `manifest.json`; none if it is none.
pub fn manifest(text: &[u8]) -> Option<Vec<String>> {
    Manifest::parse(text).map(|manifest| manifest.files().map(String::from).collect())
}

/// Names in a journal, `.written`; none if it is none.
pub fn journal(text: &[u8]) -> Option<Vec<String>> {
    folder::names_in(text).map(|names| names.into_iter().collect())
}

/// What a file of a checkpoint holds, without its checksums.
///
/// # Errors
/// What is wrong with these.
pub fn stored<'a>(bytes: &'a [u8], job: &Value) -> Result<&'a [u8], String> {
    store::body(bytes, store::sum_of(job))
}

/// Puts a run of one file in a place, and deletes there and beside it all that the text found on disk allows to be deleted.
///
/// # Errors
/// As `train --force`.
pub fn replace(out: &Path) -> Result<()> {
    let mut run_dir = RunDir::claim(Some(out), "run")?;
    let store = run_dir.store(json!({}))?;
    let there = run_dir.in_place();
    let standing = there.as_ref().map_or(Standing::Nothing, |run| run.standing("config.json", store.job()));
    run_dir.enter(&store, standing, Request { resume: false, force: true })?;
    run_dir.write("config.json", b"{}")?;
    run_dir.commit()?;
    Ok(())
}
