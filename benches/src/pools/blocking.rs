//! Pools that know closures and no futures. None of them has handles: the closure sends its value through a oneshot channel,
//! the fastest there is. If it panics the channel closes, without the payload; waiting blocks the thread, also one of the
//! pool's own, where ours would run other work meanwhile.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, OnceLock};
use std::thread;

use super::{Pool, Sizes, THREADS, of_size};

const NOTE: &str = "handle: a oneshot channel; a wait on a worker blocks it";

/// A pool of closures, with handles.
#[derive(Clone, Copy)]
pub(crate) struct Blocking<P>(pub(crate) P);

/// A pool of closures.
pub(crate) trait Fire: Copy + Send + Sync + 'static {
    const NAME: &'static str;
    fn get() -> Self;
    fn fire<F: FnOnce() + Send + 'static>(self, f: F);
}

impl<P: Fire> Pool for Blocking<P> {
    const NAME: &'static str = P::NAME;
    const NOTE: &'static str = NOTE;

    type Handle = oneshot::Receiver<u64>;

    fn get() -> Self {
        Self(P::get())
    }

    fn run<F: FnOnce() -> u64 + Send + 'static>(self, f: F) -> Self::Handle {
        let (sender, receiver) = oneshot::channel();
        self.0.fire(move || _ = sender.send(f()));
        receiver
    }

    fn wait(self, handle: Self::Handle) -> u64 {
        handle.recv().expect("sent")
    }

    fn poll(self, handle: &mut Self::Handle) -> Option<u64> {
        handle.try_recv().ok()
    }
}

#[derive(Clone, Copy)]
pub(crate) struct Rayon(pub(crate) &'static rayon::ThreadPool);

impl Rayon {
    /// The pool with so many threads.
    pub(crate) fn of(threads: usize) -> Self {
        static POOLS: Sizes<rayon::ThreadPool> = Sizes::new(std::collections::BTreeMap::new());
        let make = || rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("a pool");
        Self(of_size(&POOLS, threads, make))
    }
}

impl Fire for Rayon {
    const NAME: &'static str = "rayon";

    fn get() -> Self {
        Self::of(THREADS)
    }

    fn fire<F: FnOnce() + Send + 'static>(self, f: F) {
        self.0.spawn(f);
    }
}

#[derive(Clone, Copy)]
pub(crate) struct ThreadPool(&'static threadpool::ThreadPool);

impl Fire for ThreadPool {
    const NAME: &'static str = "threadpool";

    fn get() -> Self {
        static POOL: OnceLock<threadpool::ThreadPool> = OnceLock::new();
        Self(POOL.get_or_init(|| threadpool::ThreadPool::new(THREADS)))
    }

    fn fire<F: FnOnce() + Send + 'static>(self, f: F) {
        self.0.execute(f);
    }
}

type Job = Box<dyn FnOnce() + Send>;

/// Two std threads at the end of one mpsc channel, which they share under a lock: the pool of the Rust book.
#[derive(Clone, Copy)]
pub(crate) struct StdThreads(&'static Sender<Job>);

impl Fire for StdThreads {
    const NAME: &'static str = "std threads + mpsc";

    fn get() -> Self {
        static JOBS: OnceLock<Sender<Job>> = OnceLock::new();
        Self(JOBS.get_or_init(|| {
            let (sender, receiver) = channel::<Job>();
            let receiver = Arc::new(Mutex::new(receiver));
            for _ in 0..THREADS {
                let receiver = Arc::clone(&receiver);
                thread::spawn(move || serve(&receiver));
            }
            sender
        }))
    }

    fn fire<F: FnOnce() + Send + 'static>(self, f: F) {
        self.0.send(Box::new(f)).expect("the threads serve for ever");
    }
}

fn serve(jobs: &Mutex<Receiver<Job>>) {
    loop {
        let job = jobs.lock().expect("nothing panics under this lock").recv();
        match job {
            Ok(job) => job(),
            Err(_) => return,
        }
    }
}
