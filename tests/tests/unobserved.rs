//! Errors that nobody sees reach the hook, once each; those that somebody sees do not.

use std::sync::Mutex;

use behaviour::{Bomb, Host, OnePool, OneThread, Polled, Seeded, System, quiet_panics, watchdog};
use threadbare::{Error, Immediate, Runnable, Task, Worker, promise, run, set_error_hook, spawn};

static SEEN: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// The hook is one for the process, so this is one test: what is seen, is seen by the case that runs.
#[test]
fn errors_that_nobody_sees_reach_the_hook_once() {
    let _watchdog = watchdog("the error hook");
    quiet_panics();
    assert!(set_error_hook(|error| {
        SEEN.lock().unwrap().push(error.to_string());
        assert!(!error.to_string().contains("bang"), "the hook panics on purpose");
    }));
    assert!(!set_error_hook(|_| panic!("a second hook is not taken")));
    // Not on two threads, which would tell of errors after the case is over.
    unseen::<Polled>();
    unseen::<OneThread>();
    unseen::<Seeded>();
    unseen::<OnePool>();
    seen::<Polled>();
    seen::<OneThread>();
    seen::<Seeded>();
    seen::<OnePool>();
    panics_without_a_task();
    a_hook_that_panics();
}

fn take() -> Vec<String> {
    std::mem::take(&mut *SEEN.lock().unwrap())
}

fn no() -> Error {
    Error::msg("no")
}

/// Comes to the end of what is queued.
fn finish<S: System>(host: &Host<S>) {
    host.turn();
    host.settle(run(host.worker(), || ())).unwrap();
    host.turn();
}

fn unseen<S: System>() {
    let host = Host::<S>::start();
    let cases: [(&str, &dyn Fn()); 11] = [
        ("dropped when settled", &|| drop(Task::<()>::rejected(no()))),
        ("detached when settled", &|| Task::<()>::rejected(no()).detach()),
        ("detached before", &|| {
            let (promise, task) = promise::<()>();
            task.detach();
            promise.reject(no());
        }),
        ("settled, then detached", &|| {
            let (promise, task) = promise::<()>();
            promise.reject(no());
            task.detach();
        }),
        ("passed on by what skips it", &|| {
            let (promise, task) = promise::<()>();
            task.map(&Immediate, |()| ()).map(host.worker(), |()| ()).map(&host.here, |()| ()).detach();
            promise.reject(no());
        }),
        ("inspected, but passed on", &|| Task::<()>::rejected(no()).inspect(&Immediate, |_| ()).detach()),
        ("from a closure", &|| Task::resolved(()).and_then(&Immediate, |()| Err::<(), _>(no())).detach()),
        ("through a task", &|| {
            let (promise, task) = promise::<()>();
            Task::resolved(()).and_then(&Immediate, move |()| task).detach();
            promise.reject(no());
        }),
        ("from a future", &|| spawn(host.worker(), async { Err::<(), _>(no()) }).detach()),
        ("the outcome of a future that is dropped", &|| {
            let (promise, task) = promise::<()>();
            let mut future = std::future::IntoFuture::into_future(task);
            let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
            assert!(std::future::Future::poll(std::pin::Pin::new(&mut future), &mut cx).is_pending());
            promise.reject(no());
            drop(future);
        }),
        ("of a continuation whose runnable is dropped", &|| {
            Task::<()>::rejected(no()).catch(&Worker::new(drop::<Runnable>), |_| ()).detach();
        }),
    ];
    for (what, case) in cases {
        case();
        finish(&host);
        assert_eq!(take(), ["no"], "{what}");
    }
}

fn seen<S: System>() {
    let host = Host::<S>::start();
    let cases: [(&str, &dyn Fn()); 8] = [
        ("waited for", &|| assert!(Task::<()>::rejected(no()).wait().is_err())),
        ("taken", &|| assert!(Task::<()>::rejected(no()).try_take().is_ok_and(|outcome| outcome.is_err()))),
        ("caught", &|| Task::rejected(no()).catch(host.worker(), |_| ()).detach()),
        ("handled", &|| Task::<()>::rejected(no()).or_else(&Immediate, |_| Ok(())).detach()),
        ("looked at with the outcome", &|| Task::<()>::rejected(no()).then(&Immediate, |_| Ok(())).detach()),
        ("awaited", &|| {
            spawn(host.main(), async {
                assert!(Task::<()>::rejected(no()).await.is_err());
                Ok(())
            })
            .detach();
        }),
        ("a value that nobody wants", &|| Task::resolved(1).detach()),
        ("a value that is detached before", &|| run(host.worker(), || 1).detach()),
    ];
    for (what, case) in cases {
        case();
        finish(&host);
        assert_eq!(take(), [""; 0], "{what}");
    }
}

/// A panic where there is no task to reject: of a drop, a main hook, a processor.
fn panics_without_a_task() {
    let one = |what: &str| {
        let seen = take();
        assert!(seen.len() == 1 && seen[0].ends_with("on purpose"), "{what}: {seen:?}");
    };
    drop(Task::resolved(Bomb("a value's drop panics on purpose")));
    one("a value's drop");
    let bomb = Bomb("a closure's drop panics on purpose");
    let task = Task::<()>::rejected(no()).map(&Immediate, move |()| _ = &bomb);
    assert_eq!(task.wait().unwrap_err().to_string(), "no");
    one("a skipped closure's drop");
    let panics = Worker::new(|runnable: Runnable| {
        runnable.run();
        panic!("a processor panics on purpose");
    });
    assert_eq!(run(&panics, || 1).wait().unwrap(), 1);
    one("a processor");
}

fn a_hook_that_panics() {
    let host = Host::<OnePool>::start();
    run(host.worker(), || ()).and_then(host.worker(), |()| Err::<(), _>(Error::msg("bang"))).detach();
    run(host.worker(), || ()).wait().unwrap();
    host.system.close(false);
    assert_eq!(take(), ["bang"]);
}
