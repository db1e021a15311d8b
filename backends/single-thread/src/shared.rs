//! What the handles of a single-thread backend share, and its loop.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::time::Duration;

use threadbare::{Error, Help, Outlook, Pushed, Refused, Runnable, Timer, TimerInbox, helping};

use crate::desk::{Desk, Next};
use crate::lane::{Lane, MakeRoom, Seat};
use crate::sync::{Arc, AtomicUsize, Lock, Ordering};

/// Says what time it is.
pub(crate) type Now = Box<dyn Fn() -> Duration + Send + Sync>;
/// Called when there is nothing to run, with how long it is until the next timer.
pub(crate) type OnIdle = Box<dyn Fn(Option<Duration>) + Send + Sync>;
/// Called when there is something to run again.
pub(crate) type OnWork = Box<dyn Fn() + Send + Sync>;

/// Where the time comes from.
pub(crate) enum Time {
    /// It stands still while there is work, and then jumps to the next timer.
    Virtual(Lock<Duration>),
    /// The host's.
    Real(Now),
}

/// How large queues are, if that is fixed.
#[derive(Clone, Copy)]
pub(crate) struct Capacity {
    pub(crate) runnables: usize,
    pub(crate) make_room: MakeRoom,
}

pub(crate) struct Shared {
    pub(crate) desk: Lock<Desk>,
    pub(crate) timers: TimerInbox,
    pub(crate) time: Time,
    pub(crate) capacity: Option<Capacity>,
    pub(crate) on_idle: Option<OnIdle>,
    pub(crate) on_work: Option<OnWork>,
    /// How many handles keep it open.
    pub(crate) handles: AtomicUsize,
    /// Set when it is closed; under the desk's lock.
    pub(crate) closed: AtomicUsize,
    /// How many runnables and timers are being run, inside of each other.
    pub(crate) running: AtomicUsize,
    /// How much the waits of the innermost of those have taken.
    pub(crate) taken: AtomicUsize,
}

/// After so much a wait takes what would be next without it: the newest may be of somebody who queues himself again for ever.
/// Waits for forked work take far less, and so do not come upon the oldest.
const PATIENCE: usize = 256;

/// For how long a loop goes on.
pub(crate) struct Bounds<'a> {
    /// Runs one of the main queue, if that is there to be run.
    pub(crate) main: Option<&'a mut dyn FnMut() -> bool>,
    /// Asked before each continuation that would run at once.
    pub(crate) more: Option<&'a mut dyn FnMut() -> bool>,
    /// Up to when virtual time may go on.
    pub(crate) until: Duration,
    /// Whether the workers' newest is next, whatever the order is otherwise.
    pub(crate) newest: bool,
}

impl Bounds<'_> {
    /// Anything, whenever.
    pub(crate) fn none() -> Self {
        Self { main: None, more: None, until: Duration::MAX, newest: false }
    }
}

impl Shared {
    /// The queue of one more worker, which stands for so many threads.
    pub(crate) fn add_lane(&self, threads: usize) -> Arc<Lane> {
        let lane = Arc::new(Lane::new(self.capacity.map(|capacity| capacity.runnables), threads));
        let mut seat = Seat::new(Arc::clone(&lane), self.capacity.map(|capacity| capacity.make_room));
        self.desk.with(|desk| {
            if self.is_closed() {
                seat.close();
            }
            desk.seats.push(seat);
        });
        lane
    }

    /// Lets a runnable in, or gives it back.
    pub(crate) fn start(&self, lane: &Lane, runnable: Runnable) -> Result<(), Refused> {
        match lane.push(runnable) {
            Ok(pushed) => {
                self.tell(pushed);
                Ok(())
            }
            Err(refused) => Err(refused),
        }
    }

    pub(crate) fn start_timer(&self, timer: Timer) {
        match self.timers.push(timer) {
            Ok(pushed) => self.tell(pushed),
            Err(refused) => refused.reject(Error::closed("the clock is closed")),
        }
    }

