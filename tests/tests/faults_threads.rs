//! Threads that cannot be had: whichever of those that a pool or a clock asks for is refused, the call returns that error, the
//! threads that there were have ended, and nothing is left.
//!
//! These are the only ways of the API to run out of something and say so: where memory is refused, Rust aborts (see
//! `faults/memory.rs`), and a queue of fixed size refuses work with `Full`.

#![cfg(all(target_os = "linux", target_env = "gnu", not(miri)))]

use std::cell::Cell;
use std::ffi::{CStr, c_char, c_int, c_ulong, c_void};
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex};

use behaviour::{Counting, DropCount, live_bytes, watchdog};
use threadbare::{AsyncSystem, Clock, Result, run, try_run};
use threadbare_threads::{StatefulPool, StdClock, ThreadPool};

#[global_allocator]
static HEAP: Counting = Counting;

thread_local! {
    /// How many threads the calling one may still start, if that is limited.
    static LEFT: Cell<Option<usize>> = const { Cell::new(None) };
}

/// Resources are lacking, for now.
const EAGAIN: c_int = 11;

type Create = unsafe extern "C" fn(*mut c_ulong, *const c_void, *mut c_void, *mut c_void) -> c_int;

unsafe extern "C" {
    fn dlsym(library: *mut c_void, name: *const c_char) -> *mut c_void;
}

/// In the place of the C library's, by which std starts threads.
///
/// # Safety
///
/// As of the C library's.
// SAFETY: it has the name of the C library's on purpose, its signature, and does the same or fails as that may.
#[unsafe(no_mangle)]
unsafe extern "C" fn pthread_create(
    thread: *mut c_ulong,
    attributes: *const c_void,
    main: *mut c_void,
    argument: *mut c_void,
) -> c_int {
    const NAME: &CStr = c"pthread_create";
    let left = LEFT.get();
    if left == Some(0) {
        return EAGAIN;
    }
    LEFT.set(left.map(|left| left - 1));
    // Of the next library, that is not of this program.
    let next = std::ptr::without_provenance_mut(usize::MAX);
    // SAFETY: a name with an end; what has it is the C library's function, which takes what this one was given.
    unsafe {
        let address = dlsym(next, NAME.as_ptr());
        assert!(!address.is_null(), "the C library starts threads");
        std::mem::transmute::<*mut c_void, Create>(address)(thread, attributes, main, argument)
    }
}

/// Lets `f` start so many threads and no more.
fn with_threads_left<R>(left: usize, f: impl FnOnce() -> R) -> R {
    LEFT.set(Some(left));
    let result = f();
    LEFT.set(None);
    result
}

/// What starts threads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Make {
    Pool,
    Stateful,
    StatefulNew,
    Clock,
}

/// Where that happens: on a thread of no pool, on one of a pool's, inside of a dispatch.
#[derive(Clone, Copy, Debug)]
enum Place {
    Outside,
    Worker,
    Main,
}

/// What was seen of the threads, and what is alive of what they had.
#[derive(Clone, Default)]
struct Seen {
    started: Arc<Mutex<Vec<usize>>>,
    stopped: Arc<Mutex<Vec<usize>>>,
    alive: Arc<DropCount>,
}

impl Seen {
    fn hook(&self, of: impl Fn(&Self) -> &Arc<Mutex<Vec<usize>>>) -> impl Fn(usize) + Send + Sync + 'static {
        let (list, own) = (Arc::clone(of(self)), DropCount::clone(&self.alive));
        move |index| {
            own.hit();
            list.lock().unwrap().push(index);
        }
    }

    /// The same number on each thread: so what a thread has is counted.
    fn loader(&self) -> impl Fn(usize) -> Result<DropCount> + Send + Sync + 'static {
        let own = DropCount::clone(&self.alive);
        move |_| Ok(own.clone())
    }
}

