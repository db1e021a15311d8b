//! Assets whose loads wait until a test runs them, and who tell when they go.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::thread;
use std::time::Duration;

use asset_loader::ledger::Kind;
use asset_loader::paths::Root;
use asset_loader::registry::{Asset, AssetRegistry, Counts, Handle};
use asset_loader::ticket::Ticket;
use asset_loader::trace::Trace;
use threadbare::{Error, Immediate, Inbox, Runnable, Task, TaskProcessor, Worker, set_error_hook, try_run};

/// A processor that runs nothing by itself.
#[derive(Clone, Default)]
pub(crate) struct Polled(pub(crate) Arc<Inbox>);

impl TaskProcessor for Polled {
    fn start_task(&self, runnable: Runnable) {
        drop(self.0.push(runnable));
    }
}

/// What the assets of one test have in common.
#[derive(Default)]
pub(crate) struct World {
    folder: PathBuf,
    books: Mutex<Books>,
}

#[derive(Default)]
pub(crate) struct Books {
    /// How many loads there were: each has its number, from 0.
    pub(crate) loads: usize,
    /// The loads that are to fail.
    pub(crate) failing: BTreeSet<usize>,
    /// The values that have not been dropped, by their load.
    pub(crate) alive: BTreeSet<usize>,
    /// The names of those that have, in order.
    pub(crate) dropped: Vec<String>,
    /// What a value does when it is dropped, besides.
    pub(crate) last_words: Option<fn(&Probe)>,
}

/// Whose asset a path is, by the name of its folder: a load knows nothing but its path.
static WORLDS: Mutex<Option<HashMap<OsString, Weak<World>>>> = Mutex::new(None);

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl World {
    pub(crate) fn new() -> Arc<Self> {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        // Errors that nobody looks at are what some tests are about; another test may have said so before.
        let _ = set_error_hook(|_| {});
        let name = format!("world {}", NEXT.fetch_add(1, Ordering::Relaxed));
        let world = Arc::new(Self { folder: Path::new("/nowhere").join(&name), books: Mutex::default() });
        lock(&WORLDS).get_or_insert_default().insert(name.into(), Arc::downgrade(&world));
        world
    }

    fn of(path: &Path) -> Arc<Self> {
        let name = path.parent().and_then(Path::file_name).expect("an asset of a world");
        lock(&WORLDS).as_ref().and_then(|worlds| worlds[name].upgrade()).expect("the world is there")
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    pub(crate) fn books(&self) -> MutexGuard<'_, Books> {
        lock(&self.books)
    }

    /// A registry of this world on `worker`.
    pub(crate) fn registry(&self, worker: &Worker, limit: u64) -> AssetRegistry {
        AssetRegistry::builder(worker, Root::new(&self.folder), Trace::new()).inactive_limit(limit).build()
    }
}

impl Drop for World {
    fn drop(&mut self) {
        if let Some((worlds, name)) = lock(&WORLDS).as_mut().zip(self.folder.file_name()) {
            worlds.remove(name);
        }
    }
}

/// An asset of as many bytes as its name says at its end: `a2`.
pub(crate) struct Probe {
    pub(crate) load: usize,
    pub(crate) ticket: Ticket,
    world: Arc<World>,
}

pub(crate) fn size(name: &str) -> u64 {
    name.trim_start_matches(|c: char| !c.is_ascii_digit()).parse().expect("a size")
}

impl Asset for Probe {
    fn kind(_: &Path) -> Kind {
        Kind::Buffer
    }

    fn load(ticket: Ticket) -> Task<Self> {
        assert!(!ticket.name().starts_with("bad load"), "a load that panics before it starts");
        let world = World::of(ticket.path());
        let load = {
            let mut books = world.books();
            books.loads += 1;
            books.loads - 1
        };
        try_run(&ticket.worker().clone(), move || {
            if world.books().failing.contains(&load) {
                return Err(Error::msg(format!("load {load} fails")));
            }
            world.books().alive.insert(load);
            Ok(Self { load, ticket, world })
        })
    }

    fn bytes(&self) -> u64 {
        assert!(!self.ticket.name().starts_with("bad bytes"), "an asset that cannot say its size");
        size(self.ticket.name())
    }
}

impl Drop for Probe {
    fn drop(&mut self) {
        let last_words = {
            let mut books = self.world.books();
            books.alive.remove(&self.load);
            books.dropped.push(self.ticket.name().to_string());
            books.last_words
        };
        if let Some(last_words) = last_words {
            last_words(self);
        }
    }
}

