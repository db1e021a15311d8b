//! What the threads of a pool share, and what each of them does.

mod help;

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::time::Duration;

use threadbare::{Error, Help, Inbox, Refused, Runnable, TaskProcessor, Worker, resume_one};

use crate::deque::Deque;
use crate::roster::Roster;
use crate::sleep::Sleep;
use crate::spin::{round, spin};
use crate::sync::{Arc, AtomicUsize, Mutex, Ordering, fence, thread};
use crate::thread::{PoolThread, Spawn};

/// A hook that runs on each thread, with the thread's index.
pub(crate) type Hook = Box<dyn Fn(usize) + Send + Sync>;

/// After so many runnables a thread looks for shared ones before its own, so that none waits for ever behind a thread that
/// feeds itself.
const SHARED_EVERY: usize = 61;

/// How many a thief takes at most: each theft costs as much as a few small tasks.
const LOOT: usize = if cfg!(loom) { 1 } else { 32 };

/// How a pool's threads go about their work.
pub(crate) struct Habits {
    pub(crate) on_start: Option<Hook>,
    pub(crate) on_stop: Option<Hook>,
    /// How long a thread that has run out of work looks for more before it sleeps.
    pub(crate) spin: Duration,
}

/// What the threads of a pool share.
///
/// How many read-modify-writes on lines that all threads write to does a `run` with its task take? From one of the pool's
/// threads none while nobody sleeps, searches or steals: its deque, the cell's state word (one by either side) and the
/// fence are its own. Stolen, one on the victim's deque, and two on the word that counts searchers for each loot. From outside,
/// one on the inbox, and a lock and an unlock of the ready list for each that is taken from it, or for up to 33 of a long list.
pub(crate) struct Crew {
    /// What other threads queue.
    inbox: Inbox,
    /// Taken from the inbox, in order, and not yet run. A deque, since waits take the newest.
    ready: Mutex<VecDeque<Runnable>>,
    /// How many are ready: a hint that saves the lock.
    readied: AtomicUsize,
    /// What each thread queues itself. Unused where there is one thread, which runs all work strictly in order.
    own: Box<[Deque]>,
    /// How many threads it has been promised: less those that the host has dropped.
    promised: AtomicUsize,
    /// The places that no thread has, for guests.
    vacant: Mutex<Vec<usize>>,
    sleep: Sleep,
    pub(crate) roster: Roster,
    habits: Habits,
}

