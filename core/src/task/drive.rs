//! The loop that carries outcomes along a chain: it is a loop so that no chain is recursion.

use core::ptr::NonNull;

use super::bell::{Bell, Settlements, ring};
use super::cell::{Header, Settled, fire};
use super::state::{AfterSettle, Consumer};
use crate::frames::{Frames, QueueId};
use crate::nesting::{Level, PutOff};
use crate::runnable::Runnable;

/// Where a chain begins.
pub(crate) enum First {
    /// A cell that has an outcome, to be announced.
    Settled(Settled),
    /// A continuation whose source is settled.
    Fire(NonNull<Header>),
    /// A bell whose task had settled when it was attached.
    Ring(NonNull<Bell>, Settled),
}

/// Runs a runnable's cell inside its queue's context, by `execute`, which owns it, and goes on with what follows.
#[inline]
pub(crate) fn run(frames: Frames<'_>, queue: QueueId, execute: impl FnOnce() -> Option<Settled>) {
    let level = Level::enter();
    frames.within(queue, |frames| follow(execute(), frames, &level));
    finish(frames, &level);
}

/// Goes on with `first`, and with everything that follows on this thread. The caller has charge of it, and leaves it.
pub(crate) fn drive(frames: Frames<'_>, first: First) {
    let level = Level::enter();
    match first {
        First::Settled(settled) => follow(Some(settled), frames, &level),
        First::Ring(bell, settled) => {
            let mut rung = Settlements::new();
            // SAFETY: the caller owns the settled task, in its producer's stead.
            unsafe { ring(bell, settled, &mut rung) };
            while let Some(settled) = rung.pop() {
                follow(Some(settled), frames, &level);
            }
        }
        First::Fire(cell) if level.is_too_deep() => put_off(cell),
        // SAFETY: the caller has charge of the continuation.
        First::Fire(cell) => follow(unsafe { fire(cell, frames) }, frames, &level),
    }
    finish(frames, &level);
}

/// At the outermost level, does what the deeper ones have put off.
fn finish(frames: Frames<'_>, level: &Level) {
    while let Some(work) = level.resume() {
        resume(work, frames, level);
    }
}

/// Announces the task of work that was given up, and goes on with what follows on this thread: at once, or if that would be
/// too deep, later.
pub(crate) fn announce(settled: Settled) {
    if Level::next_is_too_deep() {
        // SAFETY: there is an outermost level, and whoever has an outcome that is not announced has charge of its cell.
        unsafe { Level::put_off(&PutOff::Announce(settled.into_header().cast())) };
    } else {
        drive(crate::frames::current(), First::Settled(settled));
    }
}

/// Does one of the things that were put off on this thread, where continuations had started too deep inside of each other;
/// `false` if there was none.
///
/// The outermost work does them when it returns, and waits do. It is for a processor whose thread goes on with its queue inside
/// of other work, in a loop of its own: what it is to come out for may be among them.
///
/// ```
/// use threadbare::{Immediate, promise, resume_one, run};
///
/// let (promises, tasks): (Vec<_>, Vec<_>) = (0..30).map(|_| promise::<()>()).unzip();
/// let mut promises = promises.into_iter();
/// let first = promises.next().expect("there are thirty");
/// for (promise, task) in promises.zip(tasks) {
///     task.map(&Immediate, |()| promise.resolve(())).detach(); // each settles the next
/// }
/// run(&Immediate, move || {
///     first.resolve(());
///     let mut resumed = 0;
///     while resume_one() {
///         resumed += 1;
///     }
///     assert!(resumed > 0);
/// })
/// .wait()?;
/// # Ok::<(), threadbare::Error>(())
/// ```
#[cfg(feature = "std")]
pub fn resume_one() -> bool {
    let Some(work) = crate::nesting::take_put_off() else {
        return false;
    };
    resume(work, crate::frames::current(), &Level::enter());
    true
}

fn resume(work: PutOff, frames: Frames<'_>, level: &Level) {
    match work {
        // SAFETY: whoever put it off had charge of it, and left it; it was a cell's header, which starts with its node.
        PutOff::Fire(node) => follow(unsafe { fire(node.cast(), frames) }, frames, level),
        // SAFETY: as above.
        PutOff::Run(node) => unsafe { Runnable::from_node(node) }.run_within(frames),
        // SAFETY: as above.
        PutOff::Announce(node) => follow(Some(unsafe { Settled::new(node.cast()) }), frames, level),
        // SAFETY: as above.
        PutOff::Discard(node) => follow(unsafe { Runnable::from_node(node) }.give_up(false, None), frames, level),
    }
}

/// Announces an outcome, then that of the consumer, and so on, until one is not there yet or nobody waits for it. A bell
/// may have settled several tasks: then each in turn.
fn follow(first: Option<Settled>, frames: Frames<'_>, level: &Level) {
    let mut later = Settlements::new();
    let mut next = first;
    while let Some(settled) = next.or_else(|| later.pop()) {
        next = match settled.header().state.settle() {
            AfterSettle::Keep => {
                // The consumer owns the cell from here on, and may have freed it.
                None
            }
            AfterSettle::Discard => {
                settled.discard();
                None
            }
            AfterSettle::Deliver(Consumer::Forward(target)) => {
                // SAFETY: the consumer has spoken, which makes us owner of the settled cell and producer of the target,
                // which settles with the same type.
                Some(unsafe { settled.forward(target) })
            }
            AfterSettle::Deliver(Consumer::Bell(bell)) => {
                // SAFETY: likewise, of the bell's task.
                unsafe { ring(bell, settled, &mut later) };
                None
            }
            AfterSettle::Deliver(Consumer::Child(child)) => {
                // SAFETY: likewise; a child that has been attached waits for its producer, us.
                unsafe { child.as_ref().set_source(settled) };
                if level.is_too_deep() {
                    put_off(child);
                    None
                } else {
                    // SAFETY: as above.
                    unsafe { fire(child, frames) }
                }
            }
        };
    }
}

fn put_off(cell: NonNull<Header>) {
    // SAFETY: the caller's level is too deep, and it has charge of the continuation.
    unsafe { Level::put_off(&PutOff::Fire(cell.cast())) };
}
