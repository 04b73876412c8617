//! The page and its figures, from one quick run of the main job.

mod browser;
mod extremes;
mod laws;
mod shown;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use puremix::catalogue;
use puremix::plot::{Figure, Sheet};
use serde_json::Value;

use crate::common::{Temporary, binary, contents, json, refuses, stderr, stdout, temporary, text_path};

/// The seed of the run.
pub const SEED: u64 = 3;

/// A quick run of everything, in which every claim is reproduced; made once, never changed.
pub fn quick() -> &'static Path {
    static RUN: OnceLock<(Temporary, PathBuf)> = OnceLock::new();
    let (_, run) = RUN.get_or_init(|| {
        let directory = temporary();
        let run = directory.path().join("run");
        // All by name: some claims are examined unasked from the standard effort on only.
        let claims = catalogue::ALL.map(|claim| claim.id).join(",");
        let arguments = ["--effort", "quick", "--seed", &SEED.to_string(), "--only", &claims, "--out"];
        binary("reproduce").args(arguments).arg(&run).unwrap();
        (directory, run)
    });
    run
}

/// A copy of it to be changed.
fn copy(directory: &Path) -> PathBuf {
    let target = directory.join("run");
    fs::create_dir_all(target.join("figures")).unwrap();
    for (name, bytes) in files(quick()) {
        fs::write(target.join(name), bytes).unwrap();
    }
    target
}

/// Every file of a run, by its path in it.
fn files(run: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut files = contents(run);
    // Which run gave way is another matter.
    let mut manifest = json(&run.join("manifest.json"));
    manifest.as_object_mut().unwrap().remove("replaces");
    files.insert("manifest.json".into(), manifest.to_string().into_bytes());
    files
}

/// The figures of all claims and explorations.
fn figures() -> Vec<&'static dyn Figure> {
    catalogue::ALL.iter().flat_map(|study| study.figures).copied().collect()
}

/// Claims and explorations of a report.
fn entries(report: &Value) -> impl Iterator<Item = &Value> {
    ["claims", "explorations"].into_iter().flat_map(|key| report[key].as_array().unwrap())
}

fn render(run: &Path) {
    let output = binary("reproduce").arg("--render").arg(run).unwrap();
    assert!(stdout(&output).contains("figures drawn again"), "{}", stdout(&output));
}

#[test]
fn the_registry_is_in_order() {
    let mut ids: Vec<&str> = figures().iter().map(|figure| figure.id()).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), figures().len(), "figures of the same name would overwrite each other");
}

#[test]
fn every_table_and_figure_is_written() {
    let report = json(&quick().join("report.json"));
    let names = files(quick());
    let (mut tables, mut drawn) = (0, 0);
    for claim in entries(&report) {
        for table in claim["tables"].as_array().unwrap() {
            tables += 1;
            assert!(names.contains_key(&format!("{}.csv", table.as_str().unwrap())), "{table}");
        }
        for figure in catalogue::find(claim["id"].as_str().unwrap()).unwrap().figures {
            drawn += 1;
            let svg = String::from_utf8(names[&format!("figures/{}.svg", figure.id())].clone()).unwrap();
            assert!(svg.starts_with("<svg") && svg.trim_end().ends_with("</svg>"), "{}", figure.id());
            assert!(svg.contains("viewBox") && !svg.contains("var("), "{}: a file of its own", figure.id());
            let png = &names[&format!("figures/{}.png", figure.id())];
            assert!(png.starts_with(b"\x89PNG") && png.len() > 5000, "{}: {} bytes", figure.id(), png.len());
        }
    }
    assert_eq!(drawn, figures().len());
    // report.json, report.html, the explorable page and the manifest besides.
    assert_eq!(names.len(), 4 + tables + 2 * drawn, "{:?}", names.keys());
}

