//! A promise and its task, by themselves: made, settled and taken on one thread.

use threadbare::promise;

use crate::floors;
use crate::harness::{Contender, Sample, Scale, Workload, measure};
use crate::report::{Goal, Unit};
use crate::workloads::triangle;

pub(super) fn workload(scale: Scale) -> Workload {
    let pairs = scale.of(200_000);
    let mut contenders = vec![Contender::ours("threadbare", move || {
        move || {
            each(pairs, |n| {
                let (promise, task) = promise();
                promise.resolve(n);
                task.try_take().expect("settled").expect("resolved")
            })
        }
    })];
    #[cfg(feature = "peers")]
    contenders.extend([
        Contender::peer("oneshot", move || {
            move || {
                each(pairs, |n| {
                    let (sender, receiver) = oneshot::channel();
                    sender.send(n).expect("the receiver is there");
                    receiver.try_recv().expect("sent")
                })
            }
        })
        .but("no errors, no continuations"),
        Contender::peer("tokio oneshot", move || {
            move || {
                each(pairs, |n| {
                    let (sender, mut receiver) = tokio::sync::oneshot::channel();
                    sender.send(n).expect("the receiver is there");
                    receiver.try_recv().expect("sent")
                })
            }
        })
        .but("no errors, no continuations"),
        Contender::peer("futures oneshot", move || {
            move || {
                each(pairs, |n| {
                    let (sender, mut receiver) = futures::channel::oneshot::channel();
                    sender.send(n).expect("the receiver is there");
                    receiver.try_recv().expect("not canceled").expect("sent")
                })
            }
        })
        .but("no errors, no continuations"),
        Contender::peer("std mpsc", move || {
            move || {
                each(pairs, |n| {
                    let (sender, receiver) = std::sync::mpsc::channel();
                    sender.send(n).expect("the receiver is there");
                    receiver.try_recv().expect("sent")
                })
            }
        })
        .but("for many values; cannot be awaited"),
    ]);
    contenders.push(floors::malloc_and_free(scale));
    Workload {
        name: "oneshot",
        title: "a promise and its task: made, resolved, taken".to_owned(),
        unit: Unit::Nanos,
        goal: Goal { allocations: Some(1.0), ..Goal::default() },
        contenders,
    }
}

fn each(pairs: u64, through: impl Fn(u64) -> u64) -> Sample {
    let (sample, sum) = measure(pairs, || (0..pairs).map(&through).sum::<u64>());
    assert_eq!(sum, triangle(pairs));
    sample
}
