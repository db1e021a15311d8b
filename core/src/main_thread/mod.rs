//! The main thread: its queue seen from anywhere, and the proof of being on it.

mod bound;
mod proof;

use alloc::boxed::Box;
#[cfg(feature = "std")]
use core::cell::Cell;
use core::fmt;

use crate::batch::Batch;
use crate::error::Error;
use crate::frames::{self, Budget, Frames};
#[cfg(feature = "std")]
use crate::help::{Help, Outlook};
use crate::inbox::{Inbox, Pushed};
use crate::runnable::Runnable;
use crate::schedule::{Refused, Schedule, id, sealed};
use crate::sync::{Arc, AtomicUsize, Ordering, UnsafeCell};
use crate::worker::Worker;

pub use bound::MainBound;
pub use proof::MainThread;

/// Some thread has entered first, or is about to be known as the one.
const CLAIMED: usize = 1;
/// `home` says which thread.
const KNOWN: usize = 2;
/// There is a `MainThread`.
const ATTENDED: usize = 4;
/// The system is gone.
const RELEASED: usize = 8;

/// The main thread's queue, seen from anywhere: a context that runs closures on the main thread, when it dispatches.
///
/// Clones are the same queue. A `Main` refers to the queue and does not keep it open: it is closed when the main thread
/// leaves, that is, drops its last [`MainThread`], or when no thread has entered and the last
/// [`AsyncSystem`](crate::AsyncSystem) is gone. What it holds then is rejected with
/// [`Closed`](crate::ErrorKind::Closed), and so is what comes later.
#[derive(Clone)]
pub struct Main(Arc<MainShared>);

pub(crate) struct MainShared {
    inbox: Inbox,
    /// See the bits above.
    presence: AtomicUsize,
    /// Written once, before KNOWN is set.
    home: UnsafeCell<Option<Home>>,
    /// The main thread's alone.
    desk: UnsafeCell<Desk>,
    hook: Option<Box<dyn Fn() + Send + Sync>>,
    worker: Option<Worker>,
}

/// What tells the main thread from others, and wakes it.
#[cfg(feature = "std")]
type Home = crate::sync::thread::Thread;
#[cfg(not(feature = "std"))]
struct Home;

/// What the main thread has before it.
struct Desk {
    /// Taken from the inbox and not yet run. A wait that is nested in a dispatch goes on with it.
    ready: Batch,
    /// How many runnables were taken from the inbox, ever, and from `ready`.
    arrived: usize,
    left: usize,
    proofs: usize,
    /// While there is a proof: for waits on this thread that know nothing of it, the queue and the next of its kind.
    #[cfg(feature = "std")]
    entered: Option<(Main, *const MainShared)>,
}

impl Desk {
    /// Is there something left of what had arrived when that many had?
    fn is_before(&self, end: usize) -> bool {
        // A nested dispatch may have gone past the end; the counters may wrap.
        !self.ready.is_empty() && end.wrapping_sub(self.left).cast_signed() > 0
    }
}

// SAFETY: the desk is for the main thread alone: it is reached through `MainThread`, which stays there, and through that
// thread's own list. `home` is written before KNOWN says so, and then only read.
unsafe impl Send for MainShared {}
// SAFETY: as above.
unsafe impl Sync for MainShared {}

#[cfg(feature = "std")]
crate::sync::local! {
    static MAINS: Cell<*const MainShared> = Cell::new(core::ptr::null());
}

/// The main queues whose main thread this is, as the first of a list through `MainShared`.
#[cfg(feature = "std")]
fn mains() -> *const MainShared {
    MAINS.try_with(Cell::get).unwrap_or(core::ptr::null())
}

#[cfg(feature = "std")]
fn set_mains(first: *const MainShared) {
    _ = MAINS.try_with(|mains| mains.set(first));
}

impl Main {
    pub(crate) fn new(hook: Option<Box<dyn Fn() + Send + Sync>>, worker: Option<Worker>) -> Self {
        Self(Arc::new(MainShared {
            inbox: Inbox::new(),
            presence: AtomicUsize::new(0),
            home: UnsafeCell::new(None),
            desk: UnsafeCell::new(Desk {
                ready: Batch::new(),
                arrived: 0,
                left: 0,
                proofs: 0,
                #[cfg(feature = "std")]
                entered: None,
            }),
            hook,
            worker,
        }))
    }

