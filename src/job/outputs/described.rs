//! What a run came to, in words for a terminal.

use std::io::IsTerminal;

use itertools::Itertools;

use super::{Counts, Ending, Finished, Job, Sharpness, Summary};
use crate::report::chart::bars;
use crate::report::terminal;
use crate::stats::{ESTIMATE_LEVEL, Interval, Mean};
use crate::text::number;
use crate::train::Outcome;
use crate::update::{Rule, Update};
use crate::vectors::{largest, norm};

/// What to try after a divergence.
fn advice(job: &Job) -> String {
    let (options, dataset, noise) = (&job.options, job.problem.dataset(), job.problem.noise());
    let longest = dataset.rows().map_or(1.0, |rows| largest(rows.chunks_exact(dataset.dim()).map(norm)));
    let is_long = longest > 1.5;
    let length = format!(": the longest sample has norm {}", number(longest));
    let ways = [
        (true, format!("a --step-size below {}", number(job.problem.step_size()))),
        (noise.label > 0.0, format!("a --label-noise below {}", number(noise.label))),
        (noise.gradient > 0.0, format!("a --gradient-noise below {}", number(noise.gradient))),
        (job.origin.is_none() && options.init_norm > 1.5, "an --init-norm below 1".into()),
        (is_long && options.norms.is_some(), format!("smaller --norms{length}")),
        (is_long && options.has_own_norms(), format!("--normalise unit{length}")),
    ];
    format!("try {}", ways.into_iter().filter(|(helps, _)| *helps).map(|(_, way)| way).join(", or "))
}

/// What is known of the way that is left, where no limit is predicted.
fn rest(outcome: Outcome, distance: f64, job: &Job) -> String {
    if outcome == Outcome::Stalled {
        format!("the gradient is still {} of the mean ‖x‖²", number(distance))
    } else if distance.is_finite() {
        format!("estimated rest of the way {}", number(distance))
    } else if !job.problem.keeps_limits() {
        "the displacements do not shrink, so the rest of the way is not known".into()
    } else if job.schedule.is_full_batch() || job.problem.dataset().is_orthogonal() {
        "the displacements do not shrink yet, so the rest of the way is not known".into()
    } else {
        "the displacements do not shrink: on such data the noise of small batches does not die out".into()
    }
}

/// What a run came to, for a terminal.
pub(super) fn describe(job: &Job, summary: &Summary, finished: &[Finished]) -> String {
    let Summary { first, learned, replicas, sharpness, directory, .. } = summary;
    let mut lines = vec![ending_line(job, summary)];
    // What a diverged replica holds means nothing.
    if first.outcome != Outcome::Diverged {
        lines.extend(measures(job, summary));
        if !job.options.model.is_neuron() {
            lines.push(format!(
                "  model                {}; all but the loss is of its first neuron",
                job.options.model
            ));
        }
        lines.extend(learned.describe());
        lines.extend(sharpness.as_ref().map(Sharpness::describe));
        if std::io::stdout().is_terminal() {
            lines.push(bars(&finished[0].run.neurons[0].correlations));
        }
    }
    if replicas.diverged > 0 {
        lines.push(format!(
            "  divergence           ‖w‖ grew more than a millionfold, or it or the loss is not finite; {}",
            advice(job)
        ));
    }
    if job.starts.len() > 1 {
        let Counts { converged, dead, diverged, max_steps, stalled } = replicas;
        lines.push(format!(
            "  all replicas         {converged} converged, {dead} dead, {diverged} diverged, {max_steps} out of steps, {stalled} stalled"
        ));
        // What a diverged or dead replica holds says nothing of mixing.
        let says = |outcome| !matches!(outcome, Outcome::Diverged | Outcome::Dead);
        let ended = finished.iter().filter(|replica| says(replica.run.outcome));
        let mixing: Vec<f64> = ended.map(|replica| replica.row.participation_ratio).collect();
        if mixing.len() > 1 {
            let mean = Mean::of(&mixing);
            let Interval { low, high } = mean.interval(ESTIMATE_LEVEL);
            lines.push(format!(
                "  mean over {:<10} participation ratio {}, 95 % interval [{}, {}]",
                mixing.len(),
                number(mean.mean),
                number(low),
                number(high)
            ));
        }
    }
    let mut lines: Vec<String> = lines.iter().map(|line| terminal::labelled(line)).collect();
    lines.push(format!("run directory: {directory}"));
    lines.join("\n")
}

/// What a run has besides plain gradient descent.
fn departures(job: &Job) -> String {
    let (Update { rule, weight_decay, step_schedule }, noise) = (job.problem.update(), job.problem.noise());
    let said = [
        (job.schedule.sampling_weights().is_some(), ", unequal sampling weights".into()),
        (*rule != Rule::Sgd, format!(", update {rule}")),
        (*weight_decay > 0.0, format!(", λ = {}", number(*weight_decay))),
        (!step_schedule.is_constant(), format!(", steps {step_schedule}")),
        (noise.label > 0.0, format!(", label noise {}", number(noise.label))),
        (noise.gradient > 0.0, format!(", gradient noise {}", number(noise.gradient))),
    ];
    said.into_iter().filter(|(is_there, _)| *is_there).map(|(_, text)| text).collect()
}

/// How the first replica ended.
fn ending_line(job: &Job, Summary { first, seconds, .. }: &Summary) -> String {
    let Ending { outcome, steps, .. } = first;
    let taken = if *steps == 1 { "step" } else { "steps" };
    let ended = match outcome {
        Outcome::Converged => "converged",
        Outcome::Dead => "dead (no sample activates a neuron: nothing can move)",
        Outcome::Diverged => "diverged",
        Outcome::MaxSteps => "out of steps",
        Outcome::Stalled => "stalled (steps vanish, the gradient does not)",
    };
    let (m, n) = (job.problem.dataset().samples(), job.problem.dataset().dim());
    format!(
        "{ended} after {steps} {taken} ({seconds:.3} s of training, {} engine, m = {m}, n = {n}, b = {}, {}{})",
        job.options.engine.name(),
        job.schedule.batch_size(),
        job.schedule.kind().name(),
        departures(job),
    )
}

/// What the first replica holds at its end.
fn measures(job: &Job, Summary { first, predicted_limit, .. }: &Summary) -> Vec<String> {
    let (outcome, m) = (first.outcome, job.problem.dataset().samples());
    vec![
        match *predicted_limit {
            _ if outcome == Outcome::Dead => "  predicted limit      none".into(),
            "none" => format!("  predicted limit      none; {}", rest(outcome, first.distance, job)),
            _ if first.distance == f64::INFINITY => {
                "  predicted limit      none: no sample can be a limit at this step size".into()
            }
            limit => format!("  predicted limit      {limit}, at distance {}", number(first.distance)),
        },
        format!("  loss                 {}", number(first.loss)),
        format!("  norm                 {}", number(first.norm)),
        format!("  max cosine           {} with sample {}", number(first.max_cos), first.argmax),
        format!("  participation ratio  {} of {m}", number(first.participation_ratio)),
        format!("  cosine with start    {}", number(first.cos_init)),
        format!("  residual             {}", number(first.residual)),
    ]
}
