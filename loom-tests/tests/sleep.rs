//! Who searches and who sleeps, in the pool of `threadbare-threads`: what the models of whole pools have no room for.

#![cfg(loom)]

use loom::sync::Arc;
use loom_tests::{Tracked, bounded, race_apart, work};
use threadbare_threads::modelled::{Deque, Sleep};

/// Of two searchers one moves a runnable from a third thread's queue to its own, and stops searching; the other finds nothing.
///
/// Broken if the one that is not the last to stop kept what it has moved from the last one's look: then that sleeps beside it.
#[test]
fn what_a_searcher_has_moved_is_seen_by_the_last() {
    bounded(3).shadowing_loads().yields([true, false], |order| {
        let (sleep, victim, own) = (Arc::new(Sleep::new()), Arc::new(Deque::new()), Arc::new(Deque::new()));
        let (runnable, task) = work(|| Tracked::new(7));
        // SAFETY: this thread is the owner, and does nothing more with it.
        unsafe { victim.push(runnable) };
        sleep.start_searching();
        sleep.start_searching();
        let everywhere = |victim: Arc<Deque>, own: Arc<Deque>| move || !victim.is_empty() || !own.is_empty();
        let look = everywhere(victim.clone(), own.clone());
        let mover = {
            let (sleep, victim, own, look) = (sleep.clone(), victim.clone(), own.clone(), look.clone());
            move || {
                let moved = victim.take_front().expect("nobody else takes it");
                // SAFETY: this is the owner of its own queue.
                unsafe { own.push(moved) };
                sleep.stop_searching(look);
            }
        };
        let sleeper = {
            let sleep = sleep.clone();
            move || sleep.sleep_from_search(look)
        };
        let ((), asleep) = race_apart(order, mover, sleeper);
        let unwoken = sleep.sleepers();
        assert!(unwoken == 0 || own.is_empty(), "one sleeps beside work that nobody else will see");
        drop(own.take_front());
        drop(task);
        asleep
    });
}

/// One thread sleeps, another searches; that finds something else while a third queues.
///
/// Broken if the queuer could rely on the search, which could miss what was queued: then nobody wakes the one that sleeps.
#[test]
fn the_last_searcher_wakes_another_for_what_it_leaves() {
    bounded(3).shadowing_loads().yields([0], |order| {
        let (sleep, own) = (Arc::new(Sleep::new()), Arc::new(Deque::new()));
        sleep.start_searching();
        assert!(sleep.sleep_from_search(|| false), "there is nothing yet");
        sleep.start_searching();
        let queuer = {
            let (sleep, own) = (sleep.clone(), own.clone());
            move || {
                let (runnable, task) = work(|| Tracked::new(7));
                // SAFETY: this is the owner of its own queue.
                unsafe { own.push(runnable) };
                sleep.notify();
                task
            }
        };
        let searcher = {
            let (sleep, own) = (sleep.clone(), own.clone());
            move || sleep.stop_searching(|| !own.is_empty())
        };
        let (task, ()) = race_apart(order, queuer, searcher);
        drop(own.take_front());
        drop(task);
        sleep.sleepers()
    });
}
