//! The loop on small problems whose end is known.

use puremix::data::Dataset;
use puremix::device::{Backend, Compute, Precision};
use puremix::engine::{Analytic, Autodiff, Engine, Reduced};
use puremix::init::Start;
use puremix::limit_set::LimitSet;
use puremix::measure::trajectory::{Gauge, Trajectory};
use puremix::model::Activation;
use puremix::problem::{Problem, Reduction};
use puremix::schedule::{Schedule, ScheduleKind};
use puremix::theory;
use puremix::train::{Cadence, Observer, Outcome, Plan, StopRule, train};

use crate::common::{correlated, engines, orthonormal};

fn to_limit(problem: &Problem, schedule: &Schedule, start: &Start, tolerance: f64) -> Plan {
    let set = theory::predicted_limit(schedule, &start.correlations, problem.activation()).unwrap();
    Plan { budget: 100_000, stop: StopRule::Limit { sets: vec![set], tolerance }, check_every: 1 }
}

#[test]
fn converged_at_the_same_step_on_every_engine() {
    let (problem, start) = orthonormal((5, 8), Activation::Relu, Reduction::Sum, 0.17);
    for schedule in [Schedule::full_batch(5).unwrap(), Schedule::sgd(5, 2, 3).unwrap()] {
        let plan = to_limit(&problem, &schedule, &start, 1e-7);
        let steps: Vec<u64> = engines(&problem, &schedule, &start)
            .iter_mut()
            .map(|engine| {
                let run = train(engine.as_mut(), &plan, &mut []).0.remove(0);
                assert_eq!(run.outcome, Outcome::Converged);
                assert!(run.distance <= 1e-7);
                assert_eq!(engine.steps_taken(), run.steps);
                run.steps
            })
            .collect();
        assert!(steps[0] > 50 && steps.iter().all(|s| *s == steps[0]), "{steps:?}");
    }
}

#[test]
fn a_start_without_active_samples_is_dead_at_once_and_stays_put() {
    // On the standard basis a correlation of 0 is exactly that: the kink itself is inactive.
    let data = Dataset::standard_basis(3, 5).unwrap();
    let start = Start::from_coordinates(&data, vec![-0.3, -0.1, 0.0], 0.2, 1, 0).unwrap();
    let problem = Problem::new(data, Activation::Relu, Reduction::Mean, 0.2).unwrap();
    let schedule = Schedule::sgd(3, 1, 1).unwrap();
    let stop = StopRule::Tail { window: 10, tolerance: 1e-8 };
    for engine in &mut engines(&problem, &schedule, &start) {
        let plan = Plan { budget: 500, stop: stop.clone(), check_every: 1 };
        let run = train(engine.as_mut(), &plan, &mut []).0.remove(0);
        assert_eq!((run.outcome, run.steps), (Outcome::Dead, 0));
        let before = engine.weights(0).unwrap();
        engine.advance(100);
        assert_eq!(engine.weights(0).unwrap(), before);
        assert!((run.loss - 0.5).abs() < 1e-15);
    }
}

#[test]
fn blow_up_is_an_outcome_with_its_step() {
    let (problem, start) = orthonormal((4, 6), Activation::Linear, Reduction::Sum, 3.1);
    let schedule = Schedule::full_batch(4).unwrap();
    let plan = Plan { budget: 10_000, stop: StopRule::Never, check_every: 1000 };
    let steps: Vec<u64> = engines(&problem, &schedule, &start)
        .iter_mut()
        .map(|engine| {
            let run = train(engine.as_mut(), &plan, &mut []).0.remove(0);
            assert_eq!(run.outcome, Outcome::Diverged);
            run.steps
        })
        .collect();
    // The scalar recursion says when, independently of any engine.
    let mut state = theory::gd::Radial::new(&start.correlations, start.residual, Activation::Linear);
    let mut expected = 0;
    while state.norm_sq() <= puremix::engine::blow_up(start.norm_sq) {
        state = state.step(3.1);
        expected += 1;
    }
    assert_eq!(steps, vec![expected; 3]);
    assert!(expected < 100);
}

