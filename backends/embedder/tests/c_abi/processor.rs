//! The host's job system: what it is given, what it may leave out, and when it is let go.

use std::collections::VecDeque;
use std::ffi::c_void;
use std::mem::offset_of;
use std::ptr::{null, null_mut};
use std::sync::Mutex;

use threadbare_embedder::*;

use crate::common::*;

/// A queue of jobs, as a host may have one.
#[derive(Default)]
struct Jobs {
    queue: Mutex<VecDeque<Anywhere<*mut tb_runnable>>>,
    calls: Mutex<Vec<&'static str>>,
    waiter: Mutex<Option<Anywhere<*mut tb_thread>>>,
}

impl Jobs {
    fn handle(&self) -> *mut c_void {
        std::ptr::from_ref(self).cast_mut().cast()
    }

    fn called(&self, what: &'static str) {
        self.calls.lock().unwrap().push(what);
    }

    fn calls(&self) -> Vec<&'static str> {
        self.calls.lock().unwrap().clone()
    }

    fn pop(&self) -> Option<*mut tb_runnable> {
        self.queue.lock().unwrap().pop_front().map(|job| job.get())
    }

    fn run_one(&self) -> bool {
        let Some(mut job) = self.pop() else { return false };
        // SAFETY: the queue owned it.
        assert_eq!(unsafe { tb_runnable_run(&raw mut job) }, TB_OK);
        assert!(job.is_null());
        true
    }
}

/// # Safety
///
/// It is one of `Jobs::handle`.
unsafe fn jobs<'a>(data: *mut c_void) -> &'a Jobs {
    // SAFETY: as the caller says.
    unsafe { &*data.cast::<Jobs>() }
}

unsafe extern "C-unwind" fn start_task(data: *mut c_void, runnable: *mut tb_runnable) {
    // SAFETY: the processor's data.
    let jobs = unsafe { jobs(data) };
    jobs.queue.lock().unwrap().push_back(Anywhere(runnable));
    if let Some(mut waiter) = jobs.waiter.lock().unwrap().take().map(|waiter| waiter.get()) {
        // SAFETY: it is alive, and ours.
        unsafe {
            assert_eq!(tb_thread_unpark(waiter), TB_OK);
            tb_thread_drop(&raw mut waiter);
        }
    }
}

unsafe extern "C-unwind" fn release(data: *mut c_void) {
    // SAFETY: the processor's data.
    let jobs = unsafe { jobs(data) };
    jobs.called("release");
    while let Some(mut job) = jobs.pop() {
        // SAFETY: the queue owned it.
        unsafe { tb_runnable_drop(&raw mut job) };
    }
}

unsafe extern "C-unwind" fn gone(data: *mut c_void) {
    // SAFETY: the processor's data.
    unsafe { jobs(data) }.called("destroy");
}

unsafe extern "C-unwind" fn main_ready(data: *mut c_void) {
    // SAFETY: the processor's data.
    unsafe { jobs(data) }.called("main_ready");
}

unsafe extern "C-unwind" fn run_one(data: *mut c_void) -> bool {
    // SAFETY: the processor's data.
    unsafe { jobs(data) }.run_one()
}

unsafe extern "C-unwind" fn before_park(data: *mut c_void) -> tb_outlook {
    // SAFETY: the processor's data.
    let jobs = unsafe { jobs(data) };
    let mut thread = null_mut();
    // SAFETY: it may be written.
    assert_eq!(unsafe { tb_thread_current(&raw mut thread) }, TB_OK);
    let before = jobs.waiter.lock().unwrap().replace(Anywhere(thread));
    drop_thread(before);
    if !jobs.queue.lock().unwrap().is_empty() {
        return TB_OUTLOOK_WORK;
    }
    jobs.called("asleep");
    TB_OUTLOOK_SLEEP
}

