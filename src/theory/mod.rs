//! Closed forms and exact recursions, pure f64. Nothing here has seen an engine.

pub mod alignment;
pub mod budget;
pub mod cyclic;
pub mod gd;
pub mod sgd;
