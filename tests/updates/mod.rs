//! Update rules, step schedules, weight decay and noise: engines against an oracle in plain vectors, stacks against single replicas.

mod oracle;
mod stacks;

use std::f64::consts::PI;

use puremix::data::Dataset;
use puremix::device::Compute;
use puremix::engine::{Analytic, Autodiff, Engine, Reduced};
use puremix::init::Start;
use puremix::model::Activation;
use puremix::noise::Noise;
use puremix::problem::{Problem, Reduction};
use puremix::schedule::{Schedule, ScheduleKind};
use puremix::train::{Outcome, Plan, StopRule, train};
use puremix::update::{Rule, StepSchedule, Update};
use puremix::vectors::largest;

use self::oracle::{Oracle, Setting};
use crate::common::{correlated, engines, orthonormal, refuses};

const RULES: [&str; 7] =
    ["sgd", "heavy-ball:0.83", "nesterov:0.71", "rmsprop:0.93,1e-3", "adam:0.85,0.97", "adamw", "sign"];

fn update(rule: &str, weight_decay: f64, step_schedule: &str) -> Update {
    let step_schedule: StepSchedule = step_schedule.parse().unwrap();
    Update { rule: rule.parse::<Rule>().unwrap(), weight_decay, step_schedule }
}

/// `η_t/η`, written out.
fn factor(name: &str, t: u64) -> f64 {
    let t = t as f64;
    match name {
        "constant" => 1.0,
        "warmup:17+cosine:400" => ((t + 1.0) / 17.0).min(1.0) * (1.0 + (PI * t / 400.0).cos()) / 2.0,
        "inverse-sqrt:25" => (1.0 + t / 25.0).powf(-0.5),
        other => panic!("{other}"),
    }
}

/// Largest deviation of engines from the oracle over so many steps, each with the name of the engine.
fn deviations(
    problem: &Problem,
    schedule: &Schedule,
    start: &Start,
    of: Setting,
    steps: u64,
) -> Vec<(&'static str, f64)> {
    let compute = Compute::default();
    let (starts, replica) = (std::slice::from_ref(start), 3);
    let mut engines: Vec<(&str, Box<dyn Engine>)> = vec![
        ("autodiff", Box::new(Autodiff::single_neuron(problem, schedule, start, replica, &compute).unwrap())),
        ("analytic", Box::new(Analytic::new(problem, schedule, starts, replica, &compute).unwrap())),
    ];
    let reduced = Reduced::new(problem, schedule, starts, replica);
    let has_formula = problem.noise().is_silent() && problem.update().rule.momentum().is_some();
    assert_eq!(reduced.is_ok(), has_formula);
    engines.extend(reduced.ok().map(|engine| -> (&str, Box<dyn Engine>) { ("reduced", Box::new(engine)) }));
    let data = problem.dataset();
    let (rows, n) = (data.rows().unwrap(), data.dim());
    let mut oracle = Oracle::at(start.weights(data).unwrap());
    let mut worst: Vec<(&str, f64)> = engines.iter().map(|(name, _)| (*name, 0.0)).collect();
    let name = problem.update().step_schedule.to_string();
    for t in 0..steps {
        let batch = schedule.batch(replica, t);
        let batch: Vec<&[f64]> = batch.iter().map(|i| &rows[i * n..(i + 1) * n]).collect();
        let eta = of.eta * factor(&name, t);
        oracle.step(&batch, t, (schedule.seed(), replica), Setting { eta, ..of });
        for ((_, engine), (_, worst)) in engines.iter_mut().zip(&mut worst) {
            engine.advance(1);
            let w = engine.weights(0).unwrap();
            let d = w.iter().zip(&oracle.w).map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt();
            *worst = if d.is_nan() { f64::NAN } else { worst.max(d) };
        }
    }
    worst
}

