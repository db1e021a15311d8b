//! `and_then` takes what can fail or goes on; a plain value is for `map`.

use threadbare::{Task, Worker};

fn next(worker: &Worker, task: Task<u32>) -> Task<u32> {
    task.and_then(worker, |n| Ok(n + 1))
}

fn main() {
    let _: fn(&_, _) -> _ = next;
}
