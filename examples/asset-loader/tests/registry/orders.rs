//! Every order of acts up to a length, against the model; and the registry dropped after each.

use asset_loader::registry::Counts;
use threadbare::{ErrorKind, Immediate};

use crate::model::Model;
use crate::world::{Act, Bench, Held, Look, Probe};

/// How a bench comes to its end, after the registry is gone.
#[derive(Debug, Clone, Copy, PartialEq)]
enum End {
    /// What is in flight is loaded,
    Loaded,
    /// fails,
    Failed,
    /// or is never run: the processor drops it.
    Dropped,
}

fn check(limit: u64, acts: &[Act], end: End) {
    let (mut bench, mut model) = (Bench::new(limit), Model::new(limit));
    for act in acts {
        bench.act(*act);
        model.act(*act);
    }
    assert_eq!(bench.view(), model.view(true), "limit {limit}, {acts:?}");

    bench.registry = None;
    model.drop_registry();
    assert_eq!(bench.view(), model.view(false), "limit {limit}, {acts:?}, and the registry is gone");

    for load in model.pending() {
        match end {
            End::Dropped => drop(bench.runnables.remove(&load)),
            _ => bench.land(load, end == End::Loaded),
        }
        model.act(Act::Land(load, end == End::Loaded));
    }
    assert_eq!(bench.view(), model.view(false), "limit {limit}, {acts:?}, the registry is gone, {end:?}");
    for (handle, held) in bench.handles.drain(..).enumerate() {
        assert_eq!(held.map(Held::settled), model.look(handle), "{acts:?}, {end:?}");
    }
    assert!(bench.world.books().alive.is_empty(), "limit {limit}, {acts:?}, {end:?}: something is left");
}

/// Checks every sequence that begins with `acts`, of no more than `length` acts. Returns how many.
fn check_from(limit: u64, assets: &[&'static str], acts: &mut Vec<Act>, length: usize, model: &Model) -> usize {
    let ends = [End::Loaded, End::Failed, End::Dropped];
    // With nothing in flight they are all the same.
    for end in &ends[..if model.pending().is_empty() { 1 } else { 3 }] {
        check(limit, acts, *end);
    }
    let mut checked = 1;
    if acts.len() < length {
        for act in model.acts(assets) {
            let mut next = model.clone();
            next.act(act);
            acts.push(act);
            checked += check_from(limit, assets, acts, length, &next);
            acts.pop();
        }
    }
    checked
}

/// Both fit, but not together.
#[test]
fn two_assets_in_every_order() {
    let checked = check_from(4, &["a2", "b3"], &mut Vec::new(), 6, &Model::new(4));
    println!("{checked} orders");
}

/// At a length that takes one asset through its whole life twice.
#[test]
fn one_asset_in_every_order_and_with_every_limit() {
    for limit in [0, 2, u64::MAX] {
        let checked = check_from(limit, &["a2"], &mut Vec::new(), 7, &Model::new(limit));
        println!("{checked} orders");
    }
}

/// Three that are loaded, of which the third is too large to be kept: every order of letting go and coming back.
#[test]
fn three_assets_come_and_go_in_every_order() {
    let assets = ["a2", "b3", "c6"];
    let mut acts: Vec<_> = assets.iter().map(|asset| Act::Ask(asset)).collect();
    acts.extend((0..assets.len()).map(|load| Act::Land(load, true)));
    let mut model = Model::new(5);
    acts.iter().for_each(|act| model.act(*act));
    let length = acts.len() + 4;
    let checked = check_from(5, &assets, &mut acts, length, &model);
    println!("{checked} orders");
}

#[test]
fn a_failed_load_is_told_to_all_who_asked_and_then_forgotten() {
    let mut bench = Bench::new(10);
    for _ in 0..3 {
        bench.ask("a1");
    }
    bench.land(0, false);
    let errors: Vec<_> =
        bench.handles.drain(..).flatten().map(|held| held.handle.ready().wait().err().unwrap()).collect();
    for error in &errors {
        assert_eq!(format!("{error:?}"), "a1\n  caused by: load 0 fails");
    }
    assert_eq!(bench.registry().counts(), Counts::default());

    bench.ask("a1");
    bench.land(1, true);
    assert_eq!(bench.handles.pop().flatten().map(Held::settled), Some(Look::Loaded(1)));
}

/// With the failure told before it is forgotten, the second load would be the first.
#[test]
fn who_is_told_of_a_failure_may_try_again_at_once() {
    let mut bench = Bench::new(10);
    let (registry, path) = (bench.registry().clone(), bench.world.path("a1"));
    let task = registry
        .load_async::<Probe>(&path)
        .ready()
        .or_else(&Immediate, move |_| registry.load_async::<Probe>(&path).ready());
    bench.collect();
    bench.land(0, false);
    bench.collect();
    bench.land(1, true);
    assert_eq!(task.wait().unwrap().load, 1);
}

#[test]
fn a_panic_in_a_load_is_a_failure_like_any_other() {
    let mut bench = Bench::new(10);
    for (name, message) in [("bad load 1", "before it starts"), ("bad bytes 1", "cannot say its size")] {
        for _ in 0..2 {
            bench.ask(name);
            while let Some((load, _)) = bench.runnables.first_key_value() {
                let load = *load;
                bench.land(load, true);
            }
            let held = bench.handles.pop().flatten().unwrap();
            let error = held.handle.ready().wait().err().unwrap();
            assert_eq!(error.kind(), ErrorKind::Panicked);
            assert!(format!("{error:?}").contains(message), "{error:?}");
            assert_eq!(bench.registry().counts(), Counts::default());
        }
    }
    assert_eq!(bench.world.books().loads, 2, "of the second, and each time anew");
    assert!(bench.world.books().alive.is_empty());
}
