//! Values of the main thread that others hold: dropped at home, or not at all.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;

use behaviour::{Host, Log, Place, Scope, System, each_system, quiet_panics};
use threadbare::{ErrorKind, Immediate, MainBound, promise};

each_system!(
    it_travels_and_is_touched_at_home_alone,
    dropped_elsewhere_it_is_dropped_at_home_by_the_next_dispatch,
    dropped_at_home_it_is_dropped_at_once,
    dropped_elsewhere_before_the_main_thread_leaves_it_is_dropped_by_that,
    dropped_elsewhere_after_the_main_thread_has_left_it_is_leaked,
    captures_are_leaked_rather_than_dropped_elsewhere,
    another_systems_proof_does_not_open_it,
    a_value_whose_drop_panics_harms_nobody,
    what_a_main_thread_that_has_left_refuses_is_dropped_on_it,
);

fn elsewhere<T: Send + 'static>(value: T) {
    std::thread::spawn(move || drop(value)).join().unwrap();
}

fn place(scope: Scope) -> Place {
    Place { thread: std::thread::current().id(), scope }
}

fn it_travels_and_is_touched_at_home_alone<S: System>() {
    let host = Host::<S>::start();
    let value = Rc::new(Cell::new(1));
    let bound = MainBound::new(&host.here, Rc::clone(&value));
    let mut bound = std::thread::spawn(move || bound).join().unwrap();
    bound.get(&host.here).set(2);
    *bound.get_mut(&host.here) = Rc::new(Cell::new(3));
    assert_eq!((value.get(), Rc::strong_count(&value)), (2, 1));
    assert_eq!(bound.into_inner(&host.here).get(), 3);
}

fn dropped_elsewhere_it_is_dropped_at_home_by_the_next_dispatch<S: System>() {
    let host = Host::<S>::start();
    let log = Log::new();
    elsewhere(MainBound::new(&host.here, log.probe()));
    assert!(log.drops().is_empty());
    host.turn();
    assert_eq!(log.drops(), [place(Scope::Main)]);
}

fn dropped_at_home_it_is_dropped_at_once<S: System>() {
    let host = Host::<S>::start();
    let log = Log::new();
    drop(MainBound::new(&host.here, log.probe()));
    assert_eq!(log.drops(), [place(Scope::Outside)]);
    let bound = MainBound::new(&host.here, log.probe());
    drop(host);
    drop(bound);
    assert_eq!(log.drops().len(), 2, "the thread is its home, though it has left");
}

fn dropped_elsewhere_before_the_main_thread_leaves_it_is_dropped_by_that<S: System>() {
    let host = Host::<S>::start();
    let log = Log::new();
    elsewhere(MainBound::new(&host.here, log.probe()));
    drop(host);
    assert_eq!(log.drops(), [place(Scope::Outside)]);
}

/// The main thread has left for good: the value is leaked.
fn dropped_elsewhere_after_the_main_thread_has_left_it_is_leaked<S: System>() {
    let log = Log::new();
    let bound = std::thread::scope(|scope| {
        let main = scope.spawn(|| MainBound::new(&Host::<S>::start().here, log.probe()));
        main.join().unwrap()
    });
    elsewhere(bound);
    assert!(log.drops().is_empty());
}

/// The same holds of the captures of a continuation, skipped or never run.
fn captures_are_leaked_rather_than_dropped_elsewhere<S: System>() {
    for skipped in [false, true] {
        let log = Log::new();
        let (promise, out) = std::thread::scope(|scope| {
            let main = scope.spawn(|| {
                let host = Host::<S>::start();
                let (promise, task) = promise::<u32>();
                let local = Rc::new(log.probe());
                let out = task.map(&host.here, move |n| {
                    local.run();
                    n
                });
                (promise, out)
            });
            main.join().unwrap()
        });
        if skipped {
            drop(promise)
        } else {
            promise.resolve(1)
        }
        assert!(out.is_settled(), "it settles all the same");
        out.catch(&Immediate, |_| 0).wait().unwrap();
        assert!(log.runs().is_empty() && log.drops().is_empty());
    }
}

/// The queue is closed, so the continuation is refused; but its captures are at home.
fn what_a_main_thread_that_has_left_refuses_is_dropped_on_it<S: System>() {
    let host = Host::<S>::start();
    let log = Log::new();
    let (promise, task) = promise::<u32>();
    let local = Rc::new(log.probe());
    let out = task.map(&host.here, move |n| {
        local.run();
        n
    });
    drop(host);
    promise.resolve(1);
    assert_eq!(out.wait().unwrap_err().kind(), ErrorKind::Closed);
    assert_eq!((log.runs(), log.drops()), (vec![], vec![place(Scope::Outside)]));
}

fn another_systems_proof_does_not_open_it<S: System>() {
    quiet_panics();
    let (host, other) = (Host::<S>::start(), Host::<S>::start());
    let mut bound = MainBound::new(&host.here, 1);
    let here = &other.here;
    assert!(catch_unwind(AssertUnwindSafe(|| *bound.get(here))).is_err());
    assert!(catch_unwind(AssertUnwindSafe(|| *bound.get_mut(here))).is_err());
    assert_eq!(*bound.get(&host.here), 1);
    assert!(catch_unwind(AssertUnwindSafe(|| bound.into_inner(here))).is_err());
}

fn a_value_whose_drop_panics_harms_nobody<S: System>() {
    quiet_panics();
    let host = Host::<S>::start();
    const BOMB: &str = "a drop panics on purpose";
    drop(MainBound::new(&host.here, behaviour::Bomb(BOMB)));
    elsewhere(MainBound::new(&host.here, behaviour::Bomb(BOMB)));
    assert_eq!(host.here.dispatch(), 1);
}
