//! Programs become tasks.

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use threadbare::{
    Clock, Error, Immediate, Main, MainThread, Promise, Result, Task, Worker, all, any, join, promise, race, run,
    spawn, spawn_with, try_run,
};

use crate::program::{Act, How, Many, Place, Step, Tree, Verb, Via};
use crate::record::{Failure, Flaw, Probe, Records, Value, fold, mix, panic_message};

/// The contexts that can be captured.
#[derive(Clone)]
pub(crate) struct Places {
    pub(crate) worker: Worker,
    pub(crate) pool: Worker,
    pub(crate) main: Main,
}

/// What a program is built with, and what its script is left to settle.
pub(crate) struct Builder<'a> {
    pub(crate) places: Places,
    pub(crate) here: &'a MainThread,
    pub(crate) clock: &'a dyn Clock,
    pub(crate) records: Arc<Records>,
    /// Takes a promise that another thread is to settle, or leaves it to the script.
    pub(crate) elsewhere: &'a dyn Fn(Pending) -> Option<Pending>,
    pub(crate) pending: Vec<Pending>,
    /// Dropped in the end.
    pub(crate) lost: Vec<Promise<Value>>,
}

/// A promise, and how it ends.
pub(crate) struct Pending {
    id: usize,
    how: How,
    promise: Promise<Value>,
    records: Arc<Records>,
}

impl Pending {
    pub(crate) fn settle(self) {
        match self.how {
            How::Resolve => self.promise.resolve(Value::new(&self.records, mix(0, self.id))),
            How::Reject => self.promise.reject(Failure::new(&self.records, self.id)),
            How::Drop => drop(self.promise),
        }
    }
}

/// What a closure does in the end: the last part of a [`Job`].
struct Finish {
    probe: Probe,
    id: usize,
    act: Act,
}

impl Finish {
    fn act(self, seen: u32) -> Result<Value> {
        self.probe.ran();
        match self.act {
            Act::Give => Ok(Value::new(self.probe.records(), mix(seen, self.id))),
            Act::Fail => Err(Failure::new(self.probe.records(), self.id).into()),
            Act::Panic => panic!("{}", panic_message(self.id)),
        }
    }
}

/// What a closure captures.
struct Job {
    probe: Probe,
    finish: Finish,
    via: Via,
    places: Places,
}

impl Job {
    /// For verbs whose closures cannot fail.
    fn give(mut self, seen: u32) -> Value {
        self.probe.ran();
        if self.finish.act == Act::Fail {
            self.finish.act = Act::Give;
        }
        self.finish.act(seen).unwrap_or_else(|_| unreachable!("it gives, or panics"))
    }

    fn look(self) {
        drop(self.give(0));
    }

    fn result(self, seen: u32) -> Result<Value> {
        self.probe.ran();
        self.finish.act(seen)
    }

    fn task(self, seen: u32) -> Task<Value> {
        self.probe.ran();
        match self.via {
            Via::Run(place) => self.places.try_run(place, self.finish, seen),
            _ => Task::settled(self.finish.act(seen)),
        }
    }

    fn future(self, seen: u32) -> impl Future<Output = Result<Value>> + Send + 'static {
        self.probe.ran();
        async move {
            let _until_it_ends = self.probe;
            match self.via {
                Via::FutureOf(place) => self.places.try_run(place, self.finish, seen).await,
                _ => self.finish.act(seen),
            }
        }
    }
}

impl Places {
    fn try_run(&self, place: Place, finish: Finish, seen: u32) -> Task<Value> {
        let work = move || finish.act(seen);
        match place {
            Place::Worker => try_run(&self.worker, work),
            Place::Pool => try_run(&self.pool, work),
            Place::Main | Place::Here => try_run(&self.main, work),
            Place::Immediate => try_run(&Immediate, work),
        }
    }
}

