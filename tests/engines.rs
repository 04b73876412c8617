//! Autodiff, analytic and reduced in lockstep on one batch stream.

use puremix::data::Dataset;
use puremix::device::Compute;
use puremix::engine::{Analytic, Autodiff, Engine, Reduced};
use puremix::init::Start;
use puremix::model::Activation;
use puremix::problem::{Problem, Reduction};
use puremix::schedule::{Schedule, ScheduleKind};

use crate::common::{KINDS, correlated, engines, engines_from, orthonormal};

/// Steps walked and largest distance allowed between any two engines at any of them.
const STEPS: u64 = 2000;
const TOLERANCE: f64 = 1e-10;

/// Every combination of schedule, activation and reduction.
fn combinations() -> Vec<(ScheduleKind, Activation, Reduction)> {
    let mut all = Vec::new();
    for kind in KINDS {
        for activation in Activation::PAPER {
            all.extend(Reduction::ALL.map(|reduction| (kind, activation, reduction)));
        }
    }
    all
}

/// Euclidean distance of two engines' weights.
fn distance(a: &dyn Engine, b: &dyn Engine) -> f64 {
    let (a, b) = (a.weights(0).unwrap(), b.weights(0).unwrap());
    a.iter().zip(&b).map(|(x, y)| (x - y).powi(2)).sum::<f64>().sqrt()
}

/// Runs the three engines side by side; the largest distance seen at any step, NaN if any is.
fn lockstep(problem: &Problem, schedule: &Schedule, start: &Start) -> f64 {
    let starts = std::slice::from_ref(start);
    let mut engines = engines_from(problem, schedule, starts, 2, &Compute::default());
    let mut worst: f64 = 0.0;
    for step in 1..=STEPS {
        engines.iter_mut().for_each(|engine| engine.advance(1));
        assert!(engines.iter().all(|engine| engine.steps_taken() == step && engine.diverged_at(0).is_none()));
        for (a, b) in [(0, 1), (1, 2), (0, 2)] {
            let d = distance(engines[a].as_ref(), engines[b].as_ref());
            worst = if d.is_nan() { f64::NAN } else { worst.max(d) };
        }
    }
    worst
}

#[test]
fn engines_agree_on_orthonormal_data() {
    // One sample a step; b does not divide m, divides it, exceeds half of it; m ≠ n, m = n, a single sample.
    for (m, n, b) in [(5, 7, 2), (6, 6, 4), (9, 11, 3), (7, 9, 1), (1, 3, 1)] {
        for (kind, activation, reduction) in combinations() {
            let batch = if kind == ScheduleKind::Gd { m } else { b };
            let schedule = Schedule::new(kind, m, Some(batch), 23).unwrap();
            let (problem, start) = orthonormal((m, n), activation, reduction, 0.17);
            let worst = lockstep(&problem, &schedule, &start);
            assert!(worst < TOLERANCE, "{kind:?} {activation:?} {reduction:?} m={m} n={n} b={b}: {worst:e}");
        }
    }
}

#[test]
fn engines_agree_on_correlated_data_through_the_gram_matrix() {
    // Rows are neither orthogonal nor normed; with m > n the Gram matrix is singular.
    for (m, n, b) in [(5, 8, 2), (9, 6, 4)] {
        let data = correlated(m, n, 3);
        assert!(!data.is_orthonormal());
        let start = Start::gaussian(&data, 0.4, 5, 2).unwrap();
        for (kind, activation, reduction) in combinations() {
            let batch = if kind == ScheduleKind::Gd { m } else { b };
            let schedule = Schedule::new(kind, m, Some(batch), 29).unwrap();
            let problem = Problem::new(data.clone(), activation, reduction, 0.013).unwrap();
            let worst = lockstep(&problem, &schedule, &start);
            assert!(worst < TOLERANCE, "{kind:?} {activation:?} {reduction:?} m={m} n={n} b={b}: {worst:e}");
        }
    }
}

