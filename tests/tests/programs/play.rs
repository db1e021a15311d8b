//! Plays a program, and holds it against the model.

use std::io::Write;
use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

use threadbare::{Result, Task, spawn};
use threadbare_single_thread::SingleThread;

use crate::build::{Builder, Places};
use crate::model::{Fate, Model};
use crate::program::{End, Event, Place, Program};
use crate::record::{Flaw, Outcome, Record, Records, Seat, Value};
use crate::stage::{OneThread, Stage, Threads};

/// What is wrong.
pub(crate) type Verdict = std::result::Result<(), String>;

/// How long something that must happen by itself may take. Nothing is decided by it but that it hangs.
const PATIENCE: Duration = Duration::from_secs(6);
/// More than any timer of a program.
const LATE: Duration = Duration::from_secs(60);

/// Aborts the process, saying what hangs, unless it is dropped in time: for waits, which nobody else can end.
struct Watch {
    _alive: Sender<()>,
}

impl Watch {
    fn over(program: &Program, stage: String) -> Self {
        let (alive, watched) = channel();
        let program = program.clone();
        std::thread::spawn(move || {
            if watched.recv_timeout(5 * PATIENCE) == Err(RecvTimeoutError::Timeout) {
                // Not captured, as what a test prints is.
                _ = writeln!(std::io::stderr(), "it hangs {stage}: {program:?}");
                std::process::abort();
            }
        });
        Self { _alive: alive }
    }
}

/// Plays it with two pools and the main thread.
pub(crate) fn on_threads(program: &Program) -> Verdict {
    let _watch = Watch::over(program, "on threads".into());
    play(program, Threads::start()).map_err(|what| format!("on threads: {what}"))
}

/// Plays it on a single thread: in order of queueing, or in that of a seed.
pub(crate) fn on_one_thread(program: &Program, seed: Option<u64>) -> Verdict {
    let _watch = Watch::over(program, format!("on one thread, seed {seed:?}"));
    let single = || seed.map_or_else(SingleThread::new, SingleThread::seeded);
    let once = || {
        let before = behaviour::live_bytes();
        let verdict = play(program, OneThread::start(single()));
        verdict.map(|()| behaviour::live_bytes().cast_signed() - before.cast_signed())
    };
    // The same each time: but the test harness has the process's heap as well, so it is asked more than once.
    let leaks = |_| once().map(|bytes| bytes > 0);
    let leak = (0..4).map(leaks).find(|leaks| *leaks != Ok(true)).unwrap_or(Ok(true));
    match leak {
        Ok(false) => Ok(()),
        Ok(true) => Err(format!("on one thread, seed {seed:?}: it leaks")),
        Err(what) => Err(format!("on one thread, seed {seed:?}: {what}")),
    }
}

/// The task of a tree, until its end.
struct Root {
    task: Option<Task<Value>>,
    end: End,
    fate: Fate,
}

fn play<S: Stage>(program: &Program, mut stage: S) -> Verdict {
    let mut model = Model::new(program, S::closing(program));
    let fates: Vec<Fate> = program.roots.iter().map(|(tree, _)| model.fate(tree)).collect();
    let records = Records::new(program.ids());
    let (mut roots, mut pending, lost) = {
        let (here, clock) = stage.parts().expect("it has just started");
        let mut builder = Builder {
            places: stage.places(),
            here,
            clock,
            records: Arc::clone(&records),
            elsewhere: &|pending| stage.elsewhere(pending),
            pending: Vec::new(),
            lost: Vec::new(),
        };
        let mut roots = Vec::new();
        for ((tree, end), fate) in program.roots.iter().zip(fates) {
            let task = builder.build(tree);
            roots.push(Root { task: (*end != End::Drop).then_some(task), end: *end, fate });
        }
        (roots, builder.pending, builder.lost)
    };

    for event in &program.script {
        match *event {
            Event::Turn(times) => (0..times).for_each(|_| _ = stage.turn()),
            Event::Settle(which) if !pending.is_empty() => pending.remove(which % pending.len()).settle(),
            Event::Settle(_) => {}
            Event::LetGo(which) => {
                let roots_left = roots.len();
                drop(roots[which % roots_left].task.take());
            }
            Event::Pass(ms) => stage.pass(Duration::from_millis(ms)),
            Event::Close { now } => stage.close(now),
            Event::Leave => stage.leave(),
        }
    }
    pending.into_iter().for_each(|pending| pending.settle());
    stage.pass(LATE);

    for (index, root) in roots.into_iter().enumerate() {
        let Root { task: Some(task), end, fate } = root else { continue };
        let outcome = outcome_of(&stage, task, end).map_err(|what| format!("root {index}: {what}"))?;
        if fate.outcomes.as_ref().is_some_and(|allowed| !allowed.contains(&outcome)) {
            return Err(format!("root {index} settles with {outcome:?}, not with one of {:?}", fate.outcomes));
        }
    }
    // What was let go of goes on, too.
    drop(lost);
    let has_left = stage.parts().is_none();
    let over = |records: &Records| {
        // What is bound to a main thread that has left is waited for by nobody.
        let bound = |id: usize| has_left && model.places[id & !1] == Some(Place::Here);
        let done = |(id, record): (usize, &Record)| record.drops() == 1 || !is_closure(&model, id) || bound(id);
        records.closures.iter().enumerate().all(done)
    };
    let start = Instant::now();
    while !over(&records) && start.elapsed() < PATIENCE && stage.turn() {}
    if !S::THREADS {
        stage.pass(LATE);
    }
    drop(stage);
    judge::<S>(&model, &records, has_left)
}

