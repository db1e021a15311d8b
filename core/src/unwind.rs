//! Panics of user code, where they can be caught.

use crate::error::{Error, Result};

/// Runs `f`; a panic becomes an error. Without feature `std` there is nothing that catches, and the panic goes on.
///
/// Nothing is caught under loom either: there a panic is the model's verdict, and must reach it.
#[cfg(all(feature = "std", not(loom)))]
pub(crate) fn catch<R>(f: impl FnOnce() -> R) -> Result<R> {
    // Whatever `f` was in the middle of changing is dropped or was moved into it: nobody sees it half done.
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(f)).map_err(|payload| Error::panicked(payload, place::take()))
}

#[cfg(not(all(feature = "std", not(loom))))]
pub(crate) fn catch<R>(f: impl FnOnce() -> R) -> Result<R> {
    Ok(f())
}

/// Rejects, in its drop, what a panic would otherwise leave unsettled: for builds that do not catch but may unwind.
pub(crate) struct OnUnwind<F: FnMut(Error)>(pub(crate) F);

impl<F: FnMut(Error)> Drop for OnUnwind<F> {
    fn drop(&mut self) {
        (self.0)(Error::of_kind(
            crate::ErrorKind::Panicked,
            "panicked, with no unwinding support to carry the message",
        ));
    }
}

/// Sees to it that a caught panic can say where it happened.
pub(crate) fn watch_panics() {
    #[cfg(all(feature = "std", not(loom)))]
    place::watch();
}

/// Where this thread panicked last. Only a panic hook is told, so the process's hook is wrapped, once; one that the host
/// sets later goes in front, and unless that calls the one before it, panics are caught as ever, but without their place.
#[cfg(all(feature = "std", not(loom)))]
mod place {
    use alloc::string::{String, ToString};
    use core::cell::Cell;
    use core::fmt::Write;
    use std::sync::Once;

    /// Text that fits, without a destructor, since it stands in a thread-local.
    #[derive(Clone, Copy)]
    struct Text {
        bytes: [u8; 160],
        len: usize,
    }

    impl Text {
        const EMPTY: Self = Self { bytes: [0; 160], len: 0 };
    }

    impl Write for Text {
        fn write_str(&mut self, text: &str) -> core::fmt::Result {
            let mut fits = text.len().min(self.bytes.len() - self.len);
            while !text.is_char_boundary(fits) {
                fits -= 1;
            }
            self.bytes[self.len..self.len + fits].copy_from_slice(&text.as_bytes()[..fits]);
            self.len += fits;
            Ok(())
        }
    }

    std::thread_local! {
        static PLACE: Cell<Text> = const { Cell::new(Text::EMPTY) };
    }

    pub(super) fn watch() {
        static WATCHED: Once = Once::new();
        // A thread that is panicking may not set the hook.
        if WATCHED.is_completed() || std::thread::panicking() {
            return;
        }
        WATCHED.call_once(|| {
            let before = std::panic::take_hook();
            std::panic::set_hook(std::boxed::Box::new(move |panic| {
                if let Some(location) = panic.location() {
                    let mut place = Text::EMPTY;
                    _ = write!(place, "{location}");
                    _ = PLACE.try_with(|cell| cell.set(place));
                }
                before(panic);
            }));
        });
    }

    /// The place of the panic that was just caught.
    pub(super) fn take() -> Option<String> {
        let place = PLACE.try_with(|cell| cell.replace(Text::EMPTY)).ok()?;
        let text = core::str::from_utf8(&place.bytes[..place.len]).ok()?;
        (!text.is_empty()).then(|| text.to_string())
    }
}
