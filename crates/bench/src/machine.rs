//! Where it was measured, and what was.

use std::fs;
use std::path::Path;

use itertools::Itertools;
use puremix::device::Backend;
use serde::Serialize;

/// The machine and the program.
#[derive(Clone, Debug, Serialize)]
pub struct Machine {
    /// Processor, as it calls itself; unknown outside Linux.
    pub processor: Option<String>,
    /// Threads that may run at once.
    pub threads: usize,
    /// Clock in MHz, as the system reports it; unknown outside Linux.
    pub clock_mhz: Option<f64>,
    /// Caches of the first core, by level and kind; none known outside Linux.
    pub caches: Vec<String>,
    /// Vector instructions that the engines choose among.
    pub instruction_sets: Vec<&'static str>,
    /// Operating system and architecture.
    pub system: String,
    /// Version of this crate.
    pub version: &'static str,
    /// Commit of the sources.
    pub git_commit: Option<&'static str>,
    /// Compiler.
    pub rustc: Option<&'static str>,
    /// Version of Burn.
    pub burn: Option<&'static str>,
    /// Backends compiled in.
    pub backends: Vec<&'static str>,
    /// The command line.
    pub command: Vec<String>,
}

impl Machine {
    /// This one.
    pub fn here() -> Self {
        let info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let of_first = |name: &str| {
            let line = info.lines().find_map(|line| line.strip_prefix(name)?.trim_start().strip_prefix(':'));
            line.map(|value| value.trim().to_owned())
        };
        Self {
            processor: of_first("model name"),
            threads: std::thread::available_parallelism().map_or(1, usize::from),
            clock_mhz: of_first("cpu MHz").and_then(|clock| clock.parse().ok()),
            caches: caches(Path::new("/sys/devices/system/cpu/cpu0/cache")),
            instruction_sets: instruction_sets(),
            system: format!("{} {}", std::env::consts::OS, std::env::consts::ARCH),
            version: env!("CARGO_PKG_VERSION"),
            git_commit: option_env!("PUREMIX_GIT_COMMIT"),
            rustc: option_env!("PUREMIX_RUSTC"),
            burn: option_env!("PUREMIX_BURN"),
            backends: Backend::compiled().into_iter().map(Backend::name).collect(),
            command: command(),
        }
    }
}

/// The command line; of the program only its name.
fn command() -> Vec<String> {
    let mut command: Vec<String> =
        std::env::args_os().map(|argument| argument.to_string_lossy().into_owned()).collect();
    if let Some(program) = command.first_mut() {
        let name = Path::new(program.as_str()).file_name().map(|name| name.to_string_lossy().into_owned());
        *program = name.unwrap_or_default();
    }
    command
}

/// Such as `L1 data 32K`.
fn caches(directory: &Path) -> Vec<String> {
    let of = |k: u32| {
        let read = |name: &str| {
            let text = fs::read_to_string(directory.join(format!("index{k}")).join(name)).ok()?;
            Some(text.trim().to_lowercase())
        };
        let (level, kind, size) = (read("level")?, read("type")?, read("size")?.to_uppercase());
        Some(format!("L{level} {kind} {size}").replace(" unified", ""))
    };
    (0..).map_while(of).collect()
}

fn instruction_sets() -> Vec<&'static str> {
    #[allow(unused_mut)]
    let mut found = Vec::new();
    #[cfg(target_arch = "x86_64")]
    {
        let sets = [
            ("avx", is_x86_feature_detected!("avx")),
            ("avx2", is_x86_feature_detected!("avx2")),
            ("fma", is_x86_feature_detected!("fma")),
            ("avx512f", is_x86_feature_detected!("avx512f")),
        ];
        found.extend(sets.into_iter().filter_map(|(name, has)| has.then_some(name)));
    }
    #[cfg(target_arch = "aarch64")]
    if std::arch::is_aarch64_feature_detected!("neon") {
        found.push("neon");
    }
    found
}

impl std::fmt::Display for Machine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let processor = self.processor.as_deref().unwrap_or("unknown processor");
        let clock = self.clock_mhz.map(|clock| format!(" at {clock:.0} MHz")).unwrap_or_default();
        write!(f, "{processor}{clock}, {} threads, {}", self.threads, self.system)?;
        for list in [self.caches.iter().join(", "), self.instruction_sets.iter().join(", ")] {
            if !list.is_empty() {
                write!(f, "; {list}")?;
            }
        }
        write!(f, "\npuremix {}", self.version)?;
        if let Some(commit) = self.git_commit {
            write!(f, " ({commit})")?;
        }
        let unknown = "of an unknown version";
        let (burn, rustc) = (self.burn.unwrap_or(unknown), self.rustc.unwrap_or(unknown));
        write!(f, ", burn {burn} with {}, rustc {rustc}", self.backends.iter().join(", "))?;
        write!(f, "\n{}", self.command.iter().join(" "))
    }
}
