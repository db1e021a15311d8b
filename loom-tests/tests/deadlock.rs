//! The walk that tells a wait for oneself: along the chain of what a thread is in the middle of, while others make it longer.

#![cfg(loom)]

use loom_tests::{bounded, race_apart};
use threadbare::{ErrorKind, Immediate, promise};

/// A closure waits for what somebody else settles, while a continuation is attached to its own task: the walk comes upon
/// that while it is new. Broken if `consumer` did not take over what `attach` has published.
///
/// At most two preemptions.
#[test]
fn a_chain_that_grows_while_it_is_walked() {
    bounded(2).yields(["waited"], |order| {
        let (start, started) = promise::<()>();
        let (elsewhere, task) = promise::<u32>();
        let own = started.map(&Immediate, move |()| task.wait());
        let ((), longer) = race_apart(
            order,
            move || start.resolve(()),
            move || {
                let longer = own.map(&Immediate, |outcome| outcome.map(|n| n + 1));
                elsewhere.resolve(1);
                longer
            },
        );
        let outcome = longer.try_take().expect("both sides are through").expect("its closure ran");
        assert_eq!(outcome.expect("it waited for somebody else"), 2);
        "waited"
    });
}

/// The same for a closure that waits for its own task, whoever gets there first: an error, and no sleep.
#[test]
fn a_wait_for_oneself_ends() {
    bounded(2).yields(["told"], |order| {
        let (start, started) = promise::<()>();
        let (give, given) = promise();
        let own = started.map(&Immediate, move |()| {
            let own: threadbare::Task<ErrorKind> = given.wait().expect("handed in");
            own.wait().expect_err("it cannot settle while its closure waits for it").kind()
        });
        let (report, reported) = promise();
        let seen = own.inspect(&Immediate, move |outcome| report.resolve(outcome.as_ref().ok().copied()));
        let ((), ()) = race_apart(order, move || start.resolve(()), move || give.resolve(seen));
        assert_eq!(reported.try_take().expect("told").expect("told"), Some(ErrorKind::Deadlock));
        "told"
    });
}
