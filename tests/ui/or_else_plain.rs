//~ ERROR: which is not a `Result<
//~ ERROR: must return a `Result`, a `Task` or a future of a `Result`
//~ ERROR: `catch` instead of `or_else`
//! `or_else` takes what can fail or goes on; a plain value is for `catch`.

use threadbare::{Task, Worker};

fn placeholder(worker: &Worker, task: Task<u32>) -> Task<u32> {
    task.or_else(worker, |_| 0)
}

fn main() {
    let _: fn(&_, _) -> _ = placeholder;
}
