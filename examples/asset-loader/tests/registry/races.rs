//! Two acts at once, on two threads: what comes of it must be what comes of them one after the other, in one order or the
//! other.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use asset_loader::registry::AssetRegistry;
use threadbare::{AsyncSystem, Runnable};
use threadbare_threads::ThreadPool;

use crate::model::Model;
use crate::world::{Act, Bench, Held, Look, Probe, World};

/// How often each pair is tried. A pair that is wrong one time in a hundred shows in most runs.
const ROUNDS: usize = 60;

/// An act, with all that it takes.
enum Ready<'a> {
    Ask(&'a AssetRegistry, std::path::PathBuf),
    Drop(Held),
    Invalidate(&'a AssetRegistry, std::path::PathBuf),
    Land(Runnable),
}

impl Ready<'_> {
    fn go(self) -> Option<Held> {
        match self {
            Self::Ask(registry, path) => return Some(Held::new(registry.load_async(path))),
            Self::Drop(held) => drop(held),
            Self::Invalidate(registry, path) => registry.invalidate(path),
            Self::Land(runnable) => runnable.run(),
        }
        None
    }
}

fn at_once(bench: &mut Bench, acts: [Act; 2]) {
    let Bench { world, registry, runnables, handles, .. } = bench;
    let registry = registry.as_ref().expect("not dropped yet");
    let mut ready = acts.map(|act| {
        Some(match act {
            Act::Ask(name) => Ready::Ask(registry, world.path(name)),
            Act::Invalidate(name) => Ready::Invalidate(registry, world.path(name)),
            Act::Drop(handle) => Ready::Drop(handles[handle].take().expect("a handle")),
            Act::Land(load, well) => {
                if !well {
                    world.books().failing.insert(load);
                }
                Ready::Land(runnables.remove(&load).expect("a load in flight"))
            }
        })
    });
    let (here, there) = (ready[0].take(), ready[1].take());
    let arrived = AtomicUsize::new(0);
    let meet = || {
        arrived.fetch_add(1, Ordering::SeqCst);
        for spins in 1.. {
            match arrived.load(Ordering::SeqCst) {
                2 => break,
                // There may be fewer processors than threads.
                _ if spins % 64 == 0 => thread::yield_now(),
                _ => std::hint::spin_loop(),
            }
        }
    };
    let asked = thread::scope(|scope| {
        let other = scope.spawn(|| {
            meet();
            there.and_then(Ready::go)
        });
        meet();
        [here.and_then(Ready::go), other.join().expect("no panic")]
    });
    handles.extend(asked.into_iter().flatten().map(Some));
    bench.collect();
}

fn race(limit: u64, before: &[Act], acts: [Act; 2]) {
    let mut bench = Bench::new(limit);
    before.iter().for_each(|act| bench.act(*act));
    at_once(&mut bench, acts);
    let mut possible: Vec<_> = [[0, 1], [1, 0]]
        .into_iter()
        .map(|order| {
            let mut model = Model::new(limit);
            before.iter().copied().chain(order.map(|index| acts[index])).for_each(|act| model.act(act));
            model
        })
        .collect();
    let seen = bench.view();
    possible.retain(|model| model.view(true) == seen);
    assert!(!possible.is_empty(), "limit {limit}, {before:?}, then at once {acts:?}: {seen:?}");

    // What cannot be seen yet shows when the loads in flight are over.
    for load in possible[0].pending() {
        bench.land(load, true);
        possible.iter_mut().for_each(|model| model.act(Act::Land(load, true)));
    }
    let seen = bench.view();
    assert!(possible.iter().any(|model| model.view(true) == seen), "limit {limit}, {before:?}, {acts:?}: {seen:?}");
    bench.registry = None;
    bench.handles.clear();
    assert!(bench.world.books().alive.is_empty(), "limit {limit}, {before:?}, {acts:?}: something is left");
}

