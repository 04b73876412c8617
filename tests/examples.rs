//! The examples: the story in one file is the library's, to the last digits; the study and the measurement of a saved run hold.

use std::sync::LazyLock;

use burn::tensor::{DType, Device, Tensor, TensorData};
use puremix::measure::neurons::NeuronRow;
use puremix::measure::sharpness::SharpnessRow;
use puremix::prelude::*;
use serde::de::DeserializeOwned;

use crate::common::{engines, number, program, rows, succeeds, temporary};
use crate::{measure_run, minimal, my_sweep};

fn tensor(values: &[f64], shape: [usize; 2]) -> Tensor<2> {
    Tensor::from_data(TensorData::new(values.to_vec(), shape), (&Device::flex(), DType::F64))
}

/// Trains by the example and by the three engines on the same data, start and batches; how far they and the limit are apart.
fn compared(schedule: Schedule, steps: u64, is_mixed: bool) -> (f64, f64) {
    let (m, n, eta, device) = (6, 9, 0.3, Device::flex());
    let data = Dataset::orthonormal(m, n, 5).unwrap();
    let start = Start::gaussian(&data, 0.5, 8, 0).unwrap();
    let (rows, w0) = (tensor(data.rows().unwrap(), [m, n]), tensor(start.weights(&data).unwrap(), [1, n]));
    let mut stream = schedule.stream(0);
    let batches = (0..steps).map(|_| minimal::rows(stream.next_batch().to_vec(), &device));
    let w = minimal::train(w0.clone(), &rows, eta, batches);
    let limit = if is_mixed { minimal::mixture(&w0, &rows) } else { minimal::datapoint(&w, &rows).0 };
    let problem = Problem::new(data, Activation::Relu, Reduction::Mean, eta).unwrap();
    let of_engine = |mut engine: Box<dyn Engine + '_>| {
        engine.advance(steps);
        minimal::distance(w.clone(), tensor(&engine.weights(0).unwrap(), [1, n]))
    };
    let apart = engines(&problem, &schedule, &start).into_iter().map(of_engine).fold(0.0, f64::max);
    (apart, minimal::distance(w, limit))
}

#[test]
fn the_story_in_one_file_ends_where_the_engines_do() {
    for (schedule, steps, is_mixed) in [
        (Schedule::full_batch(6), 1500, true),
        (Schedule::sgd(6, 1, 4), 6000, false),
        (Schedule::sgd(6, 2, 4), 12_000, false),
        (Schedule::cyclic(6, 1), 6000, false),
    ] {
        let schedule = schedule.unwrap();
        let (apart, off) = compared(schedule.clone(), steps, is_mixed);
        assert!(apart < 1e-12, "{schedule:?}: {apart:e} from an engine");
        assert!(off < 1e-10, "{schedule:?}: {off:e} from the closed form");
    }
    // On the way too, where nothing has converged yet.
    let (apart, off) = compared(Schedule::sgd(6, 2, 4).unwrap(), 40, false);
    assert!(apart < 1e-12 && off > 0.1, "{apart:e} {off:e}");
}

#[test]
fn the_story_in_one_file_is_told_of_the_same_loss_limit_and_batches() {
    let (m, n, device) = (6, 9, Device::flex());
    let rows = minimal::orthonormal(m, n, &device);
    let data = Dataset::from_rows(to_host(rows.clone()), m, n).unwrap();
    let gram = to_host(rows.clone().matmul(rows.clone().transpose()));
    for (k, entry) in gram.into_iter().enumerate() {
        assert!((entry - f64::from(u8::from(k / m == k % m))).abs() < 1e-13, "{k}: {entry}");
    }
    let start = Start::gaussian(&data, 0.7, 2, 0).unwrap();
    let w0 = tensor(start.weights(&data).unwrap(), [1, n]);
    let problem = Problem::new(data.clone(), Activation::Relu, Reduction::Mean, 0.1).unwrap();
    let neuron =
        Neuron::observe(&data, start.weights(&data).unwrap(), start.weights(&data).unwrap()).unwrap();
    let loss = minimal::Neuron::at(w0.clone()).loss(rows.clone()).into_scalar::<f64>();
    assert!((loss - problem.single_neuron_loss(&neuron)).abs() < 1e-14, "{loss}");
    let Some(LimitSet::Point(limit)) = theory::gd::limit(&start.correlations, Activation::Relu) else {
        panic!("active samples have a mixture")
    };
    let mixture = to_host(minimal::correlations(&minimal::mixture(&w0, &rows), &rows));
    assert!(mixture.iter().zip(&limit).all(|(a, b)| (a - b).abs() < 1e-14), "{mixture:?} {limit:?}");

    let drawn = |batch: Tensor<1, burn::tensor::Int>| -> Vec<usize> {
        batch.into_data().iter::<i64>().map(|i| i as usize).collect()
    };
    let streams =
        [Schedule::full_batch(6), Schedule::cyclic(6, 4)].map(|schedule| schedule.unwrap().stream(0));
    let [mut all, mut cycle] = streams;
    for (gd, cyclic) in minimal::gd(6, &device).zip(minimal::cyclic(6, 4, &device)).take(7) {
        assert_eq!(drawn(gd), all.next_batch());
        assert_eq!(drawn(cyclic), cycle.next_batch());
    }
    // 3000 batches of 2 out of 6: each sample 1000 times, standard deviation 26; never twice in a batch.
    let mut counts = [0i32; 6];
    for batch in minimal::sgd(6, 2, &device).take(3000).map(drawn) {
        assert!(batch.len() == 2 && batch[0] != batch[1], "{batch:?}");
        batch.into_iter().for_each(|i| counts[i] += 1);
    }
    assert!(counts.iter().all(|count| (count - 1000).abs() < 130), "{counts:?}");
}