#[test]
fn engines_agree_on_unequal_norms_and_weights() {
    let data = Dataset::orthonormal(4, 6, 3).unwrap();
    // Every sample can be a limit: no run leaves one from where another is lost in rounding.
    let unequal = data.with_norms(&[1.0, 1.01, 0.99, 1.0]).unwrap();
    assert!(data.is_orthonormal() && !unequal.is_orthonormal());
    for (data, norms) in [(data, "equal"), (unequal, "unequal")] {
        let start = Start::gaussian(&data, 0.4, 5, 2).unwrap();
        for (kind, b) in
            [(ScheduleKind::Sgd, 1), (ScheduleKind::Replacement, 1), (ScheduleKind::Replacement, 3)]
        {
            for activation in Activation::PAPER {
                let schedule =
                    Schedule::new(kind, 4, Some(b), 29).unwrap().weighted(&[1.04, 0.98, 1.0, 1.0]).unwrap();
                let problem = Problem::new(data.clone(), activation, Reduction::Sum, 0.09).unwrap();
                let worst = lockstep(&problem, &schedule, &start);
                assert!(worst < TOLERANCE, "{kind:?} {activation:?} b={b}, {norms} norms: {worst:e}");
            }
        }
    }
}

#[test]
fn engines_agree_where_batches_go_in_parts_and_replicas_in_blocks() {
    // 230 and 290 samples of 310 numbers go in three parts, 60 replicas in two blocks; with one sample a step 56 of
    // them walk abreast.
    let data = Dataset::orthonormal(290, 310, 6).unwrap();
    let starts: Vec<Start> = (0..60).map(|r| Start::gaussian(&data, 0.7, 8, r).unwrap()).collect();
    let compute = Compute::default();
    for (batch, activation) in
        [(230, Activation::Relu), (290, Activation::Linear), (3, Activation::Relu), (1, Activation::Relu)]
    {
        let problem = Problem::new(data.clone(), activation, Reduction::Sum, 0.14).unwrap();
        let schedule = Schedule::sgd(290, batch, 11).unwrap();
        let mut analytic = Analytic::new(&problem, &schedule, &starts, 0, &compute).unwrap();
        let mut reduced = Reduced::new(&problem, &schedule, &starts, 0).unwrap();
        analytic.advance(70);
        reduced.advance(70);
        for replica in [0, 59] {
            let start = &starts[replica];
            let mut autodiff =
                Autodiff::single_neuron(&problem, &schedule, start, replica as u64, &compute).unwrap();
            autodiff.advance(70);
            let w = autodiff.weights(0).unwrap();
            for (name, other) in [("analytic", &analytic as &dyn Engine), ("reduced", &reduced)] {
                let other = other.weights(replica).unwrap();
                let d: f64 = w.iter().zip(&other).map(|(a, b)| (a - b).powi(2)).sum();
                assert!(d.sqrt() < 1e-12, "b={batch} {name} replica {replica}: {:e}", d.sqrt());
            }
        }
    }
}

#[test]
fn all_engines_tell_the_same_of_a_neuron() {
    for data in [Dataset::orthonormal(5, 9, 2).unwrap(), correlated(5, 9, 4)] {
        let problem = Problem::new(data.clone(), Activation::Relu, Reduction::Mean, 0.11).unwrap();
        let schedule = Schedule::sgd(5, 2, 7).unwrap();
        let start = Start::gaussian(&data, 0.5, 8, 0).unwrap();
        let mut engines = engines(&problem, &schedule, &start);
        engines.iter_mut().for_each(|engine| engine.advance(137));
        let told: Vec<_> =
            engines.iter().map(|engine| (engine.neurons(0).remove(0), engine.loss(0))).collect();
        for (neuron, loss) in &told[1..] {
            let (reference, reference_loss) = &told[0];
            let close = |a: f64, b: f64| (a - b).abs() < 1e-12;
            assert!(neuron.correlations.iter().zip(&reference.correlations).all(|(a, b)| close(*a, *b)));
            assert!(close(neuron.residual, reference.residual));
            assert!(close(neuron.norm_sq, reference.norm_sq));
            assert!(close(neuron.overlap_init, reference.overlap_init));
            assert!(close(*loss, *reference_loss), "{loss} {reference_loss}");
        }
    }
}

