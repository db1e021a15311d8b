//! `then` takes what can fail or goes on, as `and_then` does.

use threadbare::{Task, Worker};

fn looked_at(worker: &Worker, task: Task<u32>) -> Task<bool> {
    task.then(worker, |outcome| Ok(outcome.is_ok()))
}

fn main() {
    let _: fn(&_, _) -> _ = looked_at;
}
