//! The main thread's closures borrow nothing either, though they never leave it.

use threadbare::{MainThread, Task};

fn print(here: &MainThread, task: Task<u32>, text: String) {
    let lent = text;
    task.map(here, move |n| println!("{lent}: {n}")).detach();
}

fn main() {
    let _: fn(&_, _, _) = print;
}
