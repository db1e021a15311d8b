//! A `MainBound` goes where its value cannot.

use std::rc::Rc;

use threadbare::{MainBound, MainThread, Task, Worker};

fn carry(worker: &Worker, here: &MainThread, task: Task<u32>, value: Rc<u32>) {
    let bound = MainBound::new(here, value);
    let carried = bound;
    task.map(worker, move |_| drop(carried)).detach();
}

fn main() {
    let _: fn(&_, &_, _, _) = carry;
}
