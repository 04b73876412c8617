//! Numbers at the edge: far from 1, not there at all, where nothing moves.

use nalgebra::DMatrix;
use puremix::data::Dataset;
use puremix::device::Compute;
use puremix::engine::{Engine, Reduced};
use puremix::init::Start;
use puremix::measure::alignment::best_match;
use puremix::measure::neurons::{NeuronGauge, NeuronRow};
use puremix::measure::sharpness::{Surface, dense, eigenvalues, hutch_plus_plus, hutchinson, top_eigenvalue};
use puremix::measure::trajectory::{Gauge, Row};
use puremix::model::{Activation, SingleNeuronConfig};
use puremix::problem::{Problem, Reduction};
use puremix::schedule::Schedule;
use puremix::train::{Outcome, Plan, Run, StopRule, train};
use puremix::vectors::norm;

use crate::common::{
    Matrix, correlated, engines, json, refuses, rng, stderr, stdout, succeeds, temporary, trained,
};

/// A dataset with all samples multiplied by a number.
fn stretched(data: &Dataset, factor: f64) -> Dataset {
    let rows = data.rows().unwrap().iter().map(|x| factor * x).collect();
    Dataset::from_rows(rows, data.samples(), data.dim()).unwrap()
}

/// All measures of the neuron of an engine.
fn measured(engine: &dyn Engine, data: &Dataset, start: &Start) -> (Row, NeuronRow) {
    let (neurons, weights) = (engine.neurons(0), engine.weights(0).unwrap());
    let row = Gauge::new(data, Activation::Linear, start).read(9, engine.loss(0), &neurons[0]);
    let gauge = NeuronGauge::new(data, Activation::Linear, vec![start.norm_sq.sqrt()]);
    (row, gauge.read(9, &neurons, Some(&weights))[0])
}

#[test]
fn a_run_over_samples_of_any_size_is_the_same_run() {
    // The loss is quadratic in the samples, so η/s² over samples s x is η over x: to the bit for powers of two.
    let data = correlated(6, 9, 5);
    let start = Start::gaussian(&data, 0.4, 3, 0).unwrap();
    let schedule = Schedule::sgd(6, 2, 8).unwrap();
    for exponent in [-498, -240, 240, 498] {
        let factor = 2f64.powi(exponent);
        let scaled = stretched(&data, factor);
        let plain = Problem::new(data.clone(), Activation::Linear, Reduction::Mean, 0.1).unwrap();
        let far = Problem::new(scaled, Activation::Linear, Reduction::Mean, 0.1 / factor / factor).unwrap();
        let far_start = Start::from_weights(far.dataset(), start.weights.clone().unwrap()).unwrap();
        let all = engines(&plain, &schedule, &start).into_iter().zip(engines(&far, &schedule, &far_start));
        for (k, (mut here, mut there)) in all.enumerate() {
            here.advance(300);
            there.advance(300);
            let [a, b] = [(&here, &data, &start), (&there, far.dataset(), &far_start)]
                .map(|(engine, data, start)| measured(engine.as_ref(), data, start));
            let of = format!("engine {k}, 2^{exponent}: {a:?} {b:?}");
            assert!((a.0.norm, a.0.max_cos, a.0.argmax) == (b.0.norm, b.0.max_cos, b.0.argmax), "{of}");
            assert!(
                a.0.cos_init == b.0.cos_init && a.0.participation_ratio == b.0.participation_ratio,
                "{of}"
            );
            assert!((a.0.residual, a.0.log_ratio) == (b.0.residual, b.0.log_ratio), "{of}");
            assert!((a.1.hoyer, a.1.effective_support) == (b.1.hoyer, b.1.effective_support), "{of}");
            assert!((a.1.pca_angle.unwrap() - b.1.pca_angle.unwrap()).abs() < 1e-14, "{of}");
            assert_eq!(a.0.loss, b.0.loss / factor / factor, "{of}");
            assert_eq!(here.slope(0), there.slope(0), "{of}");
        }
    }
}

