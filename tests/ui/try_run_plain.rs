//~ ERROR: which is not a `Result<
//~ ERROR: must return a `Result`, a `Task` or a future of a `Result`
//~ ERROR: `run` instead of `try_run`
//! `try_run` takes what can fail or goes on; a plain value is for `run`.

use threadbare::{Task, Worker};

fn answer(worker: &Worker) -> Task<u32> {
    threadbare::try_run(worker, || 42)
}

fn main() {
    let _: fn(&_) -> _ = answer;
}
