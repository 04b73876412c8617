//! How time and memory grow with `m`, `n`, `b` and `R`.

use std::process::Command;

use itertools::Itertools;
use puremix::device::Compute;
use puremix::error::{Error, Result};
use puremix::stats::Line;
use serde::{Deserialize, Serialize};

use crate::case::{Case, Variant};
use crate::memory::most_held;
use crate::timing::{Ours, Pace, Runner};

/// One size after the other, all else equal.
struct Sweep {
    engine: Variant,
    axis: &'static str,
    along: fn(usize) -> Case,
    sizes: &'static [usize],
}

#[rustfmt::skip]
const SWEEPS: &[Sweep] = {
    use Variant::{Analytic, Autodiff, Gram, Reduced};
    &[
        Sweep { engine: Reduced, axis: "m", along: |m| Case::new(m, 10_000_000, 1, 1), sizes: &[100, 1000, 10_000, 100_000, 1_000_000, 10_000_000] },
        Sweep { engine: Reduced, axis: "n", along: |n| Case::new(1000, n, 1, 1), sizes: &[1000, 10_000, 100_000, 1_000_000] },
        Sweep { engine: Reduced, axis: "b", along: |b| Case::new(2000, 2000, b, 1), sizes: &[1, 4, 16, 64, 256, 1000] },
        Sweep { engine: Reduced, axis: "R", along: |r| Case::new(1000, 1000, 1, r as u64), sizes: &[1, 8, 64, 512, 4096] },
        Sweep { engine: Gram, axis: "m", along: |m| Case::new(m, 3200, 1, 1), sizes: &[200, 800, 3200] },
        Sweep { engine: Gram, axis: "b", along: |b| Case::new(1000, 1100, b, 1), sizes: &[1, 4, 16, 64, 256] },
        Sweep { engine: Analytic, axis: "m", along: |m| Case::new(m, 1600, 1, 64), sizes: &[100, 400, 1600] },
        Sweep { engine: Analytic, axis: "n", along: |n| Case::new(100, n, 1, 64), sizes: &[100, 400, 1600, 6400] },
        Sweep { engine: Analytic, axis: "b", along: |b| Case::new(400, 400, b, 64), sizes: &[1, 4, 16, 64, 256] },
        Sweep { engine: Analytic, axis: "R", along: |r| Case::new(100, 100, 1, r as u64), sizes: &[1, 8, 64, 512, 4096] },
        Sweep { engine: Autodiff, axis: "m", along: |m| Case::new(m, 1600, 1, 1), sizes: &[100, 400, 1600] },
        Sweep { engine: Autodiff, axis: "n", along: |n| Case::new(100, n, 1, 1), sizes: &[100, 400, 1600, 6400, 25_600] },
        Sweep { engine: Autodiff, axis: "b", along: |b| Case::new(1000, 1000, b, 1), sizes: &[1, 4, 16, 64, 256, 999] },
    ]
};

/// How an engine's time and memory grow along one axis.
#[derive(Clone, Debug, Serialize)]
pub struct Growth {
    /// Which engine.
    pub engine: Variant,
    /// `m`, `n`, `b` or `R`.
    pub axis: &'static str,
    /// Sizes along the axis, and what was measured there.
    pub cells: Vec<(usize, Cell)>,
    /// Of the time of one step of all replicas.
    pub time_exponent: Exponent,
    /// Of memory, where it was counted.
    pub memory_exponent: Option<Exponent>,
}

/// Slope of a logarithm against log size, over the last [`FITTED`] cells.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Exponent {
    /// Least-squares estimate.
    pub value: f64,
    /// Its standard error, from the scatter about the line: large where growth is no power.
    pub standard_error: f64,
}

/// Cells from the end that enter a fit: small sizes show overheads, not growth.
pub const FITTED: usize = 3;