#[test]
fn rendering_again_changes_no_byte_and_nothing_is_trained() {
    let directory = temporary();
    let run = copy(directory.path());
    fs::remove_file(run.join("report.html")).unwrap();
    fs::remove_dir_all(run.join("figures")).unwrap();
    render(&run);
    for (name, bytes) in files(quick()) {
        assert!(files(&run)[&name] == bytes, "{name} has changed");
    }
    // Once more over what is there, by a claim's own binary.
    let output = binary("gd_limit").args(["--json", "--render"]).arg(&run).output().unwrap();
    let drawn: Value = serde_json::from_str(&stdout(&output)).unwrap();
    assert_eq!(drawn["figures"].as_array().unwrap().len(), figures().len());
    assert_eq!(files(&run), files(quick()));

    // The numbers come from the files: change one, and the figure changes, and no other.
    let path = run.join("engines.csv");
    let text = fs::read_to_string(&path).unwrap();
    let mut lines: Vec<String> = text.lines().map(String::from).collect();
    let mut fields: Vec<&str> = lines[40].split(',').collect();
    fields[7] = "1e-9";
    lines[40] = fields.join(",");
    fs::write(&path, lines.join("\n")).unwrap();
    render(&run);
    let (before, after) = (files(quick()), files(&run));
    let changed: Vec<&String> = before.keys().filter(|name| before[*name] != after[*name]).collect();
    let expected =
        ["engines.csv", "figures/engines.png", "figures/engines.svg", "manifest.json", "report.html"];
    assert_eq!(changed, expected);
    // The manifest still says what the table held, and a page that was changed is not drawn over.
    assert_eq!(
        json(&run.join("manifest.json"))["files"]["engines.csv"],
        json(&quick().join("manifest.json"))["files"]["engines.csv"]
    );
    assert_eq!(fs::read_to_string(&path).unwrap(), lines.join("\n"));
    fs::write(run.join("report.html"), "mine").unwrap();
    refuses("reproduce", &["--render", &run.display().to_string()], "report.html is in the way");
    assert_eq!(fs::read_to_string(run.join("report.html")).unwrap(), "mine");
}

#[test]
fn a_figure_without_data_is_not_drawn_and_the_page_says_so() {
    let directory = temporary();
    let run = copy(directory.path());
    for figure in figures() {
        let path = run.join(format!("{}.csv", figure.table()));
        let header = fs::read_to_string(&path).unwrap().lines().next().unwrap().to_string() + "\n";
        fs::write(&path, header).unwrap();
        let sheet = Sheet::read(&path, figure.columns()).unwrap();
        assert_eq!(figure.show(&sheet).unwrap_err(), "its table has no rows", "{}", figure.id());
    }
    render(&run);
    let page = fs::read_to_string(run.join("report.html")).unwrap();
    assert_eq!(page.matches("This figure cannot be drawn").count(), figures().len());
    assert!(!run.join("figures").exists());
}

#[test]
fn what_cannot_be_rendered_is_refused() {
    let directory = temporary();
    refuses("reproduce", &["--render", &text_path(directory.path(), "nothing")], "No such file or directory");
    fs::create_dir(directory.path().join("empty")).unwrap();
    refuses("reproduce", &["--render", &text_path(directory.path(), "empty")], "is no run directory");
    let run = copy(directory.path());
    let path = run.join("plane.csv");
    let text = fs::read_to_string(&path).unwrap().replacen("limit_1", "somewhere", 1);
    fs::write(&path, text).unwrap();
    let before = files(&run);
    refuses("reproduce", &["--render", &run.display().to_string()], "there is no column `limit_1`");
    assert_eq!(files(&run), before, "a refusal leaves everything as it was");
    // Of a table that was changed by hand it is said which figure is not drawn, and why.
    let edited = copy(&directory.path().join("edited"));
    let path = edited.join("plane.csv");
    let text = fs::read_to_string(&path).unwrap();
    let (header, rows) = text.split_once('\n').unwrap();
    let columns = header.split(',').count();
    fs::write(&path, format!("{header}\n{}\n{rows}", vec!["x"; columns].join(","))).unwrap();
    let output = binary("reproduce").args(["--render", &edited.display().to_string()]).unwrap();
    let said = stderr(&output);
    assert!(said.contains("cannot be drawn: plane.csv: row 1, column `"), "{said}");
    let changed = fs::read_to_string(quick().join("report.json")).unwrap();
    let run = copy(&directory.path().join("other"));
    fs::write(run.join("report.json"), changed.replacen("\"id\": \"landscape\"", "\"id\": \"elsewhere\"", 1))
        .unwrap();
    refuses(
        "reproduce",
        &["--render", &run.display().to_string()],
        "only the program that examined `elsewhere` can draw its figures again",
    );
    // What is drawn follows from the files alone: an option that would change nothing is refused.
    for (program, beside) in [
        ("reproduce", "--out=y"),
        ("reproduce", "--effort=full"),
        ("reproduce", "--only=landscape"),
        ("gd_limit", "--step-size=0.3"),
        ("gd_limit", "--backend=flex"),
        ("train", "--replicas=3"),
        ("train", "--samples=9"),
        ("train", "--no-page"),
    ] {
        refuses(program, &["--render", "x", beside], "cannot be used with");
    }
}

