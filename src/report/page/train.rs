//! The page of a `train` run.

use minijinja::{Value, context};
use serde_json::Value as Json;

use super::super::saved::Trained;
use super::{Picture, figure, rendered};
use crate::error::Result;
use crate::text::{self, number};

/// Options that the command of the page repeats where they differ from this.
const DEFAULTS: [(&str, &str); 16] = [
    ("data", "orthonormal"),
    ("normalise", "none"),
    ("norms", ""),
    ("schedule", "sgd"),
    ("weights", ""),
    ("step_size", "0.1"),
    ("reduction", "mean"),
    ("update", "sgd"),
    ("weight_decay", "0.0"),
    ("step_schedule", "constant"),
    ("label_noise", "0.0"),
    ("gradient_noise", "0.0"),
    ("model", "neuron"),
    ("activation", "relu"),
    ("engine", "autodiff"),
    ("init_norm", "0.5"),
];

/// Keys of `config.json` that say where a run went, and not what it is: pages of equal runs by one build are equal.
const CIRCUMSTANCES: [&str; 4] = ["out", "force", "json", "files"];

/// The page; `files` are those of the run that can be linked.
///
/// # Errors
/// None in practice.
pub(in super::super) fn html(trained: &Trained, pictures: &[Picture], files: &[&str]) -> Result<String> {
    let Trained { config, .. } = trained;
    let configuration: Vec<Value> = config
        .as_object()
        .into_iter()
        .flatten()
        .filter(|(key, value)| !value.is_null() && !CIRCUMSTANCES.contains(&key.as_str()))
        .map(|(key, value)| context! { name => key, value => plain(value) })
        .collect();
    let content = context! {
        headline => headline(trained),
        outcome => outcome(trained),
        facts => facts(config),
        measures => measures(trained),
        command => command(config),
        configuration => configuration,
        files => files.iter().map(|name| Value::from(*name)).collect::<Vec<_>>(),
        paper => trained.is_of_paper(),
        figures => pictures.iter().map(figure).collect::<Vec<_>>(),
    };
    rendered("train.html", content)
}

/// A value of a configuration as text.
fn plain(value: &Json) -> String {
    value.as_str().map_or_else(|| value.to_string(), String::from)
}

/// What trained, and where it ended.
fn headline(Trained { config, summary }: &Trained) -> String {
    let (m, b) = (&config["samples"], &config["batch"]);
    let who = match config["schedule"].as_str() {
        Some("gd" | "sgd" | "reshuffle" | "cyclic") if m == b => "Full-batch gradient descent".into(),
        Some("cyclic") => format!("Cyclic SGD with b = {b} of {m} samples"),
        Some("sgd") => format!("SGD with b = {b} of {m} samples"),
        other => format!("SGD ({}) with b = {b} of {m} samples", other.unwrap_or_default()),
    };
    let who = match config["update"].as_str() {
        None | Some("sgd") => who,
        Some(rule) => format!("{who}, update {rule},"),
    };
    let others = [
        ("weight_decay", "weight decay"),
        ("label_noise", "label noise"),
        ("gradient_noise", "gradient noise"),
    ];
    let others =
        others.into_iter().filter(|(key, _)| config[*key].as_f64() > Some(0.0)).map(|(_, name)| name);
    let who = others.fold(who, |who, other| format!("{who} with {other}"));
    let ended = match (summary["outcome"].as_str(), summary["predicted_limit"].as_str()) {
        (Some("converged"), Some("datapoint")) => format!("ended in datapoint {}", summary["argmax"]),
        (Some("converged"), Some("mixture")) => "ended in the mixture of the datapoints".into(),
        (Some("converged"), _) => "converged".into(),
        (Some("dead"), _) => "did not move: no sample activates a neuron".into(),
        (Some("diverged"), _) => "diverged".into(),
        (Some("stalled"), _) => "stalled".into(),
        _ => "ran out of steps".into(),
    };
    match config["model"].as_str() {
        Some("neuron") | None => format!("{who} {ended}"),
        Some(model) => format!("{model}: {who} {ended}"),
    }
}

