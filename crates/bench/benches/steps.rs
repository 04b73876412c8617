//! What a step costs: every time is that of one step of one replica, on the default device.
//!
//! ```sh
//! cargo bench -p puremix-bench -- reduced
//! ```

#![forbid(unsafe_code)]

use std::time::{Duration, Instant};

use criterion::{Criterion, criterion_group, criterion_main};
use puremix::data::Dataset;
use puremix::device::Compute;
use puremix::engine::{Analytic, Autodiff, Engine, Reduced};
use puremix::init::Start;
use puremix::model::Activation;
use puremix::problem::{Problem, Reduction};
use puremix::schedule::Schedule;

/// The binaries' allocator: the benches measure what they run.
#[global_allocator]
static ALLOCATOR: puremix::cli::Allocator = puremix::cli::Allocator;

fn problem(data: Dataset) -> Problem {
    Problem::new(data, Activation::Relu, Reduction::Mean, 1e-3).expect("a positive step size")
}

fn starts(problem: &Problem, replicas: u64) -> Vec<Start> {
    let start = |replica| Start::gaussian(problem.dataset(), 0.5, 1, replica).expect("a start");
    (0..replicas).map(start).collect()
}

/// Measures an engine, built if the case was asked for.
fn measure<E: Engine>(criterion: &mut Criterion, group: &str, case: String, build: impl Fn() -> E) {
    let mut group = criterion.benchmark_group(group);
    group.sample_size(20).warm_up_time(Duration::from_millis(500)).measurement_time(Duration::from_secs(2));
    let mut engine = None;
    group.bench_function(case, |bencher| {
        let engine = engine.get_or_insert_with(&build);
        bencher.iter_custom(|steps| {
            let started = Instant::now();
            engine.advance(steps);
            started.elapsed() / engine.replicas() as u32
        });
    });
    group.finish();
}

fn reduced(criterion: &mut Criterion) {
    // m, n, b, R: one replica, eight abreast (one core walks them); growing n, m and b.
    let cases = [
        (100, 100, 1, 1),
        (100, 100, 1, 8),
        (1000, 1000, 1, 1),
        (1000, 1000, 1, 8),
        (1000, 1_000_000, 1, 1),
        (10_000, 10_000, 1, 1),
        (1_000_000, 1_000_000, 1, 1),
        (1000, 1000, 2, 1),
        (1000, 1000, 16, 1),
        (1000, 1000, 128, 1),
        (1000, 1000, 1000, 1),
    ];
    for (m, n, b, replicas) in cases {
        measure(criterion, "reduced", format!("m={m} n={n} b={b} R={replicas}"), || {
            let problem = problem(Dataset::implicit_orthonormal(m, n).expect("1 ≤ m ≤ n"));
            let schedule = Schedule::sgd(m, b, 1).expect("1 ≤ b ≤ m");
            Reduced::new(&problem, &schedule, &starts(&problem, replicas), 0).expect("orthonormal data")
        });
    }
}

fn gram(criterion: &mut Criterion) {
    for (m, n, b) in [(100, 120, 1), (1000, 1100, 1), (1000, 1100, 8)] {
        measure(criterion, "gram", format!("m={m} n={n} b={b}"), || {
            // Neither orthogonal nor normed.
            let rows = (0..m * n).map(|k| ((k * 7919) % 1013) as f64 / 1013.0 - 0.5).collect();
            let data = Dataset::from_rows(rows, m, n).expect("finite rows");
            let problem = Problem::new(data, Activation::Relu, Reduction::Mean, 1e-5).expect("a step size");
            let schedule = Schedule::sgd(m, b, 1).expect("1 ≤ b ≤ m");
            Reduced::new(&problem, &schedule, &starts(&problem, 1), 0).expect("data that is there")
        });
    }
}

fn analytic(criterion: &mut Criterion) {
    for (m, n, b, replicas) in
        [(100, 100, 1, 1024), (100, 100, 4, 1024), (100, 100, 100, 1024), (100, 100, 1, 1)]
    {
        measure(criterion, "analytic", format!("m={m} n={n} b={b} R={replicas}"), || {
            let problem = problem(Dataset::orthonormal(m, n, 1).expect("1 ≤ m ≤ n"));
            let schedule = Schedule::sgd(m, b, 1).expect("1 ≤ b ≤ m");
            let starts = starts(&problem, replicas);
            Analytic::new(&problem, &schedule, &starts, 0, &Compute::default()).expect("data that is there")
        });
    }
}

fn autodiff(criterion: &mut Criterion) {
    for (m, n, b) in [(100, 100, 1), (1000, 1000, 1), (1000, 1000, 32), (1000, 1000, 1000)] {
        measure(criterion, "autodiff", format!("m={m} n={n} b={b}"), || {
            let problem = problem(Dataset::orthonormal(m, n, 1).expect("1 ≤ m ≤ n"));
            let schedule = Schedule::sgd(m, b, 1).expect("1 ≤ b ≤ m");
            let start = &starts(&problem, 1)[0];
            Autodiff::single_neuron(&problem, &schedule, start, 0, &Compute::default())
                .expect("data that is there")
        });
    }
}

criterion_group!(steps, reduced, gram, analytic, autodiff);
criterion_main!(steps);
