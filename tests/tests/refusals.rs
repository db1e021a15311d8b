//! Queues that reject work or give it back: which error its task gets, what follows from it, and how deep.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use behaviour::{Log, PolledProcessor, watchdog};
use threadbare::{
    Arrive, Error, ErrorKind, Immediate, Refused, Runnable, Schedule, Task, Worker, promise, run, set_error_hook,
    spawn, spawn_with,
};

fn full() -> Error {
    Error::full("no room for it")
}

/// Polled once, then refused when it is woken: it is dropped, and its task gets the reason.
#[test]
fn a_future_that_is_refused_later_gets_the_reason() {
    let queue = PolledProcessor::default();
    let worker = Worker::new(queue.clone());
    for reject in [true, false] {
        let log = Log::new();
        let (probe, (promise, pending)) = (log.probe(), promise::<u32>());
        let task = spawn(&worker, async move {
            probe.poll();
            let n = pending.await?;
            probe.run();
            Ok(n)
        });
        assert!(queue.turn());
        promise.resolve(1);
        let mut woken = queue.take();
        assert_eq!((woken.len(), log.drops().len()), (1, 0));
        let woken = woken.next().expect("it was woken");
        if reject {
            woken.reject(full())
        } else {
            drop(woken)
        }
        let kind = task.try_take().expect("settled").expect_err("not run").kind();
        assert_eq!(kind, if reject { ErrorKind::Full } else { ErrorKind::Closed });
        assert_eq!((log.polls().len(), log.runs().len(), log.drops().len()), (1, 0, 1));
    }
}

/// What follows at once from a rejection runs on the thread that rejects, before `reject` returns.
#[test]
fn what_follows_from_a_rejection_follows_at_once() {
    let queue = PolledProcessor::default();
    let worker = Worker::new(queue.clone());
    let log = Log::new();
    let probe = log.probe();
    let out = run(&worker, || 1).map(&worker, |n| n + 1).catch(&Immediate, move |error| {
        probe.run();
        if error.kind() == ErrorKind::Full { 7 } else { 0 }
    });
    queue.take().for_each(|runnable| runnable.reject(full()));
    assert_eq!((log.runs().len(), log.drops().len()), (1, 1));
    assert_eq!(out.try_take().expect("settled").expect("caught"), 7);
}

/// Room for one: who comes takes the place of who waits.
#[derive(Clone, Default)]
struct Newest(Arc<Mutex<Option<Runnable>>>);

impl Schedule for Newest {
    fn schedule(&self, runnable: Runnable) {
        if let Err(refused) = self.try_schedule(runnable) {
            refused.reject();
        }
    }

    fn try_schedule(&self, runnable: Runnable) -> Result<(), Refused> {
        let older = self.0.lock().unwrap().replace(runnable);
        older.map_or(Ok(()), |runnable| Err(Refused { runnable, error: Error::canceled("something newer came") }))
    }

    fn key(&self) -> usize {
        Arc::as_ptr(&self.0).addr()
    }
}

#[test]
fn a_queue_may_give_back_another_than_it_was_offered() {
    let queue = Newest::default();
    let (promises, pending): (Vec<_>, Vec<_>) = (0..3).map(|_| promise::<u32>()).unzip();
    let mut tasks: Vec<_> = pending.into_iter().map(|task| task.map(&queue, |n| n + 1)).collect();
    // One by one: a continuation, a run, a future and a continuation again, each of which displaces the one before.
    let [first, second, third] = promises.try_into().expect("three");
    first.resolve(0);
    tasks.push(run(&queue, || 10));
    second.resolve(1);
    tasks.push(spawn(&queue, async { Ok(20) }));
    third.resolve(2);
    let left = queue.0.lock().unwrap().take();
    left.expect("the newest is there").run();
    let outcomes: Vec<_> =
        tasks.into_iter().map(|task| task.try_take().expect("settled").map_err(|e| e.kind())).collect();
    let gone = Err(ErrorKind::Canceled);
    assert_eq!(outcomes, [gone, gone, Ok(3), gone, gone]);
}

/// A queue without room, which gives its reason to who asks for it.
#[derive(Clone, Default)]
struct NoRoom(Arc<()>);

impl Schedule for NoRoom {
    fn schedule(&self, runnable: Runnable) {
        drop(runnable);
    }

    fn try_schedule(&self, runnable: Runnable) -> Result<(), Refused> {
        Err(Refused { runnable, error: full() })
    }

    fn key(&self) -> usize {
        Arc::as_ptr(&self.0).addr()
    }
}

impl Arrive for NoRoom {
    type Proof = ();

    fn arrive(&self) {}
}

