//! The claims of the paper, a folder each: hypothesis → protocol → prediction → measurement → verdict.
//!
//! Every file has the same shape. `Options` bend the protocol from the command line; `Prediction`
//! holds the theory as functions, so that a test can plant an error and see the verdict turn;
//! `protocol` registers what the claim is held to, and returns what measures and judges it.

pub mod alignment_scaling;
pub mod cyclic_basin;
pub mod cyclic_limit;
pub mod cyclic_theorem;
pub mod depth;
pub mod escape;
pub mod gd_limit;
pub mod hypothesis_map;
pub mod landscape;
pub mod momentum_law;
pub mod odds_identity;
pub mod persistent_noise;
pub mod random_walk;
pub mod rate_law;
pub mod rotation_invariance;
pub mod selection_law;
pub mod sgd_limit;
pub mod sharpness;
pub mod subspace_lottery;
pub mod unequal_data;
pub mod vanishing_noise;

pub use crate::study::{Context, Effort, Findings, Kind, Study, Table};
