//! Executors of futures. The closure becomes a future that is ready when it is first polled, and the task is the handle.
//! They wait by `block_on` outside and by `.await` inside, once for all of their handles where there are several.

use std::pin::Pin;
use std::sync::OnceLock;
use std::task::{Context, Waker};
use std::thread;

use super::{Pool, THREADS};

/// A pool that runs futures.
pub(crate) trait AsyncPool: Copy + Send + Sync + 'static {
    const NAME: &'static str;
    const NOTE: &'static str;

    /// The future of a spawned future.
    type Spawned: Future<Output = Self::Output> + Unpin + Send + 'static;
    type Output;

    fn get() -> Self;
    fn spawn<Fut: Future<Output = u64> + Send + 'static>(self, future: Fut) -> Self::Spawned;
    fn value(output: Self::Output) -> u64;
    fn block_on<Fut: Future>(self, future: Fut) -> Fut::Output;

    /// May it be worth polling?
    fn may_be_done(_spawned: &Self::Spawned) -> bool {
        true
    }
}

/// A pool of futures, as one of closures.
#[derive(Clone, Copy)]
pub(crate) struct Async<P>(P);

impl<P: AsyncPool> Pool for Async<P> {
    const NAME: &'static str = P::NAME;
    const NOTE: &'static str = P::NOTE;

    type Handle = P::Spawned;

    fn get() -> Self {
        Self(P::get())
    }

    fn run<F: FnOnce() -> u64 + Send + 'static>(self, f: F) -> Self::Handle {
        self.0.spawn(async move { f() })
    }

    fn wait(self, handle: Self::Handle) -> u64 {
        P::value(self.0.block_on(handle))
    }

    fn poll(self, handle: &mut Self::Handle) -> Option<u64> {
        if !P::may_be_done(handle) {
            return None;
        }
        match Pin::new(handle).poll(&mut Context::from_waker(Waker::noop())) {
            std::task::Poll::Ready(output) => Some(P::value(output)),
            std::task::Poll::Pending => None,
        }
    }

    fn sum(self, handles: &mut Vec<Self::Handle>) -> u64 {
        self.0.block_on(async {
            let mut sum = 0;
            for handle in handles.drain(..) {
                sum += P::value(handle.await);
            }
            sum
        })
    }

    fn fan_out(self, closures: u64) -> u64 {
        let inside = self.0.spawn(async move {
            let handles: Vec<_> = (0..closures).map(|n| self.run(move || n)).collect();
            let mut sum = 0;
            for handle in handles {
                sum += P::value(handle.await);
            }
            sum
        });
        self.wait(inside)
    }

    fn bounce(self, times: u64) -> u64 {
        self.0.block_on(async {
            let mut n = 0;
            for _ in 0..times {
                n = P::value(self.run(move || n + 1).await) + 1;
            }
            n
        })
    }
}

/// The executor, and two threads that do nothing but run it.
#[derive(Clone, Copy)]
pub(crate) struct AsyncExecutor(&'static async_executor::Executor<'static>);

impl AsyncPool for AsyncExecutor {
    const NAME: &'static str = "async-executor";
    const NOTE: &'static str = "a panic ends the thread that runs it";

    type Spawned = async_executor::Task<u64>;
    type Output = u64;

    fn get() -> Self {
        static POOL: OnceLock<async_executor::Executor<'static>> = OnceLock::new();
        static THREADS_ARE_UP: OnceLock<()> = OnceLock::new();
        let executor = POOL.get_or_init(async_executor::Executor::new);
        THREADS_ARE_UP.get_or_init(|| {
            for _ in 0..THREADS {
                thread::spawn(|| futures::executor::block_on(executor.run(std::future::pending::<()>())));
            }
        });
        Self(executor)
    }

    fn spawn<Fut: Future<Output = u64> + Send + 'static>(self, future: Fut) -> Self::Spawned {
        self.0.spawn(future)
    }

    fn value(output: u64) -> u64 {
        output
    }

    fn block_on<Fut: Future>(self, future: Fut) -> Fut::Output {
        futures::executor::block_on(future)
    }

    fn may_be_done(spawned: &Self::Spawned) -> bool {
        spawned.is_finished()
    }
}

