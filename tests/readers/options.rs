//! Options in files: studies, and configurations for `--config`.

use std::path::Path;
use std::sync::LazyLock;

use clap::{Command, CommandFactory, FromArgMatches};
use puremix::fuzzed;
use puremix::job::{Job, TrainOptions};

use super::{Bound, is_small, refused, split};

/// A value of TOML takes some hundred bytes for two, thrice that while its vector grows, and what is made of it is another text or two; the
/// options of `train`, and the jobs of a few small cells.
const BOUND: Bound = Bound { per_byte: 2000, besides: 16 << 20 };

static COMMAND: LazyLock<Command> = LazyLock::new(TrainOptions::command);

pub fn study(bytes: &[u8]) {
    let Ok(text) = str::from_utf8(bytes) else { return };
    BOUND.hold(bytes.len(), || match fuzzed::study(text, |_| false) {
        Ok((cells, written)) => {
            assert!(cells <= 10_000);
            // As it is kept beside the results it is the same study.
            let again = fuzzed::study(&written, |_| false).map_err(|error| error.to_string());
            assert_eq!(again, Ok((cells, written.clone())));
            if let Err(error) = fuzzed::study(text, is_small) {
                refused(error);
            }
        }
        Err(error) => refused(error),
    });
}

pub fn config(bytes: &[u8]) {
    let (how, file) = split(bytes);
    let name = ["config.json", "config.toml"][how % 2];
    BOUND.hold(file.len(), || match fuzzed::config(file.to_vec(), Path::new(name)) {
        Ok(arguments) => check(&arguments),
        Err(error) => refused(error),
    });
}

fn check(arguments: &[String]) {
    let setting = |argument: &String| {
        let (option, value) = argument.split_once('=').unwrap_or((argument, ""));
        (option.trim_start_matches('-').to_string(), value.to_string())
    };
    let settings: Vec<(String, String)> = arguments.iter().map(setting).collect();
    let words = ["train"].into_iter().chain(arguments.iter().map(String::as_str));
    let Ok(matches) = COMMAND.clone().try_get_matches_from(words) else { return };
    let options = TrainOptions::from_arg_matches(&matches).expect("what matches is read");
    if is_small(&settings)
        && let Err(error) = Job::check(&options)
    {
        refused(error);
    }
}
