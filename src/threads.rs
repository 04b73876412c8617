//! The threads that share the work: one pool for the whole process, of engines and tensor operations alike.

use std::num::NonZero;
use std::sync::mpsc::{self, Sender};
use std::thread::{self, JoinHandle};

use rayon::{ThreadBuilder, ThreadPoolBuilder};

use crate::error::{Error, Result};

/// The environment variable that says how many threads there shall be; the number of processors if it is unset, empty or 0.
const VARIABLE: &str = "RAYON_NUM_THREADS";

/// Most threads.
const MAX: usize = 1024;

/// Threads left to a process that may not have as many as it wants: for signals, progress and the examination of claims.
const SPARE: usize = 3;

/// Starts the pool, with fewer threads where the system refuses some. Results do not depend on their number.
///
/// Threads are started first and handed to the pool then: a pool that fails to start some would never work again.
///
/// # Errors
/// [`Error::Usage`] if `RAYON_NUM_THREADS` is no number or beyond 1024, or if the system refuses every thread.
pub fn start() -> Result<()> {
    let wanted = wanted(std::env::var(VARIABLE).ok().as_deref())?;
    let mut waiting: Vec<(Sender<ThreadBuilder>, JoinHandle<()>)> = Vec::new();
    let mut refusal = None;
    while waiting.len() < wanted && refusal.is_none() {
        let (sender, receiver) = mpsc::channel();
        let work = move || receiver.recv().into_iter().for_each(ThreadBuilder::run);
        match thread::Builder::new().spawn(work) {
            Ok(thread) => waiting.push((sender, thread)),
            Err(error) => refusal = Some(error),
        }
    }
    if let Some(error) = refusal {
        if waiting.is_empty() {
            return Err(Error::Usage(format!("the system starts no thread: {error}")));
        }
        let kept = waiting.len().saturating_sub(SPARE).max(1);
        for (sender, thread) in waiting.drain(kept..) {
            drop(sender);
            // It has ended when others are started in its place.
            let _ = thread.join();
        }
    }
    let pool = ThreadPoolBuilder::new().num_threads(waiting.len()).spawn_handler(|worker| {
        let (sender, _) = waiting.pop().expect("as many as the pool has workers");
        sender.send(worker).map_err(|_| std::io::Error::other("a thread has ended"))
    });
    // It fails only if there is a pool already, which does as well.
    let _ = pool.build_global();
    Ok(())
}

/// How many threads there shall be.
fn wanted(variable: Option<&str>) -> Result<usize> {
    let refuse =
        |reason: &str| Err(Error::Usage(format!("{VARIABLE}={}: {reason}", variable.unwrap_or_default())));
    match variable.filter(|text| !text.is_empty()).map(str::parse::<usize>) {
        None | Some(Ok(0)) => Ok(thread::available_parallelism().map_or(1, NonZero::get).min(MAX)),
        Some(Ok(threads)) if threads <= MAX => Ok(threads),
        Some(Ok(_)) => refuse(&format!("at most {MAX} threads are started")),
        Some(Err(_)) => refuse("this is no number of threads"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn absurd_numbers_of_threads_are_refused() {
        for (text, reason) in [
            ("100000", "RAYON_NUM_THREADS=100000: at most 1024 threads are started"),
            ("18446744073709551616", "this is no number of threads"),
            ("-1", "this is no number of threads"),
            ("two", "this is no number of threads"),
        ] {
            let message = wanted(Some(text)).unwrap_err().to_string();
            assert!(message.contains(reason), "{message}");
        }
        assert_eq!(wanted(Some("1024")).unwrap(), 1024);
        let processors = wanted(None).unwrap();
        assert!(processors >= 1);
        assert_eq!((wanted(Some("")).unwrap(), wanted(Some("0")).unwrap()), (processors, processors));
    }

    #[test]
    fn a_second_start_keeps_the_pool() {
        start().unwrap();
        let threads = rayon::current_num_threads();
        start().unwrap();
        assert_eq!(rayon::current_num_threads(), threads);
    }
}
