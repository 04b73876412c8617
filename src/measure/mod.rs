//! What is read off neurons: alignment, sparsity, what they recovered and span, and the trajectories of these.

pub mod alignment;
pub mod dictionary;
pub mod neurons;
pub mod sharpness;
pub mod sparsity;
pub mod subspace;
pub mod trajectory;
