//! Widths, schemes, contrast, names for readers of words, size; what a frame and a step cost is measured and told, not asserted.

use std::fs;
use std::time::{Duration, Instant};

use puremix::data::Dataset;
use puremix::engine::{Engine, Reduced};
use puremix::init::Start;
use puremix::model::Activation;
use puremix::problem::{Problem, Reduction};
use puremix::schedule::Schedule;
use puremix::update::{Rule, Update};
use serde_json::Value;

use super::devtools::{DESK, Page, View};
use super::{file, open};
use crate::common::browser;

/// Least contrast of text that WCAG 2.2 calls readable (1.4.3, AA).
const READABLE: f64 = 4.5;

/// What eyes and clicks find, by the audit of the report's page.
fn audit(page: &mut Page) -> Value {
    let audit =
        include_str!("../report/audit.js").replace("addEventListener(\"load\", ", "globalThis.audit = (");
    page.eval(&format!("{audit}; globalThis.audit(); null"));
    let text = page.eval("[...document.querySelectorAll('pre#audit')].at(-1).textContent");
    page.eval("document.querySelectorAll('pre#audit').forEach((pre) => pre.remove())");
    serde_json::from_str(text.as_str().unwrap()).unwrap()
}

#[test]
fn every_width_and_scheme_can_be_read() {
    let Some(browser) = browser() else { return };
    let mut page = Page::open(browser, &file(), "", DESK);
    // At nightfall the run goes on.
    page.eval("explorer.run(100), null");
    page.look(View { dark: true, ..DESK });
    page.wait("matchMedia('(prefers-color-scheme: dark)').matches");
    page.eval("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done(1))))");
    assert_eq!(page.number("explorer.state().clock"), 100.0);
    for (width, dark) in [(1200, false), (1200, true), (800, false), (400, false), (400, true), (360, false)]
    {
        page.look(View { width, dark, calm: true });
        for (chapter, m) in [(1, 8), (3, 64), (4, 2), (4, 3), (7, 2)] {
            page.eval(&format!(
                "explorer.tellChapter({chapter}), explorer.change({{ m: {m} }}), explorer.run(3000), null"
            ));
            let audit = audit(&mut page);
            let place = format!("width {width}, dark {dark}, chapter {chapter}, m = {m}");
            assert_eq!(audit["dark"], dark, "{place}");
            assert!(audit["overflow"].as_f64().unwrap() <= 0.0, "{place}: {}", audit["overflow"]);
            let ratio = audit["least"]["ratio"].as_f64().unwrap();
            assert!(ratio >= READABLE, "{place}: {}", audit["least"]);
            assert_eq!(audit["broken"].as_array().unwrap().len(), 0);
            assert_eq!(audit["requests"].as_array().unwrap().len(), 0, "{}", audit["requests"]);
        }
    }
    page.assert_quiet();
}

#[test]
fn everything_that_can_be_used_or_seen_has_a_name() {
    let Some(mut page) = open("#m=3&n=3&seed=31&lanes=gd,sgd:1") else { return };
    page.eval("explorer.run(100), null");
    let nameless = page.eval(
        "[...document.querySelectorAll('button, input, select, canvas, progress, [role=slider]')].filter((e) => \
         !e.hidden && !(e.labels?.length || e.getAttribute('aria-label') || e.textContent.trim())).map((e) => e.outerHTML.slice(0, 80))",
    );
    assert_eq!(nameless, Value::Array(Vec::new()));
    let pictures =
        page.eval("[...document.querySelectorAll('.lane canvas')].map((e) => e.getAttribute('aria-label'))");
    let pictures: Vec<&str> =
        pictures.as_array().unwrap().iter().map(|label| label.as_str().unwrap()).collect();
    assert!(pictures[0].starts_with("GD after 100 steps: mixes 2.4"), "{pictures:?}");
    assert!(pictures.iter().all(|label| label.len() > 20), "{pictures:?}");
    // Under full batches there is no winner for R to speak of.
    assert!(pictures[2].contains("R of the largest |cᵢ| to the rest"), "{}", pictures[2]);
    assert!(pictures[5].contains("R of the winner to the rest"), "{}", pictures[5]);
    // What is rewritten at every frame is not read aloud; where a run was paused is.
    let live = "[...document.querySelectorAll('output, [aria-live], [role=status], [role=alert]')].map((e) => e.id).join()";
    assert_eq!(page.eval(live), "status,spoken,refusal,winners-text,survey-text,shared");
    assert_eq!(
        page.eval("document.getElementById('clock').closest('[aria-live], [role=status], output')"),
        Value::Null
    );
    page.eval("explorer.play(), document.getElementById('play').click()");
    let spoken = page.text("spoken");
    assert!(spoken.starts_with("Paused at step 100. GD: mixes 2.4"), "{spoken}");
    page.eval("explorer.change({ eta: 0.03 }), null");
    assert_eq!(page.eval("document.getElementById('eta-range').getAttribute('aria-valuetext')"), "η = 0.03");
}

