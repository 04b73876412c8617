//! Which set of samples wins, and when: several starts and batch sizes at small steps.

use itertools::Itertools;
use nalgebra::DMatrix;

use super::identity::{self, STOP, Walk};
use super::monte_carlo::{blocks, of_blocks, of_dropped, plane};
use super::row::{SetOdds, SetTime};
use super::runs::Ensemble;
use super::{Prediction, STUDY};
use crate::error::Result;
use crate::schedule::Schedule;
use crate::stats::{
    CHECK_LEVEL, ESTIMATE_LEVEL, Fit, Interval, Mean, binomial_interval, goodness_of_fit, noticed,
    noticed_misfit,
};
use crate::study::{Context, Lab, Part, Table};
use crate::theory::selection::diffusion_rate;
use crate::theory::subspace::{by_volume, cosines, mean_log_cosine, polar_factor, proportional, sets};
use crate::vectors::{arg_max, largest};
use crate::verdict::{OneSided, Register, Relation, SameLaw};

/// `Σ_{B≠S} |π̂_B|/|π̂_S|` at which a run counts as decided. Of the limit diffusion, the probability of another end is at most that.
const DECIDED: f64 = 1e-3;

/// Time `κt` that a run is given, of which a mean one takes 9, and time between looks.
const TIME: f64 = 400.0;
const LOOK: f64 = 0.08;

/// Standard errors that the largest of five deviations may have: with probability below 1e-6, a skewness of 2 included.
const LARGEST: f64 = 5.5;

/// Normal vector of two neurons of three samples, and angles of two neurons of two samples each over `π/2`.
const NORMAL: [f64; 3] = [5.0, 3.0, 2.0];
const ANGLES: [f64; 2] = [0.3, 0.6];

/// Two neurons of four samples, in general position.
const GENERAL: [f64; 8] = [0.9, 0.5, 0.3, 0.1, -0.2, 0.6, 0.5, 0.8];

/// Batch sizes from [`GENERAL`].
const BATCHES: [usize; 3] = [1, 2, 3];

/// Where runs start.
struct Start {
    name: &'static str,
    c: DMatrix<f64>,
    /// Odds of the sets, and their standard errors.
    odds: Vec<f64>,
    errors: Vec<f64>,
}

/// What became of a run: the set that won, by its number, the steps, the fall of the mean of `log|π̂_S|`, and `e^{A/2}|π̂_S|` where it was decided or stopped.
#[derive(Clone)]
pub(super) struct End {
    pub set: usize,
    pub steps: f64,
    pub fall: f64,
    pub weighted: Vec<f64>,
}

/// Runs of one start and batch size.
pub(super) struct Cell<'a> {
    start: &'a Start,
    pub batch: usize,
    step: f64,
    pub ends: Vec<End>,
}

/// Step sizes, the second half of the first, by runs a cell: a bias of order `η` in the times is extrapolated away, one in the odds was not seen in 40,000 runs at 0.2.
fn steps(replicas: u64) -> [f64; 2] {
    if replicas >= 12_000 { [0.1, 0.05] } else { [0.2, 0.1] }
}

/// Odds of sets over starts and batch sizes; the clock and the fall of `log|π̂_S|` over batch sizes; a wrong guess.
pub(super) fn odds_and_clock(
    context: &Context,
    replicas: u64,
    prediction: &Prediction,
    register: &mut Register,
) -> Part {
    let (odds, guess, times, identity) = expect(context, register);
    let tolerance = context.effort.pick(2e-3, 5e-4, 3e-4);
    let prediction = prediction.clone();
    Box::new(move |lab, findings| {
        let starts = starts(lab, &prediction, tolerance);
        let [coarse, fine] = steps(replicas);
        let mut cells = Vec::new();
        for (k, (start, batch)) in (0..).zip(at_the_fine_step(&starts)) {
            cells.push(Cell::run(lab, &prediction, (start, batch), fine, replicas, 8 << 32 | k)?);
        }
        let mut wide = Vec::new();
        for (k, batch) in (0..).zip(BATCHES) {
            wide.push(Cell::run(lab, &prediction, (&starts[0], batch), coarse, replicas, 9 << 32 | k)?);
        }
        let fits: Vec<Fit> = cells.iter().map(|cell| cell.fit(&cell.start.odds)).collect();
        let runs = cells.iter().map(|cell| cell.ends.len() as u64).sum();
        findings.checks.push(odds.tested(goodness_of_fit(&fits), noticed_misfit(&fits, CHECK_LEVEL), runs));
        let general = &cells[..BATCHES.len()];
        let guesses: Vec<Fit> =
            general.iter().map(|cell| cell.fit(&(prediction.guess)(&cosines(&cell.start.c)))).collect();
        findings.checks.push(guess.measured(goodness_of_fit(&guesses), BATCHES.len() as u64 * replicas));
        let (worst, detects) = deviations(&prediction, &wide, general);
        findings.checks.push(times.tested(worst, detects, 2 * BATCHES.len() as u64 * replicas));
        let weights = (prediction.weights)(&starts[0].c);
        identity.judge(&weights, &sets(4, 2), &wide, general, findings);
        let all = || general.iter().chain(&wide);
        findings.tables.push(Table::of(cells.iter().chain(&wide).flat_map(Cell::odds)));
        findings.tables.push(Table::of(all().map(|cell| cell.time(&prediction))));
        findings.protocol.push(format!(
            "Starts on the manifold WWᵀ = I by the recursion, {replicas} runs a cell until the Plücker coordinate of a set exceeds the sum of all others by a factor of {}: m = 4, k = 2 in \
             general position at b = 1, 2, 3 and η_B = {coarse} and {fine}; at η_B = {fine} also m = 3, k = 2, normal ∝ 5, 3, 2, at b = 1, 2, and two neurons of two samples each, b = 2. \
             A is summed along every run by the trapezoidal rule over looks every {LOOK} of κt, and e^(A/2)|π̂_S| is stopped where A reaches {STOP}.",
            1.0 / DECIDED
        ));
        Ok(())
    })
}

