//! The recursion against plain vectors in the full space, which follow the sample loss `½‖x − w φ(⟨w, x⟩)‖²` and know of no coordinates.

use itertools::iproduct;

use super::*;
use crate::data::{Dataset, dot, norm};
use crate::problem::Reduction;
use crate::schedule::ScheduleKind;
use crate::update::{StepSchedule, Update};

/// One neuron as a vector, with its velocity.
struct Plain<'a> {
    problem: &'a Problem,
    schedule: &'a Schedule,
    replica: u64,
    /// `η_t/η` of the step that follows `t` others.
    factor: fn(u64) -> f64,
    weights: Vec<f64>,
    velocity: Vec<f64>,
    taken: u64,
}

impl<'a> Plain<'a> {
    fn new(problem: &'a Problem, schedule: &'a Schedule, replica: u64, start: &Start) -> Self {
        let weights = start.weights(problem.dataset()).unwrap().to_vec();
        let velocity = vec![0.0; weights.len()];
        Self { problem, schedule, replica, factor: |_| 1.0, weights, velocity, taken: 0 }
    }

    fn rows(&self) -> Vec<&[f64]> {
        let data = self.problem.dataset();
        data.rows().unwrap().chunks_exact(data.dim()).collect()
    }

    /// Value and slope of the activation.
    fn activated(&self, c: f64) -> (f64, f64) {
        if self.problem.activation() == Activation::Linear || c > 0.0 { (c, 1.0) } else { (0.0, 0.0) }
    }

    /// The gradient of one sample by the product rule: `−φ e − φ' ⟨w, e⟩ x` with the error `e = x − φ w`.
    fn gradient(&self, x: &[f64]) -> Vec<f64> {
        let w = &self.weights;
        let (phi, slope) = self.activated(dot(w, x));
        let error: Vec<f64> = x.iter().zip(w).map(|(x, w)| x - phi * w).collect();
        let back = slope * dot(w, &error);
        error.iter().zip(x).map(|(e, x)| -phi * e - back * x).collect()
    }

    /// `r Σ_{i∈B} ∇ℓ_i + λ w`.
    fn descent(&self, batch: &[usize], weight: f64, decay: f64) -> Vec<f64> {
        let mut sum: Vec<f64> = self.weights.iter().map(|w| decay * w).collect();
        for &i in batch {
            let gradient = self.gradient(self.rows()[i]);
            sum.iter_mut().zip(gradient).for_each(|(sum, g)| *sum += weight * g);
        }
        sum
    }

    fn weight(&self, batch: usize) -> f64 {
        if self.problem.reduction() == Reduction::Mean { 1.0 / batch as f64 } else { 1.0 }
    }

    fn step(&mut self) {
        let batch = self.schedule.batch(self.replica, self.taken);
        let update = self.problem.update();
        let gradient = self.descent(&batch, self.weight(batch.len()), update.weight_decay);
        let step_size = self.problem.step_size() * (self.factor)(self.taken);
        for ((w, v), g) in self.weights.iter_mut().zip(&mut self.velocity).zip(gradient) {
            let along = match update.rule {
                Rule::HeavyBall { momentum } => {
                    *v = momentum * *v + g;
                    *v
                }
                Rule::Nesterov { momentum } => {
                    *v = momentum * *v + g;
                    g + momentum * *v
                }
                _ => g,
            };
            *w -= step_size * along;
        }
        self.taken += 1;
    }

    /// The mean loss over all samples.
    fn loss(&self) -> f64 {
        let error = |x: &&[f64]| {
            let (phi, _) = self.activated(dot(&self.weights, x));
            x.iter().zip(&self.weights).map(|(x, w)| 0.5 * (x - phi * w).powi(2)).sum::<f64>()
        };
        let rows = self.rows();
        rows.iter().map(error).sum::<f64>() / rows.len() as f64
    }

