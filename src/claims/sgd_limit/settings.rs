//! Which sizes, batches, step sizes and norms Theorem 2 is tried on.

use itertools::{Itertools, iproduct};

use super::Options;
use crate::data::Dataset;
use crate::error::Result;
use crate::limits;
use crate::model::Activation;
use crate::plot::distinct;
use crate::problem::{Problem, Reduction};
use crate::study::words::listed;
use crate::study::{Context, Effort};
use crate::theory::budget::MAX_STEPS;
use crate::theory::sgd;

impl Options {
    /// The step size, unless a range is covered.
    pub(super) fn step_size(&self) -> f64 {
        self.step_size.unwrap_or(0.2)
    }

    /// The initial norm, unless a range is covered.
    pub(super) fn init_norm(&self) -> f64 {
        self.init_norm.unwrap_or(0.5)
    }
}

/// Those of the range that is covered besides.
const STEPS: [f64; 3] = [0.2, 0.11, 0.05];
const NORMS: [f64; 3] = [0.05, 0.5, 0.95];

/// Steps times batch entries beyond which a setting under the mean reduction is left out, at standard effort.
const WORK_CAP: f64 = 1.3e7;

/// One size, batch size, activation, step size and norm, over many seeds.
#[derive(Clone, Debug)]
pub(super) struct Setting {
    pub samples: usize,
    pub dim: usize,
    pub batch: usize,
    pub activation: Activation,
    pub reduction: Reduction,
    pub step_size: f64,
    pub init_norm: f64,
    pub replicas: u64,
}

impl Setting {
    /// A size `(m, n, b)` at one step size and norm.
    pub fn new(
        options: &Options,
        (samples, dim, batch): (usize, usize, usize),
        activation: Activation,
        reduction: Reduction,
        replicas: u64,
    ) -> Self {
        let (step_size, init_norm) = (options.step_size(), options.init_norm());
        Self { samples, dim, batch, activation, reduction, step_size, init_norm, replicas }
    }

    /// The problem on data of this size.
    pub fn problem(&self, dataset: Dataset) -> Result<Problem> {
        Ok(Problem::new(dataset, self.activation, self.reduction, self.step_size)?)
    }

    /// In words, for the report.
    pub fn label(&self) -> String {
        let Self { samples, batch, activation, reduction, step_size, init_norm, .. } = self;
        let (activation, reduction) = (activation.name(), reduction.name());
        format!("m = {samples}, b = {batch}, {reduction}, η = {step_size}, ‖w_0‖ = {init_norm}, {activation}")
    }

    /// Steps times batch entries that the rate law asks for.
    ///
    /// Under the mean reduction `η_B = η/b`, and the time to select grows like `m² b/η²` for `b` near `m`: at `m = 256`, `b = 255`
    /// and `η = 1/5` it is 10¹⁰ steps.
    fn work(&self) -> f64 {
        let step_per_sample = self.reduction.step_per_sample(self.step_size, self.batch);
        self.batch as f64 * 30.0 / sgd::rate(self.samples, self.batch, step_per_sample)
    }

    /// About how many visits of samples all runs make. Where the rate law grants no budget, they are few.
    fn visits(&self) -> f64 {
        let work = self.work();
        let is_granted = work <= self.batch as f64 * MAX_STEPS as f64;
        if is_granted { self.replicas as f64 * work } else { 0.0 }
    }
}

/// Settings reported together.
pub(super) struct Group {
    pub name: String,
    pub settings: Vec<Setting>,
}

impl Group {
    /// The settings over sizes `(m, n, b)`, step sizes and norms, linear and ReLU.
    fn over(
        sizes: &[(usize, usize, usize)],
        reduction: Reduction,
        (step_sizes, norms): (&[f64], &[f64]),
        replicas: u64,
    ) -> Self {
        let cells = iproduct!(Activation::PAPER, sizes, step_sizes, norms);
        let setting = |(activation, &(samples, dim, batch), &step_size, &init_norm)| Setting {
            samples,
            dim,
            batch,
            activation,
            reduction,
            step_size,
            init_norm,
            replicas,
        };
        Self { name: String::new(), settings: cells.map(setting).collect() }
    }

    /// Without the settings that would take too long, which are added to `left_out`.
    fn within(mut self, cap: f64, left_out: &mut Vec<String>) -> Self {
        self.settings.retain(|setting| {
            let kept = setting.reduction == Reduction::Sum || setting.work() <= cap;
            let which = format!("({}, {}, {})", setting.samples, setting.batch, setting.step_size);
            if !kept && !left_out.contains(&which) {
                left_out.push(which);
            }
            kept
        });
        self
    }

    /// Named after what its settings have in common and the ranges over which they differ.
    fn named(mut self) -> Self {
        let range = |what: &str, of: fn(&Setting) -> usize| {
            let (low, high) = self.settings.iter().map(of).minmax().into_option().unwrap_or_default();
            if low == high { format!("{what} = {low}") } else { format!("{what} from {low} to {high}") }
        };
        let sizes = [
            range("b", |setting| setting.batch),
            range("m", |setting| setting.samples),
            range("n", |setting| setting.dim),
        ];
        self.name = format!(
            "{}, {}, η = {}, ‖w_0‖ = {}",
            sizes.join(", "),
            self.settings[0].reduction.name(),
            listed(&distinct(&self.settings, |setting| setting.step_size)),
            listed(&distinct(&self.settings, |setting| setting.init_norm))
        );
        self
    }

