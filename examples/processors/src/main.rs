//! The same little program on each processor: fetch, decode on the workers, finish on the main thread.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::process::ExitCode;
use std::rc::Rc;

use processors::{AsyncExecutor, BevyTasks, Rayon, ThreadPerTask, Tokio};
use threadbare::{AsyncSystem, Error, ErrorKind, Result, TaskProcessor, all, run, try_run};

const THREADS: usize = 2;
const PICTURES: usize = 200;
/// It does not arrive.
const LOST: usize = 13;

/// So many runs of a byte.
fn fetch(index: usize) -> Result<Vec<u8>> {
    if index == LOST {
        return Err(Error::msg("no such picture"));
    }
    Ok((0..=index % 16).flat_map(|n| [n as u8 + 1, index as u8]).collect())
}

fn decode(runs: &[u8]) -> Vec<u8> {
    runs.chunks_exact(2).flat_map(|run| std::iter::repeat_n(run[1], run[0].into())).collect()
}

/// What has to come out.
fn pixels(index: usize) -> usize {
    if index == LOST { 0 } else { (1..=index % 16 + 1).sum() }
}

/// Loads the pictures, and says how it went.
fn load(processor: impl TaskProcessor) -> Result<String> {
    let system = AsyncSystem::new(processor);
    let here = system.main().enter().ok_or(Error::msg("this is the main thread of a new system"))?;
    let scene = Rc::new(RefCell::new(BTreeMap::new())); // the main thread's own: not `Send`
    let tasks = (0..PICTURES).map(|index| {
        let (into, or_into) = (Rc::clone(&scene), Rc::clone(&scene));
        try_run(system.worker(), move || fetch(index))
            .map(system.worker(), |runs| decode(&runs))
            .map(&here, move |pixels| _ = into.borrow_mut().insert(index, pixels.len()))
            .catch(&here, move |_| _ = or_into.borrow_mut().insert(index, 0))
    });
    here.wait(all(tasks))?;
    let right: BTreeMap<_, _> = (0..PICTURES).map(|index| (index, pixels(index))).collect();
    if *scene.borrow() != right {
        return Err(Error::msg(format_args!("wrong pictures: {:?}", scene.borrow())));
    }
    // The end: what is queued is run, what comes after is refused.
    let (queued, worker) = (run(system.worker(), || ()), system.worker().clone());
    drop(system);
    queued.wait()?;
    match run(&worker, || ()).wait() {
        Err(error) if error.kind() == ErrorKind::Closed => {}
        other => return Err(Error::msg(format_args!("it went on after its end: {other:?}"))),
    }
    let sum: usize = right.values().sum();
    Ok(format!("{} pictures, {sum} pixels, and one placeholder", right.len() - 1))
}

fn rayon() -> Result<String> {
    load(Rayon::new(rayon::ThreadPoolBuilder::new().num_threads(THREADS).build()?))
}

fn tokio() -> Result<String> {
    load(Tokio::new(tokio::runtime::Builder::new_multi_thread().worker_threads(THREADS).build()?))
}

fn bevy_tasks() -> Result<String> {
    load(BevyTasks::new(bevy_tasks::TaskPoolBuilder::new().num_threads(THREADS).build()))
}

fn async_executor() -> Result<String> {
    load(AsyncExecutor::new(THREADS, || ()))
}

fn thread_per_task() -> Result<String> {
    load(ThreadPerTask::new(|| ()))
}

/// A name, and the program on that.
type Case = (&'static str, fn() -> Result<String>);

fn main() -> ExitCode {
    let cases: [Case; 5] = [
        ("rayon", rayon),
        ("tokio", tokio),
        ("bevy_tasks", bevy_tasks),
        ("async-executor", async_executor),
        ("a thread per task", thread_per_task),
    ];
    let mut code = ExitCode::SUCCESS;
    for (name, case) in cases {
        match case() {
            Ok(report) => println!("{name:<17}  {report}"),
            Err(error) => {
                eprintln!("{name:<17}  FAILED: {error}");
                code = ExitCode::FAILURE;
            }
        }
    }
    code
}
