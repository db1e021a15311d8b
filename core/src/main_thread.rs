//! The main thread: its queue seen from anywhere, and the proof of being on it.

use alloc::boxed::Box;
use core::fmt;
use core::marker::PhantomData;

use crate::error::Result;
use crate::inbox::{Batch, Inbox, Pushed};
use crate::local::{self, Budget};
use crate::runnable::Runnable;
use crate::schedule::{Schedule, id};
use crate::sync::{Arc, AtomicUsize, Ordering, UnsafeCell};
use crate::task::Task;
use crate::worker::{Help, Worker};

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

/// The proof of being on the main thread, which only that thread can have.
///
/// As a context it takes closures and futures that are not `Send`: they are made, run and dropped on this thread. And it
/// is what runs the main queue: main work happens inside of [`dispatch`](MainThread::dispatch) and its kin and of
/// waits, and at no other time.
///
/// Keep it for as long as the main loop runs. When the last one is dropped the main thread has left: the queue is closed,
/// and what it holds is rejected and dropped, here, where it belongs.
///
/// ```
/// use std::{cell::RefCell, rc::Rc};
/// use threadbare::{AsyncSystem, run};
/// # struct Host; impl threadbare::TaskProcessor for Host { fn start_task(&self, r: threadbare::Runnable) { r.run() } }
///
/// let system = AsyncSystem::new(Host);
/// let here = system.main().enter().expect("this is the main thread");
/// let scene = Rc::new(RefCell::new(Vec::new())); // not `Send`
/// let into = Rc::clone(&scene);
/// run(system.worker(), || "hero").map(&here, move |name| into.borrow_mut().push(name)).detach();
/// while here.dispatch() == 0 {} // once a frame
/// assert_eq!(*scene.borrow(), ["hero"]);
/// ```
pub struct MainThread {
    main: Main,
    _not_send: PhantomData<*const ()>,
}

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

