//! Calls on two threads that each own a state, with so many in flight: the oldest is waited for, then the next is made.

use std::cell::Cell;
use std::collections::VecDeque;

use threadbare_threads::StatefulPool;

use super::{count, triangle};
use crate::floors;
use crate::harness::{Contender, Sample, Scale, Workload, measure};
use crate::pools::{ForEach, Pool, THREADS, each_peer};
use crate::report::{Goal, Unit};

pub(super) fn one(scale: Scale) -> Workload {
    workload(scale, "call-1", scale.of(3_000), 1, 48e3)
}

pub(super) fn some(scale: Scale) -> Workload {
    workload(scale, "call-64", scale.of(30_000), 64, 63e3)
}

pub(super) fn many(scale: Scale) -> Workload {
    workload(scale, "call-4096", scale.of(100_000), 4096, 1.25e6)
}

fn workload(scale: Scale, name: &'static str, calls: u64, in_flight: usize, per_second: f64) -> Workload {
    let mut contenders = vec![Contender::ours("threadbare", move || {
        let pool = StatefulPool::new(THREADS, |_| Ok(0_u64)).expect("two threads");
        assert_eq!(pool.ready().wait().expect("it loads"), THREADS);
        let mut window = VecDeque::with_capacity(in_flight);
        move || {
            let call = |n| {
                pool.call(move |state| {
                    *state += 1;
                    n
                })
            };
            flown(calls, in_flight, &mut window, call, |task| task.wait().expect("resolved"))
        }
    })];
    each_peer(&mut Peers { calls, in_flight, contenders: &mut contenders });
    #[cfg(feature = "peers")]
    contenders.push(peers::owning_threads(calls, in_flight));
    contenders.push(if in_flight == 1 { floors::futex_round_trip(scale) } else { floors::boxed_closure(scale) });
    Workload {
        name,
        title: format!("calls on threads with state, {} in flight", count(in_flight as u64)),
        unit: Unit::PerSecond,
        goal: Goal { at_most: Some(1e9 / per_second), ..Goal::default() },
        contenders,
    }
}

fn flown<H>(
    calls: u64,
    in_flight: usize,
    window: &mut VecDeque<H>,
    call: impl Fn(u64) -> H,
    wait: impl Fn(H) -> u64,
) -> Sample {
    let (sample, sum) = measure(calls, || {
        let mut sum = 0;
        for n in 0..calls {
            if window.len() == in_flight {
                sum += window.pop_front().map_or(0, &wait);
            }
            window.push_back(call(n));
        }
        sum + window.drain(..).map(&wait).sum::<u64>()
    });
    assert_eq!(sum, triangle(calls));
    sample
}

thread_local! {
    static STATE: Cell<u64> = const { Cell::new(0) };
}

struct Peers<'a> {
    calls: u64,
    in_flight: usize,
    contenders: &'a mut Vec<Contender>,
}

/// None of them has threads with a state, so that is a thread-local, which one program can have once.
impl ForEach for Peers<'_> {
    fn visit<P: Pool>(&mut self) {
        let (calls, in_flight) = (self.calls, self.in_flight);
        let start = move || {
            let pool = P::get();
            let mut window = VecDeque::with_capacity(in_flight);
            move || {
                let call = |n| {
                    pool.run(move || {
                        STATE.set(STATE.get() + 1);
                        n
                    })
                };
                flown(calls, in_flight, &mut window, call, |handle| pool.wait(handle))
            }
        };
        let note = "the state is a thread-local: nothing loads it, and nothing drops it";
        self.contenders.push(Contender::peer(P::NAME, start).but(note));
    }
}

#[cfg(feature = "peers")]
mod peers {
    use std::sync::mpsc::{Receiver, channel};
    use std::sync::{Arc, Mutex};
    use std::thread;

    use super::{Contender, THREADS, VecDeque, flown};

    type Call = Box<dyn FnOnce(&mut u64) + Send>;

    /// What one would write by hand: they end when the channel closes.
    pub(super) fn owning_threads(calls: u64, in_flight: usize) -> Contender {
        Contender::peer("std threads that own it", move || {
            let (sender, receiver) = channel::<Call>();
            let receiver = Arc::new(Mutex::new(receiver));
            for _ in 0..THREADS {
                let receiver = Arc::clone(&receiver);
                thread::spawn(move || serve(&receiver));
            }
            let mut window = VecDeque::with_capacity(in_flight);
            move || {
                let call = |n| {
                    let (answer, answered) = oneshot::channel();
                    let call: Call = Box::new(move |state| {
                        *state += 1;
                        _ = answer.send(n);
                    });
                    sender.send(call).expect("the threads serve");
                    answered
                };
                flown(calls, in_flight, &mut window, call, |answered| answered.recv().expect("sent"))
            }
        })
        .but("by mpsc under a lock, answers by oneshot; nothing that fails to load is told, a panic ends the thread")
    }

    fn serve(calls: &Mutex<Receiver<Call>>) {
        let mut state = 0;
        loop {
            let call = calls.lock().expect("nothing panics under this lock").recv();
            match call {
                Ok(call) => call(&mut state),
                Err(_) => return,
            }
        }
    }
}
