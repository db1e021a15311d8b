//! What there is to combine: sources, verbs with what their closures return, contexts, and what must come of them.

use std::rc::Rc;

use behaviour::{Host, Log, System};
use threadbare::{Error, ErrorKind, Immediate, Promise, Result, Task};

/// What the task settles with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    Value,
    Error,
    Dropped,
}

pub(crate) const SOURCES: [Source; 3] = [Source::Value, Source::Error, Source::Dropped];

/// A verb, with what its closure returns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verb {
    Map,
    AndThenResult,
    AndThenTask,
    AndThenFuture,
    Catch,
    OrElseResult,
    OrElseTask,
    OrElseFuture,
    ThenResult,
    ThenTask,
    ThenFuture,
    Inspect,
}

pub(crate) const VERBS: [Verb; 12] = [
    Verb::Map,
    Verb::AndThenResult,
    Verb::AndThenTask,
    Verb::AndThenFuture,
    Verb::Catch,
    Verb::OrElseResult,
    Verb::OrElseTask,
    Verb::OrElseFuture,
    Verb::ThenResult,
    Verb::ThenTask,
    Verb::ThenFuture,
    Verb::Inspect,
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Context {
    Worker,
    Main,
    MainThread,
    Immediate,
    Render,
}

pub(crate) const CONTEXTS: [Context; 5] =
    [Context::Worker, Context::Main, Context::MainThread, Context::Immediate, Context::Render];

/// What the closure does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Give {
    Value,
    Error,
    Panic,
}

pub(crate) const GIVES: [Give; 3] = [Give::Value, Give::Error, Give::Panic];

/// An outcome to compare with.
#[derive(Clone, Debug)]
pub(crate) enum Outcome {
    Value(u32),
    Error(ErrorKind, &'static str),
}

const FAILED: &str = "the source failed";
const GAVE_UP: &str = "the closure gave up";
const PANICKED: &str = "the closure panicked on purpose";
const RESCUED: u32 = 100;

impl Source {
    pub(crate) fn settle(self, promise: Promise<u32>) {
        match self {
            Source::Value => promise.resolve(7),
            Source::Error => promise.reject(Error::msg(FAILED)),
            Source::Dropped => drop(promise),
        }
    }

    pub(crate) fn outcome(self) -> Outcome {
        match self {
            Source::Value => Outcome::Value(7),
            Source::Error => Outcome::Error(ErrorKind::Other, FAILED),
            Source::Dropped => Outcome::Error(ErrorKind::Abandoned, "dropped"),
        }
    }
}

impl Verb {
    /// What its closure returns, where that matters.
    pub(crate) fn returns(self) -> &'static str {
        match self {
            Verb::Map | Verb::Catch | Verb::Inspect => "a plain value",
            Verb::AndThenResult | Verb::OrElseResult | Verb::ThenResult => "result",
            Verb::AndThenTask | Verb::OrElseTask | Verb::ThenTask => "task",
            Verb::AndThenFuture | Verb::OrElseFuture | Verb::ThenFuture => "future",
        }
    }

    /// Does its closure see what comes of this source?
    pub(crate) fn runs_on(self, source: Source) -> bool {
        match self {
            Verb::Map | Verb::AndThenResult | Verb::AndThenTask | Verb::AndThenFuture => source == Source::Value,
            Verb::Catch | Verb::OrElseResult | Verb::OrElseTask | Verb::OrElseFuture => source != Source::Value,
            Verb::ThenResult | Verb::ThenTask | Verb::ThenFuture | Verb::Inspect => true,
        }
    }
}

/// What must come out.
pub(crate) fn expected(verb: Verb, source: Source, give: Give) -> Outcome {
    if !verb.runs_on(source) {
        return source.outcome();
    }
    match (give, verb) {
        (Give::Panic, _) => Outcome::Error(ErrorKind::Panicked, PANICKED),
        (_, Verb::Inspect) => source.outcome(),
        // These closures have no way to give an error.
        (Give::Error, Verb::Map | Verb::Catch) | (Give::Value, _) => match source {
            Source::Value => Outcome::Value(8),
            Source::Error | Source::Dropped => Outcome::Value(RESCUED),
        },
        (Give::Error, _) => Outcome::Error(ErrorKind::Other, GAVE_UP),
    }
}

