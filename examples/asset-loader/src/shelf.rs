//! What the registry knows of each asset, and nothing of what assets are: its rules as plain data, under one lock.
//!
//! ```text
//!            request                landed, held              last handle gone
//!   nothing ─────────► loading ──┬──────────────────► active ◄────────────────► inactive ──► nothing
//!      ▲                         │                                 request         ▲    evicted, oldest first
//!      └──── landed, failed ─────┼─────────────────────────────────────────────────┘
//!                                                 landed, not held
//!   and from anywhere: invalidate ──► nothing
//! ```
//!
//! No method runs code of the assets'. What goes out of the table comes back as [`Garbage`], for the caller to drop when
//! the lock is free: the destructor of an asset may well ask the registry for another.

use std::any::{Any, TypeId};
use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::{Arc, Mutex, Weak};

use crate::lock;

/// What an asset is known by.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Key {
    /// What it is loaded as.
    pub(crate) kind: TypeId,
    /// A file, by its [`identity`](crate::paths::identity).
    pub(crate) path: Arc<Path>,
    /// By which load of the model, and which of the images that it holds in itself; `None` for the file as a whole. Nobody
    /// else can ask for that image: another load of the model may have read another file.
    pub(crate) part: Option<(u64, usize)>,
}

/// An asset of any type, with its task.
pub(crate) type Erased = Arc<dyn Any + Send + Sync>;

/// What the table no longer wants. Dropping it may run the destructors of assets.
#[must_use = "to be dropped when the lock is free"]
#[derive(Debug, Default)]
pub(crate) struct Garbage(Vec<Erased>);

/// How many assets there are, and how large they say they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Being loaded, whether or not anybody has a handle.
    pub loading: usize,
    /// Loaded, with a handle somewhere.
    pub active: usize,
    /// Loaded, without one: kept for whoever asks next, within the limit.
    pub inactive: usize,
    /// Of the active ones.
    pub active_bytes: u64,
    /// Of the inactive ones: never more than the limit.
    pub inactive_bytes: u64,
}

/// What all handles of an asset share. The last one to go says so.
#[derive(Debug)]
pub(crate) struct Lease {
    shelf: Weak<Mutex<Shelf>>,
    key: Key,
}

impl Drop for Lease {
    fn drop(&mut self) {
        // The shelf goes after the garbage, should this have become its last owner: neither goes under the lock.
        if let Some(shelf) = self.shelf.upgrade() {
            let garbage = lock(&shelf).released(self);
            drop(garbage);
        }
    }
}

/// The table.
#[derive(Debug)]
pub(crate) struct Shelf {
    /// The most that inactive assets may take, in bytes.
    limit: u64,
    slots: HashMap<Key, Slot>,
    /// The inactive ones, by when they became so.
    inactive: BTreeMap<u64, Key>,
    inactive_bytes: u64,
    /// Wide enough for any number of assets of any size.
    active_bytes: u128,
    loading: usize,
    /// Counts loads and releases, to tell them apart and to put them in order.
    ticks: u64,
}

#[derive(Debug)]
struct Slot {
    asset: Erased,
    /// Which load this is: one that was begun before the slot was emptied is none of its business.
    load: u64,
    lease: Weak<Lease>,
    stage: Stage,
}

#[derive(Debug, Clone, Copy)]
enum Stage {
    Loading { held: bool },
    Active { bytes: u64 },
    Inactive { bytes: u64, since: u64 },
}

impl Shelf {
    pub(crate) fn new(limit: u64) -> Self {
        Self {
            limit,
            slots: HashMap::new(),
            inactive: BTreeMap::new(),
            inactive_bytes: 0,
            active_bytes: 0,
            loading: 0,
            ticks: 0,
        }
    }