/// An outcome in words.
fn outcome_name(outcome: &str) -> &str {
    if outcome == "max_steps" { "out of steps" } else { outcome }
}

/// The outcome in a sentence.
fn outcome(trained: &Trained) -> String {
    let Trained { config, summary } = trained;
    let of = |key: &str| summary[key].as_f64().map_or_else(|| "not known".into(), number);
    let taken = format!("after {} steps", summary["steps"]);
    let limit = match summary["predicted_limit"].as_str() {
        Some("none") | None => String::new(),
        Some(limit) => format!(", at a distance of {} from the predicted limit, a {limit}", of("distance")),
    };
    let mixed = format!(
        "The participation ratio of its correlations is {} of {}",
        of("participation_ratio"),
        config["samples"]
    );
    match summary["outcome"].as_str() {
        Some("converged") => {
            format!("The run converged {taken}{limit}. {mixed}, and its loss is {}.", of("loss"))
        }
        Some("max_steps") => format!(
            "The run used up its budget of {} steps{limit}. {mixed}, and its loss is {}.",
            summary["steps"],
            of("loss")
        ),
        Some("stalled") => format!(
            "Steps vanish {taken}, in rounding or because the step size does, while the gradient does not."
        ),
        Some("diverged") => {
            format!("The norm grew more than a millionfold, or it or the loss is not finite, {taken}.")
        }
        _ => format!("No sample activates a neuron, so that every gradient is 0; the run ended {taken}."),
    }
}

/// Setting of a run.
fn facts(config: &Json) -> Vec<Value> {
    let fact = |name: &str, value: String| context! { name => name, value => value };
    let of = |key: &str| plain(&config[key]);
    let mut facts = vec![
        fact("data", of("data")),
        fact("m × n", format!("{} × {}", config["samples"], config["dim"])),
        fact("model", format!("{}, {}", of("model"), of("activation"))),
        fact("schedule", format!("{}, b = {}", of("schedule"), config["batch"])),
        fact("η", format!("{}, {}", of("step_size"), of("reduction"))),
        fact(
            "start",
            config["init_norm"].as_f64().map_or_else(|| of("from"), |norm| format!("norm {}", number(norm))),
        ),
        fact("engine", format!("{} ({} {})", of("engine"), of("backend"), of("dtype"))),
        fact("seed", of("seed")),
    ];
    let options =
        ["norms", "weights", "update", "weight_decay", "step_schedule", "label_noise", "gradient_noise"];
    for (key, default) in DEFAULTS.into_iter().filter(|(key, _)| options.contains(key)) {
        if !config[key].is_null() && of(key) != default {
            facts.push(fact(&key.replace('_', " "), of(key)));
        }
    }
    if config["replicas"].as_u64() > Some(1) {
        facts.push(fact("replicas", of("replicas")));
    }
    facts.push(fact("version", of("version")));
    facts
}

/// Final measures of the first replica.
fn measures(Trained { summary, .. }: &Trained) -> Vec<Value> {
    let names = [
        ("loss", "training loss L"),
        ("norm", "‖w‖"),
        ("max_cos", "largest cosine with a sample"),
        ("argmax", "sample at which it is attained, from 0"),
        ("participation_ratio", "participation ratio"),
        ("cos_init", "cosine with w_0"),
        ("residual", "residual ‖w − Πw‖"),
        ("R", "log-ratio R"),
        ("neurons", "neurons"),
        ("dead_neurons", "neurons that no sample activates"),
        ("mean_matched_cos", "mean |cos| of neurons matched to atoms of the dictionary"),
        ("recovered_atoms", "atoms matched with |cos| ≥ 0.99"),
        ("pca_angle_min", "smallest principal angle to the principal components (rad)"),
        ("pca_angle_max", "largest principal angle to the principal components (rad)"),
    ];
    let mut measures: Vec<Value> = names
        .into_iter()
        .filter_map(|(key, name)| Some(context! { name => name, value => number(summary[key].as_f64()?) }))
        .collect();
    let sharpness = &summary["sharpness"];
    for (key, name) in [
        ("largest", "λ_max of the Hessian"),
        ("trace", "trace of the Hessian"),
        ("sem", "its standard error"),
    ] {
        measures
            .extend(sharpness[key].as_f64().map(|value| context! { name => name, value => number(value) }));
    }
    let replicas = summary["replicas"].as_object().into_iter().flatten();
    let counted = replicas.filter(|(_, count)| count.as_u64() > Some(0));
    let counted: Vec<_> = counted.map(|(name, count)| format!("{count} {}", outcome_name(name))).collect();
    measures.push(context! { name => "replicas, by outcome", value => counted.join(", ") });
    measures
}