#[test]
fn batched_replicas_equal_single_ones() {
    let data = Dataset::orthonormal(7, 10, 3).unwrap();
    let problem = Problem::new(data.clone(), Activation::Relu, Reduction::Sum, 0.09).unwrap();
    let compute = Compute::default();
    for kind in KINDS {
        let schedule =
            Schedule::new(kind, 7, if kind == ScheduleKind::Gd { None } else { Some(3) }, 5).unwrap();
        let starts: Vec<Start> = (10..15).map(|r| Start::gaussian(&data, 0.5, 6, r).unwrap()).collect();
        let mut batched = Analytic::new(&problem, &schedule, &starts, 10, &compute).unwrap();
        let mut reduced = Reduced::new(&problem, &schedule, &starts, 10).unwrap();
        batched.advance(200);
        reduced.advance(200);
        for (replica, start) in starts.iter().enumerate() {
            let mut alone = Analytic::new(
                &problem,
                &schedule,
                std::slice::from_ref(start),
                10 + replica as u64,
                &compute,
            )
            .unwrap();
            alone.advance(200);
            let reference = alone.weights(0).unwrap();
            for other in [batched.weights(replica).unwrap(), reduced.weights(replica).unwrap()] {
                let worst = other.iter().zip(&reference).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
                assert!(worst < 1e-12, "{kind:?} replica {replica}: {worst:e}");
            }
        }
    }
}

#[test]
fn one_long_walk_equals_many_short_ones() {
    // Chunking must not show, neither in the batches nor in the refreshes of the reduced engine.
    for (m, b) in [(6, 1), (40, 1), (11, 4)] {
        let (problem, start) = orthonormal((m, m + 3), Activation::Linear, Reduction::Mean, 0.2);
        let schedule = Schedule::sgd(m, b, 31).unwrap();
        let starts = std::slice::from_ref(&start);
        let mut long = Reduced::new(&problem, &schedule, starts, 0).unwrap();
        let mut short = Reduced::new(&problem, &schedule, starts, 0).unwrap();
        long.advance(9001);
        for chunk in [1, 2, 3, 511, 512, 513, 4000, 3459] {
            short.advance(chunk);
        }
        assert_eq!(short.steps_taken(), 9001);
        let (a, b) = (long.neurons(0).remove(0), short.neurons(0).remove(0));
        assert_eq!(a, b, "m = {m}");
    }
}

#[test]
fn the_reduced_engine_does_not_drift() {
    // 10⁶ steps against the tensor engine, through many refreshes of scale and norm.
    let (problem, start) = orthonormal((8, 12), Activation::Relu, Reduction::Mean, 0.03);
    let schedule = Schedule::sgd(8, 1, 3).unwrap();
    let starts = std::slice::from_ref(&start);
    let mut analytic = Analytic::new(&problem, &schedule, starts, 0, &Compute::default()).unwrap();
    let mut reduced = Reduced::new(&problem, &schedule, starts, 0).unwrap();
    for _ in 0..20 {
        analytic.advance(50_000);
        reduced.advance(50_000);
        let d = distance(&analytic, &reduced);
        assert!(d < TOLERANCE, "{d:e}");
    }
}

#[test]
fn implicit_and_explicit_data_walk_alike() {
    let explicit = Dataset::orthonormal(9, 14, 1).unwrap();
    let implicit = Dataset::implicit_orthonormal(9, 14).unwrap();
    let neurons: Vec<_> = [explicit, implicit]
        .into_iter()
        .map(|data| {
            let start = Start::gaussian(&data, 0.5, 2, 3).unwrap();
            let problem = Problem::new(data, Activation::Relu, Reduction::Mean, 0.15).unwrap();
            let schedule = Schedule::sgd(9, 4, 6).unwrap();
            let mut engine = Reduced::new(&problem, &schedule, &[start], 3).unwrap();
            engine.advance(500);
            assert_eq!(engine.weights(0).is_ok(), problem.dataset().is_materialised());
            engine.neurons(0).remove(0)
        })
        .collect();
    assert_eq!(neurons[0], neurons[1]);
}

