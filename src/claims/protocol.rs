//! What the protocols share: one run to a predicted set, on any engine.

use super::Context;
use crate::data::Dataset;
use crate::device::{Compute, Precision};
use crate::engine::{Autodiff, Engine, Reduced};
use crate::error::Result;
use crate::init::Start;
use crate::limit_set::LimitSet;
use crate::limits;
use crate::model::Activation;
use crate::problem::Problem;
use crate::schedule::Schedule;
use crate::stats::{CHECK_LEVEL, binomial_lower_bound};
use crate::theory;
use crate::train::{Outcome, Plan, Run, StopRule, train};
pub(super) use crate::vectors::{largest, smallest};
use crate::verdict::{Check, Expectation};

/// Steps granted where theory predicts no convergence, so that a bent hypothesis is seen to fail.
const WITHOUT_PREDICTION: u64 = 200_000;

/// One run: problem, schedule, start, and which replica's batches it sees.
pub(super) struct Case<'a> {
    pub problem: &'a Problem,
    pub schedule: &'a Schedule,
    pub start: &'a Start,
    pub replica: u64,
}

impl Case<'_> {
    /// The reduced engine for this case.
    pub fn reduced(&self) -> Result<Reduced> {
        Ok(Reduced::new(self.problem, self.schedule, std::slice::from_ref(self.start), self.replica)?)
    }

    /// Burn's autodiff on the real model for this case.
    pub fn autodiff(&self, compute: &Compute) -> Result<impl Engine + use<>> {
        Autodiff::single_neuron(self.problem, self.schedule, self.start, self.replica, compute)
    }

    /// The budget of [`theory::budget`] for this case.
    pub fn budget(&self, tolerance: f64) -> u64 {
        let Start { correlations, residual, .. } = self.start;
        let step_per_sample = self.problem.step_per_sample(self.schedule.batch_size());
        let activation = self.problem.activation();
        theory::budget::steps(self.schedule, correlations, *residual, activation, step_per_sample, tolerance)
            .unwrap_or(WITHOUT_PREDICTION)
    }

    /// Trains until within `tolerance` of `set`, or until the budget of this case is used up.
    pub fn run_to(&self, engine: &mut dyn Engine, set: LimitSet, tolerance: f64) -> Run {
        let (samples, batch) = (self.schedule.samples() as u64, self.schedule.batch_size() as u64);
        let plan = Plan {
            budget: self.budget(tolerance),
            stop: StopRule::Limit { sets: vec![set], tolerance },
            // A look costs about m entries, a step about b: a quarter of the work at most.
            check_every: (4 * samples / batch).max(64),
        };
        only(train(engine, &plan, &mut []).0)
    }

    /// Takes the given number of steps, looking for nothing.
    pub fn run_for(&self, engine: &mut dyn Engine, steps: u64) -> Run {
        let plan = Plan { budget: steps, stop: StopRule::Never, check_every: steps.max(1) };
        only(train(engine, &plan, &mut []).0)
    }
}

/// The run of an engine with one replica.
fn only(runs: Vec<Run>) -> Run {
    runs.into_iter().next().expect("one replica, one run")
}

/// How many of the runs of a group ended in their predicted set.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Tally {
    /// Runs with a prediction.
    pub trials: u64,
    /// Those that converged to it.
    pub hits: u64,
    /// ReLU starts without an active sample: the claims do not speak of them.
    pub dead: u64,
    /// Runs that diverged.
    pub diverged: u64,
}

impl Tally {
    /// Counts one run; `limit: None` for a start without prediction.
    pub fn of(run: Option<&Run>) -> Self {
        match run {
            None => Self { dead: 1, ..Self::default() },
            Some(run) => Self {
                trials: 1,
                hits: u64::from(run.outcome == Outcome::Converged),
                dead: 0,
                diverged: u64::from(run.outcome == Outcome::Diverged),
            },
        }
    }
}

