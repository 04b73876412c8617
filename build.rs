//! Records the commit that is being built, for `config.json` and `report.json`.

#![forbid(unsafe_code)]

use std::path::Path;
use std::process::Command;

fn main() {
    // `describe --dirty` depends on every tracked file; sources and the log of HEAD are close enough (the index changes
    // with every `git status`). A path that is not there, as in a package, would count as changed at every build.
    let git =
        said_by("git", &["rev-parse", "--git-path", "HEAD", "--git-path", "logs/HEAD"]).unwrap_or_default();
    let sources = ["src", "crates/dynamics/src", "Cargo.toml", "Cargo.lock"];
    for path in sources.into_iter().chain(git.lines()).filter(|path| Path::new(path).exists()) {
        println!("cargo::rerun-if-changed={path}");
    }
    if let Some(commit) = said_by("git", &["describe", "--always", "--dirty", "--abbrev=40"]) {
        println!("cargo::rustc-env=PUREMIX_GIT_COMMIT={commit}");
    }
}

/// What a program prints, if it succeeds.
fn said_by(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().into())
}
