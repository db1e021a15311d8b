//! Canaries: each must fail, else the models check nothing.

#![cfg(loom)]

use std::collections::HashSet;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};

use loom::cell::UnsafeCell;
use loom::sync::Arc;
use loom_tests::{Model, Plain, Tracked, bounded, exhaustive};
use threadbare::sync::{AtomicUsize, Mutex, thread};

/// Writes plain memory, publishes it with `order`, and reads it on the other side once the flag is seen.
fn publish(order: std::sync::atomic::Ordering) {
    exhaustive().explore(move || {
        let (memory, flag) = (Plain::new(0), Arc::new(AtomicUsize::new(0)));
        let (theirs, published) = (memory.clone(), flag.clone());
        let writer = thread::spawn(move || {
            theirs.set(7);
            published.store(1, order);
        });
        if flag.load(Acquire) == 1 {
            assert_eq!(memory.get(), 7);
        }
        writer.join().expect("it does not panic");
    });
}

/// If this passed, the facade's atomics were not loom's, or its cells not watched.
#[test]
#[should_panic(expected = "Causality violation")]
fn a_relaxed_publication_is_caught() {
    publish(Relaxed);
}

/// The twin: what is right must pass.
#[test]
fn a_released_publication_is_not() {
    publish(Release);
}

/// loom's types work inside of a model only; if this passed, the facade would have `core`'s.
#[test]
#[should_panic(expected = "cannot access Loom execution state from outside a Loom model")]
fn the_facade_is_looms() {
    AtomicUsize::new(0).load(Relaxed);
}

/// The core, not only the facade's name, goes through it. If this passed, the core would use other atomics.
#[test]
#[should_panic(expected = "cannot access Loom execution state from outside a Loom model")]
fn the_core_goes_through_the_facade() {
    drop(threadbare::promise::<u32>());
}

/// By name as well: the wrapper is the shadowed one, and what it wraps is loom's.
#[test]
fn the_atomics_names_say_loom() {
    assert_eq!(std::any::type_name::<AtomicUsize>(), "threadbare::sync::shadowed::AtomicUsize");
    let (printed, _) = exhaustive().explore(|| format!("{:?}", AtomicUsize::new(0)));
    assert!(printed.iter().all(|text| text.contains("real: Atomic") && text.contains("shadow: Atomic")), "{printed:?}");
    assert!(std::any::type_name::<threadbare::sync::UnsafeCell<u32>>().starts_with("loom::"));
    assert!(std::any::type_name::<threadbare::sync::Arc<u32>>().starts_with("loom::"));
}

/// Only a thread that is watched sees that a value is never dropped; if this passed, leaks would go unseen.
#[test]
#[should_panic(expected = "leaked")]
fn a_leak_is_caught() {
    exhaustive().explore(|| std::mem::forget(Tracked::new(1)));
}

/// loom's own book-keeping sees a leak that ends with the model.
#[test]
#[should_panic(expected = "Arc leaked")]
fn a_leaked_arc_is_caught() {
    exhaustive().explore(|| std::mem::forget(Arc::new(())));
}

/// If this passed, values could be dropped twice unseen.
#[test]
#[should_panic(expected = "dropped twice")]
fn a_double_drop_is_caught() {
    exhaustive().explore(|| {
        let value = std::mem::ManuallyDrop::new(Tracked::new(1));
        // SAFETY: none, that is the point; dropping it twice frees nothing twice, for it owns no memory.
        let twin = unsafe { std::ptr::read(&raw const *value) };
        drop(twin);
        drop(std::mem::ManuallyDrop::into_inner(value));
    });
}

/// A waiter that nobody wakes; if this passed, lost wake-ups would go unseen.
#[test]
#[should_panic(expected = "deadlock")]
fn a_lost_wake_up_is_caught() {
    exhaustive().explore(thread::park);
}

const EMPTY: usize = 0;
const READY: usize = 1;
const TAKEN: usize = 2;

