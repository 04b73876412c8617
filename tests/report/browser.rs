//! The page in a real browser: headless Chromium, light and dark, wide and narrow.

use std::fs;
use std::path::Path;
use std::process::Command;

use puremix::catalogue;
use serde_json::Value;

use super::quick;
use crate::common::{binary, browser, json, sign, stderr, temporary};

/// What the browser found on the page, and what it wrote to its console.
struct PageState {
    audit: Value,
    console: Vec<String>,
}

/// Opens a copy of a page with the audit in it.
fn open(browser: &str, page: &str, dark: bool, width: u32) -> PageState {
    let directory = temporary();
    let audited = page.replace("</body>", &format!("<script>{}</script></body>", include_str!("audit.js")));
    assert_ne!(audited, page);
    let path = directory.path().join("page.html");
    fs::write(&path, audited).unwrap();
    // No window is narrower than 500 pixels; a frame is.
    let frame = directory.path().join("frame.html");
    let listen = "addEventListener('message', (event) => { \
                  document.getElementById('audit').textContent = event.data; })";
    let framed = format!(
        "<!DOCTYPE html><meta name=color-scheme content=\"light dark\"><pre id=\"audit\"></pre>\
         <script>{listen}</script><iframe src=\"page.html\" width={width} height=800></iframe>"
    );
    fs::write(&frame, framed).unwrap();
    let opened = if width < 500 { frame } else { path };
    let output = Command::new(browser)
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"])
        .args(["--disable-background-networking", "--disable-component-update", "--disable-sync"])
        // What leaves the page finds no host.
        .args(["--host-resolver-rules=MAP * ~NOTFOUND", "--enable-logging=stderr", "--v=0"])
        .arg(format!("--user-data-dir={}", directory.path().join("profile").display()))
        .arg(format!("--blink-settings=preferredColorScheme={}", if dark { 0 } else { 1 }))
        .arg(format!("--window-size={width},900"))
        .args(["--virtual-time-budget=5000", "--dump-dom"])
        .arg(format!("file://{}", opened.display()))
        .output()
        .unwrap();
    let dom = String::from_utf8_lossy(&output.stdout);
    let log = String::from_utf8_lossy(&output.stderr);
    let found = dom.split_once("<pre id=\"audit\">").and_then(|(_, rest)| rest.split_once("</pre>"));
    let (text, _) = found.unwrap_or_else(|| panic!("no audit in the page: {log}"));
    let text = text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&");
    let console = log.lines().filter(|line| line.contains("CONSOLE")).map(String::from).collect();
    PageState { audit: serde_json::from_str(&text).unwrap(), console }
}

/// Least contrast of text that WCAG 2.2 calls readable (1.4.3, AA).
const READABLE: f64 = 4.5;

fn list<'a>(state: &'a PageState, key: &str) -> &'a Vec<Value> {
    state.audit[key].as_array().unwrap()
}

#[test]
fn the_page_opens_in_a_browser_in_both_schemes_and_on_a_phone() {
    let Some(browser) = browser() else { return };
    let page = fs::read_to_string(quick().join("report.html")).unwrap();
    for (dark, width) in [(false, 1200), (true, 1200), (false, 390), (true, 390)] {
        let state = open(browser, &page, dark, width);
        let audit = &state.audit;
        assert_eq!(audit["dark"], dark, "the scheme that was asked for");
        assert_eq!(state.console, Vec::<String>::new());
        assert_eq!(list(&state, "requests"), &Vec::<Value>::new());
        assert_eq!(list(&state, "broken"), &Vec::<Value>::new());
        for file in list(&state, "files") {
            assert!(quick().join(file.as_str().unwrap()).is_file(), "{file} is linked and not there");
        }
        assert_eq!(audit["width"], width);
        sizes(&state, width);
        let ratio = audit["least"]["ratio"].as_f64().unwrap();
        assert!(ratio >= READABLE, "contrast {ratio:.2}, dark {dark}: {}", audit["least"]);
        assert!(audit["texts"].as_u64().unwrap() > 500, "{}", audit["texts"]);
        assert!(
            audit["overflow"].as_f64().unwrap() <= 0.0,
            "wider than a window of {width}: {}",
            audit["overflow"]
        );
    }
}