#[test]
fn every_rule_steps_as_it_is_written_down() {
    for rule in RULES {
        for (decay, steps, label, gradient) in [
            (0.0, "constant", 0.0, 0.0),
            (0.03, "warmup:17+cosine:400", 0.0, 0.0),
            (0.0, "inverse-sqrt:25", 0.07, 0.0),
            (0.02, "constant", 0.05, 0.013),
        ] {
            for (kind, b) in [(ScheduleKind::Sgd, 1), (ScheduleKind::Replacement, 4), (ScheduleKind::Gd, 5)] {
                for (activation, reduction) in
                    [(Activation::Relu, Reduction::Mean), (Activation::Linear, Reduction::Sum)]
                {
                    // Near a minimum, where gradients are small, rules that divide by them or take their sign jump to and fro,
                    // and amplify rounding at every jump: these are followed on their way.
                    let is_adaptive = rule.parse::<Rule>().unwrap().momentum().is_none();
                    let (eta, taken) = if is_adaptive { (0.007, 60) } else { (0.037, 300) };
                    let (problem, start) = orthonormal((5, 8), activation, reduction, eta);
                    let problem = problem.with_update(update(rule, decay, steps)).unwrap();
                    let problem = problem.with_noise(Noise { label, gradient }).unwrap();
                    let schedule = Schedule::new(kind, 5, Some(b), 19).unwrap();
                    let weight = if reduction == Reduction::Mean { 1.0 / b as f64 } else { 1.0 };
                    let relu = activation == Activation::Relu;
                    let of = Setting { rule, relu, eta, decay, weight, label, gradient };
                    for (engine, worst) in deviations(&problem, &schedule, &start, of, taken) {
                        let what = format!(
                            "{engine}: {rule} λ={decay} {steps} σ={label} s={gradient} {kind:?} {activation:?}"
                        );
                        assert!(worst < 1e-11, "{what}: {worst:e}");
                    }
                }
            }
        }
    }
}

#[test]
fn weight_decay_and_step_schedules_reach_the_recursion_in_the_gram_matrix() {
    let data = correlated(9, 6, 3);
    let start = Start::gaussian(&data, 0.4, 5, 3).unwrap();
    let problem = Problem::new(data, Activation::Relu, Reduction::Mean, 0.013).unwrap();
    let problem = problem.with_update(update("sgd", 0.07, "warmup:17+cosine:400")).unwrap();
    let schedule = Schedule::sgd(9, 4, 2).unwrap();
    let of =
        Setting { rule: "sgd", relu: true, eta: 0.013, decay: 0.07, weight: 0.25, label: 0.0, gradient: 0.0 };
    let seen = deviations(&problem, &schedule, &start, of, 300);
    assert_eq!(seen.len(), 3);
    assert!(seen.iter().all(|(_, worst)| *worst < 1e-11), "{seen:?}");
}

/// How far the walk in correlations and plain vectors are apart at most, looked at 2000 times and then now and then; and the engine at the end.
fn apart(rule: &str, b: usize, eta: f64, steps: u64) -> (f64, Reduced) {
    let (problem, start) = orthonormal((7, 9), Activation::Linear, Reduction::Sum, eta);
    let problem = problem.with_update(update(rule, 0.0, "constant")).unwrap();
    let schedule = Schedule::sgd(7, b, 4).unwrap();
    let mut engine = Reduced::new(&problem, &schedule, std::slice::from_ref(&start), 0).unwrap();
    let data = problem.dataset();
    let (rows, n) = (data.rows().unwrap(), data.dim());
    let mut oracle = Oracle::at(start.weights(data).unwrap());
    let of = Setting { rule, relu: false, eta, decay: 0.0, weight: 1.0, label: 0.0, gradient: 0.0 };
    let mut stream = schedule.stream(0);
    let mut worst: f64 = 0.0;
    for t in 0..steps {
        let batch: Vec<&[f64]> = stream.next_batch().iter().map(|i| &rows[i * n..(i + 1) * n]).collect();
        oracle.plain_step(&batch, of);
        if (t + 1) % 997 == 0 || t < 2000 {
            engine.advance(t + 1 - engine.steps_taken());
            let w = engine.weights(0).unwrap();
            let d = w.iter().zip(&oracle.w).map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt();
            worst = if d.is_nan() { f64::NAN } else { worst.max(d) };
        }
    }
    (worst, engine)
}

/// A million steps: pending products are multiplied out some 10⁴ to 10⁵ times.
#[test]
fn momentum_in_correlations_follows_plain_vectors_for_a_million_steps() {
    // Beyond η/(1 − β) of some tenths the walk amplifies what rounding does.
    for (rule, b, eta) in [
        ("heavy-ball:0.9", 1, 0.004),
        ("nesterov:0.6", 2, 0.004),
        ("heavy-ball:0.99", 3, 0.0002),
        ("heavy-ball:0.04", 2, 0.03),
    ] {
        let (worst, engine) = apart(rule, b, eta, 1_000_000);
        assert!(worst < 1e-10, "{rule} b = {b}: {worst:e}");
        let largest = engine.neurons(0)[0].correlations.iter().fold(0.0, |a: f64, c| a.max(c.abs()));
        assert!((largest - 1.0).abs() < 1e-9, "{rule} ends in a datapoint: {largest}");
    }
}

