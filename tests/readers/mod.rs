//! What must hold of everything that reads a file, whatever it holds: a value or a refusal that can be shown, no panic, no time and no
//! memory but what the bytes that are there justify.
//!
//! Each [`Target`] feeds bytes to a reader, or to several of a kind. `fuzz/` looks for bytes that break it; `tests/fuzzed.rs` replays what
//! it has found on the way, `tests/corpus/`.

pub mod data;
mod disk;
mod kept;
mod options;
mod shown;
mod start;

use std::fmt::Display;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use std::{env, fs};

use clap::Parser;
use puremix::data::Source;
use puremix::job::TrainOptions;
use tempfile::TempDir;

use crate::common::allocator;

/// Bytes for a reader, and what must hold of it.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// Name of the program in `fuzz/` and of the folder in `tests/corpus/`.
    pub name: &'static str,
    run: fn(&[u8]),
}

macro_rules! targets {
    ($($room:ident::$name:ident),+ $(,)?) => {
        /// All of them.
        pub const TARGETS: [Target; [$(stringify!($name)),+].len()] =
            [$(Target { name: stringify!($name), run: $room::$name }),+];
    };
}

targets![
    data::data_npy,
    data::data_csv,
    data::data_idx,
    data::data_gzip,
    start::from_npy,
    start::from_safetensors,
    options::study,
    options::config,
    disk::manifest,
    disk::journal,
    disk::run_directory,
    disk::status,
    kept::checkpoint,
    kept::ledger,
    kept::runs_csv,
    kept::findings,
    shown::report,
    shown::run_page,
    shown::study_page,
    shown::table,
];

impl Target {
    /// The one of a name.
    ///
    /// # Panics
    /// If there is none.
    pub fn named(name: &str) -> Self {
        let found = TARGETS.into_iter().find(|target| target.name == name);
        found.unwrap_or_else(|| panic!("there is no target {name}"))
    }

    /// Reads, and asserts what must hold.
    ///
    /// # Panics
    /// If it does not.
    pub fn check(&self, bytes: &[u8]) {
        (self.run)(bytes);
    }
}

/// Longest time that a reader may take. In `fuzz/` it is a second, by libFuzzer's clock; here other tests run beside it.
const MAX_TIME: Duration = Duration::from_secs(10);

/// What a reader may hold at its most: so many bytes for each byte that is there, unpacked, and so many besides.
#[derive(Clone, Copy, Debug)]
struct Bound {
    per_byte: usize,
    besides: usize,
}

impl Bound {
    /// Runs a reader of `size` bytes within the bound.
    fn hold<T>(self, size: usize, read: impl FnOnce() -> T) -> T {
        let started = Instant::now();
        let (result, held) = allocator::most_held(read);
        let (time, most) = (started.elapsed(), self.per_byte * size + self.besides);
        assert!(held <= most, "{held} bytes held for {size}, where {most} are the most");
        assert!(time < MAX_TIME, "{time:?} for {size} bytes");
        result
    }
}

/// A refusal says something, and nothing that a terminal would obey.
fn refused(error: impl Display) {
    let message = error.to_string();
    assert!(!message.is_empty(), "a refusal without a reason");
    assert!(!message.chars().any(char::is_control), "{message:?}");
}

/// A directory of its own, in memory where there is such a place.
fn scratch() -> TempDir {
    let memory = Path::new("/dev/shm");
    let place = if memory.is_dir() { PathBuf::from(memory) } else { env::temp_dir() };
    tempfile::Builder::new().prefix("puremix-").tempdir_in(place).expect("there is room for a directory")
}

fn write(path: &Path, bytes: &[u8]) {
    fs::create_dir_all(path.parent().expect("a file in a directory")).expect("there is room");
    fs::write(path, bytes).expect("there is room");
}

/// A byte that says how, and what is to be read.
fn split(bytes: &[u8]) -> (usize, &[u8]) {
    bytes.split_first().map_or((0, bytes), |(how, rest)| (usize::from(*how), rest))
}

/// Several files in one: a byte 0 is between two.
fn parts<const N: usize>(bytes: &[u8]) -> [&[u8]; N] {
    let mut parts = bytes.splitn(N, |byte| *byte == 0);
    std::array::from_fn(|_| parts.next().unwrap_or_default())
}

/// Options of a run from words.
fn train(words: &str) -> TrainOptions {
    let words = ["train"].into_iter().chain(words.split_whitespace());
    TrainOptions::try_parse_from(words).expect("options that train has")
}

/// Whether a run of these options, by their long names, is one of a few small samples that no file holds: whatever else they say is then checked
/// at once.
fn is_small(settings: &[(String, String)]) -> bool {
    let runs_of_digits_are_short =
        |text: &str| text.split(|c: char| !c.is_ascii_digit()).all(|digits| digits.len() < 3);
    settings.iter().all(|(option, value)| match option.as_str() {
        "samples" | "dim" | "replicas" | "batch" => {
            value.len() < 3 && value.bytes().all(|byte| byte.is_ascii_digit())
        }
        "model" => runs_of_digits_are_short(value),
        // Numbers of these may have an exponent.
        "norms" | "weights" => !value.contains(['e', 'E']) && runs_of_digits_are_short(value),
        "data" => {
            let source = value.parse::<Source>();
            let is_short = |part: &str| part.len() < 3 || part.parse::<u64>().is_err();
            source.is_ok_and(|source| source.is_generator()) && value.split([':', ',']).all(is_short)
        }
        "from" => false,
        _ => true,
    })
}
