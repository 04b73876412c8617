//! What a request may cost. Sizes are checked here before anything of that size is allocated or begun.
//!
//! Every constructor of data, models and engines passes this gate, so that no product of sizes can wrap around: the
//! matrix library underneath multiplies rows by columns unchecked, and would write beyond a buffer that is too small.

use itertools::Itertools;

use crate::error::{Error, Result};

/// Entries of the largest array: 8 GiB of f64.
pub const MAX_ENTRIES: usize = 1 << 30;

/// Operations of the longest computation that cannot be interrupted: some hours on one core. Orthonormal rows reach it at
/// `m = n ≈ 17,000`.
pub const MAX_OPERATIONS: f64 = 1e13;

/// Independent runs of a kind, whose starts or results are held in memory at the same time.
pub const MAX_RUNS: u64 = 1_000_000;

/// Pairs of an exploration, each of which is a run, and a row of a table, for every batch size and setting.
pub const MAX_PAIRS: u64 = 10_000;

/// Layers of a model. Gradients are taken layer by layer, in memory that grows with their number.
pub const MAX_LAYERS: u64 = 1000;

/// The number of entries of an array `[rows, columns]`.
///
/// # Errors
/// [`Error::TooLarge`] if there are more than [`MAX_ENTRIES`].
pub fn entries(what: &'static str, rows: usize, columns: usize) -> Result<usize> {
    let fits = |entries: &usize| *entries <= MAX_ENTRIES;
    let refusal = Error::TooLarge { what, rows, columns, max: MAX_ENTRIES };
    rows.checked_mul(columns).filter(fits).ok_or(refusal)
}

/// Refuses a computation of more operations than [`MAX_OPERATIONS`]; their number is a product of sizes, such as
/// `2 m² n` for orthonormal rows.
///
/// # Errors
/// [`Error::TooMuchWork`].
pub fn work(what: &'static str, factors: &[usize]) -> Result<()> {
    let operations = factors.iter().map(|&factor| factor as f64).product();
    within_reach(operations, || format!("{what}: {}", factors.iter().join(" x ")))
}

/// Refuses more operations than [`MAX_OPERATIONS`]; `sum` says how their number came about.
///
/// # Errors
/// [`Error::TooMuchWork`].
pub fn within_reach(operations: f64, sum: impl FnOnce() -> String) -> Result<()> {
    if operations > MAX_OPERATIONS {
        return Err(Error::TooMuchWork { sum: sum(), operations, max: MAX_OPERATIONS });
    }
    Ok(())
}

/// A number of runs, pairs or the like, unless there are none or more than `most` of them.
///
/// # Errors
/// [`Error::Empty`], [`Error::TooMany`].
pub fn count(what: &'static str, got: u64, max: u64) -> Result<u64> {
    if got == 0 {
        return Err(Error::Empty { what, got: 0 });
    }
    if got > max { Err(Error::TooMany { what, got, max }) } else { Ok(got) }
}

/// A number of replicas, each of which holds `numbers` numbers.
///
/// # Errors
/// [`Error::Empty`] for none, [`Error::TooMany`] for more than [`MAX_RUNS`]; [`Error::TooLarge`].
pub fn replicas(got: u64, numbers: usize) -> Result<u64> {
    count("the number of replicas", got, MAX_RUNS)?;
    entries("the replicas", got as usize, numbers)?;
    Ok(got)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_that_wrap_around_are_too_large() {
        for (rows, columns) in
            [(1 << 32, 1 << 32), (usize::MAX, 2), (1 << 63, 2), (1 << 30, 2), ((1 << 30) + 1, 1)]
        {
            let message = entries("the data", rows, columns).unwrap_err().to_string();
            let expected =
                format!("the data would take {rows} x {columns} numbers, more than the 1073741824");
            assert!(message.starts_with(&expected), "{message}");
        }
        assert_eq!(entries("the data", 1 << 15, 1 << 15).unwrap(), 1 << 30);
        assert_eq!(entries("the data", usize::MAX, 0).unwrap(), 0);
    }

    #[test]
    fn work_is_refused_with_its_size() {
        let refused = work("orthonormal rows", &[2, 20_000, 20_000, 20_000]).unwrap_err().to_string();
        let expected = "orthonormal rows: 2 x 20000 x 20000 x 20000 = 1.6e13 operations, more than the 1e13";
        assert!(refused.starts_with(expected), "{refused}");
        assert!(work("orthonormal rows", &[usize::MAX; 20]).is_err());
        assert!(work("orthonormal rows", &[10_000_000, 1_000_000]).is_ok());
    }

    #[test]
    fn counts_lie_between_one_and_the_most() {
        let refusal = |got: u64| count("the number of pairs", got, 10).unwrap_err().to_string();
        assert_eq!(refusal(0), "the number of pairs must be at least 1, got 0");
        assert_eq!(refusal(11), "the number of pairs must be at most 10, got 11");
        assert_eq!(refusal(u64::MAX), "the number of pairs must be at most 10, got 18446744073709551615");
        assert_eq!(count("the number of pairs", 10, 10).unwrap(), 10);
    }
}
