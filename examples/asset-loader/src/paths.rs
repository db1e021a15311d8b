//! Which file a path means, and what it is called in the report.

use std::path::{Component, Path, PathBuf};

/// The folder that is being loaded: paths below it are named relative to it.
#[derive(Debug, Clone)]
pub struct Root {
    folder: PathBuf,
}

impl Root {
    /// Names are relative to `folder` from now on.
    #[must_use]
    pub fn new(folder: &Path) -> Self {
        Self { folder: identity(folder) }
    }

    /// The name of a file, as people know it: relative to the folder if it lies in there, on one line in any case.
    #[must_use]
    pub fn name(&self, file: &Path) -> String {
        plain(&file.strip_prefix(&self.folder).unwrap_or(file).to_string_lossy())
    }

    /// The name of an image that is stored inside a model's own file, or described by it.
    #[must_use]
    pub fn part_name(&self, file: &Path, index: usize) -> String {
        format!("{} (image {index})", self.name(file))
    }
}

/// The one path by which a file is known, whichever way it was spelled.
///
/// A file that is there is known by its canonical path, so that a link and its target are one asset. One that isn't
/// is known by its absolute path without `.` and `..`, so that two models which miss it miss the same asset.
#[must_use]
pub fn identity(path: &Path) -> PathBuf {
    if let Ok(canonical) = path.canonicalize() {
        return canonical;
    }
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
    let mut clean = PathBuf::new();
    for component in absolute.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => {
                clean.pop();
            }
            other => clean.push(other),
        }
    }
    clean
}

/// `text` without control characters: a file's name, or a reason that quotes one, must not write to the terminal.
#[must_use]
pub fn plain(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_file_has_one_identity_however_it_is_spelled() {
        let folder = tempfile::tempdir().unwrap();
        let plain = identity(&folder.path().join("missing.png"));
        assert_eq!(plain, identity(&folder.path().join("sub/../missing.png")));
        assert_eq!(plain, identity(&folder.path().join("./missing.png")));
        assert_ne!(plain, identity(&folder.path().join("other.png")));
    }

    #[test]
    fn an_existing_file_has_one_identity_however_it_is_spelled() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("sub")).unwrap();
        std::fs::write(folder.path().join("here.png"), b"").unwrap();
        assert_eq!(identity(&folder.path().join("here.png")), identity(&folder.path().join("sub/../here.png")));
    }

    #[test]
    fn names_are_relative_to_the_folder_and_on_one_line() {
        let folder = tempfile::tempdir().unwrap();
        let root = Root::new(folder.path());
        let file = identity(folder.path()).join("sub").join("a\nb.png");
        let name = root.name(&file).replace('\\', "/");
        assert_eq!(name, "sub/a\u{fffd}b.png");
        assert_eq!(root.part_name(&file, 3).replace('\\', "/"), format!("{name} (image 3)"));
        let elsewhere = Path::new("/elsewhere/c.png");
        assert_eq!(root.name(elsewhere), "/elsewhere/c.png");
    }
}
