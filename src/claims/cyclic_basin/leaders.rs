//! Who wins from random starts, and over the simplex of three.

use itertools::Itertools;
use rand::RngExt;
use serde::{Deserialize, Serialize};

use super::{Prediction, STUDY, decided};
use crate::error::Result;
use crate::init::Start;
use crate::rng::{Purpose, stream};
use crate::schedule::Schedule;
use crate::stats::{CHECK_LEVEL, Interval, binomial_interval};
use crate::study::ensemble::Ensemble;
use crate::study::{Context, Part, Row, Table};
use crate::text::number;
use crate::vectors;
use crate::verdict::Register;

/// How often the largest correlation loses, measured and to first order.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct LargestLoses {
    samples: usize,
    step_size: f64,
    largest_loses: f64,
    standard_error: f64,
    first_order: f64,
    prediction_wrong: f64,
    runs: u64,
}

impl Row for LargestLoses {
    const TABLE: &'static str = "cyclic_largest_loses";
}

/// The winner from one start on the simplex; none if the run did not decide.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct OnSimplex {
    pub share_0: f64,
    pub share_1: f64,
    pub share_2: f64,
    pub init_norm: f64,
    pub step_size: f64,
    /// A sample, or `none`.
    pub winner: String,
    pub first_order: usize,
    pub largest: usize,
}

impl Row for OnSimplex {
    const TABLE: &'static str = "cyclic_simplex";
}

fn ensemble(samples: usize, eta: f64) -> Result<Ensemble> {
    let cycle = samples as f64 / (eta * eta);
    Ensemble::new(Schedule::cyclic(samples, 1)?, eta, 0.5 * cycle, 1000.0 * cycle)
}

fn largest_of(c: &[f64]) -> usize {
    // The last one on a tie, which the simplex has; correlations of starts are numbers.
    (0..c.len()).max_by(|&i, &j| c[i].abs().total_cmp(&c[j].abs())).unwrap_or(0)
}

/// Gaussian starts of one size under one step size, with the largest correlation and the winner to first order of each.
struct Drawn {
    ensemble: Ensemble,
    starts: Vec<Start>,
    largest: Vec<usize>,
    foretold: Vec<usize>,
}

impl Drawn {
    fn new(
        context: &Context,
        prediction: &Prediction,
        (samples, eta, stream): (usize, f64, u64),
        replicas: u64,
    ) -> Result<Self> {
        let ensemble = ensemble(samples, eta)?;
        let seed = context.cell_seed(&STUDY, (samples as u64) << 8 | stream);
        let starts = ensemble.gaussian(0.5, seed, 0, replicas)?;
        let largest = starts.iter().map(|start| largest_of(&start.correlations)).collect();
        let winner = |start: &Start| (prediction.winner)(&start.correlations, start.norm_sq, eta);
        let foretold = starts.iter().map(winner).collect();
        Ok(Self { ensemble, starts, largest, foretold })
    }
}

/// The cell that is held to its prediction.
const JUDGED: (usize, f64) = (12, 0.05);

/// Gaussian starts: how often the largest correlation loses, measured and to first order.
pub(super) fn random_starts(
    context: &Context,
    prediction: &Prediction,
    register: &mut Register,
) -> Result<Part> {
    let replicas = context.effort.pick(4000, 7500, 16_000);
    let etas: &[f64] = context.effort.pick(&[0.1, 0.05], &[0.2, 0.1, 0.05], &[0.2, 0.1, 0.05]);
    let sizes = context.effort.pick(vec![12], vec![3, 12], vec![3, 12, 40]);
    let of_size = |samples| (0..).zip(etas).map(move |(stream, &eta)| (samples, eta, stream));
    let cells: Vec<(usize, f64, u64)> = sizes.iter().copied().flat_map(of_size).collect();
    let judged = cells.iter().position(|&(samples, eta, _)| (samples, eta) == JUDGED).expect("it is drawn");
    let loses = Drawn::new(context, prediction, cells[judged], replicas)?.loses();
    let (samples, eta) = JUDGED;
    // In 56,000 starts it was −0.0003 ± 0.0003.
    let left = eta * eta;
    let why = format!(
        "first order in η, for the very same starts: the interval is that of the difference, from exact ones of the starts that are lost and not \
         foretold and the other way round, and {} wider on either side for what the next order may be",
        number(left)
    );
    let name = format!(
        "m = {samples}, η = {eta}, Gaussian starts: fraction of runs in which the largest correlation loses"
    );
    let expected = register.expect(name, loses, why).covered(context.effort.pick(0.016, 0.0124, 0.0127));
    let told = format!(
        "The winner of {replicas} Gaussian starts of norm ½ a cell, m = {}, η = {}.",
        sizes.iter().join(", "),
        etas.iter().join(", ")
    );
    let prediction = prediction.clone();
    Ok(Box::new(move |lab, findings| {
        let cells = lab.each(cells, |cell| {
            let drawn = Drawn::new(lab, &prediction, cell, replicas)?;
            let won = drawn.ensemble.each(lab, &drawn.starts, decided)?;
            Ok((drawn.difference(&won, left), drawn.row(&won, cell)))
        })?;
        let share = cells[judged].1.largest_loses;
        let Interval { low, high } = cells[judged].0;
        let interval = Interval { low: loses + low, high: loses + high };
        findings.checks.push(expected.estimated(share, interval, replicas));
        findings.protocol.push(told);
        findings.tables.push(Table::of(cells.into_iter().map(|(_, row)| row)));
        Ok(())
    }))
}

impl Drawn {
    /// Share of the starts whose largest correlation loses to first order.
    fn loses(&self) -> f64 {
        let loses = self.foretold.iter().zip(&self.largest).filter(|(a, b)| a != b).count();
        loses as f64 / self.starts.len() as f64
    }

