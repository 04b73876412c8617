//! Our engines against the same step in PyTorch, JAX and NumPy.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use itertools::Itertools;
use puremix::device::Compute;
use puremix::error::{Error, Result};
use puremix::text;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::case::{Case, STEP_SIZE, Variant};
use crate::timing::{Ours, Pace, Runner, Subject, Times, take_turns};

/// The scripts, one a peer.
const SCRIPTS: [&str; 6] =
    ["torch_eager", "torch_compile", "torch_vmap", "jax_scan", "jax_vmap", "numpy_step"];

const ENGINES: [Variant; 3] = [Variant::Autodiff, Variant::Analytic, Variant::Reduced];

/// One case: everybody who can run it, and why others cannot.
#[derive(Clone, Debug, Serialize)]
pub struct Comparison {
    /// Sizes.
    pub case: Case,
    /// Ours first.
    pub times: Vec<Times>,
    /// Peers that were left out, by reason.
    pub missing: BTreeMap<String, Vec<String>>,
}

impl Comparison {
    /// Measures a case; `None` if the process is asked to end meanwhile.
    ///
    /// # Errors
    /// Sizes that do not go together; a peer that stops answering.
    pub fn measure(case: Case, peers: Option<&Peers>, compute: &Compute, pace: Pace) -> Result<Option<Self>> {
        let mut subjects = Vec::new();
        for variant in ENGINES.into_iter().filter(|variant| case.is_for(*variant)) {
            let engine = Ours::new(case.engine(variant, compute)?, case);
            subjects.push(Subject::new(variant.name().to_owned(), case.replicas, Box::new(engine), None));
        }
        let mut missing = BTreeMap::<String, Vec<String>>::new();
        for (peers, script) in peers.into_iter().cartesian_product(SCRIPTS) {
            if pace.interrupt.is_requested() {
                return Ok(None);
            }
            match peers.start(script, case)? {
                Ok((peer, about)) => {
                    let name = about["peer"].as_str().unwrap_or(script).to_owned();
                    subjects.push(Subject::new(name, case.replicas, Box::new(peer), Some(about)));
                }
                Err(why) => missing.entry(why).or_default().push(script.replace('_', " ")),
            }
        }
        let finished = take_turns(&mut subjects, pace)?;
        let times = subjects.into_iter().map(|subject| subject.times).collect();
        Ok(finished.then_some(Self { case, times, missing }))
    }

    /// Versions of what the peers run on, each once.
    pub fn versions(&self) -> BTreeSet<String> {
        let about = self.times.iter().filter_map(|times| times.about.as_ref()?["versions"].as_object());
        let version =
            |(name, version): (&String, &Value)| version.as_str().map(|text| format!("{name} {text}"));
        about.flatten().filter_map(version).collect()
    }

    /// Those among [`times`](Self::times) that are ours.
    pub fn ours(&self) -> impl Iterator<Item = &Times> {
        self.times.iter().filter(|times| times.about.is_none())
    }
}

/// A Python and the scripts it shall run.
pub struct Peers<'a> {
    pub python: &'a Path,
    pub scripts: &'a Path,
}

impl Peers<'_> {
    /// Why there is nobody to compare with.
    pub fn problem(&self) -> Option<String> {
        let Self { python, scripts } = self;
        if !scripts.join("protocol.py").is_file() {
            return Some(format!("there are no peers in {}", text::path(scripts)));
        }
        let works = Command::new(python).arg("-c").arg("").stdin(Stdio::null()).output();
        match works {
            Ok(output) if output.status.success() => None,
            Ok(_) => Some(format!("{} is no Python", text::path(python))),
            Err(error) => Some(format!("{} does not start: {error}", text::path(python))),
        }
    }

    /// Starts a peer and waits until it has compiled and warmed up; or says why it cannot.
    fn start(&self, script: &str, case: Case) -> Result<std::result::Result<(Peer, Value), String>> {
        let script = self.scripts.join(script).with_extension("py");
        let mut child = Command::new(self.python)
            .arg(&script)
            .args(["--samples", &case.samples.to_string(), "--dim", &case.dim.to_string()])
            .args(["--batch", &case.batch.to_string(), "--replicas", &case.replicas.to_string()])
            .args(["--neurons", &case.neurons.to_string()])
            .args(["--step-size", &STEP_SIZE.to_string(), "--activation", "relu", "--seed", "1"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| Error::Usage(format!("{}: {error}", text::path(&script))))?;
        let input = child.stdin.take().expect("piped");
        let output = BufReader::new(child.stdout.take().expect("piped"));
        let mut peer = Peer { child, input, output, name: text::path(&script).to_string() };
        let about: Value = match peer.answer() {
            Ok(about) => about,
            Err(error) => return Ok(Err(error.to_string())),
        };
        Ok(match about["missing"].as_str() {
            Some(why) => Err(why.to_owned()),
            None => Ok((peer, about)),
        })
    }
}

/// A peer's process; see `experiments/peers/README.md` for what is said.
struct Peer {
    name: String,
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Peer {
    fn answer<T: for<'de> Deserialize<'de>>(&mut self) -> Result<T> {
        let mut line = String::new();
        let read = self.output.read_line(&mut line).map_err(|error| error.to_string());
        read.and_then(|_| serde_json::from_str(&line).map_err(|_| format!("no answer but {:?}", line.trim())))
            .map_err(|why| Error::Usage(format!("{}: {why}", self.name)))
    }
}

/// What a peer answers to `measure`.
#[derive(Deserialize)]
struct Measured {
    steps: u64,
    seconds: f64,
}

impl Runner for Peer {
    fn run(&mut self, seconds: f64) -> Result<(u64, f64)> {
        let gone = |error: std::io::Error| Error::Usage(format!("{}: {error}", self.name));
        writeln!(self.input, "measure {seconds}").and_then(|()| self.input.flush()).map_err(gone)?;
        let Measured { steps, seconds } = self.answer()?;
        Ok((steps, seconds))
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
