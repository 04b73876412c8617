//! Two samples: the closed form, and its extrapolation from finite step sizes.

use super::row::PairOdds;
use super::{DECIDED, Options, Prediction, STUDY, winners};
use crate::error::Result;
use crate::schedule::Schedule;
use crate::stats::{CHECK_LEVEL, binomial_interval, combination};
use crate::study::ensemble::Ensemble;
use crate::study::{Context, Findings, Lab, Part, Table};
use crate::theory::selection::{diffusion_rate, direction};
use crate::verdict::{Covered, Register};

/// Angles `θ = arctan(c_1/c_2)` in units of `π/2`: the probabilities themselves.
pub(super) const ANGLES: [f64; 3] = [0.04, 0.17, 0.37];

/// Step sizes, in halves for the extrapolation.
const STEP_SIZES: [f64; 3] = [0.2, 0.1, 0.05];

/// A part that adds rows to the table of two samples.
pub(super) type PairPart = Box<dyn FnOnce(&Lab, &mut Findings, &mut Vec<PairOdds>) -> Result<()>>;

/// Parts one after the other, and the table of their rows.
pub(super) fn with_table(parts: Vec<PairPart>) -> Part {
    Box::new(|lab, findings| {
        let mut rows = Vec::new();
        parts.into_iter().try_for_each(|part| part(lab, findings, &mut rows))?;
        findings.tables.push(Table::of(rows));
        Ok(())
    })
}

/// What the runs from one angle are held to: by step size, and as `η → 0`.
struct Angle {
    share: f64,
    exact: [f64; 3],
    by_step_size: [Covered; 3],
    limit: Covered,
}

/// Three angles at three step sizes each.
pub(super) fn angles(
    context: &Context,
    options: &Options,
    prediction: &Prediction,
    register: &mut Register,
) -> PairPart {
    let replicas = options.replicas.unwrap_or(context.effort.pick(6000, 140_000, 280_000));
    let precision = context.effort.pick(0.04, 0.008, 0.0058);
    let (_, least_error) = frequency((ANGLES[0] * replicas as f64) as u64, replicas);
    let tight_stop = register
        .expect(
            "m = 2: bound on the probability that a decided path of the diffusion turns again, against the least standard error",
            least_error,
            "optional stopping of a supermartingale; for the limit diffusion, not the chain",
        )
        .at_most();
    let angles = ANGLES.map(|share| Angle::new(share, precision, prediction, register));
    let prediction = prediction.clone();
    Box::new(move |lab, findings, rows| {
        findings.checks.push(tight_stop.measured((prediction.turns_again)(&[1.0, DECIDED]), replicas));
        for (k, angle) in (0..).zip(angles) {
            angle.judge(lab, replicas, 3 * k, &prediction, findings, rows)?;
        }
        findings.protocol.push(format!(
            "Two samples, one a step: winners of {replicas} runs at each of three angles and η = 0.2, 0.1, 0.05, against the solved chain at that step size, and \
             extrapolated to η → 0. A run is decided when the smaller correlation is {DECIDED:e} of the larger."
        ));
        Ok(())
    })
}

impl Angle {
    fn new(share: f64, precision: f64, prediction: &Prediction, register: &mut Register) -> Self {
        let exact = STEP_SIZES.map(|eta| (prediction.pair_at)(direction(share), eta));
        let mut expect = |eta: String, predicted: f64, why: &str, precision: f64| {
            let name = format!("m = 2, θ = {share} π/2, η {eta}");
            register.expect(name, predicted, why).chance(0.2 * CHECK_LEVEL).covered(precision)
        };
        let why = "the odds of the chain at this step size, solved; of decided runs 6e-6 turn again";
        let mut at_step_size =
            |k: usize| expect(format!("= {}: P(i* = 1)", STEP_SIZES[k]), exact[k], why, precision);
        let by_step_size = [at_step_size(0), at_step_size(1), at_step_size(2)];
        // Richardson's 2 P(η/2) − P(η) of the two smallest step sizes.
        let why = "2 P(η/2) − P(η) at η = 0.1: the solved chain leaves 3e-5, of order η²";
        let limit = expect(
            "→ 0: P(i* = 1) by extrapolation".into(),
            (prediction.pair)(direction(share)),
            why,
            2.5 * precision,
        );
        Self { share, exact, by_step_size, limit }
    }

    fn judge(
        self,
        lab: &Lab,
        replicas: u64,
        first_cell: u64,
        prediction: &Prediction,
        findings: &mut Findings,
        rows: &mut Vec<PairOdds>,
    ) -> Result<()> {
        let Self { share, exact, by_step_size, limit } = self;
        let mut estimates = Vec::new();
        for (k, expected) in by_step_size.into_iter().enumerate() {
            let wins = run(lab, share, STEP_SIZES[k], replicas, first_cell + k as u64)?;
            let (p, error) = frequency(wins, replicas);
            estimates.push((p, error));
            rows.push(PairOdds::new(prediction, share, STEP_SIZES[k], exact[k]).won(wins, replicas));
            let interval = binomial_interval(wins, replicas, CHECK_LEVEL);
            findings.checks.push(expected.estimated(p, interval, replicas));
        }
        let [_, (p, error), (p_half, error_half)] = estimates[..] else { unreachable!("three step sizes") };
        let (value, interval) = combination(&[(2.0, p_half, error_half), (-1.0, p, error)], CHECK_LEVEL);
        findings.checks.push(limit.estimated(value, interval, 2 * replicas));
        Ok(())
    }
}

/// Wins of the first of two samples.
pub(super) fn run(lab: &Lab, share: f64, eta: f64, replicas: u64, cell: u64) -> Result<u64> {
    let kappa = diffusion_rate(2, 1, eta);
    let schedule = Schedule::sgd(2, 1, lab.cell_seed(&STUDY, cell))?;
    let ensemble = Ensemble::new(schedule, eta, 2.0 / kappa, 80.0 / kappa)?;
    Ok(winners(lab, &ensemble, &direction(share), replicas)?[0])
}

/// Share of wins, with its standard error.
pub(super) fn frequency(wins: u64, runs: u64) -> (f64, f64) {
    let p = wins as f64 / runs as f64;
    (p, (p * (1.0 - p) / runs as f64).sqrt())
}
