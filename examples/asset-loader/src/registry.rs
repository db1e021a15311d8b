//! Assets by path: one load however many ask, a typed handle for each who does, and a limit to what is kept for nobody.

use std::any::TypeId;
use std::fmt;
use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex};

use threadbare::{Immediate, Promise, SharedTask, Task, Worker, promise, try_run};

use crate::ledger::{Kind, Ledger};
use crate::lock;
use crate::paths::{Root, identity};
use crate::shelf::{Key, Lease, Shelf};
use crate::ticket::{Desk, Ticket};
use crate::trace::Trace;

pub use crate::shelf::Counts;

/// What is kept of inactive assets unless the builder says otherwise, in bytes.
const INACTIVE_LIMIT: u64 = 256 << 20;

/// Something that can be loaded by path.
pub trait Asset: Sized + Send + Sync + 'static {
    /// What the table calls it, as far as its path tells.
    fn kind(path: &Path) -> Kind;

    /// Starts a load, on the thread that asks first; the work goes to `ticket`'s worker.
    fn load(ticket: Ticket) -> Task<Self>;

    /// How much memory it takes, without the other assets that it refers to. Asked once, when it is loaded.
    fn bytes(&self) -> u64;
}

/// Loads assets, and knows them by path. Clones are the same registry.
///
/// An asset is *active* while somebody has a [`Handle`], and never dropped then. Without one it is *inactive*: kept for
/// whoever asks next, as long as all of those stay within a limit; those that are inactive for longest go first. A load
/// that fails is told to all who asked, and then forgotten, so that the next to ask tries again.
///
/// When the last clone goes, inactive assets go with it. Loads in flight come to their end, and handles stay what they
/// are; but a load that asks for further assets by then is refused.
///
/// Assets are dropped outside of every lock, on the thread that let go of them. Their destructors may use the registry.
#[derive(Clone)]
pub struct AssetRegistry {
    pub(crate) shelf: Arc<Mutex<Shelf>>,
    pub(crate) desk: Arc<Desk>,
}

impl AssetRegistry {
    /// What [`builder`](Self::builder) builds without further ado.
    #[must_use]
    pub fn new(worker: &Worker, root: Root, trace: Trace) -> Self {
        Self::builder(worker, root, trace).build()
    }

    /// An empty registry that reads and decodes on `worker`; names are relative to `root`.
    pub fn builder(worker: &Worker, root: Root, trace: Trace) -> Builder {
        let desk = Desk { worker: worker.clone(), root, ledger: Ledger::default(), trace };
        Builder { desk, inactive_limit: INACTIVE_LIMIT }
    }

    /// Asks for the asset at `path`: whoever asks first starts the load, everyone gets a handle to it. From any thread.
    ///
    /// Besides that it only looks up which file the path means, on the calling thread.
    pub fn load_async<T: Asset>(&self, path: impl AsRef<Path>) -> Handle<T> {
        let path: Arc<Path> = identity(path.as_ref()).into();
        let name = self.desk.root.name(&path).into();
        self.load_once(None, self.ticket(name, T::kind(&path), path), T::load)
    }

    /// The same for image `index` inside the model that is being loaded by `model`, which `start` loads.
    pub(crate) fn load_part<T: Asset>(
        &self,
        model: &Ticket,
        index: usize,
        start: impl FnOnce(Ticket) -> Task<T> + Send + 'static,
    ) -> Handle<T> {
        let name = self.desk.root.part_name(&model.path, index).into();
        let ticket = self.ticket(name, Kind::Embedded, Arc::clone(&model.path));
        self.load_once(Some((model.load, index)), ticket, start)
    }

    fn ticket(&self, name: Arc<str>, kind: Kind, path: Arc<Path>) -> Ticket {
        Ticket { shelf: Arc::downgrade(&self.shelf), desk: Arc::clone(&self.desk), path, name, kind, load: 0 }
    }

    fn load_once<T: Asset>(
        &self,
        part: Option<(u64, usize)>,
        ticket: Ticket,
        start: impl FnOnce(Ticket) -> Task<T> + Send + 'static,
    ) -> Handle<T> {
        self.ledger().asked(ticket.kind);
        let key = Key { kind: TypeId::of::<T>(), path: Arc::clone(&ticket.path), part };
        let mut first = None;
        let new = || {
            let (promise, task) = promise();
            first = Some(promise);
            Arc::new(Shared { name: Arc::clone(&ticket.name), ready: task.share() }) as _
        };
        let (asset, lease, load) = lock(&self.shelf).request(&self.shelf, &key, new);
        let asset = Arc::downcast::<Shared<T>>(asset).expect("the key has the type in it");
        if let Some((load, promise)) = load.zip(first) {
            let size = if part.is_some() { 0 } else { fs::metadata(&ticket.path).map_or(0, |file| file.len()) };
            self.ledger().begun(ticket.kind, size);
            self.start(key, promise, Ticket { load, ..ticket }, start);
        }
        Handle { lease, asset }
    }