impl Tally {
    /// How the runs ended that did not arrive, if there are any.
    pub fn missed(&self) -> Option<String> {
        let missed = self.trials - self.hits;
        (missed > 0).then(|| {
            format!(
                "Of {} {missed} did not arrive: {} diverged, {} used up their steps.",
                count(self.trials as usize, "run"),
                self.diverged,
                missed - self.diverged
            )
        })
    }
}

impl std::iter::Sum for Tally {
    fn sum<I: Iterator<Item = Self>>(tallies: I) -> Self {
        tallies.fold(Self::default(), |a, b| Self {
            trials: a.trials + b.trials,
            hits: a.hits + b.hits,
            dead: a.dead + b.dead,
            diverged: a.diverged + b.diverged,
        })
    }
}

/// Starts tried for a replica before it is given up. The rarest condition here holds for one start in five.
const ATTEMPTS: u64 = 64;

/// The first Gaussian start of a replica that `admits` takes, `None` if it takes none of many: a sample of a fixed size from
/// the starts that a claim speaks of.
pub(super) fn start_where(
    dataset: &Dataset,
    init_norm: f64,
    seed: u64,
    replica: u64,
    admits: impl Fn(&Start) -> bool,
) -> Result<Option<Start>> {
    for attempt in 0..ATTEMPTS {
        let start = Start::gaussian(dataset, init_norm, seed, attempt << 32 | replica)?;
        if admits(&start) {
            return Ok(Some(start));
        }
    }
    Ok(None)
}

/// Refuses a number of replicas that is none or too many.
///
/// # Errors
/// [`Misuse::TooMany`](crate::Misuse::TooMany).
pub(super) fn check_replicas(replicas: Option<u64>) -> Result<()> {
    replicas.map_or(Ok(()), |replicas| Ok(limits::replicas(replicas, 1).map(drop)?))
}

/// Refuses a dimension whose dense Hessian, with its eigenvalues, takes too long.
///
/// # Errors
/// [`Misuse::TooMuchWork`](crate::Misuse::TooMuchWork).
pub(super) fn check_hessian(dim: usize) -> Result<()> {
    Ok(limits::work("the spectrum of a dense Hessian (10 n³)", &[10, dim, dim, dim])?)
}

/// Whether a start has an active sample, without which nothing moves.
pub(super) fn is_live(start: &Start, activation: Activation) -> bool {
    start.correlations.iter().any(|&c| activation.admits(c))
}

/// Cells whose runs must all arrive, judged together, and the weakest of them by itself.
pub(super) struct Pool {
    together: Expectation,
    cells: Vec<Expectation>,
    min: f64,
    min_cell: f64,
}

impl Pool {
    /// States what is expected: all runs arrive, and there are enough of them to put the exact lower bound above `least` for
    /// all cells together, and above `least_cell` for each. `missed` bounds the probability that any run at all fails although the
    /// claim is true.
    pub fn new(name: &str, why: &str, labels: &[String], (min, min_cell): (f64, f64), missed: f64) -> Self {
        let cell = |label: &String| {
            let name = format!("… in the weakest of these cells: {label}");
            Expectation::new(name, 1.0, "fewest runs of all").chance(missed)
        };
        let (together, cells) = match labels {
            [_] => (name.to_string(), Vec::new()),
            labels => (format!("{name} ({} cells pooled)", labels.len()), labels.iter().map(cell).collect()),
        };
        Self { together: Expectation::new(together, 1.0, why).chance(missed), cells, min, min_cell }
    }

    /// Judges the counts of the cells, in the order of their labels.
    pub fn counted(self, tallies: &[Tally]) -> Vec<Check> {
        let all: Tally = tallies.iter().copied().sum();
        let bound = |tally: &Tally| binomial_lower_bound(tally.hits, tally.trials, CHECK_LEVEL);
        let weakest =
            self.cells.into_iter().zip(tallies).min_by(|(_, a), (_, b)| bound(a).total_cmp(&bound(b)));
        let together = self.together.always(self.min, 0.0).counted(all.hits, all.trials);
        let weakest =
            weakest.map(|(cell, tally)| cell.always(self.min_cell, 0.0).counted(tally.hits, tally.trials));
        [together].into_iter().chain(weakest).collect()
    }
}

