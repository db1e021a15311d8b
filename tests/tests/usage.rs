//! The public API as its users write it: inference and bounds first, and that it runs.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use behaviour::{Host, System, each_system};
use threadbare::*; // Task, Promise, promise, run, try_run, spawn, spawn_with, all, join, race, any, contexts, Error, Result
use threadbare_threads::ThreadPool;

each_system!(chains_run);
// They wait, and a polled processor does not help in that.
each_system!(on [OneThread, Seeded, OnePool, TwoPool, Rayon, Tokio, BevyTasks, AsyncExecutor, ThreadPerTask]:
    many_are_combined,
    hops_and_awaits_settle,
);

struct Image(Vec<u8>);
struct Texture;
#[derive(Default)]
struct Scene(Vec<Texture>); // lives on the main thread

fn read(path: &str) -> std::io::Result<Vec<u8>> {
    std::fs::read(path)
}

/// A frame loop: fetch, decode on workers, finish on the main thread with captures that are not `Send`.
fn frame_loop() -> Result<()> {
    let system = AsyncSystem::new(ThreadPool::new());
    let here = system.main().enter().expect("no other thread is the main thread");
    let scene = Rc::new(RefCell::new(Scene::default()));

    let into = Rc::clone(&scene);
    let loading = try_run(system.worker(), || Ok(read("hero.png")?))
        .and_then(system.worker(), |bytes| {
            if bytes.is_empty() {
                return Err(Error::msg("empty file"));
            }
            Ok(Image(bytes))
        })
        .map(&here, move |image: Image| into.borrow_mut().0.push(Texture::from_len(image.0.len())))
        .catch(&here, |error| eprintln!("placeholder instead: {error}"));

    while !loading.is_settled() {
        here.dispatch_for(Duration::from_millis(2));
    }
    here.wait(loading)
}

impl Texture {
    fn from_len(_: usize) -> Self {
        Texture
    }
}

/// Values, results, tasks and futures from continuations; `?` infers.
fn chains(worker: &Worker, main: &Main) {
    run(worker, || 41)
        .map(worker, |n| n + 1)
        .and_then(worker, |n| Ok(n.to_string().parse::<u64>()?))
        .and_then(worker, |n| Task::resolved(n * 2))
        .and_then(&Immediate, |n| async move { Ok(n + 1) })
        .or_else(main, |error| match error.kind() {
            ErrorKind::Canceled => Ok(0),
            _ => Err(error),
        })
        .with("label")
        .map(main, |(label, n)| format!("{label}: {n}"))
        .inspect(main, |outcome| println!("{:?}", outcome.as_ref().map(String::len)))
        .then(main, |outcome| outcome.map(|text| text.len()))
        .detach();
}

/// Many into one, one into many.
fn combined(worker: &Worker, here: &MainThread) -> Result<usize> {
    let many = all((0..8).map(|n| run(worker, move || n * n)));
    let mixed = join((run(worker, || 1_u8), run(worker, || "two"), run(worker, || 3.0_f64)));
    let first = race([run(worker, || 1), run(worker, || 2)]);
    let lucky = any([Task::rejected(Error::msg("no")), run(worker, || 3)]);
    let shared = many.share();
    let (a, b) = (shared.fork(), shared.fork());
    let sum =
        join((a.map(worker, |v| v.len()), b.map(worker, |v| v.iter().sum::<i32>() as usize), mixed, first, lucky));
    here.wait(sum.map(worker, |(len, sum, (one, _, _), _, _)| len + sum + one as usize))
}

/// A callback API, wrapped.
fn callback(api: impl FnOnce(Box<dyn FnOnce(std::result::Result<u32, std::io::Error>) + Send>)) -> Task<u32> {
    let (promise, task) = promise();
    api(Box::new(move |outcome| match outcome {
        Ok(value) => promise.resolve(value),
        Err(error) => promise.reject(error),
    }));
    task
}

/// One async block that hops; the proof of being on the main thread cannot outlive its stay.
fn hops(system: &AsyncSystem, scene: std::sync::Arc<MainBound<RefCell<Scene>>>) -> Task<usize> {
    let (worker, main) = (system.worker().clone(), system.main().clone());
    spawn_with(system.worker(), |cx| async move {
        let image = Image(read("hero.png")?);
        let count = {
            let here = cx.hop(&main).await;
            let mut scene = scene.get(&here).borrow_mut();
            scene.0.push(Texture::from_len(image.0.len()));
            scene.0.len()
        };
        cx.hop(&worker).await;
        Ok(count)
    })
}

/// Tasks are awaited by any executor; a `!Send` future runs on the main thread.
fn awaited(here: &MainThread, task: Task<u32>) -> Task<u32> {
    let log = Rc::new(RefCell::new(Vec::new()));
    spawn(here, async move {
        let value = task.await?;
        log.borrow_mut().push(value);
        Ok(value)
    })
}

/// A pool of one thread for a resource that wants one; closing is idempotent.
fn dedicated() -> Result<u32> {
    let database = ThreadPool::with_threads(1);
    let row = run(&database.worker(), || 7);
    let value = row.wait();
    database.close();
    database.close();
    value
}

#[test]
fn a_frame_loop_ends_with_the_placeholder() {
    let _watchdog = behaviour::watchdog("a frame loop");
    // There is no such picture.
    frame_loop().unwrap();
}

fn chains_run<S: System>() {
    let host = Host::<S>::start();
    chains(host.worker(), host.main());
    let mut ran = 0;
    while ran == 0 {
        host.system.turn();
        ran = host.here.dispatch();
    }
    assert_eq!(ran, 1, "from the first main step on, it is one runnable");
    assert!(host.here.is_idle());
}

fn many_are_combined<S: System>() {
    let host = Host::<S>::start();
    assert_eq!(combined(host.worker(), &host.here).unwrap(), 8 + 140 + 1);
}

#[test]
fn a_callback_is_a_task() {
    assert_eq!(callback(|done| done(Ok(7))).wait().unwrap(), 7);
    let denied = callback(|done| done(Err(std::io::ErrorKind::PermissionDenied.into()))).wait().unwrap_err();
    assert!(denied.downcast_ref::<std::io::Error>().is_some());
    assert_eq!(callback(drop).wait().unwrap_err().kind(), ErrorKind::Abandoned);
}

fn hops_and_awaits_settle<S: System>() {
    let host = Host::<S>::start();
    let here = &host.here;
    let scene = std::sync::Arc::new(MainBound::new(here, RefCell::new(Scene::default())));
    let missing = here.wait(hops(host.system(), scene)).unwrap_err();
    assert!(missing.downcast_ref::<std::io::Error>().is_some());
    assert_eq!(here.wait(awaited(here, run(host.worker(), || 7))).unwrap(), 7);
}

#[test]
fn a_pool_of_one_serves_and_closes() {
    let _watchdog = behaviour::watchdog("dedicated");
    assert_eq!(dedicated().unwrap(), 7);
}
