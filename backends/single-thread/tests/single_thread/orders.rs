//! Orders: in turn without a seed, and which ones a seed may choose.

use std::collections::BTreeSet;

use threadbare::{Clock, Immediate, Worker, run};
use threadbare_single_thread::{Host, SingleThread};

use crate::common::{Log, secs};

/// Enough for every order of a handful to come up, many times over.
const SEEDS: u64 = 2000;

/// Queues so many runnables in this context; they log their numbers.
fn queue(worker: &Worker, numbers: impl IntoIterator<Item = usize>, log: &Log<usize>) {
    for number in numbers {
        let log = log.clone();
        run(worker, move || log.add(number)).detach();
    }
}

/// The orders that come up under these seeds.
fn seen(start: impl Fn(&Host, &Log<usize>)) -> BTreeSet<Vec<usize>> {
    let one = |seed| {
        let host = SingleThread::seeded(seed).host();
        let log = Log::new();
        start(&host, &log);
        host.run_until_idle();
        log.take()
    };
    (0..SEEDS).map(one).collect()
}

/// All orders of the numbers below `count`.
fn permutations(count: usize) -> Vec<Vec<usize>> {
    if count == 0 {
        return vec![vec![]];
    }
    let shorter = permutations(count - 1);
    let insert = |order: &Vec<usize>, place: usize| {
        let mut longer = order.clone();
        longer.insert(place, count - 1);
        longer
    };
    shorter.iter().flat_map(|order| (0..count).map(|place| insert(order, place))).collect()
}

/// May a pool of so many threads run what was queued in order of number so? Each that runs must be among the oldest left.
fn may_be(order: &[usize], threads: usize) -> bool {
    let mut left: Vec<usize> = (0..order.len()).collect();
    order.iter().all(|number| {
        let place = left.iter().position(|other| other == number).expect("each runs once");
        left.remove(place);
        place < threads
    })
}

#[test]
fn a_worker_runs_what_is_queued_in_every_order() {
    let all: BTreeSet<_> = permutations(3).into_iter().collect();
    assert_eq!(seen(|host, log| queue(host.worker(), 0..3, log)), all);
    let all: BTreeSet<_> = permutations(5).into_iter().collect();
    assert_eq!(all.len(), 120);
    assert_eq!(seen(|host, log| queue(host.worker(), 0..5, log)), all);
}

/// With one thread there is one order; with two, each is one of the two oldest; and so on. All of those come up.
#[test]
fn a_pool_lets_as_many_overtake_each_other_as_it_has_threads() {
    for threads in 1..=5 {
        let allowed: BTreeSet<_> = permutations(4).into_iter().filter(|order| may_be(order, threads)).collect();
        assert_eq!(allowed.len(), [1, 8, 18, 24, 24][threads - 1]);
        let seen = seen(|host, log| queue(&host.single().pool(threads), 0..4, log));
        assert_eq!(seen, allowed, "{threads} threads");
    }
}

/// Also when more comes while it runs.
#[test]
fn what_is_queued_meanwhile_overtakes_nothing_in_a_pool_of_one() {
    let seen = seen(|host, log| {
        let pool = host.single().pool(1);
        for number in 0..3 {
            let (inner, log) = (pool.clone(), log.clone());
            let queue_more = move || {
                log.add(number);
                queue(&inner, [number + 3], &log);
            };
            run(&pool, queue_more).detach();
        }
    });
    assert_eq!(seen, BTreeSet::from([(0..6).collect()]));
}

#[test]
fn the_main_queue_keeps_its_order() {
    let seen = seen(|host, log| {
        for number in 0..6 {
            let log = log.clone();
            if number % 2 == 0 {
                run(host.main(), move || log.add(number)).detach();
            } else {
                run(host.here(), move || log.add(number)).detach();
            }
        }
    });
    assert_eq!(seen, BTreeSet::from([(0..6).collect()]));
}

/// Queues that keep their own order, two of each: every way to shuffle them into each other comes up.
#[test]
fn queues_interleave_in_every_way() {
    type Start = fn(&Host, &Log<usize>);
    let two_pools: Start = |host, log| {
        let (one, two) = (host.single().pool(1), host.single().pool(1));
        queue(&one, 0..3, log);
        queue(&two, 3..6, log);
    };
    let pool_and_main: Start = |host, log| {
        queue(&host.single().pool(1), 0..3, log);
        for number in 3..6 {
            let log = log.clone();
            run(host.main(), move || log.add(number)).detach();
        }
    };
    let in_order = |order: &Vec<usize>, first: usize| order.iter().filter(|n| **n / 3 == first).is_sorted();
    let all: BTreeSet<_> =
        permutations(6).into_iter().filter(|order| in_order(order, 0) && in_order(order, 1)).collect();
    assert_eq!(all.len(), 20);
    assert_eq!(seen(two_pools), all);
    assert_eq!(seen(pool_and_main), all);
}

/// Timers keep theirs, under every seed; what they queue does not.
#[test]
fn timers_keep_their_order() {
    let seen_at_once = seen(|host, log| {
        for number in 0..4 {
            let log = log.clone();
            let delay = host.single().delay(secs(number as u64 / 2));
            delay.map(&Immediate, move |()| log.add(number)).detach();
        }
    });
    assert_eq!(seen_at_once, BTreeSet::from([(0..4).collect()]));
    let seen_in_worker = seen(|host, log| {
        for number in 0..2 {
            let log = log.clone();
            host.single().delay(secs(1)).map(host.worker(), move |()| log.add(number)).detach();
        }
    });
    assert_eq!(seen_in_worker, BTreeSet::from([vec![0, 1]]), "time stands still between the two, so each runs first");
}

/// Without a seed, each queue is asked in turn and keeps its order.
#[test]
fn without_a_seed_each_takes_its_turn() {
    let host = SingleThread::new().host();
    let (pool, log) = (host.single().pool(4), Log::new());
    queue(host.worker(), 0..3, &log);
    queue(&pool, 10..13, &log);
    for number in 20..23 {
        let log = log.clone();
        run(host.main(), move || log.add(number)).detach();
    }
    assert_eq!(host.run_until_idle(), 9);
    assert_eq!(log.take(), [20, 0, 10, 21, 1, 11, 22, 2, 12]);
}
