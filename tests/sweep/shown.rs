//! What is printed and drawn.

use std::fs;

use super::{sweep, swept, write};
use crate::common::{names, number, rows, stderr, stdout, temporary};
use crate::documents::path;

const STUDY: &str = "title = \"Does <b> matter?\"\nseeds = 6\n[base]\nsamples = 6\ndim = 8\nactivation = \"linear\"\nengine = \"reduced\"\n\
                     [grid]\nbatch = [1, 3, 6]\nstep_size = [0.05, 0.1, 0.2]\nschedule = [\"sgd\", \"replacement\"]\n\
                     [[compare]]\naxis = \"batch\"\nwith = 6\n";

#[test]
fn a_dry_run_says_what_would_run_and_leaves_nothing() {
    let directory = &temporary();
    write(directory, "s.toml", STUDY);
    let text = stdout(&sweep(directory, "s.toml --dry-run --out run"));
    assert!(text.starts_with("batch = 1, step_size = 0.05, schedule = sgd: at most "), "{text}");
    assert!(text.contains("18 cells × 6 seeds = 108 runs, about "), "{text}");
    let json: serde_json::Value =
        serde_json::from_str(&stdout(&swept(directory, "s.toml --dry-run --json --set steps=77"))).unwrap();
    assert_eq!((&json["runs"], &json["grid"][4]["at_most_steps"]), (&108.into(), &77.into()));
    assert_eq!(json["grid"][4]["batch"], "1");
    assert_eq!(names(directory), ["s.toml"]);
}

#[test]
fn comparisons_are_sentences() {
    let directory = &temporary();
    write(directory, "s.toml", STUDY);
    let text = stdout(&sweep(directory, "s.toml --out run"));
    assert!(text.starts_with("108 runs, 18 cells with 6 seeds each: 108 converged.\n"), "{text}");
    let lower = "With batch = 1 instead of 6 (at step_size = 0.05, schedule = sgd), the participation ratio is lower by ";
    assert!(text.contains(lower) && text.contains("6 pairs of seeds)."), "{text}");
    // With replacement, b = m is no full batch: both end in one sample.
    let same = "With batch = 3 instead of 6 (at step_size = 0.2, schedule = replacement), the participation ratio is the same within 1e-9, \
                in 6 pairs of seeds.";
    assert!(text.contains(same), "{text}");
    let page = std::fs::read_to_string(directory.join("run/report.html")).unwrap();
    assert!(page.contains("Does &lt;b&gt; matter?") && !page.contains("<b> matter"));
    assert!(page.contains(same) && page.contains("of many, one in twenty misses"));
    let figures = names(&directory.join("run/figures"));
    let expected = [
        "participation_ratio_by_batch",
        "participation_ratio_by_schedule",
        "participation_ratio_by_step_size",
        "participation_ratio_by_step_size_by_batch",
    ];
    assert_eq!(
        figures,
        expected.iter().flat_map(|name| [format!("{name}.png"), format!("{name}.svg")]).collect::<Vec<_>>()
    );
    // One seed has no intervals, and says so.
    let alone = stdout(&swept(directory, "s.toml --seeds 1 --out alone"));
    assert!(
        alone.contains("too few pairs of seeds have the participation ratio for an interval: 1."),
        "{alone}"
    );
}

#[test]
fn what_varies_together_is_compared_together() {
    let directory = &temporary();
    let study = "seeds = 4\n[base]\nsamples = 4\nsteps = 20\ntolerance = 0\n[grid]\nengine = [\"reduced\"]\n[zip]\nbatch = [1, 4]\n\
                 step_size = [0.1, 0.4]\n[[compare]]\naxis = \"batch\"\nwith = 4\nmeasure = \"steps_taken\"\n";
    write(directory, "s.toml", study);
    let text = stdout(&swept(directory, "s.toml --out run"));
    let sentence = "With batch = 1 and step_size = 0.1 instead of what goes with batch = 4, the number of steps until the end is the same within \
                    1e-9, in 4 pairs of seeds.";
    assert!(text.contains(sentence), "{text}");
    // More comparisons than can be told are no reason to lose a study.
    std::fs::write(directory.join("run/comparisons.csv"), "").unwrap();
    sweep(directory, "--render run");
    let page = std::fs::read_to_string(directory.join("run/report.html")).unwrap();
    assert!(page.contains("No comparison is shown here"), "{page}");
}

