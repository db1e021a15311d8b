//! The worst moment, for the scenario to strike in: the main thread has looked for something to do, has found nothing,
//! and is about to sleep.

use alloc::boxed::Box;
use core::cell::RefCell;

use critical_section::Mutex;

type Strike = Box<dyn FnOnce() + Send>;

static AMBUSH: Mutex<RefCell<Option<Strike>>> = Mutex::new(RefCell::new(None));

/// Calls `strike` when that moment comes next.
pub(crate) fn lay(strike: impl FnOnce() + Send + 'static) {
    let before = critical_section::with(|section| AMBUSH.borrow_ref_mut(section).replace(Box::new(strike)));
    drop(before);
}

/// That moment is now.
pub(crate) fn worst_moment() {
    let strike = critical_section::with(|section| AMBUSH.borrow_ref_mut(section).take());
    if let Some(strike) = strike {
        strike();
    }
}
