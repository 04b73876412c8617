//! Weights that a run begins with, `train --from`.

use std::sync::LazyLock;

use puremix::data::file::vectors;
use puremix::job::{Job, TrainOptions};
use puremix::model::Architecture;

use super::{Bound, refused, scratch, split, train, write};

/// The numbers of a file in double precision, as tensors, as parameters, and in the order of those; a job of a few samples; a header of
/// JSON, of which a list of numbers of one digit takes eight bytes for two.
const BOUND: Bound = Bound { per_byte: 300, besides: 4 << 20 };

/// A job of every kind of model, and of those whose files the corpus holds.
static JOBS: LazyLock<Vec<TrainOptions>> = LazyLock::new(|| {
    let of = |model: &str| train(&format!("--samples 2 --dim 3 --batch 1 --steps 9 --model {model}"));
    let kept = ["shallow:2", "shallow:2+bias", "deep:3-2", "untied:3-2+bias", "deep:2"];
    Architecture::EXAMPLES.into_iter().chain(kept).map(of).collect()
});

fn check(options: &TrainOptions) {
    if let Err(error) = Job::check(options) {
        refused(error);
    }
}

/// The first of [`JOBS`] is that of a neuron, which takes its start from such a file.
pub fn from_npy(bytes: &[u8]) {
    let (how, file) = split(bytes);
    let directory = scratch();
    let path = directory.path().join("w.npy");
    write(&path, file);
    let options = TrainOptions { from: Some(path.clone()), replicas: 1 + how as u64 % 3, ..JOBS[0].clone() };
    BOUND.hold(file.len(), || match vectors(&path) {
        Ok((values, rows)) => assert!(rows > 0 && values.len().is_multiple_of(rows)),
        Err(error) => refused(error),
    });
    BOUND.hold(file.len(), || check(&options));
}

pub fn from_safetensors(bytes: &[u8]) {
    let (_, file) = split(bytes);
    let directory = scratch();
    let path = directory.path().join("model.safetensors");
    write(&path, file);
    for job in JOBS.iter() {
        let options = TrainOptions { from: Some(path.clone()), ..job.clone() };
        BOUND.hold(file.len(), || check(&options));
    }
}