#[test]
fn starts_of_any_norm_are_measured() {
    let implicit = Dataset::implicit_orthonormal(10, 30).unwrap();
    let (full, general) = (Dataset::orthonormal(10, 30, 3).unwrap(), correlated(10, 30, 3));
    for data in [&full, &general, &implicit] {
        let of = |init_norm: f64| {
            let start = Start::gaussian(data, init_norm, 3, 0).unwrap();
            let problem = Problem::new(data.clone(), Activation::Linear, Reduction::Mean, 1e-9).unwrap();
            let schedule = Schedule::sgd(10, 1, 3).unwrap();
            let mut rows = Vec::new();
            if data.is_materialised() {
                for mut engine in engines(&problem, &schedule, &start) {
                    engine.advance(if init_norm > 1.0 { 0 } else { 3 });
                    rows.push(Gauge::new(data, Activation::Linear, &start).read(
                        0,
                        0.0,
                        &engine.neurons(0)[0],
                    ));
                }
            } else {
                let engine = Reduced::new(&problem, &schedule, std::slice::from_ref(&start), 0).unwrap();
                rows.push(Gauge::new(data, Activation::Linear, &start).read(0, 0.0, &engine.neurons(0)[0]));
            }
            rows
        };
        let reference = of(1e-3)[0];
        for init_norm in [1e-150, 1e-100, 1e-77, 1e77, 1e100, 1e150] {
            for row in of(init_norm) {
                let close = |a: f64, b: f64| (a / b - 1.0).abs() < 1e-7;
                assert!(close(row.norm, init_norm) && close(row.cos_init, 1.0), "{init_norm:e}: {row:?}");
                assert!(
                    close(row.participation_ratio, reference.participation_ratio),
                    "{init_norm:e}: {row:?}"
                );
                assert!(close(row.max_cos, reference.max_cos) && row.argmax == reference.argmax, "{row:?}");
                assert!(close(row.residual / init_norm, reference.residual / 1e-3), "{init_norm:e}: {row:?}");
                assert!(close(row.log_ratio, reference.log_ratio), "{init_norm:e}: {row:?}");
            }
        }
    }
    let start = Start::gaussian(&implicit, 1.0, 3, 0).unwrap();
    assert!((puremix::vectors::participation_ratio(&start.correlations) - 5.577_1).abs() < 1e-4);
}

#[test]
fn the_cosine_with_a_sample_that_is_0_is_0() {
    let rows = [0.0, 0.0, 0.0, 3.0, 0.0, 0.0, 0.0, 0.5, 0.0];
    let data = Dataset::from_rows(rows.to_vec(), 3, 3).unwrap();
    let look = |w: [f64; 3], activation| {
        let neuron = puremix::state::Neuron::observe(&data, &w, &w).unwrap();
        let best = best_match(&neuron, &data, activation);
        (best.index, best.cosine)
    };
    assert_eq!(look([0.3, -0.4, 0.0], Activation::Linear), (2, 0.8));
    assert_eq!(look([0.3, -0.4, 0.0], Activation::Relu), (1, 0.6));
    // Every other sample points away: 0 with the sample that points nowhere is the most there is.
    assert_eq!(look([-0.3, -0.4, 0.0], Activation::Relu), (0, 0.0));
    assert_eq!(look([0.0; 3], Activation::Linear), (0, 0.0));
    let (index, cosine) = look([f64::NAN, 1.0, 0.0], Activation::Linear);
    assert!(index == 0 && cosine.is_nan());
}

#[test]
fn a_divergence_says_what_to_try() {
    let directory = temporary();
    let run = |arguments: &str| stdout(&trained(directory.path(), arguments));
    let text = run("--data digits --step-size 0.9 --batch 32 --steps 2000 --engine analytic");
    assert!(
        text.contains("try a --step-size below 0.9, or --normalise unit: the longest sample has norm"),
        "{text}"
    );
    let text = run("--step-size 9 --steps 2000");
    assert!(text.contains("is not finite; try a --step-size below 9\n"), "{text}");
    // What was given already, or cannot help, is not advised; what causes it is.
    let norms = "--samples 3 --norms 50,1,1 --normalise unit --activation linear --steps 2000";
    let text = run(norms);
    assert!(
        text.contains("try a --step-size below 0.1, or smaller --norms: the longest sample has norm 50"),
        "{text}"
    );
    assert!(!text.contains("--normalise"), "{text}");
    let text = run("--label-noise 50 --gradient-noise 1 --steps 1000 --step-size 0.3");
    let advice = "try a --step-size below 0.3, or a --label-noise below 50, or a --gradient-noise below 1\n";
    assert!(text.contains(advice), "{text}");
}

