//! `reach SAMPLES PIECE POINTS`: how large the cover of a piece would be, from the leaves that hold random points of its sectors; nothing is proved.
//!
//! A leaf below `d` bisections has the share `2^{−d}` of its sector, so that the mean of `2^d` over uniform points is the number of leaves of a sector, in expectation.

use puremix_proof::certificate::step_sizes;
use puremix_proof::chart::SCALES;
use puremix_proof::cover::leaves_at;
use puremix_proof::cycle::PROVED;
use puremix_proof::zone::zones;
use std::collections::BTreeMap;
use std::time::Instant;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<usize> =
        std::env::args().skip(1).map(|word| word.parse()).collect::<Result<_, _>>()?;
    match arguments[..] {
        [2, piece, points] => reach::<2, 3, 4>(piece, points),
        [3, piece, points] => reach::<3, 4, 5>(piece, points),
        [4, piece, points] => reach::<4, 5, 6>(piece, points),
        _ => Err("usage: reach SAMPLES PIECE POINTS, with 2 to 4 samples".into()),
    }
}

fn reach<const M: usize, const L: usize, const K: usize>(
    piece: usize,
    points: usize,
) -> Result<(), Box<dyn std::error::Error>> {
    let step_sizes = step_sizes(piece);
    let zones = zones::<M>(step_sizes)?;
    // Weyl's sequence, of which every coordinate is equidistributed.
    let place = |k: usize, side: usize| (k as f64 * [2.0f64, 3.0, 5.0, 7.0, 11.0][side].sqrt()).fract();
    for sector in 0..M {
        let start = Instant::now();
        let (mut kinds, mut depths, mut moments) = (BTreeMap::<char, usize>::new(), Vec::new(), [0.0; 2]);
        for k in 1..=points {
            let point: [f64; L] = std::array::from_fn(|side| {
                let (low, high) = match side {
                    side if side < M - 1 => (0.0, 1.0),
                    side if side == M - 1 => (SCALES[0], SCALES[1]),
                    _ => (step_sizes.low, step_sizes.high),
                };
                low + place(k, side) * (high - low)
            });
            match leaves_at::<M, L, K>(sector, step_sizes, &zones, PROVED, &[point]) {
                Ok(leaves) => {
                    *kinds.entry(leaves[0].kind).or_default() += 1;
                    depths.push(leaves[0].depth);
                    let count = (leaves[0].depth as f64).exp2();
                    moments = [moments[0] + count, moments[1] + count * count];
                }
                Err(failure) => println!("sector {sector}, at {point:?}: {failure}"),
            }
        }
        depths.sort_unstable();
        let [mean, square] = moments.map(|sum| sum / points as f64);
        let error = ((square - mean * mean) / points as f64).sqrt();
        println!(
            "sector {sector}: {} of {points} points in leaves, {kinds:?}; bisections: median {}, most {}; leaves of the sector: {mean:.2e} ± {error:.1e}; {:.0} s",
            depths.len(),
            depths.get(depths.len() / 2).unwrap_or(&0),
            depths.last().unwrap_or(&0),
            start.elapsed().as_secs_f64()
        );
    }
    Ok(())
}
