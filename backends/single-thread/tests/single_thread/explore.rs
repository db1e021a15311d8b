//! Exploring seeds: races are found, and their seeds reproduce them; what is right passes.

use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use threadbare::{Clock, Error, ErrorKind, Immediate, Result, all, join, run};
use threadbare_single_thread::{Host, SingleThread, explore};

use crate::common::{Log, secs, usage, watchdog};

type Scenario = fn(&Host) -> Result<()>;

/// Two pools read, add one, and write.
fn lost_update(host: &Host) -> Result<()> {
    let count = Arc::new(AtomicU32::new(0));
    let add = || {
        let (pool, read, write) = (host.single().pool(1), Arc::clone(&count), Arc::clone(&count));
        run(&pool, move || read.load(Relaxed))
            .map(host.worker(), |n| n + 1)
            .map(&pool, move |n| write.store(n, Relaxed))
    };
    host.wait(join((add(), add())))?;
    assert_eq!(count.load(Relaxed), 2);
    Ok(())
}

/// The main thread checks that a slot is free and has it filled by the worker, twice.
fn check_then_act(host: &Host) -> Result<()> {
    let slot = Arc::new(AtomicU32::new(0));
    let claim = || {
        let (check, act) = (Arc::clone(&slot), Arc::clone(&slot));
        run(host.main(), move || check.load(Relaxed) == 0).map(host.worker(), move |free| {
            if free {
                act.fetch_add(1, Relaxed);
            }
        })
    };
    host.wait(join((claim(), claim())))?;
    if slot.load(Relaxed) > 1 {
        return Err(Error::msg("claimed twice"));
    }
    Ok(())
}

/// Two pools append to one log, and somebody believes in the order in which they were asked.
fn order_of_two_pools(host: &Host) -> Result<()> {
    let log = Log::new();
    let append = |name: &'static str| {
        let log = log.clone();
        run(&host.single().pool(1), move || log.add(name))
    };
    host.wait(join((append("first"), append("second"))))?;
    assert_eq!(log.take(), ["first", "second"]);
    Ok(())
}

/// Two of one worker's runnables, of which the second is said to find what the first leaves.
fn order_within_a_worker(host: &Host) -> Result<()> {
    let left = Arc::new(AtomicU32::new(0));
    let (leave, find) = (Arc::clone(&left), left);
    run(host.worker(), move || leave.store(1, Relaxed)).detach();
    let found = run(host.worker(), move || find.load(Relaxed));
    assert_eq!(host.wait(found)?, 1);
    Ok(())
}

/// Whoever is done first is said to be the one with less to do.
fn length_of_two_chains(host: &Host) -> Result<()> {
    let log = Log::new();
    let (short, long) = (log.clone(), log.clone());
    let (one, two) = (host.single().pool(1), host.single().pool(1));
    let chain = run(&one, || ()).map(&two, |()| ()).map(&one, move |()| long.add("long"));
    run(host.main(), move || short.add("short")).detach();
    host.wait(chain)?;
    host.run_until_idle();
    assert_eq!(log.take(), ["short", "long"]);
    Ok(())
}

#[test]
fn planted_races_are_found_and_their_seeds_reproduce_them() {
    let _watchdog = watchdog("planted races");
    let races: [(&str, Scenario, ErrorKind); 5] = [
        ("a lost update", lost_update, ErrorKind::Panicked),
        ("a check before an act", check_then_act, ErrorKind::Other),
        ("the order of two pools", order_of_two_pools, ErrorKind::Panicked),
        ("the order within a worker", order_within_a_worker, ErrorKind::Panicked),
        ("the length of two chains", length_of_two_chains, ErrorKind::Panicked),
    ];
    for (what, scenario, kind) in races {
        let failure = explore(0..1000, scenario).expect_err(what);
        assert_eq!(failure.error.kind(), kind, "{what}: {failure}");
        for _ in 0..3 {
            let again = explore(failure.seed..failure.seed + 1, scenario).expect_err(what);
            assert_eq!((again.seed, again.error.kind()), (failure.seed, kind), "{what}");
        }
        // By hand, as the message says.
        let host = SingleThread::seeded(failure.seed).host();
        let by_hand = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| scenario(&host)));
        assert!(!matches!(by_hand, Ok(Ok(()))), "{what}");
        // It is a race: most of the first thousand seeds do not agree on it.
        let fails = |seed: &u64| explore(*seed..*seed + 1, scenario).is_err();
        let failing = (0..200).filter(fails).count();
        assert!((1..200).contains(&failing), "{what}: {failing} of 200 seeds");
    }
}