/// Numbers or names in words: `a, b and c`.
pub(crate) fn listed<T: std::fmt::Display>(items: &[T]) -> String {
    let items: Vec<String> = items.iter().map(T::to_string).collect();
    match items.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
        _ => items.concat(),
    }
}

/// `1 run`, `2 runs`.
pub(super) fn count(n: usize, what: &str) -> String {
    if n == 1 { format!("1 {what}") } else { format!("{n} {what}s") }
}

/// Says what a report's backend and precision have no part in, if they are not those of the reduced engine.
pub(super) fn by_the_reduced_engine(context: &Context, what: &str) -> Option<String> {
    let (backend, precision) = (context.compute.backend(), context.compute.precision());
    (!backend.is_host() || precision != Precision::F64).then(|| {
        let (backend, precision) = (backend.name(), precision.name());
        format!("{what}: by the reduced engine, f64 on the CPU; {backend} {precision} has no part in it.")
    })
}

/// Sizes `m × n` in words.
pub(super) fn in_words(sizes: &[(usize, usize)]) -> String {
    sizes.iter().map(|(m, n)| format!("{m} × {n}")).collect::<Vec<_>>().join(", ")
}

/// Says which hypotheses of the theorems the command line has bent, if any.
pub(super) fn bent(step_size: Option<f64>, init_norm: Option<f64>) -> Option<String> {
    let step_size =
        step_size.filter(|&eta| eta > 0.2).map(|eta| format!("η = {eta} (the theorems: at most 1/5)"));
    let init_norm =
        init_norm.filter(|&rho| rho >= 1.0).map(|rho| format!("‖w_0‖ = {rho} (the theorems: below 1)"));
    let bent: Vec<String> = step_size.into_iter().chain(init_norm).collect();
    (!bent.is_empty()).then(|| {
        format!(
            "Outside the hypotheses: {}. The verdict is on the conclusion there, not on the theorem.",
            bent.join(", ")
        )
    })
}

#[cfg(test)]
mod tests {
    use super::{Pool, Tally, listed};

    #[test]
    fn the_weakest_cell_of_a_pool_is_judged_by_itself() {
        let labels = ["few", "many"].map(String::from);
        let of = |hits: u64, trials: u64| Tally { trials, hits, ..Tally::default() };
        let judged = |tallies: [Tally; 2], min_cell: f64| {
            Pool::new("runs that arrive", "test", &labels, (0.9, min_cell), 1e-9).counted(&tallies)
        };
        let checks = judged([of(9, 9), of(200, 200)], 0.2);
        assert_eq!(checks[0].name, "runs that arrive (2 cells pooled)");
        assert_eq!((checks[0].n, checks[0].ok), (209, Some(true)));
        assert!(checks[1].name.ends_with(": few") && checks[1].n == 9 && checks[1].ok == Some(true));
        assert_eq!(judged([of(9, 9), of(200, 200)], 0.5)[1].ok, None);
        // A miss anywhere is the weakest, and turns both.
        let checks = judged([of(900, 900), of(4, 5)], 0.2);
        assert!(checks.iter().all(|check| check.ok == Some(false)) && checks[1].name.ends_with(": many"));
        assert_eq!(Pool::new("a", "b", &labels[..1], (0.9, 0.2), 0.0).counted(&[of(200, 200)]).len(), 1);
    }

    #[test]
    fn lists_read_as_sentences() {
        assert_eq!(listed::<u8>(&[]), "");
        assert_eq!(listed(&[1]), "1");
        assert_eq!(listed(&[1, 2, 3]), "1, 2 and 3");
    }
}
