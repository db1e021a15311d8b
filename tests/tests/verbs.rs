//! Every verb in every context, for every outcome, attached before, after and while the task settles: what comes out,
//! whether the closure ran, where it ran and where it was dropped, once.

mod matrix;

use std::thread::ThreadId;

use behaviour::{Host, Log, Place, Scope, System, each_system};
use matrix::{CONTEXTS, Context, GIVES, Give, SOURCES, Source, VERBS, Verb, attach, expected, was_given};
use threadbare::{Task, promise};

/// Who settles the task, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Moment {
    /// It is settled before the verb is called.
    Before,
    /// The main thread settles it later, outside of every context.
    Later,
    /// Another thread settles it later.
    Elsewhere,
}

each_system!(verbs_keep_their_contract, a_race_of_attach_and_settle_keeps_the_contract, with_carries_a_value_along);

/// Settles something on another thread, and returns which that was.
fn elsewhere(settle: impl FnOnce() + Send + 'static) -> ThreadId {
    let thread = std::thread::spawn(settle);
    let id = thread.thread().id();
    thread.join().expect("settling does not panic");
    id
}

fn verbs_keep_their_contract<S: System>() {
    let host = Host::<S>::start();
    behaviour::quiet_panics();
    for verb in VERBS {
        for context in CONTEXTS {
            for source in SOURCES {
                for give in GIVES {
                    for moment in [Moment::Before, Moment::Later, Moment::Elsewhere] {
                        check(&host, verb, context, source, give, moment);
                    }
                }
            }
        }
    }
}

fn check<S: System>(host: &Host<S>, verb: Verb, context: Context, source: Source, give: Give, moment: Moment) {
    let what = format!("{verb:?} in {context:?}, {source:?}, gives {give:?}, settled {moment:?}");
    let log = Log::new();
    let here = std::thread::current().id();
    let (promise, task) = promise::<u32>();
    let (out, settler) = match moment {
        Moment::Before => {
            source.settle(promise);
            (attach(host, verb, context, give, task, &log), here)
        }
        Moment::Later => {
            let out = attach(host, verb, context, give, task, &log);
            assert!(log.runs().is_empty() && log.drops().is_empty(), "{what}: touched before it is settled");
            source.settle(promise);
            (out, here)
        }
        Moment::Elsewhere => {
            let out = attach(host, verb, context, give, task, &log);
            (out, elsewhere(move || source.settle(promise)))
        }
    };
    let outside = Place { thread: settler, scope: Scope::Outside };
    let polled = context != Context::Immediate && (context != Context::Worker || S::POLLED);
    if verb.runs_on(source) {
        if polled {
            assert!(!out.is_settled() && log.runs().is_empty(), "{what}: ran where it was not in its context");
        } else if context == Context::Immediate {
            assert_eq!(log.runs().len(), 1, "{what}: did not run at once");
        }
    } else {
        assert!(out.is_settled(), "{what}: passed on at once");
        if context == Context::MainThread && settler != here {
            assert!(log.drops().is_empty(), "{what}: dropped off the main thread");
        } else {
            assert_eq!(log.drops(), [outside], "{what}: dropped on the settling thread");
        }
    }
    let outcome = host.settle(out);
    if verb.runs_on(source) {
        assert_runs(host, &what, context, verb, give, &log, &[settler]);
    } else {
        assert_skipped(host, &what, context, &log, &[settler]);
    }
    assert!(was_given(&outcome, &expected(verb, source, give)), "{what}: settled with {outcome:?}");
}

/// The closure ran once, in its context, and so did its future; it was dropped there.
fn assert_runs<S: System>(
    host: &Host<S>,
    what: &str,
    context: Context,
    verb: Verb,
    give: Give,
    log: &Log,
    settlers: &[ThreadId],
) {
    let (runs, polls, drops) = (log.runs(), log.polls(), log.drops());
    assert_eq!(runs.len(), 1, "{what}: runs");
    assert_eq!(drops.len(), 1, "{what}: drops");
    let polled = verb.returns() == "future" && give != Give::Panic;
    assert_eq!(polls.len(), usize::from(polled), "{what}: polls");
    for place in runs.iter().chain(&polls).chain(&drops) {
        assert!(in_context(host, context, *place, settlers), "{what}: ran or was dropped at {place:?}");
    }
    assert!(drops[0] == *polls.last().unwrap_or(&runs[0]), "{what}: dropped where it ran");
}

