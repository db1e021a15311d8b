//! The proof of being on the main thread stays there; `Main` goes anywhere.

use std::thread;

use threadbare::MainThread;

fn elsewhere(here: MainThread) {
    let moved = here.main().clone();
    thread::spawn(move || println!("{moved:?}"));
}

fn main() {
    let _: fn(_) = elsewhere;
}
