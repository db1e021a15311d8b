//! Threadbare with nothing below it: no `std`, no C library, no threads, one small stack.
//!
//! The program brings its own start, system calls, memory functions and allocator, so whatever in the core, in the backend
//! without threads or in what they depend on wants more than `core` and `alloc` fails to build. Then it runs a scenario,
//! prints a line per check, and exits with 0 if every check held.

#![no_std]
#![no_main]

extern crate alloc;

#[cfg(not(all(target_arch = "x86_64", target_os = "linux")))]
compile_error!("this program speaks to Linux on x86-64, and to nothing else");

mod backend;
mod chains;
mod combined;
mod host;
mod main_queue;
mod memory;
mod report;
mod start;
mod time;
mod verbs;

use alloc::rc::Rc;
use core::sync::atomic::{AtomicUsize, Ordering};

use threadbare::{Error, ErrorKind, MainBound, Task, promise, run, set_error_hook};

use host::new_host;
use report::{Report, Seen, seen};

/// The scenario; whether every check held.
fn scenario() -> bool {
    let mut report = Report::new();
    let before = memory::live();

    promises(&mut report);
    verbs::hops(&mut report, &new_host());
    verbs::unwrapping(&mut report, &new_host());
    verbs::errors(&mut report, &new_host());
    verbs::spawned(&mut report, &new_host());
    combined::many(&mut report, &new_host());
    combined::shared(&mut report, &new_host());
    combined::hops(&mut report, &new_host());
    main_queue::dispatching(&mut report, &new_host());
    main_queue::waiting(&mut report, &new_host());
    main_queue::bound_values(&mut report, &new_host());
    time::delays(&mut report, &new_host());
    time::limits(&mut report, &new_host());
    time::ticks(&mut report, &new_host());
    time::host_time(&mut report);
    backend::waits(&mut report, &new_host());
    backend::telling(&mut report);
    backend::capacity(&mut report);
    backend::budgets(&mut report, &new_host());
    backend::orders(&mut report);
    backend::exploring(&mut report);
    backend::closing(&mut report);
    closing(&mut report);
    unseen_errors(&mut report);
    chains::pending(&mut report, &new_host());
    chains::across_contexts(&mut report, &new_host());
    chains::returned_tasks(&mut report, &new_host());

    report.expect("all that was allocated was freed", memory::live(), before);
    report.finish()
}

/// What a promise settles, its task has.
fn promises(report: &mut Report) {
    let before = memory::made();
    let (first, task) = promise::<u32>();
    report.expect("a promise and its task are one allocation", memory::made() - before, 1);
    report.expect("a task is pending at first", task.is_settled(), false);
    first.resolve(7);
    report.expect("resolve gives the value", seen(task), Seen::Value(7));

    let (second, task) = promise::<u32>();
    second.reject(Error::msg("no"));
    report.expect("reject gives the error", seen(task), Seen::error(ErrorKind::Other, "no"));

    let (third, task) = promise::<u32>();
    drop(third);
    report.expect("a dropped promise rejects", seen(task).kind(), Some(ErrorKind::Abandoned));

    let (fourth, task) = promise::<u32>();
    drop(task);
    fourth.resolve(7);
    report.expect("a task that is settled from the start", seen(Task::resolved(7)), Seen::Value(7));
}

/// What waits in a queue that closes is rejected.
fn closing(report: &mut Report) {
    let host = new_host();
    let queued = run(host.worker(), || 1);
    let behind = run(host.worker(), || 1).map(host.main(), |n| n + 1);
    let main = host.main().clone();
    let worker = host.worker().clone();
    let on_main = run(&main, || 1);
    let value = Rc::new(());
    let bound = MainBound::new(host.here(), Rc::clone(&value));
    drop(host);
    report.expect("work queued in a closed processor", seen(queued).kind(), Some(ErrorKind::Closed));
    report.expect("what depends on it", seen(behind).kind(), Some(ErrorKind::Closed));
    report.expect("work queued for a main thread that left", seen(on_main).kind(), Some(ErrorKind::Closed));
    report.expect("work for it that comes later", seen(run(&main, || 1)).kind(), Some(ErrorKind::Closed));
    report.expect("work for a closed processor", seen(run(&worker, || 1)).kind(), Some(ErrorKind::Closed));
    report.expect("there is no second main thread", main.enter().is_none(), true);
    drop(bound);
    report.expect("a value bound to the main thread is leaked then", Rc::strong_count(&value), 2);
    let raw = Rc::into_raw(value);
    // SAFETY: one of the two counts was ours, the other is the leaked one's, which nobody can reach any more.
    unsafe {
        Rc::decrement_strong_count(raw);
        Rc::decrement_strong_count(raw);
    }
}

/// An error that nobody can see goes to the hook.
fn unseen_errors(report: &mut Report) {
    static UNSEEN: AtomicUsize = AtomicUsize::new(0);
    let set = set_error_hook(|_| _ = UNSEEN.fetch_add(1, Ordering::Relaxed));
    report.expect("the error hook is set once", (set, set_error_hook(|_| {})), (true, false));
    let (promise, task) = promise::<u32>();
    task.detach();
    promise.reject(Error::msg("nobody looks"));
    drop(Task::<u32>::rejected(Error::msg("nobody looks")));
    report.expect("errors that nobody sees go to it", UNSEEN.load(Ordering::Relaxed), 2);
}
