//! What `reproduce` does when every claim is true: over many fresh seeds, how often each check refutes or decides nothing, how its
//! standardised deviations are distributed, and what probability of either follows from that. And what it would do if a prediction were off:
//! each measurement is judged again with errors of graded size in its prediction.
//!
//! ```sh
//! cargo run --release -p puremix-bench --bin calibrate -- --effort quick --first 1000 --count 200 --out calibration
//! ```
//!
//! `calibration/checks.csv` gets a row a seed and check, with the commit and the time of its claim; a second run goes on with the seeds that are missing, and is refused if its
//! effort, precision or claims are others (`options.json`). `calibration/summary.json` has an entry a check, the time of every claim, and of all two-sided intervals together which have
//! deviations that are not standard normal.

#![forbid(unsafe_code)]

mod row;
mod summary;

use std::collections::{BTreeMap, HashSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use clap::Parser;
use indicatif::ProgressBar;
use itertools::Itertools;
use puremix::catalogue;
use puremix::device::{Backend, Compute, Precision};
use puremix::limits;
use puremix::report::Examined;
use puremix::stats::{Mean, binomial_interval};
use puremix::study::{Context, Effort};
use puremix::verdict::Verdict;
use serde::Serialize;

use crate::row::Row;
use crate::summary::{Distribution, Summary};

/// Examines the claims under many seeds and says how often each check errs.
#[derive(Parser, Serialize)]
struct Options {
    /// How much work goes into each report.
    #[arg(long, value_enum, default_value = "quick")]
    effort: Effort,
    /// Precision of what trains through Burn.
    #[arg(long, value_enum, default_value = "f64")]
    precision: Precision,
    /// First seed.
    #[arg(long, default_value_t = 1000)]
    #[serde(skip)]
    first: u64,
    /// Number of seeds.
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u64).range(1..=limits::MAX_RUNS))]
    #[serde(skip)]
    count: u64,
    /// Only these claims, by id, comma-separated.
    #[arg(long, value_name = "ID,…", value_delimiter = ',')]
    only: Vec<String>,
    /// Directory of the results.
    #[arg(long)]
    #[serde(skip)]
    out: PathBuf,
}

/// What was counted before. Refuses seeds that have not the checks of the first one, each once: a file that was cut, or the work of two programs.
fn read(path: &Path) -> Result<Vec<Row>, Box<dyn std::error::Error>> {
    if !path.exists() {
        return Ok(Vec::new());
    }
    let rows: Vec<Row> = csv::Reader::from_path(path)?
        .deserialize()
        .collect::<Result<_, _>>()
        .map_err(|defect| format!("{}: {defect}", path.display()))?;
    let mut seeds: BTreeMap<u64, Vec<(&str, usize, &str)>> = BTreeMap::new();
    for row in &rows {
        // After a colon there may be the cell that was the worst.
        let name = row.name.split(':').next().unwrap_or_default();
        seeds.entry(row.seed).or_default().push((&row.claim, row.check, name));
    }
    let mut seeds = seeds.iter();
    if let Some((first, checks)) = seeds.next()
        && let Some((seed, _)) = seeds.find(|(_, others)| *others != checks)
    {
        return Err(format!("{}: seed {seed} has not the checks of seed {first}", path.display()).into());
    }
    Ok(rows)
}

/// Adds the rows of a seed, all of them or, if the process is killed, none.
fn append(path: &Path, rows: &[Row]) -> Result<(), Box<dyn std::error::Error>> {
    let before = if path.exists() { fs::read(path)? } else { Vec::new() };
    let mut writer = csv::WriterBuilder::new().has_headers(before.is_empty()).from_writer(before);
    rows.iter().try_for_each(|row| writer.serialize(row))?;
    let partial = path.with_extension("partial");
    fs::write(&partial, writer.into_inner()?)?;
    Ok(fs::rename(partial, path)?)
}

fn main() -> ExitCode {
    match calibrate(&Options::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(refusal) => {
            eprintln!("error: {refusal}");
            ExitCode::from(2)
        }
    }
}

