//! Every chapter of the story, run to the state that it promises.

use puremix::limit_set::LimitSet;
use puremix::model::Activation;
use puremix::stats::binomial_interval;
use puremix::theory::{escape, gd, momentum, selection};
use serde_json::Value;

use super::devtools::Page;
use super::open;

/// Begins a chapter, and takes steps.
fn run(page: &mut Page, chapter: usize, steps: u64) {
    page.eval(&format!("explorer.tellChapter({chapter}), explorer.run({steps}), null"));
}

fn correlations(page: &mut Page, lane: usize) -> Vec<f64> {
    page.numbers(&format!("explorer.state().lanes[{lane}].c"))
}

/// The lane is at the mixture that Theorem 1 computes from the start, and that is a mixture.
fn mixes(page: &mut Page, lane: usize) {
    let start = page.numbers(&format!("explorer.state().lanes[{lane}].rows[0].slice(2)"));
    let Some(LimitSet::Point(alpha)) = gd::limit(&start, Activation::Linear) else { panic!("a mixture") };
    for (i, (c, alpha)) in correlations(page, lane).iter().zip(&alpha).enumerate() {
        assert!((c - alpha).abs() < 1e-9, "sample {i}: {c} {alpha}");
    }
    assert!(page.number(&format!("explorer.state().lanes[{lane}].mixed")) > 1.5);
    assert!(page.number(&format!("explorer.state().lanes[{lane}].distance")) < 1e-9);
}

/// The lane is at one datapoint.
fn is_pure(page: &mut Page, lane: usize) {
    let mut sizes: Vec<f64> = correlations(page, lane).iter().map(|c| c.abs()).collect();
    sizes.sort_by(f64::total_cmp);
    let largest = sizes.pop().unwrap();
    assert!((largest - 1.0).abs() < 1e-9, "lane {lane}: {largest}");
    assert!(sizes.iter().all(|size| *size < 1e-9), "lane {lane}: {sizes:?}");
    assert!(page.number(&format!("explorer.state().lanes[{lane}].distance")) < 1e-9);
}

#[test]
fn gd_mixes_and_one_sample_less_does_not() {
    let Some(mut page) = open("") else { return };
    run(&mut page, 1, 5_000);
    mixes(&mut page, 0);
    // R never moved.
    assert!(page.number("Math.max(...explorer.state().lanes[0].rows.map((row) => Math.abs(row[1] - explorer.state().lanes[0].rows[0][1])))") < 1e-12);
    run(&mut page, 2, 1_000_000);
    mixes(&mut page, 0);
    is_pure(&mut page, 1);
    run(&mut page, 3, 20_000);
    mixes(&mut page, 0);
    is_pure(&mut page, 1);
    is_pure(&mut page, 2);
    page.assert_quiet();
}

#[test]
fn the_lottery_follows_its_law() {
    let Some(mut page) = open("") else { return };
    run(&mut page, 4, 20_000);
    mixes(&mut page, 0);
    is_pure(&mut page, 1);
    page.eval("document.getElementById('lottery-run').click()");
    page.wait("!explorer.state().draws.running");
    let start = page.numbers("explorer.state().lanes[1].rows[0].slice(2)");
    let counts = page.numbers("explorer.state().draws.counts");
    assert_eq!(counts.iter().sum::<f64>(), 20_000.0);
    let (law, wins) = (selection::pair([start[0], start[1]]), counts[0] as u64);
    assert!(binomial_interval(wins, 20_000, 1e-4).contains(law), "{wins} of 20000, law {law}");
    assert!((page.number("explorer.state().draws.law.odds[0]") - law).abs() < 1e-15);
    // The mean time, in units of 1/κ, is that of the law up to the growth of the norm and a look in between.
    let times =
        "(({ sum, times, lane, law }) => sum / times.length * lane.kappa - law.mean)(explorer.state().draws)";
    let late = page.number(times);
    assert!((-0.1..0.5).contains(&late), "{late}");
    assert!(page.text("winners-text").contains("No count is outside its 99.99 % interval around the law"));
    page.assert_quiet();
}

#[test]
fn more_samples_have_odds_with_their_errors() {
    have_odds_with_their_errors("#m=5&n=5&eta=0.15&reduction=sum&seed=3&lanes=sgd:2", 20_000);
}

#[test]
fn momentum_leaves_the_odds_of_more_samples_as_they_are() {
    // ε = η/(1 − β) = 0.05.
    have_odds_with_their_errors("#m=5&n=5&eta=0.02&reduction=sum&seed=3&lanes=sgd:2:0.6", 1000);
}

