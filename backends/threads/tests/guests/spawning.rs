//! Settings, and threads that the host makes.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};

use threadbare::{ErrorKind, Task, run};
use threadbare_threads::{Builder, PoolThread, StatefulPool, ThreadPool};

use crate::common::{at_once, is_outside, me, settled, watchdog};

#[test]
fn settings_that_make_no_sense_are_errors() {
    let refused = |builder: Builder| builder.build().expect_err("it makes no sense").to_string();
    let pool = ThreadPool::builder;
    assert!(refused(pool().threads(0)).contains("room for guests"));
    assert!(refused(pool().threads(0).guests(0)).contains("room for guests"));
    assert!(refused(pool().threads(1).guests(usize::MAX)).contains("at most"));
    assert!(refused(pool().threads(usize::MAX).guests(1)).contains("at most"));
    let stateful = StatefulPool::builder().threads(1).guests(1).build_stateful(|_| Ok(()));
    assert!(stateful.expect_err("guests have no state").to_string().contains("guests"));
    let stateful = StatefulPool::builder().threads(0).build_stateful(|_| Ok(()));
    assert!(stateful.expect_err("nobody could have a state").to_string().contains("thread"));
    assert_eq!(pool().threads(0).guests(3).build().expect("it makes sense").threads(), 0);
}

/// What the host is told of each, and that it is called on the builder's thread; then the threads are the pool's.
#[test]
fn the_host_makes_the_threads() {
    let _watchdog = watchdog("threads of the host's");
    const THREADS: usize = 3;
    let asked = Arc::new(Mutex::new(Vec::new()));
    let (asks, started) = (Arc::clone(&asked), Arc::new(AtomicUsize::new(0)));
    let starts = Arc::clone(&started);
    let (returned, returns) = channel();
    let pool = ThreadPool::builder()
        .threads(THREADS)
        .thread_name(|index| format!("decode-{index}"))
        .stack_size(300_000)
        .on_start(move |_| _ = starts.fetch_add(1, Ordering::SeqCst))
        .spawn_with(move |thread| {
            let told = (thread.index(), thread.name().to_owned(), thread.stack_size(), me());
            asks.lock().expect("nobody panics in here").push(told);
            let returned = returned.clone();
            std::thread::spawn(move || {
                thread.run();
                // The thread is the host's again, and goes on.
                returned.send(me()).expect("the test listens");
            });
            Ok(())
        })
        .build()
        .expect("the host makes them");
    let asked = std::mem::take(&mut *asked.lock().expect("nobody panics in here"));
    let expected = (0..THREADS).map(|index| (index, format!("decode-{index}"), Some(300_000), me()));
    assert_eq!(asked, expected.collect::<Vec<_>>());
    let mut ran = at_once(&pool.worker(), THREADS);
    pool.close();
    assert_eq!(started.load(Ordering::SeqCst), THREADS);
    let mut returned: Vec<_> = returns.iter().take(THREADS).collect();
    ran.sort_by_key(|thread| format!("{thread:?}"));
    returned.sort_by_key(|thread| format!("{thread:?}"));
    assert_eq!(ran, returned);
}

/// `run` returns to whatever the thread was doing, which may be the work of another pool.
#[test]
fn run_returns_on_a_thread_that_goes_on() {
    let _watchdog = watchdog("a thread that goes on");
    let (sender, threads) = channel();
    let inner = ThreadPool::builder().threads(1).spawn_with(move |thread| Ok(_ = sender.send(thread))).build();
    let inner = inner.expect("the host makes them");
    let outer = ThreadPool::with_threads(1);
    let (thread, own, other) = (threads.recv().expect("one was asked for"), outer.worker(), inner.worker());
    let lent = run(&outer.worker(), move || {
        thread.run();
        // It is no longer one of the pool's, and that is closed.
        let refused = Task::resolved(()).map(&other, |()| ()).wait().expect_err("it is queued").kind();
        (!is_outside(&own), refused, me())
    });
    let ran = run(&inner.worker(), me);
    inner.close();
    let (is_in_own, refused, lent) = lent.wait().expect("it returns");
    assert_eq!((is_in_own, refused, ran.wait().expect("it ran")), (true, ErrorKind::Closed, lent));
}

