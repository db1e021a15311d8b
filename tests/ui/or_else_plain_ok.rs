//! `or_else` takes what can fail or goes on; a plain value is for `catch`.

use threadbare::{Task, Worker};

fn placeholder(worker: &Worker, task: Task<u32>) -> Task<u32> {
    task.or_else(worker, |_| Ok(0))
}

fn main() {
    let _: fn(&_, _) -> _ = placeholder;
}