#[test]
fn a_divergence_is_said_of_each_replica_and_nothing_is_measured_there() {
    let directory = temporary();
    let run = "--samples 2 --step-size 3 --steps 100 --replicas 4 --seed 1 --out run";
    let output = trained(directory.path(), run);
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    let text = stdout(&output);
    for needle in
        ["diverged after 12 steps (", "autodiff engine, m = 2, n = 6, b = 1, sgd)", "3 dead, 1 diverged"]
    {
        assert!(text.contains(needle), "{text}");
    }
    assert!(!text.contains("loss   "), "{text}");
    let summary = json(&directory.path().join("run/summary.json"));
    assert!(summary["loss"].is_null() && summary["max_cos"].is_null() && summary["steps"] == 12, "{summary}");
    let figure = std::fs::read_to_string(directory.path().join("run/report.html")).unwrap();
    assert!(figure.contains("3 replicas (another 1 diverged)"));
    // A loss out of range is none of a run that ended well.
    let run = "--samples 2 --norms 1e100,1e100 --init-norm 1e60 --steps 0 --no-page --out infinite";
    let output = trained(directory.path(), run);
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    assert_eq!(json(&directory.path().join("infinite/summary.json"))["outcome"], "diverged");
}

#[test]
fn a_blank_first_sample_reaches_the_files_as_a_number() {
    let directory = temporary();
    let out = directory.path().join("out");
    std::fs::write(directory.path().join("blank.csv"), "0,0,0\n1,0,0\n0,1,0\n").unwrap();
    let arguments = "--activation linear --engine analytic --steps 2000 --json --data blank.csv --out out";
    succeeds(directory.path(), arguments);
    let summary = json(&out.join("summary.json"));
    // The neuron is the third row, (0, 1, 0), but for an angle of 7.6e-4.
    assert!((summary["max_cos"].as_f64().unwrap() - 0.999_999_713).abs() < 1e-9, "{summary}");
    assert_eq!(summary["argmax"], 2);
    for name in ["trajectory.csv", "neurons.csv"] {
        assert!(!std::fs::read_to_string(out.join(name)).unwrap().contains("NaN"), "{name}");
    }
}

#[test]
fn single_precision_refuses_what_it_has_no_squares_of() {
    let directory = temporary();
    let out = directory.path().join("never").display().to_string();
    let data = directory.path().join("far.csv");
    std::fs::write(&data, "1e30,0\n0,2e30\n").unwrap();
    let data = data.display().to_string();
    let single = ["--engine", "analytic", "--precision", "f32", "--steps", "5", "--out", &out];
    let refuse = |more: &[&str], needle: &str| refuses("train", &[&single, more].concat(), needle);
    refuse(
        &["--init-norm", "1e-100"],
        "--init-norm is 1e-100: single precision has squares of 1e-18 to 1e18",
    );
    refuse(&["--init-norm", "2e18"], "--init-norm is 2e18: single precision");
    let rule = ["--update", "rmsprop:0.9,1e-46"];
    refuse(
        &rule,
        "ε of the update rule is 1e-46: single precision has positive numbers from 1.2e-38 to 3.4e38",
    );
    refuse(&["--data", &data], "1e-18 to 1e18; take --precision f64, or --normalise unit");
    refuse(&["--samples", "2", "--norms", "2e18,2e18"], "1e-18 to 1e18; take --precision f64\n");
    for option in ["--step-size", "--weight-decay", "--label-noise", "--gradient-noise"] {
        let needle =
            |size| format!("{option} is {size}: single precision has positive numbers from 1.2e-38 to");
        refuse(&[option, "1e-50"], &needle("1e-50"));
        refuse(&[option, "1e50"], &needle("1e50"));
    }
    // Of double precision, too.
    let data = directory.path().join("farther.csv");
    std::fs::write(&data, "1e-200,0\n0,1e-170\n").unwrap();
    let data = data.display().to_string();
    let refused = "the largest entry of the samples is 1e-170: double precision has squares of 1e-150 to 1e150; take --normalise unit";
    refuses("train", &["--data", &data, "--steps", "9"], refused);
    refuses("train", &["--step-size", "1e-310", "--steps", "9"], "positive numbers from 2.2e-308 to 1.8e308");
}

