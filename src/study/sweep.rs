//! Every cell of a grid over the same seeds: its runs, means over them, and differences between cells seed by seed.

use indicatif::ProgressBar;
use rayon::prelude::*;

use super::paired;
use crate::error::{Misuse, Result};
use crate::stats::{Interval, Mean};

/// What is to be run: cells, that is settings of whatever type the study compares, and the seeds that all of them share.
///
/// Let data, start and batches be functions of the seed, and of nothing that is compared: differences between cells are then paired.
#[derive(Clone, Debug)]
pub struct Sweep<C> {
    cells: Vec<C>,
    seeds: Vec<u64>,
    progress: ProgressBar,
}

impl<C: Sync> Sweep<C> {
    /// Every cell over every seed.
    pub fn new(cells: impl IntoIterator<Item = C>, seeds: impl IntoIterator<Item = u64>) -> Self {
        Self {
            cells: cells.into_iter().collect(),
            seeds: seeds.into_iter().collect(),
            progress: ProgressBar::hidden(),
        }
    }

    /// Counts runs on a progress bar.
    pub fn counted_on(self, progress: &ProgressBar) -> Self {
        progress.inc_length(self.cells.len() as u64 * self.seeds.len() as u64);
        Self { progress: progress.clone(), ..self }
    }

    /// Runs the cells side by side on all cores; `run` trains all seeds of a cell, as one stack of replicas for example, and returns one
    /// result a seed, in their order.
    ///
    /// # Errors
    /// That of a cell, if one has any; [`Misuse::Length`](crate::Misuse::Length) of a cell that returns another number of results.
    pub fn run<R: Send>(self, run: impl Fn(&C, &[u64]) -> Result<Vec<R>> + Sync) -> Result<Swept<C, R>> {
        let of_cell = |cell: &C| {
            let runs = run(cell, &self.seeds)?;
            let (expected, got) = (self.seeds.len(), runs.len());
            if got != expected {
                return Err(Misuse::Length { what: "the results of a cell", expected, got }.into());
            }
            self.progress.inc(got as u64);
            Ok(runs)
        };
        let runs = self.cells.par_iter().with_max_len(1).map(of_cell).collect::<Result<_>>()?;
        Ok(self.swept(runs))
    }

    /// The same run by run: `run` trains one seed of a cell.
    ///
    /// # Errors
    /// That of a run, if one has any.
    pub fn run_each<R: Send>(self, run: impl Fn(&C, u64) -> Result<R> + Sync) -> Result<Swept<C, R>> {
        let all = self.cells.len() * self.seeds.len();
        let of_run = |k: usize| {
            let result = run(&self.cells[k / self.seeds.len()], self.seeds[k % self.seeds.len()]);
            self.progress.inc(1);
            result
        };
        let ended = (0..all).into_par_iter().with_max_len(1).map(of_run).collect::<Result<Vec<_>>>()?;
        let mut ended = ended.into_iter();
        let runs = self.cells.iter().map(|_| ended.by_ref().take(self.seeds.len()).collect()).collect();
        Ok(self.swept(runs))
    }

    fn swept<R>(self, runs: Vec<Vec<R>>) -> Swept<C, R> {
        let Self { cells, seeds, .. } = self;
        Swept { cells, seeds, runs, measures: Vec::new(), comparisons: Vec::new() }
    }
}

/// What came out: a result for every cell and seed.
#[derive(Clone, Debug)]
pub struct Swept<C, R> {
    pub(crate) cells: Vec<C>,
    pub(crate) seeds: Vec<u64>,
    /// By cell and seed.
    pub(crate) runs: Vec<Vec<R>>,
    pub(crate) measures: Vec<Measured>,
    /// Pairs of cells, each list a comparison of its own.
    pub(crate) comparisons: Vec<Vec<(usize, usize)>>,
}

/// A number of every run, by cell and seed.
#[derive(Clone, Debug)]
pub(crate) struct Measured {
    pub name: String,
    pub values: Vec<Vec<f64>>,
}

impl<C, R> Swept<C, R> {
    /// Every cell with its results, seed by seed, in the order of the cells.
    pub fn cells(&self) -> impl Iterator<Item = (&C, &[R])> {
        self.cells.iter().zip(self.runs.iter().map(Vec::as_slice))
    }

    /// A row of every run, cell by cell, from its cell, the place of its seed and what came of it.
    pub(crate) fn rows<T>(&self, of: impl Fn(&C, usize, &R) -> T) -> Vec<T> {
        let runs = self.cells().flat_map(|(cell, runs)| runs.iter().enumerate().map(move |run| (cell, run)));
        runs.map(|(cell, (seed, run))| of(cell, seed, run)).collect()
    }

    /// The seeds, in order.
    pub fn seeds(&self) -> &[u64] {
        &self.seeds
    }

