//! Values of the main thread that others hold: dropped at home, or not at all.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;

use behaviour::{Host, Log, Place, Polled, Scope, quiet_panics};
use threadbare::{Immediate, MainBound, promise};

fn elsewhere<T: Send + 'static>(value: T) {
    std::thread::spawn(move || drop(value)).join().unwrap();
}

fn place(scope: Scope) -> Place {
    Place { thread: std::thread::current().id(), scope }
}

#[test]
fn it_travels_and_is_touched_at_home_alone() {
    let host = Host::<Polled>::start();
    let value = Rc::new(Cell::new(1));
    let bound = MainBound::new(&host.here, Rc::clone(&value));
    let mut bound = std::thread::spawn(move || bound).join().unwrap();
    bound.get(&host.here).set(2);
    *bound.get_mut(&host.here) = Rc::new(Cell::new(3));
    assert_eq!((value.get(), Rc::strong_count(&value)), (2, 1));
    assert_eq!(bound.into_inner(&host.here).get(), 3);
}

#[test]
fn dropped_elsewhere_it_is_dropped_at_home_by_the_next_dispatch() {
    let host = Host::<Polled>::start();
    let log = Log::new();
    elsewhere(MainBound::new(&host.here, log.probe()));
    assert!(log.drops().is_empty());
    host.turn();
    assert_eq!(log.drops(), [place(Scope::Main)]);
}

#[test]
fn dropped_at_home_it_is_dropped_at_once() {
    let host = Host::<Polled>::start();
    let log = Log::new();
    drop(MainBound::new(&host.here, log.probe()));
    assert_eq!(log.drops(), [place(Scope::Outside)]);
    let bound = MainBound::new(&host.here, log.probe());
    drop(host);
    drop(bound);
    assert_eq!(log.drops().len(), 2, "the thread is its home, though it has left");
}

#[test]
fn dropped_elsewhere_before_the_main_thread_leaves_it_is_dropped_by_that() {
    let host = Host::<Polled>::start();
    let log = Log::new();
    elsewhere(MainBound::new(&host.here, log.probe()));
    drop(host);
    assert_eq!(log.drops(), [place(Scope::Outside)]);
}

/// The main thread has left for good: the value is leaked.
#[test]
fn dropped_elsewhere_after_the_main_thread_has_left_it_is_leaked() {
    let log = Log::new();
    let bound = std::thread::scope(|scope| {
        let main = scope.spawn(|| MainBound::new(&Host::<Polled>::start().here, log.probe()));
        main.join().unwrap()
    });
    elsewhere(bound);
    assert!(log.drops().is_empty());
}

/// The same holds of the captures of a continuation, skipped or never run.
#[test]
fn captures_are_leaked_rather_than_dropped_elsewhere() {
    for skipped in [false, true] {
        let log = Log::new();
        let (promise, out) = std::thread::scope(|scope| {
            let main = scope.spawn(|| {
                let host = Host::<Polled>::start();
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

#[test]
fn another_systems_proof_does_not_open_it() {
    quiet_panics();
    let (host, other) = (Host::<Polled>::start(), Host::<Polled>::start());
    let mut bound = MainBound::new(&host.here, 1);
    let here = &other.here;
    assert!(catch_unwind(AssertUnwindSafe(|| *bound.get(here))).is_err());
    assert!(catch_unwind(AssertUnwindSafe(|| *bound.get_mut(here))).is_err());
    assert_eq!(*bound.get(&host.here), 1);
    assert!(catch_unwind(AssertUnwindSafe(|| bound.into_inner(here))).is_err());
}

#[test]
fn a_value_whose_drop_panics_harms_nobody() {
    quiet_panics();
    let host = Host::<Polled>::start();
    const BOMB: &str = "a drop panics on purpose";
    drop(MainBound::new(&host.here, behaviour::Bomb(BOMB)));
    elsewhere(MainBound::new(&host.here, behaviour::Bomb(BOMB)));
    assert_eq!(host.here.dispatch(), 1);
}
