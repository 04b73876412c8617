//! Runs of the reduced engine, setting by setting: every one must arrive.

use super::ends::{BatchSize, End};
use super::settings::{Group, Setting};
use super::{Options, Prediction, RowsPart, STUDY, arrived, required, schedule, tolerance};
use crate::data::Dataset;
use crate::device::Precision;
use crate::error::Result;
use crate::study::pool::{Pool, Tally};
use crate::study::trial::{Trial, is_live, start_where};
use crate::study::{Context, Lab};
use crate::theory::budget::miss;
use crate::vectors::largest;
use crate::verdict::Register;

/// Registers that the runs of every group arrive; what is left to do is to count them.
pub(super) fn counted(
    context: &Context,
    options: &Options,
    prediction: &Prediction,
    groups: Vec<Group>,
    register: &mut Register,
) -> RowsPart {
    let told = told(&groups);
    let pools: Vec<Pool> = groups.iter().map(|group| pool(context, group, register)).collect();
    let (options, prediction) = (options.clone(), prediction.clone());
    Box::new(move |lab, findings| {
        findings.protocol.push(told);
        let (mut rows, mut all) = (Vec::new(), Vec::new());
        for ((g, group), pool) in (0..).zip(&groups).zip(pools) {
            let mut tallies = Vec::new();
            for (k, setting) in (0..).zip(&group.settings) {
                let (tally, ends) = run(lab, setting, &options, &prediction, g << 16 | k)?;
                rows.extend(BatchSize::of(setting, &ends));
                tallies.push(tally);
            }
            findings.checks.extend(pool.counted(&tallies));
            all.extend(tallies);
        }
        findings.notes.extend(all.into_iter().sum::<Tally>().missed());
        Ok(rows)
    })
}

/// What the runs of a group are held to.
fn pool(context: &Context, group: &Group, register: &mut Register) -> Pool {
    let labels: Vec<String> = group.settings.iter().map(Setting::label).collect();
    let missed = group.settings.iter().map(|setting| setting.replicas as f64 * missed(setting)).sum();
    let name = format!("runs that arrive, {}", group.name);
    Pool::new(register, &name, &arrived(tolerance(Precision::F64)), &labels, required(context), missed)
}

/// Bound on the probability that one run of a setting misses its budget.
fn missed(setting: &Setting) -> f64 {
    miss(setting.samples, tolerance(Precision::F64))
}

/// The counts in words.
fn told(groups: &[Group]) -> String {
    let settings = || groups.iter().flat_map(|group| &group.settings);
    let names: Vec<String> = groups
        .iter()
        .map(|group| {
            let [first, ..] = group.settings.as_slice() else { unreachable!("a group has a setting") };
            let pairs = group.pairs().map_or(String::new(), |pairs| format!(", at (m, b) = {pairs}"));
            format!("{}{pairs} ({} seeds a cell)", group.name, first.replicas)
        })
        .collect();
    let total: u64 = settings().map(|setting| setting.replicas).sum();
    let tolerance = tolerance(Precision::F64);
    format!(
        "{total} runs of SGD on the reduced engine, linear and ReLU: {}. Each must come within {tolerance:.0e} of an allowed datapoint, within a \
         budget that a run misses with a probability of {:.0e} at most; a ReLU start without an active sample is drawn again. The \
         bounds on the probability are exact (Clopper–Pearson).",
        names.join("; "),
        largest(settings().map(missed)),
    )
}

/// The runs of a setting: how many arrive, and where they end.
fn run(
    lab: &Lab,
    setting: &Setting,
    options: &Options,
    prediction: &Prediction,
    stream: u64,
) -> Result<(Tally, Vec<End>)> {
    let seed = lab.cell_seed(&STUDY, stream);
    let problem = setting.problem(Dataset::implicit_orthonormal(setting.samples, setting.dim)?)?;
    let schedule = schedule(options, setting.samples, setting.batch, seed)?;
    let runs = lab.each(0..setting.replicas, |replica| {
        let live = |start: &_| is_live(start, setting.activation);
        let Some(start) = start_where(problem.dataset(), setting.init_norm, seed, replica, live)? else {
            return Ok((Tally::of(None), None));
        };
        let set = (prediction.limit_set)(&start.correlations, setting.activation);
        let trial = Trial { problem: &problem, schedule: &schedule, start: &start, replica };
        let run = trial.run_to(&mut trial.reduced()?, set, tolerance(Precision::F64));
        Ok((Tally::of(Some(&run)), Some(End::of(&run, &problem))))
    })?;
    let (tallies, ends): (Vec<_>, Vec<_>) = runs.into_iter().unzip();
    Ok((tallies.into_iter().sum(), ends.into_iter().flatten().collect()))
}
