//! What a closure makes is `Send` too, also on the main thread: it is only the captures that need not be.

use std::sync::Arc as Shared;

use threadbare::{MainThread, Task};

fn share(here: &MainThread, task: Task<u32>) {
    drop(task.map(here, |n| Shared::new(n)));
}

fn main() {
    let _: fn(&_, _) = share;
}
