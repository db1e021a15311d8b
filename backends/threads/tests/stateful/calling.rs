//! Calls: where they run, in which order, and what comes of them.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::{Arc, Barrier, Mutex, mpsc};

use threadbare::{AsyncSystem, Error, ErrorKind, Immediate, Task, promise, spawn};
use threadbare_threads::{StatefulPool, ThreadPool};

use crate::common::{Gate, Log, State, settled, watchdog};

/// The handle of a pool of states that are neither `Send` nor `Sync` is both, and so are its calls' tasks.
#[test]
fn a_handle_goes_anywhere_whatever_the_state() {
    fn anywhere<T: Clone + Send + Sync + 'static>(_: &T) {}
    let pool = StatefulPool::new(1, |_| Ok(Rc::new(RefCell::new(1)))).expect("a thread");
    anywhere(&pool);
    let there = pool.clone();
    let task = std::thread::spawn(move || there.call(|state| state.replace(2))).join().expect("no panic");
    assert_eq!(task.wait().expect("it ran"), 1);
    assert_eq!(pool.call(|state| Rc::strong_count(state) + state.take()).wait().expect("it ran"), 3);
}

#[test]
fn one_thread_runs_calls_in_the_order_in_which_they_were_made() {
    let _watchdog = watchdog("calls in order");
    let pool = StatefulPool::new(1, |_| Ok(Vec::new())).expect("a thread");
    for n in 0..1000 {
        pool.call(move |numbers| numbers.push(n)).detach();
    }
    let numbers = pool.call(|numbers| numbers.clone()).wait().expect("it ran");
    assert_eq!(numbers, (0..1000).collect::<Vec<_>>());
}

/// Broken if a call could wait behind a busy thread while another is free, or start before one that was made earlier.
#[test]
fn calls_go_to_whichever_thread_is_free() {
    let _watchdog = watchdog("whichever is free");
    let pool = StatefulPool::new(2, Ok).expect("two threads");
    assert_eq!(pool.ready().wait().expect("both load"), 2);
    let (busy, gate) = (mpsc::channel(), Gate::default());
    let (started, at) = (busy.0, gate.clone());
    let held = pool.call(move |index| {
        started.send(*index).expect("the test listens");
        at.pass();
    });
    let held_by = busy.1.recv().expect("it starts");
    let order = Arc::new(Mutex::new(Vec::new()));
    let calls: Vec<_> = (0..100)
        .map(|n| {
            let order = Arc::clone(&order);
            pool.call(move |index| {
                order.lock().expect("no panic").push(n);
                *index
            })
        })
        .collect();
    for call in calls {
        assert_eq!(call.wait().expect("it ran"), 1 - held_by);
    }
    assert!(!held.is_settled());
    assert_eq!(*order.lock().expect("no panic"), (0..100).collect::<Vec<_>>());
    gate.open();
    held.wait().expect("it ran");
}

#[test]
fn a_panic_rejects_its_call_and_nothing_else() {
    let _watchdog = watchdog("a panic rejects its call");
    let log = Log::default();
    let to = log.clone();
    let pool = StatefulPool::new(1, move |index| Ok(State::build(index, &to))).expect("a thread");
    for round in 1..=3 {
        let bad = pool.call(move |state| {
            state.touch();
            assert!(round > 3, "on purpose, round {round}");
        });
        let error = bad.wait().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Panicked);
        assert!(error.to_string().contains(&format!("on purpose, round {round}")), "{error}");
        assert_eq!(pool.call(|state| state.seen.get()).wait().expect("the state lives on"), round);
    }
    pool.close();
    assert_eq!(log.uses(&[true]), 3);
}

/// Says on which thread it was dropped.
struct Tell(mpsc::Sender<std::thread::ThreadId>);

impl Drop for Tell {
    fn drop(&mut self) {
        _ = self.0.send(std::thread::current().id());
    }
}

#[test]
fn what_a_call_captures_is_dropped_where_it_ran_before_it_settles() {
    let _watchdog = watchdog("captures are dropped there");
    let pool = StatefulPool::new(1, |_| Ok(std::thread::current().id())).expect("a thread");
    for panics in [false, true] {
        let (sender, dropped) = mpsc::channel();
        let tell = Tell(sender);
        let call = pool.call(move |home| {
            let _tell = &tell;
            assert!(!panics, "on purpose");
            *home
        });
        let home = call.wait();
        let on = dropped.try_recv().expect("dropped before it settled");
        assert_eq!(home.is_err(), panics);
        assert_ne!(on, std::thread::current().id());
        assert_eq!(on, pool.call(|home| *home).wait().expect("it ran"));
    }
}

#[test]
fn try_call_settles_as_what_is_returned_does() {
    let _watchdog = watchdog("try_call");
    let pool = StatefulPool::new(1, |_| Ok(20)).expect("a thread");
    assert_eq!(pool.try_call(|n| Ok(*n + 1)).wait().expect("a value"), 21);
    assert_eq!(pool.try_call(|n| Err::<(), _>(Error::msg(*n))).wait().unwrap_err().to_string(), "20");
    assert_eq!(pool.try_call(|n| Task::resolved(*n + 2)).wait().expect("a task"), 22);

    // The future is polled while the state is lent to others, and after the pool has gone.
    let (promise, later) = promise::<i32>();
    let future = pool.try_call(move |n| {
        let n = *n;
        async move { Ok(later.await? + n) }
    });
    assert_eq!(pool.call(|n| std::mem::replace(n, 0)).wait().expect("the state is free"), 20);
    assert!(!future.is_settled());
    drop(pool);
    promise.resolve(3);
    assert_eq!(settled(future).expect("a future"), 23);
}

