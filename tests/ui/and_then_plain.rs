//~ ERROR: which is not a `Result<
//~ ERROR: must return a `Result`, a `Task` or a future of a `Result`
//~ ERROR: use `map`
//! `and_then` takes what can fail or goes on; a plain value is for `map`.

use threadbare::{Task, Worker};

fn next(worker: &Worker, task: Task<u32>) -> Task<u32> {
    task.and_then(worker, |n| n + 1)
}

fn main() {
    let _: fn(&_, _) -> _ = next;
}
