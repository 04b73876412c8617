//! Update rules on tensors: what a stack of replicas does with its gradients.
//!
//! The rules and their formulas are those of [`puremix_dynamics::update`]. Burn's own optimisers are not used: they keep factors of their rules in
//! single precision.

pub use puremix_dynamics::noise::Noise;
pub use puremix_dynamics::update::{Momentum, Rule, StepSchedule, Update};

use burn::tensor::Tensor;

use crate::device::Compute;
use crate::problem::{Problem, Step};

/// The state of a rule for one parameter of a stack: tensors `[R, p]`, as many as the rule
/// [keeps](Rule::state_size).
pub(crate) type Moments = Vec<Tensor<2>>;

/// The state at the beginning: zeros.
pub(crate) fn at_rest(rule: Rule, replicas: usize, entries: usize, compute: &Compute) -> Moments {
    let zeros = || compute.tensor(&vec![0.0; replicas * entries], [replicas, entries]);
    (0..rule.state_size()).map(|_| zeros()).collect()
}

/// A step size: one for all replicas, or one each, `[R]`.
pub(crate) enum Size {
    Same(f64),
    Each(Box<Tensor<1>>),
}

impl Size {
    /// Of numbers that are the same or not.
    pub fn of(sizes: &[f64], compute: &Compute) -> Self {
        match sizes {
            [first, others @ ..] if others.iter().all(|size| size == first) => Self::Same(*first),
            _ => Self::Each(Box::new(compute.tensor(sizes, [sizes.len()]))),
        }
    }

    /// The product with a tensor whose first dimension is that of the replicas.
    pub fn times<const D: usize>(&self, tensor: Tensor<D>) -> Tensor<D> {
        match self {
            Self::Same(size) => tensor * *size,
            Self::Each(sizes) => {
                let mut shape = [1; D];
                shape[0] = sizes.dims()[0];
                tensor * (**sizes).clone().reshape(shape)
            }
        }
    }
}

/// One step of a stack, but for the gradients.
pub(crate) struct Descent {
    rule: Rule,
    /// Which step it is, from 1 on.
    t: u64,
    /// `η_t`.
    size: Size,
    /// Weight `r` of the gradient of a sample, `1/b` or 1.
    weight: f64,
    /// `λ`.
    decay: f64,
}

impl Descent {
    /// The step that follows `taken` others; the problems of the replicas differ in their data and step sizes alone.
    pub fn new<'a>(
        problems: impl Iterator<Item = &'a Problem> + Clone,
        taken: u64,
        batch: usize,
        compute: &Compute,
    ) -> Self {
        let steps: Vec<Step> = problems.clone().map(|problem| problem.step_at(taken, batch)).collect();
        let sizes: Vec<f64> = steps.iter().map(|step| step.size).collect();
        let rule = problems.clone().next().map(|problem| problem.update().rule).unwrap_or_default();
        Self {
            rule,
            t: taken + 1,
            size: Size::of(&sizes, compute),
            weight: steps.first().map_or(1.0, |step| step.weight),
            decay: steps.first().map_or(0.0, |step| step.decay),
        }
    }

    /// Where parameters `p` go with the gradients `Σ_{i∈B} ∇ℓ_i`, and noise that is added to their weighted sum; all `[R, p]`.
    pub fn step(
        &self,
        p: Tensor<2>,
        gradient: Tensor<2>,
        noise: Option<Tensor<2>>,
        moments: &mut Moments,
    ) -> Tensor<2> {
        let mut g = gradient * self.weight;
        if let Some(noise) = noise {
            g = g + noise;
        }
        let mut start = p.clone();
        if self.decay > 0.0 {
            if self.rule.is_decoupled() {
                start = start - self.size.times(p * self.decay);
            } else {
                g = g + p * self.decay;
            }
        }
        start - self.size.times(self.direction(g, moments))
    }

    /// `u` of a gradient.
    fn direction(&self, g: Tensor<2>, moments: &mut Moments) -> Tensor<2> {
        match self.rule {
            Rule::Sgd => g,
            Rule::Sign => g.sign(),
            Rule::HeavyBall { momentum } => {
                moments[0] = moments[0].clone() * momentum + g;
                moments[0].clone()
            }
            Rule::Nesterov { momentum } => {
                moments[0] = moments[0].clone() * momentum + g.clone();
                g + moments[0].clone() * momentum
            }
            Rule::RmsProp { decay, epsilon } => {
                moments[0] = moments[0].clone() * decay + g.clone() * g.clone() * (1.0 - decay);
                g / (moments[0].clone().sqrt() + epsilon)
            }
            Rule::Adam { decays: [first, second], epsilon, .. } => {
                moments[0] = moments[0].clone() * first + g.clone() * (1.0 - first);
                moments[1] = moments[1].clone() * second + g.clone() * g * (1.0 - second);
                let corrected = |moment: &Tensor<2>, decay: f64| {
                    moment.clone() * (1.0 / (1.0 - decay.powf(self.t as f64)))
                };
                corrected(&moments[0], first) / (corrected(&moments[1], second).sqrt() + epsilon)
            }
        }
    }
}

/// Whether the state of a rule leaves the parameters in front of it where they are, to the last bit, if all gradients vanish for the time
/// [`Problem::flight`]: velocities, or first and second moments, stand behind them, as many each.
pub(crate) fn is_at_rest(state: &[f64], parameters: usize, flight: f64) -> bool {
    let (p, moments) = state.split_at(parameters);
    let (first, second) = moments.split_at(moments.len().min(parameters));
    let rests = |(k, &p): (usize, &f64)| {
        let direction = match (first.get(k), second.get(k)) {
            (Some(&m), Some(&s)) if m != 0.0 => m / s.sqrt(),
            (Some(&v), None) => v,
            _ => 0.0,
        };
        direction == 0.0 || p - flight * direction == p
    };
    flight == 0.0 || p.iter().enumerate().all(rests)
}

#[cfg(test)]
mod tests {
    use super::is_at_rest;

    #[test]
    fn at_rest_is_what_a_free_flight_leaves_to_the_last_bit() {
        // Below 1 numbers are twice as dense as above it: less 8e-17 is another number, 8e-17 more is the same.
        assert!(is_at_rest(&[1.0, -4e-17], 1, 2.0) && !is_at_rest(&[1.0, 4e-17], 1, 2.0));
        // The direction of first and second moments m = 3e-17 and s = 0.04 is m/√s = 1.5e-16.
        assert!(!is_at_rest(&[1.0, 3e-17, 0.04], 1, 1.0) && is_at_rest(&[1.0, 3e-17, 4.0], 1, 1.0));
        assert!(is_at_rest(&[0.5, 0.0], 1, 9.0) && is_at_rest(&[0.5, 0.3], 1, 0.0));
        assert!(!is_at_rest(&[1.0, 0.5, 0.0, 0.1], 2, 1.0), "the second parameter flies");
    }
}