/// Every claim, figure and formula is there and has a size.
fn sizes(state: &PageState, width: u32) {
    let of = |entry: &Value, k: usize| entry[k].as_f64().unwrap();
    let ids = |key: &str| list(state, key).iter().map(|entry| entry[0].as_str().unwrap()).collect::<Vec<_>>();
    let at = catalogue::ALL;
    assert_eq!(ids("sections"), at.iter().map(|claim| claim.id).collect::<Vec<_>>());
    let expected = at
        .iter()
        .flat_map(|claim| catalogue::find(claim.id).unwrap().figures)
        .map(|figure| format!("figure-{}", figure.id()));
    assert_eq!(ids("figures"), expected.collect::<Vec<_>>());
    for entry in list(state, "sections").iter().chain(list(state, "figures")) {
        assert!(of(entry, 1) > 300.0 && of(entry, 2) > 150.0, "{entry} at width {width}");
    }
    assert!(
        list(state, "marks").iter().all(|marks| marks.as_u64().unwrap() > 20),
        "{}",
        state.audit["marks"]
    );
    assert_eq!(list(state, "formulas").len(), at.len());
    assert!(list(state, "formulas").iter().all(|size| of(size, 0) > 40.0 && of(size, 1) > 15.0));
}

/// The pages of training runs: each kind of figure, and a run that ended without any.
#[test]
fn pages_of_training_runs_can_be_read() {
    let directory = temporary();
    type Case<'a> = (&'a str, &'a [&'a str], &'a [&'a str]);
    let cases: [Case; 4] = [
        (
            "sgd",
            &["--samples", "7", "--dim", "9", "--batch", "2", "--sharpness", "--schedule", "sgd"],
            &["training", "correlations", "sharpness"],
        ),
        (
            "digits",
            &[
                "--data",
                "digits",
                "--normalise",
                "unit",
                "--model",
                "shallow:3",
                "--steps",
                "300",
                "--batch",
                "5",
            ],
            &["training", "neurons", "images"],
        ),
        (
            "replicas",
            &["--samples", "8", "--batch", "4", "--engine", "reduced", "--replicas", "70"],
            &["training", "correlations", "replicas"],
        ),
        (
            "diverged",
            &["--samples", "4", "--schedule", "gd", "--step-size", "40", "--steps", "50"],
            &["training", "correlations"],
        ),
    ];
    for (name, arguments, figures) in cases {
        let run = directory.path().join(name);
        let output = binary("train").args(arguments).arg("--out").arg(&run).output().unwrap();
        let code = if name == "diverged" { 1 } else { 0 };
        assert_eq!(output.status.code(), Some(code), "{name}: {}", stderr(&output));
        let page = fs::read_to_string(run.join("report.html")).unwrap();
        assert!(!page.contains("cannot be drawn"), "{name}");
        let expected: Vec<String> = figures.iter().map(|figure| format!("figure-{figure}")).collect();
        // Drawn again from its files, to the byte, by either program.
        for program in ["train", "reproduce"] {
            binary(program).arg("--render").arg(&run).unwrap();
            assert!(
                fs::read_to_string(run.join("report.html")).unwrap() == page,
                "{name}: drawn again by {program}"
            );
        }
        let Some(browser) = browser() else { continue };
        for (dark, width) in [(false, 1200), (true, 390)] {
            let state = open(browser, &page, dark, width);
            assert!(state.console.is_empty(), "{name}: {:?}", state.console);
            assert!(
                state.audit["overflow"].as_f64().unwrap() <= 0.0,
                "{name} at {width}: {}",
                state.audit["overflow"]
            );
            assert!(
                state.audit["least"]["ratio"].as_f64().unwrap() >= READABLE,
                "{name}: {}",
                state.audit["least"]
            );
            assert!(list(&state, "broken").is_empty() && list(&state, "requests").is_empty());
            let drawn =
                list(&state, "figures").iter().map(|entry| entry[0].as_str().unwrap()).collect::<Vec<_>>();
            assert_eq!(drawn, expected, "{name}");
            let linked = list(&state, "files").iter().map(|file| file.as_str().unwrap());
            linked
                .for_each(|file| assert!(run.join(file).is_file(), "{name}: {file} is linked and not there"));
        }
    }
    // Without a page there is none, and it can be drawn later.
    let run = directory.path().join("bare");
    binary("train").args(["--samples", "3", "--no-page", "--out"]).arg(&run).unwrap();
    assert!(!run.join("report.html").exists() && !run.join("figures").exists());
    binary("train").arg("--render").arg(&run).unwrap();
    assert!(run.join("report.html").exists() && run.join("figures/training.svg").exists());
}

