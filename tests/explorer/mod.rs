//! The explorable page in a real browser: what its chapters promise, the numbers of `train` to the bit, hands and keys, phones and the dark.
//!
//! `EXPLORER_PAGE` names another file than the one that is committed: CI tests the page that it has built, too.

mod chapters;
mod craft;
mod devtools;
mod exact;
mod hands;

use std::path::PathBuf;

use self::devtools::{DESK, Page};
use crate::common::browser;

fn file() -> PathBuf {
    let committed = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/explorer.html");
    std::env::var_os("EXPLORER_PAGE").map_or_else(|| committed.into(), PathBuf::from)
}

/// The page at an address, on a desk and without motion of its own; none without a browser.
fn open(address: &str) -> Option<Page> {
    browser().map(|browser| Page::open(browser, &file(), address, DESK))
}
