//! Arguments and conduct shared by the binaries: options, exit codes, what goes to which stream.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

use crate::claims::{Claim, Context, Effort, Findings};
use crate::device::{Backend, Compute, Listing, Precision};
use crate::error::{Error, Result};
use crate::report::{ClaimReport, Report, terminal};
use crate::run_dir::RunDir;

/// The allocator of the binaries: small tensors come and go at every step, and it takes a third off.
pub use mimalloc::MiMalloc as Allocator;

/// Exit code when some claim was not reproduced, or a run diverged.
pub const NOT_REPRODUCED: u8 = 1;
/// Exit code of wrong usage and bad input.
pub const USAGE: u8 = 2;

/// Options of `reproduce` and of every claim's binary.
#[derive(Clone, Debug, Args)]
pub struct ClaimOptions {
    /// How much work to put in.
    #[arg(long, value_enum, default_value = "standard")]
    pub effort: Effort,
    /// Seed of everything random.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Where to compute.
    #[command(flatten)]
    pub device: DeviceOptions,
    /// Where results go.
    #[command(flatten)]
    pub output: OutputOptions,
}

/// Where to compute.
#[derive(Clone, Debug, Args)]
pub struct DeviceOptions {
    /// Burn backend: flex, ndarray, wgpu or cuda, if compiled in (default: the first that is).
    #[arg(long, value_name = "NAME")]
    pub backend: Option<String>,
    /// Precision of tensors (default: f64 on CPU backends, f32 on GPUs).
    #[arg(long, value_enum)]
    pub precision: Option<Precision>,
    /// List the backends, their devices and precisions, and stop.
    #[arg(long)]
    pub list_backends: bool,
}

/// Where results go.
#[derive(Clone, Debug, Args)]
pub struct OutputOptions {
    /// Directory of the run (default: the first free of runs/NAME, runs/NAME-2, …).
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Replace the run that --out already holds.
    #[arg(long)]
    pub force: bool,
    /// Print one JSON document to standard output, and nothing else.
    #[arg(long)]
    pub json: bool,
}

impl DeviceOptions {
    /// Opens the device.
    ///
    /// # Errors
    /// [`Error::UnknownBackend`], [`Error::BackendNotCompiled`], [`Error::NoDevice`], [`Error::Precision`].
    pub fn open(&self) -> Result<Compute> {
        let backend = self.backend.as_deref().map_or(Ok(Backend::default()), Backend::parse)?;
        Compute::new(backend, self.precision)
    }
}

/// Runs a binary's body: errors go to standard error and exit with [`USAGE`].
pub fn run(body: impl FnOnce() -> Result<ExitCode>) -> ExitCode {
    body().unwrap_or_else(|error| {
        eprintln!("error: {error}");
        ExitCode::from(USAGE)
    })
}

/// Prints to standard output; a reader that has gone away is no error.
pub fn print(text: &str) {
    let _ = writeln!(anstream::stdout().lock(), "{text}");
}

/// The main of a claim's own binary, with the claim's own options already in `findings`.
pub fn run_claim(
    claim: &'static Claim,
    options: &ClaimOptions,
    own: &impl Serialize,
    findings: impl FnOnce(&Context) -> Result<Findings>,
) -> ExitCode {
    let mut findings = Some(findings);
    run(|| {
        let own = serde_json::to_value(own).map_err(|e| Error::Usage(e.to_string()))?;
        run_claims(&[claim], claim.id, options, own, |_, context| {
            findings.take().expect("one claim")(context)
        })
    })
}

