//! How each kind of asset is loaded: continuations on the workers, from a path to a value.

use std::path::Path;
use std::sync::Arc;

use threadbare::{Error, Immediate, Result, Task, all, try_run};

use crate::ledger::Kind;
use crate::model::{Document, Mesh, Source};
use crate::registry::{Asset, AssetRegistry, Handle};
use crate::texture::Texture;
use crate::ticket::Ticket;

impl Asset for Texture {
    fn kind(path: &Path) -> Kind {
        Kind::of_asset(path).filter(|kind| kind.is_texture()).unwrap_or(Kind::OtherImage)
    }

    /// Read, decode; or the placeholder.
    fn load(ticket: Ticket) -> Task<Self> {
        let file = ticket.clone();
        let bytes = try_run(ticket.worker(), move || file.read().map(Arc::new));
        decode(ticket, bytes)
    }

    fn bytes(&self) -> u64 {
        self.pixels().len() as u64
    }
}

/// A texture from an image's bytes.
fn decode(ticket: Ticket, bytes: Task<Arc<Vec<u8>>>) -> Task<Texture> {
    let here = ticket.clone();
    bytes
        .and_then(ticket.worker(), move |bytes| {
            let _span = here.span("decode");
            Texture::decode(&bytes)
        })
        .catch(&Immediate, move |error| {
            ticket.failed(&error);
            Texture::placeholder()
        })
}

/// A file that a model keeps its geometry in, or why there is none. Nothing stands in for it: a model without it is
/// broken. But as a placeholder does, the error stays until the file is invalidated: models that share a missing file
/// miss it by one load.
#[derive(Debug)]
pub struct Buffer(Result<Arc<Vec<u8>>>);

impl Asset for Buffer {
    fn kind(_: &Path) -> Kind {
        Kind::Buffer
    }

    fn load(ticket: Ticket) -> Task<Self> {
        let name = ticket.name().to_string();
        try_run(&ticket.worker().clone(), move || ticket.read())
            .then(&Immediate, move |bytes| Ok(Self(bytes.map(Arc::new).map_err(|error| error.context(name)))))
    }

    fn bytes(&self) -> u64 {
        self.0.as_ref().map_or(0, |bytes| bytes.len() as u64)
    }
}

/// A model with all that it refers to.
#[derive(Debug)]
pub struct Model {
    /// What there is to draw.
    pub meshes: Vec<Mesh>,
    /// The images of the file, in its order; each is loaded.
    pub textures: Vec<Handle<Texture>>,
    placeholder: bool,
}

impl Model {
    /// Does it stand in for one that could not be loaded?
    #[must_use]
    pub fn is_placeholder(&self) -> bool {
        self.placeholder
    }
}

impl Asset for Model {
    fn kind(path: &Path) -> Kind {
        Kind::of_asset(path).filter(|kind| !kind.is_texture()).unwrap_or(Kind::Gltf)
    }

    /// Read, parse, then whatever the file refers to: the future of all that, returned from a continuation, runs on the
    /// same workers. Or the placeholder.
    fn load(ticket: Ticket) -> Task<Self> {
        let (file, whole, broken) = (ticket.clone(), ticket.clone(), ticket.clone());
        try_run(ticket.worker(), move || {
            let bytes = file.read()?;
            let _span = file.span("parse");
            Document::parse(&bytes, &file.folder())
        })
        .and_then(ticket.worker(), move |document| complete(whole, document))
        .catch(&Immediate, move |error| {
            broken.failed(&error);
            Self { meshes: vec![Mesh::placeholder()], textures: Vec::new(), placeholder: true }
        })
    }

    fn bytes(&self) -> u64 {
        self.meshes.iter().map(|mesh| (size_of::<Mesh>() + mesh.name.len()) as u64).sum()
    }
}

/// Loads what a document refers to, all at once, and makes a model of it. While it waits it keeps handles, but not the
/// registry.
async fn complete(ticket: Ticket, document: Document) -> Result<Model> {
    let (buffers, images) = {
        let registry = ticket.registry()?;
        let buffers = all(document.buffers()?.into_iter().map(|source| buffer(&registry, source)));
        // Images in files need no buffer, so they set out at once; the others are cut from the buffers.
        let images = document.images().into_iter().map(|image| match image {
            Ok(Source::File(path)) => Image::Loading(registry.load_async(path)),
            other => Image::Inside(other),
        });
        (buffers, images.collect::<Vec<_>>())
    };
    let buffers = buffers.await?.iter().map(|buffer| buffer.0.clone()).collect::<Result<Vec<_>>>()?;
    let meshes = {
        let _span = ticket.span("assemble");
        document.meshes(&buffers)?
    };
    let textures: Vec<_> = {
        let registry = ticket.registry()?;
        let texture = |(index, image)| match image {
            Image::Loading(handle) => handle,
            Image::Inside(source) => inside(&registry, &ticket, index, source, &buffers),
        };
        images.into_iter().enumerate().map(texture).collect()
    };
    all(textures.iter().map(Handle::ready)).await?;
    Ok(Model { meshes, textures, placeholder: false })
}

enum Image {
    Loading(Handle<Texture>),
    Inside(Result<Source>),
}

/// A buffer, wherever it is.
fn buffer(registry: &AssetRegistry, source: Source) -> Task<Arc<Buffer>> {
    Task::resolved(Arc::new(Buffer(match source {
        Source::File(path) => return registry.load_async(path).ready(),
        Source::Inside(bytes) => Ok(bytes),
        Source::View { .. } => Err(Error::msg("a buffer inside of a buffer")),
    })))
}

/// The texture of an image in the model's own file or buffers, decoded on a worker of its own.
fn inside(
    registry: &AssetRegistry,
    model: &Ticket,
    index: usize,
    source: Result<Source>,
    buffers: &[Arc<Vec<u8>>],
) -> Handle<Texture> {
    let bytes = source.and_then(|source| view(source, buffers));
    registry.load_part(model, index, |part| {
        let bytes = try_run(part.worker(), move || bytes);
        decode(part, bytes)
    })
}

/// The bytes of an image that is in no file of its own.
///
/// # Errors
///
/// If it lies outside of its buffer.
pub fn view(source: Source, buffers: &[Arc<Vec<u8>>]) -> Result<Arc<Vec<u8>>> {
    match source {
        Source::Inside(bytes) => Ok(bytes),
        Source::View { buffer, start, length } => {
            let bytes = buffers.get(buffer).zip(start.checked_add(length)).and_then(|(b, end)| b.get(start..end));
            Ok(Arc::new(bytes.ok_or_else(|| Error::msg("an image that reaches beyond its buffer"))?.to_vec()))
        }
        Source::File(path) => Err(Error::msg(format!("{} is a file", path.display()))),
    }
}
