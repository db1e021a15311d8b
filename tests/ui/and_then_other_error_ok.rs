//! The error of what a closure returns is the crate's own; `?` makes it of any other.

use threadbare::{Task, Worker};

fn parsed(worker: &Worker, task: Task<String>) -> Task<u32> {
    task.and_then(worker, |text| Ok(text.parse::<u32>()?))
}

fn main() {
    let _: fn(&_, _) -> _ = parsed;
}
