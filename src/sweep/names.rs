//! Which options of `train` a study may set: those that `train` has, but for those without a meaning in a sweep.

use clap::builder::Arg;
use clap::{Command, CommandFactory, FromArgMatches};

use super::given::Given;
use crate::error::Result;
use crate::job::TrainOptions;

/// Options of `train` that a study cannot set, by their identifiers, and why.
const REFUSED: [(&str, &str); 14] = [
    ("seed", "the seeds of a study are 1, 2, …, as many as `seeds` says"),
    ("replicas", "every run of a study has one replica; give more `seeds`"),
    ("from", "the start of every run is a function of its seed"),
    ("config", "a study states its options under [base]"),
    ("every", "a study keeps how its runs end, and no trajectories"),
    ("record_batches", "a study keeps how its runs end, and no batches"),
    ("checkpoint_every", "a study keeps whole runs"),
    ("resume", "a study goes on by itself"),
    ("render", "it trains nothing"),
    ("list_backends", "it trains nothing"),
    ("out", "it is an option of the study as a whole"),
    ("force", "it is an option of the study as a whole"),
    ("json", "it is an option of the study as a whole"),
    ("no_page", "it is an option of the study as a whole"),
];

/// The options of `train`.
pub(super) struct Options {
    command: Command,
}

impl Options {
    pub fn new() -> Self {
        Self { command: TrainOptions::command().args_override_self(true) }
    }

    /// Those that a study may set.
    pub fn arguments(&self) -> impl Iterator<Item = &Arg> {
        self.command.get_arguments().filter(|arg| {
            let id = arg.get_id().as_str();
            arg.get_long().is_some() && !["help", "version"].contains(&id) && refusal(arg).is_none()
        })
    }

    /// The long name of the option that is meant; with `_` for `-` if so written, or by an alias.
    ///
    /// # Errors
    /// What is no option, or has no meaning in a study.
    pub fn find(&self, given: &Given) -> Result<String> {
        let name = given.text.replace('_', "-");
        let is_it = |arg: &&Arg| {
            arg.get_long() == Some(&name)
                || arg.get_all_aliases().is_some_and(|all| all.contains(&name.as_str()))
        };
        let Some(arg) = self.command.get_arguments().find(is_it) else {
            return Err(given.refuse(format!("`{}` is no option of a run", given.text)));
        };
        match refusal(arg) {
            Some(why) => Err(given.refuse(format!("`{}` cannot be set by a study: {why}", given.text))),
            None => Ok(arg.get_long().unwrap_or(&name).to_string()),
        }
    }

    /// The options of a run from long names and values; a later one overrides.
    ///
    /// # Errors
    /// Why `train` would refuse them.
    pub fn read<'a>(
        &self,
        settings: impl Iterator<Item = (&'a str, &'a Given)>,
    ) -> Result<TrainOptions, String> {
        let words = ["train".to_string()]
            .into_iter()
            .chain(settings.filter_map(|(name, value)| self.word(name, &value.text)));
        let matches = self.command.clone().try_get_matches_from(words);
        matches.and_then(|matches| TrainOptions::from_arg_matches(&matches)).map_err(|error| reason(&error))
    }

    /// An option as a word of a command line; none of one that is switched off.
    fn word(&self, name: &str, text: &str) -> Option<String> {
        let arg = self.command.get_arguments().find(|arg| arg.get_long() == Some(name));
        let is_switch = arg.is_some_and(|arg| {
            !arg.get_action().takes_values()
                || arg.get_num_args().is_some_and(|count| count.min_values() == 0)
        });
        match text {
            "true" if is_switch => Some(format!("--{name}")),
            "false" if is_switch => None,
            _ => Some(format!("--{name}={text}")),
        }
    }
}

fn refusal(arg: &Arg) -> Option<&'static str> {
    REFUSED.iter().find(|(id, _)| arg.get_id().as_str() == *id).map(|(_, why)| *why)
}

/// What clap says is wrong, in one line.
fn reason(error: &clap::Error) -> String {
    let text = error.to_string();
    let text = text.strip_prefix("error: ").unwrap_or(&text);
    let lines = text
        .lines()
        .map(str::trim)
        .take_while(|line| !line.starts_with("For more") && !line.starts_with("Usage"));
    lines.filter(|line| !line.is_empty()).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_refused_is_an_option_of_train() {
        let options = Options::new();
        for (id, _) in REFUSED {
            assert!(options.command.get_arguments().any(|arg| arg.get_id().as_str() == id), "{id}");
        }
    }

    #[test]
    fn options_are_known_by_every_name_that_train_knows() {
        let options = Options::new();
        let found = |name: &str| options.find(&Given::new(name, "a:1:2")).map_err(|e| e.to_string());
        for name in ["step_size", "step-size", "lr"] {
            assert_eq!(found(name).unwrap(), "step-size");
        }
        assert_eq!(found("batch_size").unwrap(), "batch");
        assert_eq!(found("momentun").unwrap_err(), "a:1:2: `momentun` is no option of a run");
        assert!(found("replicas").unwrap_err().contains("give more `seeds`"));
        assert!(found("seed").unwrap_err().starts_with("a:1:2: `seed` cannot be set by a study: the seeds"));
    }

    #[test]
    fn a_run_has_the_options_that_were_set_last() {
        let options = Options::new();
        let read = |settings: &[(&'static str, &str)]| {
            let given: Vec<_> = settings.iter().map(|(name, text)| (*name, Given::new(*text, ""))).collect();
            options.read(given.iter().map(|(name, value)| (*name, value)))
        };
        let run =
            read(&[("batch", "3"), ("step-size", "0.25"), ("batch", "7"), ("sharpness", "true")]).unwrap();
        assert_eq!((run.batch, run.step_size, run.sharpness.is_some()), (Some(7), 0.25, true));
        assert!(read(&[("sharpness", "false")]).unwrap().sharpness.is_none());
        let refused = read(&[("schedule", "sdg")]).unwrap_err();
        assert!(
            refused.starts_with("invalid value 'sdg' for '--schedule <SCHEDULE>' [possible values: gd"),
            "{refused}"
        );
    }
}
