//~ ERROR: cannot be sent between threads safely
//! A future that keeps what is not `Send` stays off the workers; `&MainThread` takes it.

use std::rc::Rc;

use threadbare::{Task, spawn};

fn sum(context: &threadbare::Worker, task: Task<u32>) -> Task<u32> {
    spawn(context, async move {
        let kept = Rc::new(1);
        Ok(task.await? + *kept)
    })
}

fn main() {
    let _: fn(&_, _) -> _ = sum;
}
