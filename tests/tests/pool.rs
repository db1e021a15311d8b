//! The thread pool: settings, closing from anywhere, and the last handle going anywhere.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::sync::{Arc, Barrier, Mutex};

use behaviour::{DropCount, Host, OnePool, System, quiet_panics, watchdog};
use threadbare::{AsyncSystem, ErrorKind, Result, promise, run};
use threadbare_threads::ThreadPool;

#[test]
fn settings_that_make_no_sense_are_errors() {
    let _watchdog = watchdog("settings");
    let refused = |builder: threadbare_threads::Builder| builder.build().expect_err("it makes no sense").to_string();
    assert!(refused(ThreadPool::builder().threads(0)).contains("thread"));
    assert!(refused(ThreadPool::builder().threads(usize::MAX)).contains("threads at most"));
    assert!(refused(ThreadPool::builder().threads(1).stack_size(0)).contains("stack"));
    assert!(refused(ThreadPool::builder().threads(2).thread_name(|index| format!("a\0{index}"))).contains("NUL"));
    for bytes in [usize::MAX / 2, usize::MAX / 4] {
        refused(ThreadPool::builder().threads(1).stack_size(bytes));
    }
}

/// In a process of its own that has address space for some of the threads only: those that were started are joined.
#[test]
#[cfg(target_os = "linux")]
fn a_pool_that_cannot_be_built_leaves_no_thread_behind() {
    const CHILD: &str = "THREADBARE_FEW_THREADS";
    let _watchdog = watchdog("a pool that cannot be built");
    if std::env::var_os(CHILD).is_none() {
        let test = std::env::current_exe().unwrap();
        let command = "ulimit -v 4000000 && exec \"$0\" --exact a_pool_that_cannot_be_built_leaves_no_thread_behind";
        let child = std::process::Command::new("sh").arg("-c").arg(command).arg(test).env(CHILD, "1").output().unwrap();
        let printed = String::from_utf8_lossy(&child.stdout);
        assert!(child.status.success() && printed.contains("1 passed"), "{printed}");
        return;
    }
    let counts: Arc<[AtomicUsize; 2]> = Arc::default();
    let (start, stop) = (Arc::clone(&counts), Arc::clone(&counts));
    let built = ThreadPool::builder()
        .threads(64)
        .stack_size(256 << 20)
        .on_start(move |_| _ = start[0].fetch_add(1, Ordering::SeqCst))
        .on_stop(move |_| _ = stop[1].fetch_add(1, Ordering::SeqCst))
        .build();
    assert!(built.is_err());
    let [started, stopped] = [0, 1].map(|index: usize| counts[index].load(Ordering::SeqCst));
    assert!(started > 0 && started < 64, "some were started: {started}");
    assert_eq!((started, Arc::strong_count(&counts)), (stopped, 1));
}

#[test]
fn threads_have_names_and_hooks_run_on_them() {
    let _watchdog = watchdog("names and hooks");
    const THREADS: usize = 3;
    type Seen = Mutex<Vec<(usize, std::thread::ThreadId)>>;
    let seen: Arc<[Seen; 2]> = Arc::default();
    let (start, stop) = (Arc::clone(&seen), Arc::clone(&seen));
    let pool = ThreadPool::builder()
        .threads(THREADS)
        .thread_name(|index| format!("decode-{index}"))
        .stack_size(128 << 10)
        .on_start(move |index| start[0].lock().unwrap().push((index, std::thread::current().id())))
        .on_stop(move |index| stop[1].lock().unwrap().push((index, std::thread::current().id())))
        .build()
        .unwrap();
    assert_eq!(pool.threads(), THREADS);
    // A barrier that all threads have to reach, so that each runs one.
    let barrier = Arc::new(Barrier::new(THREADS));
    let names: Vec<_> = (0..THREADS)
        .map(|_| {
            let barrier = Arc::clone(&barrier);
            run(&pool.worker(), move || {
                barrier.wait();
                let thread = std::thread::current();
                (thread.name().map(str::to_owned), thread.id())
            })
        })
        .collect();
    let mut names: Vec<_> = names.into_iter().map(|task| task.wait().unwrap()).collect();
    names.sort_by_key(|(name, _)| name.clone());
    pool.close();
    let [mut started, mut stopped] = [0, 1].map(|index: usize| seen[index].lock().unwrap().clone());
    started.sort_by_key(|(index, _)| *index);
    stopped.sort_by_key(|(index, _)| *index);
    assert_eq!(started, stopped);
    for (index, (name, thread)) in names.into_iter().enumerate() {
        assert_eq!((name, (index, thread)), (Some(format!("decode-{index}")), started[index]));
    }
}

