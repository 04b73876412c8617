//! The activation `φ` on tensors.

use std::f64::consts::FRAC_1_SQRT_2;

use burn::tensor::Tensor;
use burn::tensor::activation::{leaky_relu, relu, tanh};

pub use puremix_dynamics::activation::{Activation, LEAKY_SLOPE};

/// An activation applied to tensors.
pub trait Forward {
    /// `φ` of every entry of a tensor of any shape.
    fn forward<const D: usize>(self, c: Tensor<D>) -> Tensor<D>;
}

impl Forward for Activation {
    fn forward<const D: usize>(self, c: Tensor<D>) -> Tensor<D> {
        match self {
            Activation::Linear => c,
            Activation::Relu => relu(c),
            Activation::LeakyRelu => leaky_relu(c, LEAKY_SLOPE),
            // Burn's own `gelu` is this function, but on all backends except flex its gradient is that of the
            // approximation by tanh, with six-digit constants; the gradient of `erf` is exact everywhere.
            Activation::Gelu => c.clone() * ((c * FRAC_1_SQRT_2).erf() * 0.5 + 0.5),
            Activation::Tanh => tanh(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::device::{Compute, to_host};

    /// Awkward points on either side of 0, and 0.
    fn points() -> Vec<f64> {
        (-40..=40).map(|k| f64::from(k) * 0.173).chain([1e-9, -1e-9]).collect()
    }

    #[test]
    fn numbers_and_tensors_agree() {
        // Error functions are good to a unit in the last place; of a 1 + erf that cancels, absolutely.
        let points = points();
        for activation in Activation::ALL {
            let on_tensor = to_host(activation.forward(Compute::default().tensor(&points, [points.len()])));
            for (&c, tensor) in points.iter().zip(on_tensor) {
                let number = activation.apply(c);
                assert!(
                    (number - tensor).abs() <= 1e-15 * c.abs(),
                    "{activation:?} at {c}: {number} {tensor}"
                );
            }
        }
    }

    #[test]
    fn every_derivative_is_that_of_the_function() {
        // Central differences at h = 1e-5 are good to 1e-10: h² φ'''/6, and rounding u/h.
        for activation in Activation::ALL {
            let points: Vec<f64> = points().into_iter().filter(|c| c.abs() > 1e-4).collect();
            let c = Compute::default().tensor(&points, [points.len()]);
            let c = Tensor::<1>::from_inner(c).require_grad();
            let grads = activation.forward(c.clone()).sum().backward();
            let slopes = to_host(c.grad(&grads).expect("φ depends on c"));
            for (&c, slope) in points.iter().zip(slopes) {
                let h = 1e-5;
                let difference = (activation.apply(c + h) - activation.apply(c - h)) / (2.0 * h);
                assert!((slope - difference).abs() < 1e-9, "{activation:?} at {c}: {slope} {difference}");
            }
        }
    }
}