/// How a handle looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Look {
    Pending,
    /// With the value of this load.
    Loaded(usize),
    Failed,
}

/// All that can be seen at a time when nothing happens.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct View {
    pub(crate) counts: Option<Counts>,
    pub(crate) loads: usize,
    pub(crate) alive: BTreeSet<usize>,
    pub(crate) handles: Vec<Option<Look>>,
}

/// Something that is done to a registry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Act {
    /// Ask for this asset.
    Ask(&'static str),
    /// Drop the handle of that number.
    Drop(usize),
    Invalidate(&'static str),
    /// Run this load, which succeeds or not.
    Land(usize, bool),
}

/// A registry and all that surrounds it.
pub(crate) struct Bench {
    pub(crate) world: Arc<World>,
    pub(crate) registry: Option<AssetRegistry>,
    pub(crate) queue: Polled,
    /// By the number of the load.
    pub(crate) runnables: BTreeMap<usize, Runnable>,
    pub(crate) handles: Vec<Option<Held>>,
}

/// A handle, and somebody who waited from the start.
pub(crate) struct Held {
    pub(crate) handle: Handle<Probe>,
    waiting: Task<usize>,
}

impl Held {
    pub(crate) fn new(handle: Handle<Probe>) -> Self {
        let waiting = handle.ready().map(&Immediate, |probe| probe.load);
        Self { handle, waiting }
    }

    /// However one looks, one sees the same.
    pub(crate) fn look(&self) -> Look {
        let look = match self.handle.ready().try_take() {
            Err(_) => Look::Pending,
            Ok(Ok(probe)) => Look::Loaded(probe.load),
            Ok(Err(_)) => Look::Failed,
        };
        assert_eq!(
            self.handle.get().map(|probe| Look::Loaded(probe.load)),
            Some(look).filter(|look| matches!(look, Look::Loaded(_)))
        );
        assert_eq!(self.waiting.is_settled(), look != Look::Pending);
        look
    }

    /// Drops the handle, and has the outcome for who waited: it must be there.
    pub(crate) fn settled(self) -> Look {
        drop(self.handle);
        match self.waiting.try_take().expect("nobody waits for ever") {
            Ok(load) => Look::Loaded(load),
            Err(_) => Look::Failed,
        }
    }
}

impl Bench {
    pub(crate) fn new(limit: u64) -> Self {
        let (world, queue) = (World::new(), Polled::default());
        let registry = Some(world.registry(&Worker::new(queue.clone()), limit));
        Self { world, registry, queue, runnables: BTreeMap::new(), handles: Vec::new() }
    }

    pub(crate) fn registry(&self) -> &AssetRegistry {
        self.registry.as_ref().expect("not dropped yet")
    }

    pub(crate) fn ask(&mut self, name: &str) {
        let handle = self.registry().load_async(self.world.path(name));
        self.handles.push(Some(Held::new(handle)));
        self.collect();
    }

    /// Takes what was queued. Each load queues one runnable, when it is begun.
    pub(crate) fn collect(&mut self) {
        let queued = self.queue.0.take();
        let first = self.world.books().loads - queued.len();
        self.runnables.extend((first..).zip(queued));
    }

    pub(crate) fn act(&mut self, act: Act) {
        match act {
            Act::Ask(name) => self.ask(name),
            Act::Drop(handle) => drop(self.handles[handle].take()),
            Act::Invalidate(name) => self.registry().invalidate(self.world.path(name)),
            Act::Land(load, well) => self.land(load, well),
        }
    }

    pub(crate) fn land(&mut self, load: usize, well: bool) {
        if !well {
            self.world.books().failing.insert(load);
        }
        self.runnables.remove(&load).expect("a load that was begun, and is not over").run();
    }

    pub(crate) fn view(&self) -> View {
        let handles = self.handles.iter().map(|held| held.as_ref().map(Held::look)).collect();
        let counts = self.registry.as_ref().map(AssetRegistry::counts);
        let books = self.world.books();
        View { counts, loads: books.loads, alive: books.alive.clone(), handles }
    }
}

/// Fails if `test` hangs. Nothing else is decided by time.
pub(crate) fn in_time(test: impl FnOnce() + Send + 'static) {
    let (done, is_done) = mpsc::channel();
    let thread = thread::spawn(move || {
        test();
        done.send(()).ok();
    });
    match is_done.recv_timeout(Duration::from_secs(60)) {
        Err(mpsc::RecvTimeoutError::Timeout) => panic!("it hangs"),
        _ => thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)),
    }
}
