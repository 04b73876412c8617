//! Data: the datasets of the layer below, files of samples, and the handwritten digits.

pub mod digits;
pub mod file;
mod source;

pub use digits::digits;
pub use file::FromFile;
pub use puremix_dynamics::data::{
    Dataset, Dictionary, Normalisation, SparseCode, dot, norm, orthonormal_tolerance, span_basis,
};
pub use source::Source;
