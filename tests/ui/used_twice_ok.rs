//! A task has one consumer: a verb uses it up and gives the next one.

use threadbare::{Task, Worker};

fn both(worker: &Worker, task: Task<u32>) {
    let task = task.map(worker, |n| n + 1);
    task.map(worker, |n| n + 2).detach();
}

fn main() {
    let _: fn(&_, _) = both;
}
