//! README and book against the archive: every verdict, row and number they quote is one that a run printed.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::{env, fs};

use serde_json::Value;

/// A path from the root of the repository.
pub fn path(of: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap().join(of)
}

pub fn text(of: &str) -> String {
    fs::read_to_string(path(of)).unwrap_or_else(|e| panic!("{of}: {e}"))
}

fn report(name: &str) -> Value {
    serde_json::from_str(&text(&format!("experiments/results/standard/{name}"))).unwrap()
}

/// Archived claims and explorations by id: those of the main job, and those that join it at full effort only.
pub fn claims() -> BTreeMap<String, Value> {
    let of = |report: Value| [report["claims"].clone(), report["explorations"].clone()];
    let names = fs::read_dir(path("experiments/results/standard")).unwrap();
    let names = names.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let entries = names.filter(|name| name.ends_with(".json")).flat_map(|name| of(report(&name)));
    let entries = entries.flat_map(|studies| studies.as_array().unwrap().clone());
    entries.map(|claim| (claim["id"].as_str().unwrap().to_string(), claim)).collect()
}

#[test]
fn the_book_prints_what_the_archived_main_job_printed() {
    let (book, report) = (text("docs/main_job.md"), report("reproduce.json"));
    let archived = report["claims"].as_array().unwrap();
    let groups: Vec<&str> = ["\nthe paper\n", "\nbeyond the paper\n", " claims reproduced in "]
        .iter()
        .map(|heading| book.find(heading).unwrap())
        .collect::<Vec<_>>()
        .windows(2)
        .map(|ends| &book[ends[0]..ends[1]])
        .collect();
    for claim in archived {
        let checks = claim["checks"].as_array().unwrap();
        let passed = checks.iter().filter(|check| check["ok"] == true).count();
        let line = format!(
            "{:<13} {:<12} {:<19} {:>5} {:>5.1}s  {}\n",
            claim["theorem"].as_str().unwrap(),
            claim["verdict"].as_str().unwrap(),
            claim["id"].as_str().unwrap(),
            format!("{passed}/{}", checks.len()),
            claim["seconds"].as_f64().unwrap(),
            claim["title"].as_str().unwrap(),
        );
        let group = groups[usize::from(claim["kind"] == "beyond")];
        assert!(group.contains(&line), "the book lacks the line\n{line}");
    }
    let reproduced = archived.iter().filter(|claim| claim["verdict"] == "reproduced").count();
    let closing = format!(
        "{reproduced} of {} claims reproduced in {:.1} s (flex f64, seed 1, effort standard)",
        archived.len(),
        report["seconds"].as_f64().unwrap()
    );
    for page in ["README.md", "docs/main_job.md"] {
        assert!(text(page).contains(&closing), "{page} lacks\n{closing}");
    }
}

/// The rows of the tables of a page that have so many columns, cell by cell.
pub fn rows(page: &str, columns: usize) -> Vec<Vec<String>> {
    let page = text(page);
    let cells = page.lines().filter(|line| line.starts_with("| ")).map(|line| {
        let inner = line.trim_matches('|').replace("\\|", "\u{1}");
        inner.split('|').map(|cell| cell.trim().replace('\u{1}', "|")).collect::<Vec<String>>()
    });
    cells.filter(|cells| cells.len() == columns).collect()
}

/// Holds the table of a page that has this header to the rows that it must have. With `WRITE_TABLES` in the environment it writes them instead.
pub fn hold(page: &str, header: &str, expected: &[Vec<String>]) {
    let line = |row: &Vec<String>| {
        let cells: Vec<String> = row.iter().map(|cell| cell.replace('|', "\\|")).collect();
        format!("| {} |\n", cells.join(" | "))
    };
    let expected: String = expected.iter().map(line).collect();
    static PAGES: Mutex<()> = Mutex::new(());
    let _one_at_a_time = PAGES.lock();
    let text = text(page);
    let start = text.find(&format!("{header}\n")).unwrap_or_else(|| panic!("{page} has no table {header}"));
    let body = start + text[start..].split_inclusive('\n').take(2).map(str::len).sum::<usize>();
    let rows: usize =
        text[body..].split_inclusive('\n').take_while(|line| line.starts_with('|')).map(str::len).sum();
    if env::var_os("WRITE_TABLES").is_some() {
        fs::write(path(page), [&text[..body], &expected, &text[body + rows..]].concat()).unwrap();
    } else {
        assert_eq!(text[body..body + rows], expected, "{page} (WRITE_TABLES=1 writes the table)");
    }
}

