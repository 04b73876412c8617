//! The whole story in one file, on Burn alone: the same neuron, data, start and step size, and three ways to choose the batches.
//! Full-batch gradient descent ends in a mixture of the datapoints; SGD and cyclic SGD end in one of them.
//!
//! ```sh
//! cargo run --release --example minimal
//! ```
//!
//! The theorems are those of N. Ghosh, S. Frei, W. Ha and B. Yu, JMLR 26 (2025), 1–61, <https://arxiv.org/abs/2308.03215>.

#![forbid(unsafe_code)]

use std::iter::repeat_with;

use burn::module::{Module, Param};
use burn::tensor::activation::relu;
use burn::tensor::{DType, Device, Distribution, Int, Tensor, TensorData};

/// The model: one neuron, encoder and decoder tied, `x̂ = w φ(⟨w, x⟩)` with `φ = ReLU`.
#[derive(Module, Debug)]
pub struct Neuron {
    /// Weights as a row, `[1, n]`.
    weight: Param<Tensor<2>>,
}

impl Neuron {
    /// The neuron at a point `w`, `[1, n]`, ready to be differentiated.
    pub fn at(w: Tensor<2>) -> Self {
        Self { weight: Param::from_tensor(w) }.train()
    }

    /// Where it is, `[1, n]`.
    pub fn point(&self) -> Tensor<2> {
        self.weight.val().inner()
    }

    /// Reconstructions of a batch, `[b, n]` to `[b, n]`.
    fn reconstruct(&self, x: Tensor<2>) -> Tensor<2> {
        let w = self.weight.val();
        relu(x.matmul(w.clone().transpose())).matmul(w)
    }

    /// Loss of a batch, `L_B(w) = (1/2b) Σ_{i∈B} ‖x_i − x̂_i‖²`.
    ///
    /// Multiplied by `1/2b`, not divided by `2b`: burn-autodiff 0.22 takes the gradient of `tensor / scalar` through a reciprocal that
    /// is rounded to 32 bits.
    pub fn loss(&self, x: Tensor<2>) -> Tensor<1> {
        let [b, _] = x.dims();
        let error = self.reconstruct(x.clone()) - x;
        (error.clone() * error).sum() * (0.5 / b as f64)
    }

    /// One step, `w ← w − η ∇L_B(w)`.
    fn step(self, x: Tensor<2>, eta: f64) -> Self {
        let gradients = self.loss(x).backward();
        let gradient = self.weight.val().grad(&gradients).expect("the loss depends on the weights");
        Self::at(self.point() - gradient * eta)
    }
}

/// The training loop, the same for all: one step a batch. A batch is a list of row numbers, `[b]`.
pub fn train(
    w0: Tensor<2>,
    data: &Tensor<2>,
    eta: f64,
    batches: impl Iterator<Item = Tensor<1, Int>>,
) -> Tensor<2> {
    let descend = |neuron: Neuron, batch| neuron.step(data.clone().select(0, batch), eta);
    batches.fold(Neuron::at(w0), descend).point()
}

/// Gradient descent: all `m` samples, always.
pub fn gd(m: usize, device: &Device) -> impl Iterator<Item = Tensor<1, Int>> {
    repeat_with(move || rows((0..m).collect(), device))
}

/// SGD: every step `b < m` samples at random, drawn without replacement (the places of the `b` smallest of `m` random numbers).
pub fn sgd(m: usize, b: usize, device: &Device) -> impl Iterator<Item = Tensor<1, Int>> {
    repeat_with(move || {
        let keys = Tensor::<1>::random([m], Distribution::Uniform(0.0, 1.0), (device, DType::F64));
        keys.argsort(0).narrow(0, 0, b)
    })
}

/// Cyclic SGD: `b` samples after the other, round and round.
pub fn cyclic(m: usize, b: usize, device: &Device) -> impl Iterator<Item = Tensor<1, Int>> {
    (0..).step_by(b).map(move |first| rows((first..first + b).map(|i| i % m).collect(), device))
}

/// Row numbers as a tensor.
pub fn rows(batch: Vec<usize>, device: &Device) -> Tensor<1, Int> {
    let batch: Vec<i64> = batch.into_iter().map(|i| i as i64).collect();
    let shape = [batch.len()];
    Tensor::from_data(TensorData::new(batch, shape), (device, DType::I64))
}