/// The same programs, written well.
#[test]
fn what_is_right_passes_under_every_seed() {
    let update_in_one_step: Scenario = |host| {
        let count = Arc::new(AtomicU32::new(0));
        let add = |pool| {
            let count = Arc::clone(&count);
            run(&pool, move || _ = count.fetch_add(1, Relaxed))
        };
        let pools = [host.single().pool(1), host.single().pool(2), host.worker().clone()];
        host.wait(all(pools.map(add)))?;
        assert_eq!(count.load(Relaxed), 3);
        Ok(())
    };
    let check_and_act_on_main: Scenario = |host| {
        let slot = Arc::new(AtomicU32::new(0));
        let claim = || {
            let slot = Arc::clone(&slot);
            run(host.main(), move || slot.load(Relaxed) == 0 && slot.swap(1, Relaxed) == 0)
        };
        let (one, two) = host.wait(join((claim(), claim())))?;
        assert!(one != two);
        Ok(())
    };
    let ordered_by_tasks: Scenario = |host| {
        let log = Log::new();
        let (first, second) = (log.clone(), log.clone());
        let task = run(&host.single().pool(1), move || first.add("first"))
            .map(&host.single().pool(1), move |()| second.add("second"));
        host.wait(host.single().timeout(task, secs(1)))?;
        assert_eq!(log.take(), ["first", "second"]);
        Ok(())
    };
    for scenario in [update_in_one_step, check_and_act_on_main, ordered_by_tasks] {
        assert_eq!(explore(0..1000, scenario).unwrap(), 1000);
        assert_eq!(explore(u64::MAX - 10..u64::MAX, scenario).unwrap(), 10);
        assert_eq!(explore(5..5, scenario).unwrap(), 0);
    }
}

#[test]
fn it_stops_at_the_first_seed_that_fails_and_says_which() {
    let runs = Cell::new(0);
    let third = |_: &Host| {
        runs.set(runs.get() + 1);
        if runs.get() == 3 { Err(Error::msg("the third")) } else { Ok(()) }
    };
    let failure = explore(10..20, third).unwrap_err();
    assert_eq!((failure.seed, runs.get()), (12, 3));
    assert_eq!(failure.to_string(), "seed 12 fails: the third");
    assert_eq!(format!("{failure:?}"), "seed 12 fails: the third\n  again with: SingleThread::seeded(12)");
    assert_eq!(std::error::Error::source(&failure).map(ToString::to_string), None);
    assert_eq!(failure.clone().seed, 12);

    let failure = explore(0..1, |_| panic!("so it ends")).unwrap_err();
    assert_eq!(failure.error.kind(), ErrorKind::Panicked);
    assert!(failure.to_string().contains("so it ends"), "{failure}");
    let (_promise, task) = threadbare::promise::<()>();
    let task = Cell::new(Some(task));
    let deadlock = explore(0..1, |host| host.wait(task.take().expect("once"))).unwrap_err();
    assert_eq!(deadlock.error.kind(), ErrorKind::Deadlock);
}

/// Each seed has a host of its own, and what it leaves is rejected and gone.
#[test]
fn nothing_is_left_from_one_seed_to_the_next() {
    let scenario = |host: &Host| {
        let (single, pool) = (host.single().clone(), host.single().pool(2));
        let bytes = vec![0_u8; 10_000];
        let own = host.system().clone();
        let left = run(&pool, move || drop((single, own, bytes))).map(host.main(), |()| ());
        left.catch(&Immediate, |_| ()).detach();
        let task = run(host.worker(), || 1).map(host.here(), |n| n + 1);
        host.single().delay(secs(1)).map(&pool, |()| ()).catch(&Immediate, |_| ()).detach();
        assert!(host.single().now().is_zero());
        assert_eq!(host.wait(task)?, 2);
        Ok(())
    };
    explore(0..10, scenario).unwrap();
    let (few, _) = usage(|| explore(0..10, scenario).unwrap());
    let (many, _) = usage(|| explore(0..1000, scenario).unwrap());
    assert_eq!((few.left, many.left), (0, 0));
    assert!(many.peak <= few.peak + few.peak / 2, "{many:?}, of which ten take {few:?}");
}