fn have_odds_with_their_errors(address: &str, runs: u64) {
    let Some(mut page) = open(address) else { return };
    page.eval(&format!("document.getElementById('lottery-runs').value = {runs}, explorer.runLottery()"));
    page.wait("!explorer.state().draws.running");
    let start = page.numbers("explorer.state().lanes[0].rows[0].slice(2)");
    let odds = selection::probabilities(&start, 1e-3, 3);
    let shown = page.numbers("explorer.state().draws.law.odds");
    for (i, wins) in page.numbers("explorer.state().draws.counts").into_iter().enumerate() {
        let interval = binomial_interval(wins as u64, runs, 1e-4);
        let (law, error) = (odds.probabilities[i], 4.0 * odds.errors[i]);
        assert!(interval.low - error <= law && law <= interval.high + error, "{i}: {wins}, law {law}");
        assert!((shown[i] - law).abs() < 2.0 * error, "{i}: {} {law}", shown[i]);
    }
    page.assert_quiet();
}

#[test]
fn the_jump_is_at_the_full_batch() {
    let Some(mut page) = open("#m=6&n=8&lanes=gd") else { return };
    page.eval("explorer.runSurvey()");
    page.wait("!explorer.state().survey.running");
    let pure = page.eval(
        "explorer.state().survey.points.filter(([b]) => b < 6).every(([, cosine]) => cosine > 1 - 1e-6)",
    );
    assert_eq!(pure, true);
    assert_eq!(page.number("explorer.state().survey.points.length"), 360.0);
    // Sixty mixtures of six: the mean of the largest cosine is far from 1.
    let mean = page.number("((all) => all.reduce((sum, [, cosine]) => sum + cosine, 0) / all.length)(explorer.state().survey.points.filter(([b]) => b === 6))");
    assert!((0.6..0.85).contains(&mean), "{mean}");
    let words = page.text("survey-text");
    assert!(words.starts_with("m = 6, η = 0.2 (averaged)"), "{words}");
    assert!(words.contains("all 300 runs ended along a single sample"), "{words}");
    assert!(words.ends_with("The jump is at b = m and nowhere before."), "{words}");
    // Every setting that the runs depend on takes them away, and so does another chapter; algorithms do not, for the survey has its own.
    for change in [
        "{ m: 5 }",
        "{ n: 9 }",
        "{ eta: 0.1 }",
        "{ activation: 'relu' }",
        "{ reduction: 'sum' }",
        "{ norm: 0.4 }",
    ] {
        page.eval("document.getElementById('survey-runs').value = 20, explorer.runSurvey()");
        page.wait("!explorer.state().survey.running");
        assert!(!page.text("survey-text").is_empty());
        page.eval(&format!("explorer.change({change}), null"));
        assert_eq!(page.text("survey-text"), "", "{change}");
        assert_eq!(page.eval("explorer.state().survey"), Value::Null, "{change}");
    }
    page.eval("explorer.runSurvey(), null");
    page.eval("explorer.tellChapter(3), null");
    assert_eq!(page.eval("explorer.state().survey"), Value::Null);
    page.assert_quiet();
}

#[test]
fn every_batch_size_says_what_its_runs_show() {
    let Some(mut page) = open("#m=2&n=3&lanes=gd") else { return };
    let mut words = |points: &str, sizes: &str| {
        let survey = "m: 2, eta: 0.3, reduction: 'sum', activation: 'linear', norm: 0.5, runs: 2";
        let words =
            page.eval(&format!("explorer.surveyWords({{ {survey}, sizes: {sizes}, points: {points} }})"));
        words.as_str().unwrap().to_string()
    };
    let jump = "The jump is at b = m and nowhere before.";
    assert!(words("[[1, 1], [1, 1], [2, 0.8], [2, 0.9]]", "[1, 2]").ends_with(jump));
    // Not where the full batches are pure, too, or nearly; not where a smaller batch is not; not where the runs were stopped.
    for points in ["[[1, 1], [1, 1], [2, 1], [2, 0.99]]", "[[1, 0.9], [1, 1], [2, 0.8], [2, 0.7]]"] {
        let words = words(points, "[1, 2]");
        assert!(!words.contains(jump) && words.contains("do not show a jump"), "{words}");
    }
    let stopped = words("[[1, 1], [1, 1]]", "[1, 2]");
    assert!(!stopped.contains("jump") && stopped.contains("2 of 4 have ended"), "{stopped}");
    let lost = words("[[1, 1], [1, NaN], [2, NaN], [2, NaN]]", "[1, 2]");
    assert!(lost.contains("1 of 2 runs ended along a single sample, 1 diverged"), "{lost}");
    assert!(lost.contains("b = m: all 2 runs diverged, so that there is no mean"), "{lost}");
    assert!(!lost.contains('–') && !lost.contains("The jump"), "{lost}");
    page.eval("explorer.change({ eta: 3, reduction: 'sum' }), explorer.runSurvey()");
    page.wait("!explorer.state().survey.running");
    assert!(page.text("survey-text").contains("no mean"));
    page.assert_quiet();
}