/// The command that repeats the run.
fn command(config: &Json) -> String {
    let features = match config["backend"].as_str() {
        Some("flex") | None => String::new(),
        Some(backend) => format!("--no-default-features --features {backend} "),
    };
    let mut command = format!("cargo run --release {features}--bin train --");
    // How a file was read is more than one option.
    if !config["data_read"].is_null() {
        return command + " --config config.json";
    }
    let mut give = |key: &str, value: String| {
        command.push_str(&format!(" --{} {}", key.replace('_', "-"), text::quoted(&value)));
    };
    for (key, default) in DEFAULTS {
        let value = plain(&config[key]);
        if !config[key].is_null() && value != default {
            give(key, value);
        }
    }
    // Those that are resolved, whether they were given or not.
    let generated = config["data"].as_str() != Some("digits");
    for key in ["samples", "dim", "batch", "steps", "tolerance", "every", "seed", "from", "sharpness"] {
        let is_shape = ["samples", "dim"].contains(&key);
        if !config[key].is_null() && (generated || !is_shape) {
            give(key, plain(&config[key]));
        }
    }
    if config["replicas"].as_u64() > Some(1) {
        give("replicas", plain(&config["replicas"]));
    }
    give("precision", plain(&config["precision"]));
    if config["record_batches"] == true {
        command.push_str(" --record-batches");
    }
    command
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn trained(schedule: &str, batch: u64, limit: &str) -> Trained {
        let config = json!({
            "schedule": schedule, "batch": batch, "samples": 4, "dim": 9, "model": "neuron", "data": "orthonormal", "normalise": "none",
            "step_size": 0.05, "reduction": "mean", "activation": "relu", "engine": "reduced", "init_norm": null, "from": "sp ace/w.npy",
            "steps": 700, "tolerance": 1e-10, "every": "log", "seed": 2, "sharpness": null, "replicas": 1, "record_batches": true,
            "backend": "flex", "precision": "f64",
        });
        Trained { config, summary: json!({"outcome": "converged", "predicted_limit": limit, "argmax": 2}) }
    }

    #[test]
    fn only_batches_of_all_samples_are_gradient_descent() {
        let gd = headline(&trained("gd", 4, "mixture"));
        assert_eq!(gd, "Full-batch gradient descent ended in the mixture of the datapoints");
        let drawn = headline(&trained("replacement", 4, "datapoint"));
        assert_eq!(drawn, "SGD (replacement) with b = 4 of 4 samples ended in datapoint 2");
        let sgd = headline(&trained("sgd", 3, "datapoint"));
        assert_eq!(sgd, "SGD with b = 3 of 4 samples ended in datapoint 2");
    }

    #[test]
    fn the_command_gives_what_differs_from_the_defaults_and_what_was_resolved() {
        let command = command(&trained("cyclic", 1, "datapoint").config);
        assert_eq!(
            command,
            "cargo run --release --bin train -- --schedule cyclic --step-size 0.05 --engine reduced --samples 4 --dim 9 --batch 1 --steps 700 \
             --tolerance 1e-10 --every log --seed 2 --from 'sp ace/w.npy' --precision f64 --record-batches"
        );
    }
}
