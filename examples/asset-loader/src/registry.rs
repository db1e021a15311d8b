//! One load for each file, however many ask, and a typed handle for each who does.

use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::fmt;
use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use threadbare::{Error, Immediate, Promise, Result, Task, Worker, promise};

use crate::ledger::{Kind, Ledger};
use crate::lock;
use crate::paths::{Root, identity};
use crate::trace::{Span, Trace};

/// The largest file that is read, in bytes.
const MAX_FILE: u64 = 1 << 30;

/// Something that can be loaded by path.
pub trait Asset: Sized + Send + Sync + 'static {
    /// What the table calls it, as far as its path tells.
    fn kind(path: &Path) -> Kind;

    /// Starts a load. Called once for each file, on the thread that asks first; the work goes to `ticket`'s worker.
    fn load(ticket: Ticket) -> Task<Self>;
}

/// Loads assets, and keeps them for as long as there is a clone of it.
#[derive(Clone)]
pub struct AssetRegistry(Arc<Inner>);

struct Inner {
    worker: Worker,
    root: Root,
    ledger: Ledger,
    trace: Trace,
    /// An `Arc<Slot<T>>` for each key of type `T`.
    slots: Mutex<HashMap<(TypeId, Key), Arc<dyn Any + Send + Sync>>>,
}

/// What an asset is known by.
#[derive(Clone, PartialEq, Eq, Hash)]
enum Key {
    /// A file, by its [`identity`].
    File(Arc<Path>),
    /// An image that a model holds in itself.
    Part(Arc<Path>, usize),
}

impl AssetRegistry {
    /// An empty registry that reads and decodes on `worker`; names are relative to `root`.
    #[must_use]
    pub fn new(worker: &Worker, root: Root, trace: Trace) -> Self {
        let (worker, ledger, slots) = (worker.clone(), Ledger::default(), Mutex::default());
        Self(Arc::new(Inner { worker, root, ledger, trace, slots }))
    }

    /// Asks for the asset at `path`: whoever asks first starts the load, everyone gets a handle to it. From any thread.
    ///
    /// Besides that it only looks up which file the path means, on the calling thread.
    pub fn load_async<T: Asset>(&self, path: impl AsRef<Path>) -> Handle<T> {
        let path: Arc<Path> = identity(path.as_ref()).into();
        let ticket = |registry: &Self| Ticket {
            name: registry.0.root.name(&path).into(),
            kind: T::kind(&path),
            path: Arc::clone(&path),
            registry: registry.clone(),
        };
        self.load_once(Key::File(Arc::clone(&path)), ticket(self), T::load)
    }

    /// The same for image `index` inside the model at `path`, which `start` loads.
    pub(crate) fn load_part<T: Asset>(
        &self,
        path: &Arc<Path>,
        index: usize,
        start: impl FnOnce(Ticket) -> Task<T>,
    ) -> Handle<T> {
        let name = self.0.root.part_name(path, index).into();
        let ticket = Ticket { name, kind: Kind::Embedded, path: Arc::clone(path), registry: self.clone() };
        self.load_once(Key::Part(Arc::clone(path), index), ticket, start)
    }

    fn load_once<T: Asset>(&self, key: Key, ticket: Ticket, start: impl FnOnce(Ticket) -> Task<T>) -> Handle<T> {
        let kind = ticket.kind;
        self.ledger().asked(kind);
        let (handle, first) = self.slot(key, &ticket.name);
        if first {
            let size = if kind == Kind::Embedded { 0 } else { fs::metadata(&ticket.path).map_or(0, |file| file.len()) };
            self.ledger().begun(kind, size);
            let (registry, slot) = (self.clone(), Arc::clone(&handle.slot));
            start(ticket)
                .then(&Immediate, move |outcome| {
                    registry.ledger().settled(kind);
                    slot.settle(outcome.map(Arc::new));
                    Ok(())
                })
                .detach();
        }
        handle
    }

    /// The handle for `key`, and whether nobody had one before.
    fn slot<T: Asset>(&self, key: Key, name: &Arc<str>) -> (Handle<T>, bool) {
        let mut slots = lock(&self.0.slots);
        let known = slots.get(&(TypeId::of::<T>(), key.clone())).cloned();
        if let Some(slot) = known.and_then(|slot| slot.downcast::<Slot<T>>().ok()) {
            return (Handle { slot }, false);
        }
        let slot = Arc::new(Slot { name: Arc::clone(name), state: Mutex::new(State::Loading(Vec::new())) });
        slots.insert((TypeId::of::<T>(), key), Arc::clone(&slot) as _);
        (Handle { slot }, true)
    }

