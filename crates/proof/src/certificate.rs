//! The verification as a whole, piece by piece of the step sizes, and the text that it leaves.
//!
//! ```text
//! samples M
//! piece K                          step sizes between K/256 and (K + 1)/256
//! sector J TREE
//! zone J SMALL RADIUS LOW HIGH TREE
//! done K
//! ```
//!
//! `SMALL` has a letter for each `y_i`, `1` where the zone is `y_i ≤ RADIUS` and `0` where it is `y_i ≥ 1 − RADIUS`; `LOW` and `HIGH` are the ends of `δ`. Numbers are written so
//! that they are read back exactly. A tree is described in [`crate::cover`].

use crate::cover;
use crate::cycle::Inequality;
use crate::failure::Failure;
use crate::interval::Interval;
use crate::zone;
use std::fmt::Write;

/// Step sizes are cut into pieces of this length, a power of 2.
pub const PIECE: f64 = 1.0 / 256.0;
/// The last piece for which the lemmas that are proved by hand hold: up to `η = 13/64`, which exceeds 1/5.
pub const LAST: usize = 51;

/// The step sizes of a piece.
pub fn step_sizes(piece: usize) -> Interval {
    Interval::new(piece as f64 * PIECE, (piece + 1) as f64 * PIECE)
}

/// Verifies the theorem's inequalities for the step sizes of a piece, and writes what was verified.
///
/// # Errors
/// A box on which `W` falls, or the first box, or orbit, that resists.
///
/// # Panics
/// Unless `samples` is 2, 3 or 4.
pub fn piece(samples: usize, piece: usize, of: Inequality) -> Result<String, Failure> {
    let step_size = step_sizes(piece);
    let (zones, sectors) = (zones(samples, step_size, of)?, sectors(samples, step_size, of)?);
    Ok(format!("piece {piece}\n{zones}{sectors}done {piece}\n"))
}

/// The zones' part of a certificate, for an interval of step sizes with dyadic ends.
///
/// # Errors
/// As [`piece`].
///
/// # Panics
/// As [`piece`].
pub fn zones(samples: usize, step_size: Interval, of: Inequality) -> Result<String, Failure> {
    match samples {
        2 => in_zones::<2, 3>(step_size, of),
        3 => in_zones::<3, 4>(step_size, of),
        4 => in_zones::<4, 5>(step_size, of),
        _ => panic!("{samples} samples"),
    }
}

/// The sectors' part: what lies outside the zones.
///
/// # Errors
/// As [`piece`].
///
/// # Panics
/// As [`piece`].
pub fn sectors(samples: usize, step_size: Interval, of: Inequality) -> Result<String, Failure> {
    match samples {
        2 => in_sectors::<2, 4>(step_size, of),
        3 => in_sectors::<3, 5>(step_size, of),
        4 => in_sectors::<4, 6>(step_size, of),
        _ => panic!("{samples} samples"),
    }
}

/// `L = M + 1`.
fn in_zones<const M: usize, const L: usize>(step_size: Interval, of: Inequality) -> Result<String, Failure> {
    let zones = zone::zones::<M>(step_size).map_err(Failure::Open)?;
    let mut text = String::new();
    for sector in 0..M {
        // Those of datapoints, which are written last, first: beyond η = 1/2 they resist at once.
        let trees = zones.iter().rev().map(|zone| cover::zone::<M, L>(sector, zone, of));
        let trees: Vec<String> = trees.collect::<Result<_, _>>()?;
        for (zone, tree) in zones.iter().zip(trees.iter().rev()) {
            let small: String =
                zone.small[..M - 1].iter().map(|small| if *small { '1' } else { '0' }).collect();
            let (ratio, scale) = (zone.cell.ratios[0], zone.cell.scale);
            let radius = ratio.high - ratio.low;
            let _ = writeln!(text, "zone {sector} {small} {radius} {} {} {tree}", scale.low, scale.high);
        }
    }
    Ok(text)
}

/// `K = M + 2`.
fn in_sectors<const M: usize, const K: usize>(
    step_size: Interval,
    of: Inequality,
) -> Result<String, Failure> {
    let zones = zone::zones::<M>(step_size).map_err(Failure::Open)?;
    let mut text = String::new();
    for sector in 0..M {
        let tree = cover::sector::<M, K>(sector, step_size, &zones, of)?;
        let _ = writeln!(text, "sector {sector} {tree}");
    }
    Ok(text)
}

/// Leaves of a kind in the trees of a certificate, those of [`crate::cover`].
pub fn leaves(text: &str, kind: char) -> usize {
    let lines = text.lines().filter(|line| line.starts_with("sector ") || line.starts_with("zone "));
    lines.filter_map(|line| line.split(' ').next_back()).map(|tree| tree.matches(kind).count()).sum()
}

/// The part of a certificate that is complete, and the pieces in it.
pub fn finished(text: &str) -> (&str, Vec<usize>) {
    let end =
        text.rfind("\ndone ").and_then(|at| text[at + 1..].find('\n').map(|line| at + line + 2)).unwrap_or(0);
    let pieces = text[..end].lines().filter_map(|line| line.strip_prefix("done ")?.parse().ok()).collect();
    (&text[..end], pieces)
}