/// A promise whose `resolve` publishes nothing: a load, then an exchange that is relaxed where it must release. The other
/// side looks first, then takes. loom alone does not explore the execution that shows it (tokio-rs/loom#392).
macro_rules! faulty_promise {
    ($atomic:ty) => {
        || {
            let word = Arc::new(<$atomic>::new(EMPTY));
            let place = Arc::new(UnsafeCell::new(0));
            let (their_word, their_place) = (word.clone(), place.clone());
            let producer = thread::spawn(move || {
                // SAFETY: loom watches.
                their_place.with_mut(|place| unsafe { *place = 7 });
                if their_word.load(Relaxed) == EMPTY {
                    _ = their_word.compare_exchange(EMPTY, READY, Relaxed, Relaxed);
                }
            });
            if word.load(Acquire) == READY && word.compare_exchange(READY, TAKEN, Acquire, Relaxed).is_ok() {
                // SAFETY: loom watches.
                assert_eq!(place.with(|place| unsafe { *place }), 7);
            }
            producer.join().expect("it does not panic");
        }
    };
}

/// If this passed, the shadows would be gone from the facade, and models with loads would miss executions.
#[test]
#[should_panic(expected = "Causality violation")]
fn what_loom_alone_overlooks_is_caught_through_the_facade() {
    exhaustive().shadowing_loads().explore(faulty_promise!(AtomicUsize));
}

/// Why the shadows are there. When this fails loom has been mended, and the shadows can go.
#[test]
fn loom_alone_overlooks_it() {
    exhaustive().explore(faulty_promise!(loom::sync::atomic::AtomicUsize));
}

/// `load x ‖ load x; store x`: what the first load saw, over all executions, and how many there were.
fn a_load_against_a_store(model: Model) -> (HashSet<usize>, usize) {
    model.explore(|| {
        let word = Arc::new(AtomicUsize::new(0));
        let theirs = word.clone();
        let other = thread::spawn(move || {
            theirs.load(Relaxed);
            theirs.store(1, Relaxed);
        });
        let seen = word.load(Relaxed);
        other.join().expect("it does not panic");
        seen
    })
}

/// If one execution were found, the shadows would do nothing.
#[test]
fn a_load_is_raced_against_a_store_that_follows_a_load() {
    let (seen, loads) = a_load_against_a_store(exhaustive().shadowing_loads());
    assert_eq!(seen, HashSet::from([0, 1]), "the load comes before the store, and after");
    let (_, all) = a_load_against_a_store(exhaustive());
    assert!(1 < loads && loads < all, "{loads} with shadowed loads, {all} with all shadowed");
}

/// A bound cuts executions off, which is why each model states its own.
#[test]
fn a_bound_explores_less() {
    let (_, fewer) = a_load_against_a_store(bounded(0));
    let (_, all) = a_load_against_a_store(exhaustive());
    assert!(fewer < all, "{fewer} of {all}");
}

/// Two threads count down by hand, with too weak an ordering, and the last one frees. If this passed, memory could be
/// freed under a thread that still uses it.
#[test]
#[should_panic(expected = "Causality violation")]
fn a_free_that_races_with_a_use_is_caught() {
    exhaustive().explore(|| {
        let count = std::ptr::from_mut(Box::leak(Box::new(AtomicUsize::new(2))));
        let let_go = move || {
            // SAFETY: each of the two threads gives up its own count, and the last one frees; the order is loom's to find.
            unsafe {
                if (*count).fetch_sub(1, Relaxed) == 1 {
                    drop(Box::from_raw(count));
                }
            }
        };
        let other = thread::spawn(let_go);
        let_go();
        other.join().expect("it does not panic");
    });
}

/// An `unpark` comes before its `park`, and a lock is used in between. Where this fails the facade's threads are loom's
/// own, which lose it.
#[test]
fn an_unpark_is_not_lost_over_a_lock() {
    exhaustive().yields_once([()], || {
        let (me, lock) = (thread::current(), Arc::new(Mutex::new(())));
        let theirs = lock.clone();
        let other = thread::spawn(move || {
            me.unpark();
            drop(theirs.lock());
        });
        drop(lock.lock());
        thread::park();
        other.join().expect("it does not panic");
    });
}