/// What the odds, the guess, the times and the weighted odds are held to.
fn expect(context: &Context, register: &mut Register) -> (SameLaw, OneSided, SameLaw, identity::Expected) {
    let odds = register
        .expect(
            "sets of k datapoints, six cells: P-value of the odds (χ² test)",
            CHECK_LEVEL,
            "m = 4, k = 2, b = 1, 2, 3 against the Monte Carlo; m = 3, k = 2, b = 1, 2 against the lattice by duality; two neurons that share no sample, b = 2, against a product of arctan \
             laws; what is left of order η adds a noncentrality below 1; differences are those of the odds of one cell, relative, in root mean square",
        )
        .chance(1.5 * CHECK_LEVEL)
        .same_law(Relation::AtLeast, context.effort.pick(0.27, 0.135, 0.0955));
    let guess = register
        .expect(
            "… of the guess π̂_S² instead, m = 4, k = 2",
            CHECK_LEVEL,
            "the share of the squared volume is off by up to 0.08: a noncentrality of 600 at 1500 runs a cell",
        )
        .control()
        .chance(1e-9)
        .at_most();
    let times = register
        .expect(
            "m = 4, k = 2: k(m − k)κT/m less the fall of log|π̂_S|, and κT less that at b = 1, in the mean, in standard errors: largest over b",
            LARGEST,
            "optional stopping of a martingale, and one clock κ for every b; κ with log 1/(1 − η_B²) for η_B² in the first; 2 f(η/2) − f(η); \
             normal quantile over five; differences are relative to κT",
        )
        .chance(0.5 * CHECK_LEVEL)
        .same_law(Relation::AtMost, context.effort.pick(0.293, 0.147, 0.104));
    (odds, guess, times, identity::expect(context, register))
}

/// The general start, the plane and the blocks, with their odds.
fn starts(lab: &Lab, prediction: &Prediction, tolerance: f64) -> [Start; 3] {
    let general = DMatrix::from_row_slice(2, 4, &GENERAL);
    let odds = (prediction.odds)(&general, tolerance, lab.cell_seed(&STUDY, 10 << 32));
    let plane = plane(NORMAL);
    let dropped = of_dropped(&(prediction.dropped)(&plane, 1e-5, 0));
    let of_blocks = of_blocks(prediction.pair, ANGLES);
    let start =
        |name, c: &DMatrix<f64>, odds: Vec<f64>, errors| Start { name, c: polar_factor(c), odds, errors };
    let exact = |odds: Vec<f64>| (odds.clone(), vec![0.0; odds.len()]);
    let ((dropped, none), (of_blocks, nothing)) = (exact(dropped), exact(of_blocks));
    [
        start("m = 4, general", &general, odds.probabilities, odds.errors),
        start("m = 3, normal ∝ 5, 3, 2", &plane, dropped, none),
        start("m = 4, two blocks", &blocks(ANGLES), of_blocks, nothing),
    ]
}

/// Starts and batch sizes at the smaller step, those of the general start first.
fn at_the_fine_step([general, plane, blocks]: &[Start; 3]) -> Vec<(&Start, usize)> {
    let mut cells: Vec<(&Start, usize)> = BATCHES.iter().map(|&batch| (general, batch)).collect();
    cells.extend([(plane, 1), (plane, 2), (blocks, 2)]);
    cells
}