pub(crate) fn was_given(outcome: &Result<u32>, expected: &Outcome) -> bool {
    match (outcome, expected) {
        (Ok(value), Outcome::Value(wanted)) => value == wanted,
        (Err(error), Outcome::Error(kind, text)) => error.kind() == *kind && error.to_string().contains(text),
        _ => false,
    }
}

/// What the closures do with an outcome.
fn answer(give: Give, seen: Result<u32>) -> Result<u32> {
    match give {
        Give::Value => Ok(seen.map_or(RESCUED, |value| value + 1)),
        Give::Error => Err(Error::msg(GAVE_UP)),
        Give::Panic => panic!("{PANICKED}"),
    }
}

/// Of the verbs whose closures give plain values.
fn plain(give: Give, seen: Result<u32>) -> u32 {
    match answer(if give == Give::Error { Give::Value } else { give }, seen) {
        Ok(value) => value,
        Err(_) => unreachable!("it gives a value or panics"),
    }
}

/// A task that settles so, and is pending or not as the closure ran on a value or an error.
fn task(give: Give, seen: Result<u32>) -> Task<u32> {
    let (promise, task) = threadbare::promise();
    let pending = seen.is_ok();
    let outcome = answer(give, seen);
    if pending {
        // Nobody else settles it: it is pending while its outcome waits in the other thread.
        std::thread::spawn(move || promise.settle(outcome));
        task
    } else {
        promise.settle(outcome);
        task
    }
}

/// Calls the verb in the context, with closures that write to the log.
pub(crate) fn attach<S: System>(
    host: &Host<S>,
    verb: Verb,
    context: Context,
    give: Give,
    task: Task<u32>,
    log: &Log,
) -> Task<u32> {
    /// The verbs, with a probe of a type that the context takes.
    macro_rules! verbs {
        ($context:expr, $probe:expr) => {{
            let (context, probe) = ($context, $probe);
            macro_rules! closure {
                ($arg:ident => $seen:expr, $body:ident) => {
                    move |$arg| {
                        probe.run();
                        $body(give, $seen)
                    }
                };
                ($arg:ident => $seen:expr) => {
                    move |$arg| {
                        probe.run();
                        assert!(give != Give::Panic, "{PANICKED}");
                        async move {
                            probe.poll();
                            answer(give, $seen)
                        }
                    }
                };
            }
            match verb {
                Verb::Map => task.map(context, closure!(value => Ok(value), plain)),
                Verb::AndThenResult => task.and_then(context, closure!(value => Ok(value), answer)),
                Verb::AndThenTask => task.and_then(context, closure!(value => Ok(value), task_of)),
                Verb::AndThenFuture => task.and_then(context, closure!(value => Ok(value))),
                Verb::Catch => task.catch(context, closure!(error => Err(error), plain)),
                Verb::OrElseResult => task.or_else(context, closure!(error => Err(error), answer)),
                Verb::OrElseTask => task.or_else(context, closure!(error => Err(error), task_of)),
                Verb::OrElseFuture => task.or_else(context, closure!(error => Err(error))),
                Verb::ThenResult => task.then(context, closure!(outcome => outcome, answer)),
                Verb::ThenTask => task.then(context, closure!(outcome => outcome, task_of)),
                Verb::ThenFuture => task.then(context, closure!(outcome => outcome)),
                Verb::Inspect => task.inspect(context, move |_| {
                    probe.run();
                    assert!(give != Give::Panic, "{PANICKED}");
                }),
            }
        }};
    }
    use self::task as task_of;
    let probe = log.probe();
    match context {
        Context::Worker => verbs!(host.worker(), probe),
        Context::Main => verbs!(host.main(), probe),
        Context::MainThread => verbs!(&host.here, Rc::new(probe)), // not `Send`
        Context::Immediate => verbs!(&Immediate, probe),
        Context::Render => verbs!(&host.render, probe),
    }
}