impl Crew {
    /// For so many threads, and so many guests.
    pub(crate) fn new(threads: usize, guests: usize, habits: Habits) -> Self {
        Self {
            inbox: Inbox::new(),
            ready: Mutex::new(VecDeque::new()),
            readied: AtomicUsize::new(0),
            own: (0..threads + guests).map(|_| Deque::new()).collect(),
            promised: AtomicUsize::new(threads),
            vacant: Mutex::new((threads..threads + guests).rev().collect()),
            sleep: Sleep::new(),
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
    ) -> std::io::Result<()> {
        let (crew, worker, index) = (Arc::clone(this), worker.clone(), thread.index());
        this.roster.hire(thread, spawn, move |is_started| {
            // ORDERING: Relaxed: it counts, and publishes nothing.
            if is_started {
                crew.attend(index, &worker, || crew.work(index));
            } else if crew.promised.fetch_sub(1, Ordering::Relaxed) == 1 {
                crew.close(false);
            }
            crew.roster.leave();
        })
    }

    /// Does a counted thread's work, in a place.
    fn attend<R>(&self, index: usize, worker: &Worker, work: impl FnOnce() -> R) -> R {
        self.roster.attend(index, || worker.serve(work))
    }

    /// What a thread of the pool's own does.
    fn work(&self, index: usize) {
        call(self.habits.on_start.as_ref(), index);
        self.work_until(index, || {}, || false);
        call(self.habits.on_stop.as_ref(), index);
    }

    /// Works until told to stop, or the pool is closed and nothing is left. Who tells unparks the thread. `before` each
    /// runnable there may be something to do.
    fn work_until(&self, index: usize, before: impl Fn(), stop: impl Fn() -> bool) {
        for turn in 1.. {
            before();
            if stop() {
                break;
            }
            let Some(runnable) = self.next(index, turn).or_else(|| self.search(index, &stop)) else { break };
            self.run(runnable);
        }
    }

    /// Runs what was taken, unless the pool has been closed on it.
    fn run(&self, runnable: Runnable) {
        if self.sleep.is_rejecting() {
            runnable.reject(closed());
        } else {
            runnable.run();
        }
    }

    /// Lends the calling thread to the pool until told to stop. `false`: there is no place for it.
    pub(crate) fn host_until(&self, worker: &Worker, stop: impl Fn() -> bool) -> bool {
        self.host(worker, |index| self.work_until(index, resume, stop)).is_some()
    }

    /// Lends the calling thread to the pool while `more` says so, and there is something to run; returns how many it has run.
    /// `None`: there is no place for it.
    pub(crate) fn host_while(&self, worker: &Worker, mut more: impl FnMut() -> bool) -> Option<usize> {
        let ran = self.host(worker, |index| {
            let mut ran = 0;
            // The host's own code: when it panics the place must be vacant again all the same.
            let work = AssertUnwindSafe(|| {
                while more() {
                    let Some(runnable) = self.next(index, ran + 1).or_else(|| self.steal(index, 1)) else { break };
                    self.run(runnable);
                    ran += 1;
                }
            });
            catch_unwind(work).map(|()| ran)
        });
        ran.map(|ran| ran.unwrap_or_else(|panic| resume_unwind(panic)))
    }

    /// Gives the calling thread a place, for as long as `work` takes.
    fn host<R>(&self, worker: &Worker, work: impl FnOnce(usize) -> R) -> Option<R> {
        // Counted first: who closes the pool waits for the counted, and would go round in circles for one that is not yet.
        self.roster.enter();
        let Some(index) = self.vacant.with(Vec::pop) else {
            self.roster.leave();
            return None;
        };
        let result = self.attend(index, worker, || {
            let result = work(index);
            // ORDERING: SeqCst: with the one in `finish`: if who closes the pool does not see what we leave, we see that it
            // is closed. No model: with locks in between, there is no machine or loom that could show it.
            fence(Ordering::SeqCst);
            // If one of the pool's own has closed it, that relies on the others.
            if self.sleep.is_closing() {
                self.work_until(index, resume, || false);
            }
            result
        });
        // What it leaves in its place others find there, if somebody looks.
        if self.has_work() {
            self.sleep.notify();
        }
        self.vacant.with(|vacant| vacant.push(index));
        self.roster.leave();
        Some(result)
    }

    /// Does it let nothing in any more? Who has found no place because somebody closes it, learns so here.
    pub(crate) fn is_closed(&self) -> bool {
        // The bit was set before that place was taken, under a lock that the caller has had since.
        self.sleep.is_closing()
    }

    /// Waits until all threads have left, as [`Roster::join`] does, and does on the calling one what is left then.
    pub(crate) fn finish(&self, worker: &Worker) {
        loop {
            // ORDERING: SeqCst: with the one in `host`. No model, as there.
            fence(Ordering::SeqCst);
            // Before the join, which waits for whoever has taken it.
            let is_left = self.has_work();
            self.roster.join();
            if !is_left || self.roster.has_me() {
                break;
            }
            self.host_until(worker, || false);
        }
    }

    /// The next runnable: the oldest of the thread's own, or of those that are shared.
    fn next(&self, index: usize, turn: usize) -> Option<Runnable> {
        let own = || self.own[index].take_front();
        let shared = || self.seems_shared().then(|| self.shared(index)).flatten();
        if turn.is_multiple_of(SHARED_EVERY) { shared().or_else(own) } else { own().or_else(shared) }
    }

    /// The oldest of those that are shared; and of a long list a few more, for later.
    fn shared(&self, index: usize) -> Option<Runnable> {
        self.with_ready(|ready| {
            if ready.is_empty() {
                ready.extend(self.inbox.take());
            }
            let first = ready.pop_front();
            if !self.is_alone() {
                let more = LOOT.min(ready.len() / (4 * self.own.len()));
                // SAFETY: this is the thread that the deque belongs to.
                ready.drain(..more).for_each(|next| unsafe { self.own[index].push(next) });
            }
            first
        })
    }

    /// Does it look as if some were shared? A hint: who sleeps or leaves looks properly.
    fn seems_shared(&self) -> bool {
        // ORDERING: Relaxed: a hint.
        self.readied.load(Ordering::Relaxed) > 0 || !self.inbox.is_empty()
    }

    /// Is there one thread only?
    fn is_alone(&self) -> bool {
        self.own.len() == 1
    }

    fn with_ready<R>(&self, f: impl FnOnce(&mut VecDeque<Runnable>) -> R) -> R {
        self.ready.with(|ready| {
            let result = f(ready);
            // ORDERING: Relaxed: a hint.
            self.readied.store(ready.len(), Ordering::Relaxed);
            result
        })
    }

    /// The oldest there is: of those that are shared, then of the thread's own, then of another's.
    fn oldest(&self, index: usize) -> Option<Runnable> {
        self.shared(index).or_else(|| self.own[index].take_front())
    }

    /// What another thread has, the oldest; and of what more it has up to half, for later, so many in all at most. More than
    /// one only for a thread that is counted as searching: see `sleep.md`.
    fn steal(&self, index: usize, most: usize) -> Option<Runnable> {
        let (before, after) = self.own.split_at(index);
        after.iter().skip(1).chain(before).find_map(|other| {
            let first = other.take_front()?;
            for _ in 1..most.min(other.len().div_ceil(2)) {
                let Some(next) = other.take_front() else { break };
                // SAFETY: this is the thread that the deque belongs to.
                unsafe { self.own[index].push(next) };
            }
            Some(first)
        })
    }

    /// The runnable for a thread that waits: the newest, which is likely what it waits for, or part of that. The oldest
    /// would bury it under the largest pieces of work that there are.
    fn newest(&self, index: usize) -> Option<Runnable> {
        // SAFETY: this is the thread that the deque belongs to.
        let own = unsafe { self.own[index].take_back() };
        let shared = || {
            self.with_ready(|ready| {
                ready.extend(self.inbox.take());
                ready.pop_back()
            })
        };
        own.or_else(|| self.seems_shared().then(shared).flatten())
    }

    fn has_work(&self) -> bool {
        // In the order in which a runnable goes from one to the next, so that none slips by.
        !self.inbox.is_empty()
            || self.ready.with(|ready| !ready.is_empty())
            || self.own.iter().any(|own| !own.is_empty())
    }

    /// Looks for a runnable, asleep if need be, until told to stop, or the pool is closed and there is none.
    fn search(&self, index: usize, stop: &impl Fn() -> bool) -> Option<Runnable> {
        self.sleep.start_searching();
        let news = || self.sleep.is_closing() || stop() || self.seems_shared();
        // A thread that queues small tasks, and a thief that takes each as it comes, would only have each other wait for the
        // lines that both write: so it lets some gather. (Measured with 100,000 empty tasks: 74 instead of 160 ns each.)
        if !self.habits.spin.is_zero() {
            round(news);
        }
        loop {
            let over = self.sleep.is_closing() || stop();
            let found = self.oldest(index).or_else(|| self.steal(index, LOOT));
            if found.is_some() || over {
                self.sleep.stop_searching(|| self.has_work());
                return found;
            }
            // One that looks is enough, and the others need not burn for it.
            let others = || self.own.iter().any(|own| !own.is_empty());
            if self.sleep.is_only_searcher() && spin(self.habits.spin, news, others) {
                continue;
            }
            if self.sleep.sleep_from_search(|| stop() || self.has_work()) {
                thread::park();
                self.sleep.wake_to_search();
            }
        }
    }

    /// Lets no more in. What is queued is run, or else dropped unrun.
    pub(crate) fn close(&self, run: bool) {
        let mut rejected = self.with_ready(|ready| {
            ready.extend(self.inbox.close());
            if run { VecDeque::new() } else { std::mem::take(ready) }
        });
        self.sleep.close(run);
        if !run {
            rejected.extend(self.own.iter().flat_map(|own| std::iter::from_fn(|| own.take_front())));
        }
        for runnable in rejected {
            runnable.reject(closed());
        }
    }
}

/// A guest may be inside of other work, and what that has put off for later would come only after the stay.
fn resume() {
    while resume_one() {}
}

fn closed() -> Error {
    Error::closed("the pool is closed")
}

/// Calls a hook, on the thread that it is about.
pub(crate) fn call(hook: Option<&Hook>, index: usize) {
    if let Some(hook) = hook {
        // A hook that panics has been printed by the panic hook; the thread does its work all the same.
        _ = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| hook(index)));
    }
}

impl TaskProcessor for Crew {
    fn start_task(&self, runnable: Runnable) {
        if let Err(refused) = self.try_start_task(runnable) {
            refused.reject();
        }
    }

    fn try_start_task(&self, runnable: Runnable) -> Result<(), Refused> {
        let refused = match self.roster.place() {
            // SAFETY: this is the thread that the deque belongs to.
            Some(index) if !self.is_alone() => unsafe {
                if self.sleep.is_closing() {
                    Some(runnable)
                } else {
                    self.own[index].push(runnable);
                    None
                }
            },
            _ => self.inbox.push(runnable).err(),
        };
        match refused {
            None => {
                self.sleep.notify();
                Ok(())
            }
            Some(runnable) => Err(Refused { runnable, error: closed() }),
        }
    }

    fn is_current(&self) -> bool {
        self.roster.has_me()
    }

    fn help(&self) -> Option<&dyn Help> {
        self.is_current().then_some(self as &dyn Help)
    }
}
