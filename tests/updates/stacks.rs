//! Update rules in stacks of any model: each replica as it is alone; gradients of losses with label noise.

use std::ops::Range;

use itertools::iproduct;
use puremix::data::Dataset;
use puremix::device::Compute;
use puremix::engine::{Autodiff, Engine, Member};
use puremix::model::{Activation, AnyAutoencoder, Architecture, flat};
use puremix::noise::{Noise, normals};
use puremix::problem::{Problem, Reduction};
use puremix::rng::Purpose;
use puremix::schedule::{Schedule, ScheduleKind};

use super::{RULES, update};
use crate::common::correlated;

fn stack(text: &str, activation: Activation, data: &Dataset, replicas: Range<u64>) -> AnyAutoencoder {
    let (architecture, compute): (Architecture, _) = (text.parse().unwrap(), Compute::default());
    let model = |replica| architecture.init(activation, data, 0.5, (3, replica), &compute).unwrap();
    flat::stacked(replicas.map(model).collect(), &compute)
}

/// Autodiff on replicas `first, first + 1, …` of a seed.
fn autodiff(
    text: &str,
    problem: &Problem,
    schedule: &Schedule,
    replicas: Range<u64>,
) -> Autodiff<AnyAutoencoder> {
    let first = replicas.start;
    let model = stack(text, problem.activation(), problem.dataset(), replicas);
    Autodiff::new(model, problem, schedule, first, &Compute::default()).unwrap()
}

#[test]
fn a_stack_has_the_bits_of_its_replicas_alone_under_every_rule() {
    const STEPS: u64 = 24;
    let data = correlated(5, 7, 3);
    let noisy = Noise { label: 0.05, gradient: 0.01 };
    let paces = [
        (0.0, "constant", Noise::default()),
        (0.01, "warmup:17+cosine:400", noisy),
        (0.03, "inverse-sqrt:9", Noise::default()),
    ];
    let batches = [(ScheduleKind::Sgd, 3), (ScheduleKind::Cyclic, 2), (ScheduleKind::Gd, 5)];
    // Every model under every activation, rule, pace and kind of batch.
    let all = iproduct!(Architecture::EXAMPLES, Activation::ALL, RULES, paces, batches);
    for (text, activation, rule, (decay, steps, noise), (kind, batch)) in all {
        let problem = Problem::new(data.clone(), activation, Reduction::Mean, 0.013).unwrap();
        let problem = problem.with_update(update(rule, decay, steps)).unwrap().with_noise(noise).unwrap();
        let schedule = Schedule::new(kind, 5, Some(batch), 7).unwrap();
        let after = |replicas: Range<u64>| {
            let mut engine = autodiff(text, &problem, &schedule, replicas);
            engine.advance(STEPS);
            engine.snapshot().replicas
        };
        for replicas in [1, 3, 64] {
            let states = after(0..replicas);
            for replica in [0, replicas / 2, replicas - 1] {
                let what =
                    format!("{text}, {activation:?}, {rule}, {steps}, {kind:?}, {replica} of {replicas}");
                assert_eq!(states[replica as usize], after(replica..replica + 1)[0], "{what}");
            }
        }
    }
}

#[test]
fn step_sizes_of_members_are_their_own_under_every_rule() {
    let data = Dataset::orthonormal(6, 9, 4).unwrap();
    let schedule = Schedule::sgd(6, 2, 4).unwrap();
    for rule in RULES {
        let problem = |k: usize| {
            let problem =
                Problem::new(data.clone(), Activation::Tanh, Reduction::Sum, 0.01 * (k + 1) as f64).unwrap();
            problem.with_update(update(rule, 0.05, "inverse-sqrt:25")).unwrap()
        };
        let problems: Vec<Problem> = (0..5).map(problem).collect();
        let members: Vec<Member> = (0..5)
            .map(|k| Member { problem: &problems[k], schedule: &schedule, replica: k as u64 })
            .collect();
        let model = stack("shallow:2", Activation::Tanh, &data, 0..5);
        let mut engine = Autodiff::of_members(model, &members, &Compute::default()).unwrap();
        engine.advance(131);
        for k in 0..5u64 {
            let mut alone = autodiff("shallow:2", &problems[k as usize], &schedule, k..k + 1);
            alone.advance(131);
            assert_eq!(engine.position(k as usize), alone.position(0), "{rule}, member {k}");
        }
    }
    let plain = Problem::new(data.clone(), Activation::Tanh, Reduction::Sum, 0.1).unwrap();
    let other = plain.clone().with_update(update("sign", 0.0, "constant")).unwrap();
    let members = [&plain, &other].map(|problem| Member { problem, schedule: &schedule, replica: 0 });
    let refusal =
        Autodiff::of_members(stack("neuron", Activation::Tanh, &data, 0..2), &members, &Compute::default());
    assert_eq!(
        refusal.err().unwrap().to_string(),
        "replicas of one stack have one reduction, update rule and noise"
    );
}

#[test]
fn gradients_of_a_loss_with_label_noise_are_those_of_differences() {
    let data = correlated(5, 7, 3);
    let rows = data.rows().unwrap();
    let compute = Compute::default();
    let mut noise = Vec::new();
    normals(5, Purpose::LabelNoise, 0, 3, 2 * 7, &mut noise);
    let batch = [1usize, 4];
    let x: Vec<f64> = batch.iter().flat_map(|i| rows[i * 7..(i + 1) * 7].to_vec()).collect();
    let y: Vec<f64> = x.iter().zip(&noise).map(|(x, noise)| x + 0.3 * noise).collect();
    let tensors = || (compute.tensor(&x, [1, 2, 7]), compute.tensor(&y, [1, 2, 7]));
    for text in Architecture::EXAMPLES {
        for activation in [Activation::Linear, Activation::Tanh, Activation::Gelu] {
            let model = stack(text, activation, &data, 0..1);
            let point = flat::parameters(&model);
            let (input, target) = tensors();
            let gradient = flat::gradient_to(&model, input, target);
            for k in 0..point.len() {
                let loss = |step: f64| {
                    let mut there = point.clone();
                    there[k] += step;
                    let (input, target) = tensors();
                    let model = flat::at(stack(text, activation, &data, 0..1), &there, &compute);
                    puremix::device::to_host(flat::loss_to(&model, input, target).inner())[0]
                };
                let slope = (loss(1e-5) - loss(-1e-5)) / 2e-5;
                assert!(
                    (slope - gradient[k]).abs() < 1e-8 * slope.abs().max(1.0),
                    "{text} {activation:?} {k}"
                );
            }
        }
    }
}
