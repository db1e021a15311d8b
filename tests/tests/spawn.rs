//! Futures as tasks, and tasks as futures.

use std::cell::RefCell;
use std::future::{Future, IntoFuture, poll_fn};
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};

use behaviour::{DropCount, Host, Log, OnePool, Place, Scope, System, each_system, quiet_panics, watchdog};
use threadbare::{Error, ErrorKind, Result, Task, promise, run, spawn};

each_system!(
    a_future_is_polled_and_dropped_in_its_context,
    a_future_that_nobody_will_wake_is_dropped_in_its_context,
    a_panic_in_a_poll_rejects_the_task,
    a_future_that_wakes_itself_goes_through_the_queue,
    a_system_that_is_dropped_rejects_its_futures_when_they_are_woken,
    a_future_of_a_main_thread_that_has_left_is_leaked_rather_than_dropped_elsewhere,
    an_awaiting_future_comes_back_to_its_context,
    wakes_from_several_threads_are_not_lost,
);

/// Hands its waker out, once, and is ready when it is polled again.
fn until_woken(hand_out: impl FnOnce(Waker) + Unpin) -> impl Future<Output = ()> {
    let mut hand_out = Some(hand_out);
    poll_fn(move |cx| match hand_out.take() {
        Some(hand_out) => {
            hand_out(cx.waker().clone());
            Poll::Pending
        }
        None => Poll::Ready(()),
    })
}

fn a_future_is_polled_and_dropped_in_its_context<S: System>() {
    let host = Host::<S>::start();
    let (wakers, woken) = channel::<Waker>();
    let waking = std::thread::spawn(move || woken.into_iter().for_each(Waker::wake));
    let here = std::thread::current().id();

    let worker_log = Log::new();
    let (probe, sent) = (worker_log.probe(), wakers.clone());
    let on_worker = spawn(host.worker(), async move {
        for _ in 0..10 {
            probe.poll();
            until_woken(|waker| sent.send(waker).unwrap()).await;
        }
        Ok(1)
    });

    let main_log = Log::new();
    let (local, sent) = (Rc::new(main_log.probe()), wakers);
    let on_main = spawn(&host.here, async move {
        for _ in 0..10 {
            local.poll();
            until_woken(|waker| sent.send(waker).unwrap()).await;
        }
        Ok(2)
    });
    assert_eq!((host.settle(on_worker).unwrap(), host.settle(on_main).unwrap()), (1, 2));
    waking.join().unwrap();

    assert_eq!((worker_log.polls().len(), worker_log.drops().len()), (10, 1));
    for place in worker_log.polls().into_iter().chain(worker_log.drops()) {
        assert_eq!((place.scope, place.thread == here), (Scope::Worker, S::POLLED));
    }
    assert_eq!((main_log.polls().len(), main_log.drops().len()), (10, 1));
    for place in main_log.polls().into_iter().chain(main_log.drops()) {
        assert_eq!(place, Place { scope: Scope::Main, thread: here });
    }
}

/// Whoever holds its waker lets it go, elsewhere; or nobody ever had one.
fn a_future_that_nobody_will_wake_is_dropped_in_its_context<S: System>() {
    let host = Host::<S>::start();
    let here = std::thread::current().id();
    for waker_given in [true, false] {
        let (wakers, given) = channel::<Waker>();
        let give = move |probe: &dyn Fn(), wakers: &std::sync::mpsc::Sender<Waker>, cx: &Context<'_>| {
            probe();
            if waker_given {
                wakers.send(cx.waker().clone()).unwrap();
            }
            Poll::<Result<()>>::Pending
        };
        let (worker_log, main_log) = (Log::new(), Log::new());
        let (probe, sent) = (worker_log.probe(), wakers.clone());
        let on_worker = spawn(host.worker(), poll_fn(move |cx| give(&|| probe.poll(), &sent, cx)));
        let (local, sent) = (Rc::new(main_log.probe()), wakers);
        let on_main = spawn(&host.here, poll_fn(move |cx| give(&|| local.poll(), &sent, cx)));
        if waker_given {
            let wakers: Vec<_> = std::iter::from_fn(|| {
                host.turn();
                Some(given.try_recv())
            })
            .filter_map(|waker| waker.ok())
            .take(2)
            .collect();
            assert!(!on_worker.is_settled() && !on_main.is_settled());
            std::thread::spawn(move || drop(wakers)).join().unwrap();
        }
        assert!(host.settle(on_worker).is_err());
        assert!(host.settle(on_main).is_err());
        assert_eq!(main_log.drops(), [Place { scope: Scope::Main, thread: here }], "waker given: {waker_given}");
        let places = worker_log.drops();
        assert_eq!(places.len(), 1, "waker given: {waker_given}");
        assert_eq!((places[0].scope, places[0].thread == here), (Scope::Worker, S::POLLED));
        assert_eq!((worker_log.polls().len(), main_log.polls().len()), (1, 1));
    }
}

