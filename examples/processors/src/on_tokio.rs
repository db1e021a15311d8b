//! On the threads of a tokio runtime.

use std::sync::{Arc, RwLock};
use std::thread::park_timeout;
use std::time::Duration;

use threadbare::{Help, Outlook, Runnable, TaskProcessor, helping};
use tokio::runtime::{Handle, Runtime, RuntimeFlavor};
use tokio::task::block_in_place;

/// A runtime of tokio's. Released, it lets nothing in any more, and ends when it has run what is queued.
pub struct Tokio(RwLock<Option<Arc<Lease>>>);

/// Shared by the processor and all that is queued: when it goes, the runtime ends.
struct Lease(Handle, Option<Runtime>);

impl Drop for Lease {
    fn drop(&mut self) {
        // To drop a runtime is to wait for it, and panics on its own threads, of which this may be one.
        self.1.take().into_iter().for_each(Runtime::shutdown_background);
    }
}

impl Tokio {
    /// On this runtime.
    ///
    /// # Panics
    ///
    /// If it has no threads of its own: then nothing would run but inside of its `block_on`.
    pub fn new(runtime: Runtime) -> Self {
        let handle = runtime.handle().clone();
        assert_eq!(handle.runtime_flavor(), RuntimeFlavor::MultiThread, "a runtime needs threads of its own");
        Self(RwLock::new(Some(Arc::new(Lease(handle, Some(runtime))))))
    }
}

impl TaskProcessor for Tokio {
    fn start_task(&self, runnable: Runnable) {
        let lease = self.0.read().expect("nothing panics under this lock").clone();
        let Some(lease) = lease else { return }; // which drops the runnable, and so rejects its task
        let handle = lease.0.clone();
        handle.spawn(async move {
            helping(&WhileWaiting, || runnable.run());
            drop(lease);
        });
    }

    fn release(&self) {
        let lease = self.0.write().expect("nothing panics under this lock").take();
        drop(lease);
    }
}

/// A thread that waits runs nothing, but gives its place to another.
struct WhileWaiting;

impl Help for WhileWaiting {
    fn run_one(&self) -> bool {
        false
    }

    fn before_park(&self) -> Outlook {
        // Here and not where the core would park, which is outside. Whatever wakes the thread ends this at once; the time
        // is for who else is asked before it parks.
        block_in_place(|| park_timeout(Duration::from_millis(1)));
        Outlook::Work
    }

    fn after_park(&self) {}
}
