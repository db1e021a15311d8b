//! Every outcome of every loader, with calls before and after, and every way to close at each point.

use std::sync::atomic::{AtomicUsize, Ordering};

use threadbare::{Error, ErrorKind, Result, Task};
use threadbare_threads::StatefulPool;

use crate::common::{Gate, Log, State, reported, settled, watchdog};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Load {
    Succeeds,
    Fails,
    Panics,
}
const LOADS: [Load; 3] = [Load::Succeeds, Load::Fails, Load::Panics];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Close,
    CloseNow,
    Drop,
}
const ENDS: [End; 3] = [End::Close, End::CloseNow, End::Drop];

impl End {
    fn of(self, pool: StatefulPool<State>) {
        match self {
            End::Close => pool.close(),
            End::CloseNow => pool.close_now(),
            End::Drop => drop(pool),
        }
    }
}

/// All loads of one thread, of two and of three.
fn each_load() -> Vec<Vec<Load>> {
    let mut all: Vec<Vec<Load>> = vec![vec![]];
    let mut from = 0;
    for _ in 0..3 {
        let end = all.len();
        for shorter in from..end {
            for load in LOADS {
                let mut longer = all[shorter].clone();
                longer.push(load);
                all.push(longer);
            }
        }
        from = end;
    }
    all.split_off(1)
}

/// A pool whose loaders wait at a gate.
struct Case {
    loads: Vec<Load>,
    pool: StatefulPool<State>,
    gate: Gate,
    log: Log,
    /// In the text of each of its errors.
    name: String,
}

impl Case {
    fn start(loads: &[Load]) -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let name = format!("on purpose, case {};", COUNT.fetch_add(1, Ordering::Relaxed));
        let (gate, log, loads) = (Gate::default(), Log::default(), loads.to_vec());
        let (at, to, what, text) = (gate.clone(), log.clone(), loads.clone(), name.clone());
        let pool = StatefulPool::new(loads.len(), move |index| {
            at.pass();
            match what[index] {
                Load::Succeeds => Ok(State::build(index, &to)),
                Load::Fails => Err(Error::msg(format_args!("{text} loader {index} fails"))),
                Load::Panics => panic!("{text} loader {index} panics"),
            }
        });
        Self { loads, pool: pool.expect("the machine has three threads to give"), gate, log, name }
    }

    fn built(&self) -> Vec<bool> {
        self.loads.iter().map(|load| *load == Load::Succeeds).collect()
    }

    fn states(&self) -> usize {
        self.built().into_iter().filter(|built| *built).count()
    }

    fn calls(&self) -> Vec<Task<u32>> {
        (0..4).map(|_| self.pool.call(State::touch)).collect()
    }

    /// Checks the outcome of a call that was let in and not called off.
    fn check(&self, outcome: Result<u32>) {
        match outcome {
            Ok(count) => assert!(count > 0 && self.states() > 0),
            Err(error) => {
                assert_eq!(self.states(), 0, "{error:?}");
                self.check_failure(&error);
            }
        }
    }

    fn check_failure(&self, error: &Error) {
        assert!(error.to_string().contains(&self.name), "its own loader's: {error:?}");
        let kind = if error.to_string().contains("panics") { ErrorKind::Panicked } else { ErrorKind::Other };
        assert_eq!(error.kind(), kind);
    }

    fn check_failures(&self, failures: &[(usize, Error)]) {
        let mut indices: Vec<_> = failures.iter().map(|failure| failure.0).collect();
        indices.sort_unstable();
        let failing: Vec<_> = (0..self.loads.len()).filter(|index| self.loads[*index] != Load::Succeeds).collect();
        assert_eq!(indices, failing);
        for (index, error) in failures {
            self.check_failure(error);
            let text = format!("loader {index} {}", if self.loads[*index] == Load::Fails { "fails" } else { "panics" });
            assert!(error.to_string().ends_with(&text), "{error:?}");
        }
    }
}

