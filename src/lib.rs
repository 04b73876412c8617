//! *SGD learns a pure datapoint whereas GD learns a mixture*: an instrument that shows it.
//!
//! Train a weight-tied autoencoder with a single neuron, `x ↦ w φ(⟨w, x⟩)`, on orthonormal data. Full-batch
//! gradient descent ends in a dense mixture of all datapoints; any smaller batch, random or cyclic, ends in
//! one of them. Both are global minima. That is a theorem of Ghosh, Frei, Ha and Yu (JMLR 26, 2025), cited
//! throughout as **GFHY**; this crate reproduces it by training, on the [Burn](https://burn.dev) framework, claim by
//! claim and with a verdict each.
//!
//! # The pipeline
//!
//! ```text
//! data::Dataset ─┐
//! model ─────────┼─▶ problem::Problem ─▶ engine::Engine ◀── schedule::Schedule (seed, step ↦ batch)
//! init::Start ───┘                          │ advance
//!                                           ▼
//!                 train::train ─▶ Observers (cadence) ─▶ Outcome + trajectory
//!                                           │
//!        measure ──▶ numbers ─┐
//!        theory  ──▶ numbers ─┴─▶ verdict ─▶ study ─▶ runner ─▶ report
//! ```
//!
//! The axes are orthogonal: any engine runs any schedule on any data under any observer. [`theory`] has
//! never seen an engine, nor the other way round; they meet in [`claims`].
//!
//! # Notation
//!
//! | paper | meaning | code |
//! |---|---|---|
//! | `a_i`, `m`, `n` | orthonormal rows, their number, their dimension | [`data::Dataset`], `samples`, `dim` |
//! | `K = A Aᵀ` | Gram matrix of rows that need not be orthonormal | [`data::Dataset::gram`], [`theory::correlated`] |
//! | `D`, `z`, `q` | dictionary of `q` atoms, sparse code of a sample | [`data::Dictionary`], [`data::SparseCode`] |
//! | `Π` | orthogonal projection onto the span of the rows | [`data::Dataset::residual`] is `1 − Π` |
//! | `w`, `w_0`, `ρ` | neuron, initial point, its norm | [`init::Start`], `init_norm` |
//! | `φ` | identity or ReLU, and others beyond the paper | [`model::Activation`] |
//! | `c_i = ⟨w, a_i⟩` | correlations | [`state::Neuron::correlations`] |
//! | `s = ‖w − Πw‖` | residual | [`state::Neuron::residual`] |
//! | `N = ‖w‖² = Σ c_i² + s²` | squared norm | [`state::Neuron::norm_sq`] |
//! | `S⁺ = {i : c_i(0) > 0}` | active set (linear model: `c_i(0) ≠ 0`, signs matter) | [`model::Activation::admits`] |
//! | `B`, `b` | mini-batch, its size | [`schedule::Schedule`] |
//! | `η`, `η_B` | step size, as a [`problem::Problem`] has it; step size per sample, `η/b` (mean) or `η` (sum), as theory takes it | `step_size`, `step_per_sample` |
//! | `μ` | `η_B` at `b = m` | [`theory::gd`] |
//! | `ℓ_i = ½‖a_i − w φ(c_i)‖²`, `L` | sample loss, training loss `(1/m) Σ ℓ_i` | [`engine::Engine::loss`] |
//! | `w_GD`, `a_{i*}` | limit of GD, limit of SGD | [`theory::gd::limit`], [`theory::sgd::limit_set`] |
//! | `κ`, `τ = κt` | time of the limit diffusion a step, `η_B² b(m−b)/(m(m−1))` (beyond the paper) | [`theory::selection::diffusion_rate`] |
//! | `R_t`, `λ` | log-ratio of the winner to the rest, its rate | [`measure::sparsity::log_ratio`], [`theory::sgd::rate`] |
//!
//! # Example
//!
//! One SGD run by Burn's autodiff, stopped by its distance to the predicted limit set:
//!
//! ```
//! use puremix::prelude::*;
//!
//! # fn main() -> puremix::Result<()> {
//! let data = Dataset::orthonormal(5, 8, 1)?;                       // m = 5 rows in n = 8 dimensions
//! let start = Start::gaussian(&data, 0.5, 1, 0)?;                  // ‖w_0‖ = 1/2, seed 1, replica 0
//! let problem = Problem::new(data, Activation::Relu, Reduction::Mean, 0.2)?;
//! let schedule = Schedule::sgd(5, 1, 1)?;                          // b = 1
//! let set = theory::predicted_limit(&schedule, &start.correlations, Activation::Relu).expect("active");
//!
//! let mut engine = Autodiff::single_neuron(&problem, &schedule, &start, 0, &Compute::default())?;
//! let stop = StopRule::Limit { sets: vec![set], tolerance: 1e-8 };
//! let (runs, _) = train(&mut engine, &Plan { budget: 50_000, stop, check_every: 10 }, &mut []);
//! assert_eq!(runs[0].outcome, Outcome::Converged);                 // in a single datapoint
//! assert!(measure::sparsity::participation_ratio(&runs[0].neurons[0]) < 1.0 + 1e-12);
//! # Ok(())
//! # }
//! ```
//!
//! # Your own autoencoder
//!
//! Derive Burn's `Module`, say how a batch is reconstructed and which weights are its neurons, and every schedule,
//! stop rule, observer and [curvature instrument](measure::sharpness) works on it. Here the decoder is scaled by a
//! gate that is learned. `examples/my_sweep.rs` compares batch sizes and momenta over seeds, a template to be copied;
//! `examples/my_autoencoder.rs` is a whole experiment, from model to verdict and report; `examples/measure_run.rs` measures a model that
//! was saved; and `examples/minimal.rs` tells the story on Burn alone.
//!
//! ```
//! use burn::module::{Module, Param};
//! use burn::tensor::Tensor;
//! use puremix::prelude::*;
//!
//! #[derive(Module, Debug)]
//! struct Gated {
//!     weight: Param<Tensor<3>>, // [R, 1, n]
//!     gate: Param<Tensor<3>>,   // [R, 1, 1]
//! }
//!
//! impl Autoencoder for Gated {
//!     fn reconstruct(&self, x: Tensor<3>) -> Tensor<3> {
//!         let w = self.weight.val();
//!         let correlations = x.matmul(w.clone().transpose()); // [R, b, 1]
//!         (correlations * self.gate.val()).matmul(w)
//!     }
//!
//!     fn neurons(&self) -> Tensor<3> {
//!         self.weight.val()
//!     }
//! }
//!
//! # fn main() -> puremix::Result<()> {
//! let (data, compute) = (Dataset::orthonormal(5, 8, 1)?, Compute::default());
//! let start = Start::gaussian(&data, 0.5, 1, 0)?;
//! let weight = Param::from_tensor(compute.tensor(start.weights(&data)?, [1, 1, 8]));
//! let model = Gated { weight, gate: Param::from_tensor(compute.tensor(&[1.0], [1, 1, 1])) };
//! let problem = Problem::new(data, Activation::Linear, Reduction::Mean, 0.1)?;
//! let mut engine = Autodiff::new(model, &problem, &Schedule::sgd(5, 1, 1)?, 0, &compute)?;
//! let before = engine.loss(0);
//! engine.advance(2_000);
//! assert!(engine.loss(0) < before);
//! let mixed = measure::sparsity::participation_ratio(&engine.neurons(0)[0]); // of how many samples?
//! # assert!((1.0..=5.0).contains(&mixed));
//! # Ok(())
//! # }
//! ```

