//! Six samples: the same odds and the same clock for every batch size.

use serde::{Deserialize, Serialize};

use super::{DECIDED, Prediction, STUDY, paths};
use crate::error::Result;
use crate::schedule::Schedule;
use crate::state::Neuron;
use crate::stats::{CHECK_LEVEL, Line, Mean, homogeneity, noticed, noticed_difference};
use crate::study::ensemble::{Ensemble, lead};
use crate::study::{Context, Findings, Lab, Part, Row, Table};
use crate::theory::selection::{diffusion_rate, log_cosines};
use crate::vectors::{largest, unit};
use crate::verdict::{Covered, Register, Relation, SameLaw};

const RATIOS: [f64; 6] = [6.0, 5.0, 4.0, 3.0, 2.0, 1.0];

/// Who won how often, and after how many steps: of SGD at one batch size and step size, or of the diffusion.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Winners {
    pub law: String,
    pub step_per_sample: f64,
    pub clock: f64,
    pub wins_1: u64,
    pub wins_2: u64,
    pub wins_3: u64,
    pub wins_4: u64,
    pub wins_5: u64,
    pub wins_6: u64,
    /// NaN of the diffusion.
    pub mean_steps: f64,
    pub standard_error: f64,
}

impl Row for Winners {
    const TABLE: &'static str = "selection_batches";
}

impl Winners {
    fn new(law: String, step_per_sample: f64, clock: f64, wins: &[u64], steps: Mean) -> Self {
        Self {
            law,
            step_per_sample,
            clock,
            wins_1: wins[0],
            wins_2: wins[1],
            wins_3: wins[2],
            wins_4: wins[3],
            wins_5: wins[4],
            wins_6: wins[5],
            mean_steps: steps.mean,
            standard_error: steps.sem,
        }
    }

    /// By sample.
    pub fn wins(&self) -> [u64; 6] {
        [self.wins_1, self.wins_2, self.wins_3, self.wins_4, self.wins_5, self.wins_6]
    }

    pub fn runs(&self) -> u64 {
        self.wins().iter().sum()
    }
}

/// Who won, after how many steps, and how far the sum of log-cosines had fallen.
struct Decision {
    winner: usize,
    steps: f64,
    fall: f64,
}

/// Runs from `c ∝ 6, …, 1` at every batch size and two step sizes, the second half of the first.
#[derive(Clone, Copy)]
struct Runs {
    replicas: u64,
    step_sizes: [f64; 2],
    diffusion_rate: fn(usize, usize, f64) -> f64,
    path: paths::Winner,
}

/// What they came to.
#[derive(Default)]
struct Seen {
    rows: Vec<Winners>,
    /// Winners at the smaller step size, by batch size; then those of the diffusion.
    wins: Vec<Vec<u64>>,
    /// Logarithms of `κ/η²` and of the mean time in units of `1/η²` as `η → 0`, with its error.
    times: Vec<(f64, f64, f64)>,
    /// Largest mean of the martingale, in its standard errors.
    worst: f64,
    /// Largest standard error of it, in units of its parts: of `(m − 1) κ T`.
    error: f64,
}

