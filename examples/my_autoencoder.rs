//! Your own autoencoder, from model to report: a neuron that is normalised before it is used, `x̂ = u ⟨u, x⟩` with
//! `u = w/‖w‖`. Does the batch size decide what it learns, as it does for the paper's neuron?
//!
//! ```sh
//! cargo run --release --example my_autoencoder -- --out mine    # and open mine/report.html
//! ```

#![forbid(unsafe_code)]

use burn::module::{Module, Param};
use burn::tensor::Tensor;
use puremix::prelude::*;
use puremix::study::{Context, Effort, Findings, Kind, Lab, Protocol, Study};
use puremix::verdict::Register;

/// The model: parameters are fields, and any Burn module may be one.
#[derive(Module, Debug)]
pub struct Normalised {
    weight: Param<Tensor<3>>, // [R, 1, n]
}

impl Autoencoder for Normalised {
    fn reconstruct(&self, x: Tensor<3>) -> Tensor<3> {
        let w = self.weight.val();
        let norm = (w.clone() * w.clone()).sum_dim(2).sqrt();
        let unit = w / norm;
        x.matmul(unit.clone().transpose()).matmul(unit)
    }

    fn neurons(&self) -> Tensor<3> {
        self.weight.val()
    }
}

/// Trains it with batches of `batch`, without knowing where it will end.
fn trained(data: &Dataset, batch: usize, seed: u64, compute: &Compute) -> puremix::Result<Run> {
    let start = Start::gaussian(data, 0.5, seed, 0)?; // ‖w_0‖ = 1/2
    let weight = compute.tensor(start.weights(data)?, [1, 1, data.dim()]);
    let model = Normalised { weight: Param::from_tensor(weight) };
    let schedule = Schedule::sgd(data.samples(), batch, seed)?; // all samples: gradient descent
    let problem = Problem::new(data.clone(), Activation::Linear, Reduction::Mean, 0.2)?;
    let mut engine = Autodiff::new(model, &problem, &schedule, 0, compute)?;
    let stop = StopRule::Tail { window: 200, tolerance: 1e-9 };
    let (mut runs, _) = train(&mut engine, &Plan { budget: 40_000, stop, check_every: 200 }, &mut []);
    Ok(runs.remove(0))
}

/// What is expected of it, registered before it is trained, and what came of it.
pub fn protocol(context: &Context, register: &mut Register) -> puremix::Result<Protocol> {
    let seed = context.cell_seed(&STUDY, 0);
    let data = Dataset::orthonormal(6, 9, seed)?;
    let pure = register.expect("b = 1: largest cosine with a sample", 1.0, "rounding").within(1e-6);
    let mixed = register.expect("b = m: largest cosine with a sample", 0.9, "a mixture").control().at_most();
    Ok(Box::new(move |lab: &Lab| {
        let mut notes = Vec::new();
        let mut max_cos = |batch: usize| -> puremix::Result<f64> {
            let Run { outcome, steps, loss, neurons, .. } = trained(&data, batch, seed, &lab.compute)?;
            let mixing = measure::sparsity::participation_ratio(&neurons[0]);
            notes.push(format!(
                "b = {batch}: {} after {steps} steps, loss {loss:.4}, mixes {mixing:.3} samples.",
                outcome.name()
            ));
            Ok(measure::alignment::best_match(&neurons[0], &data, Activation::Linear).cosine)
        };
        let checks = vec![pure.measured(max_cos(1)?, 1), mixed.measured(max_cos(data.samples())?, 1)];
        let protocol = vec![
            "Burn's autodiff trains it from one start with b = 1 and with b = m, until what is left of the way is estimated at 1e-9.".into(),
        ];
        Ok(Findings { protocol, checks, notes, ..Findings::default() })
    }))
}

/// How the report introduces it.
pub const STUDY: Study = Study {
    id: "my_autoencoder",
    kind: Kind::Beyond,
    joins: Effort::Quick,
    number: 1000, // of one's own: part of the random streams
    level: 0.0,
    title: "a normalised neuron ends pure under SGD and mixed under gradient descent",
    theorem: "Theorem 2",
    source: "examples/my_autoencoder.rs",
    statement: "A linear neuron that is normalised before it is used ends in a single sample with b = 1, and in none with b = m.",
    formula: r"\hat{x} = u \langle u, x \rangle, \qquad u = w / \|w\|",
    figures: &[],
    protocol,
};

pub fn main() -> std::process::ExitCode {
    puremix::runner::run_own(&STUDY, std::env::args_os())
}
