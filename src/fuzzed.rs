//! Readers of files that have no public name, on bytes or on a directory: for the fuzzer in `fuzz/`, and for the test that replays its
//! corpus. No part of the interface.

pub use crate::job::fuzzed::{Resumed, config};
pub use crate::persist::fuzzed::{journal, manifest, replace, stored};
pub use crate::report::fuzzed::{drawn, findings, report_page, run_figures, run_page};
pub use crate::sweep::fuzzed::{results, runs_csv, status, study, study_page};