#[test]
fn the_tables_of_claims_and_checks_are_those_of_the_archive() {
    let claims = claims();
    let id = |cell: &String| cell.trim_matches('`').to_string();
    // Claim, source, what is shown, binary, verdict: every archived claim, once.
    let verdicts: BTreeMap<String, String> = rows("README.md", 5)
        .into_iter()
        .filter(|cells| claims.contains_key(&id(&cells[0])))
        .map(|cells| (id(&cells[0]), cells[4].clone()))
        .collect();
    for (id, claim) in &claims {
        assert_eq!(verdicts.get(id).map(String::as_str), claim["verdict"].as_str(), "{id}");
    }
    // Claim, check, prediction, measurement, tolerance or interval, runs: a row of the archived table each.
    let shown: Vec<_> =
        rows("docs/main_job.md", 6).into_iter().filter(|cells| cells[0].starts_with('`')).collect();
    assert!(shown.len() >= 12, "{} rows of checks", shown.len());
    for cells in shown {
        let checks = claims[&id(&cells[0])]["checks"].as_array().unwrap();
        let check = checks.iter().find(|check| check["name"] == cells[1].as_str());
        let check = check.unwrap_or_else(|| panic!("{}: no check named {}", cells[0], cells[1]));
        assert_eq!(cells[2..], quoted(check), "{}", cells[1]);
    }
}

/// Prediction, measurement, margin and runs of a check, as the terminal prints them.
fn quoted(check: &Value) -> [String; 4] {
    let number = |value: &Value| puremix::text::number(value.as_f64().unwrap_or(f64::NAN));
    let sign = match check["relation"].as_str().unwrap() {
        "at_least" => "≥ ",
        "at_most" => "≤ ",
        _ => "",
    };
    let margin = &check["tolerance_or_interval"];
    let margin = if margin.is_number() {
        format!("± {}", number(margin))
    } else if margin["low"].is_null() || margin["high"].is_null() {
        "one-sided".into()
    } else {
        format!("[{}, {}]", number(&margin["low"]), number(&margin["high"]))
    };
    [
        format!("{sign}{}", number(&check["predicted"])),
        number(&check["measured"]),
        margin,
        check["n"].to_string(),
    ]
}

/// Numbers in a text, as they are written, signs left out: digits with a decimal point.
fn numbers(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut token = String::new();
    for c in text.chars().chain([' ']) {
        if c.is_ascii_digit() || c == '.' && !token.is_empty() {
            token.push(c);
        } else if !token.is_empty() {
            let number = token.trim_end_matches('.');
            if number.matches('.').count() == 1 && !c.is_alphanumeric() {
                found.push(number.to_string());
            }
            token.clear();
        }
    }
    found
}

/// Digits that count: without leading zeros.
fn significant(number: &str) -> usize {
    number.replace('.', "").trim_start_matches('0').len()
}

/// A text without what stands between backticks.
fn without_code(text: &str) -> String {
    text.split('`').step_by(2).collect::<Vec<_>>().join(" ")
}

/// All numbers in a JSON value, those in its strings included, but for the criteria, which measure nothing.
fn leaves(value: &Value, into: &mut Vec<f64>) {
    match value {
        Value::Number(number) => into.extend(number.as_f64()),
        Value::String(text) => {
            into.extend(numbers(text).iter().filter_map(|number| number.parse::<f64>().ok()))
        }
        Value::Array(items) => items.iter().for_each(|item| leaves(item, into)),
        Value::Object(entries) => {
            entries.iter().filter(|(key, _)| *key != "criterion").for_each(|(_, item)| leaves(item, into));
        }
        Value::Null | Value::Bool(_) => {}
    }
}

