//! The figures of the findings: each is what the archived table draws, and stands with its caption.
//!
//! `DRAW_FIGURES=1` writes those that differ, and prints their captions.

use std::path::Path;
use std::{env, fs};

use puremix::catalogue;
use puremix::plot::{Figure, Look, Sheet, svg};

use crate::book::{links, pages};
use crate::documents::{path, text};

fn figure(id: &str) -> &'static dyn Figure {
    let figures = catalogue::ALL.iter().flat_map(|study| study.figures);
    *figures
        .into_iter()
        .find(|figure| figure.id() == id)
        .unwrap_or_else(|| panic!("no study has the figure {id}"))
}

#[test]
fn figures_of_the_findings_are_drawn_from_the_archive() {
    let mut seen = Vec::new();
    for page in pages().iter().filter(|page| page.starts_with("docs/findings/")) {
        for link in links(page).iter().filter(|link| link.ends_with(".svg")) {
            let file = Path::new(page).with_file_name(link);
            let id = file.file_stem().unwrap().to_str().unwrap();
            let figure = figure(id);
            let tables = ["", "figures/"]
                .map(|folder| path(&format!("experiments/results/standard/{folder}{}.csv", figure.table())));
            let table = tables.iter().find(|table| table.exists()).unwrap_or(&tables[0]);
            let shown = figure.show(&Sheet::read(table, figure.columns()).unwrap()).unwrap();
            let drawn = svg(&shown.drawing, id, Look::File);
            let words = format!("![{}]({link})\n\n> {}\n", figure.title(), shown.caption);
            if env::var_os("DRAW_FIGURES").is_some() {
                fs::write(path(file.to_str().unwrap()), &drawn).unwrap();
                println!("{page}\n{words}");
            } else {
                assert!(
                    text(file.to_str().unwrap()) == drawn,
                    "{link} is not what {} draws",
                    table.display()
                );
                assert!(text(page).contains(&words), "{page} lacks\n{words}");
            }
            seen.push(id.to_string());
        }
    }
    let files = fs::read_dir(path("docs/findings/figures")).unwrap();
    let mut files: Vec<String> =
        files.map(|file| file.unwrap().path().file_stem().unwrap().to_str().unwrap().to_string()).collect();
    files.sort();
    seen.sort();
    assert_eq!(seen, files, "each figure is on one page, and each file is a figure");
}
