//! Where SGD ends, over batch sizes, and how it mixes the datapoints in single neurons; full batches end elsewhere.

use super::runs::{Ensemble, gaussian};
use super::{Prediction, STUDY};
use crate::error::Result;
use crate::schedule::Schedule;
use crate::stats::{CHECK_LEVEL, Mean};
use crate::study::pool::{Pool, Tally};
use crate::study::{Context, Lab, Part};
use crate::vectors::smallest;
use crate::verdict::Register;

/// Samples, neurons and batches; `b` divides `m` or not, and is 1, 2 and all but one.
const SIZES: [(usize, usize, usize); 8] =
    [(3, 2, 1), (3, 2, 2), (5, 2, 2), (5, 3, 1), (6, 3, 4), (7, 2, 3), (4, 3, 3), (6, 4, 2)];

/// Dimensions outside the span of the samples.
const OUTSIDE: usize = 2;

const STEP: f64 = 0.15;

/// Largest entry of `WᵀW` less a coordinate projector at which a run counts as ended.
const TOLERANCE: f64 = 1e-8;

/// Time `κt` that a run is given.
const TIME: f64 = 400.0;

/// Bound on the probability that a run takes longer: once a set leads, the log-ratio of another one drifts by `τ` at least with variance `2τ`, and
/// 18 of 400 is 13 standard deviations below.
const LATE: f64 = 1e-12;

/// Runs from random starts that must all end in a coordinate projector, and their first neurons, which are mixed by a uniform orthogonal matrix.
pub(super) fn every_batch(context: &Context, prediction: &Prediction, register: &mut Register) -> Part {
    let replicas: u64 = context.effort.pick(25, 100, 400);
    let labels: Vec<String> = SIZES.iter().map(|(m, k, b)| format!("m = {m}, k = {k}, b = {b}")).collect();
    let runs = SIZES.len() as f64 * replicas as f64;
    let pool = Pool::new(
        register,
        "runs that end in the coordinate projector of k datapoints, b < m",
        "as Theorem 2 for one neuron; sum reduction, η_B = 0.15, random starts; all entries of WᵀW within 1e-8",
        &labels,
        context.effort.pick((0.93, 0.55), (0.98, 0.85), (0.995, 0.955)),
        runs * LATE,
    );
    let mixed = register
        .expect(
            "… mean of Σ_i C_1i⁴ of the first neuron at the end, less 3/(k + 2)",
            0.0,
            "W = U E_S with U uniform over the orthogonal matrices, as the law of the start is the same for QW_0 as for W_0, at any η; a pure neuron has 1",
        )
        .covered(context.effort.pick(0.08, 0.04, 0.0198));
    let prediction = prediction.clone();
    Box::new(move |lab, findings| {
        let (mut tallies, mut fourth) = (Vec::new(), Vec::new());
        for (cell, size) in (0..).zip(SIZES) {
            let seen = ends(lab, &prediction, size, replicas, cell)?;
            let hits = seen.iter().flatten().count() as u64;
            tallies.push(Tally { trials: replicas, hits, ..Tally::default() });
            let expected = (prediction.fourth_powers)(size.1);
            fourth.extend(seen.into_iter().flatten().map(|powers| powers - expected));
        }
        findings.checks.extend(pool.counted(&tallies));
        let mean = Mean::of(&fourth);
        findings.checks.push(mixed.estimated(mean.mean, mean.interval(CHECK_LEVEL), mean.n as u64));
        findings.protocol.push(format!(
            "Random batches by the recursion: {replicas} random starts for each of {} triples (m, k, b), two dimensions outside the span, η_B = {STEP}, until WᵀW is within \
             {TOLERANCE:e} of the projector on k datapoints.",
            SIZES.len()
        ));
        Ok(())
    })
}

/// `Σ_i C_{1i}⁴` at the end of each run that ends.
fn ends(
    lab: &Lab,
    prediction: &Prediction,
    (samples, neurons, batch): (usize, usize, usize),
    replicas: u64,
    cell: u64,
) -> Result<Vec<Option<f64>>> {
    let seed = lab.cell_seed(&STUDY, 2 << 32 | cell);
    let budget = TIME / (prediction.diffusion_rate)(samples, batch, STEP);
    let schedule = Schedule::sgd(samples, batch, seed)?;
    let ensemble = Ensemble { schedule, step_per_sample: STEP, every: 64, budget: budget as u64 };
    let start = |replica| gaussian(neurons, samples + OUTSIDE, seed, replica);
    ensemble.run(
        lab,
        replicas,
        start,
        |_| (),
        |(), layer| {
            let (c, map) = (layer.correlations(), layer.map());
            let outside = (samples..samples + OUTSIDE).map(|j| map[(j, j)]).fold(0.0, f64::max);
            let ended = (prediction.distance)(&c) <= TOLERANCE && outside <= TOLERANCE * TOLERANCE;
            ended.then(|| c.row(0).iter().map(|c| c.powi(4)).sum())
        },
    )
}

/// Samples and neurons of the control.
const MIXED: (usize, usize) = (6, 3);

/// With all samples in every batch no run comes near a coordinate projector.
pub(super) fn full_batches_do_not(
    context: &Context,
    prediction: &Prediction,
    register: &mut Register,
) -> Part {
    let replicas: u64 = context.effort.pick(10, 40, 100);
    let expected = register
        .expect(
            "b = m instead: least distance of WᵀW from a coordinate projector at the end",
            prediction.gap,
            "the projector on a random subspace; balls of this radius around the 20 coordinate projectors, in nine dimensions, have a share below 1e-9",
        )
        .control()
        .chance(1e-7)
        .at_least();
    let distance = prediction.distance;
    Box::new(move |lab, findings| {
        let (samples, neurons) = MIXED;
        let seed = lab.cell_seed(&STUDY, 3 << 32);
        let schedule = Schedule::full_batch(samples)?;
        let ensemble = Ensemble { schedule, step_per_sample: STEP, every: 2000, budget: 2000 };
        let start = |replica| gaussian(neurons, samples + OUTSIDE, seed, replica);
        let seen =
            ensemble.run(lab, replicas, start, |_| (), |(), layer| Some(distance(&layer.correlations())))?;
        findings.checks.push(expected.measured(smallest(seen.into_iter().flatten()), replicas));
        findings
            .protocol
            .push(format!("The same with b = m = {samples}, k = {neurons}: {replicas} runs of 2000 steps."));
        Ok(())
    })
}
