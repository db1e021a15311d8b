//! How each kind of asset is loaded: chains of continuations on the workers, from a path to a value.

use std::path::Path;
use std::sync::Arc;

use threadbare::{Error, Immediate, Result, Task, try_run};

use crate::gather::gather;
use crate::ledger::{Kind, reason};
use crate::model::{Document, Mesh, Source};
use crate::registry::{Asset, Handle, Ticket};
use crate::texture::Texture;

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

/// A file that a model keeps its geometry in. Nothing stands in for it: a model without it is broken.
#[derive(Debug)]
pub struct Buffer(Arc<Vec<u8>>);

impl Asset for Buffer {
    fn kind(_: &Path) -> Kind {
        Kind::Buffer
    }

    fn load(ticket: Ticket) -> Task<Self> {
        let worker = ticket.worker().clone();
        try_run(&worker, move || Ok(Self(Arc::new(ticket.read()?))))
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

    /// Read, parse, then whatever the file refers to: the task of all that, returned from a continuation, takes this
    /// one's place. Or the placeholder.
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
}

/// Loads what a document refers to, all at once, and makes a model of it.
fn complete(ticket: Ticket, document: Document) -> Task<Model> {
    let buffers = match document.buffers() {
        Ok(buffers) => gather(buffers.into_iter().map(|source| buffer(&ticket, source))),
        Err(error) => return Task::rejected(error),
    };
    // Images in files need no buffer, so they set out at once; the others are cut from the buffers.
    let images: Vec<_> = document
        .images()
        .into_iter()
        .map(|image| match image {
            Ok(Source::File(path)) => Image::Loading(ticket.registry().load_async(path)),
            other => Image::Inside(other),
        })
        .collect();
    let worker = ticket.worker().clone();
    buffers.and_then(&worker, move |buffers| {
        let meshes = {
            let _span = ticket.span("assemble");
            match document.meshes(&buffers) {
                Ok(meshes) => meshes,
                Err(error) => return Task::rejected(error),
            }
        };
        let textures: Vec<_> = images
            .into_iter()
            .enumerate()
            .map(|(index, image)| match image {
                Image::Loading(handle) => handle,
                Image::Inside(source) => inside(&ticket, index, source, &buffers),
            })
            .collect();
        gather(textures.iter().map(Handle::ready)).map(&Immediate, move |_| Model {
            meshes,
            textures,
            placeholder: false,
        })
    })
}

enum Image {
    Loading(Handle<Texture>),
    Inside(Result<Source>),
}

/// The bytes of a buffer; an error says which buffer it was.
fn buffer(ticket: &Ticket, source: Source) -> Task<Arc<Vec<u8>>> {
    match source {
        Source::File(path) => {
            let file = ticket.registry().load_async::<Buffer>(&path);
            let name = Arc::clone(file.name());
            file.ready()
                .map(&Immediate, |buffer| Arc::clone(&buffer.0))
                .or_else(&Immediate, move |error| Err(Error::msg(format!("{name}: {}", reason(&error)))))
        }
        Source::Inside(bytes) => Task::resolved(bytes),
        Source::View { .. } => Task::rejected(Error::msg("a buffer inside of a buffer")),
    }
}

/// The texture of an image in the model's own file or buffers, decoded on a worker of its own.
fn inside(ticket: &Ticket, index: usize, source: Result<Source>, buffers: &[Arc<Vec<u8>>]) -> Handle<Texture> {
    let bytes = source.and_then(|source| view(source, buffers));
    ticket.registry().load_part(ticket.path(), index, |part| {
        let bytes = try_run(ticket.worker(), move || bytes);
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
