//! Waits against threads that settle, by the million: does every wait return?
//!
//! `cargo run --release -p benches --bin wait-stress [MILLIONS]`. Four ways of waiting take turns: a plain thread on a
//! promise that another settles, the main thread on work that hops to a worker and back, the main thread on a bare
//! promise, and a pool's thread on work in its own pool. A wait that misses its wake-up hangs the run; progress is printed,
//! so that can be seen. It asserts each value.

use std::sync::mpsc;
use std::thread;
use std::time::Instant;

use threadbare::{AsyncSystem, Promise, promise, run};
use threadbare_threads::ThreadPool;

/// Waits in a batch, before the next way has its turn.
const BATCH: u64 = 50_000;

fn main() {
    let millions: u64 = std::env::args().nth(1).map_or(10, |text| text.parse().expect("a number of millions"));
    let total = millions * 1_000_000;

    let system = AsyncSystem::new(ThreadPool::with_threads(2));
    let here = system.main().enter().expect("no other thread is the main thread");
    let worker = system.worker().clone();
    let (to_settle, promises) = mpsc::channel::<(Promise<u64>, u64)>();
    let settler = thread::spawn(move || promises.into_iter().for_each(|(promise, value)| promise.resolve(value)));

    let start = Instant::now();
    let mut waited = 0;
    let mut printed = 0;
    while waited < total {
        for n in 0..BATCH {
            let (promise, task) = promise();
            to_settle.send((promise, n)).expect("the settler runs until the end");
            assert_eq!(task.wait().expect("resolved"), n);
        }
        for n in 0..BATCH {
            let hopped = run(&worker, move || n).map(&here, |n| n + 1);
            assert_eq!(here.wait(hopped).expect("resolved"), n + 1);
        }
        for n in 0..BATCH {
            let (promise, task) = promise();
            let settled = run(&worker, move || promise.resolve(n));
            assert_eq!(here.wait(task).expect("resolved"), n);
            settled.wait().expect("ran");
        }
        let inner = worker.clone();
        let nested =
            run(&worker, move || (0..BATCH).map(|n| run(&inner, move || n).wait().expect("resolved")).sum::<u64>());
        assert_eq!(nested.wait().expect("resolved"), BATCH * (BATCH - 1) / 2);

        waited += 5 * BATCH;
        if waited / 1_000_000 > printed {
            printed = waited / 1_000_000;
            println!("{printed} million waits, {:.1} s", start.elapsed().as_secs_f64());
        }
    }
    drop(to_settle);
    settler.join().expect("the settler returns");
    println!(
        "{waited} waits returned, in {:.1} s: {:.2} µs each",
        start.elapsed().as_secs_f64(),
        start.elapsed().as_secs_f64() * 1e6 / waited as f64
    );
}
