//! Correlated samples, one neuron: where the pure limit stops being a fixed point, and what takes its place.

mod estimates;
mod figures {
    pub mod correlated;
    pub mod correlated_spread;
}
mod onset;
mod runs;
mod setting;
mod tables;

use indicatif::ProgressBar;
use nalgebra::DMatrix;

use self::onset::FirstStep;
use self::runs::RunMeans;
use self::setting::{Condition, Setting};
use crate::error::Result;
use crate::model::Activation;
use crate::study::{Context, Effort, Findings, Kind, Protocol, Study, Sweep, Swept, paired};
use crate::theory::correlated::{descent, fixed, spread};

/// The exploration.
pub const STUDY: Study = Study {
    id: "correlated",
    kind: Kind::Exploration,
    joins: Effort::Full,
    number: 16,
    level: 0.0,
    title: "what becomes of the pure limit as samples grow correlated",
    theorem: "open",
    source: "beyond the paper",
    statement: "One neuron on unit samples that all have inner product ρ. A datapoint is a fixed point of every sample's step iff ρ = 0 \
                (ReLU: ρ ≤ 0); beyond, SGD spreads around it by a heavy-tailed law of scale |ρ|(m − 1)/(η_B(m − b)), and GD's limit \
                jumps. Predictions of leading order stand beside the estimates, and an order of magnitude for the ρ at which little of the pure \
                limit is left.",
    formula: r"\nabla \ell_j(x_i) = 0 \;\; \forall j \iff \varphi(\rho) \in \{0, \pm 1\}, \qquad P(|\alpha_j| \le x) \approx \exp\Bigl(-\frac{|\rho| (m-1) / (\eta_B (m-b))}{x + |\rho|/2}\Bigr)",
    figures: &[&figures::correlated::FIGURE, &figures::correlated_spread::FIGURE],
    protocol: |context, _| protocol(context, &Options::default()),
};

/// What the command line may bend.
#[derive(Clone, Debug, Default, clap::Args, serde::Serialize)]
pub struct Options {
    /// Number of samples m (default: 8).
    #[arg(long)]
    pub samples: Option<usize>,
    /// Pairs of runs: seeds shared by all correlations and batch sizes (default: 8, 40 or 60 by effort); at most 10000.
    #[arg(long)]
    pub pairs: Option<u64>,
    /// Nominal step size η; η_B = η/b (default: 0.1).
    #[arg(long, allow_negative_numbers = true)]
    pub step_size: Option<f64>,
}

/// The theory that stands beside the estimates.
#[derive(Clone, Debug)]
pub struct Prediction {
    /// Correlations at the limit of full batches, from ρ and those at the start.
    pub limit: fn(f64, &[f64], Activation) -> Option<Vec<f64>>,
    /// Length of a batch's step from a datapoint.
    pub displacement: fn(&DMatrix<f64>, usize, &[usize], Activation, f64) -> f64,
    /// Law of the coefficients of other samples, from m, b, ρ and η_B.
    pub spread: fn(usize, usize, f64, f64) -> spread::Spread,
    /// Correlation at which little is left of the pure limit, from m, b and η_B.
    pub crossover: fn(usize, usize, f64) -> f64,
}

impl Default for Prediction {
    fn default() -> Self {
        Self {
            limit: descent::equicorrelated_limit,
            displacement: fixed::displacement,
            spread: spread::Spread::new,
            crossover: spread::crossover,
        }
    }
}

/// Initial norm.
const INIT_NORM: f64 = 0.5;

/// First steps and runs, by condition and pair.
struct Grid {
    setting: Setting,
    onsets: Swept<Condition, FirstStep>,
    runs: Swept<Condition, RunMeans>,
}

impl Grid {
    fn run(setting: Setting, progress: &ProgressBar) -> Result<Self> {
        let sweep = Sweep::new(setting.conditions(), 0..setting.pairs).counted_on(progress);
        let onsets = sweep.clone().run(|condition, pairs| onset::measure(&setting, *condition, pairs))?;
        let runs = sweep.counted_on(progress).run(|condition, _| runs::measure(&setting, *condition))?;
        Ok(Self { setting, onsets, runs })
    }

    fn runs(&self, activation: Activation, rho: f64, batch: usize) -> &[RunMeans] {
        self.runs.runs(&Condition { activation, rho, batch })
    }

    fn values(&self, activation: Activation, rho: f64, batch: usize, of: fn(&RunMeans) -> f64) -> Vec<f64> {
        self.runs.values(&Condition { activation, rho, batch }, of)
    }

    fn onset(&self, activation: Activation, rho: f64, batch: usize) -> &[FirstStep] {
        self.onsets.runs(&Condition { activation, rho, batch })
    }
}

