//! Time averages along runs that start at the first principal component.

use itertools::Itertools;

use crate::data::digits::{Digits, digits};
use crate::data::{Dataset, Normalisation, dot};
use crate::device::Compute;
use crate::engine::{Analytic, Engine};
use crate::error::Result;
use crate::init::Start;
use crate::model::Activation;
use crate::problem::{Problem, Reduction};
use crate::schedule::Schedule;
use crate::study::words::listed;
use crate::theory::principal_component::PrincipalComponent;
use crate::vectors::largest;

/// Digits that are shown together; none for all of them. The spectral gap grows from the first to the last.
pub(super) const IMAGES: [&[u8]; 5] = [&[], &[1, 8], &[2, 3], &[5, 9], &[0, 7]];

/// Batch sizes, with their step sizes per sample.
const SETTINGS: [(usize, &[f64]); 3] =
    [(1, &[0.4, 0.2, 0.1, 0.05, 0.025]), (4, &[0.1, 0.05, 0.025]), (16, &[0.025])];

/// Relaxation times along the second component: those left out, those that are averaged over, and looks in each.
const LEFT_OUT: f64 = 5.0;
const AVERAGED: f64 = 20.0;
const LOOKS: f64 = 8.0;

/// Images with their first principal component.
pub(super) struct Images {
    pub name: String,
    pub dataset: Dataset,
    pub component: PrincipalComponent,
    /// Largest cosine of the component with an image.
    pub max_cos: f64,
}

impl Images {
    /// The images of some digits, their mean subtracted, of unit norm.
    pub fn of(labels: &[u8]) -> Result<Self> {
        let Digits { images, labels: shown } = digits();
        let dim = images.dim();
        let rows = images.rows()?.chunks_exact(dim).zip(shown);
        let rows: Vec<f64> = rows
            .filter(|(_, shown)| labels.is_empty() || labels.contains(shown))
            .flat_map(|(row, _)| row.iter().copied())
            .collect();
        let samples = rows.len() / dim;
        let dataset = Dataset::from_rows(rows, samples, dim)?.normalised(Normalisation::CentredUnit)?;
        let component = PrincipalComponent::of(dataset.rows()?, dim).expect("a spectral gap");
        let name = if labels.is_empty() { "all digits".into() } else { format!("digits {}", listed(labels)) };
        let max_cos = max_cos(&dataset, &component.direction)?;
        Ok(Self { name, dataset, component, max_cos })
    }
}

/// Largest size of the cosine with a sample of unit norm.
fn max_cos(dataset: &Dataset, w: &[f64]) -> Result<f64> {
    let rows = dataset.rows()?.chunks_exact(dataset.dim());
    Ok(largest(rows.map(|x| dot(x, w).abs())) / dot(w, w).sqrt())
}

/// Images, batch size and step size per sample.
#[derive(Clone, Copy)]
pub(super) struct Cell<'a> {
    pub images: &'a Images,
    pub batch: usize,
    pub step_per_sample: f64,
}

/// Time averages along a run.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Seen {
    /// `sin²` of the angle to the first principal component, and the size of its cosine.
    pub sine_sq: f64,
    pub cosine: f64,
    /// Largest cosine with an image.
    pub max_cos: f64,
    /// `‖w‖²`.
    pub norm_sq: f64,
}

impl<'a> Cell<'a> {
    /// All settings.
    pub fn all(images: &'a [Images]) -> Vec<Self> {
        let settings =
            SETTINGS.iter().flat_map(|&(batch, steps)| steps.iter().map(move |step| (batch, *step)));
        let cell = |(images, (batch, step_per_sample))| Self { images, batch, step_per_sample };
        images.iter().cartesian_product(settings).map(cell).collect()
    }

    /// Mean of `sin² θ` to leading order.
    pub fn law(&self) -> f64 {
        self.images.component.mean_sine_sq(self.batch, self.step_per_sample)
    }

    /// So many runs, from the first principal component, with the batches of their streams.
    pub fn run(&self, pairs: &[u64], seed: u64, compute: &Compute) -> Result<Vec<Seen>> {
        let Images { dataset, component, .. } = self.images;
        let step_size = self.step_per_sample * self.batch as f64;
        let problem = Problem::new(dataset.clone(), Activation::Linear, Reduction::Mean, step_size)?;
        let schedule = Schedule::sgd(dataset.samples(), self.batch, seed)?;
        let start = Start::from_weights(dataset, component.direction.clone())?;
        let starts = vec![start; pairs.len()];
        let mut engine = Analytic::new(&problem, &schedule, &starts, 0, compute)?;
        let relaxation = component.relaxation(self.batch, self.step_per_sample);
        engine.advance((LEFT_OUT * relaxation).ceil() as u64);
        let mut seen = vec![Seen::default(); pairs.len()];
        let looks = (LOOKS * AVERAGED) as u64;
        for _ in 0..looks {
            engine.advance((relaxation / LOOKS).ceil() as u64);
            for (replica, seen) in seen.iter_mut().enumerate() {
                self.look(&engine.weights(replica)?, seen, 1.0 / looks as f64)?;
            }
        }
        Ok(seen)
    }

    /// Adds what is seen of a neuron, with a weight.
    fn look(&self, w: &[f64], seen: &mut Seen, weight: f64) -> Result<()> {
        let Images { dataset, component, .. } = self.images;
        let norm_sq = dot(w, w);
        let along = dot(w, &component.direction);
        // What is across is subtracted before it is squared: small angles keep their digits.
        let across: f64 = w.iter().zip(&component.direction).map(|(w, e)| (w - along * e).powi(2)).sum();
        seen.sine_sq += weight * across / norm_sq;
        seen.cosine += weight * along.abs() / norm_sq.sqrt();
        seen.max_cos += weight * max_cos(dataset, w)?;
        seen.norm_sq += weight * norm_sq;
        Ok(())
    }
}

/// What is run, in words.
pub(super) fn sentence(images: &[Images], pairs: u64) -> String {
    let images = images.iter().map(|images| {
        let (samples, gap) = (images.dataset.samples(), images.component.gap());
        format!("{} ({samples} images, λ_1 − λ_2 = {gap:.4})", images.name)
    });
    let settings = SETTINGS.map(|(batch, steps)| format!("b = {batch} with η_B = {}", listed(steps)));
    format!(
        "The hand-derived gradient trains a linear neuron on {}, mean image subtracted, unit norm, mean reduction, random batches: {}. {pairs} runs of each setting start at the first principal \
         component; averages are over {AVERAGED} relaxation times 1/(η (λ_1 − λ_2)) after {LEFT_OUT} that are left out.",
        images.collect_vec().join(", "),
        settings.join("; ")
    )
}
