//! Who may know whom: read off the tokens of the sources, so that comments and texts do not count.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use pathfinding::directed::strongly_connected_components::strongly_connected_components;
use proc_macro2::{Delimiter, TokenStream, TokenTree};

use crate::documents::path;

fn sources(path: &Path) -> Vec<PathBuf> {
    if path.is_file() {
        return vec![path.into()];
    }
    let inside = fs::read_dir(path).unwrap().flat_map(|entry| sources(&entry.unwrap().path()));
    inside.filter(|file| file.extension().is_some_and(|extension| extension == "rs")).collect()
}

/// The modules of the same crate that code names as `crate::…`, but for those that only its tests do.
fn imports(code: TokenStream) -> BTreeSet<String> {
    let tokens: Vec<TokenTree> = code.into_iter().collect();
    let is =
        |k: usize, text: &str| tokens.get(k).is_some_and(|token| token.to_string().replace(' ', "") == text);
    let (mut found, mut k) = (BTreeSet::new(), 0);
    while k < tokens.len() {
        if is(k, "#") && is(k + 1, "[cfg(test)]") {
            // What is left out ends with its braces, or with a semicolon.
            let ends = |token: &TokenTree| match token {
                TokenTree::Group(group) => group.delimiter() == Delimiter::Brace,
                token => token.to_string() == ";",
            };
            k += 2 + tokens[k + 2..].iter().position(ends).unwrap_or(0);
        } else if is(k, "crate") && is(k + 1, ":") && is(k + 2, ":") {
            match &tokens[k + 3] {
                TokenTree::Group(group) => {
                    let items: Vec<TokenTree> = group.stream().into_iter().collect();
                    let items = items.split(|token| token.to_string() == ",");
                    found.extend(items.filter_map(|item| Some(item.first()?.to_string())));
                }
                token => found.extend([token.to_string()]),
            }
        } else if let TokenTree::Group(group) = &tokens[k] {
            found.extend(imports(group.stream()));
        }
        k += 1;
    }
    found
}

/// The modules that the files below `room` import, with one of the files that does.
fn known(room: &Path) -> BTreeMap<String, PathBuf> {
    let files = sources(room);
    assert!(!files.is_empty(), "{}", room.display());
    let of = |file: PathBuf| {
        let code: TokenStream = fs::read_to_string(&file).unwrap().parse().unwrap();
        imports(code).into_iter().map(move |name| (name, file.clone())).collect::<Vec<_>>()
    };
    files.into_iter().flat_map(of).collect()
}

#[test]
fn every_form_of_import_is_noticed() {
    let code = r#"
        use crate::engine::{self, Engine}; use crate::{train, measure::alignment};
        /// crate::comment
        fn f() { println!("crate::text {}", crate::job::go()); }
        macro_rules! m { () => { $crate::macros::n!() } }
        #[cfg(test)] mod tests { use crate::only_tests; }
        #[cfg(test)] use crate::only_tests;
        #[cfg(feature = "x")] use crate::gated;
    "#;
    let found = imports(code.parse().unwrap());
    assert_eq!(
        found.into_iter().collect::<Vec<_>>(),
        ["engine", "gated", "job", "macros", "measure", "train"]
    );
}

#[test]
fn no_rooms_know_each_other_in_a_circle() {
    for (source, least) in [("src", 20), ("crates/dynamics/src", 12), ("crates/bench/src", 9)] {
        let rooms = fs::read_dir(path(source)).unwrap().map(|entry| entry.unwrap().path());
        let rooms: BTreeMap<String, BTreeMap<String, PathBuf>> = rooms
            .map(|path| (path.file_stem().unwrap().to_string_lossy().into_owned(), known(&path)))
            .filter(|(name, _)| !["lib", "main"].contains(&name.as_str()))
            .collect();
        let names: Vec<&String> = rooms.keys().collect();
        assert!(names.len() > least && rooms.values().filter(|known| !known.is_empty()).count() > least / 2);
        let successors = |room: &&String| {
            let known = rooms[*room].keys().filter_map(|name| rooms.get_key_value(name));
            known.map(|(name, _)| name).filter(|name| name != room).collect::<Vec<_>>()
        };
        for circle in strongly_connected_components(&names, successors) {
            let (rooms, circle) = (&rooms, &circle);
            let imports = circle.iter().flat_map(move |room| {
                let known =
                    rooms[*room].iter().filter(move |(name, _)| circle.contains(name) && name != room);
                known.map(|(name, file)| format!("{} imports {name}", file.display()))
            });
            assert_eq!(circle.len(), 1, "{}", imports.collect::<Vec<_>>().join("\n"));
        }
    }
}

#[test]
fn theory_has_never_seen_an_engine() {
    let meets = |room: &str, strangers: &[&str]| {
        let known = known(&path(room));
        strangers
            .iter()
            .find_map(|stranger| known.get(*stranger).map(|file| format!("{stranger} in {}", file.display())))
    };
    // Both lie in `puremix-dynamics`; that they have seen neither Burn nor a claim is the compiler's to hold.
    assert_eq!(meets("crates/dynamics/src/theory", &["engine", "reduced"]), None);
    assert_eq!(meets("crates/dynamics/src/reduced", &["theory"]), None);
    for room in ["src/engine", "src/train", "src/measure", "src/model", "src/data"] {
        assert_eq!(meets(room, &["theory", "claims", "explorations"]), None, "{room}");
    }
    // A page and a figure are told what they show.
    for room in ["src/plot", "src/report", "src/study", "src/runner"] {
        assert_eq!(meets(room, &["claims", "explorations", "catalogue"]), None, "{room}");
    }
    assert!(meets("src/claims", &["theory"]).is_some());
}

#[test]
fn only_device_rs_names_backends() {
    for file in sources(&path("src")) {
        let text = fs::read_to_string(&file).unwrap();
        if !file.ends_with("device.rs") {
            for name in
                ["Device::flex", "Device::ndarray", "Device::wgpu", "Device::cuda", "feature = \"flex\""]
            {
                assert!(!text.contains(name), "{} names {name}", file.display());
            }
        }
    }
}

fn says_unsafe(code: TokenStream) -> bool {
    code.into_iter().any(|token| match token {
        TokenTree::Ident(name) => name == "unsafe",
        TokenTree::Group(group) => says_unsafe(group.stream()),
        _ => false,
    })
}

/// Two allocators that count, and the names that the explorable page calls. What is built from the other roots forbids it as well.
#[test]
fn unsafe_code_is_where_it_must_be() {
    let rooms = ["src", "crates", "experiments", "examples", "tests", "fuzz/src", "fuzz/targets"];
    let files = rooms.iter().flat_map(|room| sources(&path(room)));
    let unsafe_files: BTreeSet<PathBuf> =
        files.filter(|file| says_unsafe(fs::read_to_string(file).unwrap().parse().unwrap())).collect();
    let expected = ["crates/bench/src/memory.rs", "crates/explorer/src/abi.rs", "tests/common/allocator.rs"];
    assert_eq!(unsafe_files, expected.iter().map(|file| path(file)).collect());
}
