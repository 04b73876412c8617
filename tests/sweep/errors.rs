//! What is wrong with a study is said before anything runs, with its line and column.

use std::fs;

use super::{sweep, swept, write};
use crate::common::{ended, names, refused, stderr, temporary};

const GOOD: &str = "seeds = 2\n[base]\nsamples = 4\nsteps = 10\n[grid]\nbatch = [1, 4]\n";

#[test]
fn a_study_is_refused_with_line_and_column() {
    let directory = &temporary();
    for (text, needle) in [
        ("seeds = 0\n", "s.toml:1:9: `seeds` is the number of seeds, from 1 on, got 0"),
        ("seeds = \"many\"\n", "s.toml:1:9: `seeds` is the number of seeds, from 1 on, got many"),
        ("title = 3\n", "s.toml:1:9: the title must be a line of text"),
        (
            "sides = 3\n",
            "s.toml:1:1: a study has no `sides`: expected title, seeds, base, grid, zip, compare or figure",
        ),
        ("grid = 3\n", "s.toml:1:8: `grid` must be a table, [grid]"),
        ("compare = 3\n", "s.toml:1:1: `compare` must be an array of tables, [[compare]]"),
        ("[grid]\nbatch = [1,\n", "s.toml:2:12: unclosed array, expected `]`"),
        ("[grid]\nbatch = [1, 2]\nbatch = [3]\n", "s.toml:3:1: duplicate key"),
        (
            "[base]\nsamples = 4\n[grid]\nbatch = [1]\n  momentun = [0.9]\n",
            "s.toml:5:3: `momentun` is no option of a run",
        ),
        ("[grid]\nbatch = []\n", "s.toml:2:1: `batch` has no values"),
        ("[grid]\nbatch = [1, [2]]\n", "s.toml:2:13: expected a word or a number"),
        ("[grid]\nbatch = [1, 0x2]\n", "s.toml:2:13: expected a word or a number"),
        (
            "[base]\nbatch = [1, 2]\n",
            "s.toml:2:9: `batch` has one value under [base]; lists stand under [grid]",
        ),
        ("[base]\nbatch = 1\n[grid]\nbatch-size = [1, 2]\n", "s.toml:4:1: `batch` is set twice"),
        ("[base]\nschedule = \"\\u001b[2J\"\n", "s.toml:2:12: it has characters that a terminal would obey"),
        (
            "[base]\nseed = 3\n",
            "s.toml:2:1: `seed` cannot be set by a study: the seeds of a study are 1, 2, …",
        ),
        (
            "[base]\nreplicas = 3\n",
            "s.toml:2:1: `replicas` cannot be set by a study: every run of a study has one replica",
        ),
        ("[base]\nout = \"x\"\n", "s.toml:2:1: `out` cannot be set by a study"),
        // A value that its option refuses, and one that the run as a whole does.
        (
            "[grid]\nschedule = [\"sgd\", \"sdg\"]\n",
            "s.toml:2:20: invalid value 'sdg' for '--schedule <SCHEDULE>' [possible values:",
        ),
        ("[base]\nstep-size = \"x\"\n", "s.toml:2:13: invalid value 'x' for '--step-size <STEP_SIZE>'"),
        (
            "[base]\nsamples = 4\n[grid]\nbatch = [1, 4, 5]\n",
            "s.toml:4:16: batch size must lie in 1..=4 (the number of samples), got 5 (in the cell batch = 5)",
        ),
        (
            "[base]\nsamples = 4\nbatch = 5\n[grid]\nstep-size = [0.1]\n",
            "s.toml:3:9: batch size must lie in 1..=4 (the number of samples), got 5",
        ),
        (
            "[grid]\nstep_size = [0.1, 0.0]\n",
            "s.toml:2:19: the step size must be positive and finite, got 0.0",
        ),
        (
            "[base]\nsteps = 9\n[grid]\nengine = [\"autodiff\", \"reduced\"]\nmodel = [\"neuron\", \"shallow:2\"]\n",
            "s.toml:4:23: the reduced engine steps a single neuron",
        ),
        // Two cells that are the same, however they are written.
        (
            "[grid]\nstep_size = [0.1, 1e-1]\n",
            "s.toml:2:19: two cells are the same: step_size = 0.1, and step_size = 1e-1",
        ),
        (
            "[grid]\nbatch = [2]\nreduction = [\"mean\", \"sum\", \"mean\"]\n",
            "s.toml:3:29: two cells are the same: batch = 2, reduction = mean, and batch = 2, reduction = mean",
        ),
        (
            "[zip]\nbatch = [1, 2]\nstep_size = [0.1]\n",
            "s.toml:3:1: `step-size` has 1 values, and `batch`, which varies with it, 2",
        ),
        // Comparisons and figures of what there is not.
        (
            &format!("{GOOD}[[compare]]\naxis = \"batch\"\n"),
            "s.toml:7:1: a comparison names its `axis` and the value that it compares `with`",
        ),
        (
            &format!("{GOOD}[[compare]]\naxis = \"model\"\nwith = 1\n"),
            "s.toml:8:8: `model` does not vary in this study; what varies: batch",
        ),
        (
            &format!("{GOOD}[[compare]]\naxis = \"batch\"\nwith = 3\n"),
            "s.toml:9:8: `batch` takes the value 3 0 times, of 1, 4; a comparison needs it once",
        ),
        (
            &format!("{GOOD}[[compare]]\naxis = \"batch\"\nwith = 4\nmeasure = \"lose\"\n"),
            "s.toml:10:11: `lose` is no measure; expected one of stopped, steps_taken, distance, loss",
        ),
        (&format!("{GOOD}[[figure]]\nx = \"batch\"\n"), "s.toml:7:1: a figure names its `x` and its `y`"),
        (&format!("{GOOD}[[figure]]\nx = \"batch\"\ny = \"argmax\"\n"), "s.toml:9:5: `argmax` is no measure"),
        (
            &format!("{GOOD}[[figure]]\nx = \"loss\"\ny = \"loss\"\n"),
            "s.toml:8:5: `loss` does not vary in this study",
        ),
        (
            &format!("{GOOD}[[figure]]\nx = \"batch\"\ny = \"loss\"\nseries = \"batch\"\n"),
            "s.toml:10:10: `batch` is along the figure already",
        ),
        (
            "[zip]\nbatch = [1, 1]\nstep_size = [0.1, 0.2]\n[[figure]]\nx = \"batch\"\ny = \"loss\"\n",
            "s.toml:5:5: `batch` takes a value more than once",
        ),
        (
            &format!("{GOOD}[[figure]]\nx = \"batch\"\ny = \"loss\"\nhue = \"batch\"\n"),
            "s.toml:10:1: `hue` is none of x, y, series, colour",
        ),
        (
            &format!(
                "{GOOD}[[figure]]\nx = \"batch\"\ny = \"batch\"\ncolour = \"loss\"\nseries = \"batch\"\n"
            ),
            "s.toml:7:1: a figure has `series` or, as a heat map, `colour`, not both",
        ),
    ] {
        write(directory, "s.toml", text);
        for dry in ["", " --dry-run"] {
            let output = swept(directory, &format!("s.toml --out run{dry}"));
            let error = stderr(&output);
            assert_eq!(output.status.code(), Some(2), "{text}{error}");
            assert!(error.contains(&format!("error: {needle}")), "{text}says: {error}");
            assert!(output.stdout.is_empty() && error.lines().count() == 1, "{error}");
        }
    }
    assert_eq!(names(directory), ["s.toml"], "nothing was begun");
}

