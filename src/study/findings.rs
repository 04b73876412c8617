//! What a study brings to light.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};

use crate::table::Table;
use crate::text::is_unsafe;
use crate::verdict::{Check, Estimate, Register};

/// What a claim's protocol brought to light.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Findings {
    /// What was done, a sentence an entry, built from what ran.
    pub protocol: Vec<String>,
    /// The judged expectations.
    pub checks: Vec<Check>,
    /// What an exploration measured.
    pub estimates: Vec<Estimate>,
    /// What a reader should know besides.
    pub notes: Vec<String>,
    /// Tables for the run directory.
    pub tables: Vec<Table>,
    /// Names of registered checks that nothing here allows to judge; a note says why.
    pub withdrawn: Vec<String>,
    /// Upper bound on the probability that a check refutes a true claim, counted before anything ran.
    pub level: f64,
}

impl Findings {
    /// Leaves a registered check out, for a reason that becomes a note.
    pub fn withdraw(&mut self, name: &str, reason: impl Into<String>) {
        self.withdrawn.push(name.into());
        self.notes.push(reason.into());
    }

    /// Holds the checks against the register: each is judged once or withdrawn, and nothing else is judged. A name may go on, after a colon, with
    /// the cell that was the worst.
    ///
    /// # Panics
    /// If a check was not registered, or a registered one is missing: the protocol is at fault.
    pub(super) fn account(&mut self, register: &Register) {
        let mut open: Vec<&str> = register.names().collect();
        for name in self.checks.iter().map(|check| &check.name).chain(&self.withdrawn) {
            let begins = |row: &&str| {
                name.strip_prefix(row).is_some_and(|rest| rest.is_empty() || rest.starts_with(": "))
            };
            let exact = open.iter().position(|row| row == name);
            match exact.or_else(|| open.iter().position(begins)) {
                Some(at) => drop(open.remove(at)),
                None => panic!("`{name}` was not registered, or is judged twice"),
            }
        }
        assert!(open.is_empty(), "registered, but neither judged nor withdrawn: {open:?}");
        self.level = register.level();
    }

    /// Why this cannot be what a protocol found.
    pub(crate) fn flaw(&self) -> Option<String> {
        let mut names = HashSet::new();
        let flawed = self.tables.iter().find_map(|table| {
            let repeated = !names.insert(&table.name);
            table.flaw().or_else(|| repeated.then(|| format!("there are two tables {}", table.name)))
        });
        let texts = self.protocol.iter().chain(&self.notes).chain(&self.withdrawn);
        let names = self.checks.iter().flat_map(|check| [&check.name, &check.criterion]);
        let mut texts = texts.chain(names).chain(self.estimates.iter().flat_map(|e| [&e.name, &e.method]));
        let has_unsafe = texts.any(|text| text.contains(is_unsafe));
        let flawed =
            flawed.or_else(|| has_unsafe.then(|| "a text has characters that a terminal would obey".into()));
        flawed.or_else(|| {
            self.checks
                .iter()
                .map(|check| check.level)
                .chain([self.level])
                .any(|level| !(0.0..=1.0).contains(&level))
                .then(|| "a level is no probability".into())
        })
    }
}
