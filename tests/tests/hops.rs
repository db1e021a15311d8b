//! Async blocks that hop between contexts, and `Task::create`.

use std::marker::PhantomData;
use std::sync::Arc;
use std::thread;

use behaviour::{Host, Place, Render, Scope, System, each_system, watchdog};
use threadbare::{
    Arrive, AsyncSystem, Error, ErrorKind, MainBound, Promise, Result, Runnable, Schedule, Task, promise, run, spawn,
    spawn_with,
};
use threadbare_threads::ThreadPool;

/// A context of the test's own that blocks can hop to.
#[derive(Clone)]
struct Stage(Render);

/// Only a block on the stage has one.
#[derive(Debug)]
struct OnStage(PhantomData<*const ()>);

impl Schedule for Stage {
    fn schedule(&self, runnable: Runnable) {
        self.0.schedule(runnable);
    }

    fn key(&self) -> usize {
        self.0.key()
    }
}

impl Arrive for Stage {
    type Proof = OnStage;

    fn arrive(&self) -> OnStage {
        OnStage(PhantomData)
    }
}

each_system!(
    a_block_visits_each_context,
    a_hop_to_where_it_is_costs_no_turn,
    the_proof_opens_what_belongs_to_the_main_thread,
    a_block_is_dropped_where_it_was_last,
    another_tasks_cx_is_refused,
    a_closed_context_rejects_who_hops_there,
);

/// Where the block is, whichever of the two kinds of system it runs on.
fn a_block_visits_each_context<S: System>() {
    let host = Host::<S>::start();
    let stage = Stage(host.render.clone());
    let (worker, main, here) = (host.worker().clone(), host.main().clone(), thread::current().id());
    let visited = spawn_with(host.worker(), |cx| async move {
        let mut visited = vec![Place::here()];
        for _ in 0..3 {
            {
                let _here = cx.hop(&main).await;
                visited.push(Place::here());
            }
            {
                let _on_stage = cx.hop(&stage).await;
                visited.push(Place::here());
            }
            cx.hop(&worker).await;
            visited.push(Place::here());
            cx.hop(&worker).await; // there already
        }
        Ok(visited)
    });
    let visited = host.settle(visited).expect("it arrives");
    let scopes: Vec<_> = visited.iter().map(|place| place.scope).collect();
    let round = [Scope::Main, Scope::Render, Scope::Worker];
    assert_eq!(scopes, [[Scope::Worker].as_slice(), &round, &round, &round].concat());
    assert!(visited.iter().all(|place| (place.thread == here) == (S::POLLED || place.scope != Scope::Worker)));
}

/// Two pools and the main thread, told apart by their threads.
#[test]
fn a_block_runs_where_it_has_hopped_to() {
    let _watchdog = watchdog("a_block_runs_where_it_has_hopped_to");
    let system = AsyncSystem::new(ThreadPool::with_threads(1));
    let other = ThreadPool::with_threads(1);
    let here = system.main().enter().expect("the first to enter");
    let of = |worker| run(worker, || thread::current().id()).wait().expect("ran");
    let (on_worker, on_other, on_main) = (of(system.worker()), of(&other.worker()), thread::current().id());

    let (worker, main, second) = (system.worker().clone(), system.main().clone(), other.worker());
    let visited = spawn_with(system.worker(), |cx| async move {
        let mut visited = vec![thread::current().id()];
        for _ in 0..3 {
            {
                let _here = cx.hop(&main).await;
                visited.push(thread::current().id());
            }
            cx.hop(&second).await;
            visited.push(thread::current().id());
            cx.hop(&second).await; // there already
            cx.hop(&worker).await;
            visited.push(thread::current().id());
        }
        Ok(visited)
    });
    let visited = here.wait(visited).expect("it arrives");
    let round = [on_main, on_other, on_worker];
    assert_eq!(visited, [[on_worker].as_slice(), &round, &round, &round].concat());
}

fn a_hop_to_where_it_is_costs_no_turn<S: System>() {
    let host = Host::<S>::start();
    let main = host.main().clone();
    let task = spawn_with(host.main(), |cx| async move {
        let first = cx.hop(&main).await;
        drop(first);
        let _second = cx.hop(&main).await;
        Ok(())
    });
    assert_eq!(host.here.dispatch(), 1, "one turn is all");
    assert!(task.is_settled());
}

fn the_proof_opens_what_belongs_to_the_main_thread<S: System>() {
    let host = Host::<S>::start();
    let scene = Arc::new(MainBound::new(&host.here, std::cell::Cell::new(0)));
    let (inside, main) = (scene.clone(), host.main().clone());
    let task = spawn_with(host.worker(), |cx| async move {
        let here = cx.hop(&main).await;
        inside.get(&here).set(7);
        Ok(())
    });
    host.settle(task).expect("it arrives");
    assert_eq!(scene.get(&host.here).get(), 7);
}

