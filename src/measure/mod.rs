//! What is read off a neuron: alignment, sparsity, and the trajectory of both.

pub mod alignment;
pub mod sharpness;
pub mod sparsity;
pub mod trajectory;
