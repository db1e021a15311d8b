//~ ERROR: mismatched types
//~ ERROR: expected `&MainThread`, found `&Main`
//! Only who is on the main thread gets at what belongs to it.

use threadbare::{MainBound, MainThread};

fn look(bound: &MainBound<u32>, here: &MainThread) -> u32 {
    *bound.get(here.main())
}

fn main() {
    let _: fn(&_, &_) -> _ = look;
}
