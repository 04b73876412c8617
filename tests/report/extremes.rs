//! Figures from tables that no run would write: each is drawn, or says why it is not, and soon.

use std::fs;
use std::path::Path;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use puremix::plot::{self, Figure, Look, Sheet, Shown};
use puremix::rng::{Purpose, stream};
use rand::{Rng, RngExt};

use super::{figures, quick};
use crate::common::{binary, refuses, temporary};

/// Time for one figure, which takes a fraction of a second.
const PATIENCE: Duration = Duration::from_secs(60);

const EXTREMES: [&str; 16] = [
    "1e300",
    "-1e300",
    "1.7976931348623157e308",
    "1e-300",
    "5e-324",
    "inf",
    "-inf",
    "NaN",
    "",
    "0",
    "-0.0",
    "-1",
    "1e99",
    "1e-99",
    "1e15",
    "<b>&\u{202e}\u{7}$x^{$",
];

/// Draws a figure from a table on a thread of its own, for the page and, if `in_pixels`, as a PNG, which takes most of the time.
fn draw(figure: &'static dyn Figure, table: &str, what: &str, in_pixels: bool) -> Option<String> {
    let directory = temporary();
    let path = directory.path().join("table.csv");
    fs::write(&path, table).unwrap();
    let sheet = Sheet::read(&path, figure.columns()).unwrap();
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let drawn = figure.show(&sheet).ok().map(|Shown { drawing, caption }| {
            if in_pixels {
                plot::png(&drawing).unwrap();
            }
            (caption, plot::svg(&drawing, figure.id(), Look::Page))
        });
        let _ = sender.send(drawn);
    });
    let drawn = receiver.recv_timeout(PATIENCE).unwrap_or_else(|error| {
        panic!("{} of a table with {what}: {error}\n{}", figure.id(), &table[..table.len().min(2000)])
    });
    let (caption, svg) = drawn?;
    for text in [&caption, &svg] {
        let directs = |c: char| c == '\u{202e}' || c == '\u{7}';
        assert!(!text.contains(directs), "{} of {what} shows a character that directs others", figure.id());
    }
    assert!(!svg.contains("<b>"), "{} of {what} holds markup", figure.id());
    Some(svg)
}

fn lines(run: &Path, figure: &dyn Figure) -> Vec<Vec<String>> {
    let text = fs::read_to_string(run.join(format!("{}.csv", figure.table()))).unwrap();
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(text.as_bytes());
    reader.records().map(|record| record.unwrap().iter().map(String::from).collect()).collect()
}

fn written(lines: &[Vec<String>]) -> String {
    let mut writer = csv::Writer::from_writer(Vec::new());
    lines.iter().for_each(|line| writer.write_record(line).unwrap());
    String::from_utf8(writer.into_inner().unwrap()).unwrap()
}

#[test]
fn figures_of_extremes_are_drawn_or_refused_in_time() {
    for (k, figure) in figures().into_iter().enumerate() {
        let (lines, mut rng) = (lines(quick(), figure), stream(11, Purpose::Protocol, k as u64));
        assert!(draw(figure, &written(&lines), "what was measured", true).is_some());
        // Every column that is drawn, full of one extreme.
        for column in figure.columns() {
            let at = lines[0].iter().position(|name| name == column).unwrap();
            let extreme = EXTREMES[rng.random_range(0..EXTREMES.len())];
            let mut table = lines.clone();
            table[1..].iter_mut().for_each(|line| line[at] = extreme.into());
            draw(figure, &written(&table), &format!("{extreme:?} in {column}"), false);
        }
        // A few cells, and most.
        for share in [0.02, 0.1, 0.7] {
            let mut table = lines.clone();
            for cell in table[1..].iter_mut().flatten() {
                if rng.random::<f64>() < share {
                    *cell = EXTREMES[rng.random_range(0..EXTREMES.len())].into();
                }
            }
            draw(figure, &written(&table), &format!("extremes in {share} of its cells"), true);
        }
    }
}

#[test]
fn figures_of_very_many_rows_are_drawn_or_refused_in_time() {
    for (k, figure) in figures().into_iter().enumerate() {
        let (lines, mut rng) = (lines(quick(), figure), stream(12, Purpose::Protocol, k as u64));
        // Numbers that all differ, beside texts as they were: in all columns, or in one of them.
        let one = rng.random_range(0..lines[0].len());
        let column = (k % 2 == 1).then_some(one);
        let mut table = vec![lines[0].clone()];
        for row in 0..30_000 {
            let mut line = lines[1 + row % (lines.len() - 1)].clone();
            for (at, cell) in line.iter_mut().enumerate() {
                if column.is_none_or(|column| column == at) && cell.parse::<f64>().is_ok() {
                    *cell = (rng.next_u64() >> 11).to_string();
                }
            }
            table.push(line);
        }
        let what = format!("30000 rows, {column:?} of numbers that differ");
        draw(figure, &written(&table), &what, column.is_none());
    }
}

#[test]
fn a_table_that_is_none_of_a_run_is_refused_with_its_place() {
    let directory = temporary();
    let run = directory.path().join("run");
    binary("vanishing_noise").args(["--effort", "quick", "--out"]).arg(&run).unwrap();
    let path = run.join("noise.csv");
    let text = fs::read_to_string(&path).unwrap();
    let place = run.display().to_string();
    let long =
        format!("{text}{}", text.lines().last().unwrap().replacen(',', &format!("{},", "9".repeat(300)), 1));
    fs::write(&path, long).unwrap();
    refuses("reproduce", &["--render", &place], "a field of 30");
    fs::write(&path, format!("{text}{}", format!("{}\n", text.lines().last().unwrap()).repeat(200_000)))
        .unwrap();
    refuses("reproduce", &["--render", &place], "row 200001: a figure is drawn from at most 200000");
    // What is merely absurd is left out.
    let first = text.lines().nth(1).unwrap();
    fs::write(&path, text.replacen(first, &first.replacen("linear", "linear\u{202e}<b>", 1), 1)).unwrap();
    binary("reproduce").args(["--render", &place]).unwrap();
    let page = fs::read_to_string(run.join("report.html")).unwrap();
    assert!(!page.contains('\u{202e}'));
}