#[test]
fn the_audit_sees_what_is_wrong() {
    let Some(browser) = browser() else { return };
    let page = "<!DOCTYPE html><html><body style=\"background: #fff; color: #999\"><section id=\"s\"></section>\
                <p>pale</p><a href=\"#nowhere\">x</a><figure id=\"f\"></figure><div style=\"width: 3000px\">wide</div>\
                <img src=\"http://example.invalid/x.png\"><script>console.error(\"planted\")</script></body></html>";
    let state = open(browser, page, false, 800);
    assert!(state.console.iter().any(|line| line.contains("planted")), "{:?}", state.console);
    assert_eq!(list(&state, "broken"), &vec![Value::from("#nowhere")]);
    assert_eq!(list(&state, "requests"), &vec![Value::from("http://example.invalid/x.png")]);
    let ratio = state.audit["least"]["ratio"].as_f64().unwrap();
    assert!((ratio - 2.849).abs() < 1e-3, "#999 on #fff: {ratio}");
    assert!(state.audit["overflow"].as_f64().unwrap() > 2000.0);
    assert_eq!(state.audit["figures"][0][2], 0.0);
}

#[test]
fn an_interrupted_report_and_one_without_figures_have_pages_too() {
    let directory = temporary();
    let run: &Path = directory.path();
    let mut report = json(&quick().join("report.json"));
    report["interrupted"] = true.into();
    report["claims"].as_array_mut().unwrap().retain(|claim| claim["id"] == "landscape");
    report["explorations"].as_array_mut().unwrap().clear();
    report["claims"][0]["verdict"] = "refuted".into();
    report["claims"][0]["checks"][3]["ok"] = false.into();
    report["claims"][0]["checks"][5]["ok"] = Value::Null;
    report["claims"][0]["statement"] = "<b>not markup</b> & \"quotes\"".into();
    fs::write(run.join("report.json"), report.to_string()).unwrap();
    sign(run);
    puremix::report::render::again(run, &catalogue::ALL).unwrap();
    let page = fs::read_to_string(run.join("report.html")).unwrap();
    assert!(page.contains("Interrupted; claims are missing.") && page.contains("0 of 1 claims reproduced"));
    assert!(page.contains("&lt;b&gt;not markup&lt;") && !page.contains("<b>not"), "text is escaped");
    assert_eq!(page.matches("<figure").count(), 0);
    // What failed comes before the table of verdicts, and by name.
    let (top, _) = page.split_once("<nav").unwrap();
    let (_, failures) = top.split_once("What did not come out as predicted").unwrap();
    assert_eq!(
        (
            failures.matches("<li>").count(),
            failures.matches("ok no").count(),
            failures.matches("ok open").count()
        ),
        (2, 1, 1)
    );
    let Some(browser) = browser() else { return };
    let state = open(browser, &page, true, 1000);
    assert!(state.audit["least"]["ratio"].as_f64().unwrap() >= READABLE, "{}", state.audit["least"]);
    assert!(state.console.is_empty());
}