#[test]
fn runs_that_jump_are_drawn_on_both_sides() {
    let Some(mut page) = open("") else { return };
    run(&mut page, 6, 1000);
    // From the 70th step to the 138th a row every 1.45 % would be every second step: one side of the jumps.
    let table = page.eval("explorer.csv()");
    let values: Vec<f64> = (table.as_str().unwrap().lines().skip(1))
        .map(|line| line.split(',').collect::<Vec<_>>())
        .filter(|row| row[0] == "gd" && (70.0..=138.0).contains(&row[3].parse::<f64>().unwrap()))
        .map(|row| row[5].parse().unwrap())
        .collect();
    let (low, high) = values.iter().fold((f64::MAX, f64::MIN), |(low, high), &c| (low.min(c), high.max(c)));
    assert!(high - low > 0.05, "{low} {high}");
    let near = |side: f64| values.iter().filter(|&c| (c - side).abs() < 0.2 * (high - low)).count();
    assert!(near(low) * 3 > values.len() && near(high) * 3 > values.len(), "{} {}", near(low), near(high));
    // So it is drawn: about the hundredth step, two decades of three, the curve of the first sample, blue, goes all the way from low to high.
    page.eval("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done(1))))");
    let shortest = "((canvas) => { const x = Math.round(34 + (canvas.width - 42) * 2 / 3), height = canvas.height; \
                   const { data } = canvas.getContext('2d').getImageData(x, 0, 8, height); const counts = Array(8).fill(0); \
                   for (let k = 0; k < 8 * height; k += 1) if (data[4 * k + 3] > 200 && data[4 * k + 2] > 100 && data[4 * k] < 60) counts[k % 8] += 1; \
                   return Math.min(...counts); })(document.querySelector('.over'))";
    let shortest = page.number(shortest);
    assert!(shortest > 140.0 * (high - low), "{shortest} pixels from {low} to {high}");
    page.assert_quiet();
}

#[test]
fn the_lottery_draws_its_bars_whole_and_its_times_in_multiples_of_a_look() {
    let Some(mut page) = open("#m=2&n=2&eta=0.1&seed=31&lanes=gd,sgd:1") else { return };
    page.eval("document.getElementById('lottery-runs').value = 1000, explorer.runLottery()");
    page.wait("!explorer.state().draws.running");
    // The card shows through; nothing is painted in its colour over a bar.
    let white = "(([...data]) => data.filter((x, k) => k % 4 === 3 && x === 255 && data[k - 1] === 255 && data[k - 2] === 255 && data[k - 3] === 255).length)\
                 (document.getElementById('winners').getContext('2d').getImageData(0, 0, 2000, 1000).data)";
    assert_eq!(page.number(white), 0.0);
    // 1/κ = 200 steps, eight looks to it.
    let look = page.number("explorer.state().draws.look");
    assert!((24.0..=25.0).contains(&look), "{look}");
    let bins = "(({ times, look }) => explorer.binned(times, 6000, look))(explorer.state().draws)";
    assert_eq!(page.number(&format!("{bins}.step % {look}")), 0.0);
    // A look finds runs that ended since the one before; whatever took longer than all bins is counted apart.
    let binned =
        |times: &str| format!("(({{ bins, over }}) => [...bins, over])(explorer.binned({times}, 200, 25))");
    assert_eq!(
        page.numbers(&binned("[25, 50, 50, 200, 225, 1000]")),
        [1.0, 2.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 2.0]
    );
    for (steps, words) in [
        ("0.3", "0.30"),
        ("6.04", "6.0"),
        ("6.28", "6.3"),
        ("42.4", "42"),
        ("99.7", "100"),
        ("1751.4", "1,751"),
    ] {
        assert_eq!(page.eval(&format!("explorer.stepCount({steps})")), words);
    }
    page.eval("explorer.change({ eta: 3, reduction: 'sum' }), explorer.runLottery()");
    page.wait("!explorer.state().draws.running");
    let words = page.text("winners-text");
    assert!(words.contains("none of them came to a datapoint. 1,000 diverged."), "{words}");
    assert!(!page.text("times-text").contains('–'));
    page.assert_quiet();
}

