//! Same seed, same numbers: the page against `train --engine reduced`, by the commands that the page itself gives.

use std::fs;
use std::path::Path;

use chacha20::ChaCha8Rng;
use puremix::draws::normal;
use puremix::rng::{Purpose, stream};
use rand_distr::{Distribution, StandardNormal};

use super::devtools::{DESK, Page, View};
use super::open;
use crate::common::{binary, temporary};

/// A seed of which one of the first eight draws lies in the tail of the normal law, with a last bit by which the library of mathematics of this
/// platform differs from ours, if there is any.
fn far_seed() -> u64 {
    let draws = |seed: u64, draw: fn(&mut ChaCha8Rng) -> f64| {
        let mut rng = stream(seed, Purpose::Init, 0);
        [(); 8].map(|()| draw(&mut rng))
    };
    let theirs = |seed: u64| draws(seed, |rng| StandardNormal.sample(rng));
    let differs = |seed: &u64| theirs(*seed) != draws(*seed, normal);
    let is_far = |seed: &u64| theirs(*seed).iter().any(|x| x.abs() > 3.66);
    (1..200_000).find(differs).unwrap_or_else(|| (1..).find(is_far).unwrap())
}

/// Scenes: every schedule, activation and reduction, sizes from 2 to 64, with and without residual.
fn scenes() -> Vec<String> {
    let far = far_seed();
    let mut scenes = vec![format!("m=8&n=8&seed={far}&lanes=sgd:1"), format!("m=8&n=10&seed={far}&lanes=gd")];
    let sizes = [(2, 2), (3, 4), (5, 7), (8, 12), (13, 14), (64, 100_000)];
    let lanes = ["gd", "sgd:1", "cyclic:1", "reshuffle:2", "replacement:2", "sgd:2"];
    for (k, ((m, n), lane)) in sizes.iter().cycle().zip(lanes.iter().cycle().skip(1)).take(18).enumerate() {
        // All pairs of sizes and lanes would be 36: one lane further after each round.
        let lane = lanes[(lanes.iter().position(|other| other == lane).unwrap() + k / 6) % 6];
        let activation = ["linear", "relu"][k % 2];
        let reduction = ["mean", "sum"][k / 2 % 2];
        let (eta, norm) = ([0.2, 0.07, 0.3][k % 3], [0.5, 0.9, 0.123][k / 3 % 3]);
        scenes.push(format!(
            "m={m}&n={n}&eta={eta}&reduction={reduction}&activation={activation}&norm={norm}&seed={}&lanes={lane}",
            100 + k
        ));
    }
    scenes
}

/// Eight scenes with momentum: every schedule, activation and reduction, and a `β` below 1/1024, where every step takes another way through the recursion.
fn scenes_with_momentum() -> Vec<String> {
    let sizes = [(2, 2), (5, 7), (8, 12), (64, 100_000)];
    let lanes = [
        ("sgd:1:0.9", 0.004),
        ("gd:5:0.5", 0.2),
        ("cyclic:1:0.99", 0.001),
        ("reshuffle:2:0.0007", 0.2),
        ("replacement:2:0.3", 0.1),
        ("sgd:4:0.97", 0.004),
        ("gd:8:0.9", 0.05),
        ("sgd:1:0.8", 0.02),
    ];
    let scene = |(k, (lane, eta)): (usize, (&str, f64))| {
        let (m, n) = sizes[k % 4];
        let activation = ["linear", "relu"][k / 4 % 2];
        let reduction = ["mean", "sum"][k % 2];
        format!(
            "m={m}&n={n}&eta={eta}&reduction={reduction}&activation={activation}&norm=0.6&seed={}&lanes={lane}",
            210 + k
        )
    };
    lanes.into_iter().enumerate().map(scene).collect()
}

/// What `train` ends at, by a command of the page.
fn trained(command: &str, directory: &Path, name: &str) -> Vec<u64> {
    let words: Vec<&str> = command.split_whitespace().skip_while(|word| *word != "--").skip(1).collect();
    let out = directory.join(name);
    binary("train")
        .args(words)
        .args(["--every", "100000", "--no-page", "--out"])
        .arg(&out)
        .current_dir(directory)
        .unwrap();
    let table = fs::read_to_string(out.join("correlations.csv")).unwrap();
    let last = table.lines().last().unwrap();
    assert!(last.starts_with("100000,"), "{command}: {last}");
    last.split(',').skip(1).map(|c| c.parse::<f64>().unwrap().to_bits()).collect()
}

fn exact_commands(page: &mut Page) -> Vec<String> {
    page.eval("document.getElementById('reduced').checked = true");
    let commands = page.eval("explorer.commands()");
    commands.as_array().unwrap().iter().map(|command| command.as_str().unwrap().into()).collect()
}

#[test]
fn the_page_has_the_bits_of_train_in_twenty_scenes() {
    let scenes = scenes();
    assert_eq!(scenes.len(), 20);
    have_the_bits_of_train(&scenes, "--engine reduced");
}

#[test]
fn the_page_has_the_bits_of_train_with_momentum() {
    have_the_bits_of_train(&scenes_with_momentum(), "--update heavy-ball:0.");
}

