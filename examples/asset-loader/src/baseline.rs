//! The same work, plainly: one thing after the other on one thread, without tasks. What the other run is measured by.

use std::collections::{HashMap, HashSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use threadbare::{Error, Result};

use crate::ledger::Kind;
use crate::load::view;
use crate::model::{Document, Mesh, Source};
use crate::paths::{Root, identity};
use crate::scene::{Scene, TextureId};
use crate::texture::Texture;
use crate::ticket::read;
use crate::upload::Upload;

/// Loads `files`, each once, with all that they refer to.
#[must_use]
pub fn load(root: Root, files: &[PathBuf]) -> Scene {
    let mut plain = Plain {
        root,
        scene: Scene::default(),
        models: HashSet::new(),
        textures: HashMap::new(),
        buffers: HashMap::new(),
    };
    for file in files {
        let path = identity(file);
        match Kind::of_asset(file) {
            Some(Kind::Gltf | Kind::Glb) => plain.model(path),
            _ => drop(plain.texture_file(path)),
        }
    }
    plain.scene
}

/// Reads every file that loading `files` reads, those that models refer to included, and forgets it: after this, none
/// of two runs finds them colder than the other.
pub fn warm(files: &[PathBuf]) {
    for file in files {
        let Ok(bytes) = read(file) else { continue };
        if !matches!(Kind::of_asset(file), Some(Kind::Gltf | Kind::Glb)) {
            continue;
        }
        let folder = file.parent().unwrap_or(Path::new(""));
        let Ok(document) = guarded(|| Document::parse(&bytes, folder)) else { continue };
        let references = document.buffers().into_iter().flatten().chain(document.images().into_iter().flatten());
        for source in references {
            if let Source::File(path) = source {
                // Only the reading counts. Whether it went well is for the runs to say.
                drop(read(&path));
            }
        }
    }
}

struct Plain {
    root: Root,
    scene: Scene,
    models: HashSet<PathBuf>,
    /// As a registry does, this keeps what it loaded.
    textures: HashMap<PathBuf, (TextureId, Arc<Texture>)>,
    buffers: HashMap<PathBuf, Option<Arc<Vec<u8>>>>,
}

impl Plain {
    fn texture_file(&mut self, path: PathBuf) -> TextureId {
        if let Some((id, _)) = self.textures.get(&path) {
            return *id;
        }
        let texture = guarded(|| Texture::decode(&read(&path)?));
        let name = self.root.name(&path);
        let (id, texture) = self.finish(&name, texture);
        self.textures.insert(path, (id, texture));
        id
    }

    fn finish(&mut self, name: &str, texture: Result<Texture>) -> (TextureId, Arc<Texture>) {
        let texture = Arc::new(texture.unwrap_or_else(|_| Texture::placeholder()));
        let (id, _) = self.scene.reserve(name);
        self.scene.fill(id, Upload::new(Arc::clone(&texture)).finish());
        (id, texture)
    }

    fn model(&mut self, path: PathBuf) {
        if !self.models.insert(path.clone()) {
            return;
        }
        let name = self.root.name(&path);
        match self.parts(&path) {
            Ok((meshes, textures)) => self.scene.place(&name, meshes, textures, false),
            Err(_) => self.scene.place(&name, vec![Mesh::placeholder()], Vec::new(), true),
        }
    }

    fn parts(&mut self, path: &Path) -> Result<(Vec<Mesh>, Vec<TextureId>)> {
        let folder = path.parent().unwrap_or(Path::new(""));
        let document = guarded(|| Document::parse(&read(path)?, folder))?;
        let buffers = document.buffers()?.into_iter().map(|source| self.buffer(source)).collect::<Result<Vec<_>>>()?;
        let meshes = guarded(|| document.meshes(&buffers))?;
        let images = document.images().into_iter().enumerate();
        let textures = images.map(|(index, image)| match image {
            Ok(Source::File(file)) => self.texture_file(identity(&file)),
            other => {
                let texture = guarded(|| Texture::decode(&view(other?, &buffers)?));
                let name = self.root.part_name(path, index);
                self.finish(&name, texture).0
            }
        });
        Ok((meshes, textures.collect()))
    }

    fn buffer(&mut self, source: Source) -> Result<Arc<Vec<u8>>> {
        match source {
            Source::Inside(bytes) => Ok(bytes),
            Source::File(path) => {
                let path = identity(&path);
                let load = || read(&path).ok().map(Arc::new);
                let bytes = self.buffers.entry(path.clone()).or_insert_with(load);
                bytes.clone().ok_or_else(|| Error::msg("a buffer is missing"))
            }
            Source::View { .. } => Err(Error::msg("a buffer inside of a buffer")),
        }
    }
}

/// What a task does by itself: a panic becomes an error.
fn guarded<T>(work: impl FnOnce() -> Result<T>) -> Result<T> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|payload| Err(Error::from_panic(payload)))
}