unsafe extern "C-unwind" fn after_park(data: *mut c_void) {
    // SAFETY: the processor's data.
    let jobs = unsafe { jobs(data) };
    jobs.called("awake");
    let waiter = jobs.waiter.lock().unwrap().take();
    drop_thread(waiter);
}

unsafe extern "C-unwind" fn never(_: *mut c_void) -> tb_outlook {
    TB_OUTLOOK_NEVER
}

fn drop_thread(thread: Option<Anywhere<*mut tb_thread>>) {
    let mut thread = thread.map_or(null_mut(), |thread| thread.get());
    // SAFETY: it is alive, or NULL.
    unsafe { tb_thread_drop(&raw mut thread) };
}

fn processor(jobs: &Jobs) -> tb_processor {
    tb_processor {
        data: jobs.handle(),
        start_task: Some(start_task),
        release: Some(release),
        destroy: Some(gone),
        main_ready: Some(main_ready),
        ..no_processor()
    }
}

fn create(processor: &tb_processor) -> *mut tb_system {
    let mut system = null_mut();
    // SAFETY: the struct is whole.
    assert_eq!(unsafe { tb_system_create(processor, &raw mut system) }, TB_OK, "{}", last_error());
    system
}

/// Work that replies with a value.
fn work(context: *const tb_context, log: &Log, n: u32) -> *mut tb_task {
    run(context, log, 100 + n, move |reply| {
        // SAFETY: the reply is alive.
        assert_eq!(unsafe { tb_reply_resolve(reply, Log::default().value(n), DESTROY) }, TB_OK);
    })
}

fn worker_of(system: *const tb_system) -> *const tb_context {
    // SAFETY: it is alive.
    unsafe { tb_system_worker(system) }
}

#[test]
fn the_host_runs_rejects_or_drops_what_it_is_given() {
    let (jobs, log) = (Jobs::default(), Log::default());
    let system = create(&processor(&jobs));
    let tasks = [1, 2, 3, 4].map(|n| work(worker_of(system), &log, n));
    assert!(jobs.run_one());
    let (mut refused, mut dropped) = (jobs.pop().unwrap(), jobs.pop().unwrap());
    let mut full = error(TB_ERROR_FULL, "no room");
    // SAFETY: they are the host's.
    unsafe {
        assert_eq!(tb_runnable_reject(&raw mut refused, null_mut()), TB_NULL);
        assert!(!refused.is_null(), "it stayed");
        assert_eq!(tb_runnable_reject(&raw mut refused, &raw mut full), TB_OK);
        assert!(refused.is_null() && full.is_null());
        tb_runnable_drop(&raw mut dropped);
        tb_runnable_drop(&raw mut dropped);
        assert_eq!(tb_runnable_run(&raw mut dropped), TB_NULL);
    }
    drop_system(system);
    let [done, refused, dropped, left] = tasks.map(wait);
    assert_eq!(done, Ok(1));
    assert_eq!(refused, Err((TB_ERROR_FULL, "no room".to_string())));
    assert_eq!((dropped.unwrap_err().0, left.unwrap_err().0), (TB_ERROR_CLOSED, TB_ERROR_CLOSED));
    assert_eq!(log.numbers(), [101, 102, 103, 104], "each closure was destroyed once");
    assert_eq!(jobs.calls(), ["release", "destroy"]);
}

#[test]
fn a_budget_leaves_what_would_follow() {
    let (jobs, log) = (Jobs::default(), Log::default());
    let system = create(&processor(&jobs));
    let mut task = work(worker_of(system), &log, 1);
    assert_eq!(and_then(&mut task, worker_of(system), &log, 2, pass), TB_OK);
    unsafe extern "C-unwind" fn no_more(_: *mut c_void) -> bool {
        false
    }
    let mut job = jobs.pop().unwrap();
    // SAFETY: it is the host's.
    unsafe {
        assert_eq!(tb_runnable_run_while(&raw mut job, None, null_mut()), TB_NULL);
        assert!(!job.is_null());
        assert_eq!(tb_runnable_run_while(&raw mut job, Some(no_more), null_mut()), TB_OK);
        assert!(!tb_task_is_settled(task));
    }
    assert!(jobs.run_one() && !jobs.run_one());
    assert_eq!(wait(task), Ok(1));
    drop_system(system);
}