fn a_panic_in_a_poll_rejects_the_task<S: System>() {
    quiet_panics();
    let host = Host::<S>::start();
    let captured = DropCount::new();
    for first in [true, false] {
        let (mine, waited) = (captured.clone(), run(host.worker(), || 1));
        let task = spawn(host.worker(), async move {
            if !first {
                waited.await?;
            }
            mine.hit();
            if mine.hits() > 0 {
                panic!("a poll panics on purpose");
            }
            Ok(())
        });
        let error = host.settle(task).unwrap_err();
        assert!(error.kind() == ErrorKind::Panicked && error.to_string().ends_with("a poll panics on purpose"));
    }
    assert_eq!((captured.hits(), captured.alive()), (2, 0));
    assert_eq!(host.settle(run(host.worker(), || 1)).unwrap(), 1, "the worker lives");
}

fn a_future_that_wakes_itself_goes_through_the_queue<S: System>() {
    let host = Host::<S>::start();
    let task = spawn(host.worker(), async {
        for _ in 0..1000 {
            until_woken(Waker::wake).await;
        }
        Ok(7)
    });
    assert_eq!(host.settle(task).unwrap(), 7);
    // What is queued behind it gets its turn.
    let stop = Arc::new(AtomicBool::new(false));
    let stopped = Arc::clone(&stop);
    let endless = spawn(host.worker(), async move {
        while !stopped.load(Ordering::SeqCst) {
            until_woken(Waker::wake).await;
        }
        Ok(())
    });
    run(host.worker(), move || stop.store(true, Ordering::SeqCst)).detach();
    host.settle(endless).unwrap();
}

/// The system goes while a future waits: it is rejected when it is woken, or its waker dropped.
fn a_system_that_is_dropped_rejects_its_futures_when_they_are_woken<S: System>() {
    for wake in [true, false] {
        let host = Host::<S>::start();
        let captured = DropCount::new();
        let (wakers, given) = channel::<Waker>();
        let mine = captured.clone();
        let task = spawn(host.worker(), async move {
            until_woken(|waker| wakers.send(waker).unwrap()).await;
            mine.hit();
            Ok(())
        });
        let waker = loop {
            host.turn();
            match given.try_recv() {
                Ok(waker) => break waker,
                Err(_) => std::thread::yield_now(),
            }
        };
        drop(host);
        assert!(!task.is_settled());
        if wake {
            waker.wake()
        } else {
            drop(waker)
        }
        assert_eq!(task.wait().unwrap_err().kind(), ErrorKind::Closed);
        assert_eq!((captured.hits(), captured.alive()), (0, 0));
    }
}

/// The main thread leaves while a future of its own waits: it may not be dropped elsewhere.
fn a_future_of_a_main_thread_that_has_left_is_leaked_rather_than_dropped_elsewhere<S: System>() {
    let log = Log::new();
    let (wakers, given) = channel::<Waker>();
    let task = std::thread::scope(|scope| {
        let main = scope.spawn(|| {
            let host = Host::<S>::start();
            let local = Rc::new(log.probe());
            let task = spawn(&host.here, async move {
                local.poll();
                until_woken(|waker| wakers.send(waker).unwrap()).await;
                local.poll();
                Ok(())
            });
            host.turn();
            task
        });
        main.join().unwrap()
    });
    given.recv().unwrap().wake();
    assert_eq!(task.wait().unwrap_err().kind(), ErrorKind::Closed);
    assert_eq!((log.polls().len(), log.drops().len()), (1, 0));
}

/// Counts how often it is woken, and wakes a thread.
struct Woken(AtomicUsize, std::thread::Thread);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
        self.1.unpark();
    }
}

fn waker() -> (Arc<Woken>, Waker) {
    let woken = Arc::new(Woken(AtomicUsize::new(0), std::thread::current()));
    (Arc::clone(&woken), woken.into())
}

/// An executor of one's own, the smallest there is: a new waker for each poll.
fn block_on<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    loop {
        let (woken, waker) = waker();
        if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
            return output;
        }
        while woken.0.load(Ordering::SeqCst) == 0 {
            std::thread::park();
        }
    }
}

/// On a pool, since this executor sleeps and polls nobody.
#[test]
fn a_task_is_awaited_on_any_executor() {
    let _watchdog = watchdog("tasks on an executor of one's own");
    let host = Host::<OnePool>::start();
    for n in 0..500 {
        let task = run(host.worker(), move || n);
        let sum = async move { Ok::<_, Error>(task.await? + Task::resolved(1).await?) };
        assert_eq!(block_on(sum).unwrap(), n + 1);
    }
    assert_eq!(block_on(Task::<u32>::rejected(Error::msg("no")).into_future()).unwrap_err().to_string(), "no");
}

