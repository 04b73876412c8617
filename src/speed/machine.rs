//! Where it was measured.

use std::fs;

use serde::Serialize;

/// The machine and the program.
#[derive(Clone, Debug, Serialize)]
pub struct Machine {
    /// Processor, as it calls itself; unknown outside Linux.
    pub processor: Option<String>,
    /// Threads that may run at once.
    pub threads: usize,
    /// Operating system and architecture.
    pub system: String,
    /// Version of this crate.
    pub version: &'static str,
    /// Commit of the sources.
    pub git_commit: Option<&'static str>,
}

impl Machine {
    /// This one.
    pub fn here() -> Self {
        let info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let model = info.lines().find_map(|line| line.strip_prefix("model name")?.split_once(':'));
        Self {
            processor: model.map(|(_, name)| name.trim().to_owned()),
            threads: std::thread::available_parallelism().map_or(1, usize::from),
            system: format!("{} {}", std::env::consts::OS, std::env::consts::ARCH),
            version: env!("CARGO_PKG_VERSION"),
            git_commit: option_env!("PUREMIX_GIT_COMMIT"),
        }
    }
}

impl std::fmt::Display for Machine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { processor, threads, system, version, git_commit } = self;
        let processor = processor.as_deref().unwrap_or("unknown processor");
        write!(f, "{processor}, {threads} threads, {system}; puremix {version}")?;
        git_commit.map_or(Ok(()), |commit| write!(f, " ({commit})"))
    }
}

/// A quantity of memory of this process in bytes, by its name in `/proc/self/status`; `None` outside Linux.
fn memory(name: &str) -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
    let kilobytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(1024 * kilobytes)
}

/// Most memory this process ever held, in bytes; `None` outside Linux.
pub(super) fn peak_memory() -> Option<u64> {
    memory("VmHWM")
}

/// Memory this process holds, in bytes; `None` outside Linux.
pub(super) fn memory_now() -> Option<u64> {
    memory("VmRSS")
}
