//! The start under the hand: mouse, finger and arrow keys; and the page by keys alone.

use super::devtools::{DESK, Page, View};
use super::{file, open};
use crate::common::browser;

/// Middle of an element, in the window.
fn middle(page: &mut Page, selector: &str) -> (f64, f64) {
    let mut at = |place: &str, size: &str| {
        let side = format!("document.querySelector('{selector}').getBoundingClientRect()");
        page.number(&format!("{side}.{place} + {side}.{size} / 2"))
    };
    (at("x", "width"), at("y", "height"))
}

/// Brings an element into the window; two frames later everything is drawn.
fn show(page: &mut Page, selector: &str) {
    page.eval(&format!("document.querySelector('{selector}').scrollIntoView({{ block: 'center' }})"));
    page.eval("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done(1))))");
}

fn start(page: &mut Page) -> Vec<f64> {
    page.numbers("explorer.core.ask('start')")
}

#[test]
fn a_mouse_moves_the_start_on_the_plane_of_two_samples() {
    let Some(mut page) = open("#m=2&n=2&eta=0.1&seed=31&lanes=gd,sgd:1") else { return };
    show(&mut page, "#place-canvas");
    let (handle, (x, y)) = (middle(&mut page, ".handle"), middle(&mut page, "#place-canvas"));
    // To the point above the middle that lies half-way to the circle.
    let canvas = "document.getElementById('place-canvas')";
    let unit = page.number(&format!("Math.min({canvas}.clientWidth, {canvas}.clientHeight) / 2.56"));
    page.drag(handle, (x, y - 0.5 * unit));
    let c = start(&mut page);
    assert!(c[0].abs() < 0.01 && (c[1] - 0.5).abs() < 0.01, "{c:?}");
    assert_eq!(page.number("explorer.state().clock"), 0.0);
    // From there gradient descent goes to a_1 itself.
    page.eval("explorer.run(2000), null");
    assert!(page.number("explorer.state().lanes[0].c[1]") > 0.999);
    page.assert_quiet();
}

#[test]
fn a_finger_moves_the_shares_of_three_samples_on_a_phone() {
    let Some(browser) = browser() else { return };
    let phone = View { width: 400, ..DESK };
    let mut page = Page::open(browser, &file(), "#m=3&n=3&seed=31&lanes=gd", phone);
    show(&mut page, "#place-canvas");
    let (handle, (x, y)) = (middle(&mut page, ".handle"), middle(&mut page, "#place-canvas"));
    let before = start(&mut page);
    // A third of the height above the base: the middle of the simplex, up to the margins.
    let height = page.number("document.getElementById('place-canvas').clientHeight");
    page.swipe(handle, (x, y + height / 8.0));
    let c = start(&mut page);
    assert!((c[0] - c[1]).abs() < 0.01, "{c:?}");
    assert!(c != before && c[2] > 0.1, "{c:?}");
    // Shares moved, the norm did not.
    let norm = |c: &[f64]| c.iter().map(|c| c * c).sum::<f64>();
    assert!((norm(&c) - norm(&before)).abs() < 1e-12);
    page.assert_quiet();
}

#[test]
fn arrow_keys_move_a_start_of_any_number_of_samples() {
    let Some(mut page) = open("#m=2&n=2&eta=0.1&seed=31&lanes=gd") else { return };
    let angle = |c: &[f64]| c[1].atan2(c[0]).to_degrees();
    let length = |c: &[f64]| c[0].hypot(c[1]);
    page.eval("document.querySelector('.handle').focus()");
    let before = start(&mut page);
    page.key("ArrowLeft");
    page.key("ArrowUp");
    let after = start(&mut page);
    assert!((angle(&after) - angle(&before) - 1.0).abs() < 1e-9, "{before:?} {after:?}");
    assert!((length(&after) - length(&before) - 0.01).abs() < 1e-9);
    let words = page.eval("document.querySelector('.handle').getAttribute('aria-label')");
    assert_eq!(words, "Start w₀");

    page.go(&file(), "#m=5&n=8&seed=4&lanes=gd");
    page.eval("document.querySelectorAll('.handle')[3].focus()");
    let before = start(&mut page);
    page.key("ArrowDown");
    let after = start(&mut page);
    for i in 0..6 {
        let moved = if i == 3 { -0.01 } else { 0.0 };
        assert!((after[i] - before[i] - moved).abs() < 1e-12, "{i}: {before:?} {after:?}");
    }
    page.assert_quiet();
}

