//~ ERROR: which is not a `Result<
//~ ERROR: must return a `Result`, a `Task` or a future of a `Result`
//~ ERROR: use `map`
//! `then` takes what can fail or goes on, as `and_then` does.

use threadbare::{Task, Worker};

fn looked_at(worker: &Worker, task: Task<u32>) -> Task<bool> {
    task.then(worker, |outcome| outcome.is_ok())
}

fn main() {
    let _: fn(&_, _) -> _ = looked_at;
}