#[test]
fn a_diverged_replica_does_not_stop_the_others() {
    let data = Dataset::orthonormal(4, 6, 1).unwrap();
    let problem = Problem::new(data.clone(), Activation::Linear, Reduction::Sum, 0.2).unwrap();
    let schedule = Schedule::full_batch(4).unwrap();
    // From norm 8 the first step overshoots; from 0.5 all is well.
    let starts = [8.0, 0.5].map(|norm| Start::gaussian(&data, norm, 2, 0).unwrap());
    let sets =
        starts.iter().map(|s| theory::gd::limit(&s.correlations, Activation::Linear).unwrap()).collect();
    let plan = Plan { budget: 2000, stop: StopRule::Limit { sets, tolerance: 1e-9 }, check_every: 1 };
    let compute = Compute::default();
    let engines: [Box<dyn Engine>; 2] = [
        Box::new(Analytic::new(&problem, &schedule, &starts, 0, &compute).unwrap()),
        Box::new(Reduced::new(&problem, &schedule, &starts, 0).unwrap()),
    ];
    for mut engine in engines {
        let outcomes: Vec<Outcome> =
            train(engine.as_mut(), &plan, &mut []).0.iter().map(|run| run.outcome).collect();
        assert_eq!(outcomes, [Outcome::Diverged, Outcome::Converged]);
    }
}

#[test]
fn the_budget_and_a_tolerance_of_zero_are_kept() {
    let (problem, start) = orthonormal((4, 4), Activation::Linear, Reduction::Sum, 0.2);
    let schedule = Schedule::full_batch(4).unwrap();
    let plan = Plan { budget: 777, ..to_limit(&problem, &schedule, &start, 0.0) };
    for engine in &mut engines(&problem, &schedule, &start) {
        let run = train(engine.as_mut(), &plan, &mut []).0.remove(0);
        assert_eq!((run.outcome, run.steps, engine.steps_taken()), (Outcome::MaxSteps, 777, 777));
        assert!(run.distance < 1e-14, "it was there long before: {:e}", run.distance);
    }
}

#[test]
fn the_tail_rule_needs_no_theory() {
    // Orthonormal data, whose limit is known, judged by the tail alone: the estimate must bound the
    // true distance up to the slack of a stochastic tail.
    let (problem, start) = orthonormal((6, 9), Activation::Linear, Reduction::Mean, 0.2);
    for (schedule, slack) in
        [(Schedule::full_batch(6).unwrap(), 1.1), (Schedule::sgd(6, 1, 5).unwrap(), 100.0)]
    {
        let set = theory::predicted_limit(&schedule, &start.correlations, Activation::Linear).unwrap();
        let plan =
            Plan { budget: 200_000, stop: StopRule::Tail { window: 60, tolerance: 1e-9 }, check_every: 1 };
        let mut engine = Reduced::new(&problem, &schedule, std::slice::from_ref(&start), 0).unwrap();
        let run = train(&mut engine, &plan, &mut []).0.remove(0);
        assert_eq!(run.outcome, Outcome::Converged);
        let distance = set.distance(&run.neurons[0]);
        assert!(distance < slack * 1e-9, "{:?}: {distance:e}", schedule.kind());
    }
}

#[test]
fn gradient_descent_on_correlated_data_stops_by_its_tail_at_a_stationary_point() {
    let data = correlated(6, 10, 8);
    let start = Start::gaussian(&data, 0.4, 3, 0).unwrap();
    let problem = Problem::new(data, Activation::Linear, Reduction::Mean, 0.1).unwrap();
    let schedule = Schedule::full_batch(6).unwrap();
    let plan = Plan { budget: 500_000, stop: StopRule::Tail { window: 50, tolerance: 1e-9 }, check_every: 1 };
    let compute = Compute::default();
    let mut engine = Autodiff::single_neuron(&problem, &schedule, &start, 0, &compute).unwrap();
    let run = train(&mut engine, &plan, &mut []).0.remove(0);
    assert_eq!(run.outcome, Outcome::Converged);
    let gradient = engine.gradient(0, &[0, 1, 2, 3, 4, 5]);
    let norm = gradient.iter().map(|g| g * g).sum::<f64>().sqrt();
    assert!(norm < 1e-8, "{norm:e}");
}

#[test]
fn constant_step_sgd_on_correlated_data_never_settles() {
    // No datapoint is a common zero of the sample gradients any more, so the noise does not die out.
    let data = correlated(6, 10, 8);
    let start = Start::gaussian(&data, 0.4, 3, 0).unwrap();
    let problem = Problem::new(data, Activation::Linear, Reduction::Mean, 0.1).unwrap();
    let schedule = Schedule::sgd(6, 1, 4).unwrap();
    let plan = Plan { budget: 50_000, stop: StopRule::Tail { window: 60, tolerance: 1e-9 }, check_every: 1 };
    let mut engine = Reduced::new(&problem, &schedule, &[start], 0).unwrap();
    assert_eq!(train(&mut engine, &plan, &mut []).0[0].outcome, Outcome::MaxSteps);
}

/// Notes when it is called.
struct Steps(Cadence, Vec<u64>);

impl Observer for Steps {
    fn cadence(&self) -> Cadence {
        self.0
    }

    fn observe(&mut self, step: u64, engine: &dyn Engine) {
        assert_eq!(step, engine.steps_taken());
        self.1.push(step);
    }
}

