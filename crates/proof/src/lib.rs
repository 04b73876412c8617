//! Almost every run of cyclic SGD on a tied linear neuron ends in a single datapoint: the part of the proof that a machine does.
//!
//! The theorem, its proof, and what exactly is verified here, are a chapter of the book, `docs/cyclic-theorem.md`. In short: a function `W` of the state
//! increases along every cycle but at the `2^m − 1` mixed orbits, on the region in which all runs end up, for every step size of an interval. So every run
//! that is not orthogonal to all samples converges to a mixed orbit; and only datapoints, the mixed orbits of one sample, attract more than a null set.
//!
//! | module | what it holds |
//! |---|---|
//! | [`interval`], [`real`], [`jet`] | intervals with outward rounding; values with first and second derivatives over them |
//! | [`cycle`] | the cycle map, and by how much `W` grows |
//! | [`chart`] | the region as boxes, and what can be verified on one |
//! | [`zone`] | boxes around the mixed orbits |
//! | [`cover`], [`certificate`], [`failure`] | bisection, the text that it leaves, and what stands in its way |
//! | [`fixed`] | the mixed orbits once more, as fixed points of the cycle map that Krawczyk's operator encloses |
//!
//! Nothing that is rounded decides anything: where to cut is chosen in floating point, and what is verified holds for every real number of a box.

#![forbid(unsafe_code)]
#![warn(missing_docs)]

pub mod certificate;
pub mod chart;
pub mod cover;
pub mod cycle;
pub mod failure;
pub mod fixed;
pub mod interval;
pub mod jet;
pub mod real;
pub mod zone;
