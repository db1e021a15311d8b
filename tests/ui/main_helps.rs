//~ ERROR: the trait bound `Main: Help` is not satisfied
//! The main queue is run by the main thread alone: a handle of it, which anybody may have, cannot be asked to help.

use threadbare::{Help, Main, MainThread, Worker};

fn main() {
    fn helps(_: impl Fn(&Main, &MainThread, &Worker), _: fn() -> Option<Box<dyn Help>>) {}
    helps(|main, _, _| _ = Help::run_one(main), || None);
}
