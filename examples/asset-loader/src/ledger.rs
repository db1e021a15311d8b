//! What was asked for, what was loaded, and what went wrong.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;
use std::sync::Mutex;

use threadbare::Error;

use crate::lock;
use crate::paths::plain;

/// What sort of asset something is, as far as its name tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A texture in a PNG.
    Png,
    /// A texture in a JPEG.
    Jpeg,
    /// A texture that a model refers to, in a file by any other name.
    OtherImage,
    /// A texture that a model holds in itself.
    Embedded,
    /// A model in text, with its parts in other files.
    Gltf,
    /// A model in one file.
    Glb,
    /// A model's vertices, indices and the like.
    Buffer,
}

impl Kind {
    /// What an asset of this name is; `None` for what is none by itself.
    #[must_use]
    pub fn of_asset(path: &Path) -> Option<Self> {
        let extension = path.extension()?.to_str()?.to_ascii_lowercase();
        match extension.as_str() {
            "png" => Some(Self::Png),
            "jpg" | "jpeg" => Some(Self::Jpeg),
            "gltf" => Some(Self::Gltf),
            "glb" => Some(Self::Glb),
            _ => None,
        }
    }

    /// Is it a texture?
    #[must_use]
    pub fn is_texture(self) -> bool {
        matches!(self, Self::Png | Self::Jpeg | Self::OtherImage | Self::Embedded)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Png => "PNG",
            Self::Jpeg => "JPEG",
            Self::OtherImage => "other image",
            Self::Embedded => "embedded image",
            Self::Gltf => "glTF",
            Self::Glb => "GLB",
            Self::Buffer => "buffer",
        })
    }
}

/// The figures of one kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tally {
    /// How often one was asked for.
    pub asked: usize,
    /// How many were loaded: one for each file, however many ask.
    pub loads: usize,
    /// How many of those loads are over, well or not.
    pub settled: usize,
    /// How many of those became placeholders.
    pub placeholders: usize,
    /// What was read for them, in bytes.
    pub bytes: u64,
}

/// Something that could not be loaded.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Failure {
    /// What it is called.
    pub name: String,
    /// What it should have been, if that is known.
    pub kind: Option<Kind>,
    /// Why it isn't.
    pub reason: String,
}

/// How far a run is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Progress {
    /// Loads that are over.
    pub assets: usize,
    /// Loads that were begun.
    pub of_assets: usize,
    /// Bytes that are read.
    pub bytes: u64,
    /// Bytes of all files that are being loaded.
    pub of_bytes: u64,
}

/// The books of a run, kept by all threads.
#[derive(Debug, Default)]
pub struct Ledger(Mutex<Books>);

#[derive(Debug, Default)]
struct Books {
    kinds: BTreeMap<Kind, Tally>,
    failures: Vec<Failure>,
    of_bytes: u64,
}

impl Ledger {
    /// Somebody asks for one, and gets what is loaded already, or being loaded.
    pub fn asked(&self, kind: Kind) {
        lock(&self.0).kinds.entry(kind).or_default().asked += 1;
    }

    /// A load begins, for a file of `bytes`.
    pub fn begun(&self, kind: Kind, bytes: u64) {
        let mut books = lock(&self.0);
        books.kinds.entry(kind).or_default().loads += 1;
        books.of_bytes += bytes;
    }

    /// A load is over.
    pub fn settled(&self, kind: Kind) {
        lock(&self.0).kinds.entry(kind).or_default().settled += 1;
    }

    /// Some bytes are read.
    pub fn read(&self, kind: Kind, bytes: u64) {
        lock(&self.0).kinds.entry(kind).or_default().bytes += bytes;
    }

    /// A placeholder takes the place of an asset.
    pub fn failed(&self, kind: Kind, name: &str, error: &Error) {
        let mut books = lock(&self.0);
        books.kinds.entry(kind).or_default().placeholders += 1;
        books.failures.push(Failure { name: name.to_owned(), kind: Some(kind), reason: reason(error) });
    }

    /// How far the run is. A file that is not read to its end, because it is broken, counts as read once it is settled.
    #[must_use]
    pub fn progress(&self) -> Progress {
        let books = lock(&self.0);
        let sum = |of: fn(&Tally) -> usize| books.kinds.values().map(of).sum();
        let bytes = books.kinds.values().map(|tally| tally.bytes).sum();
        Progress { assets: sum(|t| t.settled), of_assets: sum(|t| t.loads), bytes, of_bytes: books.of_bytes }
    }

    /// The figures by kind.
    #[must_use]
    pub fn kinds(&self) -> BTreeMap<Kind, Tally> {
        lock(&self.0).kinds.clone()
    }

    /// What went wrong, by name.
    #[must_use]
    pub fn failures(&self) -> Vec<Failure> {
        let mut failures = lock(&self.0).failures.clone();
        failures.sort();
        failures
    }
}

/// An error with its causes, on one line. Causes that only repeat what is said already are left out.
#[must_use]
pub fn reason(error: &Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let said = cause.to_string();
        if !text.contains(&said) {
            text = format!("{text}: {said}");
        }
        source = cause.source();
    }
    plain(&text.split_whitespace().collect::<Vec<_>>().join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_books_add_up() {
        let ledger = Ledger::default();
        for _ in 0..3 {
            ledger.asked(Kind::Png);
        }
        ledger.begun(Kind::Png, 100);
        ledger.begun(Kind::Buffer, 50);
        ledger.read(Kind::Png, 100);
        assert_eq!(ledger.progress(), Progress { assets: 0, of_assets: 2, bytes: 100, of_bytes: 150 });
        ledger.failed(Kind::Png, "b.png", &Error::msg("broken"));
        ledger.failed(Kind::Png, "a.png", &Error::msg("broken\nin two"));
        ledger.settled(Kind::Png);
        assert_eq!(ledger.progress().assets, 1);

        let png = Tally { asked: 3, loads: 1, settled: 1, placeholders: 2, bytes: 100 };
        assert_eq!(ledger.kinds()[&Kind::Png], png);
        let failures: Vec<_> = ledger.failures().into_iter().map(|f| (f.name, f.reason)).collect();
        let expected = [("a.png", "broken in two"), ("b.png", "broken")];
        assert_eq!(failures, expected.map(|(name, reason)| (name.to_owned(), reason.to_owned())));
    }

    #[test]
    fn a_reason_names_its_causes_once() {
        #[derive(Debug)]
        struct Outer(std::fmt::Error);
        impl fmt::Display for Outer {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("outside")
            }
        }
        impl std::error::Error for Outer {
            fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
                Some(&self.0)
            }
        }
        let cause = std::fmt::Error.to_string();
        assert_eq!(reason(&Error::from(Outer(std::fmt::Error))), format!("outside: {cause}"));
        assert_eq!(reason(&Error::from(std::fmt::Error)), cause);
    }

    #[test]
    fn names_tell_the_kind_in_any_case() {
        for (name, kind) in [("a.PNG", Kind::Png), ("a.jpeg", Kind::Jpeg), ("a.GlTf", Kind::Gltf), ("a.glb", Kind::Glb)]
        {
            assert_eq!(Kind::of_asset(Path::new(name)), Some(kind));
        }
        for name in ["a.bin", "png", ".png", "a.webp", ""] {
            assert_eq!(Kind::of_asset(Path::new(name)), None, "{name}");
        }
    }
}
