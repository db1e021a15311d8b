//! What a closure to run on a worker captures must be `Send`; `&MainThread` takes anything.

use std::rc::Rc;

use threadbare::{Task, run};

fn count(context: &threadbare::MainThread, shared: Rc<u32>) -> Task<u32> {
    run(context, move || *shared)
}

fn main() {
    let _: fn(&_, _) -> _ = count;
}
