//! How time and memory grow with `m`, `n`, `b` and `R`.

use std::process::Command;

use itertools::Itertools;
use serde::{Deserialize, Serialize};

use super::case::Case;
use super::clock::{Ours, Runner};
use super::machine::{memory_now, peak_memory};
use crate::device::Compute;
use crate::error::{Error, Result};
use crate::job::EngineKind;
use crate::stats::Line;

/// One size after the other, all else equal.
struct Sweep {
    engine: EngineKind,
    axis: &'static str,
    along: fn(usize) -> Case,
    sizes: &'static [usize],
}

#[rustfmt::skip]
const SWEEPS: &[Sweep] = {
    use EngineKind::{Analytic, Autodiff, Reduced};
    &[
        Sweep { engine: Reduced, axis: "m", along: |m| Case::new(m, 10_000_000, 1, 1), sizes: &[100, 1000, 10_000, 100_000, 1_000_000, 10_000_000] },
        Sweep { engine: Reduced, axis: "n", along: |n| Case::new(1000, n, 1, 1), sizes: &[1000, 10_000, 100_000, 1_000_000] },
        Sweep { engine: Reduced, axis: "b", along: |b| Case::new(2000, 2000, b, 1), sizes: &[1, 4, 16, 64, 256, 1000] },
        Sweep { engine: Reduced, axis: "R", along: |r| Case::new(1000, 1000, 1, r as u64), sizes: &[1, 8, 64, 512, 4096] },
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
    pub engine: EngineKind,
    /// `m`, `n`, `b` or `R`.
    pub axis: &'static str,
    /// Sizes along the axis, and what was measured there.
    pub cells: Vec<(usize, Cell)>,
    /// Slope of log time (of one step of all replicas) against log size, over the last [`FITTED`] cells.
    pub time_exponent: f64,
    /// Slope of log memory against log size, over the same.
    pub memory_exponent: Option<f64>,
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
    /// Most memory the process held, above what it held before there was an engine, in bytes; `None` outside Linux.
    pub bytes: Option<u64>,
}

impl Cell {
    /// Measures a case in this process. Its memory is only known if nothing else was done before.
    ///
    /// # Errors
    /// Sizes that do not go together.
    pub(super) fn measure(
        kind: EngineKind,
        case: Case,
        compute: &Compute,
        rounds: usize,
        seconds: f64,
    ) -> Result<Self> {
        let before = memory_now();
        let mut engine = Ours::new(case.engine(kind, compute)?);
        let mut nanoseconds = f64::INFINITY;
        for _ in 0..rounds {
            let (steps, seconds) = engine.run(seconds)?;
            nanoseconds = nanoseconds.min(1e9 * seconds / steps as f64);
        }
        let bytes = peak_memory().zip(before).map(|(peak, before)| peak.saturating_sub(before));
        Ok(Self { case, nanoseconds, bytes })
    }
}

impl Growth {
    /// The sizes that stay the same.
    pub(super) fn fixed(&self) -> String {
        let Case { samples, dim, batch, replicas } = self.cells[0].1.case;
        let sizes = [("m", samples), ("n", dim), ("b", batch), ("R", replicas as usize)];
        sizes
            .iter()
            .filter(|(axis, _)| *axis != self.axis)
            .map(|(axis, size)| format!("{axis} = {size}"))
            .join(", ")
    }

    /// Measures every sweep, each cell in a process of its own; `seen` hears of each.
    ///
    /// # Errors
    /// If this program cannot be started again.
    pub(super) fn measure(rounds: usize, seconds: f64, mut seen: impl FnMut(&Growth)) -> Result<Vec<Growth>> {
        let mut all = Vec::new();
        for Sweep { engine, axis, along, sizes } in SWEEPS {
            let cell = |&size: &usize| Ok((size, in_a_process(*engine, along(size), rounds, seconds)?));
            let cells: Vec<(usize, Cell)> = sizes.iter().map(cell).collect::<Result<_>>()?;
            let exponent = |value: fn(&Cell) -> Option<f64>| {
                let points: Option<Vec<(f64, f64, f64)>> = cells[cells.len() - FITTED..]
                    .iter()
                    .map(|(size, cell)| Some(((*size as f64).ln(), value(cell)?.ln(), 1.0)))
                    .collect();
                points.map(|points| Line::fit(&points).slope)
            };
            let growth = Growth {
                engine: *engine,
                axis,
                time_exponent: exponent(|cell| Some(cell.nanoseconds)).expect("a time each"),
                memory_exponent: exponent(|cell| Some(cell.bytes? as f64)),
                cells,
            };
            seen(&growth);
            all.push(growth);
        }
        Ok(all)
    }
}

/// This program, asked for one cell.
fn in_a_process(engine: EngineKind, case: Case, rounds: usize, seconds: f64) -> Result<Cell> {
    let Case { samples, dim, batch, replicas } = case;
    let failed = |why: String| Error::Usage(format!("{} at {case}: {why}", engine.name()));
    let program = std::env::current_exe().map_err(|error| failed(error.to_string()))?;
    let output = Command::new(program)
        .args(["--rounds", &rounds.to_string(), "--seconds", &seconds.to_string()])
        .args(["--cell", engine.name(), "--case", &format!("{samples},{dim},{batch},{replicas}")])
        .output()
        .map_err(|error| failed(error.to_string()))?;
    serde_json::from_slice(&output.stdout)
        .map_err(|_| failed(String::from_utf8_lossy(&output.stderr).trim().to_owned()))
}