/// Takes 100,000 steps in every scene, and has `train` take them by the command of the page, which contains these words.
fn have_the_bits_of_train(scenes: &[String], words: &str) {
    let Some(mut page) = open("") else { return };
    let directory = temporary();
    for (k, scene) in scenes.iter().enumerate() {
        page.go(&super::file(), &format!("#{scene}"));
        // Cut into calls as no two frames would cut it.
        page.eval("explorer.run(1), explorer.run(40960), explorer.run(59039), null");
        let command = exact_commands(&mut page).remove(0);
        assert!(command.contains(words), "{command}");
        let shown = page.bits("explorer.state().lanes[0].c");
        assert_eq!(shown, trained(&command, directory.path(), &k.to_string()), "{scene}: {command}");
        // The table on the page ends with them.
        let table = page.eval("explorer.csv()");
        let last: Vec<u64> = table
            .as_str()
            .unwrap()
            .lines()
            .last()
            .unwrap()
            .split(',')
            .skip(5)
            .map(|c| c.parse::<f64>().unwrap().to_bits())
            .collect();
        assert_eq!(last, shown, "{scene}");
    }
    page.assert_quiet();
}

#[test]
fn a_dragged_start_goes_by_a_file_and_agrees_to_rounding() {
    let Some(mut page) = open("#m=4&n=6&eta=0.15&seed=9&lanes=gd,sgd:2&w0=0.3,0.2,-0.1,0.25,0.3") else {
        return;
    };
    let directory = temporary();
    page.eval("explorer.run(100000), document.getElementById('reduced').click(), null");
    let commands = exact_commands(&mut page);
    let bytes = page.eval("explorer.npy()");
    let bytes: Vec<u8> = bytes.as_array().unwrap().iter().map(|byte| byte.as_u64().unwrap() as u8).collect();
    fs::write(directory.path().join("w0.npy"), bytes).unwrap();
    let words = page.text("repeat-text");
    assert!(words.contains("save it as w0.npy"), "{words}");
    assert!(words.contains("Where a run converges, the numbers agree up to rounding"), "{words}");
    assert_eq!(page.eval("document.getElementById('to-the-bit').checkVisibility()"), false);
    for (lane, command) in commands.iter().enumerate() {
        assert!(command.contains("--from w0.npy"), "{command}");
        let theirs = trained(command, directory.path(), &lane.to_string());
        let ours = page.numbers(&format!("explorer.state().lanes[{lane}].c"));
        for (a, b) in ours.into_iter().zip(theirs.into_iter().map(f64::from_bits)) {
            assert!((a - b).abs() < 1e-12, "{command}: {a} {b}");
        }
    }
}

#[test]
fn commands_promise_what_they_can_and_are_not_cut_at_hyphens() {
    let Some(mut page) = open("#m=4&n=6&eta=0.55&reduction=sum&lanes=gd,sgd:2") else { return };
    let words = page.text("repeat-text");
    assert!(words.contains("GD and SGD, b = 2: η_B is not below the threshold"), "{words}");
    page.eval("explorer.change({ eta: 0.1 }), null");
    let words = page.text("repeat-text");
    assert!(words.contains("Where a run converges"), "{words}");
    // The text that is selected is the text that is copied, and each word stands on one line.
    assert_eq!(
        page.eval("document.getElementById('command').textContent === explorer.commands().join('\\n')"),
        true
    );
    page.look(View { width: 390, ..DESK });
    let cut = "[...document.querySelectorAll('#command .word')].filter((word) => word.getClientRects().length > 1).length";
    assert_eq!(page.number(cut), 0.0);
    assert!(page.number("document.querySelectorAll('#command .word').length") > 20.0);
    page.assert_quiet();
}

#[test]
fn an_address_is_the_whole_scene() {
    let Some(mut page) = open(
        "#m=3&n=5&eta=0.11&reduction=sum&activation=relu&norm=0.7&seed=77&lanes=sgd:2:0.9,cyclic:1,gd:3:0.5&speed=3.5&story=4",
    ) else {
        return;
    };
    page.eval("explorer.change({ start: [0.2, 0.3, 0.1, 0.4] }), explorer.run(777), null");
    let state = "JSON.stringify([explorer.state().scene, explorer.state().lanes.map((lane) => [lane.kind, lane.b, lane.momentum, lane.step, ...lane.c])])";
    page.wait("location.hash.includes('w0=0.2,0.3,0.1')");
    let (address, before) = (page.eval("location.hash"), page.eval(state));
    page.go(&super::file(), address.as_str().unwrap());
    page.eval("explorer.run(777), null");
    assert_eq!(page.eval(state), before);
    let lanes =
        "explorer.state().scene.lanes.map(({ kind, b, momentum }) => `${kind} ${b} ${momentum}`).join()";
    assert_eq!(page.eval(lanes), "sgd 2 0.9,cyclic 1 0,gd 3 0.5");
    // Addresses from before there was momentum have none; one beyond its range is brought into it.
    page.go(&super::file(), "#m=5&n=8&lanes=gd,sgd:2,reshuffle:3");
    assert_eq!(page.eval(lanes), "gd 5 0,sgd 2 0,reshuffle 3 0");
    page.go(&super::file(), "#m=5&n=8&lanes=gd:5:7,sgd:2:x,cyclic:1:-1");
    assert_eq!(page.eval(lanes), "gd 5 0.99,sgd 2 0,cyclic 1 0");
    // Nonsense in an address is left out.
    page.go(&super::file(), "#m=x&n=-5&eta=&lanes=adam:3&activation=gelu&w0=1,2");
    assert_eq!(page.eval("explorer.state().scene.lanes.map((lane) => lane.kind).join()"), "gd");
    assert_eq!(page.number("explorer.state().scene.m"), 8.0);
    // What cannot be computed is refused in words, and nothing changes.
    assert_eq!(page.eval("explorer.change({ eta: -1 })"), false);
    let refusal = page.text("refusal");
    assert!(refusal.contains("step size"), "{refusal}");
    assert_eq!(page.number("explorer.state().scene.eta"), 0.2);
    page.assert_quiet();
}
