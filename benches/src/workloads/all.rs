//! One task out of many: promises made, gathered, resolved, and the values taken.

use threadbare::{all, promise};

use super::{count, triangle};
use crate::floors;
use crate::harness::{Contender, Sample, Scale, Workload, measure};
use crate::report::{Goal, Unit};

pub(super) fn workload(scale: Scale) -> Workload {
    let inputs = scale.of(100_000);
    let mut contenders = vec![Contender::ours("threadbare", move || {
        let (mut promises, mut tasks) = (room(inputs), room(inputs));
        move || {
            gathered(inputs, || {
                for _ in 0..inputs {
                    let (promise, task) = promise();
                    promises.push(promise);
                    tasks.push(task);
                }
                let all = all(tasks.drain(..));
                for (n, promise) in (0..).zip(promises.drain(..)) {
                    promise.resolve(n);
                }
                all.try_take().expect("settled").expect("resolved")
            })
        }
    })];
    #[cfg(feature = "peers")]
    contenders.extend(peers::all(inputs));
    contenders.push(floors::malloc_and_free(scale));
    Workload {
        name: "all",
        title: format!("all of {}: made, attached, settled", count(inputs)),
        unit: Unit::Nanos,
        goal: Goal { at_most: Some(80.0), allocations: Some(1.0), within: None },
        contenders,
    }
}

fn room<T>(inputs: u64) -> Vec<T> {
    Vec::with_capacity(usize::try_from(inputs).expect("they fit"))
}

fn gathered(inputs: u64, gather: impl FnOnce() -> Vec<u64>) -> Sample {
    let (sample, values) = measure(inputs, gather);
    assert_eq!((values.len() as u64, values.iter().sum()), (inputs, triangle(inputs)));
    sample
}

#[cfg(feature = "peers")]
mod peers {
    use std::pin::Pin;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
    use std::task::{Context, Waker};

    use futures::executor::block_on;
    use futures::future::join_all;

    use super::{Contender, gathered, room};

    const JOIN_ALL: &str = "futures' join_all over channels: polled once to attach, and once they are all there";

    pub(super) fn all(inputs: u64) -> Vec<Contender> {
        vec![
            Contender::peer("tokio oneshot", move || {
                let (mut senders, mut receivers) = (room(inputs), room(inputs));
                move || {
                    gathered(inputs, || {
                        for _ in 0..inputs {
                            let (sender, receiver) = tokio::sync::oneshot::channel();
                            senders.push(sender);
                            receivers.push(receiver);
                        }
                        let all = attached(join_all(receivers.drain(..)));
                        for (n, sender) in (0..).zip(senders.drain(..)) {
                            sender.send(n).expect("the receiver is there");
                        }
                        block_on(all).into_iter().map(|value| value.expect("sent")).collect()
                    })
                }
            })
            .but(JOIN_ALL),
            Contender::peer("futures oneshot", move || {
                let (mut senders, mut receivers) = (room(inputs), room(inputs));
                move || {
                    gathered(inputs, || {
                        for _ in 0..inputs {
                            let (sender, receiver) = futures::channel::oneshot::channel();
                            senders.push(sender);
                            receivers.push(receiver);
                        }
                        let all = attached(join_all(receivers.drain(..)));
                        for (n, sender) in (0..).zip(senders.drain(..)) {
                            sender.send(n).expect("the receiver is there");
                        }
                        block_on(all).into_iter().map(|value| value.expect("sent")).collect()
                    })
                }
            })
            .but(JOIN_ALL),
            Contender::peer("oneshot", move || {
                let (mut senders, mut receivers) = (room(inputs), room(inputs));
                move || {
                    gathered(inputs, || {
                        for _ in 0..inputs {
                            let (sender, receiver) = oneshot::async_channel();
                            senders.push(sender);
                            receivers.push(receiver);
                        }
                        let all = attached(join_all(receivers.drain(..)));
                        for (n, sender) in (0..).zip(senders.drain(..)) {
                            sender.send(n).expect("the receiver is there");
                        }
                        block_on(all).into_iter().map(|value| value.expect("sent")).collect()
                    })
                }
            })
            .but(JOIN_ALL),
            // A counter, and a slot for each; what fills a slot is a boxed callback.
            Contender::peer("countdown and slots, by hand", move || {
                let mut callbacks: Vec<Box<dyn FnOnce(u64) + Send>> = room(inputs);
                move || {
                    gathered(inputs, || {
                        let block = Arc::new(Block {
                            missing: AtomicUsize::new(usize::try_from(inputs).expect("they fit")),
                            slots: (0..inputs).map(|_| AtomicU64::new(0)).collect(),
                        });
                        for index in 0..block.slots.len() {
                            let block = Arc::clone(&block);
                            callbacks.push(Box::new(move |n| block.settle(index, n)));
                        }
                        for (n, callback) in (0..).zip(callbacks.drain(..)) {
                            callback(n);
                        }
                        // ORDERING: Acquire, for what all of `settle` released.
                        assert_eq!(block.missing.load(Ordering::Acquire), 0);
                        block.slots.iter().map(|slot| slot.load(Ordering::Relaxed)).collect()
                    })
                }
            })
            .but("no handles, no errors, values of one word"),
        ]
    }

    /// Polled once, so that it is registered with all of its inputs.
    fn attached<F: Future>(all: F) -> Pin<Box<F>> {
        let mut all = Box::pin(all);
        assert!(all.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        all
    }

    struct Block {
        missing: AtomicUsize,
        slots: Box<[AtomicU64]>,
    }

    impl Block {
        fn settle(&self, index: usize, n: u64) {
            // ORDERING: Relaxed: published by the countdown.
            self.slots[index].store(n, Ordering::Relaxed);
            // ORDERING: Release publishes the slot to who finds zero; Acquire, as the last would go on with all of them.
            self.missing.fetch_sub(1, Ordering::AcqRel);
        }
    }
}
