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

    /// Is there nothing? Any thread may ask.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Takes the oldest. Any thread may.
    pub fn take_front(&self) -> Option<Runnable> {
        self.0.take_front()
    }
}

/// Who searches, and who sleeps.
pub struct Sleep(crate::sleep::Sleep);

impl Sleep {
    /// Nobody does.
    #[expect(clippy::new_without_default, reason = "a default would hide that it is made inside of a model")]
    pub fn new() -> Self {
        Self(crate::sleep::Sleep::new())
    }

    /// The calling thread searches.
    pub fn start_searching(&self) {
        self.0.start_searching();
    }

    /// Something was queued.
    pub fn notify(&self) {
        self.0.notify();
    }

    /// It has found something; `look` says whether there is more.
    pub fn stop_searching(&self, look: impl FnOnce() -> bool) {
        self.0.stop_searching(look);
    }

    /// It goes to sleep, unless `look` says that there is work.
    pub fn sleep_from_search(&self, look: impl FnOnce() -> bool) -> bool {
        self.0.sleep_from_search(look)
    }

    /// How many sleep whom nobody has woken.
    pub fn sleepers(&self) -> usize {
        self.0.sleepers()
    }
}
