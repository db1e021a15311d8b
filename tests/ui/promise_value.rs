//~ ERROR: cannot be sent between threads safely
//! Values are always `Send`: a promise can be kept on any thread.

use std::rc::Rc as Shared;

fn main() {
    let (promise, task) = threadbare::promise();
    promise.resolve(Shared::new(1));
    drop(task);
}
