//! Helpers shared by the test modules.

pub mod allocator;

use std::collections::BTreeMap;
use std::fs;
use std::ops::Deref;
use std::path::Path;
use std::process::{self, Child, Output, Stdio};
use std::thread;
use std::time::Duration;

use assert_cmd::Command;
use assert_cmd::output::OutputOkExt;
use burn::module::{Module, Param};
use burn::tensor::Tensor;
use chacha20::ChaCha8Rng;
use nalgebra::DMatrix;
use puremix::commands::{REPRODUCE, SWEEP, TRAIN};
use puremix::data::Dataset;
use puremix::device::Compute;
use puremix::engine::{Analytic, Autodiff, Engine, Reduced};
use puremix::init::Start;
use puremix::measure::sharpness::Operator;
use puremix::model::{Activation, Autoencoder, Forward};
use puremix::problem::{Problem, Reduction};
use puremix::program::Program;
use puremix::schedule::{Schedule, ScheduleKind};
use puremix_bench::SPEED;
use rand::{RngExt, SeedableRng};
use serde_json::Value;

/// An untied autoencoder with biases: other parameters, other ranks, another gradient than the neuron.
#[derive(Module, Debug)]
pub struct Untied {
    pub encoder: Param<Tensor<3>>,
    pub bias: Param<Tensor<3>>,
    pub decoder: Param<Tensor<3>>,
}

impl Untied {
    pub fn new(encoder: &[f64], bias: &[f64], decoder: &[f64], dim: usize, compute: &Compute) -> Self {
        let hidden = bias.len();
        Self {
            encoder: Param::from_tensor(compute.tensor(encoder, [1, hidden, dim])),
            bias: Param::from_tensor(compute.tensor(bias, [1, 1, hidden])),
            decoder: Param::from_tensor(compute.tensor(decoder, [1, hidden, dim])),
        }
    }
}

impl Autoencoder for Untied {
    fn reconstruct(&self, x: Tensor<3>) -> Tensor<3> {
        let hidden = x.matmul(self.encoder.val().transpose()) + self.bias.val();
        Activation::Relu.forward(hidden).matmul(self.decoder.val())
    }

    fn neurons(&self) -> Tensor<3> {
        self.encoder.val()
    }
}

pub const ENCODER: [f64; 6] = [0.5, -0.2, 0.3, 0.1, 0.4, -0.3];
pub const BIAS: [f64; 2] = [0.05, -0.02];
pub const DECODER: [f64; 6] = [0.2, 0.1, -0.4, 0.3, 0.2, 0.1];

/// A problem over Haar-random orthonormal rows, with a start.
pub fn orthonormal(
    (m, n): (usize, usize),
    activation: Activation,
    reduction: Reduction,
    step_size: f64,
) -> (Problem, Start) {
    let data = Dataset::orthonormal(m, n, 17).unwrap();
    let start = Start::gaussian(&data, 0.6, 4, 2).unwrap();
    (Problem::new(data, activation, reduction, step_size).unwrap(), start)
}

/// Correlated rows of unequal norms around 1: no theory applies, only the dynamics.
pub fn correlated(m: usize, n: usize, seed: u64) -> Dataset {
    let mut rng = chacha20::ChaCha8Rng::seed_from_u64(seed);
    let shared: Vec<f64> = (0..n).map(|_| rng.random_range(-0.3..0.3)).collect();
    let rows = (0..m * n).map(|k| shared[k % n] + rng.random_range(-0.5..0.5)).collect();
    Dataset::from_rows(rows, m, n).unwrap()
}

/// A problem for a model of one's own under the sum reduction, where every sample takes the step size as it is.
pub fn summed(data: &Dataset, step_size: f64) -> Problem {
    Problem::new(data.clone(), Activation::Linear, Reduction::Sum, step_size).unwrap()
}

/// Every schedule.
pub const KINDS: [ScheduleKind; 5] = [
    ScheduleKind::Gd,
    ScheduleKind::Sgd,
    ScheduleKind::Cyclic,
    ScheduleKind::Reshuffle,
    ScheduleKind::Replacement,
];

/// The three engines, one replica each, on one problem.
pub fn engines(problem: &Problem, schedule: &Schedule, start: &Start) -> [Box<dyn Engine>; 3] {
    engines_from(problem, schedule, std::slice::from_ref(start), 0, &Compute::default())
}

/// The three engines on one problem, with replicas `first, first + 1, …` where they can have several.
pub fn engines_from(
    problem: &Problem,
    schedule: &Schedule,
    starts: &[Start],
    first: u64,
    compute: &Compute,
) -> [Box<dyn Engine>; 3] {
    [
        Box::new(Autodiff::single_neuron(problem, schedule, &starts[0], first, compute).unwrap()),
        Box::new(Analytic::new(problem, schedule, starts, first, compute).unwrap()),
        Box::new(Reduced::new(problem, schedule, starts, first).unwrap()),
    ]
}

