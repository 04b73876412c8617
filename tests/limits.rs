//! What cannot fit or end is refused with its size, before anything is allocated or begun.

use std::fmt::Display;
use std::time::{Duration, Instant};

use puremix::catalogue;
use puremix::data::{Dictionary, Source, SparseCode};
use puremix::model::{TiedDeepConfig, TiedShallowConfig, UntiedDeepConfig};
use puremix::prelude::*;

use crate::common::{binary, refuses, stdout};

/// Sizes whose product wraps around to something small.
const HUGE: [(usize, usize); 5] =
    [(1 << 32, 1 << 32), (1 << 63, 2), (usize::MAX, usize::MAX), ((1 << 63) + 1, 2), (1 << 33, 1 << 31)];

/// A refusal takes no time.
fn at_once<T, E: Display>(refused: impl FnOnce() -> Result<T, E>) -> String {
    let started = Instant::now();
    let Err(error) = refused() else { panic!("this is too large") };
    assert!(started.elapsed() < Duration::from_secs(1), "{error} took {:?}", started.elapsed());
    error.to_string()
}

#[test]
fn data_of_any_size_is_refused_or_made() {
    let code = SparseCode { nonzeros: 1, noise: 0.0 };
    let small = Dictionary::uniform(2, 2, 1).unwrap();
    let generators = Source::EXAMPLES.map(|text| text.parse::<Source>().unwrap());
    for (samples, dim) in HUGE {
        let needles = ["would take", "operations", "do not fit into"];
        let generators = generators.iter().filter(|source| source.is_generator());
        for message in generators.map(|source| at_once(|| source.load(samples, dim, 1))).chain([
            at_once(|| Dataset::standard_basis(samples, dim)),
            at_once(|| Dataset::implicit_orthonormal(samples, dim)),
            at_once(|| Dataset::from_rows(vec![0.0; 4], samples, dim)),
            at_once(|| Dictionary::orthonormal(samples, dim, 1)),
            at_once(|| Dictionary::uniform(samples, dim, 1)),
            at_once(|| Dataset::sparse_coded(&small, code, samples, 1)),
        ]) {
            assert!(needles.iter().any(|needle| message.contains(needle)), "{message}");
        }
        assert!(at_once(|| Schedule::sgd(samples, 1, 1)).contains("would take"));
        assert!(at_once(|| Schedule::cyclic_over(samples, 1, vec![0])).contains("would take"));
    }
    // Nothing wraps around here, but it would take days.
    assert_eq!(
        at_once(|| Dataset::orthonormal(20_000, 30_000, 1)),
        "orthonormal rows: 2 x 20000 x 20000 x 30000 = 2.4e13 operations, more than the 1e13 this program takes on"
    );
    assert!(at_once(|| Dataset::coherent(15_000, 16_000, 0.5, 1)).contains("= 1.1e13 operations"));
    let tall = Dataset::from_rows(vec![1.0; 40_000], 40_000, 1).unwrap();
    assert!(at_once(|| tall.gram().cloned()).contains("would take 40000 x 40000 numbers"));
}

#[test]
fn models_and_replicas_of_any_size_are_refused() {
    let (data, compute) = (Dataset::orthonormal(2, 4, 1).unwrap(), Compute::default());
    let relu = Activation::Relu;
    for width in [1 << 30, 1 << 32, 1 << 62, usize::MAX] {
        let shallow = TiedShallowConfig::new(4, width, relu);
        assert!(
            at_once(|| shallow.init(&data, 0.5, 1, 0, &compute))
                .contains("the weights of a layer would take")
        );
        for widths in [vec![width], vec![2, width], vec![2, width, 2]] {
            let deep = TiedDeepConfig::new(4, widths.clone(), relu);
            assert!(at_once(|| deep.init(&data, 0.5, 1, 0, &compute)).contains("would take"));
            let untied = UntiedDeepConfig::new(4, widths, relu).with_bias(true);
            assert!(at_once(|| untied.init(&data, 0.5, 1, 0, &compute)).contains("would take"));
        }
    }
    // Each layer fits, all together do not; nor do very many small ones.
    let deep = TiedDeepConfig::new(4, vec![1 << 15; 3], relu);
    assert!(
        at_once(|| deep.init(&data, 0.5, 1, 0, &compute)).starts_with("the weights of all layers would take")
    );
    let deep = TiedDeepConfig::new(4, vec![1; 1001], relu);
    assert_eq!(
        at_once(|| deep.init(&data, 0.5, 1, 0, &compute)),
        "the number of layers must be at most 1000, got 1001"
    );
    // The weights fit, what they say about all samples does not.
    let many = Dataset::from_rows(vec![1.0; 1 << 16], 1 << 16, 1).unwrap();
    let wide = TiedShallowConfig::new(1, 1 << 15, relu);
    assert!(
        at_once(|| wide.init(&many, 0.5, 1, 0, &compute))
            .starts_with("the activations of a layer would take")
    );

    let problem = Problem::new(data, relu, Reduction::Mean, 0.1).unwrap();
    let (schedule, none) = (Schedule::sgd(2, 1, 1).unwrap(), Vec::new());
    assert!(at_once(|| Reduced::new(&problem, &schedule, &none, 0).map(drop)).contains("at least 1, got 0"));
    assert!(
        at_once(|| Analytic::new(&problem, &schedule, &none, 0, &compute).map(drop)).contains("at least 1")
    );
}