#[test]
fn a_context_of_ones_own_can_be_hopped_to() {
    let render = Render::new();
    let stage = Stage(render.clone());
    let to = stage.clone();
    let task = spawn_with(&threadbare::Immediate, |cx| async move {
        let proof = cx.hop(&to).await;
        Ok(format!("{proof:?}").starts_with("OnStage"))
    });
    assert!(!task.is_settled(), "it waits for the stage");
    assert_eq!(render.turn(), 1);
    assert!(task.try_take().expect("arrived").expect("resolved"));
}

fn a_block_is_dropped_where_it_was_last<S: System>() {
    struct Witness(std::sync::mpsc::Sender<Place>);
    impl Drop for Witness {
        fn drop(&mut self) {
            self.0.send(Place::here()).expect("the test listens");
        }
    }
    let host = Host::<S>::start();
    let (dropped, drops) = std::sync::mpsc::channel();
    let (at_main, reached) = promise::<()>();
    let (never, waited) = promise::<()>();
    let main = host.main().clone();
    let witness = Witness(dropped);
    let task = spawn_with(host.worker(), |cx| async move {
        let _witness = witness;
        drop(cx.hop(&main).await);
        at_main.resolve(());
        Forever(waited).await;
        Ok(())
    });
    host.settle(reached).expect("it gets to the main thread");
    assert!(drops.try_recv().is_err(), "it waits there");
    // The last waker goes on another thread, so nothing can wake the block any more.
    thread::spawn(move || drop(never)).join().expect("no panic");
    assert_eq!(host.settle(task).expect_err("never finished").kind(), ErrorKind::Abandoned);
    assert_eq!(drops.recv().expect("dropped"), Place { thread: thread::current().id(), scope: Scope::Main });
}

/// Waits for the task's waker to be dropped, never for its outcome: a future that is not woken again.
struct Forever(Task<()>);

impl Future for Forever {
    type Output = ();

    fn poll(self: std::pin::Pin<&mut Self>, cx: &mut std::task::Context<'_>) -> std::task::Poll<()> {
        // The waker goes with a continuation's closure, which is skipped when the promise is dropped.
        let waker = cx.waker().clone();
        let task = std::mem::replace(&mut self.get_mut().0, Task::resolved(()));
        task.map(&threadbare::Immediate, move |()| waker.wake()).catch(&threadbare::Immediate, |_| ()).detach();
        std::task::Poll::Pending
    }
}

fn another_tasks_cx_is_refused<S: System>() {
    behaviour::quiet_panics();
    let host = Host::<S>::start();
    let (give, given) = promise();
    let owner = spawn_with(&threadbare::Immediate, |cx| async move {
        give.resolve(cx);
        Ok(())
    });
    assert!(owner.is_settled());
    let main = host.main().clone();
    let thief = spawn(&threadbare::Immediate, async move {
        let cx = given.await?;
        drop(cx.hop(&main).await);
        Ok(())
    });
    let error = thief.try_take().expect("settled").expect_err("it did not arrive");
    assert_eq!(error.kind(), ErrorKind::Panicked);
    assert!(error.to_string().contains("another task"), "{error}");
    host.turn();
}

fn a_closed_context_rejects_who_hops_there<S: System>() {
    let host = Host::<S>::start();
    host.system.close(false);
    let to = host.worker().clone();
    let task = spawn_with(&threadbare::Immediate, |cx| async move {
        cx.hop(&to).await;
        Ok(())
    });
    assert_eq!(task.try_take().expect("settled").expect_err("refused").kind(), ErrorKind::Closed);
}

/// What a starter does with its promise, what it returns, and what comes of it.
#[test]
fn create_settles_with_whatever_comes_first() {
    behaviour::quiet_panics();
    type Start = fn(Promise<u8>) -> Result<()>;
    let kept = std::sync::Mutex::new(Vec::new());
    let starts: [(&str, Start, &str); 7] = [
        (
            "resolves",
            |promise| {
                promise.resolve(1);
                Ok(())
            },
            "ok 1",
        ),
        (
            "rejects",
            |promise| {
                promise.reject(Error::msg("no"));
                Ok(())
            },
            "no",
        ),
        ("drops", |_| Ok(()), "the promise was dropped without being settled"),
        ("fails", |_| Err(Error::msg("failed")), "failed"),
        ("panics", |_| panic!("broke"), "broke"),
        ("resolves, then fails", |promise| Err((promise.resolve(2), Error::msg("late")).1), "ok 2"),
        ("rejects, then panics", |promise| panic!("{:?}", promise.reject(Error::msg("first"))), "first"),
    ];
    for (what, start, expected) in starts {
        let outcome = Task::create(start).try_take().expect("settled");
        let text = outcome.map_or_else(|error| error.to_string(), |value| format!("ok {value}"));
        assert!(text.ends_with(expected), "{what}: {text}");
    }
    for fails in [false, true] {
        let task = Task::create(|promise| {
            kept.lock().unwrap().push(promise);
            if fails { Err(Error::msg("failed")) } else { Ok(()) }
        });
        assert_eq!(task.is_settled(), fails);
        kept.lock().unwrap().pop().expect("kept").resolve(3);
        assert_eq!(task.wait().map_err(|error| error.to_string()), if fails { Err("failed".into()) } else { Ok(3) });
    }
}