#[test]
fn the_story_is_shown_in_bars() {
    let rows = tensor(&[1.0, 0.0, 0.0, 0.0, 1.0, 0.0], [2, 3]);
    let shown = minimal::bars(&tensor(&[0.25, -0.5, 7.0], [1, 3]), &rows);
    assert_eq!(shown, format!("  c_0  0.250 {}\n  c_1 -0.500 \n", "█".repeat(10)));
    minimal::main();
}

/// Trained once for both tests.
static SWEPT: LazyLock<Swept<my_sweep::Cell, Run>> =
    LazyLock::new(|| my_sweep::swept(&Compute::default()).unwrap());

#[test]
fn the_sweep_finds_pure_decoders_for_small_batches_and_mixed_ones_for_all() {
    let swept = &*SWEPT;
    let mixing = |run: &Run| puremix::measure::sparsity::participation_ratio(&run.neurons[1]);
    for momentum in [0.0, 0.8] {
        let cell = |batch| my_sweep::Cell { batch, momentum };
        let (pure, interval) = swept.mean(&cell(1), mixing).unwrap();
        assert!((pure.mean - 1.0).abs() < 1e-3 && interval.contains(1.0), "{pure:?} {interval:?}");
        let (mixed, interval) = swept.mean(&cell(5), mixing).unwrap();
        assert!(mixed.mean > 1.3 && interval.low > 1.05, "{mixed:?} {interval:?}");
        let (less, interval) = swept.mean_difference(&cell(2), &cell(5), mixing).unwrap();
        assert!(less.mean < -0.3 && interval.high < -0.05 && less.n == 10, "{less:?} {interval:?}");
    }
    assert!(swept.cells().all(|(_, runs)| runs.iter().all(|run| run.outcome == Outcome::Converged)));
    let directory = temporary();
    let out = directory.path().join("untied");
    let (page, comparisons) = swept.write("Untied", &out).unwrap();
    let said = "With batch = 1 instead of 5 (at momentum = 0.8), the decoder mixing is lower by ";
    assert!(
        comparisons.len() == 6 && comparisons.iter().any(|sentence| sentence.starts_with(said)),
        "{comparisons:?}"
    );
    // The table holds the numbers in full.
    let summary = rows(&out.join("summary.csv"));
    let row = summary.iter().find(|row| row["batch"] == "5" && row["momentum"] == "0.8").unwrap();
    let (mean, interval) = swept.mean(&my_sweep::Cell { batch: 5, momentum: 0.8 }, mixing).unwrap();
    assert_eq!(number(row, "decoder_mixing"), mean.mean);
    assert_eq!(number(row, "decoder_mixing_high"), interval.high);
    assert_eq!((row["converged"].as_str(), row["decoder_mixing_n"].as_str()), ("10", "10"));
    assert_eq!(rows(&out.join("runs.csv")).len(), 80);
    let html = std::fs::read_to_string(page).unwrap();
    assert!(html.contains("seeds: 1, 2, 3") && !html.contains("--render"), "{html}");
    assert!(out.join("figures/decoder_mixing_by_batch.svg").exists());
    // Again: the sweep that is there is replaced; anything else is not.
    swept.clone().compare(|cell| my_sweep::Cell { momentum: 0.0, ..*cell }).write("Untied", &out).unwrap();
    let other = directory.path().join("other");
    std::fs::create_dir(&other).unwrap();
    std::fs::write(other.join("mine"), "").unwrap();
    let refused = swept.write("Untied", &other).unwrap_err().to_string();
    assert!(refused.contains("other"), "{refused}");
    // Not a study of the program either.
    let grid = "--grid batch=1,2 --samples 3 --dim 4 --engine reduced --steps 9 --no-page --out study";
    assert!(program("sweep", directory.path(), grid).status().unwrap().success());
    let refused = swept.write("Untied", directory.path().join("study")).unwrap_err().to_string();
    assert!(refused.contains("study already holds a run"), "{refused}");
}