    /// Gives the calling thread the proof of being the main thread, if it is.
    ///
    /// The first thread to enter is the main thread for good; on any other this is `None`. On that thread it can be
    /// called again, also from inside of main work, and after the last proof was dropped, which opens the queue again.
    /// (Without feature `std` threads cannot be told apart, so only the first call gets a proof.)
    pub fn enter(&self) -> Option<MainThread> {
        if !self.is_home(sealed::Core) {
            let shared = &*self.0;
            // ORDERING: Relaxed: it picks one, and the others leave.
            if shared.presence.fetch_or(CLAIMED, Ordering::Relaxed) & CLAIMED != 0 {
                return None;
            }
            // SAFETY: only the first to claim gets here, and nobody reads it before KNOWN.
            shared.home.with_mut(|home| unsafe { *home = Some(current()) });
            // ORDERING: Release publishes `home` to `is_home`.
            shared.presence.fetch_or(KNOWN, Ordering::Release);
        }
        // SAFETY: this is the main thread.
        Some(unsafe { self.attest() })
    }

    /// Another proof.
    ///
    /// # Safety
    ///
    /// The calling thread is the main thread.
    pub(crate) unsafe fn attest(&self) -> MainThread {
        // SAFETY: as the caller says.
        let proofs = unsafe {
            self.desk(|desk| {
                desk.proofs += 1;
                desk.proofs
            })
        };
        if proofs == 1 {
            self.attend();
        }
        MainThread::new(self.clone())
    }

    /// The first proof is there.
    fn attend(&self) {
        // ORDERING: Relaxed: with the one in `release` it decides which of the two sees the other, and publishes nothing.
        if self.0.presence.fetch_or(ATTENDED, Ordering::Relaxed) & RELEASED == 0 {
            self.0.inbox.reopen();
        }
        #[cfg(feature = "std")]
        {
            let next = mains();
            set_mains(Arc::as_ptr(&self.0));
            // SAFETY: this is the main thread.
            unsafe { self.desk(|desk| desk.entered = Some((self.clone(), next))) };
        }
    }

    /// The last proof is gone.
    fn leave(&self) {
        #[cfg(feature = "std")]
        self.unlist();
        // ORDERING: Relaxed, as in `attend`.
        self.0.presence.fetch_and(!ATTENDED, Ordering::Relaxed);
        // SAFETY: this is the main thread.
        let ready = unsafe { self.desk(|desk| core::mem::take(&mut desk.ready)) };
        for runnable in ready.chain(self.0.inbox.close()) {
            runnable.discard_at_home();
        }
    }

    /// Takes the queue out of this thread's list.
    #[cfg(feature = "std")]
    fn unlist(&self) {
        // SAFETY: this is the main thread of every queue in its list, and those are alive: each list entry is a handle.
        let entered = unsafe {
            let entered = self.desk(|desk| desk.entered.take());
            let next = entered.as_ref().map_or(core::ptr::null(), |(_, next)| *next);
            let own = Arc::as_ptr(&self.0);
            if mains() == own {
                set_mains(next);
            } else {
                let mut place = mains();
                while let Some(shared) = place.as_ref() {
                    place = shared.desk.with_mut(|desk| match &mut (*desk).entered {
                        Some((_, after)) if *after == own => {
                            *after = next;
                            core::ptr::null()
                        }
                        Some((_, after)) => *after,
                        None => core::ptr::null(),
                    });
                }
            }
            entered
        };
        drop(entered);
    }

    /// The last system is gone: unless there is a main thread that will see to it, nobody will.
    pub(crate) fn release(&self) {
        // ORDERING: Relaxed, as in `attend`.
        if self.0.presence.fetch_or(RELEASED, Ordering::Relaxed) & ATTENDED == 0 {
            drop(self.0.inbox.close());
        }
    }

    /// Calls `visit` with each queue that the calling thread is the main thread of, until it says `false`.
    #[cfg(feature = "std")]
    pub(crate) fn each_entered(mut visit: impl FnMut(&Main, &dyn Help) -> bool) {
        let mut next = mains();
        while !next.is_null() {
            // SAFETY: what is in this thread's list is alive, and this thread's; the handle keeps it so through `visit`.
            let entered = unsafe { (*next).desk.with(|desk| (*desk).entered.clone()) };
            let Some((main, _)) = entered else { return };
            if !visit(&main, &Attendant(&main)) {
                return;
            }
            // Read after the visit, which may have run user code, and that may have left.
            // SAFETY: this is the main thread.
            next = unsafe { main.desk(|desk| desk.entered.as_ref().map_or(core::ptr::null(), |(_, after)| *after)) };
        }
    }

    pub(crate) fn worker(&self) -> Option<&Worker> {
        self.0.worker.as_ref()
    }

    /// # Safety
    ///
    /// The calling thread is the main thread. `f` runs no user code, and does not come back here.
    unsafe fn desk<R>(&self, f: impl FnOnce(&mut Desk) -> R) -> R {
        // SAFETY: so only this borrow exists.
        self.0.desk.with_mut(|desk| f(unsafe { &mut *desk }))
    }

