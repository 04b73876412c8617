//! The page in a real browser: headless Chromium, light and dark, wide and narrow.

use std::fs;
use std::path::Path;
use std::process::Command;

use puremix::claims;
use puremix::report::figures;
use serde_json::Value;

use super::quick;
use crate::common::{json, sign, temporary};

const NAMES: [&str; 3] = ["chromium", "chromium-browser", "google-chrome"];

/// The first browser there is. Without one, a failure under CI, and a test left out, loudly, elsewhere.
fn browser() -> Option<&'static str> {
    let found = NAMES.into_iter().find(|name| Command::new(name).arg("--version").output().is_ok());
    if found.is_none() {
        let missing = "NO BROWSER: the page of the report was not opened; install chromium";
        assert!(std::env::var_os("CI").is_none(), "{missing}");
        eprintln!("\n*** {missing} ***\n");
    }
    found
}

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
    let at = claims::ALL;
    assert_eq!(ids("sections"), at.iter().map(|claim| claim.id).collect::<Vec<_>>());
    let expected =
        at.iter().flat_map(|claim| figures::of(claim.id)).map(|figure| format!("figure-{}", figure.id));
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
    report["claims"][0]["statement"] = "<b>not markup</b> & \"quotes\"".into();
    fs::write(run.join("report.json"), report.to_string()).unwrap();
    sign(run);
    puremix::report::render::again(run).unwrap();
    let page = fs::read_to_string(run.join("report.html")).unwrap();
    assert!(page.contains("Interrupted; claims are missing.") && page.contains("0 of 1 claims reproduced"));
    assert!(page.contains("&lt;b&gt;not markup&lt;") && !page.contains("<b>not"), "text is escaped");
    assert_eq!(page.matches("<figure").count(), 0);
    let Some(browser) = browser() else { return };
    let state = open(browser, &page, true, 1000);
    assert!(state.audit["least"]["ratio"].as_f64().unwrap() >= READABLE, "{}", state.audit["least"]);
    assert!(state.console.is_empty());
}
