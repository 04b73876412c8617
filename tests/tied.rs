//! Several tied neurons, linear and ReLU: Burn's autodiff on `shallow:k` and the recursion in correlations, in lockstep on one batch stream.

use puremix::data::Dataset;
use puremix::device::Compute;
use puremix::engine::{Autodiff, Engine, TiedLayer};
use puremix::model::{Activation, Architecture, Kind};
use puremix::problem::{Problem, Reduction};
use puremix::schedule::{Schedule, ScheduleKind};

const STEPS: u64 = 400;

/// Largest difference of a weight and of the loss at any step.
fn lockstep(
    (m, n, k): (usize, usize, usize),
    activation: Activation,
    schedule: &Schedule,
    reduction: Reduction,
) -> (f64, f64) {
    let (data, compute) = (Dataset::orthonormal(m, n, 7).unwrap(), Compute::default());
    let problem = Problem::new(data.clone(), activation, reduction, 0.12).unwrap();
    let architecture = Architecture { kind: Kind::Shallow, widths: vec![k], bias: false };
    let model = architecture.init(activation, &data, 0.6, (3, 2), &compute).unwrap();
    let mut burn = Autodiff::new(model, &problem, schedule, 2, &compute).unwrap();
    let step = problem.step_per_sample(schedule.batch_size());
    let mut layer =
        TiedLayer::from_weights(&data, &burn.weights(0).unwrap(), activation, schedule, step, 2).unwrap();
    let mut worst = (0.0f64, 0.0f64);
    for step in 1..=STEPS {
        burn.advance(1);
        layer.advance(1);
        assert_eq!(layer.steps_taken(), step);
        let (ours, theirs) = (layer.weights(&data).unwrap(), burn.weights(0).unwrap());
        assert_eq!(ours.len(), theirs.len());
        for (a, b) in ours.iter().zip(&theirs) {
            assert!(a.is_finite() && b.is_finite());
            worst.0 = worst.0.max((a - b).abs());
        }
        worst.1 = worst.1.max((layer.loss() - burn.loss(0)).abs());
    }
    worst
}

#[test]
fn the_recursion_of_a_tied_layer_is_what_burn_trains() {
    // b divides m or not, exceeds half of it; m = n, one dimension outside the span, more than neurons; more neurons than samples; one neuron.
    for size in [(5, 7, 2), (6, 6, 3), (4, 9, 3), (7, 8, 4), (3, 5, 4), (5, 8, 1)] {
        let m = size.0;
        for (kind, batch) in [
            (ScheduleKind::Gd, m),
            (ScheduleKind::Sgd, 1),
            (ScheduleKind::Sgd, 2),
            (ScheduleKind::Sgd, m - 1),
            (ScheduleKind::Cyclic, 2),
            (ScheduleKind::Reshuffle, 2),
            (ScheduleKind::Replacement, 3),
        ] {
            let schedule = Schedule::new(kind, m, Some(batch), 11).unwrap();
            let settings = Activation::PAPER.into_iter().flat_map(|a| Reduction::ALL.map(|r| (a, r)));
            for (activation, reduction) in settings {
                let (weights, loss) = lockstep(size, activation, &schedule, reduction);
                let what = format!("{size:?} {activation:?} {kind:?} b = {batch} {reduction:?}");
                assert!(weights < 1e-12 && loss < 1e-12, "{what}: {weights:e} {loss:e}");
            }
        }
    }
}