    /// `‖∇(L + ½ λ' ‖w‖²)‖` over the mean squared norm of the samples.
    fn slope(&self) -> f64 {
        let (rows, batch) = (self.rows(), self.schedule.batch_size());
        let decay = self.problem.update().weight_decay / (batch as f64 * self.weight(batch));
        let all: Vec<usize> = (0..rows.len()).collect();
        let scale = rows.iter().map(|x| dot(x, x)).sum::<f64>() / rows.len() as f64;
        norm(&self.descent(&all, 1.0 / rows.len() as f64, decay)) / scale
    }
}

fn apart(a: &[f64], b: &[f64]) -> f64 {
    assert_eq!(a.len(), b.len());
    let largest = |most: f64, (a, b): (&f64, &f64)| if (a - b).abs() <= most { most } else { (a - b).abs() };
    a.iter().zip(b).fold(0.0, largest)
}

/// Whatever an engine tells of a replica, next to the vector.
fn compare(engine: &Reduced, replica: usize, start: &Start, plain: &Plain, within: f64, what: &str) {
    let (data, w) = (plain.problem.dataset(), &plain.weights);
    let what = format!("{what}, step {}, replica {replica}", plain.taken);
    let distance = apart(&engine.weights(replica).unwrap(), w);
    assert!(distance < within, "{what}: {distance:e}");
    let neuron = &engine.neurons(replica)[0];
    let correlations: Vec<f64> = plain.rows().iter().map(|x| dot(x, w)).collect();
    let lengths: Vec<f64> = plain.rows().iter().map(|x| dot(x, w) / norm(x)).collect();
    let residual = norm(&data.residual(w).unwrap());
    let told =
        [neuron.residual, neuron.norm_sq, neuron.overlap_init, engine.loss(replica), engine.slope(replica)];
    let seen = [residual, dot(w, w), dot(w, start.weights(data).unwrap()), plain.loss(), plain.slope()];
    assert!(apart(&neuron.correlations, &correlations) < 4.0 * within, "{what}");
    assert!(apart(&told, &seen) < 8.0 * within, "{what}: {told:?} {seen:?}");
    let position = engine.position(replica);
    assert!(apart(&position[..lengths.len()], &lengths) < 4.0 * within, "{what}");
    assert!((position[lengths.len()].abs() - residual).abs() < 4.0 * within, "{what}");
}

fn general(samples: usize, dim: usize) -> Dataset {
    // Rows of unequal norms and of both signs of inner product.
    let entry = |k: usize| 0.9 * ((1 + 7 * k) as f64).sin() / (1.0 + (k % 3) as f64);
    Dataset::from_rows((0..samples * dim).map(entry).collect(), samples, dim).unwrap()
}

fn starts(data: &Dataset, norms: &[f64]) -> Vec<Start> {
    (0..).zip(norms).map(|(replica, &norm)| Start::gaussian(data, norm, 4, replica).unwrap()).collect()
}

#[test]
fn plain_steps_are_those_of_vectors() {
    let orthonormal = Dataset::orthonormal(5, 8, 3).unwrap();
    let hidden = Dataset::orthonormal(5, 7, 6).unwrap().treated_as_general();
    let kinds = [
        (ScheduleKind::Gd, 5),
        (ScheduleKind::Sgd, 1),
        (ScheduleKind::Sgd, 3),
        (ScheduleKind::Reshuffle, 2),
        (ScheduleKind::Replacement, 4),
    ];
    for (data, eta) in [(orthonormal, 0.3), (hidden, 0.3), (general(7, 5), 0.11), (general(4, 9), 0.11)] {
        for (activation, reduction) in Activation::PAPER.into_iter().zip([Reduction::Mean, Reduction::Sum]) {
            for (kind, batch) in kinds {
                let batch = if kind == ScheduleKind::Gd { data.samples() } else { batch };
                let size = if reduction == Reduction::Sum { eta / batch as f64 } else { eta };
                let problem = Problem::new(data.clone(), activation, reduction, size).unwrap();
                let schedule = Schedule::new(kind, data.samples(), Some(batch), 6).unwrap();
                let start = &starts(&data, &[0.7])[0];
                let mut engine = Reduced::new(&problem, &schedule, std::slice::from_ref(start), 2).unwrap();
                let mut plain = Plain::new(&problem, &schedule, 2, start);
                for steps in [1, 2, 37, 160, 300] {
                    engine.advance(steps);
                    (0..steps).for_each(|_| plain.step());
                    let what = format!("{kind:?}, {activation:?}, {} samples", data.samples());
                    compare(&engine, 0, start, &plain, 1e-12, &what);
                }
            }
        }
    }
}

