//! Measures a model that was saved: loads `model.safetensors` of a run of `train`, of any `--model`, and prints the cosines and the
//! participation ratio of every neuron, and the sharpness of the loss.
//!
//! ```sh
//! cargo run --release --bin train -- --samples 6 --dim 9 --step-size 0.2 --out runs/mine
//! cargo run --release --example measure_run -- runs/mine
//! ```

#![forbid(unsafe_code)]

use std::error::Error;
use std::path::{Path, PathBuf};

use puremix::data::file;
use puremix::measure::sharpness::{Surface, dense, eigenvalues};
use puremix::prelude::*;

/// What is read off a run.
pub struct Measured {
    /// The samples.
    pub data: Dataset,
    /// The neurons of the first layer, seen from the data: correlations, norm, overlap with the start.
    pub neurons: Vec<Neuron>,
    /// Eigenvalues of the Hessian of the training loss in all parameters, ascending: the last is the sharpness, their sum the trace.
    pub hessian: Vec<f64>,
}

/// Loads a run and measures it.
pub fn measured(run: &Path) -> Result<Measured, Box<dyn Error>> {
    // What was trained: the shape of the model and its activation.
    let config: serde_json::Value = serde_json::from_slice(&std::fs::read(run.join("config.json"))?)?;
    let architecture: Architecture = config["model"].as_str().ok_or("config.json names no model")?.parse()?;
    let activation: Activation = serde_json::from_value(config["activation"].clone())?;

    // The model: one of that shape, whose parameters are then replaced by those of the file. Curvature needs double precision.
    let compute = Compute::new(Backend::default(), Some(Precision::F64))?;
    let data = Dataset::from_file(run.join("data.npy"))?;
    let blank = architecture.init(activation, &data, 1.0, (0, 0), &compute)?;
    let model = blank.load(run.join("model.safetensors"))?;

    // Its first layer, [k, n], is w.npy, too; w0.npy is where it started.
    let (weights, (starts, _)) = (to_host(model.neurons()), file::vectors(&run.join("w0.npy"))?);
    let rows = weights.chunks(data.dim()).zip(starts.chunks(data.dim()));
    let neurons =
        rows.map(|(w, w0)| Neuron::observe(&data, w, w0)).collect::<Result<_, puremix::Misuse>>()?;
    let hessian = eigenvalues(dense(&Surface::new(model, &data, &compute)?));
    Ok(Measured { data, neurons, hessian: hessian.ok_or("the eigenvalues did not converge")? })
}

pub fn main() -> Result<(), Box<dyn Error>> {
    let run = std::env::args_os().nth(1).map(PathBuf::from).ok_or("give the directory of a run of train")?;
    let Measured { data, neurons, hessian } = measured(&run)?;
    for (k, neuron) in neurons.iter().enumerate() {
        let norm = neuron.norm_sq.sqrt();
        let ratio = measure::sparsity::participation_ratio(neuron);
        println!("neuron {k}: ‖w‖ = {norm:.6}, participation ratio {ratio:.6} of {}", data.samples());
        for (i, c) in neuron.correlations.iter().enumerate() {
            println!("  cosine with sample {i:>3}  {:9.6}", c / (norm * data.row_norm(i)));
        }
    }
    let (largest, trace) = (hessian.last().copied().unwrap_or(f64::NAN), hessian.iter().sum::<f64>());
    println!("Hessian of the loss: λ_max = {largest:.6}, trace {trace:.6}");
    Ok(())
}