/// Broken if futures queued with the calls: a call that waits for one would hold the thread that it needs.
#[test]
fn a_returned_future_needs_none_of_the_pool_s_threads() {
    let _watchdog = watchdog("a returned future");
    let pool = StatefulPool::new(1, |_| Ok(())).expect("a thread");
    let (promise, later) = promise::<u32>();
    let future = pool.try_call(|()| async move { Ok(later.await? + 1) });
    // Then it has been polled, wherever that is queued.
    for _ in 0..2 {
        pool.call(|()| ()).wait().expect("it ran");
    }
    let (started, starts) = mpsc::channel();
    let waits = pool.call(move |()| {
        started.send(()).expect("the test listens");
        future.wait()
    });
    starts.recv().expect("it starts");
    promise.resolve(1);
    assert_eq!(waits.wait().expect("it ran").expect("it resolved"), 2);
}

/// Broken if a thread that something else unparks stayed on the list of those that have nothing to do: the next calls
/// would wake it twice, and the other one not at all.
#[test]
fn a_stray_unpark_costs_no_wake_up() {
    let _watchdog = watchdog("a stray unpark");
    let pool = StatefulPool::new(2, |_| Ok(())).expect("two threads");
    for _ in 0..100 {
        let at = Arc::new(Barrier::new(2));
        let strays = [(); 2].map(|()| {
            let at = Arc::clone(&at);
            pool.call(move |()| {
                at.wait();
                std::thread::current().unpark();
            })
        });
        for stray in strays {
            stray.wait().expect("it ran");
        }
        // They need both threads at once.
        let at = Arc::new(Barrier::new(2));
        let meet = [(); 2].map(|()| {
            let at = Arc::clone(&at);
            pool.call(move |()| at.wait().is_leader())
        });
        let leaders = meet.map(|task| task.wait().expect("it ran"));
        assert!(leaders[0] != leaders[1]);
    }
}

/// Callback style and async style side by side, delivered by the main thread's dispatch and by nothing else.
#[test]
fn callbacks_and_async_blocks_run_when_the_main_thread_dispatches() {
    let _watchdog = watchdog("callbacks and async blocks");
    let system = AsyncSystem::new(ThreadPool::with_threads(1));
    let here = system.main().enter().expect("this is the main thread");
    let pool = StatefulPool::new(1, |_| Ok(Cell::new(1))).expect("a thread");
    let lines = Rc::new(RefCell::new(Vec::new()));

    let (into, called) = (Rc::clone(&lines), pool.call(|cell| cell.replace(2)));
    let callback = called.map(&here, move |n| into.borrow_mut().push(format!("callback {n}")));
    let behind = pool.call(|_| ());
    while !behind.is_settled() {
        // Not `wait`, which would dispatch.
        std::thread::yield_now();
    }
    assert!(!callback.is_settled(), "the call has run, its callback has not");

    let (into, calls) = (Rc::clone(&lines), pool.clone());
    let block = spawn(&here, async move {
        let first = calls.call(|cell| cell.replace(3)).await?;
        let second = calls.call(move |cell| cell.get() + first).await?;
        into.borrow_mut().push(format!("async {second}"));
        Ok(())
    });
    assert_eq!(*lines.borrow(), [""; 0]);
    while !block.is_settled() {
        here.dispatch();
    }
    assert_eq!(*lines.borrow(), ["callback 1", "async 5"]);
    settled(callback).expect("it ran");
    settled(block).expect("it ran");
}

#[test]
fn hooks_run_around_loader_and_state_on_the_named_thread() {
    struct Noisy(mpsc::Sender<(&'static str, Option<String>)>);
    impl Drop for Noisy {
        fn drop(&mut self) {
            tell(&self.0, "drop");
        }
    }
    fn tell(to: &mpsc::Sender<(&'static str, Option<String>)>, what: &'static str) {
        to.send((what, std::thread::current().name().map(str::to_string))).expect("the test listens");
    }
    let _watchdog = watchdog("hooks");
    let (to, events) = mpsc::channel();
    let (on_start, on_stop, loader) = (to.clone(), to.clone(), to);
    let pool = StatefulPool::builder()
        .threads(1)
        .thread_name(|index| format!("stateful {index}"))
        .stack_size(512 * 1024)
        .on_start(move |_| tell(&on_start, "start"))
        .on_stop(move |_| tell(&on_stop, "stop"))
        .build_stateful(move |_| {
            tell(&loader, "load");
            Ok(Noisy(loader.clone()))
        })
        .expect("a thread");
    assert_eq!(pool.threads(), 1);
    pool.call(|state| tell(&state.0, "call")).map(&Immediate, |()| ()).wait().expect("it ran");
    pool.close();
    let events: Vec<_> = events.try_iter().collect();
    let expected = ["start", "load", "call", "drop", "stop"];
    assert_eq!(events, expected.map(|what| (what, Some("stateful 0".to_string()))));
}