// SAFETY: the desk is for the main thread alone: it is reached through `MainThread`, which stays there, and through that
// thread's own list. `home` is written before KNOWN says so, and then only read.
unsafe impl Send for MainShared {}
// SAFETY: as above.
unsafe impl Sync for MainShared {}

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
        let shared = &*self.0;
        // ORDERING: Acquire: KNOWN makes `home` readable, see `is_home`.
        let before = shared.presence.fetch_or(CLAIMED, Ordering::Acquire);
        if before & CLAIMED == 0 {
            // SAFETY: only the first to claim gets here, and nobody reads it before KNOWN.
            shared.home.with_mut(|home| unsafe { *home = Some(current()) });
            // ORDERING: Release publishes `home` to `is_home` and `enter`.
            shared.presence.fetch_or(KNOWN, Ordering::Release);
        } else if !self.is_home() {
            return None;
        }
        // SAFETY: this is the main thread.
        let proofs = unsafe {
            self.desk(|desk| {
                desk.proofs += 1;
                desk.proofs
            })
        };
        if proofs == 1 {
            self.attend();
        }
        Some(MainThread { main: self.clone(), _not_send: PhantomData })
    }

    /// The first proof is there.
    fn attend(&self) {
        // ORDERING: Relaxed: with the one in `release` it decides which of the two sees the other, and publishes nothing.
        if self.0.presence.fetch_or(ATTENDED, Ordering::Relaxed) & RELEASED == 0 {
            self.0.inbox.reopen();
        }
        #[cfg(feature = "std")]
        {
            let next = local::mains();
            local::set_mains(Arc::as_ptr(&self.0));
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
            if local::mains() == own {
                local::set_mains(next);
            } else {
                let mut place = local::mains();
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
    pub(crate) fn each_entered(mut visit: impl FnMut(&Main) -> bool) {
        let mut next = local::mains();
        while !next.is_null() {
            // SAFETY: what is in this thread's list is alive, and this thread's; the handle keeps it so through `visit`.
            let entered = unsafe { (*next).desk.with(|desk| (*desk).entered.clone()) };
            let Some((main, after)) = entered else { return };
            if !visit(&main) {
                return;
            }
            next = after;
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

    /// Runs the next runnable, if there is one.
    ///
    /// # Safety
    ///
    /// The calling thread is the main thread.
    unsafe fn run_next(&self, budget: Option<&Budget<'_>>) -> bool {
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
        let Some(runnable) = next else { return false };
        local::frames().enter(id(self), budget, |frames| runnable.run_within(frames));
        true
    }

    fn call_hook(&self) {
        if let Some(hook) = &self.0.hook {
            crate::unwind::quietly(hook);
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
            Err(refused) => drop(refused),
        }
    }

    fn key(&self) -> usize {
        Arc::as_ptr(&self.0).addr()
    }

    #[cfg(feature = "std")]
    fn is_home(&self) -> bool {
        // ORDERING: Acquire takes `home` from `enter`.
        let known = self.0.presence.load(Ordering::Acquire) & KNOWN != 0;
        // SAFETY: KNOWN says that it was written, and it is not written again.
        known && self.0.home.with(|home| unsafe { (*home).as_ref().is_some_and(|home| home.id() == current().id()) })
    }
}

/// What a wait on the main thread does for the queue. Called on that thread only.
impl Help for Main {
    fn run_one(&self) -> bool {
        // SAFETY: the helpers of a thread are found through its own list.
        unsafe { self.run_next(None) }
    }

    fn before_park(&self) -> bool {
        #[cfg(feature = "std")]
        // SAFETY: as above.
        return unsafe { self.desk(|desk| desk.ready.is_empty()) } && self.0.inbox.fall_asleep();
        #[cfg(not(feature = "std"))]
        return false;
    }

    fn after_park(&self) {
        #[cfg(feature = "std")]
        {
            self.0.inbox.awake();
            if !self.0.inbox.is_empty() {
                // It came while this thread slept in a wait, so the host was not told; the wait may end without running it.
                self.call_hook();
            }
        }
    }
}

impl MainThread {
    /// The queue, as others see it.
    pub fn main(&self) -> &Main {
        &self.main
    }

    /// Whether nothing is queued. What is queued at the same time may or may not be seen.
    pub fn is_idle(&self) -> bool {
        // SAFETY: this is the main thread.
        unsafe { self.main.desk(|desk| desk.ready.is_empty()) && self.main.0.inbox.is_empty() }
    }

    /// Runs what was queued when it was called, and what follows from it in the main context; returns how many queued
    /// runnables it ran.
    ///
    /// What is queued meanwhile waits for the next call, so work that queues itself again cannot hold the frame. With
    /// nothing queued this costs a load: no allocation, no lock, no system call.
    pub fn dispatch(&self) -> usize {
        let mut ran = 0;
        // SAFETY: this is the main thread. A wait inside of what runs may take some of it: then less is left for us.
        unsafe {
            let end = self.main.collect();
            while self.main.desk(|desk| desk.left != end && !desk.ready.is_empty()) && self.main.run_next(None) {
                ran += 1;
            }
        }
        ran
    }

    /// Runs one queued runnable, and what follows from it in the main context; `false` if there was none.
    pub fn dispatch_one(&self) -> bool {
        // SAFETY: this is the main thread.
        unsafe { self.main.run_next(None) }
    }

    /// Runs queued runnables while `more` says so, also what is queued meanwhile, until none is left; returns how many.
    ///
    /// `more` is asked on this thread before each runnable and before each continuation that would run at once. When it
    /// has said `false`, what would follow is queued and left for the next dispatch.
    pub fn dispatch_while(&self, mut more: impl FnMut() -> bool) -> usize {
        let mut ran = 0;
        let budget = Budget::new(&mut more);
        // SAFETY: this is the main thread.
        while !self.is_idle() && budget.is_left() && unsafe { self.main.run_next(Some(&budget)) } {
            ran += 1;
        }
        ran
    }

    /// Runs queued runnables for at most this long, also what is queued meanwhile, until none is left; returns how many.
    ///
    /// The time is looked at before each runnable and each continuation, so the last one may overrun it by what it takes.
    #[cfg(feature = "std")]
    pub fn dispatch_for(&self, budget: core::time::Duration) -> usize {
        if self.is_idle() {
            return 0;
        }
        let start = std::time::Instant::now();
        self.dispatch_while(|| start.elapsed() < budget)
    }

    /// Dispatches until the task has settled, and no longer; sleeps while there is nothing to run.
    ///
    /// It can be nested in main work, and then also runs what the dispatch around it has taken and not yet run. (Without
    /// feature `std` it cannot sleep, and spins.)
    ///
    /// # Errors
    ///
    /// The error that the task was rejected with.
    pub fn wait<T: Send + 'static>(&self, task: Task<T>) -> Result<T> {
        #[cfg(feature = "std")]
        return task.wait();
        #[cfg(not(feature = "std"))]
        {
            let mut task = task;
            loop {
                match task.try_take() {
                    Ok(outcome) => return outcome,
                    Err(pending) => task = pending,
                }
                let mut ran = self.dispatch_one();
                if let Some(worker) = self.main.worker() {
                    worker.help(|helper| ran = ran || helper.run_one());
                }
                if !ran {
                    core::hint::spin_loop();
                }
            }
        }
    }
}

impl Drop for MainThread {
    fn drop(&mut self) {
        // SAFETY: this is the main thread.
        let proofs = unsafe {
            self.main.desk(|desk| {
                desk.proofs -= 1;
                desk.proofs
            })
        };
        if proofs == 0 {
            self.main.leave();
        }
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

impl fmt::Debug for MainThread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("MainThread").field(&self.main).finish()
    }
}
