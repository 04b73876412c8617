//! Signals: the first asks the program to end well, the second ends it.

use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

#[cfg(unix)]
use signal_hook::consts::{SIGHUP, SIGUSR1, SIGUSR2, SIGXCPU, SIGXFSZ};
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;

use crate::error::{Error, Result};

/// How often a thread that waits looks whether it is asked to end.
pub(crate) const POLL_INTERVAL: Duration = Duration::from_millis(50);

/// Signals so close together are one: `timeout`, for instance, sends its own twice.
const BURST: Duration = Duration::from_millis(300);

/// What the process has been asked from outside.
#[derive(Clone, Debug)]
pub struct Interrupt {
    signal: Arc<AtomicUsize>,
}

impl Interrupt {
    /// Notes the first signal from now on: Ctrl-C, SIGTERM, a terminal that is closed (SIGHUP, unless `nohup` has it ignored), and what schedulers
    /// send before a time limit (SIGUSR1, SIGUSR2, SIGXCPU), or when a file may not grow (SIGXFSZ). A second one ends the process at once.
    ///
    /// # Errors
    /// [`Error::Usage`] if the system lets nobody listen.
    pub fn listen() -> Result<Self> {
        let (impatient, signal) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
        for number in asking() {
            flag::register_conditional_shutdown(number, 128 + number, impatient.clone())
                .and_then(|_| flag::register_usize(number, signal.clone(), number as usize))
                .map_err(|e| Error::Usage(format!("signals cannot be listened to: {e}")))?;
        }
        let interrupt = Self { signal };
        let listener = interrupt.clone();
        let after_burst = impatient.clone();
        let patience = thread::Builder::new().spawn(move || {
            while !listener.is_requested() {
                thread::sleep(POLL_INTERVAL);
            }
            thread::sleep(BURST);
            after_burst.store(true, Ordering::Relaxed);
        });
        // Without a thread to tell a burst from a second signal, every second one counts.
        if patience.is_err() {
            impatient.store(true, Ordering::Relaxed);
        }
        Ok(interrupt)
    }

    /// Whether the process should end.
    pub fn is_requested(&self) -> bool {
        self.signal.load(Ordering::Relaxed) != 0
    }

    /// What to exit with if so, as shells count: 128 and the signal's number, so 130 on Ctrl-C.
    pub fn exit_code(&self) -> ExitCode {
        ExitCode::from(128 + self.signal.load(Ordering::Relaxed) as u8)
    }
}

/// The signals that ask for an end.
#[cfg(unix)]
fn asking() -> Vec<i32> {
    let mut signals = vec![SIGINT, SIGTERM, SIGUSR1, SIGUSR2, SIGXCPU, SIGXFSZ];
    if !is_ignored(SIGHUP) {
        signals.push(SIGHUP);
    }
    signals
}

#[cfg(not(unix))]
fn asking() -> Vec<i32> {
    vec![SIGINT, SIGTERM]
}

/// Whether the process was started with a signal ignored, as far as the system tells: in `/proc`, as a hexadecimal mask.
#[cfg(unix)]
fn is_ignored(signal: i32) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok())
        .is_some_and(|mask| mask >> (signal - 1) & 1 == 1)
}