#[test]
fn datapoints_have_their_sign() {
    let Some(mut page) = open("#m=3&n=3&eta=0.2&lanes=sgd:1&w0=-0.5,0,0,0") else { return };
    page.eval("explorer.run(20000), null");
    assert_eq!(page.eval("document.querySelector('.verdict').textContent"), "a pure datapoint: −a₀");
    let facts = page.eval("document.querySelector('.facts').textContent");
    assert!(facts.as_str().unwrap().contains("distance to ±aᵢ"), "{facts}");
    page.assert_quiet();
}

#[test]
fn the_end_is_found_at_the_same_step_however_the_run_is_cut() {
    let Some(mut page) = open("#m=3&n=4&eta=0.2&seed=5&lanes=gd,sgd:1") else { return };
    let mut end = |steps: &str| {
        page.eval(&format!("explorer.change({{}}), {steps}.forEach((steps) => explorer.run(steps)), null"));
        (page.number("Math.max(...explorer.state().lanes.map((lane) => lane.arrived))"), page.text("status"))
    };
    let whole = end("[30000]");
    assert!(whole.0 > 0.0 && whole.0 < 30_000.0, "{whole:?}");
    assert_eq!(end("Array(300).fill(100)"), whole);
    assert_eq!(end("[1, 2, 7, 977, 29013]"), whole);
    // A run that is played stops there.
    page.eval("explorer.change({}), explorer.state().scene.speed = 7, explorer.play(), null");
    page.wait("!explorer.state().playing");
    assert_eq!(page.number("explorer.state().clock"), whole.0);
    assert_eq!(page.text("clock"), page.text("status").split(&['p', '.'][..]).nth(1).unwrap().trim());
    page.assert_quiet();
}

#[test]
fn a_changed_scene_is_not_told_as_the_chapter() {
    let Some(mut page) = open("") else { return };
    page.eval("explorer.tellChapter(6), null");
    let pressed = |page: &mut Page| {
        let pressed = page.eval("[...document.querySelectorAll('#chapter-tools [aria-pressed=true]')].map((tool) => tool.textContent).join()");
        pressed.as_str().unwrap().to_string()
    };
    assert_eq!(pressed(&mut page), "η = 0.55");
    assert!(page.text("chapter-watch").starts_with("Watch: at η_B = 0.55"));
    page.eval("document.querySelectorAll('#chapter-tools .tool')[1].focus(), document.activeElement.click()");
    assert_eq!(pressed(&mut page), "η = 0.45");
    assert_eq!(page.eval("document.activeElement.textContent"), "η = 0.45");
    assert!(page.text("chapter-watch").starts_with("Changed: With η_B = 0.45, below ½"));
    page.eval("explorer.change({ eta: 0.3, m: 5 }), null");
    assert_eq!(pressed(&mut page), "");
    assert!(page.text("chapter-watch").starts_with("Changed: m = 5, η = 0.3. "));
    // A start is the reader's own in every chapter.
    page.eval("explorer.tellChapter(4), explorer.change({ start: [0.2, 0.3, 0] }), null");
    assert!(page.text("chapter-watch").starts_with("Watch: drag w₀ along the circle"));
    assert!(page.text("chapter-watch").ends_with("The counts follow the law for small η."));
    for chapter in 1..=7 {
        page.eval(&format!("explorer.tellChapter({chapter}), null"));
        assert!(page.text("chapter-watch").starts_with("Watch: "), "{chapter}");
    }
    page.assert_quiet();
}

/// Step of the first row in which the losers are a ten-thousandth of the winner.
fn selected_at(page: &mut Page, lane: usize) -> f64 {
    page.number(&format!("explorer.state().lanes[{lane}].rows.find((row) => row[1] > Math.log(1e4))[0]"))
}

#[test]
fn half_of_the_batch_is_fastest_and_one_half_is_the_threshold() {
    let Some(mut page) = open("") else { return };
    run(&mut page, 5, 200_000);
    (0..3).for_each(|lane| is_pure(&mut page, lane));
    let [one, half, most] = [0, 1, 2].map(|lane| selected_at(&mut page, lane));
    assert!(half < one && half < most, "{one} {half} {most}");

    run(&mut page, 6, 100_000);
    for lane in 0..3 {
        let distance = page.number(&format!("explorer.state().lanes[{lane}].distance"));
        assert!(distance > 0.01, "lane {lane} is at {distance}");
    }
    page.eval("explorer.change({ eta: 0.45 }), explorer.run(100000), null");
    mixes(&mut page, 0);
    is_pure(&mut page, 1);
    is_pure(&mut page, 2);
    page.assert_quiet();
}

