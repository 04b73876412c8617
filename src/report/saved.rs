//! A report as it is read back from `report.json`.

use std::path::Path;

use serde::{Deserialize, Deserializer};
use serde_json::Value;

use crate::claims::is_table_name;
use crate::error::{Error, Result};
use crate::regular;
use crate::stats::Interval;
use crate::text::escaped;
use crate::verdict::{Check, Estimate, Margin, Relation};

/// Most bytes of a report: a full one has two hundred thousand.
const MAX: u64 = 1 << 26;

/// What the page needs of a report.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Saved {
    pub version: String,
    pub seed: u64,
    pub effort: String,
    pub backend: String,
    pub git_commit: Option<String>,
    pub options: Value,
    pub precision: String,
    pub seconds: f64,
    pub interrupted: bool,
    pub level: f64,
    pub claims: Vec<Entry>,
    pub explorations: Vec<Entry>,
}

/// One claim or exploration of it.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Entry {
    pub id: String,
    pub title: String,
    pub source: String,
    pub statement: String,
    pub protocol: String,
    pub verdict: Option<String>,
    #[serde(default, deserialize_with = "checks")]
    pub checks: Vec<Check>,
    #[serde(default, deserialize_with = "estimates")]
    pub estimates: Vec<Estimate>,
    pub notes: Vec<String>,
    pub tables: Vec<String>,
    pub seconds: f64,
}

impl Saved {
    /// Reads `report.json` of a run directory.
    ///
    /// # Errors
    /// [`Error::Io`] if it is not there, [`Error::File`] if it is not a report of this version's shape.
    pub fn read(directory: &Path) -> Result<Self> {
        let path = directory.join("report.json");
        let bytes = regular::read(&path, MAX)?;
        let refuse = |reason: String| Error::File { path: path.clone(), reason };
        let mut value: Value = serde_json::from_slice(&bytes).map_err(|e| refuse(e.to_string()))?;
        make_safe(&mut value);
        let saved: Self = serde_json::from_value(value).map_err(|e| refuse(e.to_string()))?;
        if let Some(name) = saved.entries().flat_map(|entry| &entry.tables).find(|name| !is_table_name(name))
        {
            return Err(refuse(format!("{name:?} names no table")));
        }
        Ok(saved)
    }

    /// Claims, then explorations.
    pub fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.claims.iter().chain(&self.explorations)
    }
}

/// Spells out control characters and marks of direction in every text, so that none directs how the page is shown.
fn make_safe(value: &mut Value) {
    match value {
        Value::String(text) => *text = escaped(text).to_string(),
        Value::Array(values) => values.iter_mut().for_each(make_safe),
        Value::Object(values) => values.values_mut().for_each(make_safe),
        _ => {}
    }
}

/// JSON has no infinity and no NaN, and null in their place: an end of an interval is infinite, a number is none.
#[derive(Deserialize)]
struct Ends {
    low: Option<f64>,
    high: Option<f64>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum SavedMargin {
    Tolerance(f64),
    Interval(Ends),
}

#[derive(Deserialize)]
struct SavedCheck {
    name: String,
    predicted: Option<f64>,
    relation: Relation,
    measured: Option<f64>,
    tolerance_or_interval: SavedMargin,
    precision: Option<f64>,
    level: f64,
    ok: Option<bool>,
    n: u64,
    control: bool,
    criterion: String,
}

#[derive(Deserialize)]
struct SavedEstimate {
    name: String,
    value: Option<f64>,
    interval: Ends,
    n: u64,
    method: String,
}

impl From<Ends> for Interval {
    fn from(ends: Ends) -> Self {
        Self { low: ends.low.unwrap_or(f64::NEG_INFINITY), high: ends.high.unwrap_or(f64::INFINITY) }
    }
}

fn checks<'de, D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Vec<Check>, D::Error> {
    let check = |saved: SavedCheck| Check {
        name: saved.name,
        predicted: saved.predicted.unwrap_or(f64::NAN),
        relation: saved.relation,
        measured: saved.measured.unwrap_or(f64::NAN),
        tolerance_or_interval: match saved.tolerance_or_interval {
            SavedMargin::Tolerance(tolerance) => Margin::Tolerance(tolerance),
            SavedMargin::Interval(ends) => Margin::Interval(ends.into()),
        },
        precision: saved.precision,
        level: saved.level,
        ok: saved.ok,
        n: saved.n,
        control: saved.control,
        criterion: saved.criterion,
    };
    Ok(Vec::<SavedCheck>::deserialize(deserializer)?.into_iter().map(check).collect())
}

fn estimates<'de, D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Vec<Estimate>, D::Error> {
    let estimate = |saved: SavedEstimate| Estimate {
        name: saved.name,
        value: saved.value.unwrap_or(f64::NAN),
        interval: saved.interval.into(),
        n: saved.n,
        method: saved.method,
    };
    Ok(Vec::<SavedEstimate>::deserialize(deserializer)?.into_iter().map(estimate).collect())
}
