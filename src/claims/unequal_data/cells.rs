//! Settings in which one sample is beside rivals, the first of which is drawn more often or is longer, and where theory puts the threshold.

use super::Prediction;
use crate::theory::unequal::Unequal;

/// What is unequal: the first rival of sample 0 is drawn more often, or is longer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Kind {
    Weights,
    Norms,
}

/// What is given of a threshold; the other of the two is sought.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Given {
    StepSize(f64),
    /// Weight, or squared norm, of the first rival over that of sample 0.
    Ratio(f64),
}

/// A threshold: between which data or step sizes sample 0 ceases to be a possible limit.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cell {
    pub kind: Kind,
    pub samples: usize,
    pub given: Given,
}

const fn cell(kind: Kind, samples: usize, given: Given) -> Cell {
    Cell { kind, samples, given }
}

/// Ratios at six step sizes, and the step size at a ratio of norms, `η = 1 − 1/1.4`, and of weights.
pub(super) const CELLS: [Cell; 8] = [
    cell(Kind::Weights, 2, Given::StepSize(0.4)),
    cell(Kind::Weights, 3, Given::StepSize(0.25)),
    cell(Kind::Weights, 4, Given::StepSize(0.1)),
    cell(Kind::Norms, 2, Given::StepSize(0.3)),
    cell(Kind::Norms, 3, Given::StepSize(0.2)),
    cell(Kind::Norms, 4, Given::StepSize(0.1)),
    cell(Kind::Norms, 2, Given::Ratio(1.4)),
    cell(Kind::Weights, 3, Given::Ratio(1.25)),
];

impl Kind {
    pub fn name(self) -> &'static str {
        match self {
            Kind::Weights => "weights",
            Kind::Norms => "norms",
        }
    }
}

impl Cell {
    /// Ratio and step size where what is sought has a value.
    pub fn at(&self, sought: f64) -> (f64, f64) {
        match self.given {
            Given::StepSize(step_size) => (sought, step_size),
            Given::Ratio(ratio) => (ratio, sought),
        }
    }

    /// Sample 0 of weight and norm 1 beside rivals, the first of which has the ratio.
    pub fn problem(&self, sought: f64) -> Unequal {
        let (ratio, step_size) = self.at(sought);
        let mut rivals = vec![1.0; self.samples];
        rivals[1] = ratio;
        let (weights, norms_sq) = match self.kind {
            Kind::Weights => (rivals, vec![1.0; self.samples]),
            Kind::Norms => (vec![1.0; self.samples], rivals),
        };
        let total: f64 = weights.iter().sum();
        Unequal { norms_sq, shares: weights.iter().map(|q| q / total).collect(), step_size }
    }

    /// Where what is sought is looked for. At the ratio 1 the drift of the rival is `log(1 − η²)/m < 0`, at 2 it is positive for every `η < ½`, as `(1 + 2η)(1 − η) > 1`; over step sizes it changes its sign once beyond 0.
    pub fn range(&self) -> (f64, f64) {
        match self.given {
            Given::StepSize(_) => (1.0, 2.0),
            Given::Ratio(_) => (0.07, 0.35),
        }
    }

    /// Whether runs leave sample 0 above the threshold, and stay with it below: a larger ratio drives them away, a larger step keeps them.
    pub fn leaves_above(&self) -> bool {
        matches!(self.given, Given::StepSize(_))
    }

    /// The threshold of the theory, by bisection.
    pub fn critical(&self, prediction: &Prediction) -> f64 {
        let (mut low, mut high) = self.range();
        for _ in 0..60 {
            let middle = 0.5 * (low + high);
            let leaves = !(prediction.can_be_limit)(&self.problem(middle), 0);
            if leaves == self.leaves_above() { high = middle } else { low = middle }
        }
        0.5 * (low + high)
    }
}