#[test]
fn the_file_is_one_and_small() {
    let page = fs::read_to_string(file()).unwrap();
    assert!(page.len() < 600_000, "{} bytes", page.len());
    for outside in ["src=", "@import", "url(", "fetch(", "XMLHttpRequest", "WebSocket"] {
        assert!(!page.contains(outside), "{outside}");
    }
}

/// Nanoseconds a step, the best of some stretches.
fn best(mut stretch: impl FnMut() -> f64) -> f64 {
    (0..8).map(|_| stretch()).fold(f64::INFINITY, f64::min)
}

#[test]
fn what_frames_and_steps_cost_is_told() {
    let Some(browser) = browser() else { return };
    let moving = View { calm: false, ..DESK };
    let mut page = Page::open(browser, &file(), "#lanes=gd,sgd:1,cyclic:1&speed=6&m=8&n=12", moving);
    page.eval("explorer.frames.length = 0, explorer.play(), null");
    std::thread::sleep(Duration::from_secs(3));
    // It pauses when all lanes have arrived; the frames until then and a second run count.
    page.eval("explorer.play(), null");
    std::thread::sleep(Duration::from_secs(3));
    page.eval("explorer.pause(), null");
    let frames = page.eval("explorer.frames.slice(3).sort((a, b) => a - b)");
    let frames: Vec<f64> = frames.as_array().unwrap().iter().map(|ms| ms.as_f64().unwrap()).collect();
    let at = |share: f64| frames.get((share * frames.len() as f64) as usize).copied().unwrap_or(f64::NAN);
    let steps = page.number("explorer.state().clock");
    assert!(steps > 0.0);
    eprintln!(
        "the last {} frames: median {:.1} ms, 95 % below {:.1} ms, {steps} steps",
        frames.len(),
        at(0.5),
        at(0.95)
    );

    for (batch, kind, momentum, eta) in
        [(1, "sgd", 0.0, 0.2), (4, "sgd", 0.0, 0.2), (8, "gd", 0.0, 0.2), (1, "sgd", 0.9, 0.01)]
    {
        let data = Dataset::implicit_orthonormal(8, 12).unwrap();
        let start = Start::gaussian(&data, 0.5, 1, 0).unwrap();
        let problem = Problem::new(data, Activation::Linear, Reduction::Mean, eta).unwrap();
        let rule = if momentum > 0.0 { Rule::HeavyBall { momentum } } else { Rule::Sgd };
        let problem = problem.with_update(Update::of(rule)).unwrap();
        let schedule = if batch == 8 { Schedule::full_batch(8) } else { Schedule::sgd(8, batch, 1) };
        let mut engine = Reduced::new(&problem, &schedule.unwrap(), &[start], 0).unwrap();
        page.eval(&format!(
            "explorer.change({{ seed: 1, eta: {eta}, lanes: [{{ kind: '{kind}', b: {batch}, momentum: {momentum} }}] }}), null"
        ));
        page.eval("explorer.core.module.lane_advance(0, 1e6), null");
        engine.advance(1_000_000);
        // In turns, so that both meet the same neighbours on the machine.
        let (mut here, mut there) = (f64::INFINITY, f64::INFINITY);
        for _ in 0..6 {
            here = here.min(best(|| {
                let begun = Instant::now();
                engine.advance(100_000);
                begun.elapsed().as_secs_f64() * 1e4
            }));
            let stretch = "(() => { let best = Infinity; for (let k = 0; k < 8; k += 1) { const begun = performance.now(); \
                           explorer.core.module.lane_advance(0, 1e5); best = Math.min(best, performance.now() - begun); } return best * 10; })()";
            there = there.min(page.number(stretch));
        }
        eprintln!(
            "{kind}, b = {batch}, β = {momentum}: {there:.1} ns a step in the page, {here:.1} native, ratio {:.2}",
            there / here
        );
    }
}