#[test]
fn what_tables_cannot_hold_is_refused_by_name() {
    let swept = &*SWEPT;
    let directory = temporary();
    let refusal = |swept: &Swept<my_sweep::Cell, Run>| {
        swept.write("Untied", directory.path().join("out")).unwrap_err().to_string()
    };
    for name in ["seed", "batch", "loss", "stopped"] {
        let said = refusal(&swept.clone().measure(name, |run| run.distance));
        assert!(said.contains("is the name of another column of the tables"), "{name}: {said}");
    }
    let cell = my_sweep::Cell { batch: 2, momentum: 0.5 };
    let refused = |sweep: Sweep<my_sweep::Cell>| refusal(&sweep.run(|_, _| Ok(Vec::<Run>::new())).unwrap());
    let said = refused(Sweep::new([cell, cell], []));
    assert!(said.ends_with("two of them are the same, 2, 0.5"), "{said}");
    assert_eq!(refused(Sweep::new([cell], [])), "a sweep needs at least one seed");
    let crossed =
        swept.clone().compare(|cell| my_sweep::Cell { batch: 5, momentum: 0.8 - 0.0 * cell.momentum });
    let said = refusal(&crossed);
    assert!(said.ends_with("cells that differ in one field; these differ in batch, momentum"), "{said}");
}

/// The rows of a table at its last step.
fn last<T: DeserializeOwned>(path: &std::path::Path, step: fn(&T) -> u64) -> Vec<T> {
    let mut rows: Vec<T> =
        csv::Reader::from_path(path).unwrap().deserialize().collect::<Result<_, _>>().unwrap();
    let end = rows.iter().map(step).max().unwrap();
    rows.retain(|row| step(row) == end);
    rows
}

#[test]
fn a_saved_run_is_measured_as_it_was_measured_while_it_ran() {
    let directory = temporary();
    for (name, arguments, single) in [
        ("neuron", "--samples 6 --dim 9 --step-size 0.2 --seed 3", true),
        ("shallow", "--samples 5 --dim 7 --model shallow:3+bias --activation tanh --steps 900", false),
        ("single", "--samples 6 --dim 9 --step-size 0.2 --precision f32 --steps 900", true),
        ("digits", "--data digits --normalise unit --steps 60", true),
    ] {
        succeeds(directory.path(), &format!("{arguments} --sharpness --out {name}"));
        let run = directory.path().join(name);
        let seen = measure_run::measured(&run).unwrap();
        let rows: Vec<NeuronRow> = last(&run.join("neurons.csv"), |row: &NeuronRow| row.step);
        assert_eq!(rows.len(), seen.neurons.len(), "{name}");
        for (row, neuron) in rows.iter().zip(&seen.neurons) {
            let ratio = measure::sparsity::participation_ratio(neuron);
            assert!((ratio - row.participation_ratio).abs() < 1e-9, "{name}: {ratio} {row:?}");
            assert!((neuron.norm_sq.sqrt() - row.norm).abs() < 1e-12, "{name}");
            let c = neuron.correlations[row.argmax] / (row.norm * seen.data.row_norm(row.argmax));
            assert!((c.abs() - row.max_cos).abs() < 1e-12, "{name}: {c} {row:?}");
            let cos_init = neuron.overlap_init / (row.norm * 0.5);
            assert!((cos_init - row.cos_init).abs() < 1e-6, "{name}: {cos_init} {row:?}");
        }
        let [curvature] = last(&run.join("sharpness.csv"), |row: &SharpnessRow| row.step)[..] else {
            panic!("one row a step")
        };
        let (largest, trace) = (seen.hessian.last().unwrap(), seen.hessian.iter().sum::<f64>());
        assert!((largest - curvature.largest).abs() < 1e-6, "{name}: {largest} {curvature:?}");
        assert!((trace - curvature.trace).abs() < 1e-6, "{name}: {trace} {curvature:?}");
        if name == "neuron" {
            assert!((largest - 4.0 / 6.0).abs() < 1e-5, "Theorem 13: {largest}");
        }
        assert_eq!(seen.neurons.len() == 1, single);
    }
    let refusal = measure_run::measured(&directory.path().join("nothing")).err().unwrap().to_string();
    assert!(refusal.contains("No such file"), "{refusal}");
}
