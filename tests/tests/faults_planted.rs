//! Faults that the tools must see: a race, a use after free and a leak, on the threads of a pool. `.ci/sanitizers` and `.ci/miri`
//! run each by itself, and a run without findings counts only if the tool has reported these. Nothing else should run them.

use std::cell::UnsafeCell;
use std::sync::{Arc, Barrier};

use threadbare::{Inbox, Runnable, Schedule, run};
use threadbare_threads::ThreadPool;

/// Shared, and looked after by nobody.
struct Unguarded(UnsafeCell<u32>);

// SAFETY: it is not: that is the fault.
unsafe impl Sync for Unguarded {}

#[test]
#[ignore = "undefined behaviour, planted"]
fn a_race() {
    let pool = ThreadPool::builder().threads(2).build().unwrap();
    let shared = Arc::new((Unguarded(UnsafeCell::new(0)), Barrier::new(2)));
    let write = || {
        let shared = Arc::clone(&shared);
        run(&pool.worker(), move || {
            // Each closure has a thread to itself, and neither has seen the other write.
            shared.1.wait();
            let number = shared.0.0.get();
            // SAFETY: there is none: the other closure writes, too.
            unsafe { number.write(number.read() + 1) };
        })
    };
    for write in [write(), write()] {
        write.wait().unwrap();
    }
}

#[test]
#[ignore = "undefined behaviour, planted"]
fn a_use_after_free() {
    let pool = ThreadPool::builder().threads(1).build().unwrap();
    let number = Box::new(7_u32);
    let address = std::ptr::from_ref(&*number).expose_provenance();
    run(&pool.worker(), move || drop(number)).wait().unwrap();
    // SAFETY: there is none: it has been freed.
    let read = unsafe { std::ptr::with_exposed_provenance::<u32>(address).read_volatile() };
    std::hint::black_box(read);
}

/// A queue that nobody closes, and what waits in it.
#[derive(Clone)]
struct Forgotten(Arc<Inbox>);

impl Schedule for Forgotten {
    fn schedule(&self, runnable: Runnable) {
        self.0.push(runnable).ok();
    }

    fn key(&self) -> usize {
        Arc::as_ptr(&self.0).addr()
    }
}

#[test]
#[ignore = "a leak, planted"]
fn a_leak() {
    let pool = ThreadPool::builder().threads(1).build().unwrap();
    // Queued by a thread that ends, so that no register or stack remembers it.
    run(&pool.worker(), || run(&Forgotten(Arc::default()), || ()).detach()).wait().unwrap();
}