#[test]
fn scales_fold_and_sums_refresh_without_a_trace() {
    // The scale falls as (1 − η)^t: past 1e-100 at step 650, and what is never drawn again past 1e-290 at step 1900; sums are refreshed at steps 4096 and, over a Gram matrix, 1280.
    let data = Dataset::orthonormal(5, 8, 3).unwrap();
    // In full batches at 0.48 it is past 1e-323, where nothing but 0 is left, before the sums are refreshed.
    for (data, eta) in iproduct!([data.clone(), data.treated_as_general()], [0.3, 0.48]) {
        for batch in [1, 2, 5] {
            let problem = Problem::new(data.clone(), Activation::Relu, Reduction::Sum, eta).unwrap();
            let schedule = Schedule::sgd(5, batch, 6).unwrap();
            let all = starts(&data, &[0.7]);
            let mut engine = Reduced::new(&problem, &schedule, &all, 0).unwrap();
            let mut plain = Plain::new(&problem, &schedule, 0, &all[0]);
            for steps in [600, 200, 3300] {
                engine.advance(steps);
                (0..steps).for_each(|_| plain.step());
                compare(&engine, 0, &all[0], &plain, 1e-12, &format!("batches of {batch}"));
            }
            let subnormal = |x: &&f64| **x != 0.0 && x.abs() < 1e-300;
            assert_eq!(engine.snapshot().replicas[0].iter().filter(subnormal).count(), 0);
        }
    }
}

#[test]
fn a_factor_near_nothing_or_below_it_is_a_step_as_any() {
    // A batch of one has the factor 1 − η c²: 0.0005, 0, −0.8.
    for (eta, c) in [(0.9995f64, 1.0f64), (1.0, 1.0), (0.8, 1.5)] {
        for general in [false, true] {
            let data = Dataset::standard_basis(3, 4).unwrap();
            let data = if general { data.treated_as_general() } else { data };
            let problem = Problem::new(data.clone(), Activation::Linear, Reduction::Mean, eta).unwrap();
            let schedule = Schedule::cyclic(3, 1).unwrap();
            let start = Start::from_weights(&data, vec![c, 0.2, -0.1, 0.3]).unwrap();
            let mut engine = Reduced::new(&problem, &schedule, std::slice::from_ref(&start), 0).unwrap();
            let mut plain = Plain::new(&problem, &schedule, 0, &start);
            for _ in 0..3 {
                engine.advance(1);
                plain.step();
                compare(&engine, 0, &start, &plain, 1e-13, &format!("η = {eta}, general: {general}"));
            }
        }
    }
}