/// What there is to run; there is no expectation to register.
///
/// # Errors
/// Bad options: fewer than three samples or two pairs, a step size that is not between 0 and 1/2.
pub fn protocol(context: &Context, options: &Options) -> Result<Protocol> {
    let setting = Setting::new(context, options, &Prediction::default())?;
    Ok(Box::new(move |lab| {
        let grid = Grid::run(setting, &lab.progress)?;
        Ok(Findings {
            protocol: grid.setting.sentences(),
            estimates: estimates::estimates(&grid, lab.cell_seed(&STUDY, 1)),
            notes: estimates::notes(&grid),
            tables: tables::tables(&grid),
            ..Findings::default()
        })
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::device::Compute;

    fn measured(prediction: &Prediction) -> Grid {
        let context = Context {
            effort: Effort::Quick,
            seed: 4,
            compute: Compute::default(),
            progress: ProgressBar::hidden(),
        };
        let options = Options { samples: Some(5), pairs: Some(12), step_size: None };
        let setting = Setting::new(&context, &options, prediction).unwrap();
        Grid::run(setting, &ProgressBar::hidden()).unwrap()
    }

    #[test]
    fn known_cases_come_out_as_known() {
        let measured = measured(&Prediction::default());
        for activation in Activation::PAPER {
            // ρ = 0: SGD is pure at every look, after some ten times what selection takes; GD is at Theorem 1's mixture.
            let pure = measured.values(activation, 0.0, 1, |seen| seen.impurity);
            assert!(pure.iter().filter(|x| x.is_finite()).all(|&x| x < 1e-6), "{activation:?} {pure:?}");
            for &rho in &measured.setting.rhos {
                let descent = measured.runs(activation, rho, 5);
                for seen in descent.iter().filter(|seen| seen.is_alive()) {
                    assert_eq!(seen.converged, Some(true), "{activation:?} ρ = {rho}");
                    let (distance, mixed) = seen.limit.expect("alive, and nothing is even");
                    assert!(distance < 1e-8, "{activation:?} ρ = {rho}: {distance:e}");
                    assert!((mixed - seen.mixed).abs() < 1e-6, "{activation:?} ρ = {rho}");
                }
                // One step, predicted exactly; it vanishes where theory says so and only there.
                for batch in [1, 5] {
                    let steps = measured.onset(activation, rho, batch);
                    assert!(onset::deviation(steps) < 1e-14, "{activation:?} ρ = {rho} b = {batch}");
                    let fixed = rho == 0.0 || rho < 0.0 && activation == Activation::Relu;
                    let all = measured.setting.pairs;
                    assert!(if fixed { onset::moved(steps) == 0 } else { onset::moved(steps) > 0 });
                    assert!(fixed || batch == 1 || onset::moved(steps) == all);
                }
            }
            // Strong correlation mixes: some three samples of the five.
            let mixed = measured.values(activation, 0.9, 1, |seen| seen.mixed);
            assert!(mixed.iter().filter(|x| x.is_finite()).all(|&x| x > 2.0), "{activation:?} {mixed:?}");
        }
        // ReLU below 0: SGD and GD both end in a datapoint, GD in that of the largest correlation.
        let below = measured.values(Activation::Relu, -0.1, 1, |seen| seen.impurity);
        assert!(below.iter().filter(|x| x.is_finite()).all(|&x| x < 1e-6), "{below:?}");
        let descent = measured.runs(Activation::Relu, -0.1, 5);
        assert!(descent.iter().filter(|seen| seen.is_alive()).all(|seen| seen.argmax_kept));
    }

    #[test]
    fn coefficients_invert_the_gram_matrix() {
        let (alpha, rho) = ([0.9, -0.2, 0.05, 0.3], 0.37);
        let sum: f64 = alpha.iter().sum();
        let c: Vec<f64> = alpha.iter().map(|a| (1.0 - rho) * a + rho * sum).collect();
        let back = runs::coefficients(&c, rho);
        assert!(alpha.iter().zip(&back).all(|(a, b)| (a - b).abs() < 1e-14), "{back:?}");
    }

    #[test]
    fn a_wrong_law_is_seen_beside_the_numbers() {
        // A planted factor of 3 in the spread: the measured median leaves the prediction behind.
        let right = Prediction::default();
        let wrong = Prediction {
            spread: |m, b, rho, eta| spread::Spread::new(m, b, 3.0 * rho, eta),
            ..right.clone()
        };
        let off = |prediction: &Prediction| {
            let measured = measured(prediction);
            let groups = runs::others(measured.runs(Activation::Linear, 0.005, 1));
            let law = (prediction.spread)(5, 1, 0.005, 0.1);
            (paired::pooled_quantile(&groups, 0.5).0 / law.quantile(0.5)).ln().abs()
        };
        assert!(off(&right) < 0.35 && off(&wrong) > 0.75, "{} {}", off(&right), off(&wrong));
    }
}