impl Make {
    fn make(self, threads: usize, seen: &Seen) -> Result<()> {
        let builder = ThreadPool::builder()
            .threads(threads)
            .on_start(seen.hook(|seen| &seen.started))
            .on_stop(seen.hook(|seen| &seen.stopped));
        match self {
            Make::Pool => {
                let pool = builder.build()?;
                assert_eq!(run(&pool.worker(), || 7).wait()?, 7);
            }
            Make::Stateful => {
                let pool = builder.build_stateful(seen.loader())?;
                assert_eq!(pool.call(|_| 7).wait()?, 7);
            }
            Make::StatefulNew => {
                let pool = StatefulPool::new(threads, seen.loader())?;
                assert_eq!(pool.call(|_| 7).wait()?, 7);
            }
            Make::Clock => StdClock::try_new()?.delay(std::time::Duration::ZERO).wait()?,
        }
        Ok(())
    }
}

fn try_out(make: Make, threads: usize, left: usize, place: Place) {
    let what = format!("{make:?} with {threads} threads, of which {left} can be had, {place:?}");
    let seen = Seen::default();
    let inside = seen.clone();
    let work = move || with_threads_left(left, || make.make(threads, &inside));
    let made = match place {
        Place::Outside => work(),
        Place::Worker => try_run(&ThreadPool::with_threads(1).worker(), work).wait(),
        Place::Main => {
            let system = AsyncSystem::new(ThreadPool::with_threads(1));
            let here = system.main().enter().expect("nobody else has entered");
            let task = try_run(&here, work);
            assert_eq!(here.dispatch(), 1);
            task.wait()
        }
    };
    if left < threads {
        let error = made.expect_err(&what);
        let cause = error.downcast_ref::<io::Error>().and_then(io::Error::raw_os_error);
        assert_eq!(cause, Some(EAGAIN), "{error:?}: {what}");
    } else {
        made.unwrap_or_else(|error| panic!("{error:?}: {what}"));
    }
    let [mut started, mut stopped] = [&seen.started, &seen.stopped].map(|list| list.lock().unwrap().clone());
    started.sort_unstable();
    stopped.sort_unstable();
    if matches!(make, Make::Pool | Make::Stateful) {
        assert!(started.iter().copied().eq(0..left), "started: {started:?}, {what}");
        assert_eq!(started, stopped, "{what}");
    }
    assert_eq!(seen.alive.alive(), 0, "something is left: {what}");
}

/// Every case, with one thread too few, with two, and so on; and with enough.
fn each_case(mut f: impl FnMut(Make, usize, usize, Place)) {
    for make in [Make::Pool, Make::Stateful, Make::StatefulNew, Make::Clock] {
        let most = if make == Make::Clock { 1 } else { 5 };
        for threads in 1..=most {
            for left in 0..=threads {
                for place in [Place::Outside, Place::Worker, Place::Main] {
                    f(make, threads, left, place);
                }
            }
        }
    }
}

/// One test, since what is alive is counted in the whole process.
#[test]
fn whichever_thread_cannot_be_had_the_others_end_and_nothing_is_left() {
    let _watchdog = watchdog("threads that cannot be had");
    each_case(try_out);
    // Everything has been warmed up by now.
    each_case(|make, threads, left, place| {
        let before = live_bytes();
        try_out(make, threads, left, place);
        assert_eq!(
            live_bytes(),
            before,
            "{make:?} with {threads} threads, {left} to be had, {place:?}: memory is left"
        );
    });

    // Those that return no error say so by a panic.
    for left in 0..3 {
        let made = catch_unwind(AssertUnwindSafe(|| with_threads_left(left, || ThreadPool::with_threads(3))));
        LEFT.set(None);
        let payload = made.expect_err("it cannot be had");
        let said = payload.downcast_ref::<String>().expect("a message");
        assert!(said.starts_with("a thread pool: "), "{said}");
    }
    let made = catch_unwind(|| with_threads_left(0, StdClock::new));
    LEFT.set(None);
    let payload = made.expect_err("it cannot be had");
    let said = payload.downcast_ref::<String>().expect("a message");
    assert!(said.starts_with("a clock's thread: "), "{said}");
}