    /// Tells the host that there is something to do, unless it was told.
    fn tell(&self, pushed: Pushed) {
        if let (Pushed::First, Some(on_work)) = (pushed, &self.on_work) {
            on_work();
        }
    }

    pub(crate) fn now(&self) -> Duration {
        match &self.time {
            Time::Virtual(now) => now.with(|now| *now),
            Time::Real(now) => now(),
        }
    }

    /// Takes in the timers that have come; returns those for which there is no room.
    fn collect_timers(&self, desk: &mut Desk) -> Vec<Timer> {
        let mut refused = Vec::new();
        if self.timers.is_empty() {
            return refused;
        }
        for timer in self.timers.take() {
            if self.capacity.is_some_and(|capacity| desk.timers.len() >= capacity.runnables) {
                desk.timers.sweep();
            }
            if self.capacity.is_some_and(|capacity| desk.timers.len() >= capacity.runnables) {
                refused.push(timer);
            } else {
                desk.timers.push(timer);
            }
        }
        refused
    }

    /// Calls `f` with the desk, timers taken in: for whoever polls, who waits for another that does.
    fn at_desk<R>(&self, f: impl FnOnce(&mut Desk) -> R) -> R {
        let (refused, result) = self.desk.with(|desk| (self.collect_timers(desk), f(desk)));
        refuse(refused);
        result
    }

    /// The same for whoever looks, in an interrupt handler maybe: `None` if somebody else is there.
    fn glance<R>(&self, f: impl FnOnce(&mut Desk) -> R) -> Option<R> {
        let (refused, result) = self.desk.try_with(|desk| (self.collect_timers(desk), f(desk)))?;
        refuse(refused);
        Some(result)
    }

    /// Runs one runnable, or fires one timer; `false` if there is nothing to do within these bounds.
    pub(crate) fn run_one(&self, bounds: &mut Bounds<'_>) -> bool {
        let mut main = bounds.main.is_some();
        loop {
            let now = match &self.time {
                Time::Virtual(_) => None,
                Time::Real(now) => Some(now()),
            };
            let choose =
                |desk: &mut Desk| if bounds.newest { desk.choose_newest(main, now) } else { desk.choose(main, now) };
            match self.at_desk(choose) {
                Next::Run(runnable) => {
                    self.run(|| match &mut bounds.more {
                        Some(more) => runnable.run_while(more),
                        None => runnable.run(),
                    });
                    return true;
                }
                Next::Fire(timer) => {
                    self.run(|| timer.fire());
                    return true;
                }
                Next::AskMain => {
                    if bounds.main.as_mut().is_some_and(|main| main()) {
                        return true;
                    }
                    main = false;
                }
                Next::Nothing => return self.pass_time(bounds.until),
            }
        }
    }

    /// Lets virtual time go on to the next timer, and fires that.
    fn pass_time(&self, until: Duration) -> bool {
        let Time::Virtual(now) = &self.time else { return false };
        let due = self.at_desk(|desk| {
            let deadline =
                desk.timers.next_deadline().filter(|&deadline| deadline <= until && deadline < Duration::MAX)?;
            now.with(|now| *now = deadline.max(*now));
            desk.timers.take_due(deadline)
        });
        match due {
            Some(timer) => {
                self.run(|| timer.fire());
                true
            }
            None => false,
        }
    }

    /// Runs what was chosen. Waits inside of it go on here.
    fn run(&self, f: impl FnOnce()) {
        // ORDERING: Relaxed: counts that say how waits choose, and publish nothing.
        self.running.fetch_add(1, Ordering::Relaxed);
        let taken = self.taken.swap(0, Ordering::Relaxed);
        helping(self, f);
        // ORDERING: Relaxed, as above.
        self.taken.store(taken, Ordering::Relaxed);
        self.running.fetch_sub(1, Ordering::Relaxed);
    }

