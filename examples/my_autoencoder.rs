//! Your own autoencoder, from model to verdict: a neuron that is normalised before it is used, `x̂ = u ⟨u, x⟩` with
//! `u = w/‖w‖`. Does the batch size decide what it learns, as it does for the paper's neuron?
//!
//! ```sh
//! cargo run --release --example my_autoencoder
//! ```

use burn::module::{Module, Param};
use burn::tensor::Tensor;
use puremix::prelude::*;
use puremix::verdict::{Check, Expectation, Verdict};

/// The model: parameters are fields, and any Burn module may be one.
#[derive(Module, Debug)]
pub struct Normalised {
    weight: Param<Tensor<2>>,
}

impl Autoencoder for Normalised {
    fn reconstruct(&self, x: Tensor<2>) -> Tensor<2> {
        let w = self.weight.val();
        let norm = (w.clone() * w.clone()).sum_dim(1).sqrt();
        let unit = w / norm;
        x.matmul(unit.clone().transpose()).matmul(unit)
    }

    fn neurons(&self) -> Tensor<2> {
        self.weight.val()
    }
}

/// Trains it from one start with batches of `batch`, without knowing where it will end.
pub fn trained(data: &Dataset, batch: usize) -> puremix::Result<Run> {
    let (compute, step_size) = (Compute::default(), 0.2);
    let start = Start::gaussian(data, 0.5, 1, 0)?; // seed 1, replica 0
    let weight = compute.tensor(start.weights(data)?, [1, data.dim()]);
    let model = Normalised { weight: Param::from_tensor(weight) };
    let schedule = Schedule::sgd(data.samples(), batch, 1)?;
    let step_per_sample = Reduction::Mean.step_per_sample(step_size, batch);
    let mut engine = Autodiff::new(model, data, step_per_sample, &schedule, 0, &compute)?;
    let stop = StopRule::Tail { window: 200, tolerance: 1e-9 };
    let (mut runs, _) = train(&mut engine, &Plan { budget: 40_000, stop, check_every: 200 }, &mut []);
    Ok(runs.remove(0))
}

/// What is expected of it, before it is trained, and what came of it.
pub fn checks() -> puremix::Result<Vec<Check>> {
    let data = Dataset::orthonormal(6, 9, 1)?;
    let max_cos =
        |run: &Run| measure::alignment::best_match(&run.neurons[0], &data, Activation::Linear).cosine;
    let pure = Expectation::new("b = 1: largest cosine with a sample", 1.0, "rounding").within(1e-6);
    let mixed = Expectation::new("b = m: largest cosine with a sample", 0.9, "a mixture").control().at_most();
    let (sgd, gd) = (trained(&data, 1)?, trained(&data, data.samples())?);
    for (name, run) in [("b = 1", &sgd), ("b = m", &gd)] {
        let mixing = measure::sparsity::participation_ratio(&run.neurons[0]);
        let (outcome, steps) = (run.outcome, run.steps);
        println!("{name}: {outcome:?} after {steps} steps, loss {:.4}, mixes {mixing:.3} samples", run.loss);
    }
    Ok(vec![pure.measured(max_cos(&sgd), 1), mixed.measured(max_cos(&gd), 1)])
}

pub fn main() -> puremix::Result<()> {
    let checks = checks()?;
    for Check { name, predicted, measured, ok, .. } in &checks {
        println!("{name}: expected {predicted}, measured {measured:.9}, ok: {ok:?}");
    }
    println!("{}", Verdict::over(&checks).name());
    Ok(())
}
