//! What the tests share: states that record where they were, gates, and a watch over hangs.

use std::rc::Rc;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Condvar, Mutex, Once, OnceLock};
use std::thread::ThreadId;
use std::time::Duration;

use threadbare::{Error, Result, Task};

/// What happened to a state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum What {
    Built,
    Used,
    Dropped,
}

/// What happened to the states of a pool: to which, and on which thread.
#[derive(Clone, Default)]
pub(crate) struct Log(Arc<Mutex<Vec<(usize, What, ThreadId)>>>);

impl Log {
    fn add(&self, index: usize, what: What) {
        self.0.lock().expect("nobody panics in here").push((index, what, std::thread::current().id()));
    }

    /// What happened to the state with this index, if it happened on one and the same thread, which is not the caller's.
    pub(crate) fn of(&self, index: usize) -> Vec<What> {
        let all = self.0.lock().expect("nobody panics in here").clone();
        let own: Vec<_> = all.into_iter().filter(|event| event.0 == index).collect();
        assert!(own.iter().all(|event| event.2 == own[0].2), "one thread: {own:?}");
        assert!(own.iter().all(|event| event.2 != std::thread::current().id()), "not the caller's: {own:?}");
        own.into_iter().map(|event| event.1).collect()
    }

    /// How often the states of all threads were used; each was built first and dropped last, once, if it was `built`.
    pub(crate) fn uses(&self, built: &[bool]) -> usize {
        let mut uses = 0;
        for (index, built) in built.iter().enumerate() {
            let events = self.of(index);
            if *built {
                assert_eq!(events.first(), Some(&What::Built), "{events:?}");
                assert_eq!(events.last(), Some(&What::Dropped), "{events:?}");
                assert!(events[1..events.len() - 1].iter().all(|what| *what == What::Used), "{events:?}");
                uses += events.len() - 2;
            } else {
                assert_eq!(events, []);
            }
        }
        uses
    }
}

/// A state that is not `Send`, and records what happens to it.
pub(crate) struct State {
    pub(crate) index: usize,
    pub(crate) seen: Rc<std::cell::Cell<u32>>,
    log: Log,
}

impl State {
    pub(crate) fn build(index: usize, log: &Log) -> Self {
        log.add(index, What::Built);
        Self { index, seen: Rc::default(), log: log.clone() }
    }

    pub(crate) fn touch(&mut self) -> u32 {
        self.log.add(self.index, What::Used);
        self.seen.set(self.seen.get() + 1);
        self.seen.get()
    }
}

impl Drop for State {
    fn drop(&mut self) {
        self.log.add(self.index, What::Dropped);
    }
}

/// A gate that is closed until it is opened, for all.
#[derive(Clone, Default)]
pub(crate) struct Gate(Arc<(Mutex<bool>, Condvar)>);

impl Gate {
    pub(crate) fn open(&self) {
        *self.0.0.lock().expect("nobody panics in here") = true;
        self.0.1.notify_all();
    }

    pub(crate) fn pass(&self) {
        let open = self.0.0.lock().expect("nobody panics in here");
        drop(self.0.1.wait_while(open, |open| !*open).expect("nobody panics in here"));
    }
}

/// The outcome of a task that must have settled.
pub(crate) fn settled<T: Send>(task: Task<T>) -> Result<T> {
    task.try_take().unwrap_or_else(|task| panic!("it must have settled: {task:?}"))
}

/// The error of a task that must have been rejected by now.
pub(crate) fn rejection<T: Send>(task: Task<T>) -> Error {
    settled(task).err().expect("it must have been rejected")
}

fn reports() -> &'static Mutex<Vec<String>> {
    static REPORTS: OnceLock<Mutex<Vec<String>>> = OnceLock::new();
    REPORTS.get_or_init(Mutex::default)
}

/// How often the error hook was given an error with this in its text.
pub(crate) fn reported(text: &str) -> usize {
    reports().lock().expect("nobody panics in here").iter().filter(|report| report.contains(text)).count()
}

/// Aborts the process unless it is dropped in time.
#[must_use = "it watches until it is dropped"]
pub(crate) struct Watchdog {
    _alive: Sender<()>,
}

/// Watches over a test from now on. Panics that are on purpose are not printed; what comes to the error hook is recorded.
pub(crate) fn watchdog(test: &'static str) -> Watchdog {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        assert!(threadbare::set_error_hook(|error| {
            reports().lock().expect("nobody panics in here").push(error.to_string());
        }));
        let print = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            let payload = info.payload();
            let message = payload.downcast_ref::<&str>().copied();
            let message = message.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
            if !message.is_some_and(|message| message.contains("on purpose")) {
                print(info);
            }
        }));
    });
    let (alive, watched) = channel();
    std::thread::spawn(move || {
        // Nothing is decided by this but that a test hangs.
        if watched.recv_timeout(Duration::from_secs(60)) == Err(RecvTimeoutError::Timeout) {
            eprintln!("{test} hangs");
            std::process::abort();
        }
    });
    Watchdog { _alive: alive }
}