#[test]
fn a_grid_that_is_too_large_is_refused_with_its_size() {
    let directory = &temporary();
    let values = |count: usize| (1..=count).map(|k| format!("{k}e-4")).collect::<Vec<_>>().join(", ");
    write(
        directory,
        "s.toml",
        &format!("[grid]\nstep-size = [{}]\ninit-norm = [{}]\n", values(101), values(100)),
    );
    let error = stderr(&swept(directory, "s.toml --dry-run"));
    assert!(
        error
            .contains("s.toml:3:1: the grid has 101 × 100 = 10100 cells, of which a study has at most 10000"),
        "{error}"
    );
    write(directory, "s.toml", "seeds = 500_001\n[grid]\nbatch = [1, 2]\n");
    let error = stderr(&swept(directory, "s.toml --dry-run"));
    assert!(
        error.contains("2 cells × 500001 seeds = 1000002 runs, of which a study has at most 1000000"),
        "{error}"
    );
}

#[test]
fn a_command_line_is_refused_by_its_words() {
    let directory = &temporary();
    write(directory, "s.toml", GOOD);
    write(directory, "zip.toml", "[zip]\nbatch = [1, 2]\nstep_size = [0.1, 0.2]\n");
    for (arguments, needle) in [
        ("", "give a STUDY, or what varies as --grid OPTION=VALUES"),
        ("nothing.toml", "nothing.toml: No such file"),
        (".", "is a directory, not a regular file"),
        ("--grid batch", "--grid batch: expected OPTION=VALUE,VALUE,…"),
        ("--grid batch=1,,2", "--grid batch=1,,2: a value is missing"),
        (
            "--grid batch=1,11 --samples 10",
            "--grid batch=1,11: batch size must lie in 1..=10 (the number of samples), got 11",
        ),
        (
            "--grid batch=1,2 --samples 1",
            "--grid batch=1,2: batch size must lie in 1..=1 (the number of samples), got 2",
        ),
        ("--grid batch=1,2 --step-size 0", "--step-size: the step size must be positive and finite, got 0"),
        ("--grid batch=1,2 --seeds 0", "invalid value '0' for '--seeds <SEEDS>': it must be at least 1"),
        ("--grid batch=1,2 --seed 3", "unexpected argument '--seed' found"),
        ("--grid data=[1,{}]", "--grid data=[1,{}]: expected an array of words and numbers"),
        ("s.toml --set seed=3", "--set seed=3: `seed` cannot be set by a study"),
        ("s.toml --zip batch=1,2", "--zip batch=1,2: `batch` varies already"),
        ("zip.toml --set batch=1", "--set batch=1: `batch` varies together with other options of the study"),
        (
            "--zip batch=1,2 --zip step-size=0.1",
            "--zip step-size=0.1: `step-size` has 1 values, and `batch`, which varies with it, 2",
        ),
        ("s.toml --shard 1/2", "required arguments were not provided"),
        ("s.toml --out run --shard 3/2", "expected K/N with 1 ≤ K ≤ N ≤ 100000, as 3/8"),
        ("s.toml --out run --shard 0/2", "expected K/N with 1 ≤ K ≤ N"),
        ("s.toml --out run --shard 01/2", "expected K/N with 1 ≤ K ≤ N"),
        ("s.toml --out run --shard 1/2 --force", "cannot be used with"),
        ("--merge run", "--merge run: no shard has begun there"),
        ("--merge missing/run", "--merge missing/run: no shard has begun there"),
        ("--grid data=\u{1b}[2J,b", "it has characters that a terminal would obey"),
        ("--merge run --seeds 3", "cannot be used with"),
        ("--render run --seeds 3", "cannot be used with"),
        ("--render run", "run: No such file"),
    ] {
        refused(&swept(directory, arguments), needle);
    }
    let output = swept(directory, "--grid batch=1,2 --steps 1 --out .run.lock");
    assert!(stderr(&output).contains("such a name is that of a hidden neighbour"));
    fs::remove_file(directory.join("s.toml")).unwrap();
    assert_eq!(names(directory), ["zip.toml"], "nothing was begun");
}