fn calibrate(options: &Options) -> Result<(), Box<dyn std::error::Error>> {
    let chosen = match options.only.as_slice() {
        [] => catalogue::at(options.effort),
        only => catalogue::choose(only)?,
    };
    if let Some(study) = chosen.iter().find(|study| !study.kind.has_verdict() && !options.only.is_empty()) {
        return Err(format!("`{}` is an exploration: it has no checks", study.id).into());
    }
    let compute = Compute::new(Backend::default(), Some(options.precision))?;
    let place = options.out.display();
    let at = |fault: std::io::Error| format!("{place}: {fault}");
    fs::create_dir_all(&options.out).map_err(at)?;
    let lock = fs::File::create(options.out.join(".lock")).map_err(at)?;
    lock.try_lock().map_err(|_| format!("{place}: another process is counting there"))?;
    let (path, same) = (options.out.join("checks.csv"), options.out.join("options.json"));
    let asked = serde_json::to_string(options)?;
    if path.exists() {
        if fs::read_to_string(&same).map_err(|fault| format!("{}: {fault}", same.display()))? != asked {
            return Err(format!("{place} is of a calibration with other options").into());
        }
    } else {
        fs::write(&same, &asked).map_err(at)?;
    }
    let done: HashSet<u64> = read(&path)?.iter().map(|row| row.seed).collect();
    let progress = ProgressBar::new(options.count);
    for seed in
        (options.first..options.first.saturating_add(options.count)).filter(|seed| !done.contains(seed))
    {
        let context = Context {
            effort: options.effort,
            seed,
            compute: compute.clone(),
            progress: ProgressBar::hidden(),
        };
        let mut rows = Vec::new();
        for claim in chosen.iter().filter(|claim| claim.kind.has_verdict()) {
            let started = Instant::now();
            let findings = claim.examine(&context)?;
            let report = Examined::new(claim, findings, started.elapsed().as_secs_f64()).entry;
            if report.verdict != Some(Verdict::Reproduced) {
                let verdict = report.verdict.map_or("", Verdict::name);
                progress.suspend(|| println!("seed {seed}: {} {verdict}", claim.id));
            }
            let checks = report.checks.iter().enumerate();
            rows.extend(checks.map(|check| Row::of(seed, claim.id, report.seconds, check)));
        }
        append(&path, &rows)?;
        progress.inc(1);
    }
    progress.finish_and_clear();

    let rows = read(&path)?;
    let mut by_check: BTreeMap<(&str, usize), Vec<&Row>> = BTreeMap::new();
    rows.iter().for_each(|row| by_check.entry((&row.claim, row.check)).or_default().push(row));
    let checks: Vec<Summary> = by_check.values().map(|rows| Summary::of(rows)).collect();
    let count = |of: fn(&Summary) -> usize| checks.iter().map(of).sum::<usize>();
    let total = |of: fn(&Summary) -> f64| checks.iter().map(of).sum::<f64>();
    let reports = rows.iter().map(|row| row.seed).unique().count();
    let refuted = rows.iter().filter(|row| row.outcome == "no");
    let with_refuted = refuted.map(|row| row.seed).unique().count();
    let of_commits = rows.iter().unique_by(|row| (&row.commit, row.seed)).map(|row| row.commit.as_str());
    let commits: BTreeMap<&str, usize> = of_commits.counts().into_iter().collect();
    let mut times: BTreeMap<&str, BTreeMap<u64, f64>> = BTreeMap::new();
    for row in &rows {
        times.entry(&row.claim).or_default().extend(row.seconds.map(|seconds| (row.seed, seconds)));
    }
    let seconds: BTreeMap<&str, serde_json::Value> = times
        .iter()
        .map(|(claim, times)| {
            let mean: Mean = times.values().copied().collect();
            (*claim, serde_json::json!({ "mean": mean.mean, "sem": mean.sem, "reports": mean.n }))
        })
        .collect();
    let summary = serde_json::json!({
        "version": env!("CARGO_PKG_VERSION"),
        "git_commit": puremix::COMMIT,
        "options": options,
        "seeds": [rows.iter().map(|row| row.seed).min(), rows.iter().map(|row| row.seed).max()],
        "reports": reports,
        "reports_by_commit": commits,
        "refuted": count(|check| check.refuted),
        "undecided": count(|check| check.undecided),
        // Reports with a refuted check: the upper end of an exact interval of 95 %, one-sided.
        "share_of_refuted_reports_at_most": binomial_interval(with_refuted as u64, reports as u64, 0.1).high,
        "stated_level": total(|check| check.level),
        "distribution": Distribution::of(&checks),
        "seconds": seconds,
        "checks": checks,
    });
    fs::write(options.out.join("summary.json"), serde_json::to_string_pretty(&summary)?)?;
    println!(
        "{reports} reports: {} checks refuted, {} undecided; {}",
        summary["refuted"],
        summary["undecided"],
        options.out.join("summary.json").display()
    );
    Ok(())
}