/// The whole binary of a claim: `puremix::claim_binary!(gd_limit);`.
#[macro_export]
macro_rules! claim_binary {
    ($claim:ident) => {
        use $crate::claims::$claim::{CLAIM, Options, Prediction, findings};

        #[global_allocator]
        static ALLOCATOR: $crate::cli::Allocator = $crate::cli::Allocator;

        #[derive(clap::Parser)]
        #[command(version, about = CLAIM.title, long_about = CLAIM.statement)]
        struct Arguments {
            #[command(flatten)]
            common: $crate::cli::ClaimOptions,
            #[command(flatten)]
            own: Options,
        }

        fn main() -> std::process::ExitCode {
            let Arguments { common, own } = clap::Parser::parse();
            $crate::cli::run_claim(&CLAIM, &common, &own, |context| {
                findings(context, &own, &Prediction::default())
            })
        }
    };
}

/// Examines claims in order, printing a line as each finishes, then the table; writes `report.json`.
///
/// # Errors
/// Bad options; whatever a protocol refuses.
pub fn run_claims(
    claims: &[&'static Claim],
    name: &str,
    options: &ClaimOptions,
    own: serde_json::Value,
    mut findings: impl FnMut(&'static Claim, &Context) -> Result<Findings>,
) -> Result<ExitCode> {
    if options.device.list_backends {
        return list_backends(options.output.json);
    }
    let clock = Instant::now();
    let compute = options.device.open()?;
    let OutputOptions { out, force, json } = &options.output;
    let run_dir = RunDir::create(out.as_deref(), name, *force)?;
    let mut context =
        Context { effort: options.effort, seed: options.seed, compute, progress: ProgressBar::hidden() };
    let mut examined = Vec::new();
    for claim in claims {
        context.progress = progress_bar(claim.id);
        let report = ClaimReport::examine(claim, &context, |context| findings(claim, context))?;
        context.progress.finish_and_clear();
        if !json {
            print(&terminal::claim_line(&report));
        }
        examined.push(report);
    }
    let report = Report::new(&context, own, examined, clock.elapsed().as_secs_f64());
    run_dir.write_json("report.json", &report)?;
    for table in report.claims.iter().flat_map(|claim| &claim.tables) {
        run_dir.write_table(&format!("{}.csv", table.name), &table.header, &table.rows)?;
    }
    let directory = run_dir.commit()?;
    if *json {
        print_json(&report)?;
    } else {
        print(&format!("\n{}", terminal::table(&report)));
        print(&terminal::closing_line(&report, &directory));
    }
    Ok(if report.all_reproduced() { ExitCode::SUCCESS } else { ExitCode::from(NOT_REPRODUCED) })
}

/// Lists claims: a line each, or one JSON array.
///
/// # Errors
/// None in practice: strings always serialise.
pub fn list(claims: &[&Claim], json: bool) -> Result<()> {
    if json {
        return print_json(&claims);
    }
    for claim in claims {
        print(&format!("{:<18} {} ({})", claim.id, claim.title, claim.source));
    }
    Ok(())
}

/// Lists the backends this binary contains, with device and precisions, and how to get the others.
///
/// # Errors
/// None in practice: strings always serialise.
pub fn list_backends(json: bool) -> Result<ExitCode> {
    let listings = Listing::all();
    if json {
        print_json(&listings)?;
    } else {
        for Listing { backend, device, precisions, problem, .. } in listings {
            let state = match device {
                Some(device) => format!("{:<9} {device}", precisions.join(", ")),
                None => format!("{:<9} {}", "-", problem.unwrap_or_default()),
            };
            print(&format!("{backend:<8} {state}"));
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Prints one JSON document.
///
/// # Errors
/// [`Error::Usage`] if the value cannot be serialised.
pub fn print_json(value: &impl Serialize) -> Result<()> {
    print(&serde_json::to_string_pretty(value).map_err(|e| Error::Usage(e.to_string()))?);
    Ok(())
}

/// A bar on standard error, drawn only if that is a terminal.
pub fn progress_bar(label: &str) -> ProgressBar {
    let style = ProgressStyle::with_template("{spinner} {prefix} {pos}/{len} runs  {elapsed}")
        .expect("a valid template");
    let bar = ProgressBar::new(0).with_style(style).with_prefix(label.to_owned());
    bar.enable_steady_tick(Duration::from_millis(120));
    bar
}