/// At the first, and in between: those that were made before are through when the error comes out.
#[test]
fn an_error_of_the_hosts_comes_out_of_build() {
    let _watchdog = watchdog("a host that makes no more threads");
    for made in [0, 1, 2] {
        let (returned, stopped) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let (returns, stops) = (Arc::clone(&returned), Arc::clone(&stopped));
        let spawn = move |thread: PoolThread| {
            if thread.index() == made {
                return Err(std::io::Error::other("no more threads"));
            }
            let returns = Arc::clone(&returns);
            std::thread::spawn(move || {
                thread.run();
                returns.fetch_add(1, Ordering::SeqCst);
            });
            Ok(())
        };
        let builder = || {
            let stops = Arc::clone(&stops);
            ThreadPool::builder().threads(3).on_stop(move |_| _ = stops.fetch_add(1, Ordering::SeqCst))
        };
        let error = builder().spawn_with(spawn.clone()).build().expect_err("the host fails");
        assert_eq!(error.to_string(), "no more threads");
        assert_eq!(stopped.load(Ordering::SeqCst), made, "it waits for those that there are");
        let error = builder().spawn_with(spawn).build_stateful(|_| Ok(())).expect_err("the host fails");
        assert_eq!(error.to_string(), "no more threads");
        assert_eq!(stopped.load(Ordering::SeqCst), 2 * made);
        while returned.load(Ordering::SeqCst) < 2 * made {
            std::thread::yield_now();
        }
    }
}

/// Whichever it drops, and whether at once or after others were made: the pool does without.
#[test]
fn the_host_drops_some_of_the_threads() {
    let _watchdog = watchdog("threads that are never run");
    for (kept, later) in [(0, false), (1, false), (2, false), (0, true), (1, true), (2, true)] {
        let dropped = Arc::new(Mutex::new(Vec::new()));
        let drops = Arc::clone(&dropped);
        let spawn = move |thread: PoolThread| {
            if thread.index() == kept {
                std::thread::spawn(move || thread.run());
            } else if later {
                drops.lock().expect("nobody panics in here").push(thread);
            }
            Ok(())
        };
        let pool = ThreadPool::builder().threads(3).spawn_with(spawn.clone()).build().expect("the host succeeds");
        let before = run(&pool.worker(), || 6);
        dropped.lock().expect("nobody panics in here").clear();
        assert_eq!(before.wait().expect("one is there"), 6);
        assert_eq!(run(&pool.worker(), || 7).wait().expect("one is there"), 7);
        pool.close();

        let pool = StatefulPool::builder().threads(3).spawn_with(spawn);
        let pool = pool.build_stateful(Ok).expect("the host succeeds");
        let before = pool.call(|index| *index);
        dropped.lock().expect("nobody panics in here").clear();
        assert_eq!(before.wait().expect("one is there"), kept);
        assert_eq!(pool.ready().wait().expect("one is there"), 1);
        assert_eq!(pool.failures().len(), 2);
        pool.close();
    }
}

/// All of them, at once or later: what is queued is rejected, and nothing hangs.
#[test]
fn the_host_drops_all_threads() {
    let _watchdog = watchdog("a pool whose threads are never run");
    for (guests, later) in [(0, false), (0, true), (1, false), (1, true)] {
        let dropped = Arc::new(Mutex::new(Vec::new()));
        let drops = Arc::clone(&dropped);
        let spawn = move |thread: PoolThread| {
            if later {
                drops.lock().expect("nobody panics in here").push(thread);
            }
            Ok(())
        };
        let pool = ThreadPool::builder().threads(2).guests(guests).spawn_with(spawn.clone()).build();
        let pool = pool.expect("the host succeeds");
        let queued = run(&pool.worker(), || 7);
        assert_eq!(queued.is_settled(), !later);
        dropped.lock().expect("nobody panics in here").clear();
        assert_eq!(settled(queued).expect_err("nobody is there").kind(), ErrorKind::Closed);
        assert_eq!(settled(run(&pool.worker(), || 7)).expect_err("nobody is there").kind(), ErrorKind::Closed);
        pool.close();

        let pool = StatefulPool::builder().threads(2).spawn_with(spawn).build_stateful(|_| Ok(()));
        let pool = pool.expect("the host succeeds");
        let queued = pool.call(|()| 7);
        assert_eq!(queued.is_settled(), !later);
        dropped.lock().expect("nobody panics in here").clear();
        assert!(settled(queued).expect_err("nobody is there").to_string().contains("never started"));
        assert!(settled(pool.call(|()| 7)).expect_err("nobody is there").to_string().contains("never started"));
        assert_eq!(pool.failures().len(), 2);
        pool.close();
    }
}
