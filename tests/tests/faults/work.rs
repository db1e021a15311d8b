//! Work of every kind for a queue: what the faults are tried on.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use behaviour::DropCount;
use threadbare::{
    Arrive, Error, ErrorKind, Immediate, NoneResolved, Task, all, any, join, promise, race, run, spawn, spawn_with,
    try_run,
};

/// What is tried: the verbs with each kind of closure, what starts work, and what is made of several.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Work {
    Run,
    TryRunTask,
    TryRunFuture,
    Map,
    AndThen,
    AndThenTask,
    AndThenFuture,
    Catch,
    OrElse,
    OrElseTask,
    Then,
    ThenFuture,
    Inspect,
    Spawn,
    Hop,
    Forks,
    All,
    Join,
    Race,
    Any,
    Chain,
    Nested,
}

pub(crate) const ALL_WORK: [Work; 22] = [
    Work::Run,
    Work::TryRunTask,
    Work::TryRunFuture,
    Work::Map,
    Work::AndThen,
    Work::AndThenTask,
    Work::AndThenFuture,
    Work::Catch,
    Work::OrElse,
    Work::OrElseTask,
    Work::Then,
    Work::ThenFuture,
    Work::Inspect,
    Work::Spawn,
    Work::Hop,
    Work::Forks,
    Work::All,
    Work::Join,
    Work::Race,
    Work::Any,
    Work::Chain,
    Work::Nested,
];

/// What the work goes on with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    Resolved,
    Rejected,
    ResolvedLater,
    RejectedLater,
    DroppedLater,
}

pub(crate) const SOURCES: [Source; 5] =
    [Source::Resolved, Source::Rejected, Source::ResolvedLater, Source::RejectedLater, Source::DroppedLater];

/// What tasks settle with: it counts among what is alive.
#[derive(Clone)]
pub(crate) struct Value(#[expect(dead_code, reason = "it is there to be counted")] DropCount);

/// The source's error, which counts, too.
#[derive(Debug)]
pub(crate) struct Failure(#[expect(dead_code, reason = "it is there to be counted")] DropCount);

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "the source has failed")
    }
}

impl std::error::Error for Failure {}

/// Counts what is alive, and what has run.
#[derive(Clone, Default)]
pub(crate) struct Census {
    count: Arc<DropCount>,
}

impl Census {
    pub(crate) fn value(&self) -> Value {
        Value(DropCount::clone(&self.count))
    }

    fn failure(&self) -> Error {
        Failure(DropCount::clone(&self.count)).into()
    }

    /// Closures, values and errors that have not been dropped.
    pub(crate) fn alive(&self) -> usize {
        self.count.alive()
    }

    /// A closure's own, which counts as long as that is alive.
    fn own(&self) -> DropCount {
        DropCount::clone(&self.count)
    }
}

impl Source {
    /// The task, and what settles it if that is still to come.
    pub(crate) fn start(self, census: &Census) -> (Task<Value>, Settle) {
        let (promise, pending) = promise();
        match self {
            Source::Resolved => (Task::resolved(census.value()), Box::new(|| {})),
            Source::Rejected => (Task::rejected(census.failure()), Box::new(|| {})),
            Source::ResolvedLater => {
                let value = census.value();
                (pending, Box::new(|| promise.resolve(value)))
            }
            Source::RejectedLater => {
                let failure = census.failure();
                (pending, Box::new(|| promise.reject(failure)))
            }
            Source::DroppedLater => (pending, Box::new(|| drop(promise))),
        }
    }

    /// Is this the source's own error, or one of these kinds, or are they that of several tasks?
    pub(crate) fn explains(self, error: &Error, kinds: &[ErrorKind]) -> bool {
        if let Some(none) = error.downcast_ref::<NoneResolved>() {
            return none.errors().iter().all(|error| self.explains(error, kinds));
        }
        let own = match self {
            Source::Resolved | Source::ResolvedLater => false,
            Source::Rejected | Source::RejectedLater => error.downcast_ref::<Failure>().is_some(),
            Source::DroppedLater => error.kind() == ErrorKind::Abandoned,
        };
        own || kinds.contains(&error.kind())
    }
}

/// What settles the source, if that is still to come.
pub(crate) type Settle = Box<dyn FnOnce() + Send>;

/// Which of the things that come to a fault it hits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hits {
    Only(usize),
    EveryOther,
    All,
}

