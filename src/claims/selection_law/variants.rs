//! What a loose stop rule changes for two samples, and what equivalent schedules do not.

use super::pair::{PairPart, frequency};
use super::row::PairOdds;
use super::{Prediction, STUDY, winners};
use crate::error::Result;
use crate::schedule::{Schedule, ScheduleKind};
use crate::state::Neuron;
use crate::stats::{CHECK_LEVEL, Mean, binomial_interval};
use crate::study::ensemble::{Ensemble, lead};
use crate::study::{Context, Lab, Part};
use crate::theory::selection::{diffusion_rate, diffusion_rate_with_replacement, direction};
use crate::vectors::unit;
use crate::verdict::{Covered, Register};

/// A threshold on `cos²` that is usual, and too loose: `cos² > 1 − DEFECT`.
const DEFECT: f64 = 1e-3;

/// Angle of its runs.
const SHARE: f64 = 0.04;

/// A run that the loose rule stopped: its leader, and the size of the other correlation over that of the leader.
struct Stop {
    leader: usize,
    ratio: f64,
}

/// The loose stop.
pub(super) fn early_stop(context: &Context, prediction: &Prediction, register: &mut Register) -> Part {
    let (eta, replicas) = context.effort.pick((0.1, 10_000), (0.1, 42_000), (0.07, 42_000));
    let threshold = 1.0 - DEFECT;
    let law = register
        .expect_given_states(
            format!("stopped at cos² > {threshold}, θ = {SHARE} π/2: P(i* = 1)"),
            "the exit problem of the diffusion at the mean ratio of the stops; at this η the odds of the chain are a fifth of a standard error off",
        )
        .chance(CHECK_LEVEL)
        .covered(context.effort.pick(0.012, 0.0055, 0.0055));
    let away = register
        .expect(
            format!("stopped at cos² > {threshold}: P(i* = 1) falls short of the law"),
            (prediction.pair)(direction(SHARE)),
            "the bias that the tight threshold avoids",
        )
        .control()
        .bounded();
    let stopped_early = prediction.stopped_early;
    Box::new(move |lab, findings| {
        let stops = stops(lab, eta, replicas)?;
        // The last step leads beyond the threshold; the law is asked for where it leads in the mean.
        let Mean { mean: ratio, .. } = stops.iter().map(|stop| stop.ratio).collect();
        let reached = ratio * ratio / (1.0 + ratio * ratio);
        let wins = stops.iter().filter(|stop| stop.leader == 0).count() as u64;
        let (p, _) = frequency(wins, replicas);
        let interval = binomial_interval(wins, replicas, CHECK_LEVEL);
        let law = law.given(stopped_early(direction(SHARE), reached));
        findings.checks.push(law.estimated(p, interval, replicas));
        findings.checks.push(away.estimated(p, interval, replicas));
        findings.protocol.push(format!(
            "A stop rule that is too loose, cos² > {threshold}: {replicas} runs at η = {eta}."
        ));
        Ok(())
    })
}

fn stops(lab: &Lab, eta: f64, replicas: u64) -> Result<Vec<Stop>> {
    let schedule = Schedule::sgd(2, 1, lab.cell_seed(&STUDY, 2 << 32))?;
    // A look every step, since the threshold counts when it is passed, not when the run has come to rest.
    let ensemble = Ensemble::new(schedule, eta, 1.0, 100.0 / diffusion_rate(2, 1, eta))?;
    ensemble.repeat_from(lab, &unit(&direction(SHARE)), replicas, |_, neuron: &Neuron| {
        let (leader, ratio) = lead(neuron);
        (ratio * ratio < DEFECT * (1.0 + ratio * ratio)).then_some(Stop { leader, ratio })
    })
}

/// Angle and `η_B` of the schedules that are equivalent to one of two samples a step.
const EQUIVALENT: (f64, f64) = (0.17, 0.1);

/// A schedule of which two samples see what they see of one a step.
struct Equivalent {
    kind: ScheduleKind,
    samples: usize,
    batch: usize,
    /// Time of the diffusion a step.
    kappa: f64,
    row: PairOdds,
    expected: Covered,
}

/// Other batches of which two samples see the same: silent samples beside them, or draws with replacement.
pub(super) fn equivalents(context: &Context, prediction: &Prediction, register: &mut Register) -> PairPart {
    use ScheduleKind::{Replacement, Sgd};
    let replicas = context.effort.pick(4000, 20_000, 60_000);
    let schedules = [(Sgd, 4, 2), (Sgd, 4, 3), (Replacement, 2, 2), (Replacement, 4, 3)]
        .map(|schedule| Equivalent::new(schedule, replicas, prediction, register));
    Box::new(move |lab, findings, rows| {
        for (k, schedule) in (0..).zip(schedules) {
            let wins = schedule.wins(lab, replicas, 3 << 32 | k)?;
            let (p, _) = frequency(wins, replicas);
            let interval = binomial_interval(wins, replicas, CHECK_LEVEL);
            findings.checks.push(schedule.expected.estimated(p, interval, replicas));
            rows.push(schedule.row.won(wins, replicas));
        }
        findings.protocol.push(format!(
            "Two samples of four with b = 2, 3, two of two and of four drawn with replacement: {replicas} runs each at η_B = {}.",
            EQUIVALENT.1
        ));
        Ok(())
    })
}

impl Equivalent {
    fn new(
        (kind, samples, batch): (ScheduleKind, usize, usize),
        replicas: u64,
        prediction: &Prediction,
        register: &mut Register,
    ) -> Self {
        let (share, eta) = EQUIVALENT;
        let (kappa, spread) = match kind {
            ScheduleKind::Replacement => (diffusion_rate_with_replacement(samples, batch, eta), 1.0),
            _ => (diffusion_rate(samples, batch, eta), (samples - batch) as f64 / (samples as f64 - 1.0)),
        };
        let limit_law = (prediction.pair_in_batches)(direction(share), batch);
        let first_order = limit_law + eta * spread * (prediction.slope)(direction(share));
        let name = format!("two samples of {samples}, {} with b = {batch}: P(i* = 1)", kind.name());
        let why = "the same law whatever the batches, to first order in η_B = 0.1; the second is below 3e-5";
        let expected = register
            .expect(name, first_order, why)
            .chance(0.2 * CHECK_LEVEL)
            .covered(2.5 / (replicas as f64).sqrt());
        let batch_name = format!("{} {batch}", kind.name());
        let row = PairOdds {
            batch: batch_name,
            samples,
            limit_law,
            first_order,
            ..PairOdds::new(prediction, share, eta, f64::NAN)
        };
        Self { kind, samples, batch, kappa, row, expected }
    }

    fn wins(&self, lab: &Lab, replicas: u64, cell: u64) -> Result<u64> {
        let &Self { kind, samples, batch, kappa, .. } = self;
        let schedule = Schedule::new(kind, samples, Some(batch), lab.cell_seed(&STUDY, cell))?;
        let ensemble = Ensemble::new(schedule, EQUIVALENT.1, 1.0 / kappa, 80.0 / kappa)?;
        let mut c = vec![0.0; samples];
        c[..2].copy_from_slice(&direction(EQUIVALENT.0));
        Ok(winners(lab, &ensemble, &c, replicas)?[0])
    }
}
