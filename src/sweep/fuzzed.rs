//! The readers of this room, for [`crate::fuzzed`].

use std::path::Path;

use super::done::Done;
use super::measures::Record;
use super::page::Told;
use super::plan::Plan;
use super::{file, ledger, names, status};
use crate::error::{Error, Result};
use crate::persist::store::decode;
use crate::report::fuzzed::without_figures;

/// Number of cells of a study, and the study as it is written again; checked as a whole if `is_small` says so of the options of every cell.
///
/// # Errors
/// As of a study file.
pub fn study(text: &str, is_small: impl Fn(&[(String, String)]) -> bool) -> Result<(usize, String)> {
    let study = file::parse(text, "study.toml", &names::Options::new())?;
    let (cells, written) = (study.count()?, study.to_toml());
    let settings = |cell: usize| -> Vec<(String, String)> {
        study.settings(cell).map(|(option, value)| (option.into(), value.text.clone())).collect()
    };
    if cells <= 4 && (0..cells).all(|cell| is_small(&settings(cell))) {
        Plan::check(study)?;
    }
    Ok((cells, written))
}

/// Takes up `runs-0` of the ledger of a study with so many runs; how many are missing then.
///
/// # Errors
/// What is wrong with it.
pub fn results(bytes: &[u8], runs: u64) -> Result<usize, String> {
    let mut done = Done::results(runs);
    let records = decode(bytes, |records: &Vec<Record>| done.flaw(records))?;
    done.extend(&records).map_err(|e| e.to_string())?;
    read_back(&done, runs)
}

/// Takes up `runs.csv` of a study with so many runs; how many are missing then.
///
/// # Errors
/// What is wrong with it.
pub fn runs_csv(text: &str, runs: u64) -> Result<usize, String> {
    let mut done = Done::results(runs);
    done.read_table(text)?;
    read_back(&done, runs)
}

fn read_back(done: &Done, runs: u64) -> Result<usize, String> {
    let missing = done.missing().count();
    if missing == 0 {
        done.of(0..runs).map_err(|e| e.to_string())?;
    }
    Ok(missing)
}

/// What `sweep status` says of a study that processes share.
///
/// # Errors
/// As of the command.
pub fn status(out: &Path) -> Result<String> {
    ledger::study_of(out)?;
    let nothing = || Error::Usage("nothing".into());
    let progress = status::progress(out)?.ok_or_else(nothing)?;
    Ok(format!("{}\n{}", progress.lines(out).join("\n"), progress.document(out)))
}

/// The page of a finished study without its figures, and the captions of these.
///
/// # Errors
/// As of `sweep --render`.
pub fn study_page(from: &Path) -> Result<String> {
    let told = Told::read(from)?;
    let captions =
        told.shown().into_iter().map(|shown| shown.map_or_else(|flaw| flaw, |shown| shown.caption));
    Ok(without_figures(&told.page(from)?)? + &captions.collect::<String>())
}
