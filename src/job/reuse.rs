//! `--config`: options from the `config.json` of another run, or from the same keys in TOML.

use std::ffi::OsString;
use std::path::Path;

use clap::{CommandFactory, FromArgMatches};
use itertools::Itertools;
use serde_json::{Map, Value};
use toml::de::DeValue;

use super::TrainOptions;
use crate::cli;
use crate::error::{Error, Result};
use crate::regular;
use crate::text::{self, is_unsafe};
use crate::written::{self, written};

/// Most bytes of such a file.
const MAX: u64 = 1 << 20;

/// Options of `train` that a file cannot give, besides [`OTHERS`], which it may hold without effect. All other options are keys, with `_` for `-`.
const NO_KEYS: [&str; 6] = ["config", "checkpoint_every", "resume", "render", "list_backends", "no_page"];

/// Keys that take a number for each sample.
const LISTS: [&str; 2] = ["norms", "weights"];

/// Options of the command line, and the keys that they leave without meaning.
const OVERRIDES: [(&str, &[&str]); 4] = [
    ("--data", &["samples", "dim", "data", "skip_rows", "label_column"]),
    ("--from", &["init_norm"]),
    ("--init-norm", &["from"]),
    ("--epochs", &["steps"]),
];

/// Keys of a `config.json` that say how a run came about, and determine nothing.
const OTHERS: [&str; 10] = [
    "version",
    "git_commit",
    "data_read",
    "data_checksum",
    "from_checksum",
    "dtype",
    "out",
    "force",
    "json",
    "files",
];

impl TrainOptions {
    /// The options of a command line, with those of its `--config` underneath. Wrong usage ends the process, as [`Parser::parse_from`](clap::Parser::parse_from)
    /// does.
    ///
    /// # Errors
    /// [`Error::File`] if the file of options cannot be understood, [`Error::NotRegular`], [`Error::Io`].
    pub fn from_arguments(arguments: impl IntoIterator<Item = OsString>) -> Result<Self> {
        let arguments: Vec<OsString> = arguments.into_iter().collect();
        let parsed = |command, arguments: &[OsString]| {
            let matches = cli::render_alone(command).get_matches_from(arguments);
            Self::from_arg_matches(&matches).unwrap_or_else(|error| error.exit())
        };
        let given = parsed(Self::command(), &arguments);
        let Some(path) = &given.config else { return Ok(given) };
        let gives = |flag: &str| {
            let is_it = |text: &str| {
                text.strip_prefix(flag).is_some_and(|rest| rest.is_empty() || rest.starts_with('='))
            };
            arguments.iter().any(|argument| argument.to_str().is_some_and(is_it))
        };
        let mut overridden = Vec::new();
        for (flag, keys) in OVERRIDES {
            if gives(flag) {
                overridden.extend(keys.iter().copied());
            }
        }
        let underneath = read(path, &overridden)?.into_iter().map(OsString::from);
        let (program, rest) = arguments.split_at(1.min(arguments.len()));
        let all: Vec<_> = program.iter().cloned().chain(underneath).chain(rest.iter().cloned()).collect();
        Ok(parsed(Self::command().args_override_self(true), &all))
    }
}

/// A value of TOML, numbers as they are written: they may be infinite or none, or larger than JSON has them, and their option is to judge.
fn json(value: &DeValue) -> Value {
    match value {
        DeValue::Boolean(flag) => Value::Bool(*flag),
        DeValue::Array(items) => items.iter().map(|item| json(item.get_ref())).collect(),
        // A table or a date is no value of an option.
        value => written(value).map_or_else(|| Value::Object(Map::new()), Value::String),
    }
}

/// A number, as JSON has it or as it is written.
fn is_number(value: &Value) -> bool {
    value.is_number() || value.as_str().is_some_and(|text| text.parse::<f64>().is_ok())
}

/// A word or number as text.
fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), String::from)
}

/// The options in a file, as arguments, without those that the command line overrides by another.
fn read(path: &Path, overridden: &[&str]) -> Result<Vec<String>> {
    parse(regular::read(path, MAX)?, path, overridden)
}

/// The same from what the file holds.
pub(super) fn parse(bytes: Vec<u8>, path: &Path, overridden: &[&str]) -> Result<Vec<String>> {
    let refuse = |reason: String| Error::File { path: path.into(), reason };
    let text = String::from_utf8(bytes).map_err(|e| refuse(e.to_string()))?;
    let mut keys: Map<String, Value> = if path.extension().is_some_and(|extension| extension == "toml") {
        let table = written::parse(&text, &text::path(path).to_string())?;
        table
            .get_ref()
            .iter()
            .map(|(key, value)| (key.get_ref().to_string(), json(value.get_ref())))
            .collect()
    } else {
        serde_json::from_str(&text).map_err(|e| refuse(e.to_string()))?
    };
    // What a run says of its file of data holds options, too.
    if let Some(layout) = keys.get("data_read").cloned() {
        for key in ["skip_rows", "label_column"] {
            if !layout[key].is_null() {
                keys.insert(key.into(), layout[key].clone());
            }
        }
    }
    let is_generated = keys
        .get("data")
        .and_then(Value::as_str)
        .is_none_or(|data| data.parse::<crate::data::Source>().is_ok_and(|source| source.is_generator()));
    let (command, mut arguments) = (TrainOptions::command(), Vec::new());
    let is_option = |key: &str| {
        !NO_KEYS.contains(&key) && command.get_arguments().any(|argument| argument.get_id().as_str() == key)
    };
    for (key, value) in &keys {
        let resolved = ["samples", "dim"].contains(&key.as_str()) && !is_generated;
        if OTHERS.contains(&key.as_str()) || overridden.contains(&key.as_str()) || resolved {
            continue;
        }
        if !is_option(key) {
            return Err(refuse(format!("`{key}` is no option of a run")));
        }
        let flag = format!("--{}", key.replace('_', "-"));
        match value {
            Value::Null | Value::Bool(false) => {}
            Value::Bool(true) => arguments.push(flag),
            // What the command line does not accept it shows: names of files apart, which are shown escaped.
            Value::String(text) if text.contains(is_unsafe) && !["data", "from"].contains(&key.as_str()) => {
                return Err(refuse(format!("`{key}` has characters that a terminal would obey")));
            }
            Value::String(text) => arguments.push(format!("{flag}={text}")),
            Value::Number(number) => arguments.push(format!("{flag}={number}")),
            Value::Array(items) if LISTS.contains(&key.as_str()) && items.iter().all(is_number) => {
                arguments.push(format!("{flag}={}", items.iter().map(plain).join(",")));
            }
            _ if LISTS.contains(&key.as_str()) => {
                return Err(refuse(format!("`{key}` must be a list of numbers, as [3, 2, 1] or \"3,2,1\"")));
            }
            _ => return Err(refuse(format!("`{key}` must be a word or a number"))),
        }
    }
    Ok(arguments)
}
