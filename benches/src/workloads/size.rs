//! What a pending promise of a `u64` and its task hold of the heap.

use threadbare::promise;

use crate::harness::{Contender, Sample, Scale, Workload};
use crate::heap::{self, Tally};
use crate::report::{Goal, Unit};

pub(super) fn workload(_: Scale) -> Workload {
    let mut contenders =
        vec![Contender::ours("threadbare", || || held(promise::<u64>, |(promise, _)| promise.resolve(0)))];
    #[cfg(feature = "peers")]
    contenders.extend([
        Contender::peer("oneshot", || || held(oneshot::channel::<u64>, drop)).but("no errors, no continuations"),
        Contender::peer("tokio oneshot", || || held(tokio::sync::oneshot::channel::<u64>, drop))
            .but("no errors, no continuations"),
        Contender::peer("futures oneshot", || || held(futures::channel::oneshot::channel::<u64>, drop))
            .but("no errors, no continuations"),
        Contender::peer("std mpsc", || || held(std::sync::mpsc::channel::<u64>, drop))
            .but("for many values; cannot be awaited; a block of 31 slots comes with the first value"),
    ]);
    Workload {
        name: "size",
        title: "a pending promise of a u64 and its task".to_owned(),
        unit: Unit::Bytes,
        goal: Goal { at_most: Some(64.0), allocations: Some(1.0), within: None },
        contenders,
    }
}

/// As asked of the heap, which rounds up; without the handles, which are a pointer or two.
fn held<P>(make: impl Fn() -> P, end: impl Fn(P)) -> Sample {
    heap::counting(|| {
        let before = Tally::so_far();
        let pair = make();
        let tally = before.since();
        end(pair);
        Sample { each: tally.bytes as f64, allocations: tally.count as f64 }
    })
}