#[test]
fn figures_are_those_that_were_asked_for() {
    let directory = &temporary();
    let asked = STUDY.to_string()
        + "[[figure]]\nx = \"batch\"\ny = \"cos_init\"\nseries = \"step_size\"\n\
           [[figure]]\nx = \"step_size\"\ny = \"batch\"\ncolour = \"steps_taken\"\n\
           [[figure]]\nx = \"batch\"\ny = \"recovered_atoms\"\n\
           [[figure]]\nx = \"batch\"\ny = \"cos_init\"\nseries = \"schedule\"\n";
    write(directory, "s.toml", &asked);
    let output = sweep(directory, "s.toml --out run");
    // Nothing has atoms here: the figure says so, and the study is not lost over it.
    assert!(
        stderr(&output).contains("the figure `recovered_atoms_by_batch` cannot be drawn"),
        "{}",
        stderr(&output)
    );
    let svgs: Vec<String> =
        names(&directory.join("run/figures")).into_iter().filter(|name| name.ends_with(".svg")).collect();
    assert_eq!(
        svgs,
        ["cos_init_by_batch.svg", "cos_init_by_batch_2.svg", "steps_taken_by_step_size_by_batch.svg"]
    );
    let svg = std::fs::read_to_string(directory.join("run/figures/cos_init_by_batch.svg")).unwrap();
    for text in ["schedule = sgd", "schedule = replacement", "step_size = 0.05", "batch size b"] {
        assert!(svg.contains(text), "no {text}");
    }
    let page = std::fs::read_to_string(directory.join("run/report.html")).unwrap();
    assert!(
        page.contains("This figure cannot be drawn: no run has a number for `recovered_atoms`."),
        "{page}"
    );
}

#[test]
fn a_document_is_all_that_json_prints() {
    let directory = &temporary();
    sweep(directory, "--grid batch=1,2 --samples 3 --steps 50 --seeds 2 --out run --json");
    let complete = swept(directory, "--grid batch=1,2 --samples 3 --steps 50 --seeds 2 --out run --json");
    let json: serde_json::Value = serde_json::from_str(&stdout(&complete)).unwrap();
    assert_eq!((&json["complete"], &json["directory"]), (&true.into(), &"run".into()));
}

/// Means of the archived studies, most of them quoted by the book: study, batch size, another option and its value, measure, mean.
const MEANS: [[&str; 6]; 15] = [
    ["batch", "11", "step_size", "0.05", "participation_ratio", "1.00"],
    ["batch", "12", "step_size", "0.1", "participation_ratio", "4.74"],
    ["batch-and-step", "15", "step_size", "0.01", "participation_ratio", "1.00"],
    ["batch-and-step", "16", "step_size", "0.6", "participation_ratio", "3.43"],
    ["batch-and-step", "4", "step_size", "0.6", "converged", "0"],
    ["batch-and-step", "16", "step_size", "0.8", "dead", "10"],
    ["widths", "3", "model", "shallow:4", "pure_neurons", "4.00"],
    ["widths", "6", "model", "shallow:8", "pure_neurons", "4.67"],
    ["widths", "11", "model", "shallow:16", "pure_neurons", "1.00"],
    ["widths", "12", "model", "shallow:2", "pure_neurons", "0.00"],
    ["momentum", "11", "update", "heavy-ball:0.9", "participation_ratio", "1.02"],
    ["momentum", "1", "update", "adam", "participation_ratio", "1.65"],
    ["momentum", "12", "update", "adam", "participation_ratio", "4.70"],
    ["digits", "1", "normalise", "unit", "pca_angle_max", "0.14"],
    ["digits", "32", "normalise", "unit", "pca_angle_max", "0.024"],
];

#[test]
fn the_archived_studies_are_those_that_ship() {
    let directory = temporary();
    let archive = path("experiments/results/studies");
    let mut studies = 0;
    for file in fs::read_dir(path("experiments/studies")).unwrap().map(|entry| entry.unwrap().path()) {
        let archived = archive.join(file.file_stem().unwrap());
        let output = swept(directory.path(), &format!("{} --dry-run --json", file.display()));
        let told: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        let study = fs::read_to_string(archived.join("study.toml")).unwrap();
        assert_eq!(told["study"].as_str().unwrap(), study, "{}", file.display());
        assert!(archived.join("report.html").exists() && archived.join("runs.csv").exists());
        studies += 1;
    }
    assert_eq!(studies, names(&archive).len());
    for [study, batch, option, value, measure, mean] in MEANS {
        let rows = rows(&archive.join(study).join("summary.csv"));
        let row = rows.iter().find(|row| row["batch"] == batch && row[option] == value).unwrap();
        let decimals = mean.split_once('.').map_or(0, |(_, decimals)| decimals.len());
        assert_eq!(format!("{:.decimals$}", number(row, measure)), mean, "{study}, b = {batch}, {value}");
    }
}
