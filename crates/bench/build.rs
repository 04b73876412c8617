//! Records what measures: the commit, the compiler, and the version of Burn.

#![forbid(unsafe_code)]

use std::path::Path;
use std::process::Command;

fn main() {
    // What is measured and what measures. A path that is not there, as in a package, would count as changed at every build.
    let git =
        said_by("git", &["rev-parse", "--git-path", "HEAD", "--git-path", "logs/HEAD"]).unwrap_or_default();
    let sources = ["src", "../../src", "../dynamics/src", "../../experiments/peers", "../../Cargo.lock"];
    for path in sources.into_iter().chain(git.lines()).filter(|path| Path::new(path).exists()) {
        println!("cargo::rerun-if-changed={path}");
    }
    record("PUREMIX_GIT_COMMIT", said_by("git", &["describe", "--always", "--dirty", "--abbrev=40"]));
    let rustc = std::env::var("RUSTC").unwrap_or_else(|_| "rustc".into());
    // `rustc 1.95.0 (… …)`
    let version = said_by(&rustc, &["--version"]);
    record("PUREMIX_RUSTC", version.and_then(|text| Some(text.split_whitespace().nth(1)?.into())));
    record("PUREMIX_BURN", locked("burn"));
}

fn record(variable: &str, value: Option<String>) {
    if let Some(value) = value {
        println!("cargo::rustc-env={variable}={value}");
    }
}

/// What a program prints, if it succeeds.
fn said_by(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().into())
}

/// The version of a dependency by the lock file of the package, or else of the workspace.
fn locked(name: &str) -> Option<String> {
    let lock =
        ["Cargo.lock", "../../Cargo.lock"].iter().find_map(|path| std::fs::read_to_string(path).ok())?;
    let mut lines = lock.lines().skip_while(|line| *line != format!("name = \"{name}\""));
    let version = lines.nth(1)?.strip_prefix("version = \"")?.strip_suffix('"')?;
    Some(version.into())
}
