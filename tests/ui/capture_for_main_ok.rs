//! `&Main`, which can be used anywhere, takes closures whose captures are `Send`; `&MainThread` takes any.

use std::cell::Cell;
use std::rc::Rc;

use threadbare::Task;

fn keep(context: &threadbare::MainThread, task: Task<u32>) -> Task<()> {
    let kept = Rc::new(Cell::new(0));
    task.map(context, move |n| kept.set(n))
}

fn main() {
    let _: fn(&_, _) -> _ = keep;
}
