//! What the program prints.

use std::path::Path;
use std::process::ExitCode;

use indicatif::HumanDuration;
use serde_json::{Value, json};

use super::StudyOptions;
use super::estimate::{self, Expected};
use super::page::Told;
use super::plan::Plan;
use crate::cli;
use crate::error::Result;
use crate::interrupt::Interrupt;
use crate::persist::shards::Shard;
use crate::report::terminal;
use crate::study::words::count;
use crate::text;

/// Comparisons, and cells, that a terminal is shown.
const LINES: usize = 24;

/// The cells of a study, and how long they may take.
pub(super) fn dry_run(plan: &Plan, expected: &[Expected], json: bool) -> Result<ExitCode> {
    let total = estimate::total(plan, expected);
    if json {
        let cell = |cell: &Expected| {
            let values = plan.study.columns().map(|column| column.name()).zip(plan.study.values(cell.cell));
            let mut fields: serde_json::Map<String, Value> =
                values.map(|(name, value)| (name, value.text.clone().into())).collect();
            fields.insert("at_most_steps".into(), cell.budget.into());
            fields.insert("seconds_a_run".into(), cell.run.map(|run| run.as_secs_f64()).into());
            Value::Object(fields)
        };
        cli::print_json(&json!({
            "cells": plan.cells.len(), "seeds": plan.study.seeds, "runs": plan.runs(),
            "seconds": total.as_secs_f64(), "threads": rayon::current_num_threads(),
            "grid": expected.iter().map(cell).collect::<Vec<_>>(), "study": plan.study.to_toml(),
        }))?;
        return Ok(ExitCode::SUCCESS);
    }
    for Expected { cell, budget, run } in expected.iter().take(LINES) {
        let run = run.map_or(String::new(), |run| format!(", about {} a run", seconds(run.as_secs_f64())));
        cli::print(&format!(
            "{}: at most {}{run}",
            plan.study.describe(*cell),
            count(*budget as usize, "step")
        ))?;
    }
    if expected.len() > LINES {
        cli::print(&format!("and {} more", count(expected.len() - LINES, "cell")))?;
    }
    cli::print(&format!(
        "{} × {} = {}, about {} on {}",
        count(plan.cells.len(), "cell"),
        count(plan.study.seeds as usize, "seed"),
        count(plan.runs() as usize, "run"),
        if total.as_secs() == 0 { "a second".into() } else { HumanDuration(total).to_string() },
        count(rayon::current_num_threads(), "thread"),
    ))?;
    Ok(ExitCode::SUCCESS)
}

fn seconds(seconds: f64) -> String {
    format!("{} s", text::number(seconds))
}

/// What came out, and where it is.
pub(super) fn finished(told: &Told, target: &Path, options: &StudyOptions) -> Result<()> {
    let directory = text::path(target).to_string();
    let document =
        json!({ "outcome": told.outcome, "comparisons": told.comparisons, "directory": directory });
    let mut lines = vec![told.outcome.clone()];
    lines.extend(told.comparisons.iter().take(LINES).map(|sentence| format!("  {sentence}")));
    if told.comparisons.len() > LINES {
        lines.push(format!(
            "  and {} more, in comparisons.csv",
            count(told.comparisons.len() - LINES, "comparison")
        ));
    }
    lines.push(format!("directory: {directory}"));
    if !options.output.no_page {
        lines.push(terminal::page(&format!("{directory}/report.html")));
    }
    cli::tell(options.output.json, &document, || lines.join("\n"))
}

/// Says that there is nothing left to do.
pub(super) fn complete(target: &Path, json: bool) -> Result<ExitCode> {
    let directory = text::path(target).to_string();
    cli::tell(json, &json!({ "directory": directory, "complete": true }), || {
        format!("{directory} is complete: no run is missing")
    })?;
    Ok(ExitCode::SUCCESS)
}

/// Says how to go on; the exit code of a process that was asked to end.
pub(super) fn interrupted(pending: usize, place: Option<&Path>, interrupt: &Interrupt) -> ExitCode {
    let out = place.map(|place| format!(" with --out {}", text::path(place))).unwrap_or_default();
    let runs = count(pending, "run");
    cli::note(&format!("interrupted with {runs} left; the same command{out} goes on from there"));
    interrupt.exit_code()
}

/// Says that a shard has ended and others have not.
pub(super) fn waiting(shard: Shard, missing: usize, json: bool) -> Result<()> {
    cli::tell(json, &json!({ "shard": shard.to_string(), "missing": missing }), || match missing {
        0 => format!("shard {shard} is done; another process writes the tables"),
        missing => format!("shard {shard} is done; {} of other shards to come", count(missing, "run")),
    })
}

/// Says which runs are missing.
pub(super) fn missing(plan: &Plan, missing: &[u64], json: bool) -> Result<()> {
    let (cell, seed) = plan.place(missing[0]);
    if json {
        return cli::print_json(&json!({ "runs": plan.runs(), "missing": missing.len() }));
    }
    cli::note(&format!(
        "{} of {} are missing, the first of them {} with seed {seed}: start the shards again, or the study without --shard",
        missing.len(),
        count(plan.runs() as usize, "run"),
        plan.study.describe(cell),
    ));
    Ok(())
}