/// The journal of a directory of the program's own, with one file.
fn journal(file: &str) -> String {
    format!("files that puremix has created in this directory\n{file}\n")
}

#[test]
fn the_status_of_what_is_no_study_is_refused() {
    let directory = &temporary();
    let jobs = [
        (r#"{"cells":4294967296,"seeds":4294967296}"#, "4294967296 cells × 4294967296 seeds"),
        (r#"{"cells":1000000000000,"seeds":1000}"#, "1000000000000 cells × 1000 seeds"),
        (r#"{"cells":1,"seeds":1000001}"#, "1 cells × 1000001 seeds"),
        (r#"{"cells":2.5,"seeds":3}"#, "2.5 cells × 3 seeds"),
        (r#"{"seed":3}"#, "null cells × null seeds"),
    ];
    for (k, (job, _)) in jobs.iter().enumerate() {
        for (folder, file, text) in [
            (format!(".begun-{k}.1-of-2.checkpoint"), "job.json", (*job).to_string()),
            (format!("sent-{k}-slurm"), "submitted.json", format!(r#"{{"parts":2,"job":{job}}}"#)),
        ] {
            fs::create_dir(directory.join(&folder)).unwrap();
            write(directory, &format!("{folder}/{file}"), &text);
            write(directory, &format!("{folder}/.written"), &journal(file));
        }
    }
    let refuses = |arguments: &str, needle: &str| refused(&swept(directory, arguments), needle);
    for (k, (_, sizes)) in jobs.iter().enumerate() {
        let reason = format!("it is of no study: {sizes}, where 1000000 runs are the most");
        refuses(&format!("status begun-{k}"), &format!(".begun-{k}.1-of-2.checkpoint/job.json: {reason}"));
        refuses(&format!("status sent-{k}"), &format!("sent-{k}-slurm/submitted.json: {reason}"));
    }
    for parts in [0, 100_001] {
        let text = format!(r#"{{"parts":{parts},"job":{{"cells":2,"seeds":3}}}}"#);
        write(directory, "sent-0-slurm/submitted.json", &text);
        let reason = format!("submitted.json: a study of {parts} parts, where 1 to 100000 are possible");
        refuses("status sent-0", &reason);
    }
    // As many runs as there may be are some of which none is done.
    write(directory, ".begun-0.1-of-2.checkpoint/job.json", r#"{"cells":1000,"seeds":1000}"#);
    let output = swept(directory, "status begun-0");
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    assert!(String::from_utf8_lossy(&output.stdout).contains("begun-0: 0 of 1000000 runs are done"));
}

#[test]
fn tables_that_lack_a_column_are_not_drawn() {
    let directory = &temporary();
    write(directory, "s.toml", &format!("{GOOD}[[compare]]\naxis = \"batch\"\nwith = 4\n"));
    sweep(directory, "s.toml --out run");
    let summary = fs::read_to_string(directory.join("run/summary.csv")).unwrap();
    let without = |text: &str, column: &str| text.replacen(&format!(",{column},"), ",other,", 1);
    for column in ["batch", "runs", "converged", "max_steps"] {
        write(directory, "run/summary.csv", &without(&summary, column));
        ended(&swept(directory, "--render run"), 2, &format!("summary.csv: there is no column `{column}`"));
    }
    // A study is not lost over what one figure lacks, or a sentence.
    for column in ["participation_ratio_low", "participation_ratio_n"] {
        write(directory, "run/summary.csv", &without(&summary, column));
        ended(&swept(directory, "--render run"), 0, &format!("summary.csv: there is no column `{column}`"));
    }
    write(directory, "run/summary.csv", &summary);
    let comparisons = fs::read_to_string(directory.join("run/comparisons.csv")).unwrap();
    for column in ["low", "batch"] {
        write(directory, "run/comparisons.csv", &without(&comparisons, column));
        sweep(directory, "--render run");
        let page = fs::read_to_string(directory.join("run/report.html")).unwrap();
        let said = format!("No comparison is shown here: comparisons.csv, there is no column `{column}`");
        assert!(page.contains(&said), "{column}");
    }
}