/// Not a promise's id, nor one of a tree that has none.
fn is_closure(model: &Model, id: usize) -> bool {
    model.places[id & !1].is_some()
}

fn outcome_of<S: Stage>(stage: &S, task: Task<Value>, end: End) -> std::result::Result<Outcome, String> {
    let mut task = task;
    if end == End::Await {
        let Places { worker, .. } = stage.places();
        if !S::THREADS && stage.parts().is_none() {
            // Nobody polls the worker any more.
            task = spawn(&threadbare::Immediate, task.into_future());
        } else if S::THREADS {
            task = spawn(&worker, task.into_future());
        }
    }
    if end == End::Poll || (stage.parts().is_none() && !S::THREADS) {
        let start = Instant::now();
        loop {
            match task.try_take() {
                Ok(outcome) => return Ok(read(outcome)),
                Err(pending) => task = pending,
            }
            if !stage.turn() && !task.is_settled() || start.elapsed() > PATIENCE {
                return Err("it does not settle".into());
            }
        }
    }
    Ok(read(match stage.parts() {
        Some((here, _)) => here.wait(task),
        None => task.wait(),
    }))
}

fn read(outcome: Result<Value>) -> Outcome {
    outcome.map(|value| value.number).map_err(|error| Flaw::of(&error))
}

/// What must hold when all is over.
fn judge<S: Stage>(model: &Model, records: &Records, has_left: bool) -> Verdict {
    let mut leaks = false;
    for (id, record) in records.closures.iter().enumerate() {
        if !is_closure(model, id) {
            continue;
        }
        let (chance, place) = (model.chances[id], model.places[id]);
        let (runs, drops) = (record.runs(), record.drops());
        let wrong =
            |what: &str| Err(format!("closure {id} of {place:?}: {what}; ran {runs} times, dropped {drops} times"));
        match (chance.run, chance.skip) {
            (true, false) if runs != 1 => return wrong("must run once"),
            (false, _) if runs != 0 => return wrong("must be skipped"),
            _ if runs > 1 => return wrong("ran more than once"),
            _ => {}
        }
        // What is bound to a main thread that has left may be leaked.
        let may_leak = S::THREADS && has_left && model.places[id & !1] == Some(Place::Here);
        leaks |= drops == 0;
        if drops > 1 || (drops == 0 && !may_leak) {
            return wrong("must be dropped once");
        }
        let seat = match place {
            Some(Place::Main | Place::Here) => Seat::Driver,
            Some(Place::Worker) if S::THREADS => Seat::Worker,
            Some(Place::Pool) if S::THREADS => Seat::Pool,
            _ => continue,
        };
        if runs == 1 && !record.ran_on(seat) {
            return wrong("ran on a wrong thread");
        }
        let stays = runs == 1 && !model.moves[id] || place == Some(Place::Here);
        if stays && drops == 1 && !record.dropped_on(seat) {
            return wrong("was dropped on a wrong thread");
        }
    }
    match records.alive() {
        0 => Ok(()),
        // A future that is leaked has what it awaits.
        _ if leaks => Ok(()),
        alive => Err(format!("{alive} values or errors are left")),
    }
}
