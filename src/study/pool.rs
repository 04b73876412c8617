//! Counts of runs that arrive, cell by cell, and what is expected of them.

use super::words::count;
use crate::stats::{CHECK_LEVEL, binomial_lower_bound};
use crate::train::{Outcome, Run};
use crate::verdict::{Always, Check, Register};

/// How many of the runs of a group ended in their predicted set.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Tally {
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
    /// Counts one run; `None` for a start without prediction.
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

    /// The share of the runs with a prediction that converged to it; NaN without any.
    pub fn share(&self) -> f64 {
        self.hits as f64 / self.trials as f64
    }

    /// How the runs ended that did not arrive, if there are any.
    pub fn missed(&self) -> Option<String> {
        let missed = self.trials - self.hits;
        (missed > 0).then(|| {
            format!(
                "Of {} {missed} did not arrive, of which {} diverged.",
                count(self.trials as usize, "run"),
                self.diverged
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

/// Cells whose runs must all arrive, judged together, and the weakest of them by itself.
pub(crate) struct Pool {
    together: Always,
    weakest: Option<Always>,
    labels: Vec<String>,
}

impl Pool {
    /// States what is expected: all runs arrive, and there are enough of them to put the exact lower bound above `least` for
    /// all cells together, and above `least_cell` for each. `missed` bounds the probability that any run at all fails although the
    /// claim is true.
    pub fn new(
        register: &mut Register,
        name: &str,
        why: &str,
        labels: &[String],
        (least, least_cell): (f64, f64),
        missed: f64,
    ) -> Self {
        let cells = labels.len();
        let together = if cells == 1 { name.to_string() } else { format!("{name} ({cells} cells pooled)") };
        let together = register.expect(together, 1.0, why).chance(missed).always(least, 0.0, u64::MAX);
        let weakest = (cells > 1).then(|| {
            register
                .expect(format!("… in the weakest of these cells: {name}"), 1.0, "fewest runs of all")
                .chance(missed)
                .always(least_cell, 0.0, u64::MAX)
        });
        Self { together, weakest, labels: labels.to_vec() }
    }

    /// Judges the counts of the cells, in the order of their labels.
    pub fn counted(self, tallies: &[Tally]) -> Vec<Check> {
        let all: Tally = tallies.iter().copied().sum();
        let bound = |tally: &Tally| binomial_lower_bound(tally.hits, tally.trials, CHECK_LEVEL);
        let worst = self.labels.iter().zip(tallies).min_by(|(_, a), (_, b)| bound(a).total_cmp(&bound(b)));
        let together = self.together.counted(all.hits, all.trials);
        let weakest = self.weakest.zip(worst);
        let weakest =
            weakest.map(|(row, (label, tally))| row.of_cell(label).counted(tally.hits, tally.trials));
        [together].into_iter().chain(weakest).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::{Pool, Register, Tally};

    #[test]
    fn the_weakest_cell_of_a_pool_is_judged_by_itself() {
        let labels = ["few", "many"].map(String::from);
        let of = |hits: u64, trials: u64| Tally { trials, hits, ..Tally::default() };
        let judged = |tallies: [Tally; 2], min_cell: f64| {
            Pool::new(&mut Register::default(), "runs that arrive", "test", &labels, (0.9, min_cell), 1e-9)
                .counted(&tallies)
        };
        let checks = judged([of(9, 9), of(200, 200)], 0.2);
        assert_eq!(checks[0].name, "runs that arrive (2 cells pooled)");
        assert_eq!((checks[0].n, checks[0].ok), (209, Some(true)));
        assert!(checks[1].name.ends_with(": few") && checks[1].n == 9 && checks[1].ok == Some(true));
        assert_eq!(judged([of(9, 9), of(200, 200)], 0.5)[1].ok, None);
        // A miss anywhere is the weakest, and turns both.
        let checks = judged([of(900, 900), of(4, 5)], 0.2);
        assert!(checks.iter().all(|check| check.ok == Some(false)) && checks[1].name.ends_with(": many"));
        assert_eq!(
            Pool::new(&mut Register::default(), "a", "b", &labels[..1], (0.9, 0.2), 0.0)
                .counted(&[of(200, 200)])
                .len(),
            1
        );
    }
}
