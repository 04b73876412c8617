//! A report as it is read back from `report.json`.

use std::path::Path;

use serde::{Deserialize, Deserializer};
use serde_json::Value;

use crate::claims::{Kind, is_table_name};
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
    #[serde(default = "paper")]
    pub kind: Kind,
    #[serde(default)]
    pub theorem: String,
    pub source: String,
    pub statement: String,
    #[serde(default)]
    pub formula: String,
    #[serde(default)]
    pub command: String,
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

/// Reports of earlier versions do not say where a prediction comes from.
fn paper() -> Kind {
    Kind::Paper
}

impl Saved {
    /// Reads `report.json` of a run directory.
    ///
    /// # Errors
    /// [`Error::Io`] if it is not there, [`Error::File`] if it is not a report of this version's shape.
    pub fn read(directory: &Path) -> Result<Self> {
        let path = directory.join("report.json");
        let refuse = |reason: String| Error::File { path: path.clone(), reason };
        let value = read(&path)?;
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

/// A `train` run as it is read back.
pub(super) struct Trained {
    /// `config.json`.
    pub config: Value,
    /// `summary.json`.
    pub summary: Value,
}

impl Trained {
    /// Whether a directory holds such a run.
    pub fn is_at(directory: &Path) -> bool {
        directory.join("summary.json").exists() && !directory.join("report.json").exists()
    }

    /// Reads one.
    ///
    /// # Errors
    /// [`Error::Io`], [`Error::File`].
    pub fn read(directory: &Path) -> Result<Self> {
        let [config, summary] = ["config.json", "summary.json"].map(|name| read(&directory.join(name)));
        Ok(Self { config: config?, summary: summary? })
    }

    /// Whether it is the paper's model on orthonormal data.
    pub fn is_of_paper(&self) -> bool {
        self.config["model"] == "neuron" && self.config["data"] == "orthonormal"
    }

    /// Where figures come from.
    pub fn origin(&self) -> String {
        let of = |key: &str| self.config[key].as_str().unwrap_or_default();
        format!("Seed {}, {} engine, {} {}.", self.config["seed"], of("engine"), of("backend"), of("dtype"))
    }

    /// Whether a figure says something of it.
    pub fn shows(&self, figure: &str, directory: &Path) -> bool {
        let (has, replicas) = (|name: &str| directory.join(name).exists(), self.config["replicas"].as_u64());
        match figure {
            "correlations" => has("correlations.csv"),
            "sharpness" => has("sharpness.csv"),
            "neurons" => self.summary["neurons"].as_u64() > Some(1),
            "replicas" => has("replicas.csv"),
            "images" => {
                let dim = self.config["dim"].as_u64().unwrap_or_default();
                let are_images = self.config["data"] == "digits" || !self.config["data_read"].is_null();
                are_images
                    && has("w.npy")
                    && replicas == Some(1)
                    && (16..=4096).contains(&dim)
                    && dim.isqrt().pow(2) == dim
            }
            _ => true,
        }
    }
}

/// Reads a JSON document of a run, its texts made safe.
fn read(path: &Path) -> Result<Value> {
    let bytes = regular::read(path, MAX)?;
    let refuse = |e: serde_json::Error| Error::File { path: path.into(), reason: e.to_string() };
    let mut value = serde_json::from_slice(&bytes).map_err(refuse)?;
    make_safe(&mut value);
    Ok(value)
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
