//! The host's job system.

use core::ffi::c_void;
use core::mem::offset_of;

use threadbare::{Help, Outlook, Runnable, TaskProcessor};

use crate::runnable::{give_runnable, tb_runnable};
use crate::status::{Result, TB_INVALID, TB_NULL, fail};

/// What a job system has to say to a thread that is about to sleep in a wait.
pub type tb_outlook = i32;
/// From now on, until after_park, new work wakes this thread (tb_thread_unpark).
pub const TB_OUTLOOK_SLEEP: tb_outlook = 0;
/// Do not sleep: there is, or may be, work already.
pub const TB_OUTLOOK_WORK: tb_outlook = 1;
/// There is nothing to do, and nothing will come but from this thread itself: if all say so, the wait ends with
/// TB_ERROR_DEADLOCK.
pub const TB_OUTLOOK_NEVER: tb_outlook = 2;

/// The host's job system. Set `size` to sizeof(tb_processor) and what you do not need to NULL. The functions must not let an
/// exception out. `data` is used from any thread until `destroy` is called.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct tb_processor {
    /// sizeof(tb_processor): what lies beyond is taken as NULL.
    pub size: usize,
    /// Handed to each of the functions.
    pub data: *mut c_void,
    /// Required. Takes charge of `runnable`, and has it run on some thread, soon, but not inside this call. Called on any
    /// thread, under no lock.
    pub start_task: Option<unsafe extern "C-unwind" fn(data: *mut c_void, runnable: *mut tb_runnable)>,
    /// Is the calling thread one of yours? A continuation for this processor then runs at once. The library knows so itself
    /// inside of the runnables that it runs.
    pub is_current: Option<unsafe extern "C-unwind" fn(data: *mut c_void) -> bool>,
    /// Runs one queued runnable on the calling thread, false if there is none: for a wait on one of your threads, or on the
    /// main thread (answer false there if main must not). Needs before_park.
    pub run_one: Option<unsafe extern "C-unwind" fn(data: *mut c_void) -> bool>,
    /// The calling thread waits, has nothing to do, and is about to sleep.
    pub before_park: Option<unsafe extern "C-unwind" fn(data: *mut c_void) -> tb_outlook>,
    /// It is up again: called after each before_park that did not return TB_OUTLOOK_WORK.
    pub after_park: Option<unsafe extern "C-unwind" fn(data: *mut c_void)>,
    /// The last system on this processor is gone: run or drop what is queued. Called once, on the thread that dropped the
    /// system. Runnables may still come: drop them.
    pub release: Option<unsafe extern "C-unwind" fn(data: *mut c_void)>,
    /// The last call: nothing refers to `data` any more. On any thread.
    pub destroy: Option<unsafe extern "C-unwind" fn(data: *mut c_void)>,
    /// The system's main queue went from empty to non-empty: wake the event loop. Called on the thread that queues; must not
    /// block. Not called while the main thread sleeps in a wait, which takes what comes.
    pub main_ready: Option<unsafe extern "C-unwind" fn(data: *mut c_void)>,
}

/// Copies a struct of pointer-sized fields that begins with its size: what is beyond that size stays as in `into`.
///
/// # Safety
///
/// Every field of `T` is as large as a pointer and may be anything that stands in such a struct of the host's. `from` is NULL,
/// or points to as many bytes as its first field says.
pub(crate) unsafe fn copy_sized<T: Copy>(from: *const T, into: &mut T, required: usize) -> Result<()> {
    const FIELD: usize = size_of::<usize>();
    if from.is_null() {
        return fail(TB_NULL, c"a struct is NULL");
    }
    // SAFETY: as the caller says.
    let size = unsafe { *from.cast::<usize>() };
    if size < required {
        return fail(TB_INVALID, c"a struct's size is too small: is it set to its sizeof?");
    }
    // A field that is cut off is not there.
    let fields = size.min(size_of::<T>()) / FIELD;
    // SAFETY: as the caller says: so many are there.
    unsafe { core::ptr::from_mut(into).cast::<u8>().copy_from_nonoverlapping(from.cast(), fields * FIELD) };
    Ok(())
}

