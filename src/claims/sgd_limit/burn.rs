//! Trainings of the Burn model, each beside the reduced engine on the same batches.

use super::settings::Setting;
use super::{Options, Prediction, STUDY, arrived, required, schedule, tolerance};
use crate::data::Dataset;
use crate::device::Precision;
use crate::error::Result;
use crate::model::Activation;
use crate::problem::Reduction;
use crate::state::Neuron;
use crate::stats::CHECK_LEVEL;
use crate::study::pool::{Pool, Tally};
use crate::study::trial::{Trial, is_live, start_where};
use crate::study::words::count;
use crate::study::{Context, Lab, Part};
use crate::theory::budget::miss;
use crate::verdict::{OneSided, Register};

/// Size of the model.
const SIZE: (usize, usize) = (6, 9);

/// Batch size and reduction: under the mean reduction `b = 5` would take a minute a run.
const BATCHES: [(usize, Reduction); 4] =
    [(1, Reduction::Mean), (2, Reduction::Mean), (3, Reduction::Sum), (5, Reduction::Sum)];

/// What is trained: the batch sizes in order, each linear and ReLU.
fn settings(context: &Context, options: &Options) -> Vec<Setting> {
    let ((samples, dim), replicas) = (SIZE, context.effort.pick(3, 4, 16));
    let of = |(batch, reduction), activation| {
        Setting::new(options, (samples, dim, batch), activation, reduction, replicas)
    };
    BATCHES.into_iter().flat_map(|batch| Activation::PAPER.map(|activation| of(batch, activation))).collect()
}

/// Registers that all trainings arrive, and where the reduced engine does.
pub(super) fn trained(
    context: &Context,
    options: &Options,
    prediction: &Prediction,
    register: &mut Register,
) -> Part {
    let (settings, precision) = (settings(context, options), context.compute.precision());
    let n: u64 = settings.iter().map(|setting| setting.replicas).sum();
    let labels: Vec<String> = settings
        .iter()
        .map(|setting| {
            let Setting { batch, reduction, activation, .. } = setting;
            format!("b = {batch}, {}, {}", reduction.name(), activation.name())
        })
        .collect();
    let missed = n as f64 * miss(SIZE.0, tolerance(precision));
    let name = "trainings of the Burn model that end in an allowed datapoint";
    let required = (context.effort.pick(0.5, 0.6, 0.9), required(context).1);
    let ends = Pool::new(register, name, &arrived(tolerance(precision)), &labels, required, missed);
    let (places, max) = same_place(&settings, precision, register);
    let (options, prediction) = (options.clone(), prediction.clone());
    Box::new(move |lab, findings| {
        let all =
            (0..).zip(&settings).flat_map(|(k, setting)| (0..setting.replicas).map(move |r| (k, setting, r)));
        let runs =
            lab.each(all, |(k, setting, replica)| train(lab, &options, &prediction, setting, k, replica))?;
        let tallies: Vec<Tally> = runs
            .chunks(settings[0].replicas as usize)
            .map(|runs| runs.iter().map(|(tally, _)| *tally).sum())
            .collect();
        findings.checks.extend(ends.counted(&tallies));
        let elsewhere = runs.iter().filter(|(tally, same)| tally.trials == 1 && !same).count();
        findings.checks.push(places.measured(elsewhere as f64, runs.len() as u64));
        findings.protocol.push(told(runs.len(), max, tolerance(precision)));
        Ok(())
    })
}

fn told(runs: usize, max: f64, tolerance: f64) -> String {
    let (samples, dim) = SIZE;
    format!(
        "{} of the Burn model by autodiff, m = {samples}, n = {dim}, b = 1 and 2 under mean, 3 and 5 under sum, until within {tolerance:.0e} of an \
         allowed datapoint, each beside the reduced engine on the same batches; {}.",
        count(runs, "training"),
        if max == 0.0 {
            "both must choose the same datapoint".into()
        } else {
            format!("at most {max} may choose another datapoint")
        }
    )
}

/// What is expected of the datapoints that Burn and the reduced engine choose.
///
/// Two rivals whose correlations agree to rounding may change places. Emulated with `k`-bit arithmetic (m = 6, 1e4 runs a setting), it happens in a
/// share of `0.1 to 0.3 b u/κ` of the runs at `u = 2⁻¹⁰` and less at smaller `u`, `κ = η_B² b(m−b)/(m(m−1))`: below `½ b u/κ`.
fn same_place(settings: &[Setting], precision: Precision, register: &mut Register) -> (OneSided, f64) {
    let expected_of = |setting: &Setting| {
        let step_per_sample = setting.reduction.step_per_sample(setting.step_size, setting.batch);
        let (m, b) = (setting.samples as f64, setting.batch as f64);
        let diffusion_rate = step_per_sample.powi(2) * b * (m - b) / (m * (m - 1.0));
        0.5 * b * precision.unit_roundoff() / diffusion_rate
    };
    let expected = settings[0].replicas as f64 * settings.iter().map(expected_of).sum::<f64>();
    // More than k of rare independent events that are expected `x` times: below x^(k+1)/(k+1)!.
    let (mut max, mut chance) = (0.0, expected);
    while chance > 0.2 * CHECK_LEVEL && max < 3.0 {
        max += 1.0;
        chance *= expected / (max + 1.0);
    }
    let why = format!("rivals that agree to rounding change places in {expected:.0e} of these runs at most");
    let name = "… in another datapoint than the reduced engine on the same batches";
    (register.expect(name, max, why).chance(chance).at_most(), max)
}

/// One training of the `k`-th setting; whether it arrived, and where the reduced engine did.
fn train(
    lab: &Lab,
    options: &Options,
    prediction: &Prediction,
    setting: &Setting,
    k: u64,
    replica: u64,
) -> Result<(Tally, bool)> {
    // Linear and ReLU share data and batches.
    let number = k / Activation::PAPER.len() as u64;
    let seed = lab.cell_seed(&STUDY, 1 << 32 | number << 16 | replica);
    let problem = setting.problem(Dataset::orthonormal(setting.samples, setting.dim, seed)?)?;
    let schedule = schedule(options, setting.samples, setting.batch, seed)?;
    let live = |start: &_| is_live(start, setting.activation);
    let Some(start) = start_where(problem.dataset(), setting.init_norm, seed, replica, live)? else {
        return Ok((Tally::of(None), true));
    };
    let set = (prediction.limit_set)(&start.correlations, setting.activation);
    let trial = Trial { problem: &problem, schedule: &schedule, start: &start, replica };
    let precision = lab.compute.precision();
    let burn = trial.run_to(&mut trial.autodiff(&lab.compute)?, set.clone(), tolerance(precision));
    let beside = Trial { replica: (prediction.beside)(replica), ..trial };
    let reduced = beside.run_to(&mut beside.reduced()?, set.clone(), tolerance(Precision::F64));
    let winner = |neurons: &[Neuron]| set.nearest_datapoint(&neurons[0]);
    Ok((Tally::of(Some(&burn)), winner(&burn.neurons) == winner(&reduced.neurons)))
}