#![warn(missing_docs)]
#![forbid(unsafe_code)]

pub mod catalogue;
pub mod claims;
pub mod cli;
pub mod commands;
pub mod data;
pub mod device;
pub mod engine;
pub mod error;
pub mod explorations;
#[doc(hidden)]
pub mod fuzzed;
pub mod interrupt;
pub mod job;
pub mod measure;
pub mod model;
mod persist;
pub mod plot;
pub mod program;
mod regular;
pub mod report;
pub mod runner;
pub mod study;
pub mod sweep;
mod table;
pub mod text;
pub mod threads;
pub mod train;
pub mod update;
mod written;

pub use error::{Error, Misuse, Result};
pub use puremix_dynamics::{
    draws, eigen, init, limit_set, limits, noise, problem, rng, schedule, state, stats, theory, vectors,
    verdict,
};

/// Commit of the source that this was built from, `-dirty` if it was changed since; `None` outside a checkout.
pub const COMMIT: Option<&str> = option_env!("PUREMIX_GIT_COMMIT");

/// Compiles and runs the Rust of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

/// Compiles and runs the Rust of the book.
#[cfg(doctest)]
#[doc = include_str!("../docs/library.md")]
struct Library;

/// What most programs need, in the order in which a program needs it:
///
/// | | |
/// |---|---|
/// | [`Compute`](prelude::Compute), [`Backend`](prelude::Backend), [`Precision`](prelude::Precision), [`to_host`](prelude::to_host) | where to compute; numbers onto a device and back |
/// | [`Dataset`](prelude::Dataset), [`Start`](prelude::Start) | samples, `[m, n]`; initial points `w_0` |
/// | [`Activation`](prelude::Activation), [`Reduction`](prelude::Reduction), [`Problem`](prelude::Problem) | `φ`; mean or sum over a batch; data, `φ` and step size `η` together |
/// | [`Autoencoder`](prelude::Autoencoder), [`SingleNeuron`](prelude::SingleNeuron), [`TiedShallow`](prelude::TiedShallow), [`TiedDeep`](prelude::TiedDeep), [`UntiedDeep`](prelude::UntiedDeep), [`Architecture`](prelude::Architecture) | the trait of all models; models; a model by its name |
/// | [`Schedule`](prelude::Schedule), [`ScheduleKind`](prelude::ScheduleKind) | which samples at which step |
/// | [`Autodiff`](prelude::Autodiff), [`Analytic`](prelude::Analytic), [`Reduced`](prelude::Reduced), [`Engine`](prelude::Engine), [`Member`](prelude::Member), [`Snapshot`](prelude::Snapshot) | who takes the steps |
/// | [`train`](prelude::train()), [`Plan`](prelude::Plan), [`StopRule`](prelude::StopRule), [`Observer`](prelude::Observer), [`Cadence`](prelude::Cadence), [`Training`](prelude::Training) | the loop: when to stop, who looks, how often |
/// | [`Run`](prelude::Run), [`Outcome`](prelude::Outcome), [`Neuron`](prelude::Neuron) | what came of it |
/// | [`measure`], [`theory`], [`LimitSet`](prelude::LimitSet) | what is read off a neuron; what theory says of it |
/// | [`Mean`](prelude::Mean), [`Interval`](prelude::Interval) | a mean over seeds, with its error |
///
/// How many samples the neuron mixes at its end, with `m` = 5, over four seeds each:
///
/// ```
/// use puremix::prelude::*;
///
/// fn mixed(batch: usize, seed: u64) -> puremix::Result<f64> {
///     let data = Dataset::orthonormal(5, 8, seed)?;
///     let start = Start::gaussian(&data, 0.5, seed, 0)?;
///     let problem = Problem::new(data, Activation::Linear, Reduction::Mean, 0.2)?;
///     let schedule = Schedule::sgd(5, batch, seed)?;
///     let mut engine = Reduced::new(&problem, &schedule, &[start], 0)?;
///     engine.advance(20_000);
///     Ok(measure::sparsity::participation_ratio(&engine.neurons(0)[0]))
/// }
///
/// # fn main() -> puremix::Result<()> {
/// let over_seeds = |batch| (1..=4).map(|seed| mixed(batch, seed)).collect::<puremix::Result<Vec<f64>>>();
/// let [sgd, gd] = [Mean::of(&over_seeds(1)?), Mean::of(&over_seeds(5)?)];
/// assert!((sgd.mean - 1.0).abs() < 1e-12);                         // one datapoint
/// assert!(gd.mean > 1.5);                                          // a mixture
/// assert!(gd.interval(0.05).low > 1.0);
/// # Ok(())
/// # }
/// ```
pub mod prelude {
    pub use crate::data::{Dataset, FromFile};
    pub use crate::device::{Backend, Compute, Precision, to_host};
    pub use crate::engine::{Analytic, Autodiff, Engine, Member, Reduced, Snapshot};
    pub use crate::init::Start;
    pub use crate::limit_set::LimitSet;
    pub use crate::model::{
        Activation, Architecture, Autoencoder, Forward, SingleNeuron, SingleNeuronConfig, TiedDeep,
        TiedDeepConfig, TiedShallow, TiedShallowConfig, UntiedDeep, UntiedDeepConfig,
    };
    pub use crate::problem::{Problem, Reduction};
    pub use crate::schedule::{Schedule, ScheduleKind};
    pub use crate::state::Neuron;
    pub use crate::stats::{Interval, Mean};
    pub use crate::study::{Sweep, Swept};
    pub use crate::train::{Cadence, Observer, Outcome, Plan, Run, StopRule, Training, train};
    pub use crate::update::{Rule, Update};
    pub use crate::{measure, theory};
}