fn pass(value: *mut c_void, reply: *mut tb_reply) {
    // SAFETY: both are the callback's.
    assert_eq!(unsafe { tb_reply_resolve(reply, value, DESTROY) }, TB_OK);
}

#[test]
fn what_refers_to_the_processor_keeps_its_data() {
    let (jobs, log) = (Jobs::default(), Log::default());
    let (mut promise, mut task) = promise();
    let (mut worker, host) = (null_mut(), processor(&jobs));
    // SAFETY: all are alive.
    unsafe {
        assert_eq!(tb_worker_create(&raw const host, &raw mut worker), TB_OK);
        assert_eq!(and_then(&mut task, worker, &log, 1, pass), TB_OK);
        tb_context_drop(&raw mut worker);
        assert_eq!(jobs.calls(), Vec::<&str>::new(), "the continuation needs it");
        assert_eq!(tb_promise_resolve(promise, log.value(3), DESTROY), TB_OK);
        tb_promise_drop(&raw mut promise);
    }
    assert!(jobs.run_one());
    assert_eq!(wait(task), Ok(3));
    assert_eq!(jobs.calls(), ["destroy"], "a worker by itself has no system to release it");
}

#[test]
fn the_host_is_told_when_the_main_queue_gets_something() {
    let (jobs, log) = (Jobs::default(), Log::default());
    let system = create(&processor(&jobs));
    // SAFETY: all are alive.
    unsafe {
        let mut here = null_mut();
        assert_eq!(tb_main_enter(system, &raw mut here), TB_OK);
        let tasks = [1, 2].map(|n| work(tb_system_main(system), &log, n));
        assert_eq!(jobs.calls(), ["main_ready"], "once, for the first");
        assert_eq!(tb_dispatch(here, null_mut()), TB_OK);
        assert_eq!(tasks.map(wait), [Ok(1), Ok(2)]);
        tb_main_thread_drop(&raw mut here);
    }
    drop_system(system);
    assert_eq!(jobs.calls(), ["main_ready", "release", "destroy"]);
}

#[test]
fn a_wait_on_a_serving_thread_runs_its_work_and_sleeps_until_more_comes() {
    let (jobs, log) = (Jobs::default(), Log::default());
    let host = tb_processor {
        run_one: Some(run_one),
        before_park: Some(before_park),
        after_park: Some(after_park),
        ..processor(&jobs)
    };
    let mut worker = null_mut();
    // SAFETY: the struct is whole.
    unsafe { assert_eq!(tb_worker_create(&raw const host, &raw mut worker), TB_OK) };
    struct Test<'a> {
        jobs: &'a Jobs,
        worker: *mut tb_context,
        log: &'a Log,
    }
    unsafe extern "C-unwind" fn serve(data: *mut c_void) {
        // SAFETY: the test below calls with this.
        let test = unsafe { &*data.cast::<Test<'_>>() };
        assert_eq!(wait(work(test.worker, test.log, 1)), Ok(1), "nobody else runs it");
        // What another thread queues when this one sleeps, settles what it waits for.
        let (promise, task) = promise();
        let (worker, promise, jobs) = (Anywhere(test.worker), Anywhere(promise), test.jobs);
        std::thread::scope(|scope| {
            scope.spawn(move || {
                while !jobs.calls().contains(&"asleep") {
                    std::thread::yield_now();
                }
                let log = Log::default();
                let job = run(worker.get(), &log, 2, move |_| {
                    let mut promise = promise.get();
                    // SAFETY: it is alive.
                    unsafe {
                        assert_eq!(tb_promise_resolve(promise, Log::default().value(5), DESTROY), TB_OK);
                        tb_promise_drop(&raw mut promise);
                    }
                });
                drop_task(job);
            });
            assert_eq!(wait(task), Ok(5));
        });
    }
    let mut test = Test { jobs: &jobs, worker, log: &log };
    // SAFETY: all are alive until the call returns.
    unsafe {
        assert_eq!(tb_worker_serve(worker, Some(serve), (&raw mut test).cast()), TB_OK);
        assert_eq!(tb_worker_serve(worker, None, null_mut()), TB_NULL);
        assert_eq!(tb_worker_serve(tb_immediate(), Some(gone), null_mut()), TB_INVALID);
        tb_context_drop(&raw mut worker);
    }
    let mut calls = jobs.calls();
    assert_eq!(calls.pop(), Some("destroy"));
    assert!(!calls.is_empty() && calls.chunks(2).all(|pair| pair == ["asleep", "awake"]), "{calls:?}");
}

