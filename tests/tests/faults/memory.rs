//! Memory that cannot be had. A block that a task needs for itself cannot be refused politely: Rust aborts, as it does for any
//! box. What a closure asks for with `try_reserve` can be, and is an error like others.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use behaviour::{DropCount, watchdog};

use crate::work::quiet;

/// The system's allocator, which may refuse.
struct Scarce;

#[global_allocator]
static HEAP: Scarce = Scarce;

thread_local! {
    /// How many more allocations this thread has, if that is limited.
    static LEFT: Cell<Option<usize>> = const { Cell::new(None) };
}

/// Requests of this size are counted, and one of them is refused.
const LARGE: usize = 1_234_577;

/// How many large ones are let through before that.
static LARGE_LEFT: AtomicUsize = AtomicUsize::new(usize::MAX);

fn refuses(bytes: usize) -> bool {
    if bytes == LARGE {
        return LARGE_LEFT.fetch_sub(1, SeqCst) == 0;
    }
    let left = LEFT.get();
    LEFT.set(left.map(|left| left.saturating_sub(1)));
    left == Some(0)
}

// SAFETY: the system's allocator does it all, or there is no block; counting allocates nothing, and the thread-local has no
// destructor.
unsafe impl GlobalAlloc for Scarce {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as the caller says.
        if refuses(layout.size()) { std::ptr::null_mut() } else { unsafe { System.alloc(layout) } }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: as the caller says.
        unsafe { System.dealloc(block, layout) }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: as the caller says.
        if refuses(size) { std::ptr::null_mut() } else { unsafe { System.realloc(block, layout, size) } }
    }
}

/// In a process for each, the first allocation fails, or the second, or the third, until there are enough: each process ends by
/// an abort, and at once. None goes on with what it has not got.
#[cfg(all(unix, not(miri)))]
mod refused_to_a_task {
    use std::os::unix::process::ExitStatusExt;
    use std::process::Command;
    use std::time::Duration;

    use threadbare::{Clock, promise};
    use threadbare_single_thread::SingleThread;

    use super::*;
    use crate::work::{ALL_WORK, Census, SOURCES, attach};

    const CHILD: &str = "THREADBARE_ALLOCATIONS_LEFT";
    const SIGABRT: i32 = 6;

    /// Something of everything, with so many allocations left; how many it took, if there were enough.
    fn everything(left: usize) -> usize {
        let census = Census::default();
        let host = SingleThread::new().host();
        LEFT.set(Some(left));
        for work in ALL_WORK {
            // The source that settles later is the one that takes most.
            let (source, settle) = SOURCES[2].start(&census);
            let task = attach(work, host.worker(), source, &census);
            settle();
            assert!(host.wait(task).is_ok(), "{work:?}");
        }
        let (promise, pending) = promise::<u32>();
        let limited = host.single().timeout(pending, Duration::from_secs(2));
        let ticked = host.single().interval(Duration::from_secs(1)).tick();
        host.wait(host.single().delay(Duration::from_secs(1)).map(host.here(), |()| promise.resolve(7))).unwrap();
        assert_eq!(host.wait(limited).unwrap(), 7);
        assert_eq!(host.wait(ticked).unwrap(), 1);
        let left_over = LEFT.take().expect("it was set");
        assert_eq!(census.alive(), 0);
        left - left_over
    }

    #[test]
    fn ends_the_process_at_once_whichever_it_is() {
        let _watchdog = watchdog("memory refused to a task");
        quiet();
        if let Ok(left) = std::env::var(CHILD) {
            everything(left.parse().expect("a number"));
            return;
        }
        everything(usize::MAX); // what is allocated once
        let all = everything(usize::MAX);
        assert!(all > 100, "something of everything: {all} allocations");
        for left in 0..all {
            let status = child(left);
            assert_eq!(status.signal(), Some(SIGABRT), "allocation {left} of {all} was refused: {status}");
        }
        // As many as there are, and those that a new process takes besides.
        let status = child(all + 1000);
        assert!(status.success(), "nothing was refused: {status}");
    }

    fn child(left: usize) -> std::process::ExitStatus {
        // An abort that is wanted leaves no picture of the memory behind.
        let command =
            "ulimit -c 0 && exec \"$0\" --exact memory::refused_to_a_task::ends_the_process_at_once_whichever_it_is";
        let test = std::env::current_exe().expect("this program");
        let child = Command::new("sh").arg("-c").arg(command).arg(test).env(CHILD, left.to_string()).output();
        child.expect("a process").status
    }
}

/// Steps in every context, each of which asks for a large block: whichever does not get it, the steps before it have run, those
/// after it have not, the error says what was wrong, and nothing is left.
mod refused_to_a_closure {
    use std::collections::TryReserveError;

    use behaviour::{Host, OnePool, OneThread, Polled, Seeded, System, TwoPool};
    use threadbare::{Immediate, Result, Task, spawn};

    use super::*;

    /// The step's own, and what it asks for.
    fn step(taken: usize, own: &DropCount) -> Result<usize> {
        let mut block = Vec::<u8>::new();
        block.try_reserve_exact(LARGE)?;
        own.hit();
        Ok(taken + 1)
    }

    const STEPS: usize = 6;

    fn steps<S: System>(host: &Host<S>, own: &DropCount) -> Task<usize> {
        let [a, b, c, d, e, f] = [(); STEPS].map(|()| own.clone());
        let awaited = Task::resolved(0)
            .and_then(host.worker(), move |taken| step(taken, &a))
            .and_then(host.main(), move |taken| step(taken, &b))
            .and_then(&host.here, move |taken| step(taken, &c))
            .and_then(&Immediate, move |taken| step(taken, &d));
        spawn(host.worker(), async move { step(awaited.await?, &e) })
            .then(&host.render, move |outcome| outcome.and_then(|taken| step(taken, &f)))
    }

    fn try_all<S: System>() {
        for refused in 0..=STEPS {
            let what = format!("{}, step {refused} is refused", std::any::type_name::<S>());
            let host = Host::<S>::start();
            let own = DropCount::new();
            LARGE_LEFT.store(refused, SeqCst);
            let outcome = host.settle(steps(&host, &own));
            LARGE_LEFT.store(usize::MAX, SeqCst);
            match outcome {
                Ok(taken) => assert_eq!((taken, refused), (STEPS, STEPS), "{what}"),
                Err(error) => {
                    assert!(refused < STEPS, "{error:?}: {what}");
                    assert!(error.downcast_ref::<TryReserveError>().is_some(), "{error:?}: {what}");
                }
            }
            assert_eq!(own.hits(), refused, "{what}");
            // There is memory again.
            assert_eq!(host.settle(steps(&host, &own)).expect(&what), STEPS);
            drop(host);
            assert_eq!(own.alive(), 0, "something is left: {what}");
        }
    }

    /// One test, since they share what is refused.
    #[test]
    fn is_an_error_like_others() {
        let _watchdog = watchdog("memory refused to a closure");
        quiet();
        try_all::<Polled>();
        try_all::<OneThread>();
        try_all::<Seeded>();
        try_all::<OnePool>();
        try_all::<TwoPool>();
    }
}