#[test]
fn binaries_refuse_what_cannot_fit_or_end() {
    const MAX: &str = "18446744073709551615";
    let wide = "4294967296";
    for (binary, arguments, needle) in [
        ("gd_limit", vec!["--samples", wide, "--dim", wide], "operations, more than the 1e13"),
        ("gd_limit", vec!["--samples", MAX], "operations, more than the 1e13"),
        ("gd_limit", vec!["--samples", "1", "--dim", MAX], "operations, more than the 1e13"),
        ("sgd_limit", vec!["--samples", MAX], "visits (batch sizes x replicas x samples)"),
        ("sgd_limit", vec!["--samples", "1000"], "visits of samples, by the rate law, for m = 1000 ="),
        ("sgd_limit", vec!["--samples", MAX, "--batch", "1"], "visits (batch sizes x replicas x samples)"),
        ("cyclic_limit", vec!["--samples", wide], "visits (replicas x samples x cycles)"),
        ("hypothesis_map", vec!["--samples", MAX], "the samples would take"),
        ("hypothesis_map", vec!["--samples", "1000000000"], "operations, more than the 1e13"),
        ("landscape", vec!["--samples", "3", "--dim", "100000"], "the spectrum of a dense Hessian"),
        ("sharpness", vec!["--samples", "3", "--dim", wide], "the spectrum of a dense Hessian"),
        ("cyclic_basin", vec!["--starts", wide], "the number of starts of the hunt must be at most 1000000"),
        ("cyclic_theorem", vec!["--step-size", "0.204"], "covers step sizes from 1/128 to 13/64"),
        ("cyclic_theorem", vec!["--step-size", "NaN"], "covers step sizes from 1/128 to 13/64"),
        ("subspace_lottery", vec!["--replicas", "1499"], "the laws need at least 1500 runs a cell"),
        ("depth", vec!["--replicas", "99"], "the laws need at least 100 runs a cell"),
        ("correlated", vec!["--samples", wide], "pairs of runs"),
        ("correlated", vec!["--pairs", wide], "the number of pairs must be at most 10000, got 4294967296"),
        ("deeper", vec!["--samples", MAX], "pairs of runs"),
        ("deeper", vec!["--pairs", MAX], "the number of pairs must be at most 10000"),
        ("digits", vec!["--pairs", MAX], "the number of pairs must be at most 10000"),
        ("speed", vec!["--rounds", MAX], "the number of rounds must be at most 10000"),
        ("speed", vec!["--seconds", "1e300"], "--seconds 1e300: a positive time of at most 3600 is needed"),
        ("speed", vec!["peers", "--case", "4294967296,4294967296,1,1"], "would take"),
        (
            "speed",
            vec!["peers", "--case", "3,3,1,4294967296"],
            "the number of replicas must be at most 1000000",
        ),
    ] {
        refuses(binary, &arguments, needle);
    }
    let help = |name: &str| stdout(&binary(name).arg("--help").output().unwrap());
    let studies = catalogue::ALL.iter().map(|study| study.id);
    let with_replicas: Vec<&str> = studies.filter(|id| help(id).contains("--replicas")).collect();
    assert!(with_replicas.len() > 10, "{with_replicas:?}");
    for binary in with_replicas {
        for count in [wide, MAX] {
            let needle = format!("the number of replicas must be at most 1000000, got {count}");
            refuses(binary, &["--replicas", count], &needle);
        }
    }
}

#[test]
fn train_refuses_what_cannot_fit_or_end() {
    for (arguments, needle) in [
        (
            "--data sparse:9223372036854775809,1 --samples 3 --dim 2",
            "would take 9223372036854775809 x 2 numbers",
        ),
        ("--data coherent:0.5 --samples 4294967296 --dim 4294967296", "would take 12884901888 x 4294967296"),
        (
            "--data equicorrelated:0.5 --samples 30000 --dim 30000",
            "orthonormal rows: 2 x 30000 x 30000 x 30000",
        ),
        ("--data sparse:5,5 --samples 4611686018427387904 --dim 4", "the codes of the samples"),
        ("--model shallow:4294967296 --samples 2 --dim 4294967296", "would take"),
        (
            "--model deep:4294967296-4294967296-4 --samples 2 --dim 4 --steps 1",
            "would take 4294967296 x 4 numbers",
        ),
        ("--model untied:65536-65536 --samples 2 --dim 4 --steps 1", "would take 65536 x 65536 numbers"),
        ("--engine reduced --replicas 4294967296", "the number of replicas must be at most 1000000"),
        (
            "--engine analytic --replicas 18446744073709551615",
            "the number of replicas must be at most 1000000",
        ),
        (
            "--engine autodiff --replicas 18446744073709551615",
            "the number of replicas must be at most 1000000",
        ),
        (
            "--engine reduced --samples 100000 --replicas 100000",
            "the replicas would take 100000 x 100000 numbers",
        ),
    ] {
        refuses("train", &arguments.split(' ').collect::<Vec<_>>(), needle);
    }
    let layers = format!("deep:1{}", "-1".repeat(1000));
    refuses(
        "train",
        &["--model", &layers, "--steps", "1"],
        "the number of layers must be at most 1000, got 1001",
    );
}
