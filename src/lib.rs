//! puremix
pub mod data;
pub mod device;
pub mod engine;
pub mod error;
pub mod init;
pub mod model;
pub mod problem;
pub mod rng;
pub mod schedule;
pub mod state;
pub use error::{Error, Result};
