//! What a thread of a stateful pool lends to its calls: its state, or the reason why there is none.

use std::any::Any;
use std::cell::RefCell;
use std::mem::ManuallyDrop;

use threadbare::{Error, Result, Runnable};

/// What may be in a thread-local that has no destructor: whoever puts something in takes it out again.
type Slot<T> = RefCell<ManuallyDrop<Option<T>>>;

crate::sync::local! {
    /// The state of this thread, from when it was loaded until after the last call.
    static STATE: Slot<Box<dyn Any>> = RefCell::new(ManuallyDrop::new(None));
}

crate::sync::local! {
    /// Why the call that this thread is about to refuse is refused.
    static REFUSAL: Slot<Error> = RefCell::new(ManuallyDrop::new(None));
}

/// Makes this the state of the calling thread.
pub(crate) fn fill(state: Box<dyn Any>) {
    STATE.with(|slot| **slot.borrow_mut() = Some(state));
}

/// Drops the state of the calling thread.
pub(crate) fn empty() {
    let state = STATE.with(|slot| slot.borrow_mut().take());
    drop(state);
}

/// A call: lends `f` the calling thread's state.
///
/// # Errors
///
/// If the call is refused. Then `f` is dropped.
pub(crate) fn lend<S: 'static, R>(f: impl FnOnce(&mut S) -> R) -> Result<R> {
    if let Some(refusal) = REFUSAL.with(|slot| slot.borrow_mut().take()) {
        return Err(refusal);
    }
    // Lent once at a time: a call that comes to run inside of another is one that is refused.
    STATE.with(|slot| match slot.borrow_mut().as_mut().and_then(|state| state.downcast_mut()) {
        Some(state) => Ok(f(state)),
        None => unreachable!("calls are run by threads that have loaded"),
    })
}

/// Rejects a call with this error, on any thread: what [`lend`]s in there gets nothing.
pub(crate) fn refuse(call: Runnable, error: Error) {
    REFUSAL.with(|slot| **slot.borrow_mut() = Some(error));
    call.run();
}
