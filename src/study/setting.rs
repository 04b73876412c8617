//! What studies refuse of their options, and what they make of the rest.

use crate::error::{Error, Result};
use crate::limits;

/// Refuses a number of replicas that is none or too many.
///
/// # Errors
/// [`Misuse::TooMany`](crate::Misuse::TooMany).
pub(crate) fn check_replicas(replicas: Option<u64>) -> Result<()> {
    replicas.map_or(Ok(()), |replicas| Ok(limits::replicas(replicas, 1).map(drop)?))
}

/// Refuses fewer runs a cell than a law can be seen in, and too many.
///
/// # Errors
/// [`Error::Usage`], [`Misuse::TooMany`](crate::Misuse::TooMany).
pub(crate) fn check_runs(replicas: Option<u64>, fewest: u64) -> Result<()> {
    if let Some(replicas) = replicas.filter(|replicas| *replicas < fewest) {
        let reason = format!("--replicas {replicas}: the laws need at least {fewest} runs a cell");
        return Err(Error::Usage(reason));
    }
    check_replicas(replicas)
}

/// Refuses a dimension whose dense Hessian, with its eigenvalues, takes too long.
///
/// # Errors
/// [`Misuse::TooMuchWork`](crate::Misuse::TooMuchWork).
pub(crate) fn check_hessian(dim: usize) -> Result<()> {
    Ok(limits::work("the spectrum of a dense Hessian (10 n³)", &[10, dim, dim, dim])?)
}

/// Refuses a number of pairs that gives no interval, or is too large.
///
/// # Errors
/// [`Error::Usage`], [`Misuse::TooMany`](crate::Misuse::TooMany).
pub(crate) fn check_pairs(pairs: u64) -> Result<u64> {
    if pairs < 2 {
        return Err(Error::Usage(format!("--pairs {pairs}: an interval needs at least 2")));
    }
    Ok(limits::count("the number of pairs", pairs, limits::MAX_PAIRS)?)
}

/// Refuses pairs of runs that take too long: 1000 m steps and more each, at O(m²) if all samples are in a batch.
///
/// # Errors
/// [`Misuse::TooMuchWork`](crate::Misuse::TooMuchWork).
pub(crate) fn check_work(pairs: u64, samples: usize) -> Result<()> {
    let what = "pairs of runs (pairs x 1000 m steps of m²)";
    Ok(limits::work(what, &[pairs as usize, 1000, samples, samples, samples])?)
}

/// Refuses a step size that is not between 0 and 1/2; `needs` says why that is needed.
///
/// # Errors
/// [`Error::Usage`].
pub(crate) fn check_step_size(step_size: f64, needs: &str) -> Result<f64> {
    match step_size > 0.0 && step_size < 0.5 {
        true => Ok(step_size),
        false => Err(Error::Usage(format!("--step-size {step_size}: {needs}"))),
    }
}

/// Of batch sizes in rising order, those that there are samples for, each once.
pub(crate) fn batch_sizes(mut wanted: Vec<usize>, samples: usize) -> Vec<usize> {
    wanted.retain(|batch| (1..=samples).contains(batch));
    wanted.dedup();
    wanted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batch_sizes_exist_and_differ() {
        assert_eq!(batch_sizes(vec![1, 1, 2, 3], 3), [1, 2, 3]);
        assert_eq!(batch_sizes(vec![0, 1, 30, 300], 30), [1, 30]);
    }
}
