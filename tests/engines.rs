//! Oracle chain: finite differences check autodiff, autodiff checks analytic, analytic checks reduced.

use puremix::data::{Dataset, dot};
use puremix::device::{Compute, to_host};
use puremix::engine::{Analytic, Autodiff, Engine, Reduced, batch_gradient};
use puremix::init::Start;
use puremix::model::Activation;
use puremix::problem::{Problem, Reduction};
use puremix::schedule::{Schedule, ScheduleKind};

/// Largest difference of two engines' weights.
fn distance(a: &dyn Engine, b: &dyn Engine) -> f64 {
    let (a, b) = (a.weights(0).unwrap(), b.weights(0).unwrap());
    a.iter().zip(&b).map(|(x, y)| (x - y).abs()).fold(0.0, f64::max)
}

/// Runs the three engines side by side; the largest distance seen at any step.
fn lockstep(problem: &Problem, schedule: &Schedule, start: &Start, replica: u64, steps: u64) -> f64 {
    let compute = Compute::default();
    let mut autodiff = Autodiff::single_neuron(problem, schedule, start, replica, &compute).unwrap();
    let starts = std::slice::from_ref(start);
    let mut analytic = Analytic::new(problem, schedule, starts, replica, &compute).unwrap();
    let mut reduced = Reduced::new(problem, schedule, starts, replica).unwrap();
    let mut worst: f64 = 0.0;
    for step in 1..=steps {
        autodiff.advance(1);
        analytic.advance(1);
        reduced.advance(1);
        assert_eq!([autodiff.steps_taken(), analytic.steps_taken(), reduced.steps_taken()], [step; 3]);
        worst = worst.max(distance(&autodiff, &analytic)).max(distance(&analytic, &reduced));
    }
    worst
}

const STEPS: u64 = 2000;

#[test]
fn engines_agree_on_orthonormal_data() {
    let kinds = [
        ScheduleKind::Gd,
        ScheduleKind::Sgd,
        ScheduleKind::Cyclic,
        ScheduleKind::Reshuffle,
        ScheduleKind::Replacement,
    ];
    let sizes = [(5, 7, 2), (6, 6, 4), (1, 3, 1)];
    for (m, n, b) in sizes {
        let data = Dataset::orthonormal(m, n, 17).unwrap();
        for (kind, activation, reduction) in itertools(&kinds) {
            let batch = if kind == ScheduleKind::Gd { m } else { b };
            let schedule = Schedule::new(kind, m, Some(batch), 23).unwrap();
            let problem = Problem::new(data.clone(), activation, reduction, 0.17).unwrap();
            let start = Start::gaussian(&data, 0.6, 4, 2).unwrap();
            let worst = lockstep(&problem, &schedule, &start, 2, STEPS);
            assert!(worst < 1e-10, "{kind:?} {activation:?} {reduction:?} m={m} n={n} b={b}: {worst:e}");
        }
    }
}

fn itertools(kinds: &[ScheduleKind]) -> Vec<(ScheduleKind, Activation, Reduction)> {
    let mut cases = Vec::new();
    for &kind in kinds {
        for activation in Activation::ALL {
            for reduction in Reduction::ALL {
                cases.push((kind, activation, reduction));
            }
        }
    }
    cases
}
