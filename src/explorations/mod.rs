//! Explorations: questions that no theorem here answers, a folder each, in the shape of a [claim](crate::claims).
//!
//! Protocol → measurement → estimates with 95 % intervals, and no verdict. Runs come in pairs: the same data, start and random
//! stream of batches under every batch size, so that what is compared differs in the batch size alone.

pub mod correlated;
pub mod deep_subspaces;
pub mod deeper;
pub mod digits;
pub mod optimisers;
pub mod principal_component;
pub mod relu_subspaces;
