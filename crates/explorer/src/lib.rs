//! What the page `docs/explorer.html` computes with: the reduced recursion, its theory and its statistics, behind a C interface that a page calls.
//!
//! A *scene* is data, start and step size; a *lane* is one algorithm that runs from its start; an *ensemble* is many runs of one algorithm, each to the
//! selection of a sample. Nothing here knows how any of it is drawn.

#![warn(missing_docs)]
#![deny(unsafe_code)]

mod abi;
mod ensemble;
mod lane;
mod scene;

pub use ensemble::{Ended, Ensemble, SELECTED};
pub use lane::{Lane, Reading};
pub use scene::Scene;
