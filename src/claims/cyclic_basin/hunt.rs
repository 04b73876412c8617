//! The conjecture, for almost every start: a hunt for starts from which cyclic SGD does not end in a single datapoint.
//!
//! There are such starts (see [`mixed`](crate::theory::cyclic::mixed)). Random draws find them only if their measure is not zero.

use itertools::Itertools;
use rand::seq::SliceRandom;
use rand::{Rng, RngExt};
use serde::{Deserialize, Serialize};

use super::{Options, Prediction, STUDY};
use crate::error::Result;
use crate::init::Start;
use crate::limit_set::LimitSet;
use crate::model::Activation;
use crate::rng::{Purpose, stream};
use crate::schedule::Schedule;
use crate::state::Neuron;
use crate::study::ensemble::{Ensemble, lead};
use crate::study::{Context, Lab, Part, Row, Table};
use crate::theory::{cyclic, sgd};
use crate::vectors::largest;
use crate::verdict::Register;

/// Starts that share number of samples, step size and norm.
const BLOCK: u64 = 64;

const TOLERANCE: f64 = 1e-6;

/// Bound on the probability that a start of the hunt has not arrived when the budget is used up, if the conjecture is true.
///
/// To stay near a mixed orbit of `k` samples for `T/η²` cycles, where its `k − 1` unstable coordinates grow by `1 + 2η²/k`, each of them
/// must be below `e^{−2T/k}`: a chance of `e^{−2T(k−1)/k}` or so, and the budget leaves `T > 100`. But rounding can hold a run that is within
/// some 1e-15 of a boundary, where the growth of a cycle is lost in it. One of 11 rivals is as near to its own with a probability of
/// `11 · 1e-15/3η`, 5e-14 at most; 1e-12 leaves a factor of 20.
const HELD: f64 = 1e-12;

/// A start that did not arrive.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Counterexample {
    samples: usize,
    step_size: f64,
    seed: u64,
    replica: u64,
    residual: f64,
    /// Separated by blanks.
    correlations: String,
}

impl Row for Counterexample {
    const TABLE: &'static str = "cyclic_counterexamples";
}

/// Random starts, block by block.
pub(super) fn hunted(
    context: &Context,
    options: &Options,
    prediction: &Prediction,
    register: &mut Register,
) -> Part {
    let starts = options.starts.unwrap_or(context.effort.pick(2000, 30_000, 100_000));
    let name =
        "the conjecture, for almost every start: random starts that end in one datapoint of the right sign";
    let why = "m from 2 to 12, η from 0.07 to 0.25, norms from 0.05 to 0.99, a residual; every second start has some of its \
         correlations within 3η of the largest; within 1e-6; a miss would speak against \"almost every\"; rounding may hold a run that \
         starts within 1e-15 of a boundary, which has a probability below 1e-12";
    let expected = register.expect(name, 1.0, why).always(0.99, HELD, starts);
    let conjecture = prediction.conjecture;
    Box::new(move |lab, findings| {
        let blocks = 0..starts.div_ceil(BLOCK);
        let misses =
            lab.each(blocks, |block| hunt(lab, conjecture, block, BLOCK.min(starts - block * BLOCK)))?;
        let misses = misses.concat();
        let missed = misses.len() as u64;
        findings.checks.push(expected.counted(starts - missed, starts));
        findings.protocol.push(format!(
            "A hunt over {starts} random starts, m from 2 to 12, η from 0.07 to 0.25, norms from 0.05 to 0.99, n = m + 1, every second with \
             correlations within 3η of the largest."
        ));
        findings.notes.push(format!(
            "The hunt found {missed} of {starts} starts that end in no datapoint. Such starts exist, on the boundaries of the basins, but random draws find \
             a set of measure zero with probability 0: the hunt can speak against \"almost every start\", it cannot tell \"every\" from \"almost every\"."
        ));
        findings.tables.push(Table::of(misses));
        Ok(())
    })
}

/// A start with a random number of its correlations moved to within `3η` of the largest, in log-ratio, signs and norm
/// kept: where the order decides.
fn close_to_ties(ensemble: &Ensemble, start: &Start, eta: f64, rng: &mut impl Rng) -> Result<Start> {
    let mut c = start.correlations.clone();
    let top = largest(c.iter().map(|c| c.abs()));
    let leaders = rng.random_range(2..=c.len());
    c.shuffle(rng);
    for c in &mut c[..leaders] {
        *c = c.signum() * top * (-3.0 * eta * rng.random::<f64>()).exp();
    }
    c.shuffle(rng);
    let norm_sq = c.iter().map(|c| c * c).sum::<f64>() + start.residual * start.residual;
    let scale = (start.norm_sq / norm_sq).sqrt();
    c.iter_mut().for_each(|c| *c *= scale);
    ensemble.start(&c, scale * start.residual)
}

/// The starts of a block that did not arrive.
fn hunt(
    lab: &Lab,
    conjecture: fn(&[f64], Activation) -> LimitSet,
    block: u64,
    count: u64,
) -> Result<Vec<Counterexample>> {
    let seed = lab.cell_seed(&STUDY, 2 << 32);
    let mut rng = stream(seed, Purpose::Protocol, block);
    let samples = rng.random_range(2..=12);
    let eta = 0.07 * (0.25f64 / 0.07).powf(rng.random());
    let norm = 0.05 + 0.94 * rng.random::<f64>();
    let rate = cyclic::rate(samples, eta);
    // From a tie within rounding it takes log 1e16 / λ to part, and log 1e6 / λ to arrive: a third of the budget.
    let ensemble = Ensemble::new(Schedule::cyclic(samples, 1)?, eta, 4.0 / rate, 150.0 / rate)?;
    let mut starts: Vec<Start> = ensemble.gaussian(norm, seed, block * BLOCK, count)?;
    for start in starts.iter_mut().skip(1).step_by(2) {
        *start = close_to_ties(&ensemble, start, eta, &mut rng)?;
    }
    let rule = |_, neuron: &Neuron| {
        let set = sgd::limit_set(&neuron.correlations, Activation::Linear);
        let leader = lead(neuron).0;
        let sign = if neuron.correlations[leader] > 0.0 { 1 } else { -1 };
        (set.distance(neuron) < TOLERANCE).then_some((leader, sign))
    };
    let ends = ensemble.run(&starts, block * BLOCK, rule)?;
    let misses = (0..).zip(&starts).zip(ends).filter(|((_, start), end)| {
        let allowed = conjecture(&start.correlations, Activation::Linear);
        !end.is_some_and(
            |(leader, sign)| matches!(&allowed, LimitSet::Datapoints(signs) if signs[leader] == sign),
        )
    });
    let row = |(k, start): (u64, &Start)| Counterexample {
        samples,
        step_size: eta,
        seed,
        replica: block * BLOCK + k,
        residual: start.residual,
        correlations: start.correlations.iter().join(" "),
    };
    Ok(misses.map(|(missed, _)| row(missed)).collect())
}
