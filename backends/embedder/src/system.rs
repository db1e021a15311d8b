//! Systems: a worker and a main queue that belong together.

use threadbare::AsyncSystem;

use crate::context::{Borrowed, Place, tb_context};
use crate::handle::{Handle, clear, give, lend, take_any};
use crate::processor::{HostProcessor, tb_processor};
use crate::registry::Kind;
use crate::status::{guard, guard_or, tb_status};

/// A worker and a main queue that belong together: what an engine makes once and passes around. For any thread.
pub struct tb_system {
    pub(crate) system: AsyncSystem,
    worker: Borrowed,
    main: Borrowed,
}

impl Handle for tb_system {
    const KIND: Kind = Kind::System;
}

impl tb_system {
    pub(crate) fn new(system: AsyncSystem) -> Self {
        let worker = Borrowed::new(Place::Worker(system.worker().clone()));
        let main = Borrowed::new(Place::Main(system.main().clone()));
        Self { system, worker, main }
    }
}

/// A system on the host's job system. The struct is copied; its `destroy` is called when nothing refers to `data` any more,
/// also if that is later than the system's end.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tb_system_create(processor: *const tb_processor, out: *mut *mut tb_system) -> tb_status {
    guard(|| {
        // SAFETY: the header's conventions.
        unsafe {
            clear(out)?;
            let processor = HostProcessor::new(processor)?;
            let system = match processor.main_ready() {
                Some(ready) => AsyncSystem::with_main_hook(processor, ready),
                None => AsyncSystem::new(processor),
            };
            *out = give(tb_system::new(system));
        }
        Ok(())
    })
}

/// Another handle of the same system.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tb_system_clone(system: *const tb_system, out: *mut *mut tb_system) -> tb_status {
    guard(|| {
        // SAFETY: the header's conventions.
        unsafe {
            clear(out)?;
            *out = give(tb_system::new(lend(system)?.system.clone()));
        }
        Ok(())
    })
}

/// Lets it go. The last handle releases the processor (a pool then drains and joins, on this thread), and closes the main
/// queue if no main thread attends. Tasks, promises and clones of contexts may outlive the system: what they queue is rejected.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tb_system_drop(system: *mut *mut tb_system) {
    guard_or((), || {
        // SAFETY: the header's conventions.
        unsafe { take_any(system) }.map(drop)
    });
}

/// The context of the processor's threads. Borrowed: lives as long as this handle; clone it to keep it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tb_system_worker(system: *const tb_system) -> *const tb_context {
    guard_or(core::ptr::null(), || {
        // SAFETY: the header's conventions.
        Ok(unsafe { lend(system)? }.worker.handle())
    })
}

/// The main queue, to be used on any thread: runs closures on the main thread when that dispatches. Borrowed, as above.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tb_system_main(system: *const tb_system) -> *const tb_context {
    guard_or(core::ptr::null(), || {
        // SAFETY: the header's conventions.
        Ok(unsafe { lend(system)? }.main.handle())
    })
}