    /// Interval of the share of the starts whose largest correlation loses, less that of those of which it is foretold: one start in many is in one
    /// of them alone. Each of the two kinds has an exact interval at half the level; `left` is what the difference may be.
    fn difference(&self, won: &[Option<usize>], left: f64) -> Interval {
        let starts = || self.largest.iter().zip(&self.foretold).zip(won);
        let [more, less] = [true, false].map(|more| {
            let is_alone = |((largest, foretold), won): &((&usize, &usize), &Option<usize>)| {
                let (lost, said) = (*won != &Some(**largest), foretold != largest);
                lost != said && lost == more
            };
            let count = starts().filter(is_alone).count() as u64;
            binomial_interval(count, won.len() as u64, 0.5 * CHECK_LEVEL)
        });
        Interval { low: more.low - less.high - left, high: more.high - less.low + left }
    }

    /// What runs from all starts of a cell came to.
    fn row(&self, won: &[Option<usize>], (samples, step_size, _): (usize, f64, u64)) -> LargestLoses {
        let n = won.len() as f64;
        let differs = |from: &[usize]| won.iter().zip(from).filter(|(won, i)| **won != Some(**i)).count();
        let largest_loses = differs(&self.largest) as f64 / n;
        LargestLoses {
            samples,
            step_size,
            largest_loses,
            standard_error: (largest_loses * (1.0 - largest_loses) / n).sqrt(),
            first_order: self.loses(),
            prediction_wrong: differs(&self.foretold) as f64 / n,
            runs: won.len() as u64,
        }
    }
}

/// The order's law in `η`: starts whose runner-up is visited earlier and behind by `x η`, `x` uniform on `(0, 2)`. It
/// wins iff `x < B`, at any small `η`.
pub(super) fn close_calls(context: &Context, prediction: &Prediction, register: &mut Register) -> Part {
    let (samples, eta) = (6, 0.02);
    let replicas = context.effort.pick(1600, 1600, 8000);
    let name = "m = 6, η = 0.02, runner-up earlier and behind by up to 2η: fraction of winners not predicted";
    let bound = context.effort.pick(0.04, 0.04, 0.019);
    let why = "a wrong winner needs a lead within O(η²) of the head start, or a third sample within O(η): at 0.0054 of the starts, as seen in \
         80,000, the interval ends above the bound with a probability below 1e-8; without a head start 0.3 to 0.4 would be wrong";
    let expected = register.expect(name, bound, why).bounded();
    let prediction = prediction.clone();
    Box::new(move |lab, findings| {
        let ensemble = ensemble(samples, eta)?;
        let seed = lab.cell_seed(&STUDY, 1 << 32);
        let mut rng = stream(seed, Purpose::Protocol, 0);
        let mut starts = Vec::new();
        for start in ensemble.gaussian(0.5, seed, 0, replicas)? {
            let c = close(start.correlations, 2.0 * eta * rng.random::<f64>());
            starts.push(ensemble.start(&c, start.residual)?);
        }
        let won = ensemble.each(lab, &starts, decided)?;
        let predicted = |start: &Start| (prediction.winner)(&start.correlations, start.norm_sq, eta);
        let wrong =
            starts.iter().zip(won).filter(|(start, won)| *won != Some(predicted(start))).count() as u64;
        let interval = binomial_interval(wrong, replicas, CHECK_LEVEL);
        findings.checks.push(expected.estimated(wrong as f64 / replicas as f64, interval, replicas));
        findings.protocol.push(format!("The winner of {replicas} close calls, m = {samples}, η = {eta}."));
        Ok(())
    })
}

/// Moves the two largest: the one visited later on top, the other behind by a log-ratio.
fn close(mut c: Vec<f64>, behind: f64) -> Vec<f64> {
    let largest = largest_of(&c);
    let others = (0..c.len()).filter(|j| *j != largest);
    let runner_up = others.max_by(|&i, &j| c[i].abs().total_cmp(&c[j].abs())).unwrap_or(0);
    let top = c[largest].abs();
    c[largest.min(runner_up)] = top * (-behind).exp();
    c[largest.max(runner_up)] = top;
    c
}

/// Three samples: the winner over the simplex of starts, for a map; norm ½.
pub(super) fn simplex(context: &Context, prediction: &Prediction) -> Part {
    let n: usize = context.effort.pick(12, 60, 120);
    let (step_size, init_norm) = (0.15, 0.5);
    let winner = prediction.winner;
    Box::new(move |lab, findings| {
        let ensemble = ensemble(3, step_size)?;
        let mut starts = Vec::new();
        for (k, j) in (0..n).flat_map(|k| (0..n - k).map(move |j| (k, j))) {
            let c = [k, j, n - 1 - k - j].map(|x| (x as f64 + 1.0 / 3.0) / n as f64);
            let length = vectors::norm(&c);
            starts.push(ensemble.start(&c.map(|c| init_norm * c / length), 0.0)?);
        }
        let won = ensemble.each(lab, &starts, decided)?;
        let rows = starts.iter().zip(won).map(|(start, won)| {
            let c = &start.correlations;
            let total: f64 = c.iter().sum();
            OnSimplex {
                share_0: c[0] / total,
                share_1: c[1] / total,
                share_2: c[2] / total,
                init_norm,
                step_size,
                winner: won.map_or("none".into(), |i| i.to_string()),
                first_order: winner(c, start.norm_sq, step_size),
                largest: largest_of(c),
            }
        });
        findings.tables.push(Table::of(rows));
        findings.protocol.push(format!("The winner over {} starts on the simplex for m = 3.", starts.len()));
        Ok(())
    })
}
