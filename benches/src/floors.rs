//! What nobody gets under: what the machine, the kernel and the heap take for themselves.

use std::hint::{black_box, spin_loop};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::{self, Thread};

use crate::harness::{Contender, Sample, Scale, measure};

/// A block from the heap and back.
pub(crate) fn malloc_and_free(scale: Scale) -> Contender {
    Contender::floor("malloc + free", move || {
        let blocks = scale.of(1_000_000);
        move || {
            measure(blocks, || {
                for _ in 0..blocks {
                    drop(black_box(Box::<[u8; 64]>::new_uninit()));
                }
            })
            .0
        }
    })
}

/// A read-modify-write on a line that this core has.
pub(crate) fn atomic_rmw(scale: Scale) -> Contender {
    Contender::floor("atomic RMW", move || {
        let times = scale.of(1_000_000);
        move || {
            let word = AtomicU64::new(0);
            let (sample, ()) = measure(times, || {
                for _ in 0..times {
                    // ORDERING: AcqRel, as most that protocols need; nobody else looks.
                    black_box(&word).fetch_add(1, Ordering::AcqRel);
                }
            });
            assert_eq!(word.into_inner(), times);
            sample
        }
    })
}

/// A closure with three words, boxed, called through the box and freed.
pub(crate) fn boxed_closure(scale: Scale) -> Contender {
    Contender::floor("boxed closure", move || {
        let times = scale.of(1_000_000);
        move || {
            let (sample, sum) = measure(times, || {
                (0..times).fold(0, |sum, n| {
                    let captured = black_box([n, 0, 0]);
                    let closure: Box<dyn FnOnce() -> u64> = Box::new(move || captured.iter().sum());
                    sum + black_box(closure)()
                })
            });
            assert_eq!(sum, times * (times - 1) / 2);
            sample
        }
    })
}

/// A thread parks, is woken, and wakes the other, which has parked meanwhile.
pub(crate) fn futex_round_trip(scale: Scale) -> Contender {
    Contender::floor("futex round trip", move || {
        let times = scale.of(10_000);
        move || there_and_back(times, times, |partner| partner.unpark(), thread::park)
    })
}

/// Half of that: from one thread to the other.
pub(crate) fn futex_one_way(scale: Scale) -> Contender {
    Contender::floor("futex, one way", move || {
        let times = scale.of(10_000);
        move || there_and_back(times, times * 2, |partner| partner.unpark(), thread::park)
    })
}

/// From one thread that spins to another that spins.
pub(crate) fn cache_line_one_way(scale: Scale) -> Contender {
    Contender::floor("cache line", move || {
        let times = scale.of(100_000);
        move || there_and_back(times, times * 2, |_| (), spin_loop)
    })
}

fn there_and_back(times: u64, operations: u64, wake: fn(&Thread), wait: fn()) -> Sample {
    // Even: this thread's turn; odd: the partner's.
    let turn = Arc::new(AtomicU64::new(0));
    let (its_turn, starter) = (Arc::clone(&turn), thread::current());
    let hand_over = move |turn: &AtomicU64, n: u64, to: &Thread, until: u64| {
        // ORDERING: Release and Acquire: as a value would be handed over.
        turn.store(n, Ordering::Release);
        wake(to);
        while turn.load(Ordering::Acquire) != until {
            wait();
        }
    };
    let partner = thread::spawn(move || {
        // ORDERING: Acquire, as above.
        while its_turn.load(Ordering::Acquire) != 1 {
            wait();
        }
        for n in 1..times {
            hand_over(&its_turn, 2 * n, &starter, 2 * n + 1);
        }
        // ORDERING: Release, as above.
        its_turn.store(2 * times, Ordering::Release);
        wake(&starter);
    });
    let (sample, ()) = measure(operations, || {
        for n in 0..times {
            hand_over(&turn, 2 * n + 1, partner.thread(), 2 * n + 2);
        }
    });
    partner.join().expect("it only counts");
    sample
}