#[test]
fn a_decay_that_is_lost_in_rounding_is_no_reason_to_call_a_run_converged() {
    let directory = temporary();
    let outcome = |step_size: &str| {
        let run = format!(
            "--samples 2 --update adamw --weight-decay 0.1 --step-size {step_size} --steps 500 --activation linear --no-page --out {step_size}"
        );
        succeeds(directory.path(), &run);
        json(&directory.path().join(step_size).join("summary.json"))["outcome"].clone()
    };
    assert_eq!(outcome("1e-50"), "stalled");
}

/// Gradient descent to the tail rule.
fn settled(engine: &mut dyn Engine, tolerance: f64) -> Run {
    let plan = Plan { budget: 5000, stop: StopRule::Tail { window: 10, tolerance }, check_every: 1 };
    train(engine, &plan, &mut []).0.remove(0)
}

#[test]
fn steps_that_vanish_in_rounding_are_no_arrival() {
    for (data, schedule) in [
        (correlated(6, 9, 5), Schedule::full_batch(6).unwrap()),
        (correlated(6, 9, 5), Schedule::sgd(6, 2, 1).unwrap()),
        (Dataset::orthonormal(6, 9, 5).unwrap(), Schedule::full_batch(6).unwrap()),
    ] {
        let start = Start::gaussian(&data, 0.4, 3, 0).unwrap();
        let problem = Problem::new(data.clone(), Activation::Linear, Reduction::Mean, 1e-25).unwrap();
        let compute = Compute::default();
        let model = SingleNeuronConfig::new(9, Activation::Linear);
        let model = model.init_at(start.weights(&data).unwrap(), &compute).unwrap();
        let surface = Surface::new(model, &data, &compute).unwrap();
        let slope = norm(&surface.gradient(surface.point())) / data.mean_square_norm();
        assert!(slope > 1e-2, "{slope}");
        for mut engine in engines(&problem, &schedule, &start) {
            let run = settled(engine.as_mut(), 1e-8);
            assert_eq!((run.outcome, run.steps), (Outcome::Stalled, 30), "{:?}", schedule.kind());
            assert!((run.distance / slope - 1.0).abs() < 1e-12, "{:e} {slope:e}", run.distance);
        }
    }
}

#[test]
fn a_run_in_single_precision_that_does_not_move_has_not_converged() {
    let directory = temporary();
    let train = |step_size: &str| {
        let command =
            "--data digits --normalise unit --batch 32 --precision f32 --engine analytic --steps 20000";
        succeeds(directory.path(), &format!("{command} --step-size {step_size} --json --out {step_size}"));
        json(&directory.path().join(step_size).join("summary.json"))
    };
    let summary = train("1e-8");
    assert_eq!((&summary["outcome"], &summary["replicas"]["stalled"]), (&"stalled".into(), &1.into()));
    assert!(summary["distance"].as_f64().unwrap() > 0.01, "{summary}");
    assert_eq!(train("1e-7")["outcome"], "max_steps");
}

