//! Where the calls of a stateful pool wait, and what each of its threads does.

use std::any::Any;
use std::collections::VecDeque;

use threadbare::{
    Error, Help, Immediate, Outlook, Promise, Result, Runnable, Task, TaskProcessor, Worker, promise, run, try_run,
};

use crate::crew::{Habits, call};
use crate::roster::Roster;
use crate::seat;
use crate::spin::spin;
use crate::sync::{Arc, AtomicUsize, Mutex, Ordering, thread};
use crate::thread::{PoolThread, Spawn};

/// Makes the state of the thread with this index, on that thread.
pub(crate) type Loader = Box<dyn Fn(usize) -> Result<Box<dyn Any>> + Send + Sync>;

/// What the threads of a stateful pool share.
pub(crate) struct Calls {
    /// Nothing of the user's is called or dropped under this lock.
    desk: Mutex<Desk>,
    /// How many calls are queued, or more than any if none will be: a hint, for who spins.
    news: AtomicUsize,
    roster: Roster,
    habits: Habits,
}

struct Desk {
    /// First come, first served.
    queue: VecDeque<Call>,
    /// Set when no more calls are let in: what they are rejected with.
    refusal: Option<Error>,
    /// Threads that have nothing to do. Who queues a call takes one off, and unparks it.
    idle: Vec<thread::Thread>,
    /// Threads that sleep in a wait.
    waiting: Vec<thread::Thread>,
    /// How many threads have a state, or are about to.
    able: usize,
    /// How many of these are about to.
    loading: usize,
    failures: Vec<(usize, Error)>,
    /// Those who want to know when all loaders have returned.
    asking: Vec<Promise<usize>>,
}

struct Call {
    runnable: Runnable,
    /// By which thread, maybe one of the pool's own.
    made_on: thread::ThreadId,
}

/// What a thread does next.
enum Next {
    Run(Runnable),
    Spin,
    Sleep,
    Leave,
}

fn closed() -> Error {
    Error::closed("the pool of this call is closed")
}

impl Calls {
    pub(crate) fn new(threads: usize, habits: Habits) -> Self {
        Self {
            desk: Mutex::new(Desk {
                queue: VecDeque::new(),
                refusal: None,
                idle: Vec::new(),
                waiting: Vec::new(),
                able: threads,
                loading: threads,
                failures: Vec::new(),
                asking: Vec::new(),
            }),
            news: AtomicUsize::new(0),
            roster: Roster::new(),
            habits,
        }
    }

    /// Starts a thread.
    pub(crate) fn hire(
        this: &Arc<Self>,
        thread: PoolThread,
        spawn: &mut Spawn,
        worker: &Worker,
        loader: &Arc<Loader>,
    ) -> std::io::Result<()> {
        let (calls, worker, loader) = (Arc::clone(this), worker.clone(), Arc::clone(loader));
        let index = thread.index();
        this.roster.hire(thread, spawn, move |is_started| {
            if is_started {
                calls.roster.attend(index, || worker.serve(|| calls.work(index, loader)));
            } else {
                calls.loaded(Some((index, Error::msg("the thread was never started"))));
            }
            calls.roster.leave();
        })
    }

    /// What a thread does.
    fn work(&self, index: usize, loader: Arc<Loader>) {
        call(self.habits.on_start.as_ref(), index);
        // Inside of tasks, which catch panics and say where they were.
        let load = try_run(&Immediate, move || loader(index).map(seat::fill));
        match load.wait() {
            Ok(()) => {
                self.loaded(None);
                while let Some(call) = self.next() {
                    call.run();
                }
                run(&Immediate, seat::empty).detach();
            }
            Err(error) => {
                self.loaded(Some((index, error.clone())));
                // To the error hook: the calls that other threads serve do not show it.
                Task::<()>::rejected(error).detach();
            }
        }
        call(self.habits.on_stop.as_ref(), index);
    }

    /// A loader has returned, or failed.
    fn loaded(&self, failure: Option<(usize, Error)>) {
        let failed = failure.is_some();
        let (refused, asking, outcome, waiting) = self.desk.with(|desk| {
            desk.loading -= 1;
            desk.able -= usize::from(failed);
            desk.failures.extend(failure);
            let outcome = desk.outcome();
            let mut refused = VecDeque::new();
            if let Some(Err(error)) = &outcome {
                desk.refusal.get_or_insert_with(|| error.clone());
                refused = std::mem::take(&mut desk.queue);
            }
            let asking = if outcome.is_some() { std::mem::take(&mut desk.asking) } else { Vec::new() };
            (refused, asking, outcome, if failed { desk.waiting.clone() } else { Vec::new() })
        });
        // With one thread less they may be stuck, and must look again.
        waiting.iter().for_each(thread::Thread::unpark);
        let Some(outcome) = outcome else { return };
        if let Err(error) = &outcome {
            refused.into_iter().for_each(|call| seat::refuse(call.runnable, error.clone()));
        }
        asking.into_iter().for_each(|promise| promise.settle(outcome.clone()));
    }

