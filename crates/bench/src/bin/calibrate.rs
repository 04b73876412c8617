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

use std::collections::{BTreeMap, HashSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use clap::Parser;
use indicatif::ProgressBar;
use puremix::catalogue;
use puremix::device::{Backend, Compute, Precision};
use puremix::limits;
use puremix::report::Examined;
use puremix::stats::{CHECK_LEVEL, Mean, POWER, binomial_interval, normal_quantile, variance_interval};
use puremix::study::{Context, Effort};
use puremix::verdict::{Check, Margin, Relation, Verdict};
use serde::{Deserialize, Serialize};

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

/// Relative errors that are planted in a prediction.
const ERRORS: [f64; 5] = [0.02, 0.05, 0.1, 0.2, 0.5];

/// One check under one seed.
#[derive(Serialize, Deserialize)]
struct Row {
    seed: u64,
    commit: String,
    claim: String,
    /// Seconds that the whole claim took, by the clock.
    seconds: Option<f64>,
    /// Position among the checks of its claim.
    check: usize,
    name: String,
    /// `yes`, `no` or `open`.
    outcome: String,
    level: f64,
    /// `(measured − predicted)/half-width` of a two-sided interval, in units in which 4.56 is its end: in standard errors, if the interval is a normal one at [`CHECK_LEVEL`].
    z: Option<f64>,
    /// How far the check is from deciding nothing: the logarithm of precision over half-width, or the distance of a one-sided
    /// interval from its bound in half-widths.
    headroom: Option<f64>,
    /// Deviation over tolerance.
    used: Option<f64>,
    /// The smallest of [`ERRORS`] from which on the check refutes a prediction that is too large or too small by it; infinite if it notices none, and
    /// `None` where the prediction is 0, a bound or a law.
    notices: Option<f64>,
    /// The measurement itself; of a test of a law, the largest deviation in its standard errors.
    measured: Option<f64>,
}

/// Whether the check refutes the prediction `x` in place of its own, from the same measurement.
fn refutes(check: &Check, x: f64) -> bool {
    match check.tolerance_or_interval {
        Margin::Tolerance(tolerance) => (check.measured - x).abs() > tolerance,
        Margin::Interval(interval) => !interval.contains(x),
    }
}

/// See [`Row::notices`].
fn notices(check: &Check) -> Option<f64> {
    let p = check.predicted;
    if check.relation != Relation::Equal || p == 0.0 || !p.is_finite() {
        return None;
    }
    let is_noticed = |&error: &f64| match (check.tolerance_or_interval, check.precision) {
        // A share of 1: a miss among the runs refutes, and so many runs show misses of that probability.
        (Margin::Interval(_), None) => check.detects.is_some_and(|share| share <= error),
        _ => [-error, error].iter().all(|error| refutes(check, p * (1.0 + error))),
    };
    // From there on: the larger errors are noticed, too.
    let unnoticed = ERRORS.iter().rposition(|error| !is_noticed(error));
    Some(ERRORS.get(unnoticed.map_or(0, |last| last + 1)).copied().unwrap_or(f64::INFINITY))
}

impl Row {
    fn of(seed: u64, claim: &str, seconds: f64, (position, check): (usize, &Check)) -> Self {
        let outcome = match check.ok {
            Some(true) => "yes",
            Some(false) => "no",
            None => "open",
        };
        let (mut z, mut headroom, mut used) = (None, None, None);
        match check.tolerance_or_interval {
            Margin::Tolerance(tolerance) if tolerance > 0.0 => {
                used = Some((check.measured - check.predicted).abs() / tolerance);
            }
            Margin::Interval(interval) if interval.half_width().is_finite() => {
                let half = interval.half_width();
                match (check.relation, check.precision) {
                    (Relation::Equal, Some(precision)) => {
                        z = Some((check.measured - check.predicted) / half * normal_quantile(CHECK_LEVEL));
                        headroom = Some((precision / half).ln());
                    }
                    (Relation::AtLeast, _) => headroom = Some((interval.low - check.predicted) / half),
                    (Relation::AtMost, _) => headroom = Some((check.predicted - interval.high) / half),
                    (Relation::Equal, None) => {}
                }
            }
            Margin::Tolerance(_) | Margin::Interval(_) => {}
        }
        let (claim, name, level) = (claim.into(), check.name.clone(), check.level);
        let (outcome, notices) = (outcome.into(), notices(check));
        let (commit, seconds) = (puremix::COMMIT.unwrap_or_default().into(), Some(seconds));
        let (check, measured) = (position, Some(check.measured));
        Self {
            seed,
            commit,
            claim,
            seconds,
            check,
            name,
            outcome,
            level,
            z,
            headroom,
            used,
            notices,
            measured,
        }
    }
}

/// Reports from which on a mean and a deviation say something of the tail of a law.
const ENOUGH: usize = 100;

/// Probability that [`Distribution`] names an interval although all deviations are standard normal.
const NAMED: f64 = 0.01;

/// The deviations of all two-sided intervals, each of which should be standard normal over the seeds. An interval is named if its mean or its variance is not compatible with that,
/// at a level of 0.01 for all of them together, however they depend on each other (a union bound over two tests an interval). Student's intervals of some 100 runs, and those at half the
/// level, have a variance of 0.91 to 0.94 by construction.
#[derive(Serialize)]
struct Distribution {
    intervals: usize,
    level: f64,
    /// Shift and standard deviation of one interval that are named with probability 0.9.
    notices_shift: Option<f64>,
    notices_deviation: Option<f64>,
    /// Mean of the variances: below 1 intervals are too wide, above it too narrow.
    variance: Option<f64>,
    shifted: Vec<String>,
    too_wide: Vec<String>,
    too_narrow: Vec<String>,
}

impl Distribution {
    fn of(checks: &[Summary]) -> Self {
        let judged: Vec<(&Summary, f64, f64)> =
            checks.iter().filter_map(|check| Some((check, check.z_mean?, check.z_deviation?))).collect();
        let level = NAMED / (2 * judged.len()).max(1) as f64;
        let named = |is_named: &dyn Fn(usize, f64, f64) -> bool| {
            let named =
                judged.iter().filter(|(check, mean, deviation)| is_named(check.reports, *mean, *deviation));
            named.map(|(check, ..)| format!("{}: {}", check.claim, check.name)).collect()
        };
        let variance =
            |reports: usize, deviation: f64| variance_interval(deviation.powi(2), reports as u64, level);
        // Each interval is in every report.
        let reports = judged.first().map(|(check, ..)| check.reports as u64);
        let missed = 2.0 * (1.0 - POWER);
        let notices_shift = |n: u64| (normal_quantile(level) + normal_quantile(missed)) / (n as f64).sqrt();
        // σ² χ² is beyond the upper quantile of χ² that names, where χ² is above its lower decile.
        let notices_deviation =
            |n: u64| (variance_interval(1.0, n, missed).high / variance_interval(1.0, n, level).low).sqrt();
        Self {
            intervals: judged.len(),
            level: NAMED,
            notices_shift: reports.map(notices_shift),
            notices_deviation: reports.map(notices_deviation),
            variance: (!judged.is_empty())
                .then(|| judged.iter().map(|(.., d)| d * d).sum::<f64>() / judged.len() as f64),
            shifted: named(&|reports, mean, _| mean.abs() * (reports as f64).sqrt() > normal_quantile(level)),
            too_wide: named(&|reports, _, deviation| variance(reports, deviation).high < 1.0),
            too_narrow: named(&|reports, _, deviation| variance(reports, deviation).low > 1.0),
        }
    }
}

/// One check over all seeds.
#[derive(Serialize)]
struct Summary {
    claim: String,
    name: String,
    reports: usize,
    refuted: usize,
    undecided: usize,
    /// Stated bound on the probability to refute; the largest over the seeds.
    level: f64,
    z_mean: Option<f64>,
    z_deviation: Option<f64>,
    /// The largest `|z|`.
    z_largest: Option<f64>,
    /// The smallest and the largest measurement.
    measured: Option<[f64; 2]>,
    /// Probability that a normal variable of that mean and deviation is beyond the interval; from [`ENOUGH`] reports on.
    refutes: Option<f64>,
    headroom_mean: Option<f64>,
    headroom_deviation: Option<f64>,
    /// Probability that a normal variable of that mean and deviation is below 0; from [`ENOUGH`] reports on.
    decides_nothing: Option<f64>,
    /// Largest share of the tolerance that was used.
    used: Option<f64>,
    /// The share of the reports in which an error of each of [`ERRORS`] in the prediction is noticed, of either sign.
    notices: Option<[f64; ERRORS.len()]>,
    /// The smallest of [`ERRORS`] that is noticed in nine reports of ten; `None` also where not even the largest is.
    would_notice: Option<f64>,
}

/// Probability that a standard normal variable is below `x`.
fn normal_cdf(x: f64) -> f64 {
    0.5 * libm::erfc(-x / std::f64::consts::SQRT_2)
}

/// Mean and standard deviation.
fn moments(sample: &[f64]) -> Option<(f64, f64)> {
    let n = sample.len() as f64;
    let mean = sample.iter().sum::<f64>() / n;
    let variance = sample.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (n - 1.0);
    (sample.len() > 1).then_some((mean, variance.sqrt()))
}

impl Summary {
    fn of(rows: &[&Row]) -> Self {
        let count = |outcome: &str| rows.iter().filter(|row| row.outcome == outcome).count();
        let all = |of: fn(&Row) -> Option<f64>| rows.iter().filter_map(|row| of(row)).collect::<Vec<_>>();
        let z = moments(&all(|row| row.z));
        let headroom = moments(&all(|row| row.headroom));
        let edge = normal_quantile(CHECK_LEVEL);
        let noticed = all(|row| row.notices);
        let share =
            |error: f64| noticed.iter().filter(|&&from| from <= error).count() as f64 / noticed.len() as f64;
        let notices = (!noticed.is_empty()).then(|| ERRORS.map(share));
        Self {
            claim: rows[0].claim.clone(),
            name: rows[0].name.clone(),
            reports: rows.len(),
            refuted: count("no"),
            undecided: count("open"),
            level: rows.iter().map(|row| row.level).fold(0.0, f64::max),
            z_mean: z.map(|z| z.0),
            z_deviation: z.map(|z| z.1),
            z_largest: all(|row| row.z.map(f64::abs)).into_iter().reduce(f64::max),
            measured: all(|row| row.measured)
                .into_iter()
                .map(|x| [x, x])
                .reduce(|[low, high], [x, _]| [low.min(x), high.max(x)]),
            refutes: z.filter(|_| rows.len() >= ENOUGH).map(|(mean, deviation)| {
                normal_cdf((-edge - mean) / deviation) + normal_cdf((mean - edge) / deviation)
            }),
            headroom_mean: headroom.map(|x| x.0),
            headroom_deviation: headroom.map(|x| x.1),
            decides_nothing: headroom
                .filter(|_| rows.len() >= ENOUGH)
                .map(|(mean, deviation)| normal_cdf(-mean / deviation)),
            used: all(|row| row.used).into_iter().reduce(f64::max),
            notices,
            would_notice: notices
                .and_then(|shares| ERRORS.into_iter().zip(shares).find(|(_, share)| *share >= POWER))
                .map(|(error, _)| error),
        }
    }
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
    let of_seeds = |is_of: &dyn Fn(&Row) -> bool| {
        rows.iter().filter(|row| is_of(row)).map(|row| row.seed).collect::<HashSet<_>>().len()
    };
    let reports = of_seeds(&|_| true);
    let with_refuted = of_seeds(&|row| row.outcome == "no");
    let mut commits: BTreeMap<&str, HashSet<u64>> = BTreeMap::new();
    for row in &rows {
        commits.entry(&row.commit).or_default().insert(row.seed);
    }
    let commits: BTreeMap<&str, usize> =
        commits.iter().map(|(commit, seeds)| (*commit, seeds.len())).collect();
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
