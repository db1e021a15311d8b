//! A test that hangs must fail, and say which one it was.

use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::time::Duration;

/// How long a test may take. Nothing is decided by it but that a test hangs.
const LIMIT: Duration = Duration::from_secs(60);

/// Aborts the process unless it is dropped in time.
#[must_use = "it watches until it is dropped"]
pub struct Watchdog {
    _alive: Sender<()>,
}

/// Watches over a test from now on.
pub fn watchdog(test: &'static str) -> Watchdog {
    let (alive, watched) = channel();
    std::thread::spawn(move || {
        if watched.recv_timeout(LIMIT) == Err(RecvTimeoutError::Timeout) {
            eprintln!("{test} hangs");
            std::process::abort();
        }
    });
    Watchdog { _alive: alive }
}