impl<'a> Cell<'a> {
    fn run(
        lab: &Lab,
        prediction: &Prediction,
        (start, batch): (&'a Start, usize),
        step: f64,
        replicas: u64,
        cell: u64,
    ) -> Result<Self> {
        let samples = start.c.ncols();
        let schedule = Schedule::sgd(samples, batch, lab.cell_seed(&STUDY, cell))?;
        let clock = diffusion_rate(samples, batch, step);
        let every = (LOOK / clock).max(1.0) as u64;
        let ensemble = Ensemble { schedule, step_per_sample: step, every, budget: (TIME / clock) as u64 };
        let first = cosines(&start.c);
        let between = every as f64 * (prediction.diffusion_rate)(samples, batch, step);
        let walk = |_: &DMatrix<f64>| Walk::new(&first, samples, start.c.nrows(), between);
        let ends = ensemble.run(
            lab,
            replicas,
            |_| start.c.clone(),
            walk,
            |walk, layer| {
                let cosines = cosines(&layer.correlations());
                let set = arg_max(cosines.iter().copied())?;
                let others = cosines.iter().sum::<f64>() - cosines[set];
                let is_decided = others < DECIDED * cosines[set];
                walk.look(&cosines, is_decided).map(|weighted| End {
                    set,
                    steps: layer.steps_taken() as f64,
                    fall: mean_log_cosine(&first) - mean_log_cosine(&cosines),
                    weighted,
                })
            },
        )?;
        Ok(Self { start, batch, step, ends: ends.into_iter().flatten().collect() })
    }

    fn counts(&self) -> Vec<u64> {
        let mut counts = vec![0; self.start.odds.len()];
        self.ends.iter().for_each(|end| counts[end.set] += 1);
        counts
    }

    fn fit(&self, law: &[f64]) -> Fit {
        Fit { counts: self.counts(), law: law.to_vec() }
    }

    fn clock(&self, prediction: &Prediction) -> f64 {
        (prediction.diffusion_rate)(self.start.c.ncols(), self.batch, self.step)
    }

    /// `κT`, and `k(m−k)κT/m` less the fall.
    fn means(&self, prediction: &Prediction) -> [Mean; 2] {
        let (neurons, samples) = self.start.c.shape();
        let clock = self.clock(prediction);
        let square = self.step * self.step;
        let rate = clock / square * -(-square).ln_1p() * (prediction.fall)(samples, neurons);
        [
            self.ends.iter().map(|end| clock * end.steps).collect(),
            self.ends.iter().map(|end| rate * end.steps - end.fall).collect(),
        ]
    }

    fn odds(&self) -> Vec<SetOdds> {
        let (neurons, samples) = self.start.c.shape();
        let cosines = cosines(&self.start.c);
        let (by_volume, proportional) = (by_volume(&cosines), proportional(&cosines));
        let (counts, runs) = (self.counts(), self.ends.len() as u64);
        let row = |(at, set): (usize, Vec<usize>)| {
            let Interval { low, high } = binomial_interval(counts[at], runs, ESTIMATE_LEVEL);
            SetOdds {
                start: self.start.name.into(),
                samples,
                neurons,
                batch: self.batch,
                step_per_sample: self.step,
                set: set.iter().join(" "),
                odds: self.start.odds[at],
                standard_error_of_odds: self.start.errors[at],
                by_volume: by_volume[at],
                proportional: proportional[at],
                frequency: counts[at] as f64 / runs as f64,
                low,
                high,
                runs,
            }
        };
        sets(samples, neurons).into_iter().enumerate().map(row).collect()
    }

    fn time(&self, prediction: &Prediction) -> SetTime {
        let (neurons, samples) = self.start.c.shape();
        let [time, excess] = self.means(prediction);
        SetTime {
            samples,
            neurons,
            batch: self.batch,
            step_per_sample: self.step,
            clock: self.clock(prediction),
            kappa_t: time.mean,
            se_kappa_t: time.sem,
            fall: self.ends.iter().map(|end| end.fall).collect::<Mean>().mean,
            excess: excess.mean,
            se_excess: excess.sem,
            runs: self.ends.len(),
        }
    }
}

/// The largest of five deviations as `η → 0`, in standard errors: the excess at each `b`, and `κT` less that at `b = 1`; and the error of `κT` that would be noticed.
fn deviations(prediction: &Prediction, coarse: &[Cell], fine: &[Cell]) -> (f64, f64) {
    let cells = coarse.iter().zip(fine);
    let seen: Vec<[(f64, f64); 2]> = cells
        .map(|(coarse, fine)| {
            let ([time, excess], [fine_time, fine_excess]) =
                (coarse.means(prediction), fine.means(prediction));
            [(time, fine_time), (excess, fine_excess)].map(|(coarse, fine)| {
                let Mean { mean, sem, .. } = Mean::extrapolated(coarse, fine);
                (mean, sem)
            })
        })
        .collect();
    let first = seen[0][0];
    let differences = seen[1..].iter().map(|[time, _]| (time.0 - first.0, time.1.hypot(first.1)));
    let all: Vec<(f64, f64)> = seen.iter().map(|[_, excess]| *excess).chain(differences).collect();
    let detects = largest(all.iter().map(|(_, error)| error / first.0));
    (
        largest(all.iter().map(|(value, error)| (value / error).abs())),
        noticed(LARGEST, CHECK_LEVEL / 5.0) * detects,
    )
}
