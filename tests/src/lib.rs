//! What the behaviour tests share: systems to run them on, probes that say where a closure ran and was dropped, a
//! watchdog, and a heap that counts.
//!
//! The tests are generic over the [`System`] that they run on. [`each_system!`] turns a generic function into one test
//! per system.

#[cfg(feature = "processors")]
mod foreign;
mod heap;
mod host;
mod probe;
mod quiet;
mod render;
mod systems;
mod watchdog;

#[cfg(feature = "processors")]
pub use foreign::{AsyncExecutor, BevyTasks, Foreign, Pool, Rayon, ThreadPerTask, Tokio};
pub use heap::{Counting, Tally, live_bytes, tally, tally_so_far};
pub use host::Host;
pub use probe::{Bomb, DropCount, Log, Place, Probe, Scope};
pub use quiet::quiet_panics;
pub use render::Render;
pub use systems::{OnePool, OneThread, Polled, PolledProcessor, Seeded, System, TwoPool, each_seed};
pub use watchdog::{Watchdog, watchdog};

/// Turns `fn name<S: System>()` into a test for each system, or, after `on [A, B]:`, for each of those.
///
/// A test that needs something which not every system has names those that do, and says why it leaves out the others.
/// Systems on other job systems are there with feature `processors`.
#[macro_export]
macro_rules! each_system {
    (on $systems:tt: $($name:ident),+ $(,)?) => {
        $( mod $name { $crate::each_system!(@all $systems $name); } )+
    };
    (@all [$($system:ident),+] $name:ident) => {
        $( $crate::each_system!(@one $system $name); )+
    };
    (@one Polled $name:ident) => {
        #[test]
        fn polled() {
            let _watchdog = $crate::watchdog(concat!(stringify!($name), " on a polled processor"));
            super::$name::<$crate::Polled>();
        }
    };
    (@one OneThread $name:ident) => {
        #[test]
        fn single_thread() {
            let _watchdog = $crate::watchdog(concat!(stringify!($name), " on a single thread"));
            super::$name::<$crate::OneThread>();
        }
    };
    (@one Seeded $name:ident) => {
        #[test]
        fn seeded() {
            let _watchdog = $crate::watchdog(concat!(stringify!($name), " on a single thread, in seeded orders"));
            $crate::each_seed(super::$name::<$crate::Seeded>);
        }
    };
    (@one OnePool $name:ident) => {
        #[test]
        fn pool_of_one() {
            let _watchdog = $crate::watchdog(concat!(stringify!($name), " on a pool of one"));
            super::$name::<$crate::OnePool>();
        }
    };
    (@one TwoPool $name:ident) => {
        #[test]
        fn pool_of_two() {
            let _watchdog = $crate::watchdog(concat!(stringify!($name), " on a pool of two"));
            super::$name::<$crate::TwoPool>();
        }
    };
    (@one Rayon $name:ident) => {
        $crate::each_system!(@foreign Rayon rayon " on rayon" $name);
    };
    (@one Tokio $name:ident) => {
        $crate::each_system!(@foreign Tokio tokio " on tokio" $name);
    };
    (@one BevyTasks $name:ident) => {
        $crate::each_system!(@foreign BevyTasks bevy_tasks " on a task pool of Bevy's" $name);
    };
    (@one AsyncExecutor $name:ident) => {
        $crate::each_system!(@foreign AsyncExecutor async_executor " on async-executor" $name);
    };
    (@one ThreadPerTask $name:ident) => {
        $crate::each_system!(@foreign ThreadPerTask thread_per_task " on a thread for each task" $name);
    };
    (@foreign $system:ident $test:ident $on:literal $name:ident) => {
        #[cfg(feature = "processors")]
        #[test]
        fn $test() {
            let _watchdog = $crate::watchdog(concat!(stringify!($name), $on));
            super::$name::<$crate::$system>();
        }
    };
    ($($name:ident),+ $(,)?) => {
        $crate::each_system!(on [
            Polled, OneThread, Seeded, OnePool, TwoPool, Rayon, Tokio, BevyTasks, AsyncExecutor, ThreadPerTask
        ]: $($name),+);
    };
}

/// The README's programs, compiled and run as a test.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;

/// The programs of the migration page, likewise.
#[cfg(doctest)]
#[doc = include_str!("../../docs/migrating.md")]
struct Migrating;
