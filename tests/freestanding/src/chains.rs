//! Long chains, on the small stack.

use threadbare::{Error, ErrorKind, Immediate, Schedule, Task, Worker, promise, run};
use threadbare_single_thread::Host;

use crate::memory::{live, made, most_during};
use crate::report::{Report, Seen, seen};

const LENGTH: u32 = 100_000;

fn chain(mut task: Task<u32>, queue: &impl Schedule) -> Task<u32> {
    for _ in 0..LENGTH {
        task = task.map(queue, |n| n + 1);
    }
    task
}

/// Pending continuations: resolved, rejected, abandoned, dropped.
pub(crate) fn pending(report: &mut Report, host: &Host) {
    fn in_context(report: &mut Report, host: &Host, queue: &impl Schedule) {
        let before = (made(), live());
        let (first, task) = promise();
        let task = chain(task, queue);
        let blocks = (made() - before.0, live() - before.1);
        report.expect("a chain is one allocation for each part", blocks, (LENGTH as usize + 1, LENGTH as usize + 1));
        first.resolve(0);
        host.run_until_idle();
        report.expect("resolved, it settles", seen(task), Seen::Value(LENGTH));

        let (first, task) = promise();
        let task = chain(task, queue);
        first.reject(Error::msg("no"));
        report.expect("rejected, it is skipped at once", seen(task), Seen::error(ErrorKind::Other, "no"));

        let (first, task) = promise();
        let task = chain(task, queue);
        drop(first);
        report.expect("abandoned, likewise", seen(task).kind(), Some(ErrorKind::Abandoned));

        let (first, task) = promise();
        drop(chain(task, queue));
        first.resolve(0);
        host.run_until_idle();
        report.expect("with its end dropped, all of it is freed", live(), before.1);
    }
    in_context(report, host, &Immediate);
    in_context(report, host, host.worker());
    in_context(report, host, host.main());
}

/// Every part in another context than the one before.
pub(crate) fn across_contexts(report: &mut Report, host: &Host) {
    let (first, mut task) = promise();
    for _ in 0..LENGTH / 2 {
        task = task.map(host.worker(), |n| n + 1).map(host.here(), |n| n + 1);
    }
    first.resolve(0);
    host.run_until_idle();
    report.expect("a chain that hops at every part", seen(task), Seen::Value(LENGTH));
}

/// Each step returns the task of the next one.
pub(crate) fn returned_tasks(report: &mut Report, host: &Host) {
    fn step(worker: Worker, n: u32) -> Task<u32> {
        let next = worker.clone();
        run(&worker, move || n).and_then(
            &worker,
            move |n| {
                if n == LENGTH { Task::resolved(n) } else { step(next, n + 1) }
            },
        )
    }
    let (task, most) = most_during(|| {
        let task = step(host.worker().clone(), 0);
        host.run_until_idle();
        task
    });
    report.expect("steps that return the next one's task", seen(task), Seen::Value(LENGTH));
    report.expect("take the memory of a few", most < 16, true);
}
