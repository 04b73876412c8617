//! Halfway out: one law for all batch sizes and for the diffusion.

use super::departure::{Departure, mixture};
use super::{Prediction, START, STUDY};
use crate::data::dot;
use crate::error::Result;
use crate::rng::{Purpose, stream};
use crate::stats::{CHECK_LEVEL, homogeneity, noticed_difference};
use crate::study::{Context, Lab, Part};
use crate::theory::selection::Diffusion;
use crate::vectors::largest;
use crate::verdict::{Register, Relation, SameLaw};

/// The time of it.
const HALFWAY: f64 = 1.5;

/// Most runs a batch size, which take steps as `1/runs`.
const MAX_COUNTED: u64 = 10_000;

const BATCHES: [usize; 3] = [1, 2, 4];

/// Cells of the test: between the deciles of the paths.
const CELLS: usize = 10;

/// Counts in the deciles that paths of the diffusion themselves fill.
///
/// A step size `η_B` shifts the shares of the deciles by `O(η_B)`: 400,000 runs at `η_B` = 0.05, 0.1 and 0.2 put the noncentrality of χ² at
/// `0.14 η_B²` a run for `b` = 1 and 4 and below that for `b = 2`, `0.27 η_B²` for the four rows together. With `η_B² = 1.8/runs` it is ½, and the
/// test rejects one law with a probability of 8e-6 instead of 5e-6.
///
/// It must notice a law whose shares of the deciles are off by 27, 21 or 16 % in root mean square, by effort.
pub(super) fn one_law(
    context: &Context,
    replicas: u64,
    prediction: &Prediction,
    register: &mut Register,
) -> Part {
    let replicas = context.effort.pick(4 * replicas, replicas, replicas).min(MAX_COUNTED);
    let step_size = (1.8 / replicas as f64).sqrt().min(0.1);
    let expected = expected(context, step_size, register);
    let rate = prediction.diffusion_rate;
    Box::new(move |lab, findings| {
        let alpha = mixture(&START);
        let mut paths = along_the_diffusion(lab, &alpha, 2 * replicas)?;
        paths.sort_by(f64::total_cmp);
        let deciles: Vec<f64> = (1..CELLS).map(|k| paths[k * paths.len() / CELLS]).collect();
        let counts = |sample: &[f64]| {
            let mut counts = vec![0; CELLS];
            sample.iter().for_each(|x| counts[deciles.partition_point(|edge| edge < x)] += 1);
            counts
        };
        let mut rows = vec![counts(&paths)];
        for batch in BATCHES {
            let departure =
                Departure { alpha: alpha.clone(), batch, step_size, cell: 2 << 32 | batch as u64 };
            let steps = (HALFWAY / rate(alpha.len(), batch, step_size)).round();
            rows.push(counts(&departure.after(lab, steps, replicas, |neuron| purest(&neuron.correlations))?));
        }
        let lengths: Vec<u64> = rows.iter().map(|row| row.iter().sum()).collect();
        let detects = noticed_difference(&lengths, CELLS, CHECK_LEVEL);
        findings.checks.push(expected.tested(homogeneity(&rows), detects, 5 * replicas));
        findings.protocol.push(format!(
            "{replicas} runs for each of b = 1, 2, 4 and twice as many exact paths of the diffusion give the law of the leader's share at \
             τ = {HALFWAY}, by one χ² test over ten cells."
        ));
        Ok(())
    })
}

fn expected(context: &Context, step_size: f64, register: &mut Register) -> SameLaw {
    register
        .expect(
            format!("m = 5, τ = 1.5, η_B = {step_size:.4}: P-value of one law of max cos² for b = 1, 2, 4 and the diffusion (χ² over deciles)"),
            CHECK_LEVEL,
            "four rows of counts; η_B² = 1.8/runs, so that what the step size changes has a noncentrality of ½; differences are those of the \
             shares of the deciles, relative, in root mean square",
        )
        .chance(8e-6)
        .same_law(Relation::AtLeast, context.effort.pick(0.27, 0.21, 0.16))
}

/// The leader's share of paths of the diffusion.
fn along_the_diffusion(lab: &Lab, alpha: &[f64], paths: u64) -> Result<Vec<f64>> {
    let seed = lab.cell_seed(&STUDY, 1 << 32);
    lab.each(0..paths, |path| {
        let mut diffusion = Diffusion::new(alpha);
        let mut rng = stream(seed, Purpose::Protocol, path);
        (0..3).for_each(|_| diffusion.advance(&mut rng, HALFWAY / 3.0));
        Ok(purest(&diffusion.cosines()))
    })
}

/// `max cos²` within the span.
fn purest(c: &[f64]) -> f64 {
    largest(c.iter().map(|c| c * c)) / dot(c, c)
}
