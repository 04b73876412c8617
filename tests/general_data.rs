//! Beyond orthonormal rows: the general path at ρ = 0, engines against each other on correlated and real data, and what a step from
//! a datapoint does there.

use puremix::data::{Dataset, Dictionary, Normalisation, SparseCode, digits};
use puremix::device::Compute;
use puremix::engine::{Autodiff, Engine, Reduced};
use puremix::init::Start;
use puremix::model::Activation;
use puremix::problem::{Problem, Reduction};
use puremix::schedule::{Schedule, ScheduleKind};
use puremix::theory::correlated::{descent, fixed};

const KINDS: [ScheduleKind; 3] = [ScheduleKind::Gd, ScheduleKind::Sgd, ScheduleKind::Cyclic];

fn distance(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt()
}

#[test]
fn no_correlation_through_the_general_path_is_the_orthonormal_case() {
    let (m, n) = (7, 10);
    let special = Dataset::orthonormal(m, n, 5).unwrap();
    let general = Dataset::equicorrelated(m, n, 0.0, 5).unwrap().treated_as_general();
    assert!(special.is_orthonormal() && !general.is_orthonormal());
    let w0 = Start::gaussian(&special, 0.5, 3, 1).unwrap().weights.unwrap();
    for (kind, activation) in KINDS.into_iter().flat_map(|kind| Activation::PAPER.map(|a| (kind, a))) {
        let batch = if kind == ScheduleKind::Gd { m } else { 3 };
        let schedule = Schedule::new(kind, m, Some(batch), 8).unwrap();
        let engine = |data: &Dataset| {
            let start = Start::from_weights(data, w0.clone()).unwrap();
            let problem = Problem::new(data.clone(), activation, Reduction::Sum, 0.13).unwrap();
            Reduced::new(&problem, &schedule, &[start], 1).unwrap()
        };
        let (mut special, mut general) = (engine(&special), engine(&general));
        for step in 0..2000 {
            special.advance(1);
            general.advance(1);
            let d = distance(&special.weights(0).unwrap(), &general.weights(0).unwrap());
            assert!(d < 1e-12, "{kind:?} {activation:?} step {step}: {d:e}");
            let (a, b) = (special.neurons(0).remove(0), general.neurons(0).remove(0));
            assert!(
                distance(&a.correlations, &b.correlations) < 1e-12 && (a.residual - b.residual).abs() < 1e-12
            );
        }
    }
}

/// Unit rows of every kind, with a batch that does not divide their number.
fn unit_data() -> Vec<(&'static str, Dataset, usize)> {
    let dictionary = Dictionary::uniform(17, 9, 6).unwrap();
    let code = SparseCode { nonzeros: 3, noise: 0.2 };
    let sparse = Dataset::sparse_coded(&dictionary, code, 31, 6).unwrap();
    vec![
        ("equicorrelated", Dataset::equicorrelated(9, 13, 0.3, 2).unwrap(), 4),
        ("against each other", Dataset::equicorrelated(9, 13, -0.11, 2).unwrap(), 2),
        ("coherent, m > n", Dataset::coherent(11, 5, 0.9, 2).unwrap(), 1),
        ("sparse", sparse.normalised(Normalisation::Unit).unwrap(), 5),
        ("digits", digits().images.normalised(Normalisation::Unit).unwrap(), 7),
        ("digits, centred", digits().images.normalised(Normalisation::CentredUnit).unwrap(), 1),
    ]
}

#[test]
fn the_gram_engine_agrees_with_autodiff_on_correlated_and_real_data() {
    let compute = Compute::default();
    for (name, data, batch) in unit_data() {
        assert!(!data.is_orthonormal(), "{name}");
        for activation in Activation::PAPER {
            let m = data.samples();
            let schedule = Schedule::sgd(m, batch, 4).unwrap();
            let start = Start::gaussian(&data, 0.5, 6, 0).unwrap();
            let problem = Problem::new(data.clone(), activation, Reduction::Mean, 0.11).unwrap();
            let mut autodiff = Autodiff::single_neuron(&problem, &schedule, &start, 0, &compute).unwrap();
            let mut reduced = Reduced::new(&problem, &schedule, std::slice::from_ref(&start), 0).unwrap();
            for step in (0..2000).step_by(50) {
                autodiff.advance(50);
                reduced.advance(50);
                let d = distance(&autodiff.weights(0).unwrap(), &reduced.weights(0).unwrap());
                assert!(d < 1e-10, "{name} {activation:?} step {step}: {d:e}");
            }
        }
    }
}

#[test]
fn the_full_batch_agrees_on_the_digits() {
    let data = digits().images.normalised(Normalisation::Unit).unwrap();
    let schedule = Schedule::full_batch(data.samples()).unwrap();
    let start = Start::gaussian(&data, 0.5, 6, 0).unwrap();
    let problem = Problem::new(data, Activation::Relu, Reduction::Mean, 0.3).unwrap();
    let mut autodiff = Autodiff::single_neuron(&problem, &schedule, &start, 0, &Compute::default()).unwrap();
    let mut reduced = Reduced::new(&problem, &schedule, std::slice::from_ref(&start), 0).unwrap();
    autodiff.advance(200);
    reduced.advance(200);
    let d = distance(&autodiff.weights(0).unwrap(), &reduced.weights(0).unwrap());
    assert!(d < 1e-10, "{d:e}");
}

#[test]
fn theory_of_correlated_data_meets_the_engines() {
    // Where GD ends, and how far one SGD step leads away from a datapoint.
    let (m, n, eta) = (6, 8, 0.3);
    for (rho, activation) in
        [-0.15, 0.08, 0.4].into_iter().flat_map(|rho| Activation::PAPER.map(|a| (rho, a)))
    {
        let data = Dataset::equicorrelated(m, n, rho, 3).unwrap();
        let problem = Problem::new(data.clone(), activation, Reduction::Mean, eta).unwrap();
        let start = Start::gaussian(&data, 0.5, 2, 0).unwrap();
        let limit = descent::equicorrelated_limit(rho, &start.correlations, activation).unwrap();
        let schedule = Schedule::full_batch(m).unwrap();
        let mut gd = Reduced::new(&problem, &schedule, &[start], 0).unwrap();
        // 60 times 1/(η|ρ|) for the smallest |ρ|.
        gd.advance(2500);
        let d = distance(&gd.neurons(0)[0].correlations, &limit);
        assert!(d < 1e-12, "ρ = {rho} {activation:?}: {d:e}");

        let row = data.rows().unwrap()[2 * n..3 * n].to_vec();
        let schedule = Schedule::sgd(m, 3, 5).unwrap();
        let start = Start::from_weights(&data, row.clone()).unwrap();
        let mut sgd = Autodiff::single_neuron(&problem, &schedule, &start, 0, &Compute::default()).unwrap();
        sgd.advance(1);
        let mut batches = schedule.stream(0);
        let gram = data.gram().unwrap();
        let predicted = fixed::displacement(gram, 2, batches.next_batch(), activation, eta / 3.0);
        let moved = distance(&sgd.weights(0).unwrap(), &row);
        assert!((moved - predicted).abs() < 1e-14, "ρ = {rho} {activation:?}: {moved} {predicted}");
    }
}
