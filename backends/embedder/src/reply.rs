//! How a callback answers.

use core::cell::Cell;
use core::ffi::c_void;

use threadbare::{Error, Outcome};

use crate::error::{no_reply, take_error, tb_error};
use crate::handle::{Handle, Lent, lend, read};
use crate::registry::Kind;
use crate::status::{Result, TB_SETTLED, fail, guard, tb_status};
use crate::task::{read_task, take_task, tb_task};
use crate::value::{Value, tb_destroy};

/// A callback's answer: a value, an error, or a task that will have either. It is there until the callback returns, and for
/// its thread alone. A callback that gives none rejects its task with TB_ERROR_ABANDONED; of two, the second is refused
/// with TB_SETTLED.
pub struct tb_reply {
    outcome: Cell<Option<Outcome<Value>>>,
}

impl Handle for tb_reply {
    const KIND: Kind = Kind::Reply;
}

/// What the callback answers.
pub(crate) fn ask(callback: impl FnOnce(*mut tb_reply)) -> Outcome<Value> {
    let reply = tb_reply { outcome: Cell::new(None) };
    {
        // SAFETY: it stands here until after the call.
        let lent = unsafe { Lent::new(&raw const reply) };
        callback(lent.handle().cast_mut());
    }
    reply.outcome.into_inner().unwrap_or_else(|| Outcome::Ready(Err(no_reply())))
}

/// # Safety
///
/// It is NULL, or a live handle.
unsafe fn give(reply: *const tb_reply, outcome: impl FnOnce() -> Result<Outcome<Value>>) -> Result<()> {
    // SAFETY: as the caller says.
    let place = &unsafe { lend(reply)? }.outcome;
    let before = place.take();
    if before.is_some() {
        place.set(before);
        return fail(TB_SETTLED, c"the callback has given its reply already");
    }
    place.set(Some(outcome()?));
    Ok(())
}

fn ready(outcome: core::result::Result<Value, Error>) -> Outcome<Value> {
    Outcome::Ready(outcome)
}

/// Answers with a value.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tb_reply_resolve(reply: *mut tb_reply, value: *mut c_void, destroy: tb_destroy) -> tb_status {
    // SAFETY: the header's conventions.
    guard(|| unsafe { give(reply, || Ok(ready(Ok(Value::new(value, destroy))))) })
}

/// Answers with an error, which is consumed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tb_reply_reject(reply: *mut tb_reply, error: *mut *mut tb_error) -> tb_status {
    guard(|| {
        // SAFETY: the header's conventions.
        unsafe {
            read(error)?;
            give(reply, || take_error(error).map(|error| ready(Err(error))))
        }
    })
}

/// Answers with a task, which is consumed: the callback's task settles as that one does. Not with the callback's own task, nor
/// with one that waits for that: neither would ever settle.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tb_reply_task(reply: *mut tb_reply, task: *mut *mut tb_task) -> tb_status {
    guard(|| {
        // SAFETY: the header's conventions.
        unsafe {
            read_task(task)?;
            give(reply, || take_task(task).map(Outcome::Pending))
        }
    })
}