#[test]
fn a_saddle_is_a_fixed_point_and_its_hessian_says_which() {
    // Second moments 3, 4/3, 1/3: the second axis is a critical point, with curvature (4 − 9)/3 along the first.
    let rows = [[3.0, 0.0, 0.0, 0.0], [0.0, 2.0, 0.0, 0.0], [0.0, 0.0, 1.0, 0.0]].concat();
    let data = Dataset::from_rows(rows, 3, 4).unwrap();
    let start = Start::from_weights(&data, vec![0.0, 1.0, 0.0, 0.0]).unwrap();
    let problem = Problem::new(data.clone(), Activation::Linear, Reduction::Mean, 0.05).unwrap();
    let schedule = Schedule::full_batch(3).unwrap();
    for mut engine in engines(&problem, &schedule, &start) {
        let run = settled(engine.as_mut(), 1e-10);
        assert_eq!((run.outcome, run.steps), (Outcome::Converged, 30));
        assert!(run.distance < 1e-15, "{:e}", run.distance);
        let compute = Compute::default();
        let model = SingleNeuronConfig::new(4, Activation::Linear);
        let model = model.init_at(&engine.weights(0).unwrap(), &compute).unwrap();
        let spectrum = eigenvalues(dense(&Surface::new(model, &data, &compute).unwrap())).unwrap();
        assert!((spectrum[0] + 5.0 / 3.0).abs() < 1e-8, "{spectrum:?}");
    }
    // The saddle 0 is left, however faintly: growing displacements far below the square root of the smallest number.
    let start = Start::gaussian(&data, 1e-150, 1, 0).unwrap();
    for mut engine in engines(&problem, &schedule, &start) {
        let run = settled(engine.as_mut(), 1e-10);
        assert_eq!(run.outcome, Outcome::Converged);
        assert!((run.neurons[0].correlations[0].abs() - 3.0).abs() < 1e-8 && run.steps > 1000, "{run:?}");
    }
}

#[test]
fn curvature_instruments_hold_at_any_scale_and_say_when_they_fell_short() {
    let d = 24;
    let q = DMatrix::from_vec(d, d, Dataset::orthonormal(d, d, 8).unwrap().rows().unwrap().to_vec());
    let spectrum = nalgebra::DVector::from_fn(d, |k, _| 1.0 / (1 + k) as f64);
    let plain = &q * DMatrix::from_diagonal(&spectrum) * q.transpose();
    let at = |scale: f64| {
        let matrix = Matrix(&plain * scale);
        let top = top_eigenvalue(&matrix, 1e-9, d, &mut rng(1)).unwrap();
        (top, hutch_plus_plus(&matrix, 4, 0.1 * scale, 10_000, &mut rng(2)))
    };
    let (top, trace) = at(1.0);
    assert!(top.reached && trace.reached && (top.value - 1.0).abs() < 1e-12);
    assert!((norm(&top.vector) - 1.0).abs() < 1e-14);
    for exponent in [-990, -664, -498, 498, 664, 990] {
        let scale = 2f64.powi(exponent);
        let (far, there) = at(scale);
        assert!((far.value / scale - top.value).abs() < 1e-12, "2^{exponent}: {far:?}");
        assert!((far.iterations, far.reached) == (top.iterations, true) && far.residual / scale < 1e-9);
        assert_eq!((there.products, there.reached), (trace.products, true), "2^{exponent}");
        assert!((there.value / scale - trace.value).abs() < 1e-12, "2^{exponent}: {there:?}");
        assert!((there.sem / scale - trace.sem).abs() < 1e-12 && trace.sem > 0.05, "2^{exponent}: {there:?}");
    }
    // Short of what was asked for: too few steps, too few probes, or a tolerance that products cannot meet.
    let matrix = Matrix(plain);
    assert!(!top_eigenvalue(&matrix, 1e-9, 4, &mut rng(1)).unwrap().reached);
    assert!(!hutchinson(&matrix, 0.01, 300, &mut rng(3)).reached);
    assert!(!hutchinson(&matrix, 0.0, 300, &mut rng(3)).reached);
    assert!(!hutchinson(&matrix, 10.0, 1, &mut rng(3)).reached, "one probe has no variance");
    assert!(hutchinson(&Matrix(DMatrix::identity(5, 5)), 0.0, 64, &mut rng(3)).reached);
    assert!(hutch_plus_plus(&matrix, d, 0.0, 0, &mut rng(3)).reached, "a sketch of all columns is exact");
}