/// A symmetric matrix in full.
pub struct Matrix(pub DMatrix<f64>);

impl Operator for Matrix {
    fn dim(&self) -> usize {
        self.0.nrows()
    }

    fn apply(&self, v: &[f64]) -> Vec<f64> {
        (&self.0 * nalgebra::DVector::from_row_slice(v)).as_slice().to_vec()
    }
}

/// A generator of its own.
pub fn rng(seed: u64) -> ChaCha8Rng {
    ChaCha8Rng::seed_from_u64(seed)
}

/// The first browser there is. Without one, a failure under CI, and a test left out, loudly, elsewhere.
pub fn browser() -> Option<&'static str> {
    let names = ["chromium", "chromium-browser", "google-chrome"];
    let found = names.into_iter().find(|name| process::Command::new(name).arg("--version").output().is_ok());
    if found.is_none() {
        let missing = "NO BROWSER: a page was not opened; install chromium";
        assert!(std::env::var_os("CI").is_none(), "{missing}");
        eprintln!("\n*** {missing} ***\n");
    }
    found
}

/// A directory that goes away with its owner; a path wherever one is asked for.
pub struct Temporary(tempfile::TempDir);

impl Temporary {
    pub fn path(&self) -> &Path {
        self.0.path()
    }
}

impl Deref for Temporary {
    type Target = Path;

    fn deref(&self) -> &Path {
        self.path()
    }
}

impl AsRef<Path> for Temporary {
    fn as_ref(&self) -> &Path {
        self.path()
    }
}

/// A directory that goes away with the test.
pub fn temporary() -> Temporary {
    Temporary(tempfile::tempdir().unwrap())
}

/// A path inside a directory, as an argument.
pub fn text_path(directory: &Path, name: &str) -> String {
    directory.join(name).display().to_string()
}

/// The program `puremix`.
pub const PUREMIX: &str = env!("CARGO_BIN_EXE_puremix");

/// Its subcommands that are not about one claim.
pub const JOBS: [Program; 4] = [REPRODUCE, TRAIN, SWEEP, SPEED];

/// The words by which it is asked for one of its programs.
pub fn subcommand(name: &str) -> Vec<&str> {
    if JOBS.iter().any(|job| job.name == name) { vec![name] } else { vec!["claim", name] }
}

/// One of its programs.
pub fn binary(name: &str) -> Command {
    let mut command = Command::new(PUREMIX);
    command.args(subcommand(name)).env_remove("RUST_BACKTRACE");
    command
}

/// Runs a binary that must refuse.
#[track_caller]
pub fn refuses(name: &str, arguments: &[&str], needle: &str) {
    refused(&binary(name).args(arguments).output().unwrap(), needle);
}

/// A program has refused: exit code 2, an error with `needle`, nothing on stdout.
#[track_caller]
pub fn refused(output: &Output, needle: &str) {
    ended(output, 2, needle);
    assert!(output.stdout.is_empty(), "`{needle}`, but it printed: {}", stdout(output));
    assert!(!stderr(output).contains("panicked"), "{}", stderr(output));
}

/// A program has ended with this exit code, and `needle` is among what it says on stderr.
#[track_caller]
pub fn ended(output: &Output, code: i32, needle: &str) {
    let error = stderr(output);
    assert_eq!(output.status.code(), Some(code), "`{needle}` expected: {error}");
    assert!(error.contains(needle), "`{needle}` expected: {error}");
}

pub fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

pub fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

