//! Destructors of assets that use the registry, or panic: each way in which an asset can go.

use asset_loader::registry::Counts;
use threadbare::Immediate;

use crate::world::{Bench, Held, Look, Probe, in_time};

/// Uses all that there is.
fn meddle(probe: &Probe) {
    let Ok(registry) = probe.ticket.registry() else { return };
    assert_eq!(registry.counts(), registry.clone().counts());
    let folder = probe.ticket.folder();
    registry.invalidate(folder.join("other1"));
    let handle = registry.load_async::<Probe>(folder.join("other1"));
    assert!(handle.get().is_none(), "it was just forgotten");
    drop(handle);
    drop(registry.load_async::<Probe>(probe.ticket.path()));
}

/// An asset that is loaded and held, and a registry with room for it.
fn loaded() -> Bench {
    let mut bench = Bench::new(1);
    bench.ask("a1");
    bench.land(0, true);
    bench.world.books().last_words = Some(meddle);
    bench
}

/// It has been dropped, and has asked for two.
fn has_meddled(mut bench: Bench) {
    assert!(!bench.world.books().alive.contains(&0));
    assert_eq!(bench.world.books().dropped, ["a1"]);
    bench.collect();
    let loading = bench.runnables.len();
    assert!(loading >= 2, "{loading}");
    assert_eq!(bench.registry().counts().loading, 2);
    bench.world.books().last_words = None;
    bench.runnables.clear();
    assert_eq!(bench.registry().counts().loading, 0);
}

#[test]
fn with_a_lock_held_an_eviction_would_hang() {
    in_time(|| {
        let mut bench = loaded();
        bench.handles.clear();
        bench.ask("b1");
        bench.land(1, true);
        assert_eq!(
            bench.registry().counts(),
            Counts { active: 1, active_bytes: 1, inactive: 1, inactive_bytes: 1, ..Counts::default() }
        );
        drop(bench.handles.pop());
        has_meddled(bench);
    });
}

#[test]
fn with_a_lock_held_an_eviction_by_a_load_that_lands_would_hang() {
    in_time(|| {
        let mut bench = loaded();
        bench.handles.clear();
        bench.ask("b1");
        bench.handles.clear();
        bench.land(1, true);
        has_meddled(bench);
    });
}

#[test]
fn with_a_lock_held_invalidating_would_hang() {
    in_time(|| {
        let mut bench = loaded();
        bench.handles.clear();
        bench.registry().invalidate(bench.world.path("a1"));
        has_meddled(bench);
    });
}

#[test]
fn with_a_lock_held_dropping_the_last_handle_would_hang() {
    in_time(|| {
        let mut bench = loaded();
        bench.registry().invalidate(bench.world.path("a1"));
        bench.handles.clear();
        has_meddled(bench);
    });
}

/// A load's closure that goes with its failure: here it holds a handle.
#[test]
fn with_a_lock_held_a_failure_that_drops_a_handle_would_hang() {
    in_time(|| {
        let mut bench = loaded();
        bench.registry().invalidate(bench.world.path("a1"));
        let held = bench.handles.pop().flatten().unwrap().handle;
        bench.ask("b1");
        let waiting = bench.handles.pop().flatten().unwrap().handle.ready();
        let waiting = waiting.map(&Immediate, move |_| drop(held));
        bench.land(1, false);
        assert!(waiting.wait().is_err());
        has_meddled(bench);
    });
}

/// When the registry goes, its inactive assets find it gone.
#[test]
fn an_asset_that_goes_with_the_registry_finds_none() {
    in_time(|| {
        let mut bench = loaded();
        bench.handles.clear();
        bench.registry = None;
        assert!(bench.world.books().alive.is_empty());
        assert_eq!(bench.world.books().loads, 1);
    });
}

/// Dropped before the outcome is told, it would take the outcome along.
#[test]
fn a_destructor_that_panics_spoils_no_load() {
    let mut bench = loaded();
    bench.world.books().last_words = Some(|_| panic!("a destructor that panics"));
    bench.handles.clear();
    bench.ask("b1");
    let Held { handle, .. } = bench.handles.pop().flatten().unwrap();
    let waiting = handle.ready();
    drop(handle);
    bench.land(1, true);
    assert_eq!(bench.world.books().dropped, ["a1"]);
    bench.world.books().last_words = None;
    assert_eq!(waiting.wait().unwrap().load, 1);

    bench.ask("b1");
    assert_eq!(bench.handles.pop().flatten().map(Held::settled), Some(Look::Loaded(1)), "and the registry goes on");
}