fn drop_task(mut task: *mut tb_task) {
    // SAFETY: it is alive.
    unsafe { tb_task_drop(&raw mut task) };
}

#[test]
fn a_wait_that_nothing_can_end_is_an_error() {
    let jobs = Jobs::default();
    let host = tb_processor { run_one: Some(run_one), before_park: Some(never), ..processor(&jobs) };
    let system = create(&host);
    let (mut promise, task) = promise();
    // SAFETY: all are alive.
    unsafe {
        let mut here = null_mut();
        assert_eq!(tb_main_enter(system, &raw mut here), TB_OK);
        let (mut task, mut error) = (task, null_mut());
        assert_eq!(tb_main_thread_wait(here, &raw mut task, null_mut(), &raw mut error), TB_REJECTED);
        assert_eq!(take_error(error).0, TB_ERROR_DEADLOCK);
        tb_promise_drop(&raw mut promise);
        tb_main_thread_drop(&raw mut here);
    }
    drop_system(system);
}

#[test]
fn a_struct_may_be_shorter_or_longer_and_needs_its_required_part() {
    let jobs = Jobs::default();
    let host = processor(&jobs);
    // Up to and with start_task: the rest is taken as NULL, whatever stands there.
    let short = tb_processor { size: offset_of!(tb_processor, is_current), ..host };
    let half = tb_processor { size: offset_of!(tb_processor, is_current) + 1, ..short };
    for host in [short, half] {
        drop_system(create(&host));
        assert_eq!(jobs.calls(), Vec::<&str>::new(), "neither release nor destroy was there");
    }
    #[repr(C)]
    struct Longer(tb_processor, [usize; 3]);
    let mut longer = Longer(host, [usize::MAX; 3]);
    longer.0.size = size_of::<Longer>();
    let mut system = null_mut();
    // SAFETY: it is as long as it says.
    unsafe { assert_eq!(tb_system_create((&raw const longer).cast(), &raw mut system), TB_OK) };
    drop_system(system);
    assert_eq!(jobs.calls(), ["release", "destroy"]);

    let refused = [
        (tb_processor { size: 0, ..host }, TB_INVALID),
        (tb_processor { size: offset_of!(tb_processor, is_current) - 1, ..host }, TB_INVALID),
        (tb_processor { start_task: None, ..host }, TB_NULL),
        (tb_processor { run_one: Some(run_one), before_park: None, ..host }, TB_INVALID),
    ];
    for (host, status) in &refused {
        let (mut system, mut worker) = (std::ptr::dangling_mut(), std::ptr::dangling_mut());
        // SAFETY: the struct is as long as it says.
        unsafe {
            assert_eq!((tb_system_create(host, &raw mut system), system), (*status, null_mut()));
            assert_eq!((tb_worker_create(host, &raw mut worker), worker), (*status, null_mut()));
        }
    }
    // SAFETY: NULL is refused.
    unsafe { assert_eq!(tb_system_create(null(), &raw mut system), TB_NULL) };
    assert_eq!(jobs.calls(), ["release", "destroy"], "what was refused stayed the host's");
}