/// Every pair of acts in every state that `length` acts lead to. Returns how many.
fn race_from(limit: u64, assets: &[&'static str], length: usize) -> usize {
    let (mut states, mut known, mut pairs) = (vec![(Vec::new(), Model::new(limit))], BTreeSet::new(), 0);
    while let Some((before, model)) = states.pop() {
        // The second of two equal states has nothing to add.
        if !known.insert(format!("{model:?}")) {
            continue;
        }
        let acts = model.acts(assets);
        for (index, first) in acts.iter().enumerate() {
            for second in &acts[index..] {
                let twice = first == second && matches!(first, Act::Drop(_) | Act::Land(..));
                let same_load = matches!((first, second), (Act::Land(a, _), Act::Land(b, _)) if a == b);
                if !twice && !same_load {
                    pairs += 1;
                    (0..ROUNDS).for_each(|_| race(limit, &before, [*first, *second]));
                }
            }
        }
        if before.len() < length {
            for act in acts {
                let (mut before, mut model) = (before.clone(), model.clone());
                model.act(act);
                before.push(act);
                states.push((before, model));
            }
        }
    }
    pairs
}

#[test]
fn any_two_acts_on_one_asset() {
    for limit in [0, 2] {
        println!("{} pairs", race_from(limit, &["a2"], 3));
    }
}

/// One is loaded and inactive, the other loaded and held: who is evicted, who comes back?
#[test]
fn any_two_acts_on_assets_that_push_each_other_out() {
    let before = [Act::Ask("a2"), Act::Ask("b3"), Act::Land(0, true), Act::Land(1, true), Act::Drop(0)];
    let mut model = Model::new(4);
    before.iter().for_each(|act| model.act(*act));
    let acts = model.acts(&["a2", "b3"]);
    for (index, first) in acts.iter().enumerate() {
        for second in acts[index..].iter().filter(|second| *second != first) {
            (0..ROUNDS).for_each(|_| race(4, &before, [*first, *second]));
        }
    }
}

/// Real threads, real waits, everything at once: in the end the books are straight.
#[test]
fn many_threads_and_little_room() {
    let world = World::new();
    let system = AsyncSystem::new(ThreadPool::with_threads(2));
    let registry = world.registry(system.worker(), 5);
    world.books().failing.extend((0..4000).filter(|load| load % 7 == 3));
    let names = ["a1", "b2", "c3", "d4", "e9"];
    thread::scope(|scope| {
        for start in 0..3 {
            let (world, registry) = (&world, &registry);
            scope.spawn(move || {
                let mut kept = Vec::new();
                for step in 0..1000 {
                    let name = names[(start + step * (start + 1)) % names.len()];
                    let handle = registry.load_async::<Probe>(world.path(name));
                    match step % 4 {
                        0 => drop(handle),
                        1 => kept.push(handle),
                        _ => match handle.ready().wait() {
                            Ok(probe) => assert_eq!(&**probe.ticket.name(), name),
                            Err(error) => assert!(format!("{error:?}").contains("fails"), "{error:?}"),
                        },
                    }
                    if step % 11 == 0 {
                        registry.invalidate(world.path(name));
                    }
                    if kept.len() > 3 {
                        kept.clear();
                    }
                    assert!(registry.counts().inactive_bytes <= 5);
                }
            });
        }
    });
    // The last loads may be in flight still, with nobody who waits: who asks now waits with them.
    for name in names {
        drop(Held::new(registry.load_async(world.path(name))).handle.ready().wait());
    }
    let counts = registry.counts();
    assert_eq!((counts.loading, counts.active), (0, 0), "{counts:?}");
    drop(registry);
    drop(system);
    assert!(world.books().alive.is_empty());
}

/// The look of a handle is the same on every thread.
#[test]
fn everybody_gets_the_one_value() {
    for _ in 0..ROUNDS {
        let mut bench = Bench::new(10);
        bench.ask("a1");
        let (registry, path) = (bench.registry().clone(), bench.world.path("a1"));
        let runnable = bench.runnables.remove(&0).expect("the load");
        thread::scope(|scope| {
            let asking: Vec<_> =
                (0..3).map(|_| scope.spawn(|| registry.load_async::<Probe>(&path).ready().wait())).collect();
            runnable.run();
            for thread in asking {
                assert_eq!(thread.join().unwrap().unwrap().load, 0);
            }
        });
        assert_eq!(bench.handles.pop().flatten().map(Held::settled), Some(Look::Loaded(0)));
    }
}