/// With little friction the neuron swings, and the pending product grows while its determinant does not fall.
#[test]
fn momentum_in_correlations_follows_plain_vectors_that_swing() {
    for (rule, eta, steps, bound) in
        [("heavy-ball:0.9999", 0.1, 12_000, 1e-6), ("heavy-ball:0.999", 0.1, 4_000, 1e-8)]
    {
        let (worst, _) = apart(rule, 7, eta, steps);
        assert!(worst < bound, "{rule}: {worst:e}");
    }
}

#[test]
fn a_batch_in_parts_follows_the_same_rule() {
    // Beyond what is differentiated at once: more entries than fit a core's cache.
    let data = Dataset::orthonormal(400, 500, 4).unwrap();
    let schedule = Schedule::sgd(400, 390, 4).unwrap();
    for rule in ["adamw", "nesterov:0.7"] {
        let problem = Problem::new(data.clone(), Activation::Relu, Reduction::Mean, 0.05).unwrap();
        let problem = problem.with_update(update(rule, 0.05, "warmup:17+cosine:400")).unwrap();
        let problem = problem.with_noise(Noise { label: 0.01, gradient: 0.02 }).unwrap();
        let start = Start::gaussian(&data, 0.5, 3, 1).unwrap();
        let compute = Compute::default();
        let mut by_hand =
            Analytic::new(&problem, &schedule, std::slice::from_ref(&start), 1, &compute).unwrap();
        let mut in_parts = Autodiff::single_neuron(&problem, &schedule, &start, 1, &compute).unwrap();
        by_hand.advance(12);
        in_parts.advance(12);
        let (a, b) = (by_hand.weights(0).unwrap(), in_parts.weights(0).unwrap());
        let worst = largest(a.iter().zip(&b).map(|(a, b)| (a - b).abs()));
        assert!(worst < 1e-12, "{rule}: {worst:e}");
    }
}

#[test]
fn a_snapshot_holds_the_state_of_the_rule() {
    let (problem, start) = orthonormal((5, 8), Activation::Relu, Reduction::Mean, 0.02);
    let schedule = Schedule::sgd(5, 2, 8).unwrap();
    let compute = Compute::default();
    for rule in RULES {
        let problem = problem.clone().with_update(update(rule, 0.01, "inverse-sqrt:25")).unwrap();
        let starts = std::slice::from_ref(&start);
        let build = |engine: usize| -> Option<Box<dyn Engine>> {
            Some(match engine {
                0 => Box::new(Autodiff::single_neuron(&problem, &schedule, &start, 0, &compute).unwrap()),
                1 => Box::new(Analytic::new(&problem, &schedule, starts, 0, &compute).unwrap()),
                _ => Box::new(Reduced::new(&problem, &schedule, starts, 0).ok()?),
            })
        };
        for engine in 0..3 {
            let Some(mut whole) = build(engine) else { continue };
            let mut broken = build(engine).unwrap();
            whole.advance(100);
            broken.advance(37);
            let kept = broken.snapshot();
            let mut resumed = build(engine).unwrap();
            resumed.restore(&kept).unwrap();
            resumed.advance(63);
            assert_eq!(resumed.snapshot(), whole.snapshot(), "{rule}, engine {engine}");
            let mut short = kept.clone();
            short.replicas[0].pop();
            assert!(build(engine).unwrap().restore(&short).is_err(), "{rule}, engine {engine}");
        }
    }
}