/// The pages of the findings: number, the line that names who holds it, and what follows.
fn findings() -> Vec<[String; 3]> {
    let pages = crate::book::pages().into_iter().filter(|page| page.starts_with("docs/findings/"));
    let of = |page: String| {
        // Captions are written by figures, and held to them by their own test.
        let page: Vec<String> =
            text(&page).lines().filter(|line| !line.starts_with("> ")).map(str::to_string).collect();
        let page = page.join("\n");
        let (title, rest) = page.split_once("\n\n").unwrap();
        let number = title.strip_prefix("# ")?.split_once(". ")?.0.to_string();
        let (holders, body) = rest.split_once("\n\n").unwrap();
        Some([number, holders.into(), body.into()])
    };
    pages.filter_map(of).collect()
}

/// Numbers that an archived claim printed, in its report and in the tables that are archived with it.
fn archived(claim: &Value) -> Vec<f64> {
    let mut found = Vec::new();
    leaves(claim, &mut found);
    for table in claim["tables"].as_array().unwrap() {
        let file = format!("experiments/results/standard/{}.csv", table.as_str().unwrap());
        if path(&file).exists() {
            let text = text(&file);
            found.extend(text.split([',', '\n']).filter_map(|field| field.trim().parse::<f64>().ok()));
        }
    }
    found
}

/// A page of the findings names the claims that hold it in the backticks of its first paragraph. Every decimal number in its prose with three digits that count
/// or more is one that these claims printed, rounded, or stands in `quoted.csv` with the command that gives it. A wrong number can be another one
/// that was printed, by accident: of those off by one in the last digit most are caught, which is counted.
#[test]
fn every_number_of_the_findings_is_archived() {
    let (findings, claims) = (findings(), claims());
    let mut reader = csv::Reader::from_path(path("experiments/results/standard/quoted.csv")).unwrap();
    let quoted: Vec<(String, String)> = reader
        .records()
        .map(|row| row.unwrap())
        .map(|row| (row[0].to_string(), row[1].to_string()))
        .collect();
    let (mut missing, mut checked, mut caught) = (Vec::new(), 0, 0);
    for [section, heading, body] in &findings {
        let pool: Vec<f64> = heading
            .split('`')
            .skip(1)
            .step_by(2)
            .filter_map(|id| claims.get(id))
            .flat_map(archived)
            .collect();
        for number in numbers(&without_code(body)).into_iter().filter(|number| significant(number) >= 3) {
            let decimals = number.split_once('.').map_or(0, |(_, decimals)| decimals.len());
            let is_printed = |number: &str| pool.iter().any(|x| format!("{:.decimals$}", x.abs()) == number);
            let printed = is_printed(&number);
            let off = number.parse::<f64>().unwrap() + 0.1f64.powi(decimals as i32);
            caught += u32::from(!is_printed(&format!("{off:.decimals$}")));
            let elsewhere = quoted.iter().any(|(of, what)| of == section && *what == number);
            checked += 1;
            if !printed && !elsewhere {
                missing.push(format!("§{section}: {number}"));
            }
        }
    }
    assert!(missing.is_empty(), "numbers that nothing archived printed: {missing:#?}");
    assert!(
        checked > 100 && 10 * caught > 9 * checked,
        "{checked} numbers, {caught} of which are caught when they are off"
    );
}

/// Median of the archived rounds, in nanoseconds.
fn median(times: &Value) -> f64 {
    let mut rounds: Vec<f64> = times.as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect();
    rounds.sort_by(f64::total_cmp);
    rounds[rounds.len() / 2]
}

/// A time in three digits, with its unit.
fn time(nanoseconds: f64) -> String {
    let (unit, scale) = match nanoseconds {
        ..1e3 => ("ns", 1.0),
        ..1e6 => ("µs", 1e3),
        _ => ("ms", 1e6),
    };
    let x = nanoseconds / scale;
    let decimals = 2usize.saturating_sub(x.log10().floor() as usize);
    let number = format!("{x:.decimals$}");
    format!(
        "{} {unit}",
        if decimals > 0 { number.trim_end_matches('0').trim_end_matches('.') } else { &number }
    )
}