    /// Whether a wait, if it is one inside of what is run already, takes the newest: which is likely what it waits for, or
    /// part of that. The oldest would bury it under the largest pieces of work that there are.
    fn takes_newest(&self) -> bool {
        // ORDERING: Relaxed, as in `run`.
        let is_nested = self.running.load(Ordering::Relaxed) > 0;
        // ORDERING: Relaxed, as in `run`.
        is_nested && !(self.taken.fetch_add(1, Ordering::Relaxed) + 1).is_multiple_of(PATIENCE)
    }

    /// Lets virtual time go on to there, past no timer.
    pub(crate) fn pass_time_until(&self, until: Duration) {
        match &self.time {
            Time::Virtual(now) if until < Duration::MAX => now.with(|now| *now = until.max(*now)),
            _ => {}
        }
    }

    /// Whether a poll would find nothing to do now, and when the next timer is due: one look for both, since another thread
    /// may come between two. `None` if somebody else is at the desk.
    fn look(&self) -> Option<(bool, Option<Duration>)> {
        let (empty, next) = self.glance(|desk| (desk.is_empty(), desk.timers.next_deadline()))?;
        let next = next.filter(|&deadline| deadline < Duration::MAX);
        let is_idle = empty
            && match (next, &self.time) {
                (None, _) => true,
                (Some(_), Time::Virtual(_)) => false,
                (Some(deadline), Time::Real(now)) => now() < deadline,
            };
        Some((is_idle, next))
    }

    /// When the next timer is due, if one is pending.
    pub(crate) fn next_deadline(&self) -> Option<Duration> {
        // While somebody else is at the desk: now, so that the caller looks again.
        self.look().map_or_else(|| Some(self.now()), |(_, next)| next)
    }

    /// Whether a poll would find nothing to do now.
    pub(crate) fn is_idle(&self) -> bool {
        // Somebody else at the desk has found something.
        self.look().is_some_and(|(is_idle, _)| is_idle)
    }

    fn is_closed(&self) -> bool {
        // ORDERING: Relaxed: it is written and read under the desk's lock.
        self.closed.load(Ordering::Relaxed) != 0
    }

    /// Lets nothing in any more. What is queued is run, or else dropped unrun; timers are rejected.
    pub(crate) fn close(&self, run: bool) {
        let (timers, dropped) = self.desk.with(|desk| {
            // ORDERING: Relaxed, as in `is_closed`.
            self.closed.store(1, Ordering::Relaxed);
            desk.seats.iter_mut().for_each(Seat::close);
            let mut timers = core::mem::take(&mut desk.timers);
            timers.extend(self.timers.close());
            let mut dropped = Vec::new();
            if !run {
                let left = desk.seats.iter_mut().flat_map(|seat| core::iter::from_fn(|| seat.take(0)));
                dropped.extend(left);
            }
            (timers, dropped)
        });
        let mut timers = timers;
        while let Some(timer) = timers.take_due(Duration::MAX) {
            timer.reject(Error::closed("the clock is closed"));
        }
        drop(dropped);
        while run && self.run_one(&mut Bounds::none()) {}
    }
}

/// Timers for which there is no room. Outside of the lock: what waits for them may run.
fn refuse(timers: Vec<Timer>) {
    for timer in timers {
        timer.reject(Error::full("the clock has no room for another timer"));
    }
}

/// For waits on the thread that polls.
impl Help for Shared {
    fn run_one(&self) -> bool {
        Shared::run_one(self, &mut Bounds { newest: self.takes_newest(), ..Bounds::none() })
    }

    fn run_one_or(&self, main: &mut dyn FnMut() -> bool) -> bool {
        Shared::run_one(self, &mut Bounds { main: Some(main), newest: self.takes_newest(), ..Bounds::none() })
    }

    fn before_park(&self) -> Outlook {
        let Some((true, next)) = self.look() else { return Outlook::Work };
        match (&self.on_idle, &self.time) {
            (Some(on_idle), _) => on_idle(next.map(|deadline| deadline.saturating_sub(self.now()))),
            (None, Time::Real(_)) if next.is_some() => core::hint::spin_loop(),
            (None, _) => return Outlook::Never,
        }
        Outlook::Work
    }

    fn after_park(&self) {}
}