    /// Measures every run and keeps the number by a name; NaN says that a run has no such number.
    pub fn measure(mut self, name: impl Into<String>, of: impl Fn(&R) -> f64) -> Self {
        let values = self.runs.iter().map(|runs| runs.iter().map(&of).collect()).collect();
        self.measures.push(Measured { name: name.into(), values });
        self
    }
}

impl<C: PartialEq, R> Swept<C, R> {
    /// The results of a cell, seed by seed.
    ///
    /// # Panics
    /// If there is no such cell.
    pub fn runs(&self, cell: &C) -> &[R] {
        let place = self.cells.iter().position(|other| other == cell);
        &self.runs[place.expect("a cell of the sweep")]
    }

    /// Compares every cell with another one, `with`, seed by seed; one whose other is itself stays out.
    ///
    /// # Panics
    /// If there is no such other cell.
    pub fn compare(mut self, with: impl Fn(&C) -> C) -> Self {
        let place =
            |cell: &C| self.cells.iter().position(|other| other == cell).expect("a cell of the sweep");
        let pairs = self.cells.iter().enumerate().map(|(k, cell)| (k, place(&with(cell))));
        let pairs = pairs.filter(|(cell, other)| cell != other).collect();
        self.comparisons.push(pairs);
        self
    }

    /// A number of every run of a cell, seed by seed.
    ///
    /// # Panics
    /// If there is no such cell.
    pub fn values(&self, cell: &C, of: impl Fn(&R) -> f64) -> Vec<f64> {
        self.runs(cell).iter().map(of).collect()
    }

    /// How much more of it a cell has than another, seed by seed; NaN where one of both has no such number.
    ///
    /// # Panics
    /// If there is no such cell.
    pub fn differences(&self, cell: &C, other: &C, of: impl Fn(&R) -> f64) -> Vec<f64> {
        paired::differences(&self.values(cell, &of), &self.values(other, &of))
    }

    /// Mean of the finite numbers of a cell with its 95 % interval (Student); `None` of fewer than two.
    ///
    /// # Panics
    /// If there is no such cell.
    pub fn mean(&self, cell: &C, of: impl Fn(&R) -> f64) -> Option<(Mean, Interval)> {
        paired::mean(&self.values(cell, of))
    }

    /// Mean of the [`differences`](Self::differences) with its 95 % interval (Student); `None` of fewer than two pairs.
    ///
    /// # Panics
    /// If there is no such cell.
    pub fn mean_difference(&self, cell: &C, other: &C, of: impl Fn(&R) -> f64) -> Option<(Mean, Interval)> {
        paired::mean(&self.differences(cell, other, of))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Error;

    #[test]
    fn results_lie_at_their_cells_and_seeds_however_they_are_run() {
        let sweep = || Sweep::new([(3, "a"), (1, "b"), (2, "a")], [7, 2, 9, 4]);
        let one = |cell: &(u64, &str), seed: u64| cell.0 * 100 + seed;
        let stacks =
            sweep().run(|cell, seeds| Ok(seeds.iter().map(|seed| one(cell, *seed)).collect())).unwrap();
        let singles = sweep().run_each(|cell, seed| Ok(one(cell, seed))).unwrap();
        for swept in [&stacks, &singles] {
            assert_eq!(swept.runs(&(1, "b")), [107, 102, 109, 104]);
            assert_eq!(swept.cells().map(|(cell, _)| cell.0).collect::<Vec<_>>(), [3, 1, 2]);
            assert_eq!(swept.differences(&(3, "a"), &(2, "a"), |run| *run as f64), [100.0; 4]);
        }
        // Student's interval of 7, 2, 9, 4 with t = 3.182446: 5.5 ± 4.9449.
        let (mean, interval) = stacks.mean(&(1, "b"), |run| *run as f64 - 100.0).unwrap();
        let half = 3.182_446_305_284_263 * (29.0f64 / 3.0 / 4.0).sqrt();
        assert!((mean.mean - 5.5).abs() < 1e-12 && (interval.half_width() - half).abs() < 1e-9);
        let odd = |run: &u64| if run.is_multiple_of(2) { f64::NAN } else { *run as f64 };
        assert_eq!(stacks.mean_difference(&(3, "a"), &(1, "b"), odd).unwrap().0.n, 2);
        assert_eq!(singles.measure("odd", odd).measures[0].values[1][0], 107.0);
    }

    #[test]
    fn the_first_fault_is_that_of_the_sweep() {
        let short = Sweep::new([1, 2], 0..3).run(|_, _| Ok(vec![0.0]));
        assert!(
            matches!(short, Err(Error::Dynamics(Misuse::Length { expected: 3, got: 1, .. }))),
            "{short:?}"
        );
        let refused = Sweep::new([1, 2], 0..3).run_each(|cell, seed| match (cell, seed) {
            (2, 1) => Err(Error::Usage("no".into())),
            _ => Ok(()),
        });
        assert_eq!(refused.unwrap_err().to_string(), "no");
    }
}