#[test]
fn calls_before_and_after_loading_settle_however_it_ends() {
    let _watchdog = watchdog("calls before and after loading");
    for loads in each_load() {
        for end in ENDS {
            let case = Case::start(&loads);
            let ready = case.pool.ready();
            let before = case.calls();
            assert!(!ready.is_settled() && before.iter().all(|call| !call.is_settled()));
            case.gate.open();

            let states = ready.wait();
            case.check_failures(&case.pool.failures());
            match (&states, settled(case.pool.ready())) {
                (Ok(states), Ok(again)) => assert_eq!((*states, again), (case.states(), case.states())),
                (Err(error), Err(again)) => {
                    assert_eq!(case.states(), 0);
                    let (_, last) = case.pool.failures().pop().expect("all have failed");
                    assert_eq!((error.to_string(), again.to_string()), (last.to_string(), last.to_string()));
                }
                (before, after) => panic!("{before:?}, then {after:?}"),
            }
            let after = case.calls();
            let sum = before.len() + after.len();
            for call in before.into_iter().chain(after) {
                case.check(call.wait());
            }

            let (built, any) = (case.built(), case.states() > 0);
            let (log, name) = (case.log.clone(), case.name.clone());
            if end != End::Drop {
                let handle = case.pool.clone();
                end.of(case.pool);
                let refused = handle.call(State::touch);
                assert_eq!(settled(refused).unwrap_err().kind(), ErrorKind::Closed);
                assert_eq!(settled(handle.ready()).ok(), states.ok());
            } else {
                end.of(case.pool);
            }
            assert_eq!(log.uses(&built), if any { sum } else { 0 }, "{loads:?} {end:?}");
            assert_eq!(reported(&name), loads.len() - built.iter().filter(|built| **built).count());
        }
    }
}

#[test]
fn calls_settle_when_the_pool_is_closed_before_its_loaders_return() {
    let _watchdog = watchdog("closed before its loaders return");
    for loads in each_load() {
        for end in [End::Close, End::CloseNow] {
            let case = Case::start(&loads);
            let ready = case.pool.ready();
            let mut calls = case.calls();
            let pool = case.pool.clone();
            let ending = std::thread::spawn(move || end.of(pool));
            let refused = loop {
                let call = case.pool.call(State::touch);
                if call.is_settled() {
                    break call;
                }
                calls.push(call);
                std::thread::yield_now();
            };
            let queued = calls.len();
            if end == End::CloseNow {
                for call in calls.drain(..) {
                    assert_eq!(call.wait().unwrap_err().kind(), ErrorKind::Closed);
                }
            }
            assert!(!ready.is_settled(), "the loaders have not returned");
            case.gate.open();
            ending.join().expect("closing does not panic");
            assert_eq!(settled(ready).ok(), (case.states() > 0).then_some(case.states()));
            for call in calls {
                case.check(settled(call));
            }
            for call in [refused, case.pool.call(State::touch)] {
                assert_eq!(settled(call).unwrap_err().kind(), ErrorKind::Closed);
            }
            case.check_failures(&case.pool.failures());
            let run = end == End::Close && case.states() > 0;
            assert_eq!(case.log.uses(&case.built()), if run { queued } else { 0 }, "{loads:?} {end:?}");
        }
    }
}

#[test]
fn the_last_handle_may_go_before_the_loaders_return() {
    let _watchdog = watchdog("the last handle goes first");
    for loads in each_load() {
        let case = Case::start(&loads);
        let (calls, built) = (case.calls(), case.built());
        let Case { pool, gate, log, .. } = case;
        // Whether this closes the intake or the loaders return first, the calls are run, or rejected by the loaders.
        let dropping = std::thread::spawn(move || drop(pool));
        gate.open();
        dropping.join().expect("dropping does not panic");
        let any = built.contains(&true);
        for call in calls {
            assert_eq!(settled(call).is_ok(), any);
        }
        assert_eq!(log.uses(&built), if any { 4 } else { 0 }, "{loads:?}");
    }
}

#[test]
fn senseless_settings_are_errors() {
    let ok = |_| Ok(());
    assert!(StatefulPool::new(0, ok).is_err());
    assert!(StatefulPool::builder().threads(0).build_stateful(ok).is_err());
    assert!(StatefulPool::builder().threads(usize::MAX).build_stateful(ok).is_err());
    assert!(StatefulPool::builder().threads(1).stack_size(0).build_stateful(ok).is_err());
    assert!(StatefulPool::builder().threads(1).thread_name(|_| "\0".to_string()).build_stateful(ok).is_err());
}
