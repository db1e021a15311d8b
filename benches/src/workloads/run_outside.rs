//! Closures queued from outside of the pool, each with a handle, and waited for there, in order.

use super::{count, triangle};
use crate::floors;
use crate::harness::{Contender, Sample, Scale, Workload, measure};
use crate::pools::{ForEach, Pool, Threadbare, each_peer};
use crate::report::{Goal, Unit};

pub(super) fn workload(scale: Scale) -> Workload {
    let closures = scale.of(100_000);
    let mut contenders = vec![Contender::ours(Threadbare::NAME, move || rounds(Threadbare::get(), closures))];
    each_peer(&mut Peers { closures, contenders: &mut contenders });
    #[cfg(feature = "peers")]
    contenders.push(forte(closures));
    contenders.push(floors::boxed_closure(scale));
    Workload {
        name: "run-outside",
        title: format!("run with a handle, {} from outside", count(closures)),
        unit: Unit::Nanos,
        goal: Goal { at_most: Some(120.0), allocations: Some(1.0), within: Some(1.0) },
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
    let mut handles = Vec::with_capacity(usize::try_from(closures).expect("they fit"));
    move || {
        let (sample, sum) = measure(closures, || {
            handles.extend((0..closures).map(|n| pool.run(move || n)));
            pool.sum(&mut handles)
        });
        assert_eq!(sum, triangle(closures));
        sample
    }
}

#[cfg(feature = "peers")]
fn forte(closures: u64) -> Contender {
    use crate::pools::forte::{NOTE, pool};

    Contender::aside("forte", move || {
        let pool = pool();
        move || {
            let (sample, sum) = measure(closures, || {
                let handles: Vec<_> = (0..closures).map(|n| pool.spawn_future(async move { n })).collect();
                futures::executor::block_on(async {
                    let mut sum = 0;
                    for handle in handles {
                        sum += handle.await;
                    }
                    sum
                })
            });
            assert_eq!(sum, triangle(closures));
            sample
        }
    })
    .but(NOTE)
}
