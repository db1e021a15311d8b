//! Programs: what the property tests run, as data that shrinks.

/// Where a closure runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Worker,
    /// A second worker, of one thread.
    Pool,
    /// The main thread, by `&Main`.
    Main,
    /// The main thread, by `&MainThread`: the closure is not `Send`.
    Here,
    Immediate,
}

/// What a closure does in the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Act {
    /// Has a value, made of what it has seen.
    Give,
    /// Has an error of its own. (A closure that cannot, as that of `map`, gives.)
    Fail,
    Panic,
}

/// What a closure returns to go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Via {
    Result,
    /// A task that is settled.
    Settled,
    /// The task of a `try_run`, which acts.
    Run(Place),
    /// A future, which acts.
    Future,
    /// A future that awaits a `try_run`, which acts.
    FutureOf(Place),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verb {
    Map,
    AndThen,
    Catch,
    OrElse,
    Then,
    Inspect,
}

/// A verb, and its closure.
#[derive(Clone, Debug)]
pub(crate) struct Step {
    pub(crate) id: usize,
    pub(crate) verb: Verb,
    pub(crate) place: Place,
    pub(crate) act: Act,
    pub(crate) via: Via,
}

/// How a promise ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum How {
    Resolve,
    Reject,
    Drop,
}

/// Many into one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Many {
    All,
    Race,
    Any,
}

/// A fork of a shared task, and what is attached to it.
#[derive(Clone, Debug)]
pub(crate) struct Branch {
    pub(crate) steps: Vec<Step>,
    /// Is its task kept? Otherwise it is dropped when it is made.
    pub(crate) kept: bool,
}

/// How a task is made. Durations are in milliseconds.
#[derive(Clone, Debug)]
pub(crate) enum Tree {
    /// The script settles it, or (`elsewhere`) another thread does, as soon as it can.
    Promise {
        id: usize,
        how: How,
        elsewhere: bool,
    },
    /// A limit on a promise that is dropped when all else is over.
    Lost {
        limit: u64,
    },
    /// `Task::settled`, or `Task::create` that panics.
    Settled {
        id: usize,
        act: Act,
    },
    /// `run`, or `try_run`.
    Run(Step),
    /// A future that awaits the task, goes to these places, and acts.
    Spawn {
        id: usize,
        place: Place,
        hops: Vec<Place>,
        act: Act,
        of: Option<Box<Tree>>,
    },
    Delay {
        ms: u64,
    },
    Step(Step, Box<Tree>),
    With(Box<Tree>),
    Timeout(u64, Box<Tree>),
    Gather(Many, Vec<Tree>),
    Join(Box<Tree>, Box<Tree>),
    /// The forks with their branches, and one more fork, into one.
    Share(Many, Box<Tree>, Vec<Branch>),
    /// The first is let go of; the second it is.
    LetGo(Box<Tree>, Box<Tree>),
}

/// What becomes of the task of a tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    Wait,
    /// Looked at until it has settled.
    Poll,
    /// Awaited by a task that is waited for.
    Await,
    /// Dropped as soon as it is made.
    Drop,
}

/// What the script does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Event {
    /// Lets work be done: so many dispatches, or steps of a single thread.
    Turn(usize),
    /// Settles one of the promises that are left.
    Settle(usize),
    /// Drops the task of one of the trees.
    LetGo(usize),
    /// Lets time pass.
    Pass(u64),
    /// On threads the second worker's pool closes; a single thread closes whole.
    Close { now: bool },
    /// The main thread leaves; a single thread's host goes whole.
    Leave,
}

#[derive(Clone, Debug)]
pub(crate) struct Program {
    pub(crate) roots: Vec<(Tree, End)>,
    pub(crate) script: Vec<Event>,
}

impl Program {
    /// Gives each closure and promise an id of its own; closures have two in a row, for what they do in the end may be done
    /// by another.
    pub(crate) fn numbered(mut self) -> Self {
        let mut next = 0;
        self.roots.iter_mut().for_each(|(tree, _)| tree.number(&mut next));
        self
    }

    /// How many ids there are.
    pub(crate) fn ids(&self) -> usize {
        let mut next = 0;
        self.clone().roots.iter_mut().for_each(|(tree, _)| tree.number(&mut next));
        next
    }
}

impl Tree {
    fn number(&mut self, next: &mut usize) {
        let mut take = || std::mem::replace(next, *next + 2);
        match self {
            Tree::Promise { id, .. } | Tree::Settled { id, .. } | Tree::Spawn { id, .. } => *id = take(),
            Tree::Run(step) | Tree::Step(step, _) => step.id = take(),
            Tree::Share(_, _, branches) => {
                branches.iter_mut().flat_map(|branch| &mut branch.steps).for_each(|step| step.id = take());
            }
            _ => {}
        }
        match self {
            Tree::Spawn { of: Some(of), .. }
            | Tree::Step(_, of)
            | Tree::With(of)
            | Tree::Timeout(_, of)
            | Tree::Share(_, of, _) => of.number(next),
            Tree::Gather(_, trees) => trees.iter_mut().for_each(|tree| tree.number(next)),
            Tree::Join(one, other) | Tree::LetGo(one, other) => {
                one.number(next);
                other.number(next);
            }
            _ => {}
        }
    }
}