    /// The next call, asleep if need be, until the pool is closed and there is none.
    fn next(&self) -> Option<Runnable> {
        let mut spun = false;
        loop {
            let next = self.desk.with(|desk| match desk.queue.pop_front() {
                Some(call) => {
                    self.count(desk);
                    Next::Run(call.runnable)
                }
                None if desk.refusal.is_some() => Next::Leave,
                None if !spun => Next::Spin,
                None => {
                    desk.idle.push(thread::current());
                    Next::Sleep
                }
            });
            match next {
                Next::Run(call) => return Some(call),
                Next::Leave => return None,
                Next::Spin => spun = !spin(self.habits.spin, || self.has_news(), || false),
                Next::Sleep => {
                    thread::park();
                    self.desk.with(|desk| take_off(&mut desk.idle));
                    spun = false;
                }
            }
        }
    }

    /// Does it look as if there were a call, or as if there came no more?
    pub(crate) fn has_news(&self) -> bool {
        // ORDERING: Relaxed: a hint; the lock orders what is found.
        self.news.load(Ordering::Relaxed) > 0
    }

    /// Tells those who spin what has become of the queue.
    fn count(&self, desk: &Desk) {
        let news = if desk.refusal.is_some() { usize::MAX } else { desk.queue.len() };
        // ORDERING: Relaxed: a hint.
        self.news.store(news, Ordering::Relaxed);
    }

    /// Lets no more in. What is queued is run, or else rejected.
    pub(crate) fn close(&self, run: bool) {
        let (rejected, idle, before) = self.desk.with(|desk| {
            let rejected = if run { VecDeque::new() } else { std::mem::take(&mut desk.queue) };
            let before = desk.refusal.replace(closed());
            self.count(desk);
            (rejected, std::mem::take(&mut desk.idle), before)
        });
        drop(before);
        idle.iter().for_each(thread::Thread::unpark);
        rejected.into_iter().for_each(|call| seat::refuse(call.runnable, closed()));
    }

    /// Waits until all threads have left, as [`Roster::join`] does.
    pub(crate) fn join(&self) {
        self.roster.join();
    }

    /// When all loaders have returned: how many states there are, or why there is none.
    pub(crate) fn ready(&self) -> Task<usize> {
        let (promise, task) = promise();
        let asked = self.desk.with(|desk| match desk.outcome() {
            Some(outcome) => Some((promise, outcome)),
            None => {
                desk.asking.push(promise);
                None
            }
        });
        if let Some((promise, outcome)) = asked {
            promise.settle(outcome);
        }
        task
    }

    pub(crate) fn failures(&self) -> Vec<(usize, Error)> {
        self.desk.with(|desk| desk.failures.clone())
    }
}

impl Desk {
    /// What came of the loaders, when all have returned.
    fn outcome(&self) -> Option<Result<usize>> {
        match self.failures.last() {
            _ if self.loading > 0 => None,
            Some((_, error)) if self.able == 0 => Some(Err(error.clone())),
            _ => Some(Ok(self.able)),
        }
    }

    /// If this thread went to sleep in a wait, would every thread do so, and each after it has made a call that is still
    /// queued? Then nobody is left to run what they wait for.
    fn is_stuck_with(&self, me: &thread::Thread) -> bool {
        let has_made_one = |thread: &thread::Thread| self.queue.iter().any(|call| call.made_on == thread.id());
        self.waiting.len() + 1 == self.able && has_made_one(me) && self.waiting.iter().all(has_made_one)
    }
}

/// Takes the calling thread off a list, if it is there.
fn take_off(list: &mut Vec<thread::Thread>) {
    let me = thread::current().id();
    list.retain(|thread| thread.id() != me);
}

/// The worker of a stateful pool, which its threads serve and its calls are queued by. Nobody else has it.
pub(crate) struct Processor(pub(crate) Arc<Calls>);

impl TaskProcessor for Processor {
    fn start_task(&self, runnable: Runnable) {
        let calls = &self.0;
        let made_on = thread::current().id();
        let pushed = calls.desk.with(|desk| match &desk.refusal {
            Some(refusal) => Err((runnable, refusal.clone())),
            None => {
                desk.queue.push_back(Call { runnable, made_on });
                calls.count(desk);
                Ok(desk.idle.pop())
            }
        });
        match pushed {
            Ok(idle) => idle.iter().for_each(thread::Thread::unpark),
            Err((refused, refusal)) => seat::refuse(refused, refusal),
        }
    }

    fn is_current(&self) -> bool {
        self.0.roster.has_me()
    }

    fn help(&self) -> Option<&dyn Help> {
        self.is_current().then_some(&*self.0 as &dyn Help)
    }
}

/// A wait on one of the pool's threads runs no calls: the state is lent already. But the threads must not all sleep in
/// waits for calls that only they could run.
impl Help for Calls {
    fn run_one(&self) -> bool {
        let me = thread::current();
        let stuck = self.desk.with(|desk| {
            let newest = desk.queue.iter().rposition(|call| call.made_on == me.id());
            let stuck = newest.filter(|_| desk.is_stuck_with(&me)).and_then(|newest| desk.queue.remove(newest));
            self.count(desk);
            stuck
        });
        let is_stuck = stuck.is_some();
        if let Some(call) = stuck {
            let cause = "a call that was made inside of a call, which waits: its pool has no thread left to run it";
            seat::refuse(call.runnable, Error::deadlock(cause));
        }
        is_stuck
    }

    fn before_park(&self) -> Outlook {
        let me = thread::current();
        self.desk.with(|desk| {
            if desk.is_stuck_with(&me) {
                return Outlook::Work;
            }
            desk.waiting.push(me);
            Outlook::Sleep
        })
    }

    fn after_park(&self) {
        self.desk.with(|desk| take_off(&mut desk.waiting));
    }
}
