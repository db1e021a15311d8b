//! Values that know where they were destroyed, and short ways to call the functions.

use std::ffi::{CStr, CString, c_char, c_void};
use std::ptr::{null, null_mut};
use std::sync::{Arc, Mutex};
use std::thread::ThreadId;

use threadbare_embedder::*;

/// Where the values that have this log were destroyed, in order, by number.
#[derive(Clone, Default)]
pub(crate) struct Log(Arc<Mutex<Vec<(u32, ThreadId)>>>);

impl Log {
    pub(crate) fn numbers(&self) -> Vec<u32> {
        self.0.lock().unwrap().iter().map(|(number, _)| *number).collect()
    }

    pub(crate) fn threads(&self) -> Vec<ThreadId> {
        self.0.lock().unwrap().iter().map(|(_, thread)| *thread).collect()
    }

    pub(crate) fn note(&self, number: u32) {
        self.0.lock().unwrap().push((number, std::thread::current().id()));
    }

    /// A value of this log, to be destroyed with [`destroy`].
    pub(crate) fn value(&self, number: u32) -> *mut c_void {
        Box::into_raw(Box::new(Token { number, log: self.clone() })).cast()
    }
}

struct Token {
    number: u32,
    log: Log,
}

pub(crate) unsafe extern "C-unwind" fn destroy(value: *mut c_void) {
    // SAFETY: it is one of `Log::value`.
    let token = unsafe { Box::from_raw(value.cast::<Token>()) };
    token.log.note(token.number);
}

pub(crate) const DESTROY: tb_destroy = Some(destroy);

/// Clones a value into one with ten more.
pub(crate) unsafe extern "C-unwind" fn clone_value(value: *const c_void) -> *mut c_void {
    // SAFETY: it is one of `Log::value`.
    let token = unsafe { &*value.cast::<Token>() };
    token.log.value(token.number + 10)
}

/// What a value's number is.
pub(crate) fn number(value: *const c_void) -> u32 {
    // SAFETY: it is one of `Log::value`, and alive.
    unsafe { &*value.cast::<Token>() }.number
}

/// Destroys a value that the test owns, and says which it was.
pub(crate) fn finish(value: *mut c_void) -> u32 {
    let found = number(value);
    // SAFETY: the test owns it.
    unsafe { destroy(value) };
    found
}

/// A Rust closure as a C callback's data, and the log that tells of its end.
pub(crate) struct Data<F>(pub(crate) F, Log, u32);

impl<F> Data<F> {
    /// On the caller's stack, for a callback that is called while the caller waits.
    pub(crate) fn new(f: F) -> Self {
        Self(f, Log::default(), 0)
    }

    pub(crate) fn make(f: F, log: &Log, number: u32) -> *mut c_void {
        Box::into_raw(Box::new(Self(f, log.clone(), number))).cast()
    }

    /// # Safety
    ///
    /// It is one of `make`, and alive.
    pub(crate) unsafe extern "C-unwind" fn destroy(data: *mut c_void) {
        // SAFETY: as the caller says.
        let data = unsafe { Box::from_raw(data.cast::<Self>()) };
        data.1.note(data.2);
    }
}

/// Declares a callback of some type that calls a closure in its data.
macro_rules! callback {
    ($name:ident, $trait:ident($($arg:ident: $type:ty),*) $(-> $out:ty)?) => {
        pub(crate) unsafe extern "C-unwind" fn $name<F: $trait($($type),*) $(-> $out)?>(
            data: *mut c_void, $($arg: $type),*
        ) $(-> $out)? {
            // SAFETY: the data is a `Data<F>`, and the callback is called with it alone.
            unsafe { (&mut (*data.cast::<Data<F>>()).0)($($arg),*) }
        }
    };
}

callback!(on_run, FnMut(reply: *mut tb_reply));
callback!(on_value, FnMut(value: *mut c_void, reply: *mut tb_reply));
callback!(on_error, FnMut(error: *mut tb_error, reply: *mut tb_reply));
callback!(on_outcome, FnMut(value: *mut c_void, error: *mut tb_error, reply: *mut tb_reply));
callback!(on_more, FnMut() -> bool);
callback!(on_look, FnMut(value: *const c_void, error: *const tb_error));

/// `tb_run`, with a Rust closure.
pub(crate) fn run<F: FnMut(*mut tb_reply) + 'static>(
    context: *const tb_context,
    log: &Log,
    n: u32,
    f: F,
) -> *mut tb_task {
    let mut task = null_mut();
    // SAFETY: callback, data and destructor belong together.
    let status =
        unsafe { tb_run(context, Some(on_run::<F>), Data::make(f, log, n), Some(Data::<F>::destroy), &raw mut task) };
    assert_eq!(status, TB_OK, "{}", last_error());
    task
}

/// `tb_and_then`, with a Rust closure.
pub(crate) fn and_then<F>(task: &mut *mut tb_task, context: *const tb_context, log: &Log, n: u32, f: F) -> tb_status
where
    F: FnMut(*mut c_void, *mut tb_reply) + 'static,
{
    let data = Data::make(f, log, n);
    // SAFETY: callback, data and destructor belong together.
    let status = unsafe { tb_and_then(task, context, Some(on_value::<F>), data, Some(Data::<F>::destroy)) };
    if status != TB_OK {
        // SAFETY: it is ours still; the log is not told.
        drop(unsafe { Box::from_raw(data.cast::<Data<F>>()) });
    }
    status
}

