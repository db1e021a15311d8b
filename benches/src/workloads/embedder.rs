//! The same hop through the C interface: what the functions, their checks and a value behind a pointer add to it.

use core::ffi::c_void;
use std::ptr::{null_mut, without_provenance_mut};

use threadbare_embedder::{
    TB_OK, tb_and_then, tb_dispatch, tb_main_enter, tb_main_thread, tb_main_thread_context, tb_main_thread_drop,
    tb_main_thread_wait, tb_pool, tb_pool_create, tb_pool_drop, tb_pool_options, tb_reply, tb_reply_resolve, tb_run,
    tb_status, tb_system, tb_system_create_on_pool, tb_system_drop, tb_system_worker, tb_task, tb_task_is_settled,
    tb_task_take,
};

use crate::harness::{Contender, Scale, Workload};
use crate::pools::THREADS;
use crate::report::Goal;
use crate::workloads::hop;

/// The main thread sleeps while the worker has its turn.
pub(super) fn blocking(scale: Scale) -> Workload {
    let times = scale.of(5_000);
    let contenders = vec![through_c(times, Host::wait), in_rust(times, hop::WAITING)];
    hop::workload("hop-c-blocking", "through the C interface, blocking", GOAL, contenders)
}

/// The main thread looks again and again.
pub(super) fn spinning(scale: Scale) -> Workload {
    let times = scale.of(5_000);
    let contenders = vec![through_c(times, Host::spin), in_rust(times, hop::LOOKING)];
    hop::workload("hop-c-spinning", "through the C interface, spinning", GOAL, contenders)
}

const GOAL: Goal = Goal { at_most: None, allocations: None, within: Some(1.3) };

fn in_rust(times: u64, wait: hop::Wait) -> Contender {
    hop::continuations(times, wait).into_peer("threadbare, in Rust")
}

type Wait = fn(&Host, *mut tb_task) -> u64;

/// Every hop is a continuation in the other context, as in [`hop::continuations`].
fn through_c(times: u64, wait: Wait) -> Contender {
    Contender::ours("threadbare, through C", move || {
        let host = Host::new();
        move || hop::bounced(times, || (0..times).fold(0, |n, _| wait(&host, host.there_and_back(n))))
    })
}

/// What an engine has.
struct Host {
    pool: *mut tb_pool,
    system: *mut tb_system,
    here: *mut tb_main_thread,
}

fn ok(status: tb_status) {
    assert_eq!(status, TB_OK);
}

/// A number is its own pointer: there is nothing to destroy.
fn number(n: u64) -> *mut c_void {
    without_provenance_mut(n as usize)
}

unsafe extern "C-unwind" fn on_run(data: *mut c_void, reply: *mut tb_reply) {
    // SAFETY: the reply is there until we return.
    ok(unsafe { tb_reply_resolve(reply, number(data.addr() as u64 + 1), None) });
}

unsafe extern "C-unwind" fn on_value(_: *mut c_void, value: *mut c_void, reply: *mut tb_reply) {
    // SAFETY: as above.
    ok(unsafe { tb_reply_resolve(reply, number(value.addr() as u64 + 1), None) });
}

impl Host {
    fn new() -> Self {
        let (mut pool, mut system, mut here) = (null_mut(), null_mut(), null_mut());
        // SAFETY: NULL and zero are what each of its fields may be.
        let mut options: tb_pool_options = unsafe { core::mem::zeroed() };
        options.size = size_of::<tb_pool_options>();
        options.threads = THREADS;
        // SAFETY: each handle is one that the call before has made.
        unsafe {
            ok(tb_pool_create(&raw const options, &raw mut pool));
            ok(tb_system_create_on_pool(pool, &raw mut system));
            ok(tb_main_enter(system, &raw mut here));
        }
        Self { pool, system, here }
    }

    fn there_and_back(&self, n: u64) -> *mut tb_task {
        let mut task = null_mut();
        // SAFETY: the handles live as long as this does; the closures have nothing to destroy.
        unsafe {
            ok(tb_run(tb_system_worker(self.system), Some(on_run), number(n), None, &raw mut task));
            ok(tb_and_then(&raw mut task, tb_main_thread_context(self.here), Some(on_value), null_mut(), None));
        }
        task
    }

    fn wait(&self, mut task: *mut tb_task) -> u64 {
        let mut value = null_mut();
        // SAFETY: as above.
        ok(unsafe { tb_main_thread_wait(self.here, &raw mut task, &raw mut value, null_mut()) });
        value.addr() as u64
    }

    fn spin(&self, mut task: *mut tb_task) -> u64 {
        let mut value = null_mut();
        // SAFETY: as above.
        unsafe {
            while !tb_task_is_settled(task) {
                let mut ran = 0;
                ok(tb_dispatch(self.here, &raw mut ran));
                if ran == 0 {
                    std::hint::spin_loop();
                }
            }
            ok(tb_task_take(&raw mut task, &raw mut value, null_mut()));
        }
        value.addr() as u64
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        // SAFETY: nobody else has these handles.
        unsafe {
            tb_main_thread_drop(&raw mut self.here);
            tb_system_drop(&raw mut self.system);
            tb_pool_drop(&raw mut self.pool);
        }
    }
}
