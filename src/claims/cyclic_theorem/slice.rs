//! Three samples, a slice of the region for the figure: the leaves of the cover, the mixed orbits, and where basins meet.

use itertools::Itertools;
use puremix_proof::certificate::step_sizes;
use puremix_proof::cover::{GROWS, Leaf, OUTSIDE, leaves_at};
use puremix_proof::cycle::PROVED;
use puremix_proof::failure::Failure;
use puremix_proof::zone::zones;
use serde::{Deserialize, Serialize};

use super::piece_of;
use crate::error::Result;
use crate::schedule::Schedule;
use crate::study::ensemble::{Ensemble, lead};
use crate::study::{Context, Part, Row, Table};
use crate::theory::cyclic::lyapunov::{concentration, correlations, settled};
use crate::vectors::arg_max;

/// A point of the slice `s = 0`, `D = 0`, by `p = q/Σq`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct OnSlice {
    /// `growth`, `outside` or `zone` by the leaf; `orbit`; or `boundary`, of two basins.
    pub what: String,
    /// Samples of an orbit, or whose basins meet; of a leaf that of its sector.
    pub of: String,
    pub share_0: f64,
    pub share_1: f64,
    pub share_2: f64,
    /// `Σq`.
    pub total: f64,
    pub step_size: f64,
    /// Bisections above the leaf.
    pub depth: Option<usize>,
}

impl Row for OnSlice {
    const TABLE: &'static str = "cyclic_theorem_slice";
}

/// Points of a boundary, how far it is looked for on either side of even shares, and to what precision.
const ALONG: usize = 24;
const ASIDE: f64 = 0.15;
const PRECISION: f64 = 1e-6;

impl OnSlice {
    fn at(what: &str, of: String, shares: [f64; 3], step_size: f64) -> Self {
        let [share_0, share_1, share_2] = shares;
        let total = settled(&shares, step_size).iter().sum();
        Self { what: what.into(), of, share_0, share_1, share_2, total, step_size, depth: None }
    }

    fn shares(&self) -> [f64; 3] {
        [self.share_0, self.share_1, self.share_2]
    }
}

pub(super) fn drawn(context: &Context, step_size: f64) -> Part {
    let lattice = context.effort.pick(48, 120, 180);
    Box::new(move |lab, findings| {
        let mut rows = Vec::new();
        for leaves in lab.each(0..3, |sector| Ok(leaves(sector, lattice, step_size)))? {
            match leaves {
                Ok(leaves) => rows.extend(leaves),
                Err(failure) => findings.notes.push(format!("The slice is not covered: {failure}.")),
            }
        }
        rows.extend((1..8usize).map(|support| orbit(support, step_size)));
        let places = [[0, 1], [0, 2], [1, 2]].into_iter().cartesian_product(0..ALONG);
        rows.extend(lab.each(places, |(pair, place)| boundary(pair, place, step_size))?);
        findings.tables.push(Table::of(rows));
        findings.protocol.push(format!(
            "For the figure, m = 3, η = {step_size}: the leaves of the cover at a lattice of {lattice} by {lattice} shares, and {ALONG} points of each boundary between basins, by \
             bisection to {PRECISION:.0e} with the reduced engine."
        ));
        Ok(())
    })
}

/// The leaves of a sector's cover at the points of a lattice whose largest share is that of its sample.
fn leaves(sector: usize, lattice: usize, step_size: f64) -> std::result::Result<Vec<OnSlice>, Failure> {
    let share = |k: usize| (k as f64 + 0.5) / lattice as f64;
    let places = (0..lattice).flat_map(|k| (0..lattice - 1 - k).map(move |j| (k, j)));
    let shares = places.map(|(k, j)| [share(k), share(j), 1.0 - share(k) - share(j)]);
    let mut rows: Vec<OnSlice> = shares
        .filter(|shares| arg_max(*shares) == Some(sector))
        .map(|shares| OnSlice::at("", sector.to_string(), shares, step_size))
        .collect();
    let points: Vec<[f64; 4]> = rows.iter().map(|row| chart(sector, row)).collect();
    let piece = step_sizes(piece_of(step_size));
    let leaves =
        leaves_at::<3, 4, 5>(sector, piece, &zones::<3>(piece).map_err(Failure::Open)?, PROVED, &points)?;
    for (row, Leaf { depth, kind }) in rows.iter_mut().zip(leaves) {
        row.what = match kind {
            GROWS => "growth",
            OUTSIDE => "outside",
            _ => "zone",
        }
        .into();
        row.depth = Some(depth);
    }
    Ok(rows)
}

/// `y`, `δ` and `η` of a point of a sector.
fn chart(sector: usize, row: &OnSlice) -> [f64; 4] {
    let shares = row.shares();
    let [first, second] = [0, 1].map(|i| shares[if i < sector { i } else { i + 1 }] / shares[sector]);
    let spread = 0.75 * row.step_size * (1.0 - concentration(&shares));
    [first, second, row.total - 1.0 + spread, row.step_size]
}

/// The mixed orbit of the samples whose bits are set: equal `q` on them.
fn orbit(support: usize, step_size: f64) -> OnSlice {
    let is_in = |i: &usize| support >> i & 1 == 1;
    let share = 1.0 / f64::from(support.count_ones());
    let shares = [0, 1, 2].map(|i| if is_in(&i) { share } else { 0.0 });
    OnSlice::at("orbit", (0..3).filter(is_in).join(" "), shares, step_size)
}

/// Where the basins of two samples meet at a share of the third, between that of the orbit of all and none.
fn boundary([first, second]: [usize; 2], place: usize, step_size: f64) -> Result<OnSlice> {
    let third = (1.0 - (place as f64 + 0.5) / ALONG as f64) / 3.0;
    let shares = |aside: f64| {
        let mut shares = [third; 3];
        (shares[first], shares[second]) = ((1.0 - third) * (0.5 + aside), (1.0 - third) * (0.5 - aside));
        shares
    };
    let cycle = 3.0 / (step_size * step_size);
    let ensemble = Ensemble::new(Schedule::cyclic(3, 1)?, step_size, 0.5 * cycle, 1000.0 * cycle)?;
    let (mut low, mut high) = (-ASIDE, ASIDE);
    while high - low > PRECISION {
        let middle = 0.5 * (low + high);
        let c = correlations(&settled(&shares(middle), step_size), step_size);
        let won = ensemble.run(&[ensemble.start(&c, 0.0)?], 0, |_, neuron| {
            let (leader, others) = lead(neuron);
            (others < 0.05).then_some(leader)
        })?;
        if won[0] == Some(first) { high = middle } else { low = middle }
    }
    Ok(OnSlice::at("boundary", format!("{first} {second}"), shares(0.5 * (low + high)), step_size))
}