/// The same odds, the same clock: SGD at every batch size, and the diffusion.
pub(super) fn all_batches(context: &Context, prediction: &Prediction, register: &mut Register) -> Part {
    // A bias of order η in the odds, against an error of the order of runs^(−1/2).
    let (replicas, step_sizes) =
        context.effort.pick((1000, [0.2, 0.1]), (5000, [0.2, 0.1]), (8000, [0.16, 0.08]));
    let Prediction { diffusion_rate, path, .. } = *prediction;
    let runs = Runs { replicas, step_sizes, diffusion_rate, path };
    let same = same(context, step_sizes[1], register);
    let scaling = scaling(context, step_sizes, register);
    let martingale = martingale(context, step_sizes, register);
    Box::new(move |lab, findings| {
        let mut seen = Seen::default();
        for batch in 1..RATIOS.len() {
            runs.at(batch, lab, &mut seen)?;
        }
        runs.by_the_diffusion(lab, &mut seen)?;
        let Seen { rows, wins, times, worst, error } = seen;
        let lengths: Vec<u64> = wins.iter().map(|row| row.iter().sum()).collect();
        let line = Line::fit(&times);
        findings.checks.extend([
            same.tested(
                homogeneity(&wins),
                noticed_difference(&lengths, RATIOS.len(), CHECK_LEVEL),
                7 * replicas,
            ),
            scaling.estimated(line.slope, line.slope_interval(CHECK_LEVEL), 10 * replicas),
            martingale.tested(worst, error * noticed(LARGEST, CHECK_LEVEL / 5.0), 10 * replicas),
        ]);
        findings.tables.push(Table::of(rows));
        runs.tell(findings);
        Ok(())
    })
}

/// It must notice odds that are off by 28, 12.5 or 10 % in root mean square, by effort.
fn same(context: &Context, eta: f64, register: &mut Register) -> SameLaw {
    let name = "m = 6, b = 1 … 5 and the diffusion: P-value of equal odds (χ² test)";
    let why = format!(
        "six rows of counts, one law but for an order η = {eta}: a noncentrality below 0.2; differences are those of the odds of one row, \
         relative, in root mean square"
    );
    register
        .expect(name, CHECK_LEVEL, why)
        .chance(2.0 * CHECK_LEVEL)
        .same_law(Relation::AtLeast, context.effort.pick(0.28, 0.125, 0.0995))
}

fn scaling(context: &Context, [eta, half]: [f64; 2], register: &mut Register) -> Covered {
    let name = "m = 6, η → 0: log–log slope in κ of the mean time to selection, over b = 1 … 5";
    let why = format!(
        "weighted line; η_B = {eta} and {half} extrapolated to 0; a bias below a quarter of an error"
    );
    register.expect(name, -1.0, why).chance(CHECK_LEVEL).covered(context.effort.pick(0.25, 0.12, 0.0985))
}

/// Standard errors that the largest mean of the martingale may have.
const LARGEST: f64 = 5.5;

/// It must notice a clock that is off by 20, 9 or 7 % at one of the batch sizes, by effort.
fn martingale(context: &Context, [eta, half]: [f64; 2], register: &mut Register) -> SameLaw {
    let name =
        "m = 6: (m − 1) κ T less the fall of Σ log cos, in the mean, in standard errors: largest over b";
    let why = format!(
        "optional stopping of a martingale, any b; κ with log 1/(1 − η_B²) for η_B², the rate far out; η_B = {eta} and {half} extrapolated \
         to 0; normal quantile over five, a skewness of 2 included; differences are relative to (m − 1) κ T"
    );
    register
        .expect(name, LARGEST, why)
        .chance(CHECK_LEVEL)
        .same_law(Relation::AtMost, context.effort.pick(0.2, 0.09, 0.0695))
}

impl Runs {
    /// One batch size at both step sizes.
    fn at(&self, batch: usize, lab: &Lab, seen: &mut Seen) -> Result<()> {
        let (mut excesses, mut times) = (Vec::new(), Vec::new());
        for (k, eta) in self.step_sizes.into_iter().enumerate() {
            let seed = lab.cell_seed(&STUDY, 4 << 32 | (batch as u64) << 8 | k as u64);
            let decisions = decisions(lab, batch, eta, self.replicas, seed)?;
            let steps: Mean = decisions.iter().map(|d| d.steps).collect();
            let kappa = (self.diffusion_rate)(RATIOS.len(), batch, eta);
            let rate = kappa / (eta * eta) * -(-eta * eta).ln_1p();
            excesses.push(decisions.iter().map(|d| 5.0 * rate * d.steps - d.fall).collect::<Mean>());
            times.push(Mean { mean: eta * eta * steps.mean, sem: eta * eta * steps.sem, n: steps.n });
            let mut wins = vec![0; RATIOS.len()];
            decisions.iter().for_each(|d| wins[d.winner] += 1);
            seen.rows.push(Winners::new(format!("b = {batch}"), eta, kappa, &wins, steps));
            if k == 1 {
                seen.wins.push(wins);
            }
        }
        let [excess, time] = [excesses, times].map(|at| Mean::extrapolated(at[0], at[1]));
        seen.worst = largest([seen.worst, (excess.mean / excess.sem).abs()]);
        let per_square = (self.diffusion_rate)(RATIOS.len(), batch, 1.0);
        seen.error = largest([seen.error, excess.sem / (5.0 * per_square * time.mean)]);
        seen.times.push((per_square.ln(), time.mean.ln(), time.sem / time.mean));
        Ok(())
    }

