//! The same holds for a future that a closure returns: its context runs it.

use std::rc::Rc;

use threadbare::Task;

fn sum(context: &threadbare::MainThread, first: Task<u32>, second: Task<u32>) -> Task<u32> {
    first.and_then(context, |n| async move {
        let kept = Rc::new(n);
        Ok(second.await? + *kept)
    })
}

fn main() {
    let _: fn(&_, _, _) -> _ = sum;
}
