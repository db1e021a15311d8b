//! A closure may run when the function that made it has returned, so it borrows nothing of it.

use threadbare::{Task, Worker, run};

fn length(worker: &Worker, text: String) -> Task<usize> {
    run(worker, move || text.len())
}

fn main() {
    let _: fn(&_, _) -> _ = length;
}