    /// Takes in what has arrived; returns the number of the last arrival.
    ///
    /// # Safety
    ///
    /// The calling thread is the main thread.
    unsafe fn collect(&self) -> usize {
        // SAFETY: as the caller says.
        unsafe {
            if !self.0.inbox.is_empty() {
                let batch = self.0.inbox.take();
                self.desk(|desk| {
                    desk.arrived = desk.arrived.wrapping_add(batch.len());
                    desk.ready.append(batch);
                });
            }
            self.desk(|desk| desk.arrived)
        }
    }

    /// Calls `f` inside the main context.
    fn inside<R>(&self, budget: Option<&Budget<'_>>, f: impl FnOnce(Frames<'_>) -> R) -> R {
        frames::current().enter(id(self), budget, f)
    }

    /// Runs the next runnable, if there is one, inside the main context, where we are.
    ///
    /// # Safety
    ///
    /// The calling thread is the main thread.
    unsafe fn run_next(&self, frames: Frames<'_>) -> bool {
        // SAFETY: as the caller says.
        let next = unsafe {
            if self.desk(|desk| desk.ready.is_empty()) {
                self.collect();
            }
            self.desk(|desk| {
                let next = desk.ready.next();
                desk.left = desk.left.wrapping_add(usize::from(next.is_some()));
                next
            })
        };
        next.map(|runnable| runnable.run_within(frames)).is_some()
    }

    /// # Safety
    ///
    /// The calling thread is the main thread.
    #[inline]
    unsafe fn is_idle(&self) -> bool {
        // SAFETY: as the caller says.
        unsafe { self.desk(|desk| desk.ready.is_empty()) && self.0.inbox.is_empty() }
    }

    /// A wait has ended, during which the hook may have been spared: if it left something, the host is told now.
    ///
    /// # Safety
    ///
    /// The calling thread is the main thread.
    #[cfg(feature = "std")]
    pub(crate) unsafe fn after_wait(&self) {
        // SAFETY: as the caller says.
        if unsafe { !self.is_idle() } {
            self.call_hook();
        }
    }

    fn call_hook(&self) {
        if let Some(hook) = &self.0.hook {
            crate::hook::quietly(hook);
        }
    }
}

#[cfg(feature = "std")]
fn current() -> Home {
    crate::sync::thread::current()
}

#[cfg(not(feature = "std"))]
fn current() -> Home {
    Home
}

impl Schedule for Main {
    fn schedule(&self, runnable: Runnable) {
        if let Err(refused) = self.try_schedule(runnable) {
            refused.reject();
        }
    }

    fn try_schedule(&self, runnable: Runnable) -> core::result::Result<(), Refused> {
        match self.0.inbox.push(runnable) {
            Ok(Pushed::First) => self.call_hook(),
            Ok(Pushed::Behind) => {}
            #[cfg(feature = "std")]
            Ok(Pushed::WakeConsumer) => self.0.home.with(|home| {
                // SAFETY: the consumer fell asleep after KNOWN, and the push took over what it published.
                if let Some(home) = unsafe { &*home } {
                    home.unpark();
                }
            }),
            #[cfg(not(feature = "std"))]
            Ok(Pushed::WakeConsumer) => {}
            Err(runnable) => {
                let error = Error::closed("the main queue is closed: the main thread has left, or the system is gone");
                return Err(Refused { runnable, error });
            }
        }
        Ok(())
    }

    fn key(&self) -> usize {
        Arc::as_ptr(&self.0).addr()
    }

    /// Only `run_next` runs its work.
    fn is_held(&self, _: sealed::Core) -> bool {
        true
    }

    #[cfg(feature = "std")]
    fn is_home(&self, _: sealed::Core) -> bool {
        // ORDERING: Acquire takes `home` from `enter`.
        let known = self.0.presence.load(Ordering::Acquire) & KNOWN != 0;
        // SAFETY: KNOWN says that it was written, and it is not written again.
        known && self.0.home.with(|home| unsafe { (*home).as_ref().is_some_and(|home| home.id() == current().id()) })
    }
}

/// What a wait on the main thread does for the queue. Only `each_entered` makes one, for the main thread: a `Main` itself
/// could be asked from anywhere.
#[cfg(feature = "std")]
struct Attendant<'a>(&'a Main);

#[cfg(feature = "std")]
impl Help for Attendant<'_> {
    fn run_one(&self) -> bool {
        // SAFETY: this is the main thread.
        self.0.inside(None, |frames| unsafe { self.0.run_next(frames) })
    }

    fn before_park(&self) -> Outlook {
        // SAFETY: as above.
        let asleep = unsafe { self.0.desk(|desk| desk.ready.is_empty()) && self.0.0.inbox.fall_asleep() };
        if asleep { Outlook::Sleep } else { Outlook::Work }
    }

    fn after_park(&self) {
        self.0.0.inbox.awake();
    }
}

/// By identity.
impl PartialEq for Main {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

impl Eq for Main {}

impl fmt::Debug for Main {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Main").field(&format_args!("{:#x}", self.key())).finish()
    }
}