#[test]
fn eight_abreast_walk_as_vectors_until_one_diverges() {
    // From N = 36 the norm grows with its cube as soon as a sample is drawn that the neuron is active on. The ninth walks alone.
    let data = Dataset::orthonormal(5, 8, 3).unwrap();
    for (activation, wild) in [(Activation::Linear, 0.9), (Activation::Relu, 0.4), (Activation::Linear, 6.0)]
    {
        let problem = Problem::new(data.clone(), activation, Reduction::Mean, 0.3).unwrap();
        let schedule = Schedule::sgd(5, 1, 9).unwrap();
        let all = starts(&data, &[0.5, 0.7, 0.9, wild, 0.3, 0.6, 0.8, 0.45, 0.55]);
        let mut engine = Reduced::new(&problem, &schedule, &all, 3).unwrap();
        let mut plains: Vec<Plain> =
            (3..).zip(&all).map(|(replica, start)| Plain::new(&problem, &schedule, replica, start)).collect();
        let mut diverged = vec![None; all.len()];
        for steps in [1, 130, 270, 600] {
            engine.advance(steps);
            for (r, (plain, start)) in plains.iter_mut().zip(&all).enumerate() {
                for _ in 0..steps {
                    if diverged[r].is_none() {
                        plain.step();
                        let at_start = start.weights(&data).unwrap();
                        if dot(&plain.weights, &plain.weights) > 1e12 * dot(at_start, at_start).max(1.0) {
                            diverged[r] = Some(plain.taken);
                        }
                    }
                }
                assert_eq!(engine.diverged_at(r), diverged[r], "{activation:?}, replica {r}");
                // What is about to diverge is compared by its step alone: a tolerance would have to grow with it.
                if diverged[r].is_none() && dot(&plain.weights, &plain.weights) < 2.0 {
                    compare(&engine, r, start, plain, 1e-12, &format!("{activation:?} beside {wild}"));
                }
            }
        }
        assert_eq!(diverged.iter().flatten().count(), usize::from(wild > 1.0));
    }
}

#[test]
fn momentum_decay_and_schedules_are_those_of_vectors() {
    type Factor = fn(u64) -> f64;
    let warm: Factor = |t| (0.1 * (t + 1) as f64).min(1.0);
    let constant: Factor = |_| 1.0;
    let cases = [
        ("heavy-ball:0.9", 0.0, "constant", constant),
        ("heavy-ball:0.3", 0.05, "warmup:10", warm),
        ("nesterov:0.85", 0.0, "warmup:10", warm),
        ("nesterov:0.6", 0.02, "constant", constant),
        ("sgd", 0.07, "warmup:10", warm),
        ("sgd", 0.0, "warmup:10", warm),
    ];
    let orthonormal = Dataset::orthonormal(5, 8, 3).unwrap();
    for (rule, weight_decay, step_schedule, factor) in cases {
        for (activation, batch) in [(Activation::Linear, 2), (Activation::Relu, 1), (Activation::Relu, 5)] {
            for data in [orthonormal.clone(), general(6, 4)] {
                if rule != "sgd" && !data.is_orthonormal() {
                    continue;
                }
                let update = Update {
                    rule: rule.parse().unwrap(),
                    weight_decay,
                    step_schedule: step_schedule.parse::<StepSchedule>().unwrap(),
                };
                let problem = Problem::new(data.clone(), activation, Reduction::Mean, 0.07).unwrap();
                let problem = problem.with_update(update).unwrap();
                let schedule = Schedule::sgd(data.samples(), batch, 6).unwrap();
                let start = &starts(&data, &[0.7])[0];
                let mut engine = Reduced::new(&problem, &schedule, std::slice::from_ref(start), 1).unwrap();
                let mut plain = Plain { factor, ..Plain::new(&problem, &schedule, 1, start) };
                for steps in [1, 1, 48, 400, 4000] {
                    engine.advance(steps);
                    (0..steps).for_each(|_| plain.step());
                    compare(
                        &engine,
                        0,
                        start,
                        &plain,
                        2e-11,
                        &format!("{rule}, {activation:?}, b = {batch}"),
                    );
                }
            }
        }
    }
}

