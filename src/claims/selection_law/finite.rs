//! Two samples at step sizes that are not small: the odds of the chain itself against the derived first order, and
//! against runs.

use super::pair::PairPart;
use super::row::PairOdds;
use super::{Prediction, STUDY};
use crate::stats::{CHECK_LEVEL, Mean, combination, normal_quantile};
use crate::study::Context;
use crate::study::mean_steps::MeanSteps;
use crate::theory::selection::direction;
use crate::update::Rule;
use crate::vectors::largest;
use crate::verdict::Register;

/// Where the correction is largest, and has opposite signs, in units of `π/2`.
const OCTANTS: [f64; 2] = [0.25, 0.75];

/// Step sizes at which it is measured: large, since its effect is small.
const LARGE: [f64; 2] = [0.3, 0.45];

/// Log-ratio at which a walk ends. What is left is of relative order `e^{−D}`, a hundredth of a standard error.
const FAR: f64 = 11.5;

/// Standard deviation of the sum over a walk, over `η`: 0.0168 and 0.0163, for 20,000 walks of another program.
const DEVIATION: f64 = 0.0172;

/// Step sizes of the curves in the table.
const CURVES: [f64; 5] = [0.05, 0.1, 0.2, 0.3, 0.45];

/// Value and slope of the exact odds at `η = 0`, by extrapolation, against the closed form and the derivation.
pub(super) fn limits(prediction: &Prediction, register: &mut Register) -> PairPart {
    let (odds, limit, slope) = (prediction.pair_at, prediction.pair, prediction.slope);
    let mut expect = |name: &str, predicted: f64, tolerance: f64| {
        let name = format!("m = 2, η → 0{name}");
        let why = "from the solved chain at η = 0.02 and 0.01; what is left is of order η²";
        register.expect(name, predicted, why).within(tolerance)
    };
    let value =
        expect(": the exact odds, largest deviation from (2/π) arctan(c_1/c_2) over 19 angles", 0.0, 5e-6);
    let octant = expect(", θ = π/8: slope in η of the exact odds", slope(direction(OCTANTS[0])), 1e-5);
    let slopes = expect(
        ": slope in η of the exact odds, largest deviation from the derived one over 19 angles",
        0.0,
        1e-5,
    );
    Box::new(move |_, findings, _| {
        let value_at = |c: [f64; 2]| 2.0 * odds(c, 0.01) - odds(c, 0.02);
        let quotient = |c: [f64; 2], eta: f64| (odds(c, eta) - limit(c)) / eta;
        let slope_at = |c: [f64; 2]| 2.0 * quotient(c, 0.01) - quotient(c, 0.02);
        let over_angles =
            |error: &dyn Fn([f64; 2]) -> f64| largest((1..20).map(|k| error(direction(0.05 * f64::from(k)))));
        findings.checks.extend([
            value.measured(over_angles(&|c| (value_at(c) - limit(c)).abs()), 19),
            octant.measured(slope_at(direction(OCTANTS[0])), 1),
            slopes.measured(over_angles(&|c| (slope_at(c) - slope(c)).abs()), 19),
        ]);
        Ok(())
    })
}

/// What is left beside the law of small `η`, from both octants at both step sizes; and the curves.
pub(super) fn octants(context: &Context, prediction: &Prediction, register: &mut Register) -> Vec<PairPart> {
    let walks = context.effort.pick(15_000, 60_000, 120_000);
    let mut parts: Vec<PairPart> = (0..)
        .zip(LARGE)
        .map(|(k, eta)| beside_the_limit(prediction, eta, walks, (1 << 32) | (2 * k), register))
        .collect();
    let prediction = prediction.clone();
    parts.push(Box::new(move |_, findings, rows| {
        findings.protocol.push(format!(
            "The solved chain alone: value and slope in η at η → 0, over 19 angles. Against {walks} walks of the chain at each of θ = π/8, 3π/8 and η = {}: the sum of the mean \
             steps of 2θ/π, over both draws of every step, until |log(c_1/c_2)| = {FAR}. Its mean is P − 2θ/π.",
            LARGE.map(|eta| eta.to_string()).join(", ")
        ));
        for eta in CURVES {
            let along = (1..40).map(|k| f64::from(k) / 40.0);
            rows.extend(along.map(|share| {
                let exact = (prediction.pair_at)(direction(share), eta);
                PairOdds::new(&prediction, share, eta, exact)
            }));
        }
        Ok(())
    }));
    parts
}

fn beside_the_limit(
    prediction: &Prediction,
    eta: f64,
    walks: u64,
    cell: u64,
    register: &mut Register,
) -> PairPart {
    let exact = OCTANTS.map(|share| (prediction.pair_at)(direction(share), eta));
    let limit = prediction.pair;
    let [first, second] = [0, 1].map(|k| exact[k] - limit(direction(OCTANTS[k])));
    let predicted = 0.5 * (first - second);
    let precision = 1.35 * normal_quantile(CHECK_LEVEL) * DEVIATION * eta * (0.5 / walks as f64).sqrt();
    let name = format!("m = 2, η = {eta}: P − 2θ/π at θ = π/8, less that at 3π/8, halved");
    let why = "the odds of the chain, solved; conditional mean steps of 2θ/π, summed over independent walks";
    let expected = register.expect(&name, predicted, why).covered(precision);
    let control = (eta == LARGE[1]).then(|| {
        let name = format!("{name}: not 0, which it is for small η");
        register.expect(name, 0.0, "a step size too large for the law").control().bounded()
    });
    let prediction = prediction.clone();
    Box::new(move |lab, findings, rows| {
        let momentum = Rule::Sgd.momentum().expect("a rule without squares of gradients");
        let mean_steps = MeanSteps { momentum, law: prediction.pair, effective_step: eta, far: FAR };
        let mut terms = Vec::new();
        for (k, (share, exact)) in OCTANTS.into_iter().zip(exact).enumerate() {
            let sums = mean_steps.sums(lab, &STUDY, direction(share), walks, cell | k as u64)?;
            let Mean { mean, sem, .. } = Mean::of(&sums);
            rows.push(PairOdds::new(&prediction, share, eta, exact).summed(mean, sem, walks));
            terms.push((if k == 0 { 0.5 } else { -0.5 }, mean, sem));
        }
        let (value, interval) = combination(&terms, CHECK_LEVEL);
        findings.checks.push(expected.estimated(value, interval, 2 * walks));
        findings.checks.extend(control.map(|control| control.estimated(value, interval, 2 * walks)));
        Ok(())
    })
}
