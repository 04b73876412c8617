//! Replicas of any model in one stack: each has the bits that it has alone.

use puremix::data::Dataset;
use puremix::device::Compute;
use puremix::engine::{Autodiff, Engine, Member};
use puremix::error::Misuse;
use puremix::model::{Activation, AnyAutoencoder, Architecture, flat};
use puremix::problem::{Problem, Reduction};
use puremix::schedule::{Schedule, ScheduleKind};

use crate::common::correlated;

fn initial(text: &str, activation: Activation, data: &Dataset, replica: u64) -> AnyAutoencoder {
    let architecture: Architecture = text.parse().unwrap();
    architecture.init(activation, data, 0.5, (3, replica), &Compute::default()).unwrap()
}

fn stacked(text: &str, activation: Activation, data: &Dataset, replicas: u64) -> AnyAutoencoder {
    let models = (0..replicas).map(|replica| initial(text, activation, data, replica)).collect();
    flat::stacked(models, &Compute::default())
}

#[test]
fn a_stack_has_the_bits_of_its_replicas_alone() {
    let (data, compute) = (correlated(5, 7, 3), Compute::default());
    let m = data.samples();
    for text in Architecture::EXAMPLES {
        for activation in Activation::ALL {
            let problem = Problem::new(data.clone(), activation, Reduction::Mean, 0.13).unwrap();
            for (kind, batch) in [
                (ScheduleKind::Sgd, 1),
                (ScheduleKind::Sgd, 3),
                (ScheduleKind::Cyclic, 2),
                (ScheduleKind::Reshuffle, 2),
                (ScheduleKind::Replacement, m - 1),
                (ScheduleKind::Gd, m),
            ] {
                let schedule = Schedule::new(kind, m, Some(batch), 7).unwrap();
                let alone = |replica: u64| {
                    let model = initial(text, activation, &data, replica);
                    let mut engine = Autodiff::new(model, &problem, &schedule, replica, &compute).unwrap();
                    engine.advance(33);
                    engine.position(0)
                };
                for replicas in [1, 3, 64] {
                    let model = stacked(text, activation, &data, replicas);
                    let mut engine = Autodiff::new(model, &problem, &schedule, 0, &compute).unwrap();
                    engine.advance(33);
                    for replica in [0, replicas / 2, replicas - 1] {
                        let what =
                            format!("{text}, {activation:?}, {kind:?} b = {batch}, {replica} of {replicas}");
                        assert_eq!(engine.position(replica as usize), alone(replica), "{what}");
                    }
                }
            }
        }
    }
}

#[test]
fn members_have_data_step_sizes_and_batches_of_their_own() {
    let compute = Compute::default();
    let data: Vec<Dataset> = (0..5).map(|seed| Dataset::orthonormal(6, 9, seed).unwrap()).collect();
    let problems: Vec<Problem> = data
        .iter()
        .zip([0.05, 0.1, 0.17, 0.2, 0.3])
        .map(|(data, eta)| Problem::new(data.clone(), Activation::Tanh, Reduction::Sum, eta).unwrap())
        .collect();
    for batch in [1, 4, 6] {
        let schedules: Vec<Schedule> = (0..5).map(|seed| Schedule::sgd(6, batch, seed).unwrap()).collect();
        let member =
            |k: usize| Member { problem: &problems[k], schedule: &schedules[k], replica: 2 * k as u64 };
        let members: Vec<Member> = (0..5).map(member).collect();
        let model = |k: usize| initial("shallow:2", Activation::Tanh, &data[k], k as u64);
        let stack = flat::stacked((0..5).map(model).collect(), &compute);
        let mut engine = Autodiff::of_members(stack, &members, &compute).unwrap();
        engine.advance(131);
        for k in 0..5 {
            let Member { problem, schedule, replica } = member(k);
            let mut alone = Autodiff::new(model(k), problem, schedule, replica, &compute).unwrap();
            alone.advance(131);
            assert_eq!(engine.position(k), alone.position(0), "b = {batch}, member {k}");
            assert_eq!(engine.loss(k), alone.loss(0));
            assert_eq!(engine.slope(k), alone.slope(0));
            let (ours, theirs) = (engine.neurons(k), alone.neurons(0));
            assert_eq!(ours[1].correlations, theirs[1].correlations);
        }
    }
    let schedule = Schedule::sgd(6, 2, 1).unwrap();
    let members = [Member { problem: &problems[0], schedule: &schedule, replica: 0 }];
    let refusal =
        Autodiff::of_members(stacked("neuron", Activation::Linear, &data[0], 2), &members, &compute);
    assert_eq!(
        refusal.err().unwrap().to_string(),
        Misuse::Length { what: "the members of a stack", expected: 2, got: 1 }.to_string()
    );
}

#[test]
fn who_retires_or_diverges_leaves_the_others_as_they_are() {
    let (data, compute) = (Dataset::orthonormal(5, 7, 2).unwrap(), Compute::default());
    let calm = Problem::new(data.clone(), Activation::Linear, Reduction::Sum, 0.2).unwrap();
    let wild = Problem::new(data.clone(), Activation::Linear, Reduction::Sum, 2.3).unwrap();
    let schedule = Schedule::sgd(5, 2, 4).unwrap();
    let member = |k: usize| Member {
        problem: if k == 1 { &wild } else { &calm },
        schedule: &schedule,
        replica: k as u64,
    };
    let members: Vec<Member> = (0..8).map(member).collect();
    let mut engine =
        Autodiff::of_members(stacked("shallow:2", Activation::Linear, &data, 8), &members, &compute).unwrap();
    engine.advance(40);
    for replica in [0, 2, 3, 5, 7] {
        engine.retire(replica);
    }
    let retired = engine.position(2);
    engine.advance(163);
    for k in [1, 4, 6] {
        let model = initial("shallow:2", Activation::Linear, &data, k as u64);
        let mut alone = Autodiff::of_members(model, &[member(k)], &compute).unwrap();
        alone.advance(203);
        assert_eq!(engine.diverged_at(k), alone.diverged_at(0), "replica {k}");
        assert_eq!(engine.diverged_at(k).is_some(), k == 1);
        if k != 1 {
            assert_eq!(engine.position(k), alone.position(0), "replica {k}");
        }
    }
    // One that retired stands where it stood, or goes on: its stack has the others to mind.
    assert_eq!(engine.position(2).len(), retired.len());
    assert_eq!(engine.steps_taken(), 203);
}

#[test]
fn a_stack_goes_on_from_a_snapshot_to_the_bit() {
    let (data, compute) = (correlated(5, 7, 3), Compute::default());
    let problem = Problem::new(data.clone(), Activation::Gelu, Reduction::Mean, 0.1).unwrap();
    let schedule = Schedule::sgd(data.samples(), 2, 9).unwrap();
    let build = || {
        Autodiff::new(stacked("deep:4-2+bias", Activation::Gelu, &data, 7), &problem, &schedule, 3, &compute)
            .unwrap()
    };
    let mut engine = build();
    engine.advance(77);
    let kept = engine.snapshot();
    engine.advance(50);
    let mut resumed = build();
    resumed.restore(&kept).unwrap();
    resumed.advance(50);
    assert_eq!(resumed.snapshot(), engine.snapshot());
    let mut short = kept.clone();
    short.replicas[4].pop();
    assert!(
        resumed
            .restore(&short)
            .unwrap_err()
            .to_string()
            .contains("the parameters of a replica and their moments")
    );
    short.replicas.pop();
    assert!(resumed.restore(&short).unwrap_err().to_string().contains("the snapshot"));
}
