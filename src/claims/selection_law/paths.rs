//! Paths of the diffusion.

use super::DECIDED;
use crate::error::Result;
use crate::rng::{Purpose, stream};
use crate::study::Lab;
use crate::theory::selection::Diffusion;

/// Winner of a path from correlations, by a seed and the number of the path.
pub(super) type Winner = fn(&[f64], u64, u64) -> usize;

/// Winners of so many paths, by sample.
pub(super) fn winners(lab: &Lab, winner: Winner, c: &[f64], paths: u64, seed: u64) -> Result<Vec<u64>> {
    let mut counts = vec![0; c.len()];
    for winner in lab.each(0..paths, |path| Ok(winner(c, seed, path)))? {
        counts[winner] += 1;
    }
    Ok(counts)
}

/// The winner of the diffusion.
pub(super) fn winner(c: &[f64], seed: u64, path: u64) -> usize {
    let mut rng = stream(seed, Purpose::Protocol, path);
    let mut diffusion = Diffusion::new(c);
    loop {
        diffusion.advance(&mut rng, 0.5);
        let cosines = diffusion.cosines();
        let (leader, largest) = cosines
            .iter()
            .copied()
            .enumerate()
            .fold((0, 0.0), |best, (j, c)| if c > best.1 { (j, c) } else { best });
        if cosines.iter().sum::<f64>() - largest < DECIDED * largest {
            return leader;
        }
    }
}
