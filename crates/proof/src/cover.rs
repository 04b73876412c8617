//! Covers of boxes by boxes on which something is verified, found by bisection.
//!
//! A cover is written as the tree of its bisections in preorder, a letter a node: a digit cuts the box in halves across that side, lower half first; any other letter
//! is a leaf and says what is verified there. That the leaves cover the root needs no proof.

use crate::chart::{Cell, SCALES};
use crate::cycle::Inequality;
use crate::interval::Interval;
use crate::zone::Zone;
use std::sync::atomic::{AtomicBool, Ordering};

/// No point of the box is in the shell.
pub const OUTSIDE: char = 'o';
/// The box is part of a zone.
pub const ZONE: char = 'z';
/// Growth is positive on the box.
pub const GROWS: char = '+';
/// Growth has the signs and the Hessian that a zone asks for.
pub const CONVEX: char = 'c';

/// Bisections after which a box is given up.
const DEEPEST: usize = 100;
/// Halves down to this depth are covered side by side.
const PARALLEL: usize = 10;

/// What is to be done with a box.
enum Node {
    Leaf(char),
    Cut(usize),
}

/// The cover of a sector: every box is outside the shell, in a zone, or `W` grows on it. `K = M + 2`.
///
/// # Errors
/// A box that resists.
pub fn sector<const M: usize, const K: usize>(
    sector: usize,
    step_size: Interval,
    zones: &[Zone<M>],
    of: Inequality,
) -> Result<String, String> {
    tree(root(step_size), 0, &AtomicBool::new(false), &|cell| decide::<M, K>(sector, zones, of, cell))
}

/// All of a sector.
fn root<const M: usize>(step_size: Interval) -> Cell<M> {
    let ratios = std::array::from_fn(|i| Interval::new(0.0, if i < M - 1 { 1.0 } else { 0.0 }));
    Cell { ratios, scale: Interval::new(SCALES[0], SCALES[1]), step_size }
}

/// What is verified on a box of a sector, or where it is cut.
fn decide<const M: usize, const K: usize>(
    sector: usize,
    zones: &[Zone<M>],
    of: Inequality,
    cell: &Cell<M>,
) -> Node {
    if zones.iter().any(|zone| zone.holds(cell)) {
        return Node::Leaf(ZONE);
    }
    if cell.outside(sector) {
        return Node::Leaf(OUTSIDE);
    }
    let (least, sizes) = cell.growth::<K>(sector, of);
    if least > 0.0 {
        return Node::Leaf(GROWS);
    }
    Node::Cut(if sizes.iter().all(|size| size.is_finite()) {
        longest(&sizes[..Cell::<M>::SIDES])
    } else {
        longest(&lengths(cell))
    })
}

/// A leaf of a cover: bisections above it, and what is verified there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Leaf {
    /// Bisections.
    pub depth: usize,
    /// One of the letters.
    pub kind: char,
}

/// The leaves of [`sector`]'s cover that hold these points of the sector, `y`, `δ`, `η`; nothing else of the cover is computed. `L = M + 1`, `K = M + 2`.
///
/// # Errors
/// A box that resists.
pub fn leaves_at<const M: usize, const L: usize, const K: usize>(
    sector: usize,
    step_size: Interval,
    zones: &[Zone<M>],
    of: Inequality,
    points: &[[f64; L]],
) -> Result<Vec<Leaf>, String> {
    let mut leaves = vec![Leaf { depth: 0, kind: OUTSIDE }; points.len()];
    let mut boxes = vec![(root(step_size), 0, (0..points.len()).collect::<Vec<usize>>())];
    while let Some((cell, depth, inside)) = boxes.pop() {
        match decide::<M, K>(sector, zones, of, &cell) {
            Node::Leaf(kind) => inside.iter().for_each(|point| leaves[*point] = Leaf { depth, kind }),
            Node::Cut(_) if depth == DEEPEST => return Err(format!("{cell:?}")),
            Node::Cut(side) => {
                let halves = cell.halves(side);
                let (low, high): (Vec<usize>, Vec<usize>) =
                    inside.into_iter().partition(|point| points[*point][side] <= halves[0].side(side).high);
                let both = halves.into_iter().zip([low, high]).filter(|(_, inside)| !inside.is_empty());
                boxes.extend(both.map(|(half, inside)| (half, depth + 1, inside)));
            }
        }
    }
    Ok(leaves)
}

/// The cover of a zone of a sector. `K = M + 1`.
///
/// # Errors
/// A box that resists.
pub fn zone<const M: usize, const K: usize>(
    sector: usize,
    zone: &Zone<M>,
    of: Inequality,
) -> Result<String, String> {
    tree(zone.cell, 0, &AtomicBool::new(false), &|cell| {
        if cell.convex::<K>(sector, &zone.small, of) {
            Node::Leaf(CONVEX)
        } else {
            Node::Cut(longest(&lengths(cell)))
        }
    })
}

/// The tree below a box; once a box has resisted (`failed`), the others are given up.
fn tree<const M: usize>(
    cell: Cell<M>,
    depth: usize,
    failed: &AtomicBool,
    decide: &(impl Fn(&Cell<M>) -> Node + Sync),
) -> Result<String, String> {
    let side = match decide(&cell) {
        Node::Leaf(letter) => return Ok(letter.to_string()),
        Node::Cut(side) => side,
    };
    if depth == DEEPEST || failed.load(Ordering::Relaxed) {
        failed.store(true, Ordering::Relaxed);
        return Err(format!("{cell:?}"));
    }
    let [low, high] = cell.halves(side).map(|half| move || tree(half, depth + 1, failed, decide));
    let (low, high) = if depth < PARALLEL { rayon::join(low, high) } else { (low(), high()) };
    Ok(format!("{side}{}{}", low?, high?))
}

/// Lengths of the sides, that of `δ` four times.
fn lengths<const M: usize>(cell: &Cell<M>) -> Vec<f64> {
    let length = |side: usize| cell.side(side).high - cell.side(side).low;
    (0..Cell::<M>::SIDES).map(|side| if side == M - 1 { 4.0 * length(side) } else { length(side) }).collect()
}

fn longest(lengths: &[f64]) -> usize {
    let mut best = 0;
    for (side, length) in lengths.iter().enumerate() {
        if *length > lengths[best] {
            best = side;
        }
    }
    best
}
