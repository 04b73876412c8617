//! The page of a report on claims and explorations.

use minijinja::value::Serde;
use minijinja::{Value, context};

use super::super::tables::{margin, noticed, prediction};
use super::super::{ClaimReport, Report};
use super::{Picture, figure, mathml, rendered};
use crate::error::Result;
use crate::stats::{CHECK_LEVEL, POWER, REPORT_LEVEL};
use crate::study::Kind;
use crate::text::number;
use crate::verdict::{Check, Estimate, Margin, Verdict};

/// The figure that a report on many claims opens with.
const LEAD: &str = "correlations";

/// The picture that the page opens with, if it does: that of the correlations, of a report on more than one claim.
pub(in super::super) fn lead<'a, 'b>(
    report: &Report,
    pictures: &'b [Picture<'a>],
) -> Option<&'b Picture<'a>> {
    let is_long = report.entries().count() > 1;
    pictures.iter().find(|picture| is_long && picture.figure.id() == LEAD)
}

/// The page.
///
/// # Errors
/// None in practice.
pub(in super::super) fn html(report: &Report, pictures: &[Picture]) -> Result<String> {
    let is_long = report.entries().count() > 1;
    let lead = lead(report, pictures);
    let sections: Vec<Value> = report.entries().map(|entry| section(entry, pictures, lead)).collect();
    let groups = [Kind::Paper, Kind::Beyond, Kind::Exploration].into_iter().filter_map(|kind| {
        let entries = report.entries().zip(&sections).filter(|(entry, _)| entry.kind == kind);
        let entries: Vec<Value> = entries.map(|(_, section)| section.clone()).collect();
        (!entries.is_empty()).then(|| context! { heading => kind.heading(), entries => entries })
    });
    let content = context! {
        commit => report.git_commit.as_deref(),
        seconds => format!("{:.1}", report.seconds),
        level => (report.level > 0.0).then(|| format!("{:.1e}", report.level)),
        check_level => format!("{CHECK_LEVEL:e}"),
        report_level => format!("{REPORT_LEVEL:e}"),
        power => POWER,
        reproduced => report.claims.len() - report.failed().count(),
        claims => report.claims.len(),
        explorations => report.explorations.len(),
        paper => true,
        is_long => is_long,
        lead => lead.map(figure),
        failures => report.failed().map(failure).collect::<Vec<_>>(),
        groups => groups.collect::<Vec<_>>(),
        entries => sections,
        ..Value::from(Serde(report))
    };
    rendered("claims.html", content)
}

/// One claim or exploration.
fn section(entry: &ClaimReport, pictures: &[Picture], lead: Option<&Picture>) -> Value {
    let came = match entry.verdict {
        Some(_) => format!("{} of {} checks", entry.passed(), entry.checks.len()),
        None => format!("{} estimates", entry.estimates.len()),
    };
    let is_lead = |picture: &&Picture| lead.is_some_and(|lead| lead.figure.id() == picture.figure.id());
    let own = || pictures.iter().filter(|picture| picture.study == entry.id);
    context! {
        formula => mathml(&entry.formula).ok().filter(|_| !entry.formula.is_empty()).map(Value::from_safe_string),
        verdict => entry.verdict.map_or("explored", Verdict::name),
        came => came,
        seconds => format!("{:.1}", entry.seconds),
        checks => entry.checks.iter().map(row).collect::<Vec<_>>(),
        estimates => entry.estimates.iter().map(estimate).collect::<Vec<_>>(),
        has_lead => own().any(|picture| is_lead(&picture)),
        figures => own().filter(|picture| !is_lead(picture)).map(figure).collect::<Vec<_>>(),
        ..Value::from(Serde(entry))
    }
}

/// A claim that did not come out as predicted, with its checks that did not.
fn failure(entry: &ClaimReport) -> Value {
    let open = entry.checks.iter().filter(|check| check.ok != Some(true)).map(row);
    context! {
        id => entry.id.as_str(),
        verdict => entry.verdict.map(Verdict::name),
        open => open.collect::<Vec<_>>(),
    }
}

fn row(check: &Check) -> Value {
    context! {
        predicted => prediction(check),
        measured => number(check.measured),
        margin => margin(&check.tolerance_or_interval),
        noticed => noticed(check),
        ok => match check.ok { Some(true) => "yes", Some(false) => "no", None => "open" },
        ..Value::from(Serde(check))
    }
}

fn estimate(estimate: &Estimate) -> Value {
    context! {
        value => number(estimate.value),
        interval => margin(&Margin::Interval(estimate.interval)),
        ..Value::from(Serde(estimate))
    }
}