    /// The pairs `(m, b)` in words, where the ranges of the name do not tell them.
    pub fn pairs(&self) -> Option<String> {
        let pairs = distinct(&self.settings, |setting| (setting.samples, setting.batch));
        let (first, last) = (pairs[0], pairs[pairs.len() - 1]);
        let is_range = first.0 == last.0 && last.1 - first.1 + 1 == pairs.len();
        let pair = |(m, b): &(usize, usize)| format!("({m}, {b})");
        (!is_range).then(|| listed(&pairs.iter().map(pair).collect::<Vec<_>>()))
    }
}

/// The groups of the size that the command line asks for, at its batch size or every one.
fn asked(m: usize, context: &Context, options: &Options) -> Result<Vec<Group>> {
    let (step, norm) = (options.step_size(), options.init_norm());
    let replicas = options.replicas.unwrap_or(context.effort.pick(20, 200, 2000));
    let count = if options.batch.is_some() { 1 } else { m };
    limits::work("visits (batch sizes x replicas x samples)", &[count, replicas as usize, m])?;
    let batches: Vec<usize> = options.batch.map_or((1..m.max(2)).collect(), |b| vec![b]);
    let dim = options.dim.unwrap_or((3 * m).div_ceil(2));
    let sizes: Vec<_> = batches.into_iter().map(|b| (m, dim, b)).collect();
    let group = |reduction| Group::over(&sizes, reduction, (&[step], &[norm]), replicas).named();
    let groups = Reduction::ALL.map(group);
    let visits = groups.iter().flat_map(|group| &group.settings).map(Setting::visits).sum();
    limits::within_reach(visits, || format!("visits of samples, by the rate law, for m = {m}"))?;
    Ok(groups.into())
}

/// The settings of a protocol, and what a reader must know of those that are not among them.
pub(super) fn groups(context: &Context, options: &Options) -> Result<(Vec<Group>, Option<String>)> {
    if let Some(m) = options.samples {
        return Ok((asked(m, context, options)?, None));
    }
    let (step, norm) = (options.step_size(), options.init_norm());
    let seeds = |replicas: u64| options.replicas.unwrap_or(replicas);
    let every: Vec<_> = (1..12).map(|b| (12, 17, b)).collect();
    let larger = context.effort.pick(vec![16, 64], vec![16, 64, 128], vec![16, 32, 64, 128, 256]);
    let larger: Vec<_> =
        larger.into_iter().flat_map(|m| [1, m / 4, m - 1].map(|b| (m, m + m / 2, b))).collect();
    let small = context.effort.pick(vec![1, 4], vec![1, 2, 4], vec![1, 2, 3, 4]);
    let small: Vec<_> = small.into_iter().map(|b| (5, 8, b)).collect();
    let range = options.step_size.is_none() && options.init_norm.is_none();
    let (cap, mut left_out, mut groups) = (WORK_CAP * context.effort.pick(0.1, 1.0, 2.0), vec![], vec![]);
    for (reduction, [seeds_every, seeds_larger, seeds_small]) in [
        (Reduction::Sum, context.effort.pick([40, 10, 3], [200, 14, 20], [500, 50, 60])),
        (Reduction::Mean, context.effort.pick([5, 10, 4], [11, 30, 5], [70, 40, 12])),
    ] {
        let mut group = |sizes: &[_], steps: &[f64], norms: &[f64], replicas: u64| {
            let group = Group::over(sizes, reduction, (steps, norms), seeds(replicas));
            let group = group.within(cap, &mut left_out);
            if !group.settings.is_empty() {
                groups.push(group.named());
            }
        };
        group(&every, &[step], &[norm], seeds_every);
        group(&larger, &[step], &[norm], seeds_larger);
        if range {
            group(&small, &STEPS, &NORMS, seeds_small);
        }
    }
    let note = (!left_out.is_empty()).then(|| {
        format!(
            "Under the mean reduction η_B = η/b, and near b = m the rate λ = [b(m − b)/(m(m − 1))] log 1/(1 − η_B²) asks for up to 10^10 \
             steps. The cells (m, b, η) = {} are left out{}.",
            listed(&left_out),
            if context.effort < Effort::Full { "; --effort full runs more of them" } else { "" }
        )
    });
    Ok((groups, note))
}

#[cfg(test)]
mod tests {
    use indicatif::ProgressBar;

    use super::*;
    use crate::device::Compute;
    use crate::stats::{CHECK_LEVEL, binomial_lower_bound};

    /// Too few runs decide nothing, however they end.
    #[test]
    fn every_group_has_enough_runs_to_decide() {
        for effort in [Effort::Quick, Effort::Standard, Effort::Full] {
            let (compute, progress) = (Compute::default(), ProgressBar::hidden());
            let context = Context { effort, seed: 1, compute, progress };
            let (groups, _) = groups(&context, &Options::default()).unwrap();
            let (pooled, single) = super::super::required(&context);
            for Group { name, settings } in groups {
                let total: u64 = settings.iter().map(|setting| setting.replicas).sum();
                let low = |runs| binomial_lower_bound(runs, runs, CHECK_LEVEL);
                assert!(low(total) >= pooled, "{effort:?}, {name}: {total} runs put {} above", low(total));
                let fewest = settings.iter().map(|setting| setting.replicas).min().unwrap();
                assert!(low(fewest) >= single, "{effort:?}, {name}: {fewest} runs of a cell");
            }
        }
    }
}