    /// Starts a load. Its outcome goes into the table first, and then to those who wait: who is told of a failure and asks
    /// again is in time for another try.
    fn start<T: Asset>(
        &self,
        key: Key,
        promise: Promise<Arc<T>>,
        ticket: Ticket,
        start: impl FnOnce(Ticket) -> Task<T> + Send + 'static,
    ) {
        let (shelf, desk) = (Arc::downgrade(&self.shelf), Arc::clone(&self.desk));
        let (kind, number) = (ticket.kind, ticket.load);
        let name = ticket.name.to_string();
        // A panic in `start` or in `bytes` is a load that failed.
        try_run(&Immediate, move || start(ticket))
            .map(&Immediate, |asset| (asset.bytes(), Arc::new(asset)))
            .context(name)
            .then(&Immediate, move |outcome| {
                desk.ledger.settled(kind);
                let (bytes, outcome) = match outcome {
                    Ok((bytes, asset)) => (Some(bytes), Ok(asset)),
                    Err(error) => (None, Err(error)),
                };
                let shelf = shelf.upgrade();
                let garbage = shelf.as_ref().map(|shelf| lock(shelf).landed(&key, number, bytes));
                promise.settle(outcome);
                // Only now: a destructor that panics is none of this load's concern.
                drop((garbage, shelf));
                Ok(())
            })
            .detach();
    }

    /// Forgets what was made of the file at `path`, images inside of a model included: the next to ask loads anew.
    ///
    /// Who has a handle keeps what it stands for, also if that is still being loaded; so do assets that refer to it.
    pub fn invalidate(&self, path: impl AsRef<Path>) {
        let garbage = lock(&self.shelf).invalidate(&identity(path.as_ref()));
        drop(garbage);
    }

    /// How many assets there are at the moment. What was invalidated is not counted, whoever holds it.
    #[must_use]
    pub fn counts(&self) -> Counts {
        lock(&self.shelf).counts()
    }

    /// The books.
    #[must_use]
    pub fn ledger(&self) -> &Ledger {
        &self.desk.ledger
    }
}

impl fmt::Debug for AssetRegistry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AssetRegistry").field("counts", &self.counts()).finish_non_exhaustive()
    }
}

/// What a registry is made of.
#[derive(Debug)]
#[must_use]
pub struct Builder {
    desk: Desk,
    inactive_limit: u64,
}

impl Builder {
    /// How much memory assets may take that nobody has a handle to, in bytes; 256 MiB if nothing is said. With 0, an asset
    /// goes with its last handle.
    pub fn inactive_limit(self, bytes: u64) -> Self {
        Self { inactive_limit: bytes, ..self }
    }

    /// The registry.
    #[must_use]
    pub fn build(self) -> AssetRegistry {
        AssetRegistry { shelf: Arc::new(Mutex::new(Shelf::new(self.inactive_limit))), desk: Arc::new(self.desk) }
    }
}

/// An asset that somebody asked for: perhaps loaded, perhaps not yet. While there is a clone of it, the asset stays.
pub struct Handle<T: Asset> {
    lease: Arc<Lease>,
    asset: Arc<Shared<T>>,
}

/// What the table has, and each handle.
struct Shared<T: Asset> {
    name: Arc<str>,
    ready: SharedTask<Arc<T>>,
}

impl<T: Asset> Handle<T> {
    /// What the asset is called.
    #[must_use]
    pub fn name(&self) -> &Arc<str> {
        &self.asset.name
    }

    /// The asset, if it is there by now.
    #[must_use]
    pub fn get(&self) -> Option<Arc<T>> {
        self.asset.ready.peek()?.ok()
    }

    /// A task for the asset; another one for each call.
    pub fn ready(&self) -> Task<Arc<T>> {
        self.asset.ready.fork()
    }
}

impl<T: Asset> Clone for Handle<T> {
    fn clone(&self) -> Self {
        Self { lease: Arc::clone(&self.lease), asset: Arc::clone(&self.asset) }
    }
}

impl<T: Asset> fmt::Debug for Handle<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Handle({:?})", self.asset.name)
    }
}
