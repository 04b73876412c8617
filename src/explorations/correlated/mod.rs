//! Correlated samples, one neuron: where the pure limit stops being a fixed point, and what takes its place.

mod estimates;
mod figures;
mod onset;
mod runs;
mod setting;
mod tables;

use nalgebra::DMatrix;

use self::onset::Onset;
use self::runs::Runs;
use self::setting::{Condition, Setting};
use crate::error::Result;
use crate::model::Activation;
use crate::study::{Context, Effort, Findings, Kind, Protocol, Study, examine, paired};
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
    figures: figures::ALL,
    protocol: |context, _| protocol(context, &Options::default(), &Prediction::default()),
};

/// What the command line may bend.
#[derive(Clone, Debug, Default, clap::Args, serde::Serialize)]
pub struct Options {
    /// Number of samples m (default: 8).
    #[arg(long)]
    pub samples: Option<usize>,
    /// Pairs of runs: seeds shared by all correlations and batch sizes (default: 8, 40 or 120 by effort); at most 10000.
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

/// All runs, by condition.
struct Grid {
    setting: Setting,
    onsets: Vec<Onset>,
    runs: Vec<Runs>,
}

impl Grid {
    fn runs(&self, activation: Activation, rho: f64, batch: usize) -> &Runs {
        let condition = Condition { activation, rho, batch };
        self.runs.iter().find(|runs| runs.condition == condition).expect("every condition was run")
    }

    fn onset(&self, activation: Activation, rho: f64, batch: usize) -> &Onset {
        let condition = Condition { activation, rho, batch };
        self.onsets.iter().find(|onset| onset.condition == condition).expect("every condition was run")
    }
}

/// Runs the protocol.
///
/// # Errors
/// Bad options: fewer than three samples or two pairs, a step size that is not between 0 and 1/2.
pub fn findings(context: &Context, options: &Options, prediction: &Prediction) -> Result<Findings> {
    examine(context, |_| protocol(context, options, prediction))
}

/// What there is to run; there is no expectation to register.
///
/// # Errors
/// As [`findings`].
pub fn protocol(context: &Context, options: &Options, prediction: &Prediction) -> Result<Protocol> {
    let setting = Setting::new(context, options, prediction)?;
    Ok(Box::new(move |lab| {
        let ended = lab.each(setting.conditions(), |condition| setting.measure(condition))?;
        let (onsets, runs) = ended.into_iter().unzip();
        let grid = Grid { setting, onsets, runs };
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
    use indicatif::ProgressBar;

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
        let measure = |condition| setting.measure(condition).unwrap();
        let (onsets, runs) = setting.conditions().into_iter().map(measure).unzip();
        Grid { setting, onsets, runs }
    }

    #[test]
    fn known_cases_come_out_as_known() {
        let measured = measured(&Prediction::default());
        for activation in Activation::PAPER {
            // ρ = 0: SGD is pure at every look, after some ten times what selection takes; GD is at Theorem 1's mixture.
            let pure = measured.runs(activation, 0.0, 1).values(|seen| seen.impurity);
            assert!(pure.iter().filter(|x| x.is_finite()).all(|&x| x < 1e-6), "{activation:?} {pure:?}");
            for &rho in &measured.setting.rhos {
                let descent = measured.runs(activation, rho, 5);
                for seen in descent.pairs.iter().filter(|seen| seen.is_alive()) {
                    assert_eq!(seen.converged, Some(true), "{activation:?} ρ = {rho}");
                    let (distance, mixed) = seen.limit.expect("alive, and nothing is even");
                    assert!(distance < 1e-8, "{activation:?} ρ = {rho}: {distance:e}");
                    assert!((mixed - seen.mixed).abs() < 1e-6, "{activation:?} ρ = {rho}");
                }
                // One step, predicted exactly; it vanishes where theory says so and only there.
                for batch in [1, 5] {
                    let onset = measured.onset(activation, rho, batch);
                    assert!(onset.deviation() < 1e-14, "{activation:?} ρ = {rho} b = {batch}");
                    let fixed = rho == 0.0 || rho < 0.0 && activation == Activation::Relu;
                    let all = measured.setting.pairs;
                    assert!(if fixed { onset.moved() == 0 } else { onset.moved() > 0 });
                    assert!(fixed || batch == 1 || onset.moved() == all);
                }
            }
            // Strong correlation mixes: some three samples of the five.
            let mixed = measured.runs(activation, 0.9, 1).values(|seen| seen.mixed);
            assert!(mixed.iter().filter(|x| x.is_finite()).all(|&x| x > 2.0), "{activation:?} {mixed:?}");
        }
        // ReLU below 0: SGD and GD both end in a datapoint, GD in that of the largest correlation.
        let below = measured.runs(Activation::Relu, -0.1, 1).values(|seen| seen.impurity);
        assert!(below.iter().filter(|x| x.is_finite()).all(|&x| x < 1e-6), "{below:?}");
        let descent = measured.runs(Activation::Relu, -0.1, 5);
        assert!(descent.pairs.iter().filter(|seen| seen.is_alive()).all(|seen| seen.argmax_kept));
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
            let groups = measured.runs(Activation::Linear, 0.005, 1).others();
            let law = (prediction.spread)(5, 1, 0.005, 0.1);
            (paired::pooled_quantile(&groups, 0.5).0 / law.quantile(0.5)).ln().abs()
        };
        assert!(off(&right) < 0.35 && off(&wrong) > 0.75, "{} {}", off(&right), off(&wrong));
    }
}
