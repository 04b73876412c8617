//! Runs as they are read back: a report, and a `train` run.

use std::path::Path;

use serde_json::Value;

use super::Report;
use crate::error::{Error, Result};
use crate::regular;
use crate::table::is_table_name;
use crate::text::escaped;

/// Most bytes of a report: a full one has two hundred thousand.
const MAX: u64 = 1 << 26;

impl Report {
    /// Reads `report.json` of a run directory.
    ///
    /// # Errors
    /// [`Error::Io`] if it is not there, [`Error::File`] if it is not a report of this version's shape.
    pub(super) fn read(directory: &Path) -> Result<Self> {
        let path = directory.join("report.json");
        let refuse = |reason: String| Error::File { path: path.clone(), reason };
        let value = read(&path)?;
        let report: Self = serde_json::from_value(value).map_err(|e| refuse(e.to_string()))?;
        if let Some(name) = report.entries().flat_map(|entry| &entry.tables).find(|name| !is_table_name(name))
        {
            return Err(refuse(format!("{name:?} names no table")));
        }
        Ok(report)
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
        let has = |name: &str| directory.join(name).exists();
        (has("summary.json") || has("config.json")) && !has("report.json")
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
        let is_unequal = ["norms", "weights"].iter().any(|key| !self.config[*key].is_null());
        self.config["model"] == "neuron" && self.config["data"] == "orthonormal" && !is_unequal
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

#[cfg(test)]
mod tests {
    use crate::stats::Interval;
    use crate::verdict::{Check, Margin, Register};

    #[test]
    fn what_is_no_number_is_read_back_as_it_was() {
        let mut register = Register::default();
        let interval = Interval { low: f64::NEG_INFINITY, high: 0.7 };
        let mut checks = vec![
            register.expect("a tolerance", 0.3, "a test").within(0.1).measured(f64::NAN, 3),
            register.expect("one side", 0.3, "a test").at_least().measured(0.1, 1),
            register.expect("a half-line", 0.3, "a test").covered(0.2).estimated(0.4, interval, 9),
        ];
        checks.push(Check { tolerance_or_interval: Margin::Tolerance(f64::NAN), ..checks[0].clone() });
        let text = serde_json::to_string(&checks).unwrap();
        assert!(text.contains("\"measured\":null") && text.contains("\"low\":null"), "{text}");
        let back: Vec<Check> = serde_json::from_str(&text).unwrap();
        assert_eq!(format!("{back:?}"), format!("{checks:?}"));
    }
}
