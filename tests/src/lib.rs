//! What the behaviour tests share: systems to run them on, probes that say where a closure ran and was dropped, a
//! watchdog, and a heap that counts.
//!
//! The tests are generic over the [`System`] that they run on. [`each_system!`] turns a generic function into one test
//! per system.

mod heap;
mod host;
mod probe;
mod quiet;
mod render;
mod systems;
mod watchdog;

pub use heap::{Counting, Tally, live_bytes, tally, tally_so_far};
pub use host::Host;
pub use probe::{Bomb, DropCount, Log, Place, Probe, Scope};
pub use quiet::quiet_panics;
pub use render::Render;
pub use systems::{OnePool, Polled, PolledProcessor, System, TwoPool};
pub use watchdog::{Watchdog, watchdog};

/// Turns `fn name<S: System>()` into a test for each system.
#[macro_export]
macro_rules! each_system {
    ($($name:ident),+ $(,)?) => { $(
        mod $name {
            #[test]
            fn polled() {
                let _watchdog = $crate::watchdog(concat!(stringify!($name), " on a polled processor"));
                super::$name::<$crate::Polled>();
            }

            #[test]
            fn one_thread() {
                let _watchdog = $crate::watchdog(concat!(stringify!($name), " on one thread"));
                super::$name::<$crate::OnePool>();
            }

            #[test]
            fn two_threads() {
                let _watchdog = $crate::watchdog(concat!(stringify!($name), " on two threads"));
                super::$name::<$crate::TwoPool>();
            }
        }
    )+ };
}

/// The README's programs, compiled and run as a test.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;

/// The programs of the migration page, likewise.
#[cfg(doctest)]
#[doc = include_str!("../../docs/migrating.md")]
struct Migrating;
