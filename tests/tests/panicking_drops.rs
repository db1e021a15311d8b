//! Drops that panic: of closures that are skipped, of values nobody wants, of errors, of panics' payloads, of futures. Each
//! stays where it happened: the task settles, and the thread that happened to do it lives.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use behaviour::{Bomb, DropCount, Host, System, each_system, quiet_panics};
use threadbare::{Error, ErrorKind, Immediate, Result, Schedule, Task, promise, run, spawn, try_run};

each_system!(
    of_a_skipped_closure,
    of_a_closure_that_ran,
    of_a_closure_never_run,
    of_a_value_nobody_wants,
    of_an_error_nobody_wants,
    of_a_panics_payload,
    of_a_finished_future,
    of_a_future_never_run,
    of_a_future_never_woken,
);

const BOMB: &str = "a drop panics on purpose";

/// An error whose drop panics.
#[derive(Debug)]
struct Explosive(#[expect(dead_code, reason = "it is there to be dropped")] Bomb);

impl std::fmt::Display for Explosive {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("explosive")
    }
}

impl std::error::Error for Explosive {}

/// The worker is there and works.
fn assert_alive<S: System>(host: &Host<S>) {
    for _ in 0..4 {
        assert_eq!(host.settle(run(host.worker(), || 1)).unwrap(), 1, "the worker lives");
    }
    host.system.close(false);
}

fn of_a_skipped_closure<S: System>() {
    quiet_panics();
    let host = Host::<S>::start();
    fn skip<C: Schedule>(context: &C) {
        let (promise, task) = promise::<u32>();
        let bomb = Bomb(BOMB);
        let out = task.map(context, move |n| {
            drop(bomb);
            n
        });
        let out = out.catch(&Immediate, |error| if error.to_string() == "no" { 1 } else { 0 });
        promise.reject(Error::msg("no"));
        assert!(matches!(out.try_take(), Ok(Ok(1))), "the error passes on");
    }
    skip(host.worker());
    skip(host.main());
    skip(&Immediate);
    skip(&host.render);
    assert_alive(&host);
}

fn of_a_closure_that_ran<S: System>() {
    quiet_panics();
    let host = Host::<S>::start();
    let bomb = Bomb(BOMB);
    let task = run(host.worker(), move || _ = &bomb);
    let error = host.settle(task).expect_err("its drop is part of its run");
    assert!(error.kind() == ErrorKind::Panicked && error.to_string().ends_with(BOMB), "{error}");
    assert_alive(&host);
}

fn of_a_closure_never_run<S: System>() {
    quiet_panics();
    let host = Host::<S>::start();
    host.system.close(true);
    let bomb = Bomb(BOMB);
    let task = run(host.worker(), move || _ = &bomb);
    assert_eq!(host.settle(task).unwrap_err().kind(), ErrorKind::Closed);
}

fn of_a_value_nobody_wants<S: System>() {
    quiet_panics();
    let host = Host::<S>::start();
    run(host.worker(), || Bomb(BOMB)).detach();
    drop(Task::resolved(Bomb(BOMB)));
    let (promise, task) = promise();
    task.detach();
    promise.resolve(Bomb(BOMB));
    assert_alive(&host);
}

fn of_an_error_nobody_wants<S: System>() {
    quiet_panics();
    let host = Host::<S>::start();
    try_run(host.worker(), || Err::<(), _>(Error::from(Explosive(Bomb(BOMB))))).detach();
    let (promise, task) = promise::<()>();
    task.detach();
    promise.reject(Explosive(Bomb(BOMB)));
    drop(Task::<()>::rejected(Explosive(Bomb(BOMB))));
    assert_alive(&host);
}

fn of_a_panics_payload<S: System>() {
    quiet_panics();
    let host = Host::<S>::start();
    run(host.worker(), || std::panic::panic_any(Payload(Bomb(BOMB)))).detach();
    run(host.worker(), || std::panic::panic_any(Payload(Bomb(BOMB)))).catch(host.worker(), drop).detach();
    // Where there is no task to reject, the payload goes with the report.
    drop(Task::resolved(DropsPayload));
    assert_alive(&host);
}

struct Payload(#[expect(dead_code, reason = "it is there to be dropped")] Bomb);

/// Its drop panics with a payload whose drop panics.
struct DropsPayload;

impl Drop for DropsPayload {
    fn drop(&mut self) {
        std::panic::panic_any(Payload(Bomb(BOMB)));
    }
}

/// A future that holds a bomb and settles when it is told to.
struct Armed {
    bomb: Option<Bomb>,
    polled: DropCount,
    finish: bool,
}

impl Future for Armed {
    type Output = Result<u32>;

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<u32>> {
        self.polled.hit();
        assert!(self.bomb.is_some());
        if self.finish { Poll::Ready(Ok(7)) } else { Poll::Pending }
    }
}

fn armed(finish: bool) -> (Armed, DropCount) {
    let polled = DropCount::new();
    (Armed { bomb: Some(Bomb(BOMB)), polled: polled.clone(), finish }, polled)
}

fn of_a_finished_future<S: System>() {
    quiet_panics();
    let host = Host::<S>::start();
    let (future, polled) = armed(true);
    assert_eq!(host.settle(spawn(host.worker(), future)).unwrap(), 7, "it had finished");
    assert_eq!((polled.hits(), polled.alive()), (1, 0));
    assert_alive(&host);
}

fn of_a_future_never_run<S: System>() {
    quiet_panics();
    let host = Host::<S>::start();
    host.system.close(true);
    let (future, polled) = armed(false);
    assert_eq!(host.settle(spawn(host.worker(), future)).unwrap_err().kind(), ErrorKind::Closed);
    assert_eq!((polled.hits(), polled.alive()), (0, 0));
}

/// It keeps no waker, so it can never finish.
fn of_a_future_never_woken<S: System>() {
    quiet_panics();
    let host = Host::<S>::start();
    let (future, polled) = armed(false);
    assert!(host.settle(spawn(host.worker(), future)).is_err());
    assert_alive(&host);
    assert_eq!((polled.hits(), polled.alive()), (1, 0), "it was dropped");
}