/// Waits for all runs of the lottery; their mean number of steps to selection.
fn mean_steps(page: &mut Page) -> f64 {
    page.wait("!explorer.state().draws.running");
    assert_eq!(page.number("explorer.state().draws.others"), 0.0);
    page.number("(({ sum, times }) => sum / times.length)(explorer.state().draws)")
}

#[test]
fn momentum_is_a_hundred_times_sooner_with_the_same_odds() {
    let Some(mut page) = open("") else { return };
    run(&mut page, 7, 10_000_000);
    (0..2).for_each(|lane| is_pure(&mut page, lane));
    // Either sign of both samples, where plain steps keep the signs of the start.
    assert_eq!(page.numbers("explorer.core.ask('lane_limit', 1)"), [3.0, 1.0, 1.0]);
    assert_eq!(page.numbers("explorer.core.ask('lane_limit', 0)"), [2.0, 1.0, 1.0]);
    let [plain, heavy] = [0, 1].map(|lane| selected_at(&mut page, lane));
    assert!((1_400_000.0..1_600_000.0).contains(&plain), "{plain}");
    assert!((15_000.0..25_000.0).contains(&heavy), "{heavy}");

    // Means of a thousand runs deviate by 2 % each; growing to length 1 and steps that are not small take a few percent more.
    let [plain, heavy] = [0, 1].map(|lane| {
        let field = |name: &str| format!("document.getElementById('lottery-{name}').value");
        page.eval(&format!(
            "{} = {lane}, {} = 1000, explorer.runLottery(), null",
            field("lane"),
            field("runs")
        ));
        mean_steps(&mut page)
    });
    assert!((plain / heavy / 100.0 - 1.0).abs() < 0.12, "{plain} {heavy}");

    let tool = "[...document.querySelectorAll('#chapter-tools button')].find((tool) => tool.textContent.startsWith('Draw'))";
    page.eval(&format!("document.getElementById('lottery-lane').value = 0, {tool}.click()"));
    let steps = mean_steps(&mut page);
    assert_eq!(page.number("explorer.state().draws.lane.k"), 1.0);
    let start = page.numbers("explorer.state().lanes[1].rows[0].slice(2)");
    let law = selection::pair([start[0], start[1]]);
    let counts = page.numbers("explorer.state().draws.counts");
    assert_eq!(counts.iter().sum::<f64>(), 20_000.0);
    assert!(binomial_interval(counts[0] as u64, 20_000, 1e-4).contains(law), "{counts:?}, law {law}");
    assert!((page.number("explorer.state().draws.law.odds[0]") - law).abs() < 1e-15);
    let clock = momentum::diffusion_rate(2, 1, 0.004, 0.9);
    assert!((page.number("explorer.state().lanes[1].kappa") / clock - 1.0).abs() < 1e-12);
    let late = steps * clock - escape::mean_time([start[0], start[1]], 1e4f64.ln());
    assert!((-0.15..0.4).contains(&late), "{late}");
    let words = page.text("winners-text");
    assert!(words.contains("holds as η → 0 with β fixed, which is derived and not proved"), "{words}");
    page.assert_quiet();
}

#[test]
fn momentum_has_a_limit_where_theory_knows_one() {
    let Some(mut page) =
        open("#m=5&n=7&eta=0.01&lanes=gd:5:0.9,cyclic:1:0.9,sgd:3:0.9&w0=0.3,0.2,-0.1,0,0.2,0.1")
    else {
        return;
    };
    let mut limit = |lane: usize| page.numbers(&format!("explorer.core.ask('lane_limit', {lane})"));
    assert_eq!(limit(0), [0.0; 0]);
    assert_eq!(limit(1), [0.0; 0]);
    assert_eq!(limit(2), [3.0, 1.0, 1.0, 1.0, 0.0, 1.0]);
    page.eval("explorer.run(200000), null");
    is_pure(&mut page, 2);
    let facts = "document.querySelectorAll('.facts')[2].textContent";
    assert!(page.eval(facts).as_str().unwrap().contains("distance to a datapoint of either sign"));
    page.eval("explorer.change({ activation: 'relu' }), null");
    assert_eq!(page.numbers("explorer.core.ask('lane_limit', 2)"), [0.0; 0]);
    page.assert_quiet();
}
