//! The report as one HTML page: figures inlined, formulas as MathML, nothing fetched, no script.

use math_core::{LatexToMathML, MathCoreConfig, MathDisplay};
use minijinja::syntax::SyntaxConfig;
use minijinja::{Environment, Value, context};
use serde_json::Value as Json;

use super::prose;
use super::render::RenderedFigure;
use super::saved::{Entry, Saved};
use super::terminal::{margin, number, prediction};
use crate::claims;
use crate::error::{Error, Result};
use crate::stats::{CHECK_LEVEL, REPORT_LEVEL};
use crate::verdict::{Check, Estimate, Margin};

const TEMPLATE: &str = include_str!("page.html");
const STYLE: &str = include_str!("page.css");

/// The page of a report.
///
/// # Errors
/// None in practice: the template is part of the program.
pub(super) fn html(saved: &Saved, plates: &[RenderedFigure]) -> Result<String> {
    let mut environment = Environment::new();
    let refuse = |e: minijinja::Error| Error::Usage(format!("the page of the report: {e:#}"));
    let lean = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build().map_err(refuse)?;
    environment.set_syntax(lean);
    environment.add_filter("prose", |text: &str| Value::from_safe_string(prose::html(text)));
    environment.add_template("page.html", TEMPLATE).map_err(refuse)?;
    let template = environment.get_template("page.html").map_err(refuse)?;
    let entries: Vec<Value> = saved.entries().map(|entry| section(saved, entry, plates)).collect();
    let reproduced =
        saved.claims.iter().filter(|claim| claim.verdict.as_deref() == Some("reproduced")).count();
    let context = context! {
        style => Value::from_safe_string(STYLE.into()),
        version => saved.version.as_str(),
        seed => saved.seed,
        effort => saved.effort.as_str(),
        backend => saved.backend.as_str(),
        precision => saved.precision.as_str(),
        commit => saved.git_commit.as_deref(),
        seconds => format!("{:.1}", saved.seconds),
        interrupted => saved.interrupted,
        level => format!("{:.1e}", saved.level),
        check_level => format!("{CHECK_LEVEL:e}"),
        report_level => format!("{REPORT_LEVEL:e}"),
        reproduced => reproduced,
        claims => saved.claims.len(),
        explorations => saved.explorations.len(),
        entries => entries,
    };
    template.render(context).map_err(refuse)
}

/// One claim or exploration.
fn section(saved: &Saved, entry: &Entry, plates: &[RenderedFigure]) -> Value {
    let passed = entry.checks.iter().filter(|check| check.ok == Some(true)).count();
    let came = match entry.verdict {
        Some(_) => format!("{passed} of {} checks", entry.checks.len()),
        None => format!("{} estimates", entry.estimates.len()),
    };
    let plates = plates.iter().filter(|plate| plate.figure.claim == entry.id);
    context! {
        id => entry.id.as_str(),
        title => entry.title.as_str(),
        source => entry.source.as_str(),
        statement => entry.statement.as_str(),
        protocol => entry.protocol.as_str(),
        formula => formula(&entry.id),
        verdict => entry.verdict.as_deref().unwrap_or("explored"),
        came => came,
        seconds => format!("{:.1}", entry.seconds),
        checks => entry.checks.iter().map(row).collect::<Vec<_>>(),
        estimates => entry.estimates.iter().map(estimate).collect::<Vec<_>>(),
        notes => entry.notes.clone(),
        tables => entry.tables.clone(),
        command => command(saved, entry),
        figures => plates.map(figure).collect::<Vec<_>>(),
    }
}

fn row(check: &Check) -> Value {
    context! {
        name => check.name.as_str(),
        control => check.control,
        predicted => prediction(check),
        measured => number(check.measured),
        margin => margin(&check.tolerance_or_interval),
        n => check.n,
        ok => match check.ok { Some(true) => "yes", Some(false) => "no", None => "open" },
        criterion => check.criterion.as_str(),
    }
}

fn estimate(estimate: &Estimate) -> Value {
    context! {
        name => estimate.name.as_str(),
        value => number(estimate.value),
        interval => margin(&Margin::Interval(estimate.interval)),
        n => estimate.n,
        method => estimate.method.as_str(),
    }
}

fn figure(plate: &RenderedFigure) -> Value {
    let (svg, flaw) = match &plate.svg {
        Ok(svg) => (Some(Value::from_safe_string(svg.clone())), None),
        Err(flaw) => (None, Some(flaw)),
    };
    context! {
        id => plate.figure.id,
        title => plate.figure.title,
        table => plate.figure.table,
        caption => plate.caption.as_str(),
        svg => svg,
        flaw => flaw,
    }
}

/// The formula of a claim that this version knows, as MathML.
fn formula(id: &str) -> Option<Value> {
    let claim = claims::find(id).ok()?;
    mathml(claim.formula).ok().map(Value::from_safe_string)
}

fn mathml(latex: &str) -> std::result::Result<String, String> {
    let converter = LatexToMathML::new(MathCoreConfig::default()).map_err(|e| format!("{e:?}"))?;
    let converted = converter.convert_with_local_state(latex, MathDisplay::Block);
    converted.map(|result| result.mathml).map_err(|e| format!("{latex}: {e:?}"))
}

/// The command that examines this claim again: cells draw from the seed and the claim alone, so its own binary sees
/// what `reproduce` saw.
fn command(saved: &Saved, entry: &Entry) -> String {
    let Saved { seed, effort, backend, precision, options, .. } = saved;
    let features = if backend == "flex" { String::new() } else { format!("--features {backend} ") };
    // Where a claim that is not of this crate has its binary, nobody knows here.
    let program = match claims::find(&entry.id) {
        Ok(claim) => format!("cargo run --release {features}--bin {} --", claim.id),
        Err(_) => entry.id.clone(),
    };
    let mut command =
        format!("{program} --effort {effort} --seed {seed} --backend {backend} --precision {precision}");
    for (key, value) in options.as_object().into_iter().flatten() {
        let value = match value {
            Json::Null | Json::Bool(false) => continue,
            Json::String(text) => text.clone(),
            other => other.to_string(),
        };
        command.push_str(&format!(" --{} {value}", key.replace('_', "-")));
    }
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_formula_becomes_mathml() {
        for claim in claims::ALL {
            let text = mathml(claim.formula).unwrap();
            assert!(text.starts_with("<math") && text.contains("<mi>"), "{}: {text}", claim.id);
            assert!(!text.contains("<merror"), "{}: {text}", claim.id);
        }
    }
}
