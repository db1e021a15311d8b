//! A value that many have is cloned on any thread, so it must be `Sync`.

use threadbare::{SharedTask, Task};

type Value = u32;

fn share(task: Task<Value>) -> SharedTask<Value> {
    task.share()
}

fn main() {
    let _: fn(_) -> _ = share;
}
