//! Before and after selection: two samples, where both times are known, and six.

use super::{Prediction, STUDY};
use crate::error::Result;
use crate::schedule::Schedule;
use crate::state::Neuron;
use crate::stats::{CHECK_LEVEL, Mean};
use crate::study::ensemble::{Ensemble, lead};
use crate::study::{Context, Lab, Part, Row, Table};
use crate::theory::selection::diffusion_rate;
use crate::vectors::unit;
use crate::verdict::{Covered, Register};
use serde::{Deserialize, Serialize};

/// Log-ratio at which a run counts as selected (it comes back from there with probability 0.03), and as done.
const LEVELS: [f64; 2] = [3.0, 9.0];

/// What the bias adds to the level of an interval: Φ(−4.56 + 0.4) + Φ(−4.56 − 0.4) is less than this beyond 2Φ(−4.56).
const BIAS: f64 = 1.2e-5;

/// Where runs for two samples start.
const TWO: [f64; 2] = [0.6, 0.8];

/// Mean times to selection, and from there to the end.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Phases {
    samples: usize,
    batch: usize,
    kappa_t_selection: f64,
    se_selection: f64,
    kappa_t_after: f64,
    se_after: f64,
    runs: usize,
}

impl Row for Phases {
    const TABLE: &'static str = "rate_phases";
}

/// `κT` of each run to selection, and from there to the end.
struct Times([Vec<f64>; 2]);

/// The two times of two samples against theory; of six, for the table.
pub(super) fn part(context: &Context, prediction: &Prediction, register: &mut Register) -> Part {
    // More runs see a smaller bias.
    let eta = context.effort.pick(0.05, 0.05, 0.025);
    let held = expected(context, prediction, eta, register);
    Box::new(move |lab, findings| {
        let replicas = lab.effort.pick(600, 2000, 6000);
        let times = times(lab, &TWO, 1, eta, replicas, 5 << 32)?;
        for (expected, mean) in held.into_iter().zip(times.means()) {
            findings.checks.push(expected.estimated(mean.mean, mean.interval(CHECK_LEVEL), mean.n as u64));
        }
        let mut rows = vec![times.row(2, 1)];
        let (even, step_size, runs) = ([0.4; 6], 0.1, lab.effort.pick(40, 300, 2000));
        for batch in [1, 3, 5] {
            let times = self::times(lab, &even, batch, step_size, runs, 6 << 32 | batch as u64)?;
            rows.push(times.row(6, batch));
        }
        findings.protocol.push(format!(
            "The times of SGD to a log-ratio of 3 and from there to 9: {replicas} runs for m = 2 from (0.6, 0.8), b = 1, η = {eta}; and {runs} for m = 6 \
             from the even mixture, b = 1, 3, 5, η = {step_size}, for the table."
        ));
        findings.tables.push(Table::of(rows));
        Ok(())
    })
}

/// What the two times of two samples are held to.
fn expected(context: &Context, prediction: &Prediction, eta: f64, register: &mut Register) -> [Covered; 2] {
    // The last step, up by some η, goes beyond a level by half of that in the mean.
    let [near, far] = LEVELS.map(|level| level + 0.5 * eta);
    let to_selection = (prediction.pair_time)(TWO, near);
    let after = (prediction.pair_time)([near.exp(), 1.0], far);
    // At η = 0.05 it is 0.005 ± 0.0016 and −0.005 ± 0.0034 in a million runs: a third of a standard error at most.
    let why = "log(cosh D/cosh d_0), D half a step beyond the level; what is left is of order η, a third of a standard error at most";
    let (early, late) = context.effort.pick((0.45, 0.95), (0.23, 0.5), (0.143, 0.301));
    [
        ("m = 2: mean κT to selection, |d| = 3", to_selection, early),
        ("m = 2: mean κT from there to |d| = 9", after, late),
    ]
    .map(|(name, predicted, precision)| register.expect(name, predicted, why).chance(BIAS).covered(precision))
}

/// The times of so many runs from correlations `c`, scaled to norm 1.
fn times(lab: &Lab, c: &[f64], batch: usize, eta: f64, replicas: u64, cell: u64) -> Result<Times> {
    let kappa = diffusion_rate(c.len(), batch, eta);
    let mut reached = Vec::new();
    // The same runs twice, once to each level: a rule remembers nothing.
    for level in LEVELS {
        let schedule = Schedule::sgd(c.len(), batch, lab.cell_seed(&STUDY, cell))?;
        let ensemble = Ensemble::new(schedule, eta, 1.0, 200.0 / kappa)?;
        let rule = |steps: u64, neuron: &Neuron| {
            let (_, others) = lead(neuron);
            (others < (-level).exp()).then_some(kappa * steps as f64)
        };
        reached.push(ensemble.repeat(lab, &ensemble.start(&unit(c), 0.0)?, replicas, rule)?);
    }
    let both = reached[0].iter().zip(&reached[1]);
    let (first, after) = both.filter_map(|(first, second)| Some(((*first)?, (*second)? - (*first)?))).unzip();
    Ok(Times([first, after]))
}

impl Times {
    fn means(&self) -> [Mean; 2] {
        self.0.each_ref().map(|times| Mean::of(times))
    }

    fn row(&self, samples: usize, batch: usize) -> Phases {
        let [selection, after] = self.means();
        Phases {
            samples,
            batch,
            kappa_t_selection: selection.mean,
            se_selection: selection.sem,
            kappa_t_after: after.mean,
            se_after: after.sem,
            runs: selection.n,
        }
    }
}