/// What one process measured.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Cell {
    /// Sizes.
    pub case: Case,
    /// Nanoseconds a step of all replicas: the least of the rounds.
    pub nanoseconds: f64,
    /// Most bytes that the engine, what it was made from and its first steps held at a time; `None` if nobody counts.
    pub bytes: Option<u64>,
}

impl Cell {
    /// Measures a case in this process: memory first, then time.
    ///
    /// # Errors
    /// Sizes that do not go together.
    pub fn measure(
        variant: Variant,
        case: Case,
        compute: &Compute,
        rounds: usize,
        seconds: f64,
    ) -> Result<Self> {
        let (engine, bytes) = most_held(|| Ok::<_, Error>(Ours::new(case.engine(variant, compute)?, case)));
        let mut engine: Ours = engine?;
        let mut nanoseconds = f64::INFINITY;
        for _ in 0..rounds {
            let (steps, seconds) = engine.run(seconds)?;
            nanoseconds = nanoseconds.min(1e9 * seconds / steps as f64);
        }
        Ok(Self { case, nanoseconds, bytes })
    }
}

impl Growth {
    /// The sizes that stay the same.
    pub fn fixed(&self) -> String {
        let Case { samples, dim, batch, replicas, .. } = self.cells[0].1.case;
        let sizes = [("m", samples), ("n", dim), ("b", batch), ("R", replicas as usize)];
        sizes
            .iter()
            .filter(|(axis, _)| *axis != self.axis)
            .map(|(axis, size)| format!("{axis} = {size}"))
            .join(", ")
    }

    /// Measures every sweep, each cell in a process of its own; `seen` hears of each. Whether it came to an end.
    ///
    /// # Errors
    /// If this program cannot be started again; whatever `seen` finds.
    pub fn measure(
        compute: &Compute,
        pace: Pace,
        mut seen: impl FnMut(Growth) -> Result<()>,
    ) -> Result<bool> {
        for Sweep { engine, axis, along, sizes } in SWEEPS {
            let mut cells: Vec<(usize, Cell)> = Vec::new();
            for &size in *sizes {
                if pace.interrupt.is_requested() {
                    return Ok(false);
                }
                cells.push((size, in_a_process(*engine, along(size), compute, pace)?));
            }
            let exponent = |value: fn(&Cell) -> Option<f64>| {
                let points: Option<Vec<(f64, f64)>> = cells[cells.len() - FITTED..]
                    .iter()
                    .map(|(size, cell)| Some(((*size as f64).ln(), value(cell)?.ln())))
                    .collect();
                let line = Line::through(&points?);
                Some(Exponent { value: line.slope, standard_error: line.slope_se })
            };
            let growth = Growth {
                engine: *engine,
                axis,
                time_exponent: exponent(|cell| Some(cell.nanoseconds)).expect("a time each"),
                memory_exponent: exponent(|cell| Some(cell.bytes? as f64)),
                cells,
            };
            seen(growth)?;
        }
        Ok(true)
    }
}

/// This program, asked for one cell.
fn in_a_process(engine: Variant, case: Case, compute: &Compute, pace: Pace) -> Result<Cell> {
    let Case { samples, dim, batch, replicas, .. } = case;
    let failed = |why: String| Error::Usage(format!("{} at {case}: {why}", engine.name()));
    let program = std::env::current_exe().map_err(|error| failed(error.to_string()))?;
    // `puremix speed` has a subcommand, the binary `speed` none.
    let subcommand = std::env::args_os().nth(1).filter(|word| word == "speed");
    let output = Command::new(program)
        .args(subcommand)
        .args(["--rounds", &pace.rounds.to_string(), "--seconds", &pace.seconds.to_string()])
        .args(["--backend", compute.backend().name(), "--precision", compute.precision().name()])
        .args(["--cell", engine.name(), "--case", &format!("{samples},{dim},{batch},{replicas}")])
        .output()
        .map_err(|error| failed(error.to_string()))?;
    serde_json::from_slice(&output.stdout)
        .map_err(|_| failed(String::from_utf8_lossy(&output.stderr).trim().to_owned()))
}
