//! Which files of a folder are assets.

use std::path::{Path, PathBuf};

use threadbare::{Error, Result};
use walkdir::WalkDir;

use crate::ledger::Kind;
use crate::paths::{identity, plain};

/// What lies in a folder.
#[derive(Debug, Default)]
pub struct Found {
    /// The assets, in the order of their names.
    pub files: Vec<PathBuf>,
    /// What could not be looked into, and why.
    pub unreadable: Vec<(PathBuf, String)>,
}

/// Finds the assets of `folder` and the folders in it, but for the folder `out`: what this program wrote is no asset.
///
/// # Errors
///
/// If `folder` is not there, is no folder, cannot be read, or holds no assets. A folder further down that cannot be
/// read is no error, but noted.
pub fn assets(folder: &Path, out: &Path) -> Result<Found> {
    let name = plain(&folder.display().to_string());
    let unreadable = |error| Error::from(error).context(format!("cannot read {name}"));
    let metadata = folder.metadata().map_err(unreadable)?;
    if !metadata.is_dir() {
        return Err(Error::msg(format!("{name} is not a folder")));
    }
    std::fs::read_dir(folder).map_err(unreadable)?;

    let out = identity(out);
    let mut found = Found::default();
    let walk = WalkDir::new(folder).follow_links(true).sort_by_file_name().into_iter();
    for entry in
        walk.filter_entry(|entry| entry.depth() == 0 || !entry.file_type().is_dir() || identity(entry.path()) != out)
    {
        match entry {
            Ok(entry) if entry.file_type().is_dir() => {}
            Ok(entry) => {
                if Kind::of_asset(entry.path()).is_some() {
                    found.files.push(entry.into_path());
                }
            }
            Err(error) => {
                let path = error.path().unwrap_or(folder).to_path_buf();
                let reason = error.io_error().map_or_else(|| error.to_string(), ToString::to_string);
                found.unreadable.push((path, plain(&reason)));
            }
        }
    }
    if found.files.is_empty() {
        return Err(Error::msg(format!("no .png, .jpg, .jpeg, .gltf or .glb in {name}")));
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn assets_are_found_at_any_depth_and_in_any_case_but_not_in_the_output() {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join("out");
        for file in ["b.PNG", "a/c.jpeg", "a/deep/d.gltf", "e.glb", "f.jpg", "notes.txt", "e.bin", "out/sheet.png"] {
            let path = folder.path().join(file);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, b"").unwrap();
        }
        let found = assets(folder.path(), &out).unwrap();
        let names: Vec<_> = found
            .files
            .iter()
            .map(|file| file.strip_prefix(folder.path()).unwrap().to_string_lossy().replace('\\', "/"))
            .collect();
        assert_eq!(names, ["a/c.jpeg", "a/deep/d.gltf", "b.PNG", "e.glb", "f.jpg"]);
        assert!(found.unreadable.is_empty());
        assert_eq!(assets(&out, &out).unwrap().files.len(), 1, "the output folder itself may be asked for");
    }

    #[test]
    fn what_cannot_be_loaded_from_is_an_error_that_says_why() {
        let folder = tempfile::tempdir().unwrap();
        let error = |path: &Path| assets(path, Path::new("out")).unwrap_err().to_string();
        assert!(error(folder.path()).contains("no .png, .jpg, .jpeg, .gltf or .glb in"));
        assert!(error(&folder.path().join("missing")).contains("cannot read"));
        let file = folder.path().join("a.png");
        std::fs::write(&file, b"").unwrap();
        assert!(error(&file).ends_with("is not a folder"));
    }

    #[cfg(unix)]
    #[test]
    fn a_link_in_a_circle_is_noted_and_not_followed() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("a.png"), b"").unwrap();
        std::os::unix::fs::symlink(folder.path(), folder.path().join("round")).unwrap();
        let found = assets(folder.path(), Path::new("out")).unwrap();
        assert_eq!((found.files.len(), found.unreadable.len()), (1, 1));
    }
}
