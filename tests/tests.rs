//! The integration tests, one binary; each module names what it guards.

#![deny(unsafe_code)]

/// Helpers: fixtures that return a problem together with its start, file readers, the binaries.
mod common;

/// The three engines are one: lockstep over the cross product of everything that composes.
mod engines;

/// Several tied neurons: autodiff and the recursion in lockstep.
mod tied;

/// Gradients: autodiff against the hand-derived ones, those against central differences.
mod gradients;

/// Curvature instruments: against closed forms and dense eigen-decompositions, on rotated data.
mod curvature;

/// The loop: every outcome, every stop rule, observers and their cadence.
mod training;

/// `train --norms --weights`: refusals, the same run by every engine, a run repeated from its configuration.
mod unequal;

/// Stacks of replicas in the autodiff engine: each as it is alone.
mod stacks;

/// Update rules, step schedules, weight decay and noise.
mod updates;

/// Models: the trait as the only door into the autodiff engine; saving and loading.
mod models;

/// Deeper models and other activations: formulas, gradients, starts, files, curvature.
mod architectures;

/// The programs in `examples/`: one run by `train_model`, the others by `examples`.
#[path = "../examples/my_autoencoder.rs"]
#[expect(dead_code, reason = "its main is for cargo")]
mod my_autoencoder;

#[cfg(feature = "flex")]
#[path = "../examples/minimal.rs"]
mod minimal;

#[path = "../examples/my_sweep.rs"]
#[expect(dead_code, reason = "its main is for cargo")]
mod my_sweep;

#[path = "../examples/measure_run.rs"]
#[expect(dead_code, reason = "its main is for cargo")]
mod measure_run;

/// The examples: the story in one file against the engines, the study, the measurement of a saved run.
#[cfg(feature = "flex")]
mod examples;

/// `train --model`: refusals, run directories; the example.
mod train_model;

/// A user's own matrix: what is read, what is refused, and in which words.
mod data_files;

/// Files as users have them, through `train`: the numbers that are read, and the words in which others are refused.
mod reading;

/// Loaders under arbitrary bytes and mutated files: an error or a table, never a panic.
mod loaders;

/// What must hold of every reader of files; `fuzz/` looks for bytes that break it.
mod readers;

/// The corpus of the fuzzer, replayed.
mod fuzzed;

/// Correlated and real data: ρ = 0 is the orthonormal case, and engines agree on all of it.
mod general_data;

/// Numbers at the edge: far from 1, not there at all, where nothing moves.
mod edges;

/// Curvature where the gradient bends, and where most of it is 0.
mod kinks;

/// Verdicts can fail: a planted error in each prediction turns its claim to `refuted`.
mod planted_errors;

/// One run from the command line: exit codes, messages, run directories, replay.
mod command_line;

/// Broken off and gone on with: the same to the bit, after Ctrl-C and after `kill -9` at random moments.
#[cfg(unix)]
mod resume;

/// Studies: what is refused and where it stands, what the tables hold, and that they are the same however the work was done.
#[cfg(unix)]
mod sweep;

/// Processes that want one place, threads that share the work: nobody is overwritten, and no sum depends on them.
#[cfg(unix)]
mod side_by_side;

/// `puremix` and its subcommands; the binaries of `experiments/`.
mod programs;

/// Options as people write them; `--config`, `--from`.
mod options;

/// What the program deletes, replaces and follows: only what it has written itself, and no link.
#[cfg(unix)]
mod safety;

/// Systems that lack a service, and systems that fail.
#[cfg(unix)]
mod faults;

/// The main job and the claim binaries: lists, refusals, reports, determinism, verdicts and exit codes.
mod main_job;

/// The page and its figures: what each shows, drawn again to the byte, and opened in a real browser.
mod report;

/// The explorable page in a real browser: its chapters, the numbers of `train` to the bit, hands, keys, phones.
#[cfg(unix)]
mod explorer;

/// Explorations: estimates without a verdict, where the answer is known, the same on any number of threads.
mod explorations;

/// README and book against the archived reports and measurements.
mod documents;

/// Every study is shown, its errors are planted, and what its checks would notice is said.
mod catalogued;

/// The book as a whole: its links, its chapters, the languages of its blocks, its notation.
mod book;

/// The figures of the findings against the archived tables.
mod figures;

/// Every command of README and book, run as it stands there.
#[cfg(unix)]
mod commands;

/// The rooms: theory has not seen an engine, nor the other way round.
mod rooms;

/// The binary that measures: peers, growth, devices, and who is missing.
mod speed;

/// What cannot fit or end is refused with its size.
mod limits;

/// Threads: as many as the system gives, and never a panic.
mod threads;
