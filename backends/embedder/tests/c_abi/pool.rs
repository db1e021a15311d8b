//! The pool.

use std::ffi::c_void;
use std::mem::offset_of;
use std::ptr::{null, null_mut};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use threadbare_embedder::*;

use crate::common::*;

#[test]
fn a_pool_runs_closes_and_refuses() {
    let log = Log::default();
    let pool = create_pool(&tb_pool_options { threads: 2, ..pool_options() });
    let tasks = [1, 2, 3].map(|n| work(pool, &log, n));
    // SAFETY: it is alive.
    unsafe {
        assert_eq!(tb_pool_close(pool), TB_OK);
        assert_eq!(tb_pool_close(pool), TB_OK, "as often as one likes");
    }
    assert_eq!(tasks.map(wait), [Ok(1), Ok(2), Ok(3)], "what was queued is done");
    assert_eq!(wait(work(pool, &log, 4)).unwrap_err().0, TB_ERROR_CLOSED);
    assert_eq!(log.numbers().len(), 4, "the refused one was destroyed, too");
    drop_pool(pool);
    // SAFETY: NULL is refused.
    unsafe { assert_eq!((tb_pool_close(null()), tb_pool_close_now(null())), (TB_NULL, TB_NULL)) };
}

#[test]
fn close_now_rejects_what_has_not_started() {
    let log = Log::default();
    let pool = create_pool(&tb_pool_options { threads: 1, ..pool_options() });
    let own = Anywhere(pool);
    // SAFETY: it is alive.
    let closing = run(unsafe { tb_pool_worker(pool) }, &log, 1, move |reply| {
        let waits = work(own.get(), &Log::default(), 9);
        // SAFETY: both are alive; on the pool's own thread it does not wait.
        unsafe {
            assert_eq!(tb_pool_close_now(own.get()), TB_OK);
            let mut waits = waits;
            assert_eq!(tb_reply_task(reply, &raw mut waits), TB_OK);
        }
    });
    assert_eq!(wait(closing).unwrap_err().0, TB_ERROR_CLOSED);
    drop_pool(pool);
}

#[test]
fn the_last_handle_closes_it() {
    let log = Log::default();
    let pool = create_pool(&tb_pool_options { threads: 1, ..pool_options() });
    let mut system = null_mut();
    // SAFETY: all are alive.
    let again = unsafe {
        let mut again = null_mut();
        assert_eq!(tb_pool_clone(pool, &raw mut again), TB_OK);
        assert_eq!(tb_system_create_on_pool(again, &raw mut system), TB_OK);
        again
    };
    drop_pool(pool);
    assert_eq!(wait(work(again, &log, 1)), Ok(1));
    drop_pool(again);
    // SAFETY: it is alive.
    let worker = unsafe { tb_system_worker(system) };
    let task = run(worker, &log, 2, |reply| {
        // SAFETY: the reply is alive.
        assert_eq!(unsafe { tb_reply_resolve(reply, Log::default().value(2), DESTROY) }, TB_OK);
    });
    assert_eq!(wait(task), Ok(2), "the system has one");
    drop_system(system);
}

static STARTED: AtomicUsize = AtomicUsize::new(0);
static STOPPED: AtomicUsize = AtomicUsize::new(0);
static NAMES: Mutex<Vec<String>> = Mutex::new(Vec::new());

unsafe extern "C-unwind" fn on_start(data: *mut c_void, index: usize) {
    assert_eq!(data.addr(), 77);
    NAMES.lock().unwrap().push(std::thread::current().name().unwrap().to_string());
    STARTED.fetch_add(index + 1, Ordering::SeqCst);
}

unsafe extern "C-unwind" fn on_stop(data: *mut c_void, index: usize) {
    assert_eq!(data.addr(), 77);
    STOPPED.fetch_add(index + 1, Ordering::SeqCst);
}

#[test]
fn threads_have_names_and_hooks() {
    let options = tb_pool_options {
        threads: 2,
        name: c"decode".as_ptr(),
        stack_size: 256 * 1024,
        on_start: Some(on_start),
        on_stop: Some(on_stop),
        data: std::ptr::without_provenance_mut(77),
        ..pool_options()
    };
    drop_pool(create_pool(&options));
    let mut names = NAMES.lock().unwrap().clone();
    names.sort();
    assert_eq!((STARTED.load(Ordering::SeqCst), STOPPED.load(Ordering::SeqCst)), (3, 3));
    assert_eq!(names, ["decode-0", "decode-1"]);
}

#[test]
fn options_may_be_shorter_longer_or_absent_and_not_senseless() {
    let mut pool = null_mut();
    // SAFETY: the structs are as long as they say.
    unsafe {
        assert_eq!(tb_pool_create(null(), &raw mut pool), TB_OK);
        tb_pool_drop(&raw mut pool);

        // Up to and with the threads; what lies behind is not for the library.
        let short = tb_pool_options {
            size: offset_of!(tb_pool_options, name),
            threads: 1,
            name: c"\xff".as_ptr(),
            ..pool_options()
        };
        assert_eq!(tb_pool_create(&raw const short, &raw mut pool), TB_OK);
        tb_pool_drop(&raw mut pool);

        #[repr(C)]
        struct Longer(tb_pool_options, [usize; 4]);
        let mut longer = Longer(tb_pool_options { threads: 1, ..pool_options() }, [usize::MAX; 4]);
        longer.0.size = size_of::<Longer>();
        assert_eq!(tb_pool_create((&raw const longer).cast(), &raw mut pool), TB_OK);
        tb_pool_drop(&raw mut pool);

        let wrong = |options: tb_pool_options, status| {
            let mut pool = std::ptr::dangling_mut();
            assert_eq!(tb_pool_create(&raw const options, &raw mut pool), status);
            assert!(pool.is_null());
        };
        wrong(tb_pool_options { size: 0, ..pool_options() }, TB_INVALID);
        wrong(tb_pool_options { size: size_of::<usize>() - 1, ..pool_options() }, TB_INVALID);
        wrong(tb_pool_options { threads: usize::MAX, ..pool_options() }, TB_INVALID);
        wrong(tb_pool_options { threads: 1, name: c"\xff".as_ptr(), ..pool_options() }, TB_INVALID);
        if cfg!(not(miri)) {
            wrong(tb_pool_options { threads: 1, stack_size: 1 << 46, ..pool_options() }, TB_SYSTEM);
        }
        assert_eq!(tb_pool_create(null(), null_mut()), TB_NULL);
    }
}