/// Correlations `c_i = ⟨w, a_i⟩`, `[m, 1]`.
pub fn correlations(w: &Tensor<2>, data: &Tensor<2>) -> Tensor<2> {
    data.clone().matmul(w.clone().transpose())
}

/// Where gradient descent ends (Theorem 1): `Πw_0/‖Πw_0‖`, with `Π` the projection onto the span of the active samples,
/// those with `c_i(0) > 0`.
pub fn mixture(w0: &Tensor<2>, data: &Tensor<2>) -> Tensor<2> {
    unit(relu(correlations(w0, data)).transpose().matmul(data.clone()))
}

/// The datapoint that a neuron is most aligned with, `[1, n]`, and its number: one of them is where SGD ends (Theorem 2), with
/// any `b < m`.
pub fn datapoint(w: &Tensor<2>, data: &Tensor<2>) -> (Tensor<2>, usize) {
    let index = correlations(w, data).argmax(0).into_scalar::<i64>() as usize;
    (data.clone().narrow(0, index, 1), index)
}

/// `v/‖v‖` of a row.
fn unit(v: Tensor<2>) -> Tensor<2> {
    let norm = (v.clone() * v.clone()).sum().sqrt().into_scalar::<f64>();
    v * (1.0 / norm)
}

/// `‖v − w‖`.
pub fn distance(v: Tensor<2>, w: Tensor<2>) -> f64 {
    let off = v - w;
    (off.clone() * off).sum().sqrt().into_scalar::<f64>()
}

/// A row of `n` independent Gaussian numbers.
fn gaussian(n: usize, device: &Device) -> Tensor<2> {
    Tensor::random([1, n], Distribution::Normal(0.0, 1.0), (device, DType::F64))
}

/// `m` orthonormal rows in `n ≥ m` dimensions, by Gram and Schmidt, `[m, n]`.
pub fn orthonormal(m: usize, n: usize, device: &Device) -> Tensor<2> {
    let mut rows: Vec<Tensor<2>> = Vec::new();
    for _ in 0..m {
        let orthogonal = rows.iter().fold(gaussian(n, device), |v, row| {
            let along = v.clone().matmul(row.clone().transpose());
            v - along.matmul(row.clone())
        });
        rows.push(unit(orthogonal));
    }
    Tensor::cat(rows, 0)
}

/// A bar for each correlation; those that are 0 or negative have none.
pub fn bars(w: &Tensor<2>, data: &Tensor<2>) -> String {
    let values = correlations(w, data).into_data().iter::<f64>().collect::<Vec<_>>();
    let bar = |(i, c): (usize, f64)| {
        format!("  c_{i} {c:6.3} {}\n", "█".repeat((40.0 * c.max(0.0)).round() as usize))
    };
    values.into_iter().enumerate().map(bar).collect()
}

pub fn main() {
    let (m, n, eta, device) = (8, 16, 0.2, Device::flex());
    device.seed(3);
    let data = orthonormal(m, n, &device);
    let w0 = unit(gaussian(n, &device)) * 0.5;
    let mixed = mixture(&w0, &data);
    println!(
        "{m} orthonormal samples in {n} dimensions, step size {eta}, ‖w_0‖ = 1/2\n\nat the start\n{}",
        bars(&w0, &data)
    );

    let w = train(w0.clone(), &data, eta, gd(m, &device).take(5_000));
    println!(
        "gradient descent, {:.1e} from the mixture Πw_0/‖Πw_0‖\n{}",
        distance(w.clone(), mixed),
        bars(&w, &data)
    );

    let w = train(w0.clone(), &data, eta, sgd(m, 1, &device).take(20_000));
    let (point, index) = datapoint(&w, &data);
    println!(
        "SGD with b = 1, {:.1e} from datapoint a_{index}\n{}",
        distance(w.clone(), point),
        bars(&w, &data)
    );

    let w = train(w0, &data, eta, cyclic(m, 1, &device).take(20_000));
    let (point, index) = datapoint(&w, &data);
    print!(
        "cyclic SGD with b = 1, {:.1e} from datapoint a_{index}\n{}",
        distance(w.clone(), point),
        bars(&w, &data)
    );
}
