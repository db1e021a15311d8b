//! One load: what is loaded, where the work goes, and where it is written down.

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, Weak};

use threadbare::{Error, Result, Worker};

use crate::ledger::{Kind, Ledger};
use crate::paths::Root;
use crate::registry::AssetRegistry;
use crate::shelf::Shelf;
use crate::trace::{Span, Trace};

/// The largest file that is read, in bytes.
const MAX_FILE: u64 = 1 << 30;

/// What every load needs. It outlives the registry as long as there are some.
#[derive(Debug)]
pub(crate) struct Desk {
    pub(crate) worker: Worker,
    pub(crate) root: Root,
    pub(crate) ledger: Ledger,
    pub(crate) trace: Trace,
}

/// One load: what is loaded, where the work goes, and where it is written down.
///
/// It does not keep the registry: a load that is in flight when the last [`AssetRegistry`] goes comes to its end, but can
/// ask for nothing more.
#[derive(Clone)]
pub struct Ticket {
    pub(crate) shelf: Weak<Mutex<Shelf>>,
    pub(crate) desk: Arc<Desk>,
    pub(crate) path: Arc<Path>,
    pub(crate) name: Arc<str>,
    pub(crate) kind: Kind,
    /// Which load of the asset it is.
    pub(crate) load: u64,
}

impl Ticket {
    /// Where to read and decode.
    #[must_use]
    pub fn worker(&self) -> &Worker {
        &self.desk.worker
    }

    /// Where to ask for what this asset refers to. Not to be kept: that would keep what the registry has.
    ///
    /// # Errors
    ///
    /// If the registry is gone.
    pub fn registry(&self) -> Result<AssetRegistry> {
        let shelf = self.shelf.upgrade().ok_or_else(|| Error::closed("the registry is gone"))?;
        Ok(AssetRegistry { shelf, desk: Arc::clone(&self.desk) })
    }

    /// The file, as the registry knows it.
    #[must_use]
    pub fn path(&self) -> &Arc<Path> {
        &self.path
    }

    /// What the asset is called.
    #[must_use]
    pub fn name(&self) -> &Arc<str> {
        &self.name
    }

    /// The folder of the file.
    #[must_use]
    pub fn folder(&self) -> PathBuf {
        self.path.parent().map_or_else(PathBuf::new, Path::to_path_buf)
    }

    /// The calling thread does `action` to this asset until the span is dropped.
    pub fn span(&self, action: &'static str) -> Span<'_> {
        self.desk.trace.span(action, Some(&self.name))
    }

    /// Reads the file.
    ///
    /// # Errors
    ///
    /// Those of [`read`].
    pub fn read(&self) -> Result<Vec<u8>> {
        let _span = self.span("read");
        let bytes = read(&self.path)?;
        self.desk.ledger.read(self.kind, bytes.len() as u64);
        Ok(bytes)
    }

    /// A placeholder is taken, because of `error`.
    pub fn failed(&self, error: &Error) {
        self.desk.ledger.failed(self.kind, &self.name, error);
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
