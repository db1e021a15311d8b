//! What the tests share: a heap that counts, what reaches the error hook, a log, a time that a test sets, and a watch over
//! hangs.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::{Cell, RefCell};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, Once, PoisonError};
use std::time::Duration;

use threadbare::{Error, ErrorKind, Task, set_error_hook};

/// So many seconds.
pub(crate) fn secs(count: u64) -> Duration {
    Duration::from_secs(count)
}

/// So many milliseconds.
pub(crate) fn millis(count: u64) -> Duration {
    Duration::from_millis(count)
}

/// The outcome of a task that must have settled: its value, or why there is none.
pub(crate) fn outcome<T: Send>(task: Task<T>) -> Result<T, ErrorKind> {
    task.try_take().expect("it must have settled").map_err(|error| error.kind())
}

/// A heap that counts what a thread allocates and frees. Exact where one thread does it all.
struct Counting;

#[global_allocator]
static HEAP: Counting = Counting;

thread_local! {
    static MADE: Cell<usize> = const { Cell::new(0) };
    static LIVE: Cell<isize> = const { Cell::new(0) };
    static PEAK: Cell<isize> = const { Cell::new(0) };
}

fn grew(bytes: usize) {
    MADE.set(MADE.get() + 1);
    LIVE.set(LIVE.get() + bytes as isize);
    PEAK.set(PEAK.get().max(LIVE.get()));
}

fn shrank(bytes: usize) {
    LIVE.set(LIVE.get() - bytes as isize);
}

// SAFETY: the system's allocator does it all; counting allocates nothing, and the thread-locals have no destructors.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        grew(layout.size());
        // SAFETY: as the caller says.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        shrank(layout.size());
        // SAFETY: as the caller says.
        unsafe { System.dealloc(block, layout) }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        shrank(layout.size());
        grew(size);
        // SAFETY: as the caller says.
        unsafe { System.realloc(block, layout, size) }
    }
}

/// What the calling thread did with the heap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Usage {
    /// How many allocations it made.
    pub(crate) made: usize,
    /// How many bytes more than before were alive at most.
    pub(crate) peak: isize,
    /// How many bytes more than before are alive in the end.
    pub(crate) left: isize,
}

/// Calls `f`, and says what it did with the heap.
pub(crate) fn usage<R>(f: impl FnOnce() -> R) -> (Usage, R) {
    let (made, live) = (MADE.get(), LIVE.get());
    let outer = PEAK.replace(live);
    let result = f();
    let peak = PEAK.get();
    PEAK.set(outer.max(peak));
    (Usage { made: MADE.get() - made, peak: peak - live, left: LIVE.get() - live }, result)
}

thread_local! {
    static UNSEEN: RefCell<Vec<ErrorKind>> = const { RefCell::new(Vec::new()) };
}

/// What the calling thread has brought before the error hook since this was last asked.
///
/// Ask it once before, too: the first call sets the hook.
pub(crate) fn unseen() -> Vec<ErrorKind> {
    static HOOK: Once = Once::new();
    fn note(error: &Error) {
        UNSEEN.with_borrow_mut(|unseen| unseen.push(error.kind()));
    }
    HOOK.call_once(|| assert!(set_error_hook(note), "the tests set the hook themselves"));
    UNSEEN.take()
}

/// What happened, in order. Clones are the same log.
#[derive(Debug)]
pub(crate) struct Log<T>(Arc<Mutex<Vec<T>>>);

impl<T> Log<T> {
    pub(crate) fn new() -> Self {
        Self(Arc::default())
    }

    pub(crate) fn add(&self, event: T) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(event);
    }

    /// All that happened since this was last asked.
    pub(crate) fn take(&self) -> Vec<T> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl<T> Clone for Log<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

/// A time that the test sets, in milliseconds. Clones are the same time.
#[derive(Clone, Debug, Default)]
pub(crate) struct Dial(Arc<AtomicU64>);

impl Dial {
    pub(crate) fn now(&self) -> Duration {
        millis(self.0.load(Ordering::SeqCst))
    }

    pub(crate) fn set(&self, now: u64) {
        self.0.store(now, Ordering::SeqCst);
    }

    pub(crate) fn pass(&self, time: Duration) {
        self.0.fetch_add(u64::try_from(time.as_millis()).expect("a sensible time"), Ordering::SeqCst);
    }

    /// For a builder's `clock`.
    pub(crate) fn source(&self) -> impl Fn() -> Duration + Send + Sync + 'static {
        let own = self.clone();
        move || own.now()
    }
}

/// Numbers that look random, the same ones each time.
pub(crate) struct Numbers(pub(crate) u64);

impl Numbers {
    pub(crate) fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % end as u64) as usize
    }

    pub(crate) fn shuffle<T>(&mut self, items: &mut [T]) {
        for end in (1..items.len()).rev() {
            items.swap(end, self.below(end + 1));
        }
    }
}

/// Aborts the process unless it is dropped in time: nothing is decided by it but that a test hangs.
pub(crate) struct Watchdog {
    _alive: Sender<()>,
}

/// Watches over a test from now on.
pub(crate) fn watchdog(test: &'static str) -> Watchdog {
    let (alive, watched) = channel();
    std::thread::spawn(move || {
        if watched.recv_timeout(secs(60)) == Err(RecvTimeoutError::Timeout) {
            eprintln!("{test} hangs");
            std::process::abort();
        }
    });
    Watchdog { _alive: alive }
}