/// A promise and its task.
pub(crate) fn promise() -> (*mut tb_promise, *mut tb_task) {
    let (mut promise, mut task) = (null_mut(), null_mut());
    // SAFETY: both may be written.
    assert_eq!(unsafe { tb_promise_create(&raw mut promise, &raw mut task) }, TB_OK);
    (promise, task)
}

pub(crate) fn resolved(value: *mut c_void) -> *mut tb_task {
    let mut task = null_mut();
    // SAFETY: the value is one of `Log::value`.
    assert_eq!(unsafe { tb_task_resolved(value, DESTROY, &raw mut task) }, TB_OK);
    task
}

pub(crate) fn error(kind: tb_error_kind, message: &str) -> *mut tb_error {
    let mut error = null_mut();
    let message = CString::new(message).unwrap();
    // SAFETY: the message is a C string.
    assert_eq!(unsafe { tb_error_create(kind, message.as_ptr(), &raw mut error) }, TB_OK);
    error
}

pub(crate) fn rejected(kind: tb_error_kind, message: &str) -> *mut tb_task {
    let (mut task, mut error) = (null_mut(), error(kind, message));
    // SAFETY: the error is alive.
    assert_eq!(unsafe { tb_task_rejected(&raw mut error, &raw mut task) }, TB_OK);
    assert!(error.is_null());
    task
}

/// What a task settles with: the value's number, or the error's kind and text.
pub(crate) fn wait(mut task: *mut tb_task) -> Result<u32, (tb_error_kind, String)> {
    let (mut value, mut error) = (null_mut(), null_mut());
    // SAFETY: the task is alive.
    let status = unsafe { tb_task_wait(&raw mut task, &raw mut value, &raw mut error) };
    assert!(task.is_null(), "consumed");
    match status {
        TB_OK => Ok(finish(value)),
        TB_REJECTED => Err(take_error(error)),
        other => panic!("status {other}: {}", last_error()),
    }
}

/// An error's kind and text; it is dropped.
pub(crate) fn take_error(mut error: *mut tb_error) -> (tb_error_kind, String) {
    let found = look_at(error);
    // SAFETY: the error is alive.
    unsafe { tb_error_drop(&raw mut error) };
    found
}

pub(crate) fn look_at(error: *const tb_error) -> (tb_error_kind, String) {
    // SAFETY: the error is alive, and the buffer as long as said.
    unsafe {
        let length = tb_error_message(error, null_mut(), 0);
        let mut text = vec![0_u8; length + 1];
        assert_eq!(tb_error_message(error, text.as_mut_ptr().cast::<c_char>(), text.len()), length);
        (tb_error_get_kind(error), CStr::from_bytes_with_nul(&text).unwrap().to_str().unwrap().to_string())
    }
}

pub(crate) fn last_error() -> String {
    // SAFETY: it is static text.
    unsafe { CStr::from_ptr(tb_last_error()) }.to_str().unwrap().to_string()
}

/// A processor's struct with nothing in it.
pub(crate) fn no_processor() -> tb_processor {
    tb_processor {
        size: size_of::<tb_processor>(),
        data: null_mut(),
        start_task: None,
        is_current: None,
        run_one: None,
        before_park: None,
        after_park: None,
        release: None,
        destroy: None,
        main_ready: None,
    }
}

/// A system on a pool of so many threads, which goes with the system.
pub(crate) fn system(threads: usize) -> *mut tb_system {
    let options = tb_pool_options { threads, ..pool_options() };
    let (mut pool, mut system) = (null_mut(), null_mut());
    // SAFETY: the options are whole.
    unsafe {
        assert_eq!(tb_pool_create(&raw const options, &raw mut pool), TB_OK, "{}", last_error());
        assert_eq!(tb_system_create_on_pool(pool, &raw mut system), TB_OK);
        tb_pool_drop(&raw mut pool);
    }
    system
}

pub(crate) fn pool_options() -> tb_pool_options {
    tb_pool_options {
        size: size_of::<tb_pool_options>(),
        threads: 0,
        name: null(),
        stack_size: 0,
        on_start: None,
        on_stop: None,
        data: null_mut(),
        guests: 0,
        spin_nanos: 0,
        spawn: None,
        spawn_data: null_mut(),
        spawn_destroy: None,
    }
}

pub(crate) fn create_pool(options: &tb_pool_options) -> *mut tb_pool {
    let mut pool = null_mut();
    // SAFETY: the options are whole.
    assert_eq!(unsafe { tb_pool_create(options, &raw mut pool) }, TB_OK, "{}", last_error());
    pool
}

pub(crate) fn drop_pool(mut pool: *mut tb_pool) {
    // SAFETY: it is alive.
    unsafe { tb_pool_drop(&raw mut pool) };
    assert!(pool.is_null());
}

/// Work of the pool that replies with a value.
pub(crate) fn work(pool: *const tb_pool, log: &Log, n: u32) -> *mut tb_task {
    // SAFETY: it is alive.
    let worker = unsafe { tb_pool_worker(pool) };
    run(worker, log, 100 + n, move |reply| {
        // SAFETY: the reply is alive.
        assert_eq!(unsafe { tb_reply_resolve(reply, Log::default().value(n), DESTROY) }, TB_OK);
    })
}

pub(crate) fn drop_system(mut system: *mut tb_system) {
    // SAFETY: it is alive.
    unsafe { tb_system_drop(&raw mut system) };
}

/// A pointer that a thread may take along.
#[derive(Clone, Copy)]
pub(crate) struct Anywhere<T>(pub(crate) T);

// SAFETY: the header says of what may go anywhere.
unsafe impl<T> Send for Anywhere<T> {}

impl<T: Copy> Anywhere<T> {
    pub(crate) fn get(&self) -> T {
        self.0
    }
}
