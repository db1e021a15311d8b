//! One outcome for many: forks made while it is pending, the outcome, and each fork's copy taken.

use threadbare::promise;

use super::count;
use crate::floors;
use crate::harness::{Contender, Sample, Scale, Workload, measure};
use crate::report::{Goal, Unit};

/// What all get.
const VALUE: u64 = 7;

pub(super) fn workload(scale: Scale) -> Workload {
    let forks = scale.of(10_000);
    let mut contenders = vec![Contender::ours("threadbare", move || {
        let mut held = Vec::with_capacity(usize::try_from(forks).expect("they fit"));
        move || {
            copied(forks, || {
                let (promise, task) = promise();
                let shared = task.share();
                held.extend((0..forks).map(|_| shared.fork()));
                promise.resolve(VALUE);
                held.drain(..).map(|fork| fork.try_take().expect("settled").expect("resolved")).sum()
            })
        }
    })];
    #[cfg(feature = "peers")]
    contenders.extend(peers::all(forks));
    contenders.push(floors::malloc_and_free(scale));
    Workload {
        name: "shared",
        title: format!("a shared task with {} forks, a fork", count(forks)),
        unit: Unit::Nanos,
        goal: Goal { at_most: Some(50.0), allocations: Some(1.0), within: None },
        contenders,
    }
}

fn copied(forks: u64, copy: impl FnOnce() -> u64) -> Sample {
    let (sample, sum) = measure(forks, copy);
    assert_eq!(sum, forks * VALUE);
    sample
}

#[cfg(feature = "peers")]
mod peers {
    use std::cell::Cell;
    use std::pin::{Pin, pin};
    use std::rc::Rc;
    use std::sync::Mutex;
    use std::task::{Context, Poll, Waker};

    use futures::FutureExt;

    use super::{Contender, VALUE, copied};

    fn poll<F: Future + ?Sized>(future: Pin<&mut F>) -> Poll<F::Output> {
        future.poll(&mut Context::from_waker(Waker::noop()))
    }

    pub(super) fn all(forks: u64) -> Vec<Contender> {
        let room = usize::try_from(forks).expect("they fit");
        vec![
            // A clone is registered when it is polled.
            Contender::peer("futures Shared", move || {
                let mut held = Vec::with_capacity(room);
                move || {
                    copied(forks, || {
                        let (sender, receiver) = futures::channel::oneshot::channel();
                        let shared = receiver.shared();
                        held.extend((0..forks).map(|_| shared.clone()));
                        for fork in &mut held {
                            assert!(poll(Pin::new(fork)).is_pending());
                        }
                        sender.send(VALUE).expect("the receiver is there");
                        held.drain(..).map(|mut fork| taken(poll(Pin::new(&mut fork))).expect("sent")).sum()
                    })
                }
            })
            .but("a fork allocates nothing, and has to be polled twice"),
            // Receivers are registered when `changed` is polled; that future lives on the heap here, as it does in a task.
            Contender::peer("tokio watch", move || {
                let mut held = Vec::with_capacity(room);
                move || {
                    copied(forks, || {
                        let (sender, receiver) = tokio::sync::watch::channel(0);
                        for _ in 0..forks {
                            let mut fork = receiver.clone();
                            let mut changed: Pin<Box<dyn Future<Output = u64>>> = Box::pin(async move {
                                fork.changed().await.expect("the sender is there");
                                *fork.borrow()
                            });
                            assert!(poll(changed.as_mut()).is_pending());
                            held.push(changed);
                        }
                        sender.send(VALUE).expect("the receivers are there");
                        held.drain(..).map(|fork| taken(poll(pin!(fork)))).sum()
                    })
                }
            })
            .but("for values that change; forks are boxed futures, polled twice"),
            Contender::peer("list of callbacks, by hand", move || {
                let list = Mutex::new(Vec::<Box<dyn FnOnce(u64)>>::with_capacity(room));
                move || {
                    let sum = Rc::new(Cell::new(0));
                    copied(forks, || {
                        for _ in 0..forks {
                            let sum = Rc::clone(&sum);
                            let callback = Box::new(move |n| sum.set(sum.get() + n));
                            list.lock().expect("nobody panics").push(callback);
                        }
                        let called = std::mem::take(&mut *list.lock().expect("nobody panics"));
                        called.into_iter().for_each(|callback| callback(VALUE));
                        sum.get()
                    })
                }
            })
            .but("no handles; none can come later"),
        ]
    }

    fn taken<T>(poll: Poll<T>) -> T {
        match poll {
            Poll::Ready(value) => value,
            Poll::Pending => panic!("it was sent"),
        }
    }
}