#[test]
fn a_run_with_figures_may_be_replaced_but_nothing_else() {
    let directory = temporary();
    let run = copy(directory.path());
    let out = run.display().to_string();
    let again = ["--effort", "quick", "--only", "landscape", "--out", &out];
    refuses("reproduce", &again, "already holds a run");
    let forced = [&again[..], &["--force"]].concat();
    // A file of a name that a run writes, and one that was changed, are in the way; others stay.
    let foreign = run.join("w.npy");
    fs::write(&foreign, "mine").unwrap();
    refuses("reproduce", &forced, "w.npy is in the way");
    fs::remove_file(&foreign).unwrap();
    let table = fs::read(run.join("plane.csv")).unwrap();
    fs::write(run.join("plane.csv"), "mine").unwrap();
    refuses("reproduce", &forced, "plane.csv is in the way");
    fs::write(run.join("plane.csv"), table).unwrap();
    for name in ["mine.csv", "figures/mine.png"] {
        fs::write(run.join(name), "mine").unwrap();
        refuses("reproduce", &forced, &format!("{name} is in the way"));
        fs::remove_file(run.join(name)).unwrap();
    }
    let foreign = ["figures/Holiday.png", "my notes.csv"].map(|name| run.join(name));
    foreign.iter().for_each(|path| fs::write(path, "mine").unwrap());
    let output = binary("reproduce").args(&forced).unwrap();
    assert!(
        stderr(&output).contains("as no part of the run or changed since: figures/Holiday.png, my notes.csv"),
        "{}",
        stderr(&output)
    );
    assert!(foreign.iter().all(|path| fs::read_to_string(path).unwrap() == "mine"));
    assert!(!run.join("plane.csv").exists() && run.join("report.html").exists());
}

#[test]
fn the_page_holds_every_check_and_the_command_that_reruns_it() {
    let page = fs::read_to_string(quick().join("report.html")).unwrap();
    let report = json(&quick().join("report.json"));
    let mut rows = 0;
    for claim in entries(&report) {
        let id = claim["id"].as_str().unwrap();
        rows += ["checks", "estimates"]
            .map(|key| claim[key].as_array().map_or(0, Vec::len))
            .iter()
            .sum::<usize>();
        // As the tests call it; `cargo run` shows its own command.
        let command = format!(
            "puremix claim {id} --effort quick --seed {SEED} --backend {} --precision f64",
            report["backend"].as_str().unwrap()
        );
        assert!(page.contains(&command), "{id}");
        assert!(page.contains(&format!("<section id=\"{id}\"")) && page.contains(&format!("href=\"#{id}\"")));
    }
    assert_eq!(page.matches("<div class=\"why\">").count(), rows);
    assert_eq!(page.matches("<math").count(), entries(&report).count());
    assert!(!page.contains("<merror"));
    // One file: nothing is fetched, nothing is executed.
    for forbidden in ["<script", "@import", "http://", "https://", "src=", "javascript:"] {
        let page = page.replace("http://www.w3.org/", "");
        assert!(!page.contains(forbidden), "{forbidden} in the page");
    }
    assert_eq!(page.matches("url(").count(), page.matches("url(#").count(), "only references into itself");
}

#[test]
fn a_claims_own_binary_repeats_its_section() {
    // The command on the page, run as it stands there: the same checks, to the last digit.
    let directory = temporary();
    let out = text_path(directory.path(), "own");
    let seed = SEED.to_string();
    binary("cyclic_limit").args(["--effort", "quick", "--seed", &seed, "--out", &out]).unwrap();
    let (own, all) = (json(&Path::new(&out).join("report.json")), json(&quick().join("report.json")));
    let entry = all["claims"].as_array().unwrap().iter().find(|claim| claim["id"] == "cyclic_limit").unwrap();
    assert_eq!(own["claims"][0]["checks"], entry["checks"]);
    let read = |run: &Path| fs::read(run.join("figures/plane.svg")).unwrap();
    assert!(read(Path::new(&out)) == read(quick()));
}
