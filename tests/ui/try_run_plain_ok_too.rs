//! `try_run` takes what can fail or goes on; a plain value is for `run`.

use threadbare::{Task, Worker};

fn answer(worker: &Worker) -> Task<u32> {
    threadbare::run(worker, || 42)
}

fn main() {
    let _: fn(&_) -> _ = answer;
}
