//! Threads that the host makes for a pool.

use std::ffi::{CStr, c_void};
use std::ptr::{null, null_mut};
use std::sync::mpsc::{Sender, channel};
use std::thread::{JoinHandle, ThreadId};

use threadbare_embedder::*;

use crate::common::*;
use crate::guests::me;

/// What a host's `spawn` has: which it refuses, which it drops, and where those go that it makes.
struct Host {
    refuses: usize,
    drops: usize,
    made: Vec<JoinHandle<()>>,
    asked: Vec<(usize, String, usize, ThreadId)>,
    ended: Sender<(ThreadId, tb_status)>,
    log: Log,
}

unsafe extern "C-unwind" fn spawns(data: *mut c_void, thread: *mut tb_pool_thread) -> tb_status {
    // SAFETY: the data is a `Host`, and the thread alive.
    unsafe {
        let host = &mut *data.cast::<Host>();
        let name = CStr::from_ptr(tb_pool_thread_name(thread)).to_str().unwrap().to_string();
        let index = tb_pool_thread_index(thread);
        host.asked.push((index, name, tb_pool_thread_stack_size(thread), me()));
        if index == host.refuses {
            return TB_UNSUPPORTED;
        }
        let mut thread = Anywhere(thread);
        if index == host.drops {
            tb_pool_thread_drop(&raw mut thread.0);
            assert!(thread.get().is_null());
            return TB_OK;
        }
        let ended = host.ended.clone();
        host.made.push(std::thread::spawn(move || {
            let mut own = thread.get();
            let status = tb_pool_thread_run(&raw mut own);
            assert!(own.is_null());
            // The thread is the host's again.
            ended.send((me(), status)).unwrap();
        }));
    }
    TB_OK
}

unsafe extern "C-unwind" fn host_ends(data: *mut c_void) {
    // SAFETY: the data is a `Host`.
    unsafe { &*data.cast::<Host>() }.log.note(77);
}

fn hosted(host: &mut Host, threads: usize) -> tb_pool_options {
    tb_pool_options {
        threads,
        name: c"job".as_ptr(),
        stack_size: 300_000,
        spawn: Some(spawns),
        spawn_data: std::ptr::from_mut(host).cast(),
        spawn_destroy: Some(host_ends),
        ..pool_options()
    }
}

fn host(refuses: usize, drops: usize, ended: Sender<(ThreadId, tb_status)>) -> Host {
    Host { refuses, drops, made: Vec::new(), asked: Vec::new(), ended, log: Log::default() }
}

#[test]
fn the_host_makes_the_threads() {
    let (sender, ended) = channel();
    let mut host = host(usize::MAX, usize::MAX, sender);
    let pool = create_pool(&hosted(&mut host, 2));
    assert_eq!((host.log.numbers(), host.log.threads()), (vec![77], vec![me()]), "there is no more to ask of it");
    let asked = [0, 1].map(|index| (index, format!("job-{index}"), 300_000, me()));
    assert_eq!(host.asked, asked);
    let log = Log::default();
    let tasks = [1, 2, 3].map(|n| work(pool, &log, n));
    // SAFETY: it is alive.
    unsafe { assert_eq!(tb_pool_close(pool), TB_OK) };
    assert_eq!(tasks.map(wait), [Ok(1), Ok(2), Ok(3)]);
    let mut returned = [ended.recv().unwrap(), ended.recv().unwrap()];
    returned.sort_by_key(|(thread, _)| format!("{thread:?}"));
    let mut made: Vec<_> = host.made.iter().map(|thread| (thread.thread().id(), TB_OK)).collect();
    made.sort_by_key(|(thread, _)| format!("{thread:?}"));
    assert_eq!(returned.to_vec(), made);
    assert!(log.threads().iter().all(|ran| made.iter().any(|(thread, _)| thread == ran)), "the work ran there");
    host.made.drain(..).for_each(|thread| thread.join().unwrap());
    drop_pool(pool);
}

/// The first, or one in between: those that were made before are through when the pool is refused.
#[test]
fn a_host_that_refuses_keeps_its_data() {
    for refuses in [0, 1] {
        let (sender, ended) = channel();
        let mut host = host(refuses, usize::MAX, sender);
        let (options, mut pool) = (hosted(&mut host, 3), std::ptr::dangling_mut());
        // SAFETY: the options are whole.
        assert_eq!(unsafe { tb_pool_create(&raw const options, &raw mut pool) }, TB_SYSTEM);
        assert!(pool.is_null() && last_error().contains("spawn"));
        assert_eq!((host.asked.len(), host.log.numbers()), (refuses + 1, vec![]));
        host.made.drain(..).for_each(|thread| thread.join().unwrap());
        assert_eq!(ended.try_iter().count(), refuses);
    }
}

#[test]
fn a_pool_does_without_what_the_host_drops() {
    let (sender, _ended) = channel();
    let mut some = host(usize::MAX, 0, sender.clone());
    let (pool, log) = (create_pool(&hosted(&mut some, 2)), Log::default());
    assert_eq!(wait(work(pool, &log, 1)), Ok(1));
    drop_pool(pool);
    some.made.drain(..).for_each(|thread| thread.join().unwrap());

    let mut none = host(usize::MAX, 0, sender);
    let pool = create_pool(&hosted(&mut none, 1));
    assert_eq!(wait(work(pool, &log, 2)).unwrap_err().0, TB_ERROR_CLOSED);
    drop_pool(pool);
}

#[test]
fn no_thread_is_none() {
    // SAFETY: NULL is refused, or fine.
    unsafe {
        assert_eq!(tb_pool_thread_run(null_mut()), TB_NULL);
        assert_eq!(tb_pool_thread_run(&mut null_mut()), TB_NULL);
        assert_eq!((tb_pool_thread_index(null()), tb_pool_thread_stack_size(null())), (0, 0));
        assert!(tb_pool_thread_name(null()).is_null());
        tb_pool_thread_drop(null_mut());
        tb_pool_thread_drop(&mut null_mut());
    }
}

/// Checked builds: a thread that has been run is none any more.
#[cfg(any(debug_assertions, feature = "checked"))]
#[test]
fn a_thread_that_was_run_is_stale() {
    unsafe extern "C-unwind" fn keeps(data: *mut c_void, thread: *mut tb_pool_thread) -> tb_status {
        // SAFETY: the data is a place for a thread.
        unsafe { *data.cast::<*mut tb_pool_thread>() = thread };
        TB_OK
    }
    let mut kept = null_mut::<tb_pool_thread>();
    let data = (&raw mut kept).cast();
    let pool = create_pool(&tb_pool_options {
        threads: 1,
        spawn: Some(keeps),
        spawn_data: data,
        stack_size: 0,
        ..pool_options()
    });
    let mut copy = kept;
    // SAFETY: a checked library takes any handle.
    unsafe {
        assert_eq!(tb_pool_thread_stack_size(kept), 0, "nobody has said");
        tb_pool_thread_drop(&raw mut kept);
        assert_eq!(tb_pool_thread_run(&raw mut copy), TB_STALE);
        assert!(tb_pool_thread_name(copy).is_null());
        tb_pool_thread_drop(&raw mut copy);
        assert!(!copy.is_null());
    }
    drop_pool(pool);
}
