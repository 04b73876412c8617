//! Ctrl-C: the first asks the program to end well, the second ends it.

use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;

use crate::error::{Error, Result};

/// How often a thread that waits looks whether it is asked to end.
pub(crate) const GLANCE: Duration = Duration::from_millis(50);

/// Signals so close together are one: `timeout`, for instance, sends its own twice.
const BURST: Duration = Duration::from_millis(300);

/// What the process has been asked from outside.
#[derive(Clone, Debug)]
pub struct Interrupt {
    signal: Arc<AtomicUsize>,
}

impl Interrupt {
    /// Notes the first Ctrl-C (or SIGTERM) from now on; a second one ends the process at once.
    ///
    /// # Errors
    /// [`Error::Usage`] if the system lets nobody listen.
    pub fn listen() -> Result<Self> {
        let (impatient, signal) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
        for number in [SIGINT, SIGTERM] {
            flag::register_conditional_shutdown(number, 128 + number, impatient.clone())
                .and_then(|_| flag::register_usize(number, signal.clone(), number as usize))
                .map_err(|e| Error::Usage(format!("signals cannot be listened to: {e}")))?;
        }
        let interrupt = Self { signal };
        let listener = interrupt.clone();
        thread::spawn(move || {
            while !listener.is_asked() {
                thread::sleep(GLANCE);
            }
            thread::sleep(BURST);
            impatient.store(true, Ordering::Relaxed);
        });
        Ok(interrupt)
    }

    /// Whether the process should end.
    pub fn is_asked(&self) -> bool {
        self.signal.load(Ordering::Relaxed) != 0
    }

    /// What to exit with if so, as shells count: 128 and the signal's number, so 130 on Ctrl-C.
    pub fn exit_code(&self) -> ExitCode {
        ExitCode::from(128 + self.signal.load(Ordering::Relaxed) as u8)
    }
}