/// The closure was dropped unrun, where skipped closures are.
fn assert_skipped<S: System>(host: &Host<S>, what: &str, context: Context, log: &Log, settlers: &[ThreadId]) {
    if context == Context::MainThread {
        host.turn();
    }
    assert!(log.runs().is_empty() && log.polls().is_empty(), "{what}: ran");
    let drops = log.drops();
    assert_eq!(drops.len(), 1, "{what}: drops");
    if context == Context::MainThread {
        assert_eq!(drops[0].thread, std::thread::current().id(), "{what}: dropped off the main thread");
    } else {
        assert!(settlers.contains(&drops[0].thread), "{what}: dropped at {drops:?}");
    }
}

fn in_context<S: System>(_: &Host<S>, context: Context, place: Place, settlers: &[ThreadId]) -> bool {
    let here = std::thread::current().id();
    match context {
        Context::Worker => place.scope == Scope::Worker && (place.thread == here) == S::POLLED,
        Context::Main | Context::MainThread => place == Place { thread: here, scope: Scope::Main },
        Context::Render => place == Place { thread: here, scope: Scope::Render },
        Context::Immediate => settlers.contains(&place.thread),
    }
}

/// One thread settles while another attaches, some hundred times for each pair of verb and context.
fn a_race_of_attach_and_settle_keeps_the_contract<S: System>() {
    const ROUNDS: usize = 200;
    let host = Host::<S>::start();
    let (jobs, queue) = std::sync::mpsc::channel::<Box<dyn FnOnce() + Send>>();
    let settler = std::thread::spawn(move || queue.into_iter().for_each(|job| job()));
    let settlers = [std::thread::current().id(), settler.thread().id()];
    for round in 0..ROUNDS {
        let source = SOURCES[round % SOURCES.len()];
        for (index, verb) in VERBS.into_iter().enumerate() {
            let context = CONTEXTS[(round / SOURCES.len() + index) % CONTEXTS.len()];
            let what = format!("{verb:?} in {context:?}, {source:?}, raced, round {round}");
            let log = Log::new();
            let (promise, task) = promise::<u32>();
            let gate = std::sync::Arc::new(std::sync::Barrier::new(2));
            let other = std::sync::Arc::clone(&gate);
            jobs.send(Box::new(move || {
                other.wait();
                source.settle(promise);
            }))
            .expect("the settler is there");
            gate.wait();
            let out = attach(&host, verb, context, Give::Value, task, &log);
            let outcome = host.settle(out);
            if verb.runs_on(source) {
                assert_runs(&host, &what, context, verb, Give::Value, &log, &settlers);
            } else {
                assert_skipped(&host, &what, context, &log, &settlers);
            }
            assert!(was_given(&outcome, &expected(verb, source, Give::Value)), "{what}: settled with {outcome:?}");
        }
    }
    drop(jobs);
    settler.join().expect("settling does not panic");
}

fn with_carries_a_value_along<S: System>() {
    let host = Host::<S>::start();
    for source in SOURCES {
        let log = Log::new();
        let (promise, task) = promise::<u32>();
        let pair: Task<_> = task.with(log.probe());
        let settler = elsewhere(move || source.settle(promise));
        assert!(pair.is_settled(), "{source:?}");
        let dropped = Place { thread: settler, scope: Scope::Outside };
        match (host.settle(pair), source) {
            (Ok((probe, value)), Source::Value) => {
                assert_eq!((value, log.drops()), (7, vec![]));
                drop(probe);
            }
            (Err(error), _) => {
                assert!(was_given(&Err(error), &source.outcome()), "{source:?}");
                assert_eq!(log.drops(), [dropped], "{source:?}: dropped on the settling thread");
            }
            (Ok(_), _) => panic!("{source:?} came out as a value"),
        }
        assert_eq!(log.drops().len(), 1, "{source:?}");
    }
}