    /// The books.
    #[must_use]
    pub fn ledger(&self) -> &Ledger {
        &self.0.ledger
    }
}

impl fmt::Debug for AssetRegistry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AssetRegistry").field("assets", &lock(&self.0.slots).len()).finish_non_exhaustive()
    }
}

/// An asset that somebody asked for: perhaps loaded, perhaps not yet.
pub struct Handle<T: Asset> {
    slot: Arc<Slot<T>>,
}

struct Slot<T: Asset> {
    name: Arc<str>,
    state: Mutex<State<T>>,
}

enum State<T: Asset> {
    /// One promise for each who waits.
    Loading(Vec<Promise<Arc<T>>>),
    Settled(Result<Arc<T>>),
}

impl<T: Asset> Handle<T> {
    /// What the asset is called.
    #[must_use]
    pub fn name(&self) -> &Arc<str> {
        &self.slot.name
    }

    /// The asset, if it is there by now.
    #[must_use]
    pub fn get(&self) -> Option<Arc<T>> {
        match &*lock(&self.slot.state) {
            State::Settled(Ok(value)) => Some(Arc::clone(value)),
            State::Settled(Err(_)) | State::Loading(_) => None,
        }
    }

    /// A task for the asset; another one for each call.
    pub fn ready(&self) -> Task<Arc<T>> {
        let settled = match &mut *lock(&self.slot.state) {
            State::Settled(outcome) => outcome.clone(),
            State::Loading(waiting) => {
                let (promise, task) = promise();
                waiting.push(promise);
                return task;
            }
        };
        settled.map_or_else(Task::rejected, Task::resolved)
    }
}

impl<T: Asset> Slot<T> {
    /// The load is over. Settling a promise runs whatever waits for it, which may well ask for this asset again: so the
    /// lock is free by then.
    fn settle(&self, outcome: Result<Arc<T>>) {
        let before = std::mem::replace(&mut *lock(&self.state), State::Settled(outcome.clone()));
        if let State::Loading(waiting) = before {
            for promise in waiting {
                promise.settle(outcome.clone());
            }
        }
    }
}

impl<T: Asset> Clone for Handle<T> {
    fn clone(&self) -> Self {
        Self { slot: Arc::clone(&self.slot) }
    }
}

impl<T: Asset> fmt::Debug for Handle<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Handle({:?})", self.slot.name)
    }
}

/// One load: what is loaded, where the work goes, and where it is written down.
#[derive(Clone)]
pub struct Ticket {
    registry: AssetRegistry,
    path: Arc<Path>,
    name: Arc<str>,
    kind: Kind,
}

impl Ticket {
    /// Where to read and decode.
    #[must_use]
    pub fn worker(&self) -> &Worker {
        &self.registry.0.worker
    }

    /// Where to ask for what this asset refers to.
    #[must_use]
    pub fn registry(&self) -> &AssetRegistry {
        &self.registry
    }

    /// The file, as the registry knows it.
    #[must_use]
    pub fn path(&self) -> &Arc<Path> {
        &self.path
    }

    /// The folder of the file.
    #[must_use]
    pub fn folder(&self) -> PathBuf {
        self.path.parent().map_or_else(PathBuf::new, Path::to_path_buf)
    }

    /// The calling thread does `action` to this asset until the span is dropped.
    pub fn span(&self, action: &'static str) -> Span<'_> {
        self.registry.0.trace.span(action, Some(&self.name))
    }

    /// Reads the file.
    ///
    /// # Errors
    ///
    /// Those of [`read`].
    pub fn read(&self) -> Result<Vec<u8>> {
        let _span = self.span("read");
        let bytes = read(&self.path)?;
        self.registry.ledger().read(self.kind, bytes.len() as u64);
        Ok(bytes)
    }

    /// A placeholder is taken, because of `error`.
    pub fn failed(&self, error: &Error) {
        self.registry.ledger().failed(self.kind, &self.name, error);
    }
}

/// Reads a whole file.
///
/// # Errors
///
/// Those of the file system. What is no regular file is not opened: a pipe would block for ever, a device might not end.
pub fn read(path: &Path) -> Result<Vec<u8>> {
    let metadata = fs::metadata(path)?;
    if !metadata.is_file() {
        return Err(Error::msg("not a regular file"));
    }
    if metadata.len() > MAX_FILE {
        return Err(Error::msg(format!("larger than {} MiB", MAX_FILE >> 20)));
    }
    let mut bytes = Vec::with_capacity(metadata.len() as usize);
    File::open(path)?.take(MAX_FILE).read_to_end(&mut bytes)?;
    Ok(bytes)
}