/// The core asks for the reason, whatever it is that it queues.
#[test]
fn every_kind_of_work_gets_the_reason() {
    let queue = NoRoom::default();
    let to = queue.clone();
    let tasks = [
        ("run", run(&queue, || 1)),
        ("a continuation", Task::resolved(1).map(&queue, |n| n)),
        ("a future", spawn(&queue, async { Ok(1) })),
        ("a returned future", Task::resolved(1).and_then(&queue, |n| async move { Ok(n) })),
        ("a block that hops", spawn_with(&queue, |_| async { Ok(1) })),
        (
            "a block that hops there",
            spawn_with(&Immediate, |cx| async move {
                cx.hop(&to).await;
                Ok(1)
            }),
        ),
    ];
    for (what, task) in tasks {
        assert_eq!(task.try_take().expect("settled").expect_err("refused").kind(), ErrorKind::Full, "{what}");
    }
}

/// How a [`Refusing`] queue refuses.
#[derive(Clone, Copy, Debug, PartialEq)]
enum How {
    /// It drops what it is given.
    Drops,
    /// It rejects that itself.
    Rejects,
    /// It gives it back.
    GivesBack,
}

/// A queue that refuses everything once it is told to, and until then runs it in place of whoever queues.
#[derive(Clone)]
struct Refusing(How, Arc<AtomicBool>);

impl Schedule for Refusing {
    fn schedule(&self, runnable: Runnable) {
        if let Err(refused) = self.try_schedule(runnable) {
            refused.reject();
        }
    }

    fn try_schedule(&self, runnable: Runnable) -> Result<(), Refused> {
        match self.0 {
            _ if !self.1.load(Ordering::SeqCst) => runnable.run(),
            How::Drops => drop(runnable),
            How::Rejects => runnable.reject(full()),
            How::GivesBack => return Err(Refused { runnable, error: full() }),
        }
        Ok(())
    }

    fn key(&self) -> usize {
        Arc::as_ptr(&self.1).addr()
    }
}

/// Leaves three bytes of stack for each. (Under Miri, which has no such stack, it is about memory.)
const MANY: usize = if cfg!(miri) { 50 } else { 20_000 };

/// Chains of everything that can be refused: each refusal rejects the next, which is refused as well, although it would see
/// the error, or awaits it.
#[test]
fn chains_of_refusals_are_no_recursion() {
    let _watchdog = watchdog("chains of refusals");
    // The errors that the futures were to await are left to nobody.
    assert!(set_error_hook(|_| ()), "no other test here sets it");
    type Link = fn(Task<usize>, &Refusing, &Arc<()>) -> Task<usize>;
    let links: [(&str, usize, Link); 4] = [
        ("thens", 5 * MANY, |task, queue, probe| {
            let probe = Arc::clone(probe);
            task.then(queue, move |outcome| (outcome, probe).0)
        }),
        ("catches between two queues", MANY, |task, queue, probe| {
            let (probe, other) = (Arc::clone(probe), Refusing(queue.0, Arc::new(AtomicBool::new(true))));
            task.catch(&other, |_| 0).then(queue, move |outcome| (outcome, probe).0)
        }),
        ("futures", MANY, |task, queue, probe| {
            let probe = Arc::clone(probe);
            spawn(queue, async move { (task.await, probe).0.or(Ok(0)) })
        }),
        ("closures that own the next one's promise", MANY, |task, queue, probe| {
            let ((promise, next), probe) = (promise(), Arc::clone(probe));
            let owned = (promise, probe);
            let refused = task.then(queue, move |_| {
                drop(owned);
                Ok(())
            });
            refused.catch(&Immediate, |_| ()).detach();
            next
        }),
    ];
    for (what, many, link) in links {
        for how in [How::Drops, How::Rejects, How::GivesBack] {
            let small = std::thread::Builder::new().stack_size(64 << 10).spawn(move || {
                let queue = Refusing(how, Arc::new(AtomicBool::new(false)));
                let probe = Arc::new(());
                let (promise, task) = promise::<usize>();
                let end = (0..many).fold(task, |task, _| link(task, &queue, &probe));
                queue.1.store(true, Ordering::SeqCst);
                promise.resolve(0);
                let kind = end.try_take().expect("settled").expect_err("refused").kind();
                let abandoned = what.starts_with("closures");
                let wanted = if how == How::Drops { ErrorKind::Closed } else { ErrorKind::Full };
                assert_eq!(kind, if abandoned { ErrorKind::Abandoned } else { wanted }, "{what}, {how:?}");
                assert_eq!(Arc::strong_count(&probe), 1, "{what}, {how:?}: closures are left");
            });
            small.expect("a thread").join().expect("it did not overflow");
        }
    }
}
