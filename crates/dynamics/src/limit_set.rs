//! The set of points a run over orthonormal or orthogonal data is predicted to end in.
//!
//! Theory builds these sets, stop rules and verdicts measure the distance to them; the type itself
//! knows neither.

use std::sync::Arc;

use crate::state::Neuron;
use crate::vectors::norm_of;

/// Points of the span of orthonormal rows, in coordinates.
#[derive(Clone, Debug, PartialEq)]
pub enum LimitSet {
    /// One point `Σ α_i a_i`, given by `α`, `[m]`.
    Point(Vec<f64>),
    /// The datapoints `σ_i a_i`, given by the signs `σ`, `[m]`; 0 bars a sample.
    Datapoints(Vec<i8>),
    /// The datapoints `±a_i` of the samples that are not barred, `[m]`.
    EitherSign(Vec<bool>),
}

impl LimitSet {
    /// Euclidean distance of `w` to the nearest point of the set; infinite if the set is empty.
    ///
    /// Summed over coordinates, never as a difference of norms, so it is accurate down to rounding.
    pub fn distance(&self, neuron: &Neuron) -> f64 {
        let c = &neuron.correlations;
        let residual = std::iter::once(neuron.residual);
        if let LimitSet::Point(alpha) = self {
            return norm_of(c.iter().zip(alpha).map(|(c, a)| c - a).chain(residual));
        }
        let Some(nearest) = self.nearest_datapoint(neuron) else { return f64::INFINITY };
        let sign = match self {
            LimitSet::Datapoints(signs) => f64::from(signs[nearest]),
            _ => 1f64.copysign(c[nearest]),
        };
        let way = |(i, c): (usize, &f64)| if i == nearest { c - sign } else { *c };
        norm_of(c.iter().enumerate().map(way).chain(residual))
    }

    /// Index of the nearest datapoint of the set: it maximises `σ_i c_i`, or `|c_i|` where either sign is in the set.
    pub fn nearest_datapoint(&self, neuron: &Neuron) -> Option<usize> {
        let overlap = |i: usize| {
            let c = neuron.correlations[i];
            match self {
                LimitSet::Point(_) => None,
                LimitSet::Datapoints(signs) => (signs[i] != 0).then(|| f64::from(signs[i]) * c),
                LimitSet::EitherSign(admitted) => admitted[i].then_some(c.abs()),
            }
        };
        let overlaps = (0..neuron.correlations.len()).filter_map(|i| Some((i, overlap(i)?)));
        overlaps.max_by(|(_, a), (_, b)| a.total_cmp(b)).map(|(i, _)| i)
    }
}

/// A limit set over orthogonal samples, in the coordinates `c_i/‖x_i‖` along them.
#[derive(Clone, Debug)]
pub struct Scaled {
    /// `‖x_i‖`, `[m]`; 1 for a sample that is 0, along which nothing lies.
    pub norms: Arc<[f64]>,
    /// The set.
    pub set: LimitSet,
}

impl Scaled {
    /// [`LimitSet::distance`], from correlations with the samples as they are.
    pub fn distance(&self, neuron: &Neuron) -> f64 {
        let along = neuron.correlations.iter().zip(&*self.norms).map(|(c, norm)| c / norm);
        self.set.distance(&Neuron { correlations: along.collect(), ..*neuron })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn neuron(correlations: Vec<f64>, residual: f64) -> Neuron {
        let norm_sq = correlations.iter().map(|c| c * c).sum::<f64>() + residual * residual;
        Neuron { correlations, residual, norm_sq, overlap_init: 0.0 }
    }

    #[test]
    fn distance_is_euclidean() {
        let w = neuron(vec![0.1, -0.7, 0.3], 0.2);
        let point = LimitSet::Point(vec![0.6, 0.0, 0.8]);
        let expected = (0.25f64 + 0.49 + 0.25 + 0.04).sqrt();
        assert!((point.distance(&w) - expected).abs() < 1e-15);
        // Of the datapoints +a_0 and −a_1 the second is nearer: (0.1, 0.3, 0.3, 0.2).
        let data = LimitSet::Datapoints(vec![1, -1, 0]);
        assert_eq!(data.nearest_datapoint(&w), Some(1));
        assert!((data.distance(&w) - 0.23f64.sqrt()).abs() < 1e-15);
        // Of either sign, −a_1, and +a_2 where the second sample is barred.
        let either = LimitSet::EitherSign(vec![true; 3]);
        assert!((either.distance(&w) - 0.23f64.sqrt()).abs() < 1e-15);
        let barred = LimitSet::EitherSign(vec![true, false, true]);
        assert!((barred.distance(&w) - (0.01f64 + 0.49 + 0.49 + 0.04).sqrt()).abs() < 1e-15);
    }

    #[test]
    fn distance_resolves_rounding_close_to_the_set() {
        let w = neuron(vec![1e-14, 1.0], 0.0);
        assert_eq!(LimitSet::Datapoints(vec![1, 1]).distance(&w), 1e-14);
    }

    #[test]
    fn samples_of_other_norms_are_measured_along_themselves() {
        // u = (0.6, −0.7), of samples with the norms 0.5 and 3.
        let set = LimitSet::Datapoints(vec![0, -1]);
        let scaled = Scaled { norms: [0.5, 3.0].into(), set };
        assert!(
            (scaled.distance(&neuron(vec![0.3, -2.1], 0.2)) - (0.36f64 + 0.09 + 0.04).sqrt()).abs() < 1e-15
        );
    }

    #[test]
    fn nothing_is_near_the_empty_set() {
        assert_eq!(LimitSet::Datapoints(vec![0, 0]).distance(&neuron(vec![0.5, 0.5], 0.0)), f64::INFINITY);
    }
}