/// A silent neuron with a velocity is not dead: it may be carried back among the active ones. At rest it is, in every engine.
#[test]
fn who_is_silent_is_dead_only_at_rest() {
    let data = Dataset::orthonormal(2, 3, 1).unwrap();
    let schedule = Schedule::sgd(2, 1, 1).unwrap();
    let compute = Compute::default();
    for (rule, carried) in [("heavy-ball:0.9", 9.0), ("nesterov:0.5", 0.5)] {
        let problem = Problem::new(data.clone(), Activation::Relu, Reduction::Sum, 0.1).unwrap();
        let problem = problem.with_update(update(rule, 0.0, "constant")).unwrap();
        let start = Start::from_coordinates(&data, vec![-0.3, -0.2], 0.1, 0, 0).unwrap();
        let starts = std::slice::from_ref(&start);
        let w = start.weights(&data).unwrap().to_vec();
        // The velocity along the second sample: c_2 would end at 0.01, or at −0.01.
        for (velocity, wakes) in [(-0.21 / (0.1 * carried), true), (-0.19 / (0.1 * carried), false)] {
            let v: Vec<f64> = data.rows().unwrap()[3..6].iter().map(|x| velocity * x).collect();
            let mut analytic = Analytic::new(&problem, &schedule, starts, 0, &compute).unwrap();
            let mut autodiff = Autodiff::single_neuron(&problem, &schedule, &start, 0, &compute).unwrap();
            let mut reduced = Reduced::new(&problem, &schedule, starts, 0).unwrap();
            let mut tensors = analytic.snapshot();
            tensors.replicas[0] = [w.clone(), v].concat();
            // Running sums, the pending product, then pairs.
            let mut pairs = reduced.snapshot();
            pairs.replicas[0][1..3].copy_from_slice(&[-0.2 * velocity, velocity * velocity]);
            pairs.replicas[0][11] = velocity;
            analytic.restore(&tensors).unwrap();
            autodiff.restore(&tensors).unwrap();
            reduced.restore(&pairs).unwrap();
            let engines: [&mut dyn Engine; 3] = [&mut analytic, &mut autodiff, &mut reduced];
            for engine in engines {
                assert!(!engine.is_dead(0), "{rule} {velocity}: it is on its way");
                engine.advance(2000);
                assert_eq!(engine.is_dead(0), !wakes, "{rule} {velocity}: what became of it");
                let largest = engine.neurons(0)[0].correlations.iter().fold(f64::MIN, |a: f64, c| a.max(*c));
                assert!(
                    if wakes { (largest - 1.0).abs() < 1e-9 } else { (largest + 0.01).abs() < 1e-9 },
                    "{largest}"
                );
            }
        }
    }
}

/// Weight decay has a minimum of its own, where the gradient of the loss alone does not vanish.
#[test]
fn a_run_with_weight_decay_converges() {
    let (problem, start) = orthonormal((5, 8), Activation::Linear, Reduction::Sum, 0.05);
    for (rule, decay) in [("sgd", 0.03), ("heavy-ball:0.7", 0.1)] {
        let problem = problem.clone().with_update(update(rule, decay, "constant")).unwrap();
        let schedule = Schedule::full_batch(5).unwrap();
        for mut engine in engines(&problem, &schedule, &start) {
            let stop = StopRule::Tail { window: 50, tolerance: 1e-9 };
            let plan = Plan { budget: 20_000, stop, check_every: 50 };
            let run = train(engine.as_mut(), &plan, &mut []).0.remove(0);
            assert_eq!(run.outcome, Outcome::Converged, "{rule}");
            // Σ ∇ℓ = 2(N − 1) w at w = Πw with C = N, and λ w with it: N = 1 − λ/2.
            assert!(
                (run.neurons[0].norm_sq - (1.0 - 0.5 * decay)).abs() < 1e-8,
                "{rule} {}",
                run.neurons[0].norm_sq
            );
        }
    }
}

#[test]
fn options_of_updates_that_make_no_sense_are_refused_in_words() {
    for (arguments, message) in [
        ("--update momentum:0.9", "expected one of sgd, heavy-ball:BETA, nesterov:BETA, rmsprop"),
        ("--update heavy-ball:1", "the momentum β must lie in [0, 1), got 1.0"),
        ("--update adam:0.9,-1", "β_2 of adam must lie in [0, 1), got -1.0"),
        ("--step-schedule linear:3", "expected constant, or a product of warmup:T, cosine:T, inverse-sqrt:T"),
        ("--weight-decay -0.1", "the weight decay must lie in [0, ∞), got -0.1"),
        ("--label-noise NaN", "the label noise σ must lie in [0, ∞), got NaN"),
        ("--gradient-noise -1", "the gradient noise must lie in [0, ∞), got -1.0"),
        ("--update adam --engine reduced", "not update adam:0.9,0.999,1e-8: use --engine autodiff"),
        ("--label-noise 0.1 --engine reduced", "not noise: use --engine autodiff"),
        (
            "--update nesterov:0.5 --engine reduced --data equicorrelated:0.2",
            "not update nesterov:0.5 on data that is not orthonormal",
        ),
        (
            "--update heavy-ball:0.9 --steps auto",
            "there is no rate law for update heavy-ball:0.9; give a number of steps",
        ),
    ] {
        let steps = if arguments.contains("--steps") { "" } else { "--steps 20" };
        let arguments: Vec<&str> = arguments.split(' ').chain(steps.split_whitespace()).collect();
        refuses("train", &arguments, message);
    }
}
