//! Closures queued by a thread of the pool, each with a handle, and waited for there, in order.

use super::{count, triangle};
use crate::floors;
use crate::harness::{Contender, Sample, Scale, Workload, measure};
#[cfg(feature = "peers")]
use crate::pools::Rayon;
use crate::pools::{ForEach, Pool, Threadbare, each_peer};
use crate::report::{Goal, Unit};

pub(super) fn workload(scale: Scale) -> Workload {
    let closures = scale.of(100_000);
    let mut contenders = vec![Contender::ours(Threadbare::NAME, move || rounds(Threadbare::get(), closures))];
    each_peer(&mut Peers { closures, contenders: &mut contenders });
    #[cfg(feature = "peers")]
    contenders.extend(others(closures));
    contenders.push(floors::boxed_closure(scale));
    Workload {
        name: "run-inside",
        title: format!("run with a handle, {} from inside a worker", count(closures)),
        unit: Unit::Nanos,
        goal: Goal { at_most: Some(80.0), allocations: Some(1.0), within: None },
        contenders,
    }
}

struct Peers<'a> {
    closures: u64,
    contenders: &'a mut Vec<Contender>,
}

impl ForEach for Peers<'_> {
    fn visit<P: Pool>(&mut self) {
        let closures = self.closures;
        self.contenders.push(Contender::peer(P::NAME, move || rounds(P::get(), closures)).but(P::NOTE));
    }
}

pub(super) fn rounds<P: Pool>(pool: P, closures: u64) -> impl FnMut() -> Sample {
    move || checked(closures, || pool.fan_out(closures))
}

fn checked(closures: u64, fan_out: impl FnOnce() -> u64) -> Sample {
    let (sample, sum) = measure(closures, fan_out);
    assert_eq!(sum, triangle(closures));
    sample
}

/// What they offer instead of handles.
#[cfg(feature = "peers")]
fn others(closures: u64) -> [Contender; 2] {
    use crate::pools::Fire;
    use crate::pools::forte::{NOTE, pool};

    [
        Contender::peer("rayon scope", move || scoped(Rayon::get(), closures)).but(NO_HANDLES),
        Contender::aside("forte", move || {
            let pool = pool();
            move || {
                checked(closures, || {
                    pool.block_on(async move {
                        let handles: Vec<_> = (0..closures).map(|n| forte::spawn_future(async move { n })).collect();
                        let mut sum = 0;
                        for handle in handles {
                            sum += handle.await;
                        }
                        sum
                    })
                })
            }
        })
        .but(NOTE),
    ]
}

/// What a scope gives up.
#[cfg(feature = "peers")]
pub(super) const NO_HANDLES: &str = "no handles: values go into borrowed slots, and the scope ends when all have run";

#[cfg(feature = "peers")]
pub(super) fn scoped(Rayon(pool): Rayon, closures: u64) -> impl FnMut() -> Sample {
    let slots = usize::try_from(closures).expect("they fit");
    move || {
        checked(closures, || {
            pool.install(|| {
                let mut values = vec![0; slots];
                rayon::scope(|scope| {
                    for (n, value) in (0..).zip(&mut values) {
                        scope.spawn(move |_| *value = n);
                    }
                });
                values.iter().sum()
            })
        })
    }
}
