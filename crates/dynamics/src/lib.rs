//! Stochastic gradient descent on a weight-tied autoencoder with a single neuron, `x ↦ w φ(⟨w, x⟩)`, without a tensor: everything is a
//! function of the correlations `c_i = ⟨w, x_i⟩`, the residual `s = ‖w − Πw‖` and the squared norm `N`.
//!
//! | module | what it holds |
//! |---|---|
//! | [`data`] | datasets `[m, n]`, held in full or left implicit, with their Gram matrix |
//! | [`schedule`], [`rng`], [`draws`] | which samples at which step, a pure function of seed and step; normal and χ² numbers with the same bits on every platform |
//! | [`init`], [`state`], [`limit_set`] | initial points, what is seen of a neuron, where it may end |
//! | [`problem`], [`activation`] | data, `φ`, reduction and step size, checked once |
//! | [`update`], [`noise`] | momentum, adaptive rules, step sizes along a run; what is added to gradients |
//! | [`engine`], [`reduced`] | what takes steps; the exact recursion, `O(b)` a step over orthonormal data, and that of several tied neurons |
//! | [`theory`] | closed forms, which have not seen an engine |
//! | [`eigen`] | eigenvalues of symmetric matrices, of any rank |
//! | [`stats`], [`verdict`] | intervals and tests; a prediction against a measurement |
//!
//! The crate `puremix` re-exports all of it, and adds the models that Burn trains.
//!
//! ```
//! use puremix_dynamics::activation::Activation;
//! use puremix_dynamics::data::Dataset;
//! use puremix_dynamics::engine::Engine;
//! use puremix_dynamics::init::Start;
//! use puremix_dynamics::problem::{Problem, Reduction};
//! use puremix_dynamics::reduced::Reduced;
//! use puremix_dynamics::schedule::Schedule;
//!
//! # fn main() -> puremix_dynamics::Result<()> {
//! let data = Dataset::implicit_orthonormal(7, 11)?;                 // m = 7, n = 11
//! let start = Start::gaussian(&data, 0.5, 1, 0)?;
//! let problem = Problem::new(data, Activation::Linear, Reduction::Mean, 0.3)?;
//! let mut engine = Reduced::new(&problem, &Schedule::sgd(7, 2, 1)?, &[start], 0)?;
//! engine.advance(20_000);
//! let largest = engine.neurons(0)[0].correlations.iter().fold(0.0, |a: f64, c| a.max(c.abs()));
//! assert!((largest - 1.0).abs() < 1e-12);                           // one pure datapoint
//! # Ok(())
//! # }
//! ```

#![warn(missing_docs)]
#![forbid(unsafe_code)]

pub mod activation;
pub mod data;
pub mod draws;
pub mod eigen;
pub mod engine;
pub mod error;
pub mod init;
pub mod limit_set;
pub mod limits;
pub mod noise;
pub mod problem;
pub mod reduced;
pub mod rng;
pub mod schedule;
pub mod state;
pub mod stats;
pub mod text;
pub mod theory;
pub mod update;
pub mod vectors;
pub mod verdict;

pub use error::{Error, Result};
