//! Covers of boxes by boxes on which something is verified, found by bisection.
//!
//! A cover is written as the tree of its bisections in preorder, a letter a node: a digit cuts the box in halves across that side, lower half first; any other letter
//! is a leaf and says what is verified there. That the leaves cover the root needs no proof.

use crate::chart::{Cell, SCALES};
use crate::cycle::Inequality;
use crate::failure::{Failure, Fall};
use crate::interval::Interval;
use crate::zone::Zone;
use std::collections::VecDeque;
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
/// Boxes among which one on which `W` falls is looked for, if the cover does not end.
const SEARCHED: usize = 20_000;
/// Halves down to this depth are covered side by side.
const PARALLEL: usize = 10;

/// What is to be done with a box.
enum Node {
    Leaf(char),
    Cut(usize),
    Falls(Fall),
}

/// The cover of a sector: every box is outside the shell, in a zone, or `W` grows on it. `K = M + 2`.
///
/// # Errors
/// A box on which `W` falls, or that resists.
pub fn sector<const M: usize, const K: usize>(
    sector: usize,
    step_size: Interval,
    zones: &[Zone<M>],
    of: Inequality,
) -> Result<String, Failure> {
    cover(root(step_size), &|cell| decide::<M, K>(sector, zones, of, cell))
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
    if let Some(fall) = fall(sector, cell, of) {
        return Node::Falls(fall);
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
/// As [`sector`].
pub fn leaves_at<const M: usize, const L: usize, const K: usize>(
    sector: usize,
    step_size: Interval,
    zones: &[Zone<M>],
    of: Inequality,
    points: &[[f64; L]],
) -> Result<Vec<Leaf>, Failure> {
    let mut leaves = vec![Leaf { depth: 0, kind: OUTSIDE }; points.len()];
    let mut boxes = vec![(root(step_size), 0, (0..points.len()).collect::<Vec<usize>>())];
    while let Some((cell, depth, inside)) = boxes.pop() {
        match decide::<M, K>(sector, zones, of, &cell) {
            Node::Leaf(kind) => inside.iter().for_each(|point| leaves[*point] = Leaf { depth, kind }),
            Node::Falls(fall) => return Err(Failure::Falls(fall)),
            Node::Cut(_) if depth == DEEPEST => return Err(Failure::Open(format!("{cell:?}"))),
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
/// As [`sector`](sector()).
pub fn zone<const M: usize, const K: usize>(
    sector: usize,
    zone: &Zone<M>,
    of: Inequality,
) -> Result<String, Failure> {
    cover(zone.cell, &|cell| {
        if cell.convex::<K>(sector, &zone.small, of) {
            Node::Leaf(CONVEX)
        } else if let Some(fall) = fall(sector, cell, of) {
            Node::Falls(fall)
        } else {
            Node::Cut(longest(&lengths(cell)))
        }
    })
}

/// The cover of a box of a sector. If there is none, the first box on which `W` falls, in the order of bisections, says why: which of several threads meets one first does not
/// matter.
fn cover<const M: usize>(
    root: Cell<M>,
    decide: &(impl Fn(&Cell<M>) -> Node + Sync),
) -> Result<String, Failure> {
    tree(root, 0, &AtomicBool::new(false), decide).map_err(|open| {
        let mut boxes = VecDeque::from([root]);
        for _ in 0..SEARCHED {
            let Some(cell) = boxes.pop_front() else { break };
            match decide(&cell) {
                Node::Leaf(_) => {}
                Node::Cut(side) => boxes.extend(cell.halves(side)),
                Node::Falls(fall) => return Failure::Falls(fall),
            }
        }
        Failure::Open(open)
    })
}

/// A box within this one on which `W` is verified to fall, if it does at its middle.
fn fall<const M: usize>(sector: usize, cell: &Cell<M>, of: Inequality) -> Option<Fall> {
    let (cell, growth) = cell.falls(sector, of)?;
    Some(Fall { sector, sides: (0..Cell::<M>::SIDES).map(|side| cell.side(side)).collect(), growth })
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
        Node::Cut(side) if depth < DEEPEST && !failed.load(Ordering::Relaxed) => side,
        _ => {
            failed.store(true, Ordering::Relaxed);
            return Err(format!("{cell:?}"));
        }
    };
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
