//! Records the commit that is being built, for `config.json`.

use std::process::Command;

fn main() {
    // `describe --dirty` depends on every tracked file; sources and the index are close enough.
    for path in ["src", "experiments", "Cargo.toml", ".git/HEAD", ".git/index"] {
        println!("cargo::rerun-if-changed={path}");
    }
    let describe = Command::new("git").args(["describe", "--always", "--dirty", "--abbrev=40"]).output();
    if let Ok(output) = describe
        && output.status.success()
    {
        println!("cargo::rustc-env=PUREMIX_GIT_COMMIT={}", String::from_utf8_lossy(&output.stdout).trim());
    }
}
