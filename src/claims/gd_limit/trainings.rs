//! Trainings held against theory: over sizes and over norms on Burn, at larger sizes by the reduced engine.

use itertools::Itertools;

use super::compare::{Cell, Measured, measure};
use super::controls::Controls;
use super::tolerances::Tolerances;
use super::{Options, Prediction, cells};
use crate::device::{Compute, Precision};
use crate::error::Result;
use crate::plot::distinct;
use crate::study::words::{count, listed};
use crate::study::{Context, Findings, Lab, Part};
use crate::text::number;
use crate::vectors::largest;
use crate::verdict::Register;

/// Trainings at one norm, over sizes and seeds or at the size that is asked for; more over norms, if sizes are a range and no norm is asked for;
/// and the controls.
pub(super) fn sizes(
    context: &Context,
    options: &Options,
    prediction: &Prediction,
    tolerances: &Tolerances,
    is_range: bool,
    register: &mut Register,
) -> Result<Part> {
    let cells::Cells { cells, left_out } = cells::sizes(context, options, tolerances)?;
    let mut expect = |name: &str, tolerance| register.expect(name, 0.0, tolerances.why).within(tolerance);
    let end = expect("largest ‖w − w_GD‖ after training on Burn", tolerances.limit);
    let way = expect("largest deviation from the scalar recursion at any step", tolerances.trajectory);
    let norms = if is_range && options.init_norm.is_none() {
        Some(norms(context, options, prediction, tolerances, register)?)
    } else {
        None
    };
    let controls = Controls::new(prediction, register);
    let (prediction, tolerances) = (prediction.clone(), tolerances.clone());
    Ok(Box::new(move |lab, findings| {
        let (all, step_sizes) = (cells.len() + left_out, distinct(&cells, |cell| cell.step_size));
        let runs = train_all(lab, cells, Some(&lab.compute), &prediction, &tolerances)?;
        tell(findings, &runs, &step_sizes);
        let worst = |of: fn(&Measured) -> f64| largest(runs.iter().map(|(_, run)| of(run)));
        let n = runs.len() as u64;
        findings.checks.push(end.measured(worst(|run| run.distance), n));
        findings.checks.push(way.measured(worst(|run| run.deviation), n));
        if let Some(norms) = norms {
            norms(lab, findings)?;
        }
        controls.judge(lab, &runs, findings)?;
        if left_out > 0 {
            findings.notes.push(format!(
                "In single precision {left_out} of {all} trainings, those with μ < {:.4}, are left out: what fades by 1 − μ a step \
                 stays at u/μ, u = 2⁻²⁴, where a step is less than half a unit in the last place of w. That is the format, not \
                 the theorem.",
                tolerances.smallest_mu
            ));
        }
        Ok(())
    }))
}

/// Initial norms over the theorem's range, every cell held to the tolerance; shown is the worst.
fn norms(
    context: &Context,
    options: &Options,
    prediction: &Prediction,
    tolerances: &Tolerances,
    register: &mut Register,
) -> Result<Part> {
    let cells = cells::norms(context, options, tolerances)?.cells;
    let (norms, k) = (distinct(&cells, |cell| cell.init_norm), cells.len());
    let mut expect = |what: &str, tolerance| {
        let name = format!("{what}, norms {} to {}, worst of {k} cells", norms[0], norms[norms.len() - 1]);
        register.expect(name, 0.0, tolerances.why).within(tolerance)
    };
    let end = expect("‖w − w_GD‖ after training on Burn", tolerances.limit);
    let way = expect("deviation from the scalar recursion at any step", tolerances.trajectory);
    let (prediction, tolerances) = (prediction.clone(), tolerances.clone());
    Ok(Box::new(move |lab, findings| {
        let sizes = sizes_of(&cells);
        let runs = train_all(lab, cells, Some(&lab.compute), &prediction, &tolerances)?;
        findings.protocol.push(format!(
            "{} more from the norms {}, at m × n = {sizes}: every cell is held to the tolerance, and the worst is shown.",
            count(runs.len(), "training"),
            listed(&norms)
        ));
        let each = |of: fn(&Measured) -> f64| runs.iter().map(move |(cell, run)| (label(cell), of(run)));
        findings.checks.push(end.worst(each(|run| run.distance), k as u64));
        findings.checks.push(way.worst(each(|run| run.deviation), k as u64));
        Ok(())
    }))
}

