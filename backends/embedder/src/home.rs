//! The main thread's own context, and how a call proves that it is on that thread.

#[cfg(feature = "std")]
mod imp {
    use core::cell::Cell;

    use threadbare::{Main, MainThread};

    use crate::status::{Result, TB_WRONG_THREAD, fail};
    use crate::sync::{AtomicUsize, Ordering};

    static THREADS: AtomicUsize = AtomicUsize::new(1);

    std::thread_local! {
        /// From [`THREADS`], which gives no number twice; 0 until somebody asks.
        static THREAD: Cell<usize> = const { Cell::new(0) };
    }

    fn thread() -> usize {
        THREAD.with(|own| {
            if own.get() == 0 {
                // ORDERING: Relaxed: only that no two get the same.
                own.set(THREADS.fetch_add(1, Ordering::Relaxed));
            }
            own.get()
        })
    }

    fn elsewhere<T>() -> Result<T> {
        fail(TB_WRONG_THREAD, c"for the main thread alone, and this is another one")
    }

    /// The main queue: its own thread can enter it as often as it likes, and no other.
    #[derive(Clone)]
    pub(crate) struct Home(Main);

    /// With the number of the thread.
    pub(crate) struct Proof(MainThread, usize);

    impl Home {
        pub(crate) fn main(&self) -> &Main {
            &self.0
        }

        pub(crate) fn enter(&self) -> Result<Proof> {
            enter(&self.0)
        }
    }

    fn enter(main: &Main) -> Result<Proof> {
        match main.enter() {
            Some(here) => Ok(Proof::new(here)),
            None => elsewhere(),
        }
    }

    impl Proof {
        pub(crate) fn new(here: MainThread) -> Self {
            Self(here, thread())
        }

        pub(crate) fn home(&self) -> Home {
            Home(self.0.main().clone())
        }

        /// Is nothing queued? For a loop that asks again and again it writes to nothing that other threads read.
        pub(crate) fn is_idle(&self) -> Result<bool> {
            if thread() == self.1 { Ok(self.0.is_idle()) } else { elsewhere() }
        }

        /// Another, on the same thread.
        pub(crate) fn again(&self) -> Result<Self> {
            enter(self.0.main())
        }

        pub(crate) fn here(&self) -> &MainThread {
            &self.0
        }
    }
}

/// Threads cannot be told apart, and only the first to enter gets a proof: all share that one.
#[cfg(not(feature = "std"))]
mod imp {
    use threadbare::{Main, MainThread};

    use crate::status::{Result, TB_WRONG_THREAD, fail};
    use crate::sync::{Arc, Weak};

    struct Shared(MainThread);

    // SAFETY: only the host can see to it that this is used on the main thread, and the header says so.
    unsafe impl Send for Shared {}
    // SAFETY: as above.
    unsafe impl Sync for Shared {}

    /// The main queue, and the proof for as long as the main thread has one: a context that is kept, and dropped anywhere, must
    /// neither be the main thread nor end it.
    #[derive(Clone)]
    pub(crate) struct Home(Main, Weak<Shared>);

    pub(crate) struct Proof(Arc<Shared>);

    impl Home {
        pub(crate) fn main(&self) -> &Main {
            &self.0
        }

        pub(crate) fn enter(&self) -> Result<Proof> {
            match self.1.upgrade() {
                Some(shared) => Ok(Proof(shared)),
                None => fail(TB_WRONG_THREAD, c"the main thread has left"),
            }
        }
    }

    impl Proof {
        pub(crate) fn new(here: MainThread) -> Self {
            Self(Arc::new(Shared(here)))
        }

        pub(crate) fn home(&self) -> Home {
            Home(self.here().main().clone(), Arc::downgrade(&self.0))
        }

        pub(crate) fn is_idle(&self) -> Result<bool> {
            Ok(self.here().is_idle())
        }

        pub(crate) fn again(&self) -> Result<Self> {
            Ok(Self(self.0.clone()))
        }

        pub(crate) fn here(&self) -> &MainThread {
            &self.0.0
        }
    }
}

pub(crate) use imp::{Home, Proof};
