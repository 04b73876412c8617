//! Which samples can be limits: runs from the neighbourhood of one, on both sides of the threshold.

use super::row::Bracket;
use super::setting::{ensemble, size, start};
use super::{Prediction, STUDY};
use crate::error::Result;
use crate::study::{Context, Lab, Part, Table};
use crate::theory::unequal::Unequal;
use crate::verdict::Register;

/// What is unequal: the rivals of sample 0 are drawn more often, or are longer.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    Weights,
    Norms,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Kind::Weights => "weights",
            Kind::Norms => "norms",
        }
    }

    /// Sample 0 of weight and norm 1 beside rivals, the first of which has `ratio` times its weight or its squared norm.
    fn problem(self, samples: usize, step_size: f64, ratio: f64) -> Unequal {
        let mut rivals = vec![1.0; samples];
        rivals[1] = ratio;
        let (weights, norms_sq) = match self {
            Kind::Weights => (rivals, vec![1.0; samples]),
            Kind::Norms => (vec![1.0; samples], rivals),
        };
        let total: f64 = weights.iter().sum();
        Unequal { norms_sq, shares: weights.iter().map(|q| q / total).collect(), step_size }
    }
}

/// Kinds, numbers of samples and step sizes at which the ratio is bracketed.
const RATIOS: [(Kind, usize, f64); 6] = [
    (Kind::Weights, 2, 0.4),
    (Kind::Weights, 3, 0.25),
    (Kind::Weights, 4, 0.1),
    (Kind::Norms, 2, 0.3),
    (Kind::Norms, 3, 0.2),
    (Kind::Norms, 4, 0.1),
];

/// Squared norm of the rival where the step size is bracketed: two samples, `η` from `1 − 1/1.25 = 0.2` on.
const LONGER: f64 = 1.25;

/// Distance of the two sides from the threshold: of the excess of a ratio over 1, and of the step size.
const MARGIN: f64 = 0.4;
const MARGIN_OF_STEP: f64 = 0.12;

/// `|u_j/u_0|` of the start, and where a run counts as having stayed; it has left when the ratio reaches 1.
const NEAR: f64 = 1e-125;
const STAYED: f64 = 1e-250;

/// Bound on the probability that a run ends on the wrong side: of a random walk with drift `D` and variance `V` a step, to go against its drift by the 288 between the start and either end, which is
/// `e^{−2·288|D|/V}` in the normal approximation: at most `e^{−29}` over the cells.
const MISS: f64 = 1e-10;

/// One side of one threshold.
struct Side {
    kind: Kind,
    samples: usize,
    step_size: f64,
    ratio: f64,
    critical: f64,
    stays: bool,
}

/// The value in a range at which `is_beyond` becomes true.
fn bisect((mut low, mut high): (f64, f64), is_beyond: impl Fn(f64) -> bool) -> f64 {
    for _ in 0..60 {
        let middle = 0.5 * (low + high);
        if is_beyond(middle) { high = middle } else { low = middle }
    }
    0.5 * (low + high)
}

fn sides(prediction: &Prediction) -> Vec<Side> {
    let mut sides = Vec::new();
    let cannot =
        |kind: Kind, samples, eta, ratio| !(prediction.can_be_limit)(&kind.problem(samples, eta, ratio), 0);
    for (kind, samples, step_size) in RATIOS {
        let critical = bisect((1.0, 4.0), |ratio| cannot(kind, samples, step_size, ratio));
        for (factor, stays) in [(1.0 - MARGIN, true), (1.0 + MARGIN, false)] {
            let ratio = 1.0 + factor * (critical - 1.0);
            sides.push(Side { kind, samples, step_size, ratio, critical, stays });
        }
    }
    let critical = bisect((1e-3, 0.39), |eta| !cannot(Kind::Norms, 2, eta, LONGER));
    for (factor, stays) in [(1.0 - MARGIN_OF_STEP, false), (1.0 + MARGIN_OF_STEP, true)] {
        let step_size = factor * critical;
        let at = bisect((1.0, 4.0), |ratio| cannot(Kind::Norms, 2, step_size, ratio));
        sides.push(Side { kind: Kind::Norms, samples: 2, step_size, ratio: LONGER, critical: at, stays });
    }
    sides
}

/// All runs stay on one side of each threshold, and all leave on the other.
pub(super) fn both_sides(context: &Context, prediction: &Prediction, register: &mut Register) -> Part {
    let replicas: u64 = context.effort.pick(16, 48, 320);
    let sides = sides(prediction);
    let half = sides.len() as u64 / 2 * replicas;
    let least = context.effort.pick(0.88, 0.96, 0.99);
    let mut expect = |what: &str, side: &str| {
        let name = format!("runs from |u_j/u_0| = 1e-125 that {what} (7 cells pooled)");
        let why =
            format!("{side}; a random walk goes against its drift by 288 with probability 1e-10 at most");
        register.expect(name, 1.0, why).always(least, MISS, half)
    };
    let stay = expect(
        "stay with a sample that can be a limit",
        "q_j log(1 + ηn_j) < q_0 log 1/(1 − ηn_0) for all j",
    );
    let leave = expect("leave a sample that cannot", "the other way for one j");
    Box::new(move |lab, findings| {
        let rows =
            (0..).zip(&sides).map(|(k, side)| side.run(lab, replicas, k)).collect::<Result<Vec<_>>>()?;
        let count = |stays: bool, of: fn(&Bracket) -> u64| -> u64 {
            rows.iter().filter(|row| row.predicted == stays).map(of).sum()
        };
        findings.checks.push(stay.counted(count(true, |row| row.stayed), half));
        findings.checks.push(leave.counted(count(false, |row| row.left), half));
        findings.tables.push(Table::of(rows));
        findings.protocol.push(format!(
            "Reduced engine, linear model, b = 1, samples along the axes: {replicas} runs a cell from a neighbourhood of one sample, at step sizes from 0.1 to 0.4, m = 2 to 4, with one rival that is drawn more often or is longer: \
             its ratio exceeds 1 by {} and {} times as much as at the threshold, or η is {} and {} times the threshold; until |u_j/u_0| is 1 or 1e-250.",
            1.0 - MARGIN,
            1.0 + MARGIN,
            1.0 - MARGIN_OF_STEP,
            1.0 + MARGIN_OF_STEP
        ));
        Ok(())
    })
}

impl Side {
    fn run(&self, lab: &Lab, replicas: u64, cell: u64) -> Result<Bracket> {
        let &Self { kind, samples, step_size, ratio, critical, stays } = self;
        let problem = kind.problem(samples, step_size, ratio);
        let ensemble = ensemble(&problem, lab.cell_seed(&STUDY, cell), 256, 20_000_000)?;
        let mut u = vec![NEAR; samples];
        u[0] = 1.0;
        let stayed = ensemble.repeat(lab, &start(&problem, &u)?, replicas, |_, neuron| {
            let own = size(&problem, neuron, 0);
            let rival = (1..samples).map(|j| size(&problem, neuron, j)).fold(0.0, f64::max);
            (rival >= own || rival <= STAYED * own).then_some(rival < own)
        })?;
        let count = |what: bool| stayed.iter().filter(|stayed| **stayed == Some(what)).count() as u64;
        Ok(Bracket {
            unequal: kind.name().into(),
            samples,
            step_size,
            ratio,
            critical,
            predicted: stays,
            stayed: count(true),
            left: count(false),
            runs: replicas,
        })
    }
}
