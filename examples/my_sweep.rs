//! A study of one's own, to be copied: does the neuron have to be tied for the batch size to decide how many samples it mixes, with and
//! without momentum? Here encoder and decoder have weights of their own, `x̂ = v φ(⟨w, x⟩)`, and start alike. Every batch size and
//! momentum is trained on ten seeds, each with data, start and batches of its own; what smaller batches change is estimated seed by seed.
//!
//! ```sh
//! cargo run --release --example my_sweep -- runs/untied    # and open runs/untied/report.html
//! ```

#![forbid(unsafe_code)]

use burn::module::{Module, Param};
use burn::tensor::Tensor;
use burn::tensor::activation::relu;
use puremix::prelude::*;
use serde::Serialize;

/// Samples `m` and dimension `n`.
const SAMPLES: usize = 5;
const DIM: usize = 10;

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

/// What is varied: the fields become columns of the tables.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Cell {
    pub batch: usize,
    pub momentum: f64,
}

/// All seeds of a cell as one stack of replicas: data, start and batches are functions of the seed alone.
fn trained(cell: &Cell, seeds: &[u64], compute: &Compute) -> puremix::Result<Vec<Run>> {
    let (mut problems, mut schedules, mut w0) = (Vec::new(), Vec::new(), Vec::new());
    let update = Update::of(Rule::HeavyBall { momentum: cell.momentum });
    let step_size = 0.3 * (1.0 - cell.momentum); // one clock for all
    for &seed in seeds {
        let data = Dataset::orthonormal(SAMPLES, DIM, seed)?;
        w0.extend_from_slice(Start::gaussian(&data, 0.5, seed, 0)?.weights(&data)?); // ‖w_0‖ = 1/2
        // The model above computes its own φ; that of the problem is not used.
        let problem = Problem::new(data, Activation::Relu, Reduction::Mean, step_size)?;
        problems.push(problem.with_update(update.clone())?);
        schedules.push(Schedule::sgd(SAMPLES, cell.batch, seed)?); // all samples: gradient descent
    }
    let rows = || Param::from_tensor(compute.tensor(&w0, [seeds.len(), 1, DIM]));
    let model = Untied { encoder: rows(), decoder: rows() };
    let members = problems.iter().zip(&schedules);
    let members: Vec<Member> =
        members.map(|(problem, schedule)| Member { problem, schedule, replica: 0 }).collect();
    let mut engine = Autodiff::of_members(model, &members, compute)?;
    let stop = StopRule::Tail { window: 200, tolerance: 1e-5 };
    Ok(train(&mut engine, &Plan { budget: 100_000, stop, check_every: 200 }, &mut []).0)
}

/// The study: batch sizes × momenta × seeds, how many samples the decoder mixes, and what a batch changes against all samples.
pub fn swept(compute: &Compute) -> puremix::Result<Swept<Cell, Run>> {
    let cells =
        [1, 2, 3, SAMPLES].into_iter().flat_map(|batch| [0.0, 0.8].map(|momentum| Cell { batch, momentum }));
    let swept = Sweep::new(cells, 1..=10).run(|cell, seeds| trained(cell, seeds, compute))?;
    Ok(swept
        .measure("decoder_mixing", |run| measure::sparsity::participation_ratio(&run.neurons[1]))
        .measure("loss", |run| run.loss)
        .compare(|cell| Cell { batch: SAMPLES, ..*cell }))
}

pub fn main() -> puremix::Result<()> {
    let out = std::env::args().nth(1).unwrap_or_else(|| "runs/untied".into());
    let (page, comparisons) = swept(&Compute::default())?.write("Untied: what a decoder mixes", out)?;
    comparisons.iter().for_each(|sentence| println!("{sentence}"));
    println!("{}", page.display());
    Ok(())
}
