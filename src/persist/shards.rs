//! Processes that share a job: the `K`-th of `N` has the place `NAME.K-of-N` beside that of the job, `NAME`, for its lock and its store. Each is the only writer of
//! its own store, and all may read all. In the place of the job itself, the process that ends it writes the run.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use serde_json::Value;

use super::place::Place;
use super::run_dir::{CHECKPOINT, RunDir};
use super::store::Store;
use crate::error::{Error, Result, io_at};

/// One of several processes that share a job: `K/N`, from `1/N` on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Shard {
    /// Of how many.
    pub count: u64,
    /// Which one, from 1 on.
    pub number: u64,
}

impl Shard {
    /// Most processes that share a job.
    pub const MAX: u64 = 100_000;

    /// The one of so many that does the `k`-th piece of work, from 0 on.
    pub fn of(k: u64, count: u64) -> Self {
        Self { count, number: k % count + 1 }
    }

    /// Whether the `k`-th piece of work is its own.
    pub fn does(self, k: u64) -> bool {
        self == Self::of(k, self.count)
    }

    /// Its place beside that of the job.
    ///
    /// # Errors
    /// As of the place of any run.
    pub(crate) fn place(self, out: &Path) -> Result<PathBuf> {
        Ok(self.beside(&Place::resolve(out)?))
    }

    fn beside(self, job: &Place) -> PathBuf {
        let mut name = job.name.clone();
        name.push(format!(".{}-of-{}", self.number, self.count));
        job.path_of(&name)
    }

    /// The shard of a place, by the end of its name.
    fn of_ending(ending: &str) -> Option<Self> {
        let (number, count) = ending.split_once("-of-")?;
        format!("{number}/{count}").parse().ok()
    }
}

impl FromStr for Shard {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        // Without signs or leading zeros: a shard has one name.
        let plain = |text: &str| text.parse::<u64>().ok().filter(|number| number.to_string() == text);
        let read = text.split_once('/').and_then(|(number, count)| Some((plain(number)?, plain(count)?)));
        match read {
            Some((number, count)) if 1 <= number && number <= count && count <= Self::MAX => {
                Ok(Self { number, count })
            }
            _ => Err(format!("expected K/N with 1 ≤ K ≤ N ≤ {}, as 3/8", Self::MAX)),
        }
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.number, self.count)
    }
}

/// The shards that have left something beside a place, in order.
fn found(place: &Place) -> Result<Vec<Shard>> {
    // The name of the job need not be text.
    let shard = |name: &[u8]| {
        let name = name.strip_prefix(b".")?.strip_suffix(CHECKPOINT.as_bytes())?.strip_suffix(b".")?;
        let ending = name.strip_prefix(place.name.as_encoded_bytes())?.strip_prefix(b".")?;
        Shard::of_ending(std::str::from_utf8(ending).ok()?)
    };
    let entries = place.parent.entries().map_err(io_at(&place.shown))?;
    let names = entries.filter_map(|entry| Some(entry.ok()?.file_name()));
    let mut shards: Vec<Shard> = names.filter_map(|name| shard(name.as_encoded_bytes())).collect();
    shards.sort();
    Ok(shards)
}

/// The stores that shards of the job which ends in `out` have begun, in order.
///
/// # Errors
/// [`Error::NotOurs`], [`Error::Damaged`], [`Error::Io`].
pub(crate) fn stores(out: &Path) -> Result<Vec<Store>> {
    let place = Place::resolve(out)?;
    let look = |shard: Shard| Store::look(Place::resolve(&shard.beside(&place))?);
    found(&place)?.into_iter().filter_map(|shard| look(shard).transpose()).collect()
}

/// The store of the process that has the place of the job itself, if it has begun one.
///
/// # Errors
/// As [`stores`].
pub(crate) fn own(out: &Path) -> Result<Option<Store>> {
    Store::look(Place::resolve(out)?)
}

/// The same of a given job.
///
/// # Errors
/// As [`stores`]; [`Error::OtherJob`] if one of them is of another.
pub(crate) fn stores_of(out: &Path, job: &Value) -> Result<Vec<Store>> {
    let stores = stores(out)?;
    stores.iter().try_for_each(|store| store.check_is_of(job))?;
    Ok(stores)
}

/// Removes what shards have left that have ended. One whose process still holds its place removes its own.
///
/// # Errors
/// [`Error::NotOurs`], [`Error::Io`].
pub(crate) fn remove(out: &Path) -> Result<()> {
    let place = Place::resolve(out)?;
    for shard in found(&place)? {
        match RunDir::claim(Some(&shard.beside(&place)), "shard") {
            Ok(held) => held.store(Value::Null)?.remove()?,
            Err(Error::Busy { .. }) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use serde_json::json;

    use super::*;

    #[test]
    fn every_piece_of_work_is_done_by_one_shard() {
        for count in [1u64, 3, 8] {
            let shards: Vec<Shard> = (1..=count).map(|k| format!("{k}/{count}").parse().unwrap()).collect();
            for work in 0..50 {
                assert_eq!(shards.iter().filter(|shard| shard.does(work)).count(), 1, "{work} of {count}");
            }
        }
        for text in ["", "1", "0/3", "4/3", "1/100001", "+1/3", "01/3", "1/3/4", "a/3"] {
            assert!(text.parse::<Shard>().is_err(), "{text}");
        }
    }

    #[test]
    fn the_stores_of_a_job_are_found_and_those_of_others_are_not() {
        let directory = tempfile::tempdir().unwrap();
        let at = |name: &str| directory.path().join(name);
        let begin = |path: &Path, seed: u64| {
            let run_dir = RunDir::claim(Some(path), "shard").unwrap();
            run_dir.store(json!({ "seed": seed })).unwrap().write("x", &seed).unwrap();
        };
        let shard = |text: &str, out: &str| text.parse::<Shard>().unwrap().place(&at(out)).unwrap();
        begin(&shard("2/3", "run"), 1);
        begin(&shard("1/3", "run"), 1);
        begin(&shard("1/2", "run"), 1);
        begin(&shard("1/2", "run.1-of-2"), 1);
        begin(&shard("1/2", "runs"), 1);
        begin(&at("run"), 1);
        fs::create_dir(at(".run.3-of-3.checkpoint")).unwrap();
        fs::create_dir(at(".run.4-of-3.checkpoint")).unwrap();
        let found = stores_of(&at("run"), &json!({ "seed": 1 })).unwrap();
        let names: Vec<_> =
            found.iter().map(|store| store.directory().file_name().unwrap().to_owned()).collect();
        assert_eq!(
            names,
            ["1-of-2", "1-of-3", "2-of-3"].map(|end| format!(".run.{end}.checkpoint").into())
                as [std::ffi::OsString; 3]
        );
        assert_eq!(found[0].read("x", |_: &u64| None).unwrap(), 1);
        // What a kill left while it was removed goes, too.
        fs::remove_file(at(".run.2-of-3.checkpoint/job.json")).unwrap();
        assert_eq!(stores(&at("run")).unwrap().len(), 2);
        let other = stores_of(&at("run"), &json!({ "seed": 2 })).unwrap_err();
        assert!(other.to_string().contains("seed was 1, is 2"), "{other}");
        remove(&at("run")).unwrap();
        assert!(!at(".run.2-of-3.checkpoint").exists() && at(".run.4-of-3.checkpoint").exists());
        assert!(stores(&at("run")).unwrap().is_empty() && own(&at("run")).unwrap().is_some());
        assert_eq!(stores(&at("runs")).unwrap().len(), 1);
    }
}
