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
    encoder: Param<Tensor<3>>, // [R, 1, n]
    decoder: Param<Tensor<3>>, // [R, 1, n]
}

impl Autoencoder for Untied {
    fn reconstruct(&self, x: Tensor<3>) -> Tensor<3> {
        relu(x.matmul(self.encoder.val().transpose())).matmul(self.decoder.val())
    }

    /// What is looked at: neuron 0 is the encoder, neuron 1 the decoder.
    fn neurons(&self) -> Tensor<3> {
        Tensor::cat(vec![self.encoder.val(), self.decoder.val()], 1)
    }
}

/// Ten runs in one stack: data, start and batches are functions of the seed.
fn trained(batch: usize, compute: &Compute) -> puremix::Result<Vec<Run>> {
    let (mut problems, mut schedules, mut w0) = (Vec::new(), Vec::new(), Vec::new());
    for seed in 1..=SEEDS {
        let data = Dataset::orthonormal(SAMPLES, DIM, seed)?;
        w0.extend_from_slice(Start::gaussian(&data, 0.5, seed, 0)?.weights(&data)?); // ‖w_0‖ = 1/2
        // Steps are w ← w − (η/b) Σ ∇ℓ_i of the model above, which computes its own φ; the problem's is not used here.
        problems.push(Problem::new(data, Activation::Relu, Reduction::Mean, STEP_SIZE)?);
        schedules.push(Schedule::sgd(SAMPLES, batch, seed)?);
    }
    let rows = || Param::from_tensor(compute.tensor(&w0, [SEEDS as usize, 1, DIM]));
    let model = Untied { encoder: rows(), decoder: rows() };
    let members = problems.iter().zip(&schedules);
    let members: Vec<Member> =
        members.map(|(problem, schedule)| Member { problem, schedule, replica: 0 }).collect();
    let mut engine = Autodiff::of_members(model, &members, compute)?;
    let stop = StopRule::Tail { window: 200, tolerance: 1e-5 };
    Ok(train(&mut engine, &Plan { budget: 100_000, stop, check_every: 200 }, &mut []).0)
}

/// A row of the table: the mean over the seeds, its 95 % interval, and how many runs converged.
pub fn row(batch: usize, compute: &Compute) -> puremix::Result<(Mean, Interval, usize)> {
    let runs = trained(batch, compute)?;
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
