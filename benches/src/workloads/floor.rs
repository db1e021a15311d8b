//! All floors side by side. Each of the other rows has its own beside it, taken in the same moments.

use crate::floors;
use crate::harness::{Scale, Workload};
use crate::report::{Goal, Unit};

pub(super) fn workload(scale: Scale) -> Workload {
    Workload {
        name: "floors",
        title: "what the machine takes for itself".to_owned(),
        unit: Unit::Nanos,
        goal: Goal::default(),
        contenders: vec![
            floors::malloc_and_free(scale),
            floors::boxed_closure(scale),
            floors::atomic_rmw(scale),
            floors::cache_line_one_way(scale),
            floors::futex_round_trip(scale),
        ],
    }
}