fn label(cell: &Cell) -> String {
    let Cell { dataset, activation, reduction, step_size, init_norm, .. } = cell;
    let (m, activation, reduction) = (dataset.samples(), activation.name(), reduction.name());
    format!("‖w_0‖ = {init_norm}, {activation}, {reduction}, m = {m}, η = {step_size}")
}

/// Sizes beyond what Burn trains in seconds, through the reduced engine (always f64).
pub(super) fn large(
    context: &Context,
    options: &Options,
    prediction: &Prediction,
    register: &mut Register,
) -> Result<Part> {
    let tolerances = Tolerances::of(Precision::F64);
    let cells = cells::large(context, options)?;
    let max = cells.iter().map(|cell| cell.dataset.samples()).max().unwrap_or(0);
    let name = format!("the same two at 1000 points, larger m (up to {max}), reduced engine");
    let expected = register.expect(name, 0.0, tolerances.why).within(tolerances.limit);
    let prediction = prediction.clone();
    Ok(Box::new(move |lab, findings| {
        findings.protocol.push(format!(
            "m × n = {} on the reduced engine, linear under mean and ReLU under sum, η = {}, looked at 1000 times.",
            sizes_of(&cells),
            listed(&distinct(&cells, |cell| cell.step_size))
        ));
        let runs = train_all(lab, cells, None, &prediction, &tolerances)?;
        let worst = largest(runs.iter().flat_map(|(_, run)| [run.distance, run.deviation]));
        findings.checks.push(expected.measured(worst, runs.len() as u64));
        Ok(())
    }))
}

/// All trainings, on Burn or on the reduced engine.
fn train_all(
    lab: &Lab,
    cells: Vec<Cell>,
    compute: Option<&Compute>,
    prediction: &Prediction,
    tolerances: &Tolerances,
) -> Result<Vec<(Cell, Measured)>> {
    let runs = lab.each(cells, |cell| {
        let run = measure(&cell, compute, prediction, tolerances)?;
        Ok(run.map(|run| (cell, run)))
    })?;
    Ok(runs.into_iter().flatten().collect())
}

/// Tells the reader what was trained, and how runs ended that diverged.
fn tell(findings: &mut Findings, runs: &[(Cell, Measured)], step_sizes: &[f64]) {
    let norms = distinct(runs, |(cell, _)| cell.init_norm);
    findings.protocol.push(format!(
        "{} of the Burn model by autodiff on the full batch: m × n = {}, ‖w_0‖ = {}, η = {}, linear and ReLU, mean and sum. \
         Every step is held against the exact recursion in two or three scalars. A start whose active part is below a tenth of \
         its root mean square is drawn again: rounding would turn its direction.",
        count(runs.len(), "training"),
        sizes_of(runs.iter().map(|(cell, _)| cell)),
        listed(&norms),
        listed(step_sizes),
    ));
    let diverged = runs.iter().filter(|(_, run)| run.diverged).count();
    if diverged == 0 {
        return;
    }
    let mut note =
        format!("{diverged} of {} diverged; their distances are NaN.", count(runs.len(), "training"));
    let others = runs.iter().map(|(_, run)| run).filter(|run| !run.diverged);
    let mut distances: Vec<f64> = others.map(|run| run.distance).collect();
    distances.sort_by(f64::total_cmp);
    if let (Some(&first), Some(&last)) = (distances.first(), distances.last()) {
        note += &format!(
            " Of the others, the distances to w_GD lie between {} and {}, with a median of {}.",
            number(first),
            number(last),
            number(distances[distances.len() / 2]),
        );
    }
    findings.notes.push(note);
}

fn sizes_of<'a>(cells: impl IntoIterator<Item = &'a Cell>) -> String {
    let size = |cell: &Cell| format!("{} × {}", cell.dataset.samples(), cell.dataset.dim());
    listed(&cells.into_iter().map(size).unique().collect::<Vec<_>>())
}