pub(crate) const HITS: [Hits; 5] = [Hits::Only(0), Hits::Only(1), Hits::Only(2), Hits::EveryOther, Hits::All];

impl Hits {
    pub(crate) fn hits(self, count: usize) -> bool {
        match self {
            Hits::Only(one) => count == one,
            Hits::EveryOther => count % 2 == 1,
            Hits::All => true,
        }
    }
}

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

pub(crate) fn full() -> Error {
    Error::full("no room for it")
}

/// The fault's panics are not printed, and nobody minds what is seen by nobody.
pub(crate) fn quiet() {
    behaviour::quiet_panics();
    _ = threadbare::set_error_hook(|_| {});
}

/// Attaches work to the source, or starts some beside it.
pub(crate) fn attach<S: Arrive>(work: Work, queue: &S, source: Task<Value>, census: &Census) -> Task<Value> {
    let (own, cloned, again) = (census.own(), queue.clone(), census.clone());
    let pass = move |value: Value| {
        own.hit();
        value
    };
    let given = census.own();
    let give = {
        let census = census.clone();
        move || {
            given.hit();
            census.value()
        }
    };
    // For work that does not go on with the source.
    let beside = |source: Task<Value>| source.detach();
    match work {
        Work::Run => {
            beside(source);
            run(queue, give)
        }
        Work::TryRunTask => {
            beside(source);
            try_run(queue, move || run(&cloned, give))
        }
        Work::TryRunFuture => {
            beside(source);
            try_run(queue, move || async move { run(&cloned, give).await })
        }
        Work::Map => source.map(queue, pass),
        Work::AndThen => source.and_then(queue, move |value| Ok(pass(value))),
        Work::AndThenTask => source.and_then(queue, move |value| run(&cloned, move || pass(value))),
        Work::AndThenFuture => {
            source.and_then(queue, move |value| async move { run(&cloned, move || pass(value)).await })
        }
        Work::Catch => source.catch(queue, move |_| give()),
        Work::OrElse => source.or_else(queue, move |_| Ok(give())),
        Work::OrElseTask => source.or_else(queue, move |_| run(&cloned, give)),
        Work::Then => source.then(queue, move |outcome| outcome.map(pass)),
        Work::ThenFuture => source.then(queue, move |outcome| async move { Ok(pass(outcome?)) }),
        Work::Inspect => source.inspect(queue, move |outcome| drop(outcome.clone().map(pass))),
        Work::Spawn => spawn(queue, async move { Ok(pass(source.await?)) }),
        Work::Hop => spawn_with(&Immediate, move |cx| async move {
            cx.hop(&cloned).await;
            let value = source.await?;
            cx.hop(&cloned).await;
            Ok(pass(value))
        }),
        Work::Forks => {
            let shared = source.share();
            let forks = [(); 3].map(|()| {
                let own = again.own();
                shared.fork().map(queue, move |value| {
                    own.hit();
                    value
                })
            });
            drop(shared);
            all(forks).map(&Immediate, move |mut values| values.pop().unwrap_or_else(|| again.value()))
        }
        Work::All => {
            let three = [source.map(queue, pass), run(queue, give), run(queue, move || again.value())];
            all(three).map(&Immediate, |mut values| values.remove(1))
        }
        Work::Join => join((source.map(queue, pass), run(queue, give))).map(&Immediate, |(value, _)| value),
        Work::Race => race([source.map(queue, pass), run(queue, give)]),
        Work::Any => any([source.map(queue, pass), run(queue, give)]),
        Work::Chain => (0..40).fold(source, |task, step| {
            let own = census.own();
            let queue = queue.clone();
            // Out of the context and into it again, so that each step is queued.
            task.then(&Immediate, Task::settled).then(&queue, move |outcome| {
                own.hit();
                if step % 2 == 0 { outcome } else { Ok(outcome?) }
            })
        }),
        Work::Nested => nest(cloned, source, again, 40),
    }
}

/// Closures that start the next one, so many levels deep.
fn nest<S: Arrive>(queue: S, source: Task<Value>, census: Census, depth: usize) -> Task<Value> {
    let (own, next) = (census.own(), queue.clone());
    source.then(&queue, move |outcome| {
        own.hit();
        if depth == 0 {
            return Task::settled(outcome);
        }
        let started = run(&next, || ()).then(&Immediate, move |ran| ran.and(outcome));
        nest(next, started, census, depth - 1)
    })
}