/// The same, leaked, which spares it its list of tasks.
#[derive(Clone, Copy)]
pub(crate) struct StaticExecutor(&'static async_executor::StaticExecutor);

impl AsyncPool for StaticExecutor {
    const NAME: &'static str = "async-executor, static";
    const NOTE: &'static str = "never dropped; a panic ends the thread that runs it";

    type Spawned = async_executor::Task<u64>;
    type Output = u64;

    fn get() -> Self {
        static POOL: OnceLock<&'static async_executor::StaticExecutor> = OnceLock::new();
        Self(POOL.get_or_init(|| {
            let executor = async_executor::Executor::new().leak();
            for _ in 0..THREADS {
                thread::spawn(|| futures::executor::block_on(executor.run(std::future::pending::<()>())));
            }
            executor
        }))
    }

    fn spawn<Fut: Future<Output = u64> + Send + 'static>(self, future: Fut) -> Self::Spawned {
        self.0.spawn(future)
    }

    fn value(output: u64) -> u64 {
        output
    }

    fn block_on<Fut: Future>(self, future: Fut) -> Fut::Output {
        futures::executor::block_on(future)
    }

    fn may_be_done(spawned: &Self::Spawned) -> bool {
        spawned.is_finished()
    }
}

/// The multi-threaded runtime, without drivers for time and I/O.
#[derive(Clone, Copy)]
pub(crate) struct Tokio(pub(crate) &'static tokio::runtime::Runtime);

impl AsyncPool for Tokio {
    const NAME: &'static str = "tokio";
    const NOTE: &'static str = "";

    type Spawned = tokio::task::JoinHandle<u64>;
    type Output = Result<u64, tokio::task::JoinError>;

    fn get() -> Self {
        static POOL: OnceLock<tokio::runtime::Runtime> = OnceLock::new();
        Self(POOL.get_or_init(|| {
            tokio::runtime::Builder::new_multi_thread().worker_threads(THREADS).build().expect("a runtime")
        }))
    }

    fn spawn<Fut: Future<Output = u64> + Send + 'static>(self, future: Fut) -> Self::Spawned {
        self.0.spawn(future)
    }

    fn value(output: Self::Output) -> u64 {
        output.expect("it does not panic")
    }

    fn block_on<Fut: Future>(self, future: Fut) -> Fut::Output {
        self.0.block_on(future)
    }

    fn may_be_done(spawned: &Self::Spawned) -> bool {
        spawned.is_finished()
    }
}

/// The pool of `futures`, whose handles pass panics on to who waits.
#[derive(Clone, Copy)]
pub(crate) struct FuturesPool(&'static futures::executor::ThreadPool);

impl AsyncPool for FuturesPool {
    const NAME: &'static str = "futures ThreadPool";
    const NOTE: &'static str = "";

    type Spawned = futures::future::RemoteHandle<u64>;
    type Output = u64;

    fn get() -> Self {
        static POOL: OnceLock<futures::executor::ThreadPool> = OnceLock::new();
        Self(POOL.get_or_init(|| futures::executor::ThreadPool::builder().pool_size(THREADS).create().expect("a pool")))
    }

    fn spawn<Fut: Future<Output = u64> + Send + 'static>(self, future: Fut) -> Self::Spawned {
        futures::task::SpawnExt::spawn_with_handle(self.0, future).expect("it is up")
    }

    fn value(output: u64) -> u64 {
        output
    }

    fn block_on<Fut: Future>(self, future: Fut) -> Fut::Output {
        futures::executor::block_on(future)
    }
}

/// A task pool of Bevy's, by itself.
#[derive(Clone, Copy)]
pub(crate) struct BevyTasks(&'static bevy_tasks::TaskPool);

impl AsyncPool for BevyTasks {
    const NAME: &'static str = "bevy_tasks";
    const NOTE: &'static str = "";

    type Spawned = bevy_tasks::Task<u64>;
    type Output = u64;

    fn get() -> Self {
        static POOL: OnceLock<bevy_tasks::TaskPool> = OnceLock::new();
        Self(POOL.get_or_init(|| bevy_tasks::TaskPoolBuilder::new().num_threads(THREADS).build()))
    }

    fn spawn<Fut: Future<Output = u64> + Send + 'static>(self, future: Fut) -> Self::Spawned {
        self.0.spawn(future)
    }

    fn value(output: u64) -> u64 {
        output
    }

    fn block_on<Fut: Future>(self, future: Fut) -> Fut::Output {
        bevy_tasks::block_on(future)
    }

    fn may_be_done(spawned: &Self::Spawned) -> bool {
        spawned.is_finished()
    }
}