/// Replicas of a schedule from Gaussian starts.
fn ensemble(problem: &Problem, schedule: &Schedule, replicas: u64) -> (Vec<Start>, Reduced) {
    let start = |replica| Start::gaussian(problem.dataset(), 0.6, 31, replica).unwrap();
    let starts: Vec<Start> = (0..replicas).map(start).collect();
    let engine = Reduced::new(problem, schedule, &starts, 0).unwrap();
    (starts, engine)
}

/// Everything a replica tells, bit by bit.
fn told(engine: &Reduced, replica: usize) -> (Vec<u64>, Option<u64>) {
    let neuron = engine.neurons(replica).remove(0);
    let rest = [neuron.residual, neuron.norm_sq, neuron.overlap_init, engine.loss(replica)];
    let bits = neuron.correlations.iter().chain(&rest).map(|value| value.to_bits());
    (bits.collect(), engine.diverged_at(replica))
}

#[test]
fn a_replica_walks_alike_alone_abreast_and_in_any_number_of_calls() {
    // 21 replicas: two groups of eight and five alone. The larger steps overshoot (f < 0), the largest diverge.
    for (kind, batch) in [(ScheduleKind::Sgd, 1), (ScheduleKind::Cyclic, 1), (ScheduleKind::Reshuffle, 3)] {
        for (activation, step_size) in
            [(Activation::Relu, 0.13), (Activation::Linear, 0.9), (Activation::Linear, 2.7)]
        {
            let data = Dataset::orthonormal(11, 17, 3).unwrap();
            let problem = Problem::new(data, activation, Reduction::Sum, step_size).unwrap();
            let schedule = Schedule::new(kind, 11, Some(batch), 5).unwrap();
            let (starts, mut together) = ensemble(&problem, &schedule, 21);
            let mut piecewise = Reduced::new(&problem, &schedule, &starts, 0).unwrap();
            let steps = 7000;
            together.advance(steps);
            for piece in [1, 63, 64, 900, 1, 1, 5970] {
                piecewise.advance(piece);
            }
            assert_eq!(piecewise.steps_taken(), steps);
            for (replica, start) in starts.iter().enumerate() {
                let alone = std::slice::from_ref(start);
                let mut alone = Reduced::new(&problem, &schedule, alone, replica as u64).unwrap();
                alone.advance(steps);
                let expected = told(&alone, 0);
                let case = format!("{kind:?} {activation:?} {step_size} replica {replica}");
                assert_eq!(told(&together, replica), expected, "{case}");
                assert_eq!(told(&piecewise, replica), expected, "{case}, in pieces");
            }
            let diverged = (0..21).filter(|&replica| together.diverged_at(replica).is_some()).count();
            assert_eq!(diverged > 0, step_size > 2.0, "{diverged} of 21 diverged at {step_size}");
        }
    }
}

/// Plain gradient descent on the weights themselves: `w ← w − η_B Σ_{i∈B} ∇ℓ_i(w)`.
fn descend(rows: &[f64], w: &mut [f64], batch: &[usize], activation: Activation, step_per_sample: f64) {
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    let (norm_sq, dim) = (dot(w, w), w.len());
    let rows: Vec<&[f64]> = batch.iter().map(|i| &rows[i * dim..(i + 1) * dim]).collect();
    let phi: Vec<f64> = rows.iter().map(|x| activation.apply(dot(w, x))).collect();
    let energy = dot(&phi, &phi);
    for (j, w) in w.iter_mut().enumerate() {
        let along: f64 = phi.iter().zip(&rows).map(|(phi, x)| phi * x[j]).sum();
        *w -= step_per_sample * (energy * *w + (norm_sq - 2.0) * along);
    }
}