pub fn json(path: &Path) -> serde_json::Value {
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// Shape and values of a float array.
pub fn floats(path: &Path) -> (Vec<u64>, Vec<f64>) {
    let npy = npyz::NpyFile::new(std::io::BufReader::new(std::fs::File::open(path).unwrap())).unwrap();
    (npy.shape().to_vec(), npy.into_vec().unwrap())
}

/// Shape and values of an integer array.
pub fn integers(path: &Path) -> (Vec<u64>, Vec<i64>) {
    let npy = npyz::NpyFile::new(std::io::BufReader::new(std::fs::File::open(path).unwrap())).unwrap();
    (npy.shape().to_vec(), npy.into_vec().unwrap())
}

/// A program in a directory of its own.
pub fn program(name: &str, directory: &Path, arguments: &str) -> process::Command {
    let mut command = process::Command::new(PUREMIX);
    command.args(subcommand(name));
    command.current_dir(directory).args(arguments.split_whitespace());
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Runs `train` in a directory of its own.
pub fn trained(directory: &Path, arguments: &str) -> Output {
    program("train", directory, arguments).output().unwrap()
}

/// Runs `train` in a directory of its own, which must succeed.
#[track_caller]
pub fn succeeds(directory: &Path, arguments: &str) -> Output {
    program("train", directory, arguments).unwrap()
}

/// Sends SIGINT.
pub fn press_ctrl_c(child: &Child) {
    assert!(
        process::Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success()
    );
}

/// Waits for a file; whether it came.
pub fn appears(path: &Path) -> bool {
    (0..2000).any(|_| {
        thread::sleep(Duration::from_millis(10));
        path.exists()
    })
}

/// Every file below a directory by name, byte for byte.
pub fn contents(directory: &Path) -> BTreeMap<String, Vec<u8>> {
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

/// The files of a run by name; of the summary all but the time.
pub fn files(directory: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut files = contents(directory);
    for (name, bytes) in &mut files {
        let change: fn(&mut Value) = match name.rsplit('/').next() {
            Some("manifest.json") => |manifest| {
                manifest["files"]["summary.json"]["crc64"] = Value::Null;
                manifest["files"]["summary.json"]["bytes"] = Value::Null;
                manifest.as_object_mut().unwrap().remove("replaces");
            },
            Some("summary.json") => |summary| {
                assert!(summary["seconds"].as_f64().unwrap() > 0.0);
                summary["seconds"] = Value::Null;
            },
            _ => continue,
        };
        let mut value = serde_json::from_slice(bytes).unwrap();
        change(&mut value);
        *bytes = value.to_string().into_bytes();
    }
    files
}

/// Two runs with the same files.
pub fn assert_same_run(reference: &Path, other: &Path, of: &str) {
    assert_same(&files(reference), &files(other), of);
}

/// The same files with the same bytes.
pub fn assert_same(reference: &BTreeMap<String, Vec<u8>>, other: &BTreeMap<String, Vec<u8>>, of: &str) {
    assert_eq!(reference.keys().collect::<Vec<_>>(), other.keys().collect::<Vec<_>>(), "{of}");
    for (name, bytes) in reference {
        assert!(bytes == &other[name], "{of}: {name} differs");
    }
}

/// A row of a table, by the names of the columns.
pub type Row = BTreeMap<String, String>;

/// The rows of a table.
pub fn rows(path: &Path) -> Vec<Row> {
    csv::Reader::from_path(path).unwrap().deserialize().map(Result::unwrap).collect()
}

/// A number of a row.
pub fn number(row: &Row, column: &str) -> f64 {
    row[column].parse().unwrap_or_else(|_| panic!("{column}: {row:?}"))
}

/// What the program writes at the head of its journal of created files.
pub const JOURNAL: &str = "files that puremix has created in this directory\n";

/// Leaves a directory as a killed process does: with a journal, and a file that it lists.
pub fn leave(directory: &Path, file: &str, content: &str) {
    fs::create_dir(directory).unwrap();
    fs::write(directory.join(".written"), format!("{JOURNAL}{file}\n")).unwrap();
    fs::write(directory.join(file), content).unwrap();
}

/// Gives a directory a manifest that lists all of its files.
pub fn sign(directory: &Path) {
    let mut listed = serde_json::Map::new();
    let mut folders = vec![directory.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for path in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                folders.push(path);
            } else if !path.ends_with("manifest.json") {
                let bytes = fs::read(&path).unwrap();
                let sum = crc::Crc::<u64>::new(&crc::CRC_64_XZ).checksum(&bytes);
                let name = path.strip_prefix(directory).unwrap().display().to_string();
                let stamp = serde_json::json!({ "bytes": bytes.len(), "crc64": format!("{sum:016x}") });
                listed.insert(name, stamp);
            }
        }
    }
    let manifest = serde_json::json!({ "puremix": "0.1.0", "files": listed });
    fs::write(directory.join("manifest.json"), manifest.to_string()).unwrap();
}

/// What is in a directory, hidden or not.
pub fn names(directory: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

/// The same, but for empty locks: as `docs/trust.md` says, a process that is killed as it makes one leaves it, and it stays.
pub fn names_after_kills(directory: &Path) -> Vec<String> {
    let is_empty_lock = |name: &String| {
        name.ends_with(".lock") && fs::metadata(directory.join(name)).is_ok_and(|data| data.len() == 0)
    };
    names(directory).into_iter().filter(|name| !is_empty_lock(name)).collect()
}

/// Writes a float matrix `[m, n]` as NumPy does.
pub fn write_npy(path: &Path, values: &[f64], m: usize, n: usize) {
    use npyz::WriterBuilder;
    let file = std::io::BufWriter::new(fs::File::create(path).unwrap());
    let options = npyz::WriteOptions::new().default_dtype().shape(&[m as u64, n as u64]);
    let mut writer = options.writer(file).begin_nd().unwrap();
    writer.extend(values.iter().copied()).unwrap();
    writer.finish().unwrap();
}
