//! The pool whose threads each have a state: calls from many threads and from inside, loaders that fail, and closing.

#![cfg(shuttle)]

use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use shuttle::thread::{self, ThreadId};
use shuttle_tests::{Ledger, explore};
use threadbare::{Error, ErrorKind, all};
use threadbare_threads::{Builder, StatefulPool};

/// A state: never leaves its thread, and is lent to one call at a time.
struct State {
    home: ThreadId,
    lent: bool,
    calls: usize,
    /// Not `Send`.
    left: Rc<AtLast>,
}

/// Counts the calls of all states, when those are dropped. The counter is std's, and so no step of a schedule.
struct AtLast(Arc<AtomicUsize>);

impl State {
    fn new(served: &Arc<AtomicUsize>) -> Self {
        Self { home: thread::current().id(), lent: false, calls: 0, left: Rc::new(AtLast(served.clone())) }
    }

    fn serve(&mut self) {
        assert!(self.home == thread::current().id() && !self.lent);
        self.lent = true;
        thread::yield_now();
        self.lent = false;
        self.calls += 1;
    }
}

impl Drop for State {
    fn drop(&mut self) {
        assert_eq!(self.home, thread::current().id());
        // ORDERING: Relaxed: all threads of an execution are one.
        self.left.0.fetch_add(self.calls, Relaxed);
    }
}

fn pool(threads: usize) -> (StatefulPool<State>, Arc<AtomicUsize>) {
    built(StatefulPool::builder().threads(threads))
}

fn built(builder: Builder) -> (StatefulPool<State>, Arc<AtomicUsize>) {
    let served = Arc::new(AtomicUsize::new(0));
    let theirs = served.clone();
    let pool = builder.build_stateful(move |_| Ok(State::new(&theirs)));
    (pool.expect("shuttle has threads to give"), served)
}

/// Broken if a call fell between a thread's last look and its sleep.
#[test]
fn calls_from_several_threads_are_all_served() {
    for threads in [1, 2, 8] {
        explore(8, move || {
            let ((pool, served), ledger) = (pool(threads), Ledger::new());
            let callers = [(); 3].map(|()| {
                let (pool, ledger) = (pool.clone(), ledger.clone());
                thread::spawn(move || {
                    let calls: Vec<_> = (0..10).map(|_| ledger.call(&pool, State::serve)).collect();
                    all(calls).wait().expect("they are served");
                    for _ in 0..3 {
                        ledger.call(&pool, State::serve).wait().expect("it is served");
                    }
                })
            });
            for caller in callers {
                caller.join().expect("it does not panic");
            }
            pool.close();
            ledger.close();
            // ORDERING: Relaxed: all threads of an execution are one.
            assert_eq!((ledger.balance(), served.load(Relaxed)), ((39, 0), 39));
        });
    }
}

#[derive(Clone, Copy, Debug)]
enum How {
    Close,
    CloseNow,
    Drop,
}

/// Calls from outside, each of which makes more, while the pool closes. The handle that is the last to be dropped may be the
/// caller's, or that of a call.
#[test]
fn a_pool_is_closed_while_calls_are_made() {
    for (threads, how) in [1, 2, 8].into_iter().flat_map(|n| [How::Close, How::CloseNow, How::Drop].map(|how| (n, how)))
    {
        let (run, rejected) = explore(10, move || {
            let ledger = Ledger::new();
            // Counted when they have dropped their states.
            let ended = Arc::new(AtomicUsize::new(0));
            let theirs = ended.clone();
            // ORDERING: Relaxed: all threads of an execution are one.
            let note = move |_| _ = theirs.fetch_add(1, Relaxed);
            let (pool, served) = built(StatefulPool::builder().threads(threads).on_stop(note));
            let caller = {
                let (pool, ledger) = (pool.clone(), ledger.clone());
                thread::spawn(move || {
                    for _ in 0..10 {
                        let (inner, books) = (pool.clone(), ledger.clone());
                        let call = move |state: &mut State| {
                            state.serve();
                            books.call(&inner, State::serve).detach();
                        };
                        ledger.call(&pool, call).detach();
                    }
                })
            };
            let before: Vec<_> = (0..5).map(|_| ledger.call(&pool, State::serve)).collect();
            match how {
                How::Close => pool.close(),
                How::CloseNow => pool.close_now(),
                How::Drop => drop(pool),
            }
            // ORDERING: Relaxed: all threads of an execution are one.
            while ended.load(Relaxed) < threads {
                assert!(matches!(how, How::Drop), "a close returns when they have ended");
                thread::yield_now();
            }
            ledger.close();
            for call in before {
                let outcome = call.try_take().expect("it has settled when the pool has closed");
                assert!(outcome.is_ok() || matches!(how, How::CloseNow), "{how:?}: {outcome:?}");
            }
            caller.join().expect("it does not panic");
            let (run, rejected) = ledger.balance();
            // Nobody closes a pool that is still called.
            assert!(!matches!(how, How::Drop) || (run, rejected) == (25, 0));
            // ORDERING: Relaxed: all threads of an execution are one.
            assert_eq!(served.load(Relaxed), run);
        });
        assert!(
            matches!(how, How::Drop) || run > 0 && rejected > 0,
            "{run} run, {rejected} rejected: it no longer races"
        );
    }
}

/// Each call makes another and waits for it. Broken if all threads could sleep over calls that only they would run.
#[test]
fn waits_inside_of_calls_end() {
    for threads in [1, 2, 4] {
        let (run, rejected) = explore(10, move || {
            let ((pool, served), ledger) = (pool(threads), Ledger::new());
            let outer = (0..8).map(|_| {
                let (inner, books) = (pool.clone(), ledger.clone());
                ledger.call(&pool, move |state| {
                    state.serve();
                    books.call(&inner, State::serve).wait().is_ok()
                })
            });
            let inner = all(outer.collect::<Vec<_>>()).wait().expect("they are served");
            let succeeded = inner.into_iter().filter(|ok| *ok).count();
            pool.close();
            ledger.close();
            assert_eq!(ledger.balance_with(ErrorKind::Deadlock), (8 + succeeded, 8 - succeeded));
            // ORDERING: Relaxed: all threads of an execution are one.
            assert_eq!(served.load(Relaxed), 8 + succeeded);
        });
        assert!(run > 0 && rejected > 0, "{run} run, {rejected} given up");
    }
}

/// Some loaders fail, or all, while calls are made. Broken if a call were left to threads that never come.
#[test]
fn loaders_fail_while_calls_are_made() {
    for (threads, failing) in [(1, 1), (4, 1), (4, 3), (4, 4), (8, 5)] {
        explore(10, move || {
            let served = Arc::new(AtomicUsize::new(0));
            let theirs = served.clone();
            let load = move |index| {
                thread::yield_now();
                if index < failing { Err(Error::msg("no device")) } else { Ok(State::new(&theirs)) }
            };
            let pool = StatefulPool::new(threads, load).expect("shuttle has threads to give");
            let callers = [(); 2].map(|()| {
                let pool = pool.clone();
                thread::spawn(move || (0..6).map(|_| pool.call(State::serve).wait().is_ok()).filter(|ok| *ok).count())
            });
            let ready = pool.ready().wait().unwrap_or(0);
            assert_eq!((ready, pool.failures().len()), (threads - failing, failing));
            let calls: usize = callers.map(|caller| caller.join().expect("it does not panic")).iter().sum();
            assert_eq!(calls, if failing < threads { 12 } else { 0 });
            pool.close();
            // ORDERING: Relaxed: all threads of an execution are one.
            assert_eq!(served.load(Relaxed), calls);
        });
    }
}
