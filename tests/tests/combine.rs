//! `all`, `join`, `race` and `any`: every order of settling, every outcome, some settled before and some after, against
//! what the words say.

use threadbare::{Error, ErrorKind, Immediate, NoneResolved, Promise, Result, Task, all, any, join, promise, race};

/// What an input does.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Input {
    Resolves,
    Rejects,
    /// Its promise is dropped.
    Drops,
}

const INPUTS: [Input; 3] = [Input::Resolves, Input::Rejects, Input::Drops];

const ORDERS: [[usize; 3]; 6] = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];

fn settle(promise: Promise<usize>, index: usize, input: Input) {
    match input {
        Input::Resolves => promise.resolve(index),
        Input::Rejects => promise.reject(Error::msg(index)),
        Input::Drops => drop(promise),
    }
}

/// The outcome of an input, as text.
fn text(index: usize, input: Input) -> String {
    match input {
        Input::Resolves => format!("ok {index}"),
        Input::Rejects => format!("{index}"),
        Input::Drops => "the promise was dropped without being settled".to_string(),
    }
}

/// One case: what the inputs do, in which order, how many of them before they are combined.
struct Case {
    inputs: [Input; 3],
    order: [usize; 3],
    before: usize,
}

impl Case {
    fn each(mut check: impl FnMut(&Case)) {
        let mut cases = 0;
        for order in ORDERS {
            for before in 0..=3 {
                for a in INPUTS {
                    for b in INPUTS {
                        for c in INPUTS {
                            check(&Case { inputs: [a, b, c], order, before });
                            cases += 1;
                        }
                    }
                }
            }
        }
        assert_eq!(cases, 6 * 4 * 27);
    }

    /// Combines three tasks; returns the outcome, and after how many of them had settled it was there.
    fn run<T: Send + 'static>(&self, combine: impl FnOnce([Task<usize>; 3]) -> Task<T>) -> (Result<T>, usize) {
        let mut promises = [const { None }; 3];
        let tasks = [0, 1, 2].map(|index: usize| {
            let (promise, task) = promise();
            promises[index] = Some(promise);
            task
        });
        let mut settle_next = |step: usize| {
            let index = self.order[step];
            settle(promises[index].take().expect("each once"), index, self.inputs[index]);
        };
        (0..self.before).for_each(&mut settle_next);
        let combined = combine(tasks);
        let mut steps = self.before;
        while !combined.is_settled() && steps < 3 {
            settle_next(steps);
            steps += 1;
        }
        let outcome = combined.try_take().expect("settled when all inputs are");
        (steps..3).for_each(settle_next);
        (outcome, steps)
    }

    fn first_by_position(&self, what: impl Fn(Input) -> bool) -> Option<usize> {
        (0..3).find(|&index| what(self.inputs[index]))
    }

    fn describe(&self) -> String {
        format!("{:?}, settled in the order {:?}, {} of them before", self.inputs, self.order, self.before)
    }
}

fn rejects(input: Input) -> bool {
    input != Input::Resolves
}

#[test]
fn all_has_every_value_or_the_first_error_by_position() {
    Case::each(|case| {
        let (outcome, steps) = case.run(all);
        assert_eq!(steps, 3, "it waits for every input: {}", case.describe());
        match case.first_by_position(rejects) {
            None => assert_eq!(outcome.expect("all resolve"), [0, 1, 2]),
            Some(index) => {
                assert_eq!(outcome.expect_err("one rejects").to_string(), text(index, case.inputs[index]));
            }
        }
    });
}

#[test]
fn join_has_every_value_or_the_first_error_by_position() {
    Case::each(|case| {
        let (outcome, steps) = case.run(|[a, b, c]| join((a, b.map(&Immediate, |n| n.to_string()), c.with('c'))));
        assert_eq!(steps, 3, "it waits for every input: {}", case.describe());
        match case.first_by_position(rejects) {
            None => assert_eq!(outcome.expect("all resolve"), (0, "1".to_string(), ('c', 2))),
            Some(index) => {
                assert_eq!(outcome.expect_err("one rejects").to_string(), text(index, case.inputs[index]));
            }
        }
    });
}

#[test]
fn race_is_the_first_to_settle() {
    Case::each(|case| {
        let (outcome, steps) = case.run(race);
        assert_eq!(steps, case.before.max(1), "the first decides: {}", case.describe());
        // Of those that had settled before, the first by position is looked at first.
        let winner = if case.before > 0 {
            *case.order[..case.before].iter().min().expect("one at least")
        } else {
            case.order[0]
        };
        let outcome = outcome.map_or_else(|error| error.to_string(), |index| format!("ok {index}"));
        assert_eq!(outcome, text(winner, case.inputs[winner]), "{}", case.describe());
    });
}

#[test]
fn any_is_the_first_to_resolve_or_all_the_errors() {
    Case::each(|case| {
        let (outcome, steps) = case.run(any);
        let resolving = |step: &usize| case.inputs[case.order[*step]] == Input::Resolves;
        let early = (0..case.before).filter(resolving).map(|step| case.order[step]).min();
        match early.or_else(|| (case.before..3).find(resolving).map(|step| case.order[step])) {
            Some(winner) => {
                assert_eq!(outcome.expect("one resolves"), winner, "{}", case.describe());
                let late = case.order.iter().position(|&index| index == winner).expect("it is one of them") + 1;
                assert_eq!(steps, if early.is_some() { case.before } else { late }, "{}", case.describe());
            }
            None => {
                let error = outcome.expect_err("none resolves");
                let errors = error.downcast_ref::<NoneResolved>().expect("it names them all").errors();
                let texts: Vec<_> = errors.iter().map(ToString::to_string).collect();
                assert_eq!(texts, [0, 1, 2].map(|index| text(index, case.inputs[index])), "in order");
                assert!(texts.iter().all(|text| error.to_string().contains(text)), "{error}");
            }
        }
    });
}