#[test]
fn a_million_steps_do_not_drift() {
    // Such small steps that the walk is under way to the end: both recursions, alone (8) and abreast (0).
    for (data, step_size) in [(Dataset::orthonormal(5, 7, 2).unwrap(), 3e-6), (correlated(5, 7, 3), 1e-6)] {
        for (activation, batch) in Activation::PAPER.into_iter().flat_map(|a| [(a, 1), (a, 2)]) {
            let problem = Problem::new(data.clone(), activation, Reduction::Mean, step_size).unwrap();
            let schedule = Schedule::sgd(5, batch, 19).unwrap();
            let (starts, mut reduced) = ensemble(&problem, &schedule, 9);
            reduced.advance(1_000_000);
            for replica in [0, 8] {
                let w0 = starts[replica].weights(&data).unwrap();
                let (mut w, mut batches) = (w0.to_vec(), schedule.stream(replica as u64));
                for _ in 0..1_000_000 {
                    let rows = data.rows().unwrap();
                    descend(rows, &mut w, batches.next_batch(), activation, problem.step_per_sample(batch));
                }
                let away =
                    |from: &[f64]| from.iter().zip(&w).map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt();
                let (moved, drift) = (away(w0), away(&reduced.weights(replica).unwrap()));
                assert!(moved > 0.01, "{activation:?} b={batch} replica {replica} moved by {moved}");
                assert!(drift < 1e-12, "{activation:?} b={batch} replica {replica} drifted by {drift:e}");
            }
        }
    }
}

#[test]
fn a_million_steps_do_not_drift_where_refreshes_are_far_between() {
    // So many samples that the period between two refreshes grows with them: a step alone (8) and abreast (0).
    let data = Dataset::orthonormal(300, 310, 2).unwrap();
    let problem = Problem::new(data.clone(), Activation::Relu, Reduction::Mean, 2e-3).unwrap();
    let schedule = Schedule::sgd(300, 1, 19).unwrap();
    let (starts, mut reduced) = ensemble(&problem, &schedule, 9);
    reduced.advance(1_000_000);
    for replica in [0, 8] {
        let w0 = starts[replica].weights(&data).unwrap();
        let (mut w, mut batches) = (w0.to_vec(), schedule.stream(replica as u64));
        for _ in 0..1_000_000 {
            descend(data.rows().unwrap(), &mut w, batches.next_batch(), Activation::Relu, 2e-3);
        }
        let away = |from: &[f64]| from.iter().zip(&w).map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt();
        let (moved, drift) = (away(w0), away(&reduced.weights(replica).unwrap()));
        // Off the start and on the manifold, yet far from any datapoint.
        let largest = data.correlations(&w).unwrap().into_iter().fold(0.0, f64::max);
        assert!(moved > 0.5 && largest < 0.9, "replica {replica} moved by {moved}, largest {largest}");
        assert!(drift < TOLERANCE, "replica {replica} drifted by {drift:e}");
    }
}

#[test]
fn what_fades_away_leaves_the_rest_as_it_was() {
    // After some 10⁵ steps the losers' correlations pass through the subnormal numbers.
    let data = Dataset::orthonormal(6, 8, 4).unwrap();
    let problem = Problem::new(data, Activation::Relu, Reduction::Mean, 0.19).unwrap();
    let (_, mut reduced) = ensemble(&problem, &Schedule::sgd(6, 1, 3).unwrap(), 9);
    reduced.advance(1_000_000);
    for replica in [0, 8] {
        let neuron = reduced.neurons(replica).remove(0);
        let mut correlations = neuron.correlations;
        correlations.sort_by(f64::total_cmp);
        assert!((correlations.pop().unwrap() - 1.0).abs() < 1e-12);
        assert!((neuron.norm_sq - 1.0).abs() < 1e-12 && neuron.residual < 1e-100);
        assert!(correlations.iter().all(|c| c.abs() < 1e-100), "{correlations:?}");
    }
}