#[test]
fn the_last_waker_is_woken_and_the_others_are_let_go() {
    let (promise, task) = promise::<u32>();
    let mut future = task.into_future();
    let wakers = [waker(), waker(), waker()];
    let poll = |future: &mut threadbare::TaskFuture<u32>, waker: &Waker| {
        Pin::new(future).poll(&mut Context::from_waker(waker)).is_ready()
    };
    for (_, waker) in &wakers {
        for _ in 0..2 {
            assert!(!poll(&mut future, waker));
        }
    }
    let held = wakers.each_ref().map(|(woken, _)| Arc::strong_count(woken));
    assert_eq!(held, [2, 2, 3], "one is kept");
    promise.resolve(1);
    assert_eq!(wakers.each_ref().map(|(woken, _)| woken.0.load(Ordering::SeqCst)), [0, 0, 1]);
    assert!(poll(&mut future, &wakers[0].1));
    drop(future);
    assert_eq!(wakers.each_ref().map(|(woken, _)| Arc::strong_count(woken)), [2, 2, 2]);
}

/// Every order of polling, settling and dropping; the value is dropped once, the waker is not kept.
#[test]
fn a_future_that_is_dropped_lets_value_and_waker_go() {
    for polled in [false, true] {
        for settled in [false, true] {
            for by_settling in [false, true] {
                let log = Log::new();
                let (promise, task) = promise();
                let (woken, waker) = waker();
                let mut future = task.into_future();
                if polled {
                    assert!(Pin::new(&mut future).poll(&mut Context::from_waker(&waker)).is_pending());
                }
                let settle = |promise: threadbare::Promise<_>| {
                    if settled { promise.resolve(log.probe()) } else { drop(promise) }
                };
                if by_settling {
                    drop(future);
                    settle(promise);
                } else {
                    settle(promise);
                    drop(future);
                }
                assert_eq!(log.drops().len(), usize::from(settled));
                assert_eq!(Arc::strong_count(&woken), 2);
                let wakes = usize::from(polled && !by_settling);
                assert_eq!(woken.0.load(Ordering::SeqCst), wakes, "polled {polled}, settled {settled}");
            }
        }
    }
}

/// A waker that panics, or whose drop does, harms neither the task nor who settles it.
#[test]
fn a_waker_that_panics_harms_nobody() {
    quiet_panics();
    struct Bad;
    impl Wake for Bad {
        fn wake(self: Arc<Self>) {
            panic!("a waker panics on purpose");
        }
    }
    let (promise, task) = promise::<u32>();
    let mut future = task.into_future();
    let waker = Waker::from(Arc::new(Bad));
    assert!(Pin::new(&mut future).poll(&mut Context::from_waker(&waker)).is_pending());
    promise.resolve(1);
    assert!(matches!(Pin::new(&mut future).poll(&mut Context::from_waker(&waker)), Poll::Ready(Ok(1))));
}

/// A future that awaits tasks of several contexts runs in its own after each.
fn an_awaiting_future_comes_back_to_its_context<S: System>() {
    let host = Host::<S>::start();
    let order = Rc::new(RefCell::new(Vec::new()));
    let (seen, worker, render) = (Rc::clone(&order), host.worker().clone(), host.render.clone());
    let task = spawn(&host.here, async move {
        for n in 0..20 {
            let there = run(&worker, Scope::here).await?;
            let then = run(&render, Scope::here).await?;
            seen.borrow_mut().push((n, there, then, Scope::here()));
        }
        Ok(())
    });
    host.settle(task).unwrap();
    let wanted: Vec<_> = (0..20).map(|n| (n, Scope::Worker, Scope::Render, Scope::Main)).collect();
    assert_eq!(*order.borrow(), wanted);
}

/// Two threads wake the same future again and again; no wake-up is lost.
fn wakes_from_several_threads_are_not_lost<S: System>() {
    const ROUNDS: usize = 2000;
    let host = Host::<S>::start();
    let slot: Arc<Mutex<Option<Waker>>> = Arc::default();
    let turns = Arc::new(AtomicUsize::new(0));
    let (place, count) = (Arc::clone(&slot), Arc::clone(&turns));
    let task = spawn(
        host.worker(),
        poll_fn(move |cx| {
            *place.lock().unwrap() = Some(cx.waker().clone());
            if count.load(Ordering::SeqCst) < ROUNDS { Poll::Pending } else { Poll::Ready(Ok(())) }
        }),
    );
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while turns.fetch_add(1, Ordering::SeqCst) < ROUNDS {
                    let waker = slot.lock().unwrap().clone();
                    waker.into_iter().for_each(Waker::wake);
                }
                // The last word, after the condition holds: whichever waker is there now, or is put there after this.
                let waker = slot.lock().unwrap().clone();
                waker.into_iter().for_each(Waker::wake);
            });
        }
        host.settle(task).unwrap();
    });
}