#[test]
fn of_nothing() {
    assert!(all(Vec::<Task<u8>>::new()).try_take().expect("at once").expect("no value is missing").is_empty());
    assert!(race(Vec::<Task<u8>>::new()).try_take().expect("at once").is_err());
    let error = any(Vec::<Task<u8>>::new()).try_take().expect("at once").expect_err("none resolves");
    assert!(error.downcast_ref::<NoneResolved>().is_some_and(|none| none.errors().is_empty()));
}

#[test]
fn the_combined_task_may_be_dropped_at_any_time() {
    Case::each(|case| {
        let mut promises = Vec::new();
        let tasks = [(); 3].map(|()| {
            let (promise, task) = promise();
            promises.push(Some(promise));
            task
        });
        let mut combined = Some(all(tasks.map(|task| task.catch(&Immediate, |_| 0))));
        for (step, &index) in case.order.iter().enumerate() {
            if step == case.before {
                combined = None;
            }
            settle(promises[index].take().expect("each once"), index, case.inputs[index]);
        }
        assert_eq!(combined.is_some_and(|task| task.is_settled()), case.before == 3, "{}", case.describe());
    });
}

#[test]
fn an_iterator_that_panics_lets_the_tasks_go() {
    let (promise, task) = promise::<u8>();
    let mut tasks = vec![task].into_iter();
    let caught = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        all(std::iter::from_fn(move || Some(tasks.next().expect("no more")))).detach();
    }));
    assert!(caught.is_err());
    promise.resolve(1); // the consumer has gone, and nothing is left behind: the leak checkers look
}

#[test]
fn forks_settle_in_the_order_in_which_they_were_made() {
    let order = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    for before in 0..=4 {
        let (promise, task) = promise();
        let shared = task.share();
        let fork = |n: usize| {
            let order = order.clone();
            shared.fork().map(&Immediate, move |text: String| order.lock().unwrap().push((n, text))).detach();
        };
        (0..before).for_each(fork);
        assert!(!shared.is_settled());
        promise.resolve("hero".to_string());
        assert!(shared.is_settled());
        (before..4).for_each(fork);
        let seen = std::mem::take(&mut *order.lock().unwrap());
        assert_eq!(seen, [0, 1, 2, 3].map(|n| (n, "hero".to_string())), "{before} forked before it was settled");
    }
}

#[test]
fn a_fork_made_while_it_fires_is_not_lost() {
    let (promise, task) = promise();
    let shared = task.share();
    let again = shared.clone();
    let inner = shared.fork().and_then(&Immediate, move |n: u32| again.fork().map(&Immediate, move |m| n + m));
    let after = shared.fork();
    promise.resolve(20);
    assert_eq!(inner.try_take().expect("settled").expect("resolved"), 40);
    assert_eq!(after.try_take().expect("settled").expect("resolved"), 20);
}

#[test]
fn a_clone_that_panics_rejects_its_fork_alone() {
    #[derive(Debug)]
    struct Fragile(std::sync::Arc<std::sync::atomic::AtomicUsize>);
    impl Clone for Fragile {
        fn clone(&self) -> Self {
            assert_ne!(self.0.fetch_add(1, std::sync::atomic::Ordering::Relaxed), 1, "the second clone breaks");
            Self(self.0.clone())
        }
    }
    let (promise, task) = promise();
    let shared = task.share();
    let forks = [shared.fork(), shared.fork(), shared.fork()];
    promise.resolve(Fragile(std::sync::Arc::default()));
    let kinds = forks.map(|fork| fork.try_take().expect("settled").map_err(|error| error.kind()).err());
    assert_eq!(kinds, [None, Some(ErrorKind::Panicked), None]);
}

#[test]
fn a_million_shared_tasks_in_a_row_settle_in_little_stack() {
    let deep = std::thread::Builder::new().stack_size(256 * 1024).spawn(|| {
        let (promise, mut task) = promise::<u32>();
        for _ in 0..1_000_000 {
            task = task.share().fork();
        }
        promise.resolve(7);
        task.try_take().expect("settled").expect("resolved")
    });
    assert_eq!(deep.expect("a thread").join().expect("it did not overflow"), 7);
}

/// Looking gives the outcome as often as one likes, before and after forks, and costs no task.
#[test]
fn a_shared_task_can_be_looked_at() {
    for outcome in [Ok(7), Err(Error::msg("no"))] {
        let (promise, task) = promise::<u32>();
        let shared = task.share();
        assert!(shared.peek().is_none());
        let fork = shared.fork();
        promise.settle(outcome.clone());
        let text = |outcome: Result<u32>| outcome.map_err(|error| error.to_string());
        for _ in 0..2 {
            assert_eq!(text(shared.peek().expect("settled")), text(outcome.clone()));
        }
        assert_eq!(text(fork.try_take().expect("settled")), text(outcome));
    }
}
