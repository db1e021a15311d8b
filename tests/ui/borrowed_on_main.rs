//~ ERROR: `text` does not live long enough
//! The main thread's closures borrow nothing either, though they never leave it.

use threadbare::{MainThread, Task};

fn print(here: &MainThread, task: Task<u32>, text: String) {
    let lent = text.as_str();
    task.map(here, move |n| println!("{lent}: {n}")).detach();
}

fn main() {
    let _: fn(&_, _, _) = print;
}
