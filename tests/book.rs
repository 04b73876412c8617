//! README and book as a whole: links lead somewhere, chapters are listed, blocks say what they are.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use crate::documents::{path, text};

/// README and the chapters, by path from the root of the repository.
pub fn pages() -> Vec<String> {
    let files = |folder: &str| {
        let entries = fs::read_dir(path(folder)).unwrap().map(|entry| entry.unwrap().file_name());
        entries.map(|name| format!("{folder}/{}", name.to_str().unwrap())).collect::<Vec<_>>()
    };
    let mut pages = [files("docs"), files("docs/findings")].concat();
    pages.retain(|page| page.ends_with(".md"));
    pages.push("README.md".into());
    pages.sort();
    pages
}

/// The blocks of a page, each with its language.
pub fn blocks(page: &str) -> Vec<(String, String)> {
    let (mut blocks, mut open) = (Vec::new(), None);
    for line in text(page).lines() {
        match (&mut open, line.trim_start().strip_prefix("```")) {
            (None, Some(language)) => open = Some((language.to_string(), String::new())),
            (Some(_), Some("")) => blocks.extend(open.take()),
            (Some((_, content)), None) => *content += &format!("{line}\n"),
            (None, None) => {}
            (Some(_), Some(line)) => panic!("{page}: a block within a block: {line}"),
        }
    }
    assert!(open.is_none(), "{page}: a block without an end");
    blocks
}

/// A page without its blocks.
fn prose(page: &str) -> String {
    text(page).split("\n```").step_by(2).collect::<Vec<_>>().join("\n")
}

/// The anchors of a page, as GitHub and mdBook derive them from headings.
fn anchors(page: &str) -> BTreeSet<String> {
    let headings = prose(page);
    let titles =
        headings.lines().filter(|line| line.starts_with('#')).map(|line| line.trim_start_matches('#'));
    let slug = |title: &str| {
        let kept = title.trim().chars().filter(|c| c.is_alphanumeric() || " -_".contains(*c));
        kept.flat_map(char::to_lowercase).map(|c| if c == ' ' { '-' } else { c }).collect()
    };
    titles.map(slug).collect()
}

/// Where the links and images of a page lead to, but for those to other sites.
pub fn links(page: &str) -> Vec<String> {
    let targets = prose(page);
    let targets = targets.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    targets.filter(|target| !target.starts_with("https://")).map(str::to_string).collect()
}

#[test]
fn links_lead_somewhere() {
    let mut followed = 0;
    for page in pages().iter().map(String::as_str).chain(["CONTRIBUTING.md"]) {
        let folder = Path::new(page).parent().unwrap();
        for link in links(page) {
            let (file, anchor) = link.split_once('#').unwrap_or((&link, ""));
            let target = if file.is_empty() { page.into() } else { folder.join(file).display().to_string() };
            assert!(path(&target).exists(), "{page}: {link}");
            // The book is rendered without the files around it.
            assert!(!page.starts_with("docs/") || !file.contains(".."), "{page}: {link} leaves the book");
            assert!(anchor.is_empty() || anchors(&target).contains(anchor), "{page}: no heading of {link}");
            followed += 1;
        }
    }
    assert!(followed > 50, "{followed} links");
}

#[test]
fn every_chapter_is_listed() {
    let listed: BTreeSet<String> = links("docs/SUMMARY.md").into_iter().collect();
    let chapters: BTreeSet<String> =
        pages().iter().filter_map(|page| page.strip_prefix("docs/")).map(str::to_string).collect();
    let chapters: BTreeSet<String> = chapters.into_iter().filter(|name| name != "SUMMARY.md").collect();
    assert_eq!(listed, chapters);
}

#[test]
fn blocks_say_what_they_are_and_rust_is_compiled() {
    let library = text("src/lib.rs");
    for page in pages() {
        for (language, _) in blocks(&page) {
            match language.as_str() {
                "sh" | "bash" | "text" | "toml" | "python" | "r" => {}
                "rust" | "rust,no_run" => {
                    assert!(
                        library.contains(&format!("include_str!(\"../{page}\")")),
                        "{page} is not compiled"
                    );
                }
                other => panic!("{page}: a block in `{other}`"),
            }
        }
    }
}

#[test]
fn the_notation_is_that_of_the_crate() {
    let rows = |page: &str, prefix: &str| -> Vec<String> {
        let lines = text(page)
            .lines()
            .filter_map(|line| line.strip_prefix(prefix))
            .map(str::to_string)
            .collect::<Vec<_>>();
        let start = lines.iter().position(|line| line.starts_with("| paper |")).unwrap();
        lines[start..]
            .iter()
            .take_while(|line| line.starts_with('|'))
            .map(|line| line.replace(['[', ']'], ""))
            .collect()
    };
    let (crate_rows, book_rows) = (rows("src/lib.rs", "//! "), rows("docs/notation.md", ""));
    assert!(crate_rows.len() > 15);
    assert_eq!(crate_rows, book_rows);
}

#[test]
fn the_readme_is_short() {
    assert!(text("README.md").lines().count() <= 150);
}