#[test]
fn a_hook_that_panics_does_not_take_its_thread_along() {
    let _watchdog = watchdog("hooks that panic");
    quiet_panics();
    let pool = ThreadPool::builder()
        .threads(1)
        .on_start(|_| panic!("a hook panics on purpose"))
        .on_stop(|_| panic!("a hook panics on purpose"))
        .build()
        .unwrap();
    assert_eq!(run(&pool.worker(), || 1).wait().unwrap(), 1);
    pool.close();
}

#[test]
fn closing_again_and_from_two_threads_at_once_waits_for_the_threads() {
    let _watchdog = watchdog("closing from two threads");
    let done = Arc::new(AtomicUsize::new(0));
    let pool = ThreadPool::with_threads(2);
    for _ in 0..1000 {
        let done = Arc::clone(&done);
        run(&pool.worker(), move || _ = done.fetch_add(1, Ordering::SeqCst)).detach();
    }
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                pool.close();
                assert_eq!(done.load(Ordering::SeqCst), 1000, "what was queued has run");
            });
        }
    });
    pool.close();
    pool.close_now();
    assert_eq!(run(&pool.worker(), || 1).wait().unwrap_err().kind(), ErrorKind::Closed);
}

#[test]
fn a_pool_closes_from_its_own_thread() {
    let _watchdog = watchdog("closing from the pool's own thread");
    for now in [false, true] {
        let pool = ThreadPool::with_threads(1);
        let (mine, (begin, begun)) = (pool.clone(), channel::<()>());
        let closing = run(&pool.worker(), move || {
            begun.recv().unwrap();
            if now {
                mine.close_now()
            } else {
                mine.close()
            }
            run(&mine.worker(), || ()).wait().unwrap_err().kind()
        });
        let queued = run(&pool.worker(), || 1);
        begin.send(()).unwrap();
        assert_eq!(closing.wait().unwrap(), ErrorKind::Closed);
        match queued.wait() {
            Ok(value) => assert!(!now && value == 1),
            Err(error) => assert!(now && error.kind() == ErrorKind::Closed),
        }
        pool.close();
    }
}

#[test]
fn a_pool_closes_from_its_own_thread_while_another_thread_closes_it() {
    let _watchdog = watchdog("closing from inside and outside");
    for _ in 0..50 {
        let pool = ThreadPool::with_threads(2);
        let (mine, gate) = (pool.clone(), Arc::new(Barrier::new(2)));
        let inside = Arc::clone(&gate);
        let task = run(&pool.worker(), move || {
            inside.wait();
            mine.close();
        });
        gate.wait();
        pool.close();
        assert!(task.is_settled(), "a close waits for what runs");
        task.wait().unwrap();
    }
}

/// The last handle goes in a closure of the pool's own, or with the closure that holds it, run or unrun.
#[test]
fn the_last_handle_may_go_on_the_pools_own_thread() {
    let _watchdog = watchdog("the last handle on its own thread");
    let stopped = Arc::new(AtomicUsize::new(0));
    for _ in 0..50 {
        for threads in [1, 2] {
            let (told, stops) = channel();
            let told = Mutex::new(told);
            let pool =
                ThreadPool::builder().threads(threads).on_stop(move |_| told.lock().unwrap().send(()).unwrap()).build();
            let pool = pool.unwrap();
            let worker = pool.worker();
            let task = run(&worker, move || drop(pool));
            let after = run(&worker, || 1);
            task.wait().unwrap();
            // It was queued before the last handle went, or after.
            assert!(after.wait().map_or_else(|error| error.kind() == ErrorKind::Closed, |one| one == 1));
            assert_eq!(stops.iter().take(threads).count(), threads, "all threads end");
            stopped.fetch_add(threads, Ordering::SeqCst);
            assert_eq!(run(&worker, || 1).wait().unwrap_err().kind(), ErrorKind::Closed);
        }
    }
    assert_eq!(stopped.load(Ordering::SeqCst), 150);
}

