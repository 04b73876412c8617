//! Sampling weights: with which probability each sample is drawn.

use std::fmt;
use std::str::FromStr;

use itertools::Itertools;
use serde::{Serialize, Serializer};

use crate::error::{Error, Result};

/// Positive numbers, one a sample, in text joined by commas, as `3,2,1`: sampling weights `q_i` up to a factor, or norms `‖x_i‖`.
#[derive(Clone, Debug, PartialEq)]
pub struct PerSample(Vec<f64>);

impl PerSample {
    /// The numbers, once it is known that there are `samples` of them.
    ///
    /// # Errors
    /// [`Error::Length`], in which `what` names them.
    pub fn of(&self, samples: usize, what: &'static str) -> Result<&[f64]> {
        if self.0.len() != samples {
            return Err(Error::Length { what, expected: samples, got: self.0.len() });
        }
        Ok(&self.0)
    }

    /// Whether all numbers are the same.
    pub fn are_equal(&self) -> bool {
        self.0.windows(2).all(|pair| pair[0] == pair[1])
    }
}

impl FromStr for PerSample {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let number = |(k, text): (usize, &str)| match text.trim().parse::<f64>() {
            Ok(number) if number > 0.0 && number.is_finite() => Ok(number),
            Ok(number) => Err(format!("number {k}, {number}, is not positive and finite")),
            Err(_) => Err(format!(
                "number {k}, `{text}`, is no number; expected positive numbers joined by commas, as 3,2,1"
            )),
        };
        (1..).zip(text.split(',')).map(number).collect::<Result<_, _>>().map(Self)
    }
}

impl fmt::Display for PerSample {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(&self.0.iter().join(","))
    }
}

impl Serialize for PerSample {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// A law on the samples, and how a uniform word becomes a draw from it.
#[derive(Debug)]
pub(super) struct Shares {
    /// `q_i`, which sum to 1.
    pub values: Vec<f64>,
    /// `2⁶⁴ (q_0 + … + q_i)` of all samples but the last.
    ends: Vec<u64>,
}

impl Shares {
    /// # Errors
    /// [`Error::SamplingWeights`] for a weight that is not positive and finite, or beside the others too small to be drawn.
    pub fn new(weights: &[f64]) -> Result<Self> {
        let refuse = |sample: usize, reason: &str| {
            let reason = format!("that of sample {sample}, {:?}, {reason}", weights[sample]);
            Err(Error::SamplingWeights { reason })
        };
        if let Some(sample) = weights.iter().position(|q| !(*q > 0.0 && q.is_finite())) {
            return refuse(sample, "is not positive and finite");
        }
        // By the largest first: sums of huge numbers leave the range of f64.
        let largest = weights.iter().copied().fold(0.0, f64::max);
        let total: f64 = weights.iter().map(|q| q / largest).sum();
        let values: Vec<f64> = weights.iter().map(|q| q / largest / total).collect();
        if let Some(sample) = values.iter().position(|q| *q < SMALLEST_SHARE) {
            return refuse(sample, "is below 1e-12 of all together");
        }
        let mut sum = 0.0;
        let end = |share: &f64| {
            sum += share;
            (sum * 2f64.powi(64)) as u64
        };
        let ends = values[..values.len() - 1].iter().map(end).collect();
        Ok(Self { values, ends })
    }

    /// The sample of a word: off in the probability of a sample by a rounding of the sum, some 1e-16 a sample.
    #[inline]
    pub fn sample(&self, word: u64) -> usize {
        self.ends.partition_point(|&end| end <= word)
    }
}

/// A smaller probability is lost among the roundings of a million others.
const SMALLEST_SHARE: f64 = 1e-12;