#[test]
fn an_error_has_a_trail() {
    behaviour::quiet_panics();
    let _worker = ThreadPool::with_threads(1);
    let task = run(&threadbare::Immediate, || -> u8 { panic!("bad header") })
        .context("decoding hero.png")
        .map(&threadbare::Immediate, |n| n + 1)
        .context(format!("starting level {}", 1));
    let error = task.wait().expect_err("it panicked");
    assert_eq!(error.kind(), ErrorKind::Panicked);
    let trail = format!("{error:?}");
    let lines: Vec<_> = trail.lines().collect();
    assert_eq!(lines[..2], ["starting level 1", "  caused by: decoding hero.png"]);
    assert!(lines[2].starts_with("  caused by: panicked at ") && lines[2].ends_with(": bad header"), "{trail}");
    assert!(lines[2].contains("hops.rs:"), "{trail}");
    assert_eq!(Task::resolved(1).context("unused").wait().expect("values pass"), 1);
}

/// On two pools, for threads that race. async-task's atomics are not loom's, so this is checked by repetition and by Miri: a block hops to and fro while others
/// wake it and its task is let go. It must arrive each time, once, and be dropped once.
#[test]
fn a_hop_races_with_wakes_and_with_its_task_going() {
    let _watchdog = watchdog("a_hop_races_with_wakes_and_with_its_task_going");
    let rounds = if cfg!(miri) { 4 } else { 300 };
    let first = ThreadPool::with_threads(1);
    let second = ThreadPool::with_threads(1);
    for round in 0..rounds {
        let arrivals = Arc::new(());
        let (a, b, witness) = (first.worker(), second.worker(), arrivals.clone());
        let (waker, woken) = std::sync::mpsc::channel::<std::task::Waker>();
        let (done, finished) = promise();
        let task = spawn_with(&first.worker(), |cx| async move {
            let _witness = witness;
            let mut places = Vec::new();
            for _ in 0..8 {
                let waker = waker.clone();
                std::future::poll_fn(move |cx| {
                    waker.send(cx.waker().clone()).ok();
                    std::task::Poll::Ready(())
                })
                .await;
                cx.hop(&b).await;
                places.push(thread::current().id());
                cx.hop(&a).await;
                places.push(thread::current().id());
            }
            done.resolve(places);
            Ok(())
        });
        let wakes = thread::spawn(move || woken.into_iter().for_each(|waker| (0..3).for_each(|_| waker.wake_by_ref())));
        if round % 2 == 0 {
            task.detach()
        } else {
            task.wait().expect("it arrives")
        }
        let places = finished.wait().expect("it arrives, held or not");
        assert_eq!(places.len(), 16);
        assert!(places.chunks(2).all(|pair| pair == &places[..2]), "each hop led to its pool");
        wakes.join().expect("no panic");
        while Arc::strong_count(&arrivals) > 1 {
            thread::yield_now(); // the block is dropped on its pool's thread
        }
    }
}

/// A `Cx` in other hands can send its block elsewhere, but not make the thread that runs the block believe that it is there
/// already: else a worker could have the main thread's proof.
#[test]
fn another_tasks_hop_does_not_change_where_a_block_is() {
    behaviour::quiet_panics();
    let queue = behaviour::PolledProcessor::default();
    let system = AsyncSystem::new(queue.clone());
    let (give, given) = promise();
    let main = system.main().clone();
    let task = spawn_with(system.worker(), |cx| async move {
        give.resolve(cx);
        let mut yielded = false;
        std::future::poll_fn(|cx| {
            cx.waker().wake_by_ref();
            if std::mem::replace(&mut yielded, true) { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
        })
        .await;
        Ok(std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| drop(main.arrive()))).is_err())
    });
    assert!(queue.turn(), "the block gives its `Cx` away, and is queued again");
    let cx = given.try_take().expect("given").expect("resolved");
    let mut hop = cx.hop(system.main());
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    assert!(std::pin::Pin::new(&mut hop).poll(&mut context).is_pending(), "it would send the block to the main thread");
    assert!(queue.turn(), "the block was queued here before that");
    assert!(task.try_take().expect("finished").expect("resolved"), "no proof for who is not on the main thread");
}