#[test]
fn the_tables_of_speed_are_those_of_the_archive() {
    let archive = |name: &str| -> Value {
        serde_json::from_str(&text(&format!("experiments/results/{name}"))).unwrap()
    };
    const NAMES: [&str; 9] = [
        "autodiff",
        "analytic",
        "reduced",
        "torch eager",
        "torch compile",
        "torch vmap",
        "jax scan",
        "jax vmap",
        "numpy step",
    ];
    let speed = archive("speed.json");
    let mut compared = 0;
    let shown: Vec<_> = rows("docs/speed.md", 10)
        .into_iter()
        .filter(|cells| cells[0].starts_with(|c: char| c.is_ascii_digit()))
        .collect();
    let peers = speed["peers"].as_array().unwrap();
    assert_eq!(shown.len(), peers.len());
    for (cells, peer) in shown.iter().zip(peers) {
        let case = &peer["case"];
        assert_eq!(case["samples"], case["dim"]);
        let neurons = case["neurons"].as_u64().map_or(String::new(), |neurons| format!(", {neurons}"));
        assert_eq!(
            cells[0],
            format!("{}, {}, {}{neurons}", case["samples"], case["batch"], case["replicas"])
        );
        for (name, cell) in NAMES.iter().zip(&cells[1..]) {
            let times = peer["times"].as_array().unwrap().iter().find(|times| times["name"] == *name);
            let expected = times.map_or(String::new(), |times| time(median(&times["nanoseconds"])));
            assert_eq!(*cell, expected, "{name}, {}", cells[0]);
            compared += usize::from(times.is_some());
        }
    }
    // All nine at one replica of one neuron; ours and what is written for many at more; at several neurons autodiff and what is written for them.
    assert_eq!(compared, 3 * 9 + 3 * 5 + 2 * 3);
    // Steps a second and replica, thousands separated; the archive has nanoseconds of a step and replica.
    let devices = archive("devices.json");
    for device in devices["devices"].as_array().unwrap() {
        let (name, replicas) = (device["times"]["name"].as_str().unwrap(), &device["case"]["replicas"]);
        let column = [1, 16, 256, 4096].iter().position(|&r| *replicas == r).unwrap();
        let shown = rows("docs/backends.md", 5).into_iter().find(|cells| cells[0].trim_matches('`') == name);
        let steps: f64 = shown.unwrap()[1 + column].replace(',', "").parse().unwrap();
        let archived = 1e9 / median(&device["times"]["nanoseconds"]) / replicas.as_f64().unwrap();
        let digits = 10f64.powf(archived.log10().floor() - 2.0).max(1.0);
        assert!((steps - archived).abs() <= 0.5 * digits, "{name}, R = {replicas}: {steps}, {archived}");
    }
}

#[test]
fn numbers_are_found_as_they_are_written() {
    assert_eq!(
        numbers("from 0.5 to −12.25 (±0.003), 3, m2.5x, 1.2.3; 0.10."),
        ["0.5", "12.25", "0.003", "0.10"]
    );
    assert_eq!([significant("0.0120"), significant("12.25"), significant("0.5")], [3, 4, 1]);
    assert_eq!(without_code("a `b 0.25` c"), "a   c");
}

/// A default that depends on the effort stands in the help and in the protocol.
#[test]
fn help_tells_the_sizes_that_are_picked() {
    let mut told = 0;
    for room in ["src/claims", "src/explorations"] {
        for folder in fs::read_dir(path(room)).unwrap().map(|entry| entry.unwrap().path()) {
            let Ok(files) = fs::read_dir(&folder) else { continue };
            let sources = files.map(|file| file.unwrap().path()).filter(|file| file.extension().is_some());
            let source: String = sources.map(|file| fs::read_to_string(file).unwrap()).collect();
            let source = source.replace('_', "");
            for help in source.split("(default: ").skip(1) {
                let Some((sizes, _)) = help.split_once(" by effort)") else { continue };
                let picked = format!("pick({})", sizes.replace(" or ", ", "));
                assert!(source.contains(&picked), "{}: {picked}", folder.display());
                told += 1;
            }
        }
    }
    assert!(told > 12, "{told} options tell a size by effort");
}
