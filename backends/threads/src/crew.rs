//! What the threads of a pool share, and what each of them does.

use std::cell::Cell;
use std::collections::VecDeque;

use threadbare::{Error, Help, Inbox, Outlook, Refused, Runnable, TaskProcessor, Worker};

use crate::deque::Deque;
use crate::roster::Roster;
use crate::sleep::Sleep;
use crate::sync::{Arc, AtomicUsize, Mutex, Ordering, thread};

/// A hook that runs on each thread, with the thread's index.
pub(crate) type Hook = Box<dyn Fn(usize) + Send + Sync>;

crate::sync::local! {
    /// Whose thread this is, as an address to compare, and which of them.
    static SEAT: Cell<(usize, usize)> = Cell::new((0, 0));
}

crate::sync::local! {
    /// How much the innermost wait on this thread has taken.
    static TAKEN: Cell<usize> = Cell::new(0);
}

/// After so much a wait takes the oldest for once: the newest may be of somebody who queues himself again for ever. Waits for
/// forked work take far less, and so do not come upon the oldest.
const PATIENCE: usize = 256;

/// After so many runnables a thread looks for shared ones before its own, so that none waits for ever behind a thread that
/// feeds itself.
const SHARED_EVERY: usize = 61;

/// What the threads of a pool share.
pub(crate) struct Crew {
    /// What other threads queue.
    inbox: Inbox,
    /// Taken from the inbox, in order, and not yet run. A deque, since waits take the newest.
    ready: Mutex<VecDeque<Runnable>>,
    /// How many are ready: a hint that saves the lock.
    readied: AtomicUsize,
    /// What each thread queues itself. Unused where there is one thread, which runs all work strictly in order.
    own: Box<[Deque]>,
    sleep: Sleep,
    roster: Roster,
    on_start: Option<Hook>,
    on_stop: Option<Hook>,
}

impl Crew {
    pub(crate) fn new(threads: usize, on_start: Option<Hook>, on_stop: Option<Hook>) -> Self {
        Self {
            inbox: Inbox::new(),
            ready: Mutex::new(VecDeque::new()),
            readied: AtomicUsize::new(0),
            own: (0..threads).map(|_| Deque::new()).collect(),
            sleep: Sleep::new(),
            roster: Roster::new(),
            on_start,
            on_stop,
        }
    }

    /// Starts a thread.
    pub(crate) fn hire(
        this: &Arc<Self>,
        index: usize,
        thread: thread::Builder,
        worker: &Worker,
    ) -> std::io::Result<()> {
        let (crew, worker) = (Arc::clone(this), worker.clone());
        this.roster.hire(thread, move || crew.roster.attend(|| crew.work(index, &worker)))
    }

    /// What a thread does.
    fn work(&self, index: usize, worker: &Worker) {
        SEAT.with(|seat| seat.set((self.key(), index)));
        call(self.on_start.as_ref(), index);
        worker.serve(|| {
            for turn in 1.. {
                let Some(runnable) = self.next(index, turn).or_else(|| self.search(index)) else { break };
                runnable.run();
            }
        });
        call(self.on_stop.as_ref(), index);
        // What the thread's own destructors queue later must not pass for the owner's: another pool may stand at this address
        // by then.
        SEAT.with(|seat| seat.set((0, 0)));
    }

    fn key(&self) -> usize {
        std::ptr::from_ref(self).addr()
    }

    /// Which of the pool's threads is this, if it is one?
    fn seat(&self) -> Option<usize> {
        let (crew, index) = SEAT.try_with(Cell::get).unwrap_or_default();
        (crew == self.key()).then_some(index)
    }

    /// The next runnable: the oldest of the thread's own, or of those that are shared.
    fn next(&self, index: usize, turn: usize) -> Option<Runnable> {
        let own = || self.own[index].take_front();
        // ORDERING: Relaxed: hints; who sleeps or leaves looks properly.
        let shared = || {
            let any = self.readied.load(Ordering::Relaxed) > 0 || !self.inbox.is_empty();
            any.then(|| self.shared()).flatten()
        };
        if turn.is_multiple_of(SHARED_EVERY) { shared().or_else(own) } else { own().or_else(shared) }
    }

    /// The oldest of those that are shared.
    fn shared(&self) -> Option<Runnable> {
        self.with_ready(|ready| {
            if ready.is_empty() {
                ready.extend(self.inbox.take());
            }
            ready.pop_front()
        })
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
        self.shared().or_else(|| self.own[index].take_front()).or_else(|| self.steal(index))
    }

    /// What another thread has, the oldest.
    fn steal(&self, index: usize) -> Option<Runnable> {
        let (before, after) = self.own.split_at(index);
        after.iter().skip(1).chain(before).find_map(Deque::take_front)
    }

    /// The runnable for a thread that waits: the newest, which is likely what it waits for, or part of that. The oldest
    /// would bury it under the largest pieces of work that there are.
    fn newest(&self, index: usize) -> Option<Runnable> {
        // SAFETY: this is the thread that the deque belongs to.
        let own = unsafe { self.own[index].take_back() };
        own.or_else(|| {
            self.with_ready(|ready| {
                ready.extend(self.inbox.take());
                ready.pop_back()
            })
        })
        .or_else(|| self.steal(index))
    }

    fn has_work(&self) -> bool {
        !self.inbox.is_empty()
            || self.own.iter().any(|own| !own.is_empty())
            || self.ready.with(|ready| !ready.is_empty())
    }

    /// Looks for a runnable, asleep if need be, until the pool is closed and there is none.
    fn search(&self, index: usize) -> Option<Runnable> {
        self.sleep.start_searching();
        loop {
            let closing = self.sleep.is_closing();
            let found = self.oldest(index);
            if found.is_some() || closing {
                self.sleep.stop_searching(|| self.has_work());
                return found;
            }
            if self.sleep.sleep_from_search(|| self.has_work()) {
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
        self.sleep.close();
        if !run {
            rejected.extend(self.own.iter().flat_map(|own| std::iter::from_fn(|| own.take_front())));
        }
        drop(rejected);
    }

    /// Waits until all threads have left, as [`Roster::join`] does.
    pub(crate) fn join(&self) {
        self.roster.join();
    }
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
        let refused = match self.seat() {
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
            Some(runnable) => Err(Refused { runnable, error: Error::closed("the pool is closed") }),
        }
    }

    fn is_current(&self) -> bool {
        self.roster.has_me()
    }

    fn help(&self) -> Option<&dyn Help> {
        self.is_current().then_some(self as &dyn Help)
    }
}

impl Help for Crew {
    fn run_one(&self) -> bool {
        let Some(index) = self.seat() else { return false };
        let taken = TAKEN.with(Cell::get) + 1;
        let next = if taken.is_multiple_of(PATIENCE) { self.oldest(index) } else { self.newest(index) };
        TAKEN.with(|taken| taken.set(0));
        let any = next.map(Runnable::run).is_some();
        TAKEN.with(|place| place.set(taken));
        any
    }

    fn before_park(&self) -> Outlook {
        if self.sleep.sleep_from_wait(|| self.has_work()) { Outlook::Sleep } else { Outlook::Work }
    }

    fn after_park(&self) {
        self.sleep.wake_from_wait(|| self.has_work());
    }
}
