//! A study of one's own, to be copied: does the neuron have to be tied for the batch size to decide how many samples it mixes?
//! Here encoder and decoder have weights of their own, `x̂ = v φ(⟨w, x⟩)`, and start alike. For each batch size ten seeds are
//! trained, each with data, start and batches of its own; the table shows the mean participation ratio of the decoder.
//!
//! ```sh
//! cargo run --release --example my_study
//! ```

#![forbid(unsafe_code)]

use burn::module::{Module, Param};
use burn::tensor::Tensor;
use burn::tensor::activation::relu;
use puremix::prelude::*;

/// The setting: samples `m`, dimension `n`, step size `η`, seeds, and the batch sizes `b` to compare.
const SAMPLES: usize = 5;
const DIM: usize = 10;
const STEP_SIZE: f64 = 0.3;
const SEEDS: u64 = 10;
const BATCH_SIZES: [usize; 4] = [1, 2, 3, SAMPLES]; // the last is gradient descent

/// The model: every tensor that is to be trained is a field.
#[derive(Module, Debug)]
struct Untied {
    encoder: Param<Tensor<2>>, // [1, n]
    decoder: Param<Tensor<2>>, // [1, n]
}

impl Autoencoder for Untied {
    fn reconstruct(&self, x: Tensor<2>) -> Tensor<2> {
        relu(x.matmul(self.encoder.val().transpose())).matmul(self.decoder.val())
    }

    /// What is looked at: neuron 0 is the encoder, neuron 1 the decoder.
    fn neurons(&self) -> Tensor<2> {
        Tensor::cat(vec![self.encoder.val(), self.decoder.val()], 0)
    }
}

/// One run, and what is measured at its end.
fn trained(batch: usize, seed: u64, compute: &Compute) -> puremix::Result<Run> {
    let data = Dataset::orthonormal(SAMPLES, DIM, seed)?;
    let start = Start::gaussian(&data, 0.5, seed, 0)?; // ‖w_0‖ = 1/2
    let w0 = start.weights(&data)?;
    let row = || Param::from_tensor(compute.tensor(w0, [1, DIM]));
    let model = Untied { encoder: row(), decoder: row() };
    // Steps are w ← w − (η/b) Σ ∇ℓ_i of the model above, which computes its own φ; the problem's is not used here.
    let problem = Problem::new(data, Activation::Relu, Reduction::Mean, STEP_SIZE)?;
    let schedule = Schedule::sgd(SAMPLES, batch, seed)?;
    let mut engine = Autodiff::new(model, &problem, &schedule, 0, compute)?;
    let stop = StopRule::Tail { window: 200, tolerance: 1e-5 };
    let (mut runs, _) = train(&mut engine, &Plan { budget: 100_000, stop, check_every: 200 }, &mut []);
    Ok(runs.remove(0))
}

/// A row of the table: the mean over the seeds, its 95 % interval, and how many runs converged.
pub fn row(batch: usize, compute: &Compute) -> puremix::Result<(Mean, Interval, usize)> {
    let runs = (1..=SEEDS).map(|seed| trained(batch, seed, compute)).collect::<puremix::Result<Vec<_>>>()?;
    let ratio = |run: &Run| measure::sparsity::participation_ratio(&run.neurons[1]);
    let mean = Mean::of(&runs.iter().map(ratio).collect::<Vec<_>>());
    let converged = runs.iter().filter(|run| run.outcome == Outcome::Converged).count();
    Ok((mean, mean.interval(0.05), converged))
}

pub fn main() -> puremix::Result<()> {
    let compute = Compute::default();
    println!("untied neuron, m = {SAMPLES}, n = {DIM}, η = {STEP_SIZE} (mean reduction), {SEEDS} seeds\n");
    println!("  b   participation ratio   95 % interval      converged");
    for batch in BATCH_SIZES {
        let (Mean { mean, n, .. }, Interval { low, high }, converged) = row(batch, &compute)?;
        // A mean over runs that have not arrived says something of the budget too.
        let warning = if converged < n { "   not all: raise the budget" } else { "" };
        println!("{batch:>3}   {mean:<19.4}   [{low:.4}, {high:.4}]   {converged} of {n}{warning}");
    }
    Ok(())
}