#[test]
fn entries_out_of_range_are_answered() {
    let Some(mut page) = open("#m=8&n=12&lanes=gd,sgd:2") else { return };
    let fill = |page: &mut Page, field: &str, value: &str| {
        page.eval(&format!("(() => {{ const field = {field}; field.focus(); field.value = '{value}'; field.dispatchEvent(new Event('change')); }})()"));
        page.eval(&format!("document.getElementById('status').textContent + document.getElementById('refusal').textContent + ' ' + {field}.value"))
    };
    let lane = |name: &str, k: usize| format!("document.querySelectorAll('.lane .{name} input')[{k}]");
    assert_eq!(fill(&mut page, &lane("batch", 1), "20"), "b is at most m = 8. 8");
    assert_eq!(fill(&mut page, &lane("batch", 0), "20"), "b is at most m = 8. 8");
    assert_eq!(fill(&mut page, &lane("batch", 1), "0"), "b is at least 1. 1");
    assert_eq!(fill(&mut page, &lane("momentum", 1), "1.5"), "β is at most 0.99. 0.99");
    assert_eq!(fill(&mut page, &lane("momentum", 1), "-0.2"), "β is at least 0. 0");
    let by = |id: &str| format!("document.getElementById('{id}')");
    assert_eq!(fill(&mut page, &by("n"), "3"), "n is at least m = 8. 8");
    assert_eq!(fill(&mut page, &by("m"), "90"), "m is at most 64. 64");
    assert_eq!(fill(&mut page, &by("m"), "4.2"), "m is a whole number: 4 is used. 4");
    assert_eq!(fill(&mut page, &by("m"), "5"), " 5");
    // From SGD to full batches no size was asked for.
    page.eval("explorer.change({ lane: 1, kind: 'gd' }), null");
    assert_eq!(page.text("status"), "");
    page.assert_quiet();
}

#[test]
fn the_focus_goes_to_the_lottery_with_the_view() {
    let Some(mut page) = open("#m=2&n=2&lanes=gd,sgd:1&story=4") else { return };
    page.eval("document.querySelector('#chapter-tools .tool').focus()");
    page.key("Enter");
    assert_eq!(page.eval("document.activeElement.id"), "lottery-title");
    let top = page.number("document.activeElement.getBoundingClientRect().top");
    assert!((-1.0..100.0).contains(&top), "{top}");
    page.assert_quiet();
}

#[test]
fn the_page_is_told_by_keys_alone() {
    let Some(mut page) = open("") else { return };
    let focused = "document.activeElement.textContent.trim()";
    // Seven chapters in order, the tools of the chapter, then play, step, restart.
    let mut walk = Vec::new();
    for _ in 0..14 {
        page.key("Tab");
        walk.push(page.eval(focused).as_str().unwrap().to_string());
    }
    assert!(walk[0].ends_with("GD mixes") && walk[6].ends_with("Momentum"), "{walk:?}");
    let play = walk.iter().position(|name| name == "Play").unwrap();
    assert_eq!(walk[play + 1..play + 3], ["Step", "Restart"]);
    assert_eq!(page.eval("document.activeElement.matches(':focus-visible')"), true);
    // The second chapter, by Enter; motion is unwelcome on this desk, so nothing runs unasked.
    page.eval("document.activeElement.blur(), document.querySelectorAll('#chapters button')[0].focus()");
    page.key("Tab");
    page.key("Enter");
    assert_eq!(page.text("chapter-title"), "Take one away");
    assert_eq!(page.eval("explorer.state().playing"), false);
    // Fewer samples than all, asked of gradient descent, make it SGD.
    page.eval("(() => { const b = document.querySelector('.lane input'); b.value = 5; b.dispatchEvent(new Event('change')); })()");
    assert_eq!(page.eval("explorer.state().lanes[0].name"), "SGD, b = 5");
    // Momentum is a field of each algorithm, and empty it is none; without a number of steps its command would be refused.
    let momentum = |value: &str| {
        format!(
            "(() => {{ const field = document.querySelector('.lane .momentum input'); field.value = '{value}'; field.dispatchEvent(new Event('change')); }})()"
        )
    };
    page.eval(&momentum("0.9"));
    assert_eq!(page.eval("explorer.state().lanes[0].name"), "SGD, b = 5, β = 0.9");
    let command = page.eval("explorer.commands()[0]");
    for words in ["--update heavy-ball:0.9", "--steps 100000"] {
        assert!(command.as_str().unwrap().contains(words), "{command}");
    }
    page.eval(&momentum(""));
    assert_eq!(page.eval("explorer.state().lanes[0].name"), "SGD, b = 5");
    // Away from any control, a full stop is a step, 0 the start, and space plays and pauses.
    page.eval("document.activeElement.blur()");
    page.key(".");
    page.key(".");
    assert_eq!(page.number("explorer.state().clock"), 2.0);
    page.key("0");
    assert_eq!(page.number("explorer.state().clock"), 0.0);
    page.key(" ");
    page.wait("explorer.state().clock > 0");
    page.key(" ");
    assert_eq!(page.eval("explorer.state().playing"), false);
    page.assert_quiet();
}