#[test]
fn an_engine_goes_on_from_a_snapshot_to_the_bit() {
    let orthonormal = Dataset::orthonormal(5, 8, 3).unwrap();
    for (data, rule) in [(orthonormal.clone(), "sgd"), (orthonormal, "nesterov:0.7"), (general(6, 4), "sgd")]
    {
        let problem = Problem::new(data.clone(), Activation::Relu, Reduction::Mean, 0.1).unwrap();
        let problem = problem.with_update(Update::of(rule.parse().unwrap())).unwrap();
        let schedule = Schedule::sgd(data.samples(), 2, 6).unwrap();
        let all = starts(&data, &[0.7, 0.5]);
        let engine = || Reduced::new(&problem, &schedule, &all, 3).unwrap();
        let (mut first, mut second, mut third) = (engine(), engine(), engine());
        first.advance(77);
        second.restore(&first.snapshot()).unwrap();
        assert_eq!((second.steps_taken(), second.replicas()), (77, 2));
        first.advance(50);
        second.advance(50);
        third.advance(127);
        assert_eq!(first.snapshot(), second.snapshot(), "{rule}");
        assert_eq!(first.snapshot(), third.snapshot(), "{rule}");
        let mut short = first.snapshot();
        short.replicas[1].pop();
        assert!(second.restore(&short).is_err(), "{rule}");
    }
}

#[test]
fn a_silent_relu_is_dead_unless_its_velocity_wakes_it() {
    let data = Dataset::standard_basis(3, 4).unwrap();
    let schedule = Schedule::sgd(3, 1, 1).unwrap();
    let dead = |activation, rule: &str, c: [f64; 3]| {
        let problem = Problem::new(data.clone(), activation, Reduction::Mean, 0.1).unwrap();
        let problem = problem.with_update(Update::of(rule.parse().unwrap())).unwrap();
        let start = Start::from_coordinates(&data, c.to_vec(), 0.4, 1, 0).unwrap();
        Reduced::new(&problem, &schedule, &[start], 0).unwrap().is_dead(0)
    };
    for rule in ["sgd", "heavy-ball:0.5"] {
        assert!(dead(Activation::Relu, rule, [-0.3, -0.2, 0.0]), "{rule}");
        assert!(!dead(Activation::Relu, rule, [-0.3, 0.2, -0.1]), "{rule}");
        assert!(!dead(Activation::Linear, rule, [-0.3, -0.2, -0.1]), "{rule}");
    }
    // Against one row of two that have a positive inner product both are silent, and along it neither is.
    let rows = vec![1.0, 0.5, 0.0, 0.4, 2.0, 1.0];
    let data = Dataset::from_rows(rows, 2, 3).unwrap();
    let schedule = Schedule::sgd(2, 1, 1).unwrap();
    let problem = Problem::new(data.clone(), Activation::Relu, Reduction::Mean, 0.1).unwrap();
    for sign in [-0.1, 0.1] {
        let start = Start::from_weights(&data, vec![sign, 0.5 * sign, 0.0]).unwrap();
        assert_eq!(Reduced::new(&problem, &schedule, &[start], 0).unwrap().is_dead(0), sign < 0.0);
    }
}

#[test]
fn problems_without_a_recursion_are_refused() {
    let orthonormal = Dataset::orthonormal(5, 8, 3).unwrap();
    let refused = |data: &Dataset, activation, rule: &str, label| {
        let problem = Problem::new(data.clone(), activation, Reduction::Mean, 0.1).unwrap();
        let problem = problem.with_update(Update::of(rule.parse().unwrap())).unwrap();
        let problem = problem.with_noise(crate::noise::Noise { label, gradient: 0.0 }).unwrap();
        Reduced::check(&problem).err().map(|error| error.to_string()).unwrap_or_default()
    };
    let (linear, general) = (Activation::Linear, general(6, 4));
    assert_eq!(refused(&orthonormal, linear, "heavy-ball:0.9", 0.0), "");
    assert_eq!(refused(&general, linear, "sgd", 0.0), "");
    assert!(refused(&general, linear, "heavy-ball:0.9", 0.0).contains("not orthonormal"));
    assert!(refused(&orthonormal, linear, "sign", 0.0).contains("update sign"));
    assert!(refused(&orthonormal, linear, "sgd", 0.1).contains("noise"));
    assert!(refused(&orthonormal, Activation::Tanh, "sgd", 0.0).contains("tanh"));
}
