//! The work of `run-outside`, `run-inside` and `fork-join` on pools of several sizes: what more workers bring, and what they
//! cost where there are more of them than cores. Rayon alone is asked besides, whose pools come in sizes, too.

use super::{count, fork_join, run_inside, run_outside};
use crate::harness::{Contender, Scale, Workload};
#[cfg(feature = "peers")]
use crate::pools::{Blocking, Rayon};
use crate::pools::{Pool, Threadbare};
use crate::report::{Goal, Unit};

pub(super) fn outside<const WORKERS: usize>(scale: Scale) -> Workload {
    let closures = scale.of(100_000);
    let contenders = vec![
        Contender::ours(Threadbare::NAME, move || run_outside::rounds(Threadbare::of(WORKERS), closures)),
        #[cfg(feature = "peers")]
        Contender::peer("rayon", move || run_outside::rounds(Blocking(Rayon::of(WORKERS)), closures))
            .but(Blocking::<Rayon>::NOTE),
    ];
    workload::<WORKERS>(&format!("run with a handle, {} from outside", count(closures)), contenders)
}

/// A wait blocks a thread of rayon's, and with one worker that is the only one: so its scope stands for it.
pub(super) fn inside<const WORKERS: usize>(scale: Scale) -> Workload {
    let closures = scale.of(100_000);
    let contenders = vec![
        Contender::ours(Threadbare::NAME, move || run_inside::rounds(Threadbare::of(WORKERS), closures)),
        #[cfg(feature = "peers")]
        Contender::peer("rayon scope", move || run_inside::scoped(Rayon::of(WORKERS), closures))
            .but(run_inside::NO_HANDLES),
    ];
    workload::<WORKERS>(&format!("run with a handle, {} from inside", count(closures)), contenders)
}

pub(super) fn fork_join<const WORKERS: usize>(scale: Scale) -> Workload {
    let depth = fork_join::depth(scale);
    let contenders = vec![
        Contender::ours(Threadbare::NAME, move || fork_join::rounds(Threadbare::of(WORKERS), depth)),
        #[cfg(feature = "peers")]
        Contender::peer("rayon scope", move || fork_join::peers::rounds(Rayon::of(WORKERS), depth))
            .but(fork_join::peers::NO_HANDLE),
    ];
    workload::<WORKERS>(&format!("fork-join fib({depth}), a node"), contenders)
}

fn workload<const WORKERS: usize>(work: &str, contenders: Vec<Contender>) -> Workload {
    let workers = if WORKERS == 1 { "worker" } else { "workers" };
    Workload {
        name: "scaling",
        title: format!("{work}, {WORKERS} {workers}"),
        unit: Unit::Nanos,
        goal: Goal::default(),
        contenders,
    }
}
