//! What stays within the limit: the newest.

use asset_loader::registry::Counts;

use crate::world::{Bench, size};

/// All orders of `items`.
fn permutations(items: &[&'static str]) -> Vec<Vec<&'static str>> {
    if items.is_empty() {
        return vec![Vec::new()];
    }
    let mut all = Vec::new();
    for first in 0..items.len() {
        let mut rest = items.to_vec();
        let item = rest.remove(first);
        all.extend(permutations(&rest).into_iter().map(|rest| [&[item], &rest[..]].concat()));
    }
    all
}

fn total(names: &[&str]) -> u64 {
    names.iter().map(|name| size(name)).sum()
}

/// Of those that can be kept at all, as many of the newest are as fit; the others went oldest first.
#[test]
fn the_oldest_go_first_and_the_rest_fits() {
    let names = ["a1", "b2", "c3", "d4"];
    for limit in (0..=total(&names)).chain([u64::MAX]) {
        for order in permutations(&names) {
            let mut bench = Bench::new(limit);
            for (load, name) in names.iter().enumerate() {
                bench.ask(name);
                bench.land(load, true);
            }
            assert_eq!(bench.registry().counts().active_bytes, total(&names));
            for name in &order {
                let index = names.iter().position(|other| other == name).unwrap();
                drop(bench.handles[index].take());
                let counts = bench.registry().counts();
                assert!(counts.inactive_bytes <= limit, "{counts:?} with limit {limit}");
            }

            let mut kept: Vec<_> = order.iter().copied().filter(|name| size(name) <= limit).collect();
            let mut evicted = Vec::new();
            while total(&kept) > limit {
                evicted.push(kept.remove(0));
            }
            let counts = bench.registry().counts();
            let expected = Counts { inactive: kept.len(), inactive_bytes: total(&kept), ..Counts::default() };
            assert_eq!(counts, expected, "limit {limit}, {order:?}");
            let mut dropped = bench.world.books().dropped.clone();
            dropped.retain(|name| size(name) <= limit);
            assert_eq!(dropped, evicted, "limit {limit}, {order:?}");

            // What is kept is there at once, what is not is loaded again.
            for name in order {
                let before = bench.world.books().loads;
                bench.ask(name);
                assert_eq!(bench.world.books().loads == before, kept.contains(&name), "{name}, limit {limit}");
            }
        }
    }
}

/// Sizes that no machine has must not confuse the sums.
#[test]
fn sizes_are_believed_however_large() {
    let names = ["a18446744073709551615", "b18446744073709551615", "c1"];
    let mut bench = Bench::new(u64::MAX);
    for (load, name) in names.iter().enumerate() {
        bench.ask(name);
        bench.land(load, true);
    }
    assert_eq!(bench.registry().counts().active_bytes, u64::MAX);
    for handle in 0..names.len() {
        drop(bench.handles[handle].take());
    }
    assert_eq!(bench.world.books().dropped, &names[..2], "each has to make room for the next");
    assert_eq!(bench.registry().counts(), Counts { inactive: 1, inactive_bytes: 1, ..Counts::default() });
}

/// An `Arc` of the value is no handle: it keeps the value from being dropped, and not the asset from being forgotten.
#[test]
fn a_value_is_no_handle() {
    let mut bench = Bench::new(0);
    bench.ask("a1");
    bench.land(0, true);
    let value = bench.handles[0].take().unwrap().handle.get().unwrap();
    assert_eq!(bench.registry().counts(), Counts::default());
    assert_eq!(value.load, 0);
    drop(value);
    assert!(bench.world.books().alive.is_empty());
}

/// Clones of a handle are one: the asset goes when the last of them does.
#[test]
fn the_last_clone_of_a_handle_lets_go() {
    let mut bench = Bench::new(0);
    bench.ask("a1");
    bench.land(0, true);
    let first = bench.handles[0].take().unwrap().handle;
    let second = first.clone();
    drop(first);
    assert_eq!(bench.registry().counts().active, 1);
    drop(second);
    assert_eq!(bench.registry().counts(), Counts::default());
}
