//! The main thread's own context, and how a call proves that it is on that thread.

#[cfg(feature = "std")]
mod imp {
    use threadbare::{Main, MainThread};

    use crate::status::{Result, TB_WRONG_THREAD, fail};

    /// The main queue: its own thread can enter it as often as it likes, and no other.
    #[derive(Clone)]
    pub(crate) struct Home(Main);

    pub(crate) struct Proof(MainThread);

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
            Some(here) => Ok(Proof(here)),
            None => fail(TB_WRONG_THREAD, c"for the main thread alone, and this is another one"),
        }
    }

    impl Proof {
        pub(crate) fn new(here: MainThread) -> Self {
            Self(here)
        }

        pub(crate) fn home(&self) -> Home {
            Home(self.0.main().clone())
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

    use crate::status::Result;
    use crate::sync::Arc;

    struct Shared(MainThread);

    // SAFETY: only the host can see to it that this is used on the main thread, and the header says so.
    unsafe impl Send for Shared {}
    // SAFETY: as above.
    unsafe impl Sync for Shared {}

    #[derive(Clone)]
    pub(crate) struct Home(Arc<Shared>);

    pub(crate) type Proof = Home;

    impl Home {
        pub(crate) fn new(here: MainThread) -> Self {
            Self(Arc::new(Shared(here)))
        }

        pub(crate) fn home(&self) -> Self {
            self.clone()
        }

        pub(crate) fn main(&self) -> &Main {
            self.here().main()
        }

        pub(crate) fn enter(&self) -> Result<Proof> {
            Ok(self.clone())
        }

        pub(crate) fn again(&self) -> Result<Self> {
            Ok(self.clone())
        }

        pub(crate) fn here(&self) -> &MainThread {
            &self.0.0
        }
    }
}

pub(crate) use imp::{Home, Proof};