    /// Somebody wants the asset: what there is of it, which is not evicted while the lease is kept.
    ///
    /// If there is nothing, `new` takes the place, and the number of a load comes along: the caller must start it, and tell
    /// [`landed`](Self::landed) what came of it.
    pub(crate) fn request(
        &mut self,
        shelf: &Arc<Mutex<Self>>,
        key: &Key,
        new: impl FnOnce() -> Erased,
    ) -> (Erased, Arc<Lease>, Option<u64>) {
        let lease = || Arc::new(Lease { shelf: Arc::downgrade(shelf), key: key.clone() });
        let Some(slot) = self.slots.get_mut(key) else {
            let (asset, lease) = (new(), lease());
            self.ticks += 1;
            self.loading += 1;
            let stage = Stage::Loading { held: true };
            let slot = Slot { asset: Arc::clone(&asset), load: self.ticks, lease: Arc::downgrade(&lease), stage };
            self.slots.insert(key.clone(), slot);
            return (asset, lease, Some(self.ticks));
        };
        match slot.stage {
            Stage::Loading { .. } => slot.stage = Stage::Loading { held: true },
            Stage::Active { .. } => {}
            Stage::Inactive { bytes, since } => {
                self.inactive.remove(&since);
                self.inactive_bytes -= bytes;
                self.active_bytes += u128::from(bytes);
                slot.stage = Stage::Active { bytes };
            }
        }
        // A lease whose last handle is going at this very moment cannot be had any more. The new one takes its place, and
        // what the old one is about to say no longer counts.
        let lease = slot.lease.upgrade().unwrap_or_else(lease);
        slot.lease = Arc::downgrade(&lease);
        (Arc::clone(&slot.asset), lease, None)
    }

    /// A load is over: with an asset of so many bytes, or `None` if it failed.
    pub(crate) fn landed(&mut self, key: &Key, load: u64, bytes: Option<u64>) -> Garbage {
        let Some(slot) = self.slots.get_mut(key).filter(|slot| slot.load == load) else {
            return Garbage::default();
        };
        let (Some(bytes), Stage::Loading { held }) = (bytes, slot.stage) else {
            return self.remove(key);
        };
        self.loading -= 1;
        self.active_bytes += u128::from(bytes);
        slot.stage = Stage::Active { bytes };
        if held { Garbage::default() } else { self.retire(key, bytes) }
    }

    /// The last handle of a lease is gone.
    fn released(&mut self, lease: &Lease) -> Garbage {
        match self.slots.get_mut(&lease.key) {
            Some(slot) if std::ptr::eq(slot.lease.as_ptr(), lease) => match slot.stage {
                Stage::Loading { .. } => slot.stage = Stage::Loading { held: false },
                Stage::Active { bytes } => return self.retire(&lease.key, bytes),
                Stage::Inactive { .. } => {}
            },
            // There is a newer lease, another load, or nothing.
            _ => {}
        }
        Garbage::default()
    }

    /// An active asset becomes inactive, for which the oldest ones make room. One that is larger than all the room there
    /// is goes by itself: it could not stay whoever left. So does a part: nobody can ask for it again.
    fn retire(&mut self, key: &Key, bytes: u64) -> Garbage {
        if bytes > self.limit || key.part.is_some() {
            return self.remove(key);
        }
        let mut garbage = Garbage::default();
        while self.inactive_bytes > self.limit - bytes
            && let Some((_, oldest)) = self.inactive.pop_first()
        {
            garbage.0.extend(self.remove(&oldest).0);
        }
        if let Some(slot) = self.slots.get_mut(key) {
            self.ticks += 1;
            self.active_bytes -= u128::from(bytes);
            self.inactive_bytes += bytes;
            slot.stage = Stage::Inactive { bytes, since: self.ticks };
            self.inactive.insert(self.ticks, key.clone());
        }
        garbage
    }

    /// Forgets all that was made of a file.
    pub(crate) fn invalidate(&mut self, path: &Path) -> Garbage {
        let keys: Vec<_> = self.slots.keys().filter(|key| *key.path == *path).cloned().collect();
        Garbage(keys.iter().flat_map(|key| self.remove(key).0).collect())
    }

    fn remove(&mut self, key: &Key) -> Garbage {
        let Some(slot) = self.slots.remove(key) else { return Garbage::default() };
        match slot.stage {
            Stage::Loading { .. } => self.loading -= 1,
            Stage::Active { bytes } => self.active_bytes -= u128::from(bytes),
            Stage::Inactive { bytes, since } => {
                self.inactive.remove(&since);
                self.inactive_bytes -= bytes;
            }
        }
        Garbage(vec![slot.asset])
    }

    pub(crate) fn counts(&self) -> Counts {
        Counts {
            loading: self.loading,
            active: self.slots.len() - self.loading - self.inactive.len(),
            inactive: self.inactive.len(),
            active_bytes: u64::try_from(self.active_bytes).unwrap_or(u64::MAX),
            inactive_bytes: self.inactive_bytes,
        }
    }
}
