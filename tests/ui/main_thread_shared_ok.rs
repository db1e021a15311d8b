//! The proof of being on the main thread is not lent to other threads either; `Main` is.

use std::thread;

use threadbare::MainThread;

fn elsewhere(here: &MainThread) {
    let lent = here.main();
    thread::scope(|scope| {
        scope.spawn(|| println!("{lent:?}"));
    });
}

fn main() {
    let _: fn(&_) = elsewhere;
}