    /// Twice as many paths of the diffusion.
    fn by_the_diffusion(&self, lab: &Lab, seen: &mut Seen) -> Result<()> {
        let seed = lab.cell_seed(&STUDY, 5 << 32);
        let counts = paths::winners(lab, self.path, &unit(&RATIOS), 2 * self.replicas, seed)?;
        let steps = Mean { mean: f64::NAN, sem: f64::NAN, n: 0 };
        seen.rows.push(Winners::new("diffusion".into(), 0.0, 1.0, &counts, steps));
        seen.wins.push(counts);
        Ok(())
    }

    fn tell(&self, findings: &mut Findings) {
        let Self { replicas, step_sizes: [eta, half], .. } = self;
        findings.protocol.push(format!(
            "Six samples, c ∝ 6, 5, 4, 3, 2, 1, every batch size from 1 to 5: winners, times to selection and falls of Σ log cos of {replicas} runs at \
             each of η_B = {eta} and {half}, the winners at the smaller in one test with those of {} paths of the diffusion.",
            2 * replicas
        ));
    }
}

/// The clock is that of small steps: long ones, which tell a rate from its leading order, run ahead of it.
pub(super) fn large_steps(context: &Context, prediction: &Prediction, register: &mut Register) -> Part {
    let (batch, eta) = (3, 0.45);
    let replicas = context.effort.pick(1000, 5000, 12_000);
    let expected = register
        .expect(
            "m = 6, b = 3, η_B = 0.45: fall of Σ log cos less (m − 1) κ T, in the mean, is not 0",
            0.0,
            "a step size too large for the diffusion: far out the rate is log 1/(1 − η_B²), not η_B²",
        )
        .control()
        .exceeding();
    let kappa = (prediction.diffusion_rate)(RATIOS.len(), batch, eta);
    Box::new(move |lab, findings| {
        let decisions = decisions(lab, batch, eta, replicas, lab.cell_seed(&STUDY, 12 << 32))?;
        let mean: Mean = decisions.iter().map(|d| d.fall - 5.0 * kappa * d.steps).collect();
        findings.checks.push(expected.estimated(mean.mean, mean.interval(CHECK_LEVEL), replicas));
        findings.protocol.push(format!("Control: {replicas} runs at b = {batch} and η_B = {eta}."));
        Ok(())
    })
}

/// Runs of one batch size and step size to their decisions.
fn decisions(lab: &Lab, batch: usize, eta: f64, replicas: u64, seed: u64) -> Result<Vec<Decision>> {
    let c = unit(&RATIOS);
    let kappa = diffusion_rate(c.len(), batch, eta);
    let ensemble = Ensemble::new(Schedule::sgd(c.len(), batch, seed)?, eta, 0.25 / kappa, 100.0 / kappa)?;
    let before = log_cosines(&c);
    ensemble.repeat_from(lab, &c, replicas, |steps, neuron: &Neuron| {
        let (winner, others) = lead(neuron);
        (others < DECIDED).then(|| Decision {
            winner,
            steps: steps as f64,
            fall: before - log_cosines(&neuron.correlations),
        })
    })
}
