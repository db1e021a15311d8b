//! What models look at, and nobody else can see.

use threadbare::Runnable;

/// A thread's own queue.
pub struct Deque(crate::deque::Deque);

impl Deque {
    /// An empty one.
    #[expect(clippy::new_without_default, reason = "a default would hide that it is made inside of a model")]
    pub fn new() -> Self {
        Self(crate::deque::Deque::new())
    }

    /// Adds a runnable at the back.
    ///
    /// # Safety
    ///
    /// The caller is the owner's thread.
    pub unsafe fn push(&self, runnable: Runnable) {
        // SAFETY: as the caller says.
        unsafe { self.0.push(runnable) }
    }

    /// Takes the newest.
    ///
    /// # Safety
    ///
    /// The caller is the owner's thread.
    pub unsafe fn take_back(&self) -> Option<Runnable> {
        // SAFETY: as the caller says.
        unsafe { self.0.take_back() }
    }

    /// Takes the oldest. Any thread may.
    pub fn take_front(&self) -> Option<Runnable> {
        self.0.take_front()
    }
}
