//! One scenario under many orders of events.

use core::fmt;
use core::ops::Range;

use threadbare::Error;

use crate::host::Host;
use crate::single::SingleThread;

/// Runs a scenario once under each of these seeds, on a new seeded [`Host`] each time, and stops at the first that fails.
///
/// The scenario fails by returning an error, or (with feature `std`) by a panic: write what must hold as assertions. One in a
/// closure rejects that closure's task: wait for it, or nobody sees. The scenario polls or waits itself; what is left when it
/// returns is rejected. Returns how many seeds were run.
///
/// # Errors
///
/// The first seed that fails, and how. [`SingleThread::seeded`] with that seed reproduces it.
///
/// ```
/// use std::sync::{Arc, atomic::{AtomicU32, Ordering::Relaxed}};
/// use threadbare::{join, run};
/// use threadbare_single_thread::{Host, explore};
///
/// // Two read, each adds one, both write: a race.
/// let lost_update = |host: &Host| {
///     let count = Arc::new(AtomicU32::new(0));
///     let add = || {
///         let (read, write) = (count.clone(), count.clone());
///         let pool = host.single().pool(2);
///         run(host.worker(), move || read.load(Relaxed)).map(&pool, move |n| write.store(n + 1, Relaxed))
///     };
///     host.wait(join((add(), add())))?;
///     assert_eq!(count.load(Relaxed), 2);
///     Ok(())
/// };
/// let failure = explore(0..1000, lost_update).unwrap_err();
/// let again = explore(failure.seed..failure.seed + 1, lost_update).unwrap_err();
/// assert_eq!(again.seed, failure.seed);
/// ```
pub fn explore(
    seeds: Range<u64>,
    mut scenario: impl FnMut(&Host) -> threadbare::Result<()>,
) -> Result<u64, SeedFailure> {
    let mut run = 0;
    for seed in seeds {
        let host = SingleThread::seeded(seed).host();
        catch(|| scenario(&host)).map_err(|error| SeedFailure { seed, error })?;
        run += 1;
    }
    Ok(run)
}

/// The first seed under which a scenario has failed, and how.
#[derive(Clone)]
#[non_exhaustive]
pub struct SeedFailure {
    /// For [`SingleThread::seeded`].
    pub seed: u64,
    /// What the scenario returned, or the panic.
    pub error: Error,
}

#[cfg(feature = "std")]
fn catch(f: impl FnOnce() -> threadbare::Result<()>) -> threadbare::Result<()> {
    // What the scenario has captured may be seen half-changed by the caller, who is told that it failed.
    match std::panic::catch_unwind(std::panic::AssertUnwindSafe(f)) {
        Ok(outcome) => outcome,
        Err(panic) => Err(Error::from_panic(panic)),
    }
}

#[cfg(not(feature = "std"))]
fn catch(f: impl FnOnce() -> threadbare::Result<()>) -> threadbare::Result<()> {
    f()
}

impl fmt::Display for SeedFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { seed, error } = self;
        write!(f, "seed {seed} fails: {error}")
    }
}

/// What `unwrap` prints.
impl fmt::Debug for SeedFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { seed, error } = self;
        write!(f, "seed {seed} fails: {error:?}\n  again with: SingleThread::seeded({seed})")
    }
}

impl core::error::Error for SeedFailure {}