/// The same, of the last system: on a worker, on the main thread inside of a dispatch, with work queued.
#[test]
fn the_last_system_may_go_anywhere() {
    let _watchdog = watchdog("the last system anywhere");
    for threads in [1, 2] {
        // On a worker.
        let system = AsyncSystem::new(ThreadPool::with_threads(threads));
        let worker = system.worker().clone();
        run(&worker, move || drop(system)).wait().unwrap();
        assert_eq!(run(&worker, || 1).wait().unwrap_err().kind(), ErrorKind::Closed);

        // On the main thread inside of a dispatch, with work queued.
        let system = AsyncSystem::new(ThreadPool::with_threads(threads));
        let here = system.main().enter().unwrap();
        let (worker, main) = (system.worker().clone(), system.main().clone());
        let ran = DropCount::new();
        for _ in 0..100 {
            let ran = ran.clone();
            run(&worker, move || ran.hit()).detach();
        }
        let task = run(&main, move || drop(system));
        assert_eq!(here.dispatch(), 1);
        task.wait().unwrap();
        assert_eq!((ran.hits(), ran.alive()), (100, 0), "what was queued has run");
        assert_eq!(run(&worker, || 1).wait().unwrap_err().kind(), ErrorKind::Closed);
        // The main thread is there still.
        assert_eq!(here.wait(run(&main, || 2)).unwrap(), 2);
    }
}

/// A worker waits for main work while the last system goes: on the main thread that is a wait like any other, elsewhere
/// the worker is let go.
#[test]
fn the_last_system_may_go_while_a_worker_waits_for_the_main_thread() {
    let _watchdog = watchdog("the last system and a waiting worker");
    for entered in [false, true] {
        let system = AsyncSystem::new(ThreadPool::with_threads(1));
        let here = entered.then(|| system.main().enter().unwrap());
        let (main, (queued, waits)) = (system.main().clone(), channel());
        let waiting = run(system.worker(), move || -> Result<u32> {
            let task = run(&main, || 7);
            queued.send(()).unwrap();
            task.wait()
        });
        waits.recv().unwrap();
        drop(system);
        match waiting.wait().unwrap() {
            Ok(value) => assert!(entered && value == 7),
            Err(error) => assert!(!entered && error.kind() == ErrorKind::Closed),
        }
        drop(here);
    }
}

/// While the main thread closes a pool, a task of that pool needs the main thread.
#[test]
fn closing_on_the_main_thread_dispatches() {
    let _watchdog = watchdog("closing on the main thread");
    let host = Host::<OnePool>::start();
    let main = host.main().clone();
    let (queue, queued) = channel();
    let task = run(host.worker(), move || {
        let task = run(&main, || 7);
        queue.send(()).unwrap();
        task.wait()
    });
    queued.recv().unwrap();
    host.system.close(false);
    assert!(matches!(task.try_take(), Ok(Ok(Ok(7)))));
}

#[test]
fn a_task_that_captures_its_own_pool_or_system_leaks_nothing() {
    let _watchdog = watchdog("tasks that capture their pool");
    let probe = DropCount::new();
    let pool = ThreadPool::with_threads(1);
    let (hold, held) = channel::<()>();
    run(&pool.worker(), move || held.recv().is_err()).detach();
    let (mine, captured) = (pool.clone(), probe.clone());
    let queued = run(&pool.worker(), move || {
        captured.hit();
        drop(mine);
    });
    let worker = pool.worker();
    drop(pool);
    drop(hold);
    queued.wait().unwrap();
    assert_eq!((probe.hits(), probe.alive()), (1, 0));
    assert_eq!(run(&worker, || 1).wait().unwrap_err().kind(), ErrorKind::Closed, "the last handle closed it");
}

#[test]
fn workers_and_systems_are_equal_by_identity() {
    let (one, other) = (ThreadPool::with_threads(1), ThreadPool::with_threads(1));
    assert_eq!(one.worker(), one.clone().worker());
    assert_ne!(one.worker(), other.worker());
    let system = AsyncSystem::new(one);
    let twin = AsyncSystem::new(other);
    assert_eq!(system, system.clone());
    assert_eq!(system.main(), &system.main().clone());
    assert_ne!(system, twin);
    assert_ne!(system.worker(), twin.worker());
    assert_ne!(system.main(), twin.main());
}

/// A settled promise lets the pool's task go on after the pool has closed, where the thread is in the context.
#[test]
fn what_runs_while_the_pool_closes_still_runs_its_continuations() {
    let _watchdog = watchdog("continuations of what runs while closing");
    let pool = ThreadPool::with_threads(1);
    let worker = pool.worker();
    let (begin, begun) = channel::<()>();
    let (promise, pending) = promise::<u32>();
    let continued = pending.map(&worker, |n| n + 1);
    let task = run(&worker, move || {
        begun.recv().unwrap();
        promise.resolve(1);
    });
    let twin = pool.clone();
    let closing = std::thread::spawn(move || twin.close());
    // Closed it is when it refuses what is queued.
    while run(&worker, || ()).map(&threadbare::Immediate, |()| ()).try_take().is_err() {
        std::thread::yield_now();
    }
    begin.send(()).unwrap();
    closing.join().unwrap();
    task.wait().unwrap();
    assert_eq!(continued.wait().unwrap(), 2);
}