/// A processor on the host's functions.
pub(crate) struct HostProcessor(tb_processor);

// SAFETY: the host says that any thread may call its functions with its data.
unsafe impl Send for HostProcessor {}
// SAFETY: as above.
unsafe impl Sync for HostProcessor {}

impl HostProcessor {
    /// # Safety
    ///
    /// As the header says of the struct.
    pub(crate) unsafe fn new(host: *const tb_processor) -> Result<Self> {
        let mut own = tb_processor {
            size: 0,
            data: core::ptr::null_mut(),
            start_task: None,
            is_current: None,
            run_one: None,
            before_park: None,
            after_park: None,
            release: None,
            destroy: None,
            main_ready: None,
        };
        // SAFETY: all its fields are pointers, functions or sizes, and NULL is a value of each.
        unsafe { copy_sized(host, &mut own, offset_of!(tb_processor, is_current))? };
        if own.start_task.is_none() {
            return fail(TB_NULL, c"a processor has no start_task");
        }
        if own.run_one.is_some() && own.before_park.is_none() {
            return fail(TB_INVALID, c"a processor has a run_one and no before_park");
        }
        Ok(Self(own))
    }

    /// What is to be called when the main queue gets something.
    pub(crate) fn main_ready(&self) -> Option<impl Fn() + Send + Sync + 'static> {
        /// The two go together, to any thread; the processor outlives its system's main queue.
        struct Ready(unsafe extern "C-unwind" fn(data: *mut c_void), *mut c_void);
        // SAFETY: as for the processor.
        unsafe impl Send for Ready {}
        // SAFETY: as above.
        unsafe impl Sync for Ready {}
        impl Ready {
            fn call(&self) {
                // SAFETY: the host gave the two together.
                unsafe { self.0(self.1) }
            }
        }
        let ready = Ready(self.0.main_ready?, self.0.data);
        Some(move || ready.call())
    }
}

impl Drop for HostProcessor {
    fn drop(&mut self) {
        if let Some(destroy) = self.0.destroy {
            // SAFETY: the host gave it with its data, and nobody else has that any more.
            unsafe { destroy(self.0.data) };
        }
    }
}

impl TaskProcessor for HostProcessor {
    fn start_task(&self, runnable: Runnable) {
        if let Some(start_task) = self.0.start_task {
            // SAFETY: the host gave it with its data.
            unsafe { start_task(self.0.data, give_runnable(runnable)) };
        }
    }

    fn is_current(&self) -> bool {
        // SAFETY: the host gave it with its data.
        self.0.is_current.is_some_and(|is_current| unsafe { is_current(self.0.data) })
    }

    fn help(&self) -> Option<&dyn Help> {
        self.0.run_one.is_some().then_some(self)
    }

    fn release(&self) {
        if let Some(release) = self.0.release {
            // SAFETY: the host gave it with its data.
            unsafe { release(self.0.data) };
        }
    }
}

impl Help for HostProcessor {
    fn run_one(&self) -> bool {
        // SAFETY: the host gave it with its data.
        self.0.run_one.is_some_and(|run_one| unsafe { run_one(self.0.data) })
    }

    fn before_park(&self) -> Outlook {
        // SAFETY: the host gave it with its data.
        match self.0.before_park.map(|before_park| unsafe { before_park(self.0.data) }) {
            Some(TB_OUTLOOK_SLEEP) => Outlook::Sleep,
            Some(TB_OUTLOOK_NEVER) => Outlook::Never,
            // Of what cannot be understood, what costs the least if it is wrong.
            _ => Outlook::Work,
        }
    }

    fn after_park(&self) {
        if let Some(after_park) = self.0.after_park {
            // SAFETY: the host gave it with its data.
            unsafe { after_park(self.0.data) };
        }
    }
}
