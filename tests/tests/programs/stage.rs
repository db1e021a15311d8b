//! Where programs are played: on threads, and on a single one.

use std::cell::RefCell;
use std::sync::mpsc::{Sender, channel};
use std::sync::{Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use threadbare::{AsyncSystem, Clock, MainThread, Timer, TimerQueue};
use threadbare_single_thread::{Host, SingleThread};
use threadbare_threads::ThreadPool;

use crate::build::{Pending, Places};
use crate::model::Closing;
use crate::program::Program;
use crate::record::Seat;

/// A system, driven by the thread that made it, its main thread.
pub(crate) trait Stage {
    /// Is each context on a thread of its own?
    const THREADS: bool;

    fn closing(program: &Program) -> Closing;
    fn places(&self) -> Places;
    /// The main thread, and the clock, unless they have gone.
    fn parts(&self) -> Option<(&MainThread, &dyn Clock)>;
    /// Takes a promise that another thread is to settle.
    fn elsewhere(&self, pending: Pending) -> Option<Pending>;
    /// Lets some work be done; `false` if nothing is left to do, and nothing will come.
    fn turn(&self) -> bool;
    /// Lets time pass, and fires what is due then.
    fn pass(&self, time: Duration);
    fn close(&mut self, now: bool);
    fn leave(&mut self);
}

/// A time that passes when the driver says so.
#[derive(Default)]
struct GivenTime(Mutex<(Duration, TimerQueue)>);

impl GivenTime {
    fn with<R>(&self, f: impl FnOnce(&mut Duration, &mut TimerQueue) -> R) -> R {
        let (now, queue) = &mut *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        f(now, queue)
    }

    fn pass(&self, time: Duration) {
        self.with(|now, _| *now += time);
        while let Some(timer) = self.with(|now, queue| queue.take_due(*now)) {
            timer.fire();
        }
    }
}

impl Clock for GivenTime {
    fn now(&self) -> Duration {
        self.with(|now, _| *now)
    }

    fn start_timer(&self, timer: Timer) {
        self.with(|_, queue| queue.push(timer));
    }
}

/// Two pools, a thread that settles promises, and the driver.
pub(crate) struct Threads {
    // In the order in which they go.
    here: Option<MainThread>,
    system: AsyncSystem,
    pool: ThreadPool,
    clock: GivenTime,
    settler: Settler,
}

/// A thread that settles promises as they come.
struct Settler {
    promises: RefCell<Option<Sender<Pending>>>,
    thread: RefCell<Option<JoinHandle<()>>>,
}

impl Settler {
    fn new() -> Self {
        let (promises, come) = channel::<Pending>();
        let thread = std::thread::spawn(move || come.into_iter().for_each(Pending::settle));
        Self { promises: RefCell::new(Some(promises)), thread: RefCell::new(Some(thread)) }
    }
}

impl Drop for Settler {
    fn drop(&mut self) {
        drop(self.promises.take());
        if let Some(thread) = self.thread.take() {
            let settled = thread.join();
            assert!(settled.is_ok() || std::thread::panicking(), "settling does not panic");
        }
    }
}

impl Threads {
    pub(crate) fn start() -> Self {
        Seat::Driver.take();
        let pool = |threads, seat: Seat| {
            let pool = ThreadPool::builder().threads(threads).on_start(move |_| seat.take()).build();
            pool.expect("the machine has a few threads to give")
        };
        let system = AsyncSystem::new(pool(2, Seat::Worker));
        let here = system.main().enter().expect("nobody else has entered");
        let pool = pool(1, Seat::Pool);
        Self { here: Some(here), system, pool, clock: GivenTime::default(), settler: Settler::new() }
    }
}

impl Stage for Threads {
    const THREADS: bool = true;

    fn closing(program: &Program) -> Closing {
        Closing::on_threads(program)
    }

    fn places(&self) -> Places {
        Places { worker: self.system.worker().clone(), pool: self.pool.worker(), main: self.system.main().clone() }
    }

    fn parts(&self) -> Option<(&MainThread, &dyn Clock)> {
        Some((self.here.as_ref()?, &self.clock))
    }

    fn elsewhere(&self, pending: Pending) -> Option<Pending> {
        let promises = self.settler.promises.borrow();
        promises.as_ref().expect("it lives as long as this").send(pending).expect("it takes all");
        None
    }

    fn turn(&self) -> bool {
        self.here.iter().for_each(|here| _ = here.dispatch());
        std::thread::yield_now();
        true
    }

    fn pass(&self, time: Duration) {
        self.clock.pass(time);
    }

    fn close(&mut self, now: bool) {
        if now {
            self.pool.close_now();
        } else {
            self.pool.close();
        }
    }

    fn leave(&mut self) {
        self.here = None;
    }
}

/// A host on a single thread.
pub(crate) struct OneThread {
    host: Option<Host>,
    places: Places,
}

impl OneThread {
    pub(crate) fn start(single: SingleThread) -> Self {
        Seat::Driver.take();
        let host = single.host();
        let places = Places { worker: host.worker().clone(), pool: host.single().pool(2), main: host.main().clone() };
        Self { host: Some(host), places }
    }
}

impl Stage for OneThread {
    const THREADS: bool = false;

    fn closing(program: &Program) -> Closing {
        Closing::on_one_thread(program)
    }

    fn places(&self) -> Places {
        self.places.clone()
    }

    fn parts(&self) -> Option<(&MainThread, &dyn Clock)> {
        let host = self.host.as_ref()?;
        Some((host.here(), host.single()))
    }

    fn elsewhere(&self, pending: Pending) -> Option<Pending> {
        Some(pending)
    }

    fn turn(&self) -> bool {
        self.host.as_ref().is_some_and(Host::run_one)
    }

    fn pass(&self, time: Duration) {
        self.host.iter().for_each(|host| _ = host.run_for(time));
    }

    fn close(&mut self, now: bool) {
        let Some(host) = &self.host else { return };
        if now {
            host.single().close_now();
        } else {
            host.single().close();
        }
    }

    fn leave(&mut self) {
        self.host = None;
    }
}
