//! Handles: pointers that are given out, lent, and taken back.

use alloc::boxed::Box;

use crate::registry::{self, Hold, Kind};
use crate::status::{Failure, Result, TB_NULL, TB_STALE, fail};

/// What a handle can point to.
pub(crate) trait Handle: Sized {
    const KIND: Kind;
}

/// Is it a live handle that the host owns, as far as one can tell?
pub(crate) fn check<T: Handle>(handle: *const T) -> Result<()> {
    check_held(handle, &[Hold::Owned])
}

fn check_held<T: Handle>(handle: *const T, holds: &[Hold]) -> Result<()> {
    if handle.is_null() {
        return fail(TB_NULL, c"a handle is NULL");
    }
    if !holds.iter().any(|hold| registry::has(T::KIND, *hold, handle)) {
        return stale();
    }
    Ok(())
}

pub(crate) fn stale<T>() -> Result<T> {
    fail(TB_STALE, c"not a live handle of this type: was it consumed or dropped already?")
}

/// What a handle points to, whether the host owns it or was lent it.
///
/// # Safety
///
/// It is NULL or a live handle, for `'a`.
pub(crate) unsafe fn lend<'a, T: Handle>(handle: *const T) -> Result<&'a T> {
    check_held(handle, &[Hold::Owned, Hold::Lent])?;
    // SAFETY: as the caller says.
    Ok(unsafe { &*handle })
}

/// The handle that a function is to consume: there, and alive.
///
/// # Safety
///
/// `place` is NULL or points to a handle.
pub(crate) unsafe fn read<T: Handle>(place: *mut *mut T) -> Result<*mut T> {
    if place.is_null() {
        return fail(TB_NULL, c"a pointer to a handle is NULL");
    }
    // SAFETY: as the caller says.
    let handle = unsafe { *place };
    check(handle)?;
    Ok(handle)
}

/// Takes the handle out of where [`read`] found it; whoever holds it otherwise has a stale one from here on.
///
/// # Safety
///
/// As for [`read`].
pub(crate) unsafe fn take_out<T: Handle>(place: *mut *mut T) -> Result<*mut T> {
    // SAFETY: as the caller says.
    let handle = unsafe { read(place)? };
    if !registry::remove(T::KIND, Hold::Owned, handle) {
        return stale();
    }
    // SAFETY: as above.
    unsafe { *place = core::ptr::null_mut() };
    Ok(handle)
}

/// Takes what a handle owns.
///
/// # Safety
///
/// As for [`read`]; the handle is one of [`give`], and alive.
pub(crate) unsafe fn take<T: Handle>(place: *mut *mut T) -> Result<T> {
    // SAFETY: as the caller says; it came from a box.
    Ok(*unsafe { Box::from_raw(take_out(place)?) })
}

/// Takes what a handle owns, for a drop function: nothing is fine.
///
/// # Safety
///
/// As for [`take`].
pub(crate) unsafe fn take_any<T: Handle>(place: *mut *mut T) -> Result<Option<T>> {
    // SAFETY: as the caller says.
    unsafe { if place.is_null() || (*place).is_null() { Ok(None) } else { take(place).map(Some) } }
}

/// Where a new handle goes, NULL until it does.
///
/// # Safety
///
/// `out` is NULL or may be written.
pub(crate) unsafe fn clear<T>(out: *mut *mut T) -> Result<()> {
    if out.is_null() {
        return fail(TB_NULL, c"there is nowhere to put the result: an out-parameter is NULL");
    }
    // SAFETY: as the caller says.
    unsafe { *out = core::ptr::null_mut() };
    Ok(())
}

/// Makes a handle that owns this.
pub(crate) fn give<T: Handle>(owned: T) -> *mut T {
    let handle = Box::into_raw(Box::new(owned));
    registry::add(T::KIND, Hold::Owned, handle);
    handle
}

/// What stands elsewhere, and is a handle that is lent to the host for as long as this stands.
pub(crate) struct Lent<T: Handle>(*const T);

impl<T: Handle> Lent<T> {
    /// # Safety
    ///
    /// What it points to stays where it is until this is dropped.
    pub(crate) unsafe fn new(place: *const T) -> Self {
        registry::add(T::KIND, Hold::Lent, place);
        Self(place)
    }

    pub(crate) fn handle(&self) -> *const T {
        self.0
    }
}

impl<T: Handle> Drop for Lent<T> {
    fn drop(&mut self) {
        registry::remove(T::KIND, Hold::Lent, self.0);
    }
}

/// A callback that must be there.
pub(crate) fn required<C>(callback: Option<C>) -> Result<C> {
    callback.ok_or(Failure::NO_CALLBACK)
}