#[test]
fn observers_keep_their_own_cadence() {
    let (problem, start) = orthonormal((3, 4), Activation::Linear, Reduction::Mean, 0.1);
    let schedule = Schedule::sgd(3, 1, 1).unwrap();
    let mut engine = Reduced::new(&problem, &schedule, &[start], 0).unwrap();
    let mut linear = Steps(Cadence::Every(30), Vec::new());
    let mut logarithmic = Steps(Cadence::Logarithmic { per_decade: 2 }, Vec::new());
    let plan = Plan { budget: 100, stop: StopRule::Never, check_every: 7 };
    train(&mut engine, &plan, &mut [&mut linear, &mut logarithmic]);
    assert_eq!(linear.1, [0, 30, 60, 90, 100]);
    assert_eq!(logarithmic.1, [0, 1, 3, 9, 28, 89, 100]);
}

#[test]
fn the_trajectory_measures_what_it_says() {
    let data = Dataset::standard_basis(2, 3).unwrap();
    let start = Start::from_weights(&data, vec![0.3, 0.4, 0.0]).unwrap();
    let problem = Problem::new(data, Activation::Relu, Reduction::Sum, 0.2).unwrap();
    let schedule = Schedule::full_batch(2).unwrap();
    let gauge = Gauge::new(problem.dataset(), Activation::Relu, &start);
    let mut trajectory = Trajectory::new(gauge, Cadence::Every(1), 0);
    let mut engine = Autodiff::single_neuron(&problem, &schedule, &start, 0, &Compute::default()).unwrap();
    let plan = Plan { budget: 1, stop: StopRule::Never, check_every: 1 };
    train(&mut engine, &plan, &mut [&mut trajectory]);
    // By hand: N = 1/4, C = 1/4; c ← c (1 − 0.2·0.25 + 0.2·1.75) = 1.3 c, so the direction stays.
    let [first, last] = [trajectory.rows[0], trajectory.rows[1]];
    let close = |a: f64, b: f64| assert!((a - b).abs() < 1e-15, "{a} {b}");
    close(first.loss, 0.5 * (1.0 - 1.75 * 0.25 / 2.0));
    close(first.max_cos, 0.8);
    close(first.participation_ratio, 1.0 / (0.36f64.powi(2) + 0.64f64.powi(2)));
    close(first.log_ratio, (0.4f64 / 0.3).ln());
    close(last.norm, 0.65);
    close(last.cos_init, 1.0);
    close(last.residual, 0.0);
    assert_eq!((last.step, last.argmax), (1, 1));
}

#[test]
fn single_precision_reaches_what_single_precision_can() {
    let (problem, start) = orthonormal((5, 7), Activation::Relu, Reduction::Sum, 0.17);
    let compute = Compute::new(Backend::default(), Some(Precision::F32)).unwrap();
    for schedule in
        [Schedule::full_batch(5).unwrap(), Schedule::new(ScheduleKind::Sgd, 5, Some(2), 3).unwrap()]
    {
        let plan = to_limit(&problem, &schedule, &start, 1e-5);
        let mut engine = Autodiff::single_neuron(&problem, &schedule, &start, 0, &compute).unwrap();
        let run = train(&mut engine, &plan, &mut []).0.remove(0);
        assert_eq!(run.outcome, Outcome::Converged);
        // Were the tensors secretly double, the norm would come out as an f64 that is no f32.
        assert!(engine.weights(0).unwrap().iter().all(|&w| f64::from(w as f32) == w));
    }
}

#[test]
fn the_prediction_leaves_out_what_theory_does_not_cover() {
    let c0 = [0.3, -0.2, 0.1, 0.05];
    let predicted = |schedule: &Schedule| theory::predicted_limit(schedule, &c0, Activation::Relu);
    let datapoints = Some(LimitSet::Datapoints(vec![1, 0, 1, 1]));
    assert!(matches!(predicted(&Schedule::full_batch(4).unwrap()), Some(LimitSet::Point(_))));
    assert!(matches!(predicted(&Schedule::sgd(4, 4, 1).unwrap()), Some(LimitSet::Point(_))));
    assert_eq!(predicted(&Schedule::sgd(4, 3, 1).unwrap()), datapoints);
    assert_eq!(predicted(&Schedule::cyclic(4, 1).unwrap()), datapoints);
    assert_eq!(predicted(&Schedule::cyclic(4, 2).unwrap()), None);
    assert_eq!(
        predicted(&Schedule::new(ScheduleKind::Replacement, 4, Some(4), 1).unwrap()),
        datapoints,
        "a batch drawn with replacement is never all of the data for sure"
    );
}