/// The closure, with a capture that is not `Send`.
fn homely<A, R>(f: impl FnOnce(A) -> R + 'static) -> impl FnOnce(A) -> R + 'static {
    let own = Rc::new(());
    move |input| {
        let _own = own;
        f(input)
    }
}

/// As [`homely`], for what has no input.
fn homely_run<R>(f: impl FnOnce() -> R + 'static) -> impl FnOnce() -> R + 'static {
    let own = Rc::new(());
    move || {
        let _own = own;
        f()
    }
}

/// Calls a verb in a context: one call for each, since each is of a type of its own.
macro_rules! at {
    ($builder:expr, $place:expr, $homely:path, |$context:ident, $f:ident| $call:expr, $closure:expr) => {
        match $place {
            Place::Worker => {
                let ($context, $f) = (&$builder.places.worker, $closure);
                $call
            }
            Place::Pool => {
                let ($context, $f) = (&$builder.places.pool, $closure);
                $call
            }
            Place::Main => {
                let ($context, $f) = (&$builder.places.main, $closure);
                $call
            }
            Place::Here => {
                let ($context, $f) = ($builder.here, $homely($closure));
                $call
            }
            Place::Immediate => {
                let ($context, $f) = (&Immediate, $closure);
                $call
            }
        }
    };
}

/// Calls a verb whose closure may return a result, a task or a future.
macro_rules! via {
    ($builder:expr, $place:expr, $homely:path, |$context:ident, $f:ident| $call:expr, $job:ident, ($($input:ident: $type:ty)?) => $seen:expr) => {
        match $job.via {
            Via::Result => at!($builder, $place, $homely, |$context, $f| $call, move |$($input: $type)?| $job.result($seen)),
            Via::Settled | Via::Run(_) => {
                at!($builder, $place, $homely, |$context, $f| $call, move |$($input: $type)?| $job.task($seen))
            }
            Via::Future | Via::FutureOf(_) => {
                at!($builder, $place, $homely, |$context, $f| $call, move |$($input: $type)?| $job.future($seen))
            }
        }
    };
}

fn number(error: &Error) -> u32 {
    Flaw::of(error).number()
}

impl Builder<'_> {
    fn job(&self, step: &Step) -> Job {
        let finish = Finish { probe: Probe::new(&self.records, step.id + 1), id: step.id, act: step.act };
        Job { probe: Probe::new(&self.records, step.id), finish, via: step.via, places: self.places.clone() }
    }

    fn step(&self, step: &Step, task: Task<Value>) -> Task<Value> {
        let job = self.job(step);
        let place = step.place;
        match step.verb {
            Verb::Map => at!(self, place, homely, |c, f| task.map(c, f), move |value: Value| job.give(value.number)),
            Verb::Catch => {
                at!(self, place, homely, |c, f| task.catch(c, f), move |error: Error| job.give(number(&error)))
            }
            Verb::Inspect => {
                at!(self, place, std::convert::identity, |c, f| task.inspect(c, f), move |_: &Result<Value>| job.look())
            }
            Verb::AndThen => via!(self, place, homely, |c, f| task.and_then(c, f), job, (value: Value) => value.number),
            Verb::OrElse => via!(self, place, homely, |c, f| task.or_else(c, f), job, (error: Error) => number(&error)),
            Verb::Then => {
                via!(self, place, homely, |c, f| task.then(c, f), job, (outcome: Result<Value>) => outcome
                    .as_ref()
                    .map_or_else(number, |value| value.number))
            }
        }
    }

    fn run(&self, step: &Step) -> Task<Value> {
        let (job, place) = (self.job(step), step.place);
        if matches!(step.verb, Verb::Map | Verb::Catch | Verb::Inspect) {
            return at!(self, place, homely_run, |c, f| run(c, f), move || job.give(0));
        }
        via!(self, place, homely_run, |c, f| try_run(c, f), job, () => 0)
    }

    fn spawn(&self, id: usize, place: Place, hops: &[Place], act: Act, of: Option<Task<Value>>) -> Task<Value> {
        let step = Step { id, verb: Verb::Then, place, act, via: Via::Future };
        let (job, hops, places) = (self.job(&step), hops.to_vec(), self.places.clone());
        if place == Place::Here {
            let own = Rc::new(());
            return spawn(self.here, async move {
                let job = job;
                let _own = own;
                job.probe.ran();
                let seen = awaited(of).await?;
                job.finish.act(seen)
            });
        }
        at!(self, place, std::convert::identity, |c, f| spawn_with(c, f), move |cx: threadbare::Cx| async move {
            let job = job;
            job.probe.ran();
            let seen = awaited(of).await?;
            for hop in hops {
                match hop {
                    Place::Worker => cx.hop(&places.worker).await,
                    Place::Pool => cx.hop(&places.pool).await,
                    _ => drop(cx.hop(&places.main).await),
                }
            }
            job.finish.act(seen)
        })
    }

    pub(crate) fn build(&mut self, tree: &Tree) -> Task<Value> {
        match tree {
            Tree::Promise { id, how, elsewhere } => {
                let (promise, task) = promise();
                let pending = Pending { id: *id, how: *how, promise, records: Arc::clone(&self.records) };
                let left = if *elsewhere { (self.elsewhere)(pending) } else { Some(pending) };
                self.pending.extend(left);
                task
            }
            Tree::Lost { limit } => {
                let (promise, task) = promise();
                self.lost.push(promise);
                self.timeout(*limit, task)
            }
            Tree::Settled { id, act } => match act {
                Act::Give => Task::resolved(Value::new(&self.records, mix(0, *id))),
                Act::Fail => Task::rejected(Failure::new(&self.records, *id)),
                Act::Panic => Task::create(|_promise| panic!("{}", panic_message(*id))),
            },
            Tree::Run(step) => self.run(step),
            Tree::Spawn { id, place, hops, act, of } => {
                let of = of.as_ref().map(|of| self.build(of));
                self.spawn(*id, *place, hops, *act, of)
            }
            Tree::Delay { ms } => {
                let records = Arc::clone(&self.records);
                let delay = self.clock.delay(Duration::from_millis(*ms));
                delay.map(&Immediate, move |()| Value::new(&records, 0))
            }
            Tree::Step(step, of) => {
                let task = self.build(of);
                self.step(step, task)
            }
            Tree::With(of) => self.build(of).with(5).map(&Immediate, |(five, mut value)| {
                value.number = fold(value.number, five);
                value
            }),
            Tree::Timeout(limit, of) => {
                let task = self.build(of);
                self.timeout(*limit, task)
            }
            Tree::Gather(many, of) => {
                let tasks = of.iter().map(|tree| self.build(tree)).collect();
                self.gather(*many, tasks)
            }
            Tree::Join(one, other) => {
                let both = (self.build(one), self.build(other));
                join(both).map(&Immediate, |(mut one, other)| {
                    one.number = fold(fold(0, one.number), other.number);
                    one
                })
            }
            Tree::Share(many, of, branches) => {
                let shared = self.build(of).share();
                let mut kept = Vec::new();
                for branch in branches {
                    let task = branch.steps.iter().fold(shared.fork(), |task, step| self.step(step, task));
                    if branch.kept {
                        kept.push(task);
                    } else {
                        task.detach();
                    }
                }
                kept.push(shared.fork());
                self.gather(*many, kept)
            }
            Tree::LetGo(first, then) => {
                drop(self.build(first));
                self.build(then)
            }
        }
    }

    fn timeout(&self, limit: u64, task: Task<Value>) -> Task<Value> {
        let clock = self.clock;
        Clock::timeout(&clock, task, Duration::from_millis(limit))
    }

    fn gather(&self, many: Many, tasks: Vec<Task<Value>>) -> Task<Value> {
        match many {
            Many::All => {
                let records = Arc::clone(&self.records);
                all(tasks).map(&Immediate, move |values| {
                    Value::new(&records, values.iter().fold(0, |sum, value| fold(sum, value.number)))
                })
            }
            Many::Race => race(tasks),
            Many::Any => any(tasks),
        }
    }
}

async fn awaited(of: Option<Task<Value>>) -> Result<u32> {
    match of {
        Some(task) => Ok(task.await?.number),
        None => Ok(0),
    }
}
