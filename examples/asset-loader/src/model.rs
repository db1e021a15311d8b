//! glTF: reading a document, finding out what it refers to, and the meshes once that is there.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use gltf::accessor::{DataType, Dimensions};
use gltf::buffer;
use gltf::mesh::{Mode, Primitive};
use threadbare::{Error, Result};

use crate::uri::{self, Reference};

/// The most vertices or indices of one primitive. A sparse accessor can claim any number of them in a few bytes.
const MAX_ELEMENTS: usize = 1 << 26;

/// What the scene needs to know of one mesh.
#[derive(Debug, Clone, PartialEq)]
pub struct Mesh {
    /// As the file calls it; empty if it doesn't.
    pub name: String,
    /// Over all of its primitives.
    pub vertices: usize,
    /// Over all of its primitives; points and lines have none.
    pub triangles: usize,
    /// The lowest and the highest corner of the box around its vertices, in the model's units; `None` without vertices.
    pub bounds: Option<[[f32; 3]; 2]>,
}

impl Mesh {
    /// What is shown where a model is missing: a cube of one unit.
    #[must_use]
    pub fn placeholder() -> Self {
        Self { name: "placeholder".into(), vertices: 8, triangles: 12, bounds: Some([[-0.5; 3], [0.5; 3]]) }
    }
}

/// Where bytes are that a model refers to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// In a file.
    File(PathBuf),
    /// In the model's own file: here they are.
    Inside(Arc<Vec<u8>>),
    /// In a part of one of its buffers.
    View {
        /// Which buffer.
        buffer: usize,
        /// The first byte.
        start: usize,
        /// How many.
        length: usize,
    },
}

/// A parsed glTF that has none of its buffers yet.
#[derive(Debug)]
pub struct Document {
    gltf: gltf::Document,
    blob: Option<Arc<Vec<u8>>>,
    folder: PathBuf,
}

impl Document {
    /// Parses a `.gltf` or a `.glb`; `folder` is the one that its references start from.
    ///
    /// # Errors
    ///
    /// What is not glTF 2.0, or needs an extension that is not supported.
    pub fn parse(bytes: &[u8], folder: &Path) -> Result<Self> {
        if bytes.is_empty() {
            return Err(Error::msg("the file is empty"));
        }
        let gltf::Gltf { document, blob } = gltf::Gltf::from_slice(bytes)?;
        Ok(Self { gltf: document, blob: blob.map(Arc::new), folder: folder.to_path_buf() })
    }

    /// Where each buffer is, in the order in which [`meshes`](Self::meshes) wants them.
    ///
    /// # Errors
    ///
    /// A reference that cannot be followed.
    pub fn buffers(&self) -> Result<Vec<Source>> {
        self.gltf
            .buffers()
            .map(|buffer| match (buffer.source(), &self.blob) {
                (buffer::Source::Uri(uri), _) => self.follow(uri),
                (buffer::Source::Bin, Some(blob)) => Ok(Source::Inside(Arc::clone(blob))),
                (buffer::Source::Bin, None) => Err(Error::msg(format!("buffer {} is nowhere", buffer.index()))),
            })
            .collect()
    }

    /// Where each image is, each on its own: one that cannot be followed costs the model that image alone.
    #[must_use]
    pub fn images(&self) -> Vec<Result<Source>> {
        // The accessors of the crate take for granted that each image has a place, and a MIME type where it lies in a
        // buffer; files are not so careful, so the parsed JSON is read instead.
        let views: Vec<_> = self.gltf.views().collect();
        self.gltf
            .as_json()
            .images
            .iter()
            .map(|image| match (&image.buffer_view, &image.uri) {
                (Some(view), _) => {
                    let view = views.get(view.value()).ok_or_else(|| Error::msg("its buffer view is not there"))?;
                    Ok(Source::View { buffer: view.buffer().index(), start: view.offset(), length: view.length() })
                }
                (None, Some(uri)) => self.follow(uri),
                (None, None) => Err(Error::msg("an image that is nowhere")),
            })
            .collect()
    }

    fn follow(&self, uri: &str) -> Result<Source> {
        Ok(match uri::resolve(&self.folder, uri)? {
            Reference::File(path) => Source::File(path),
            Reference::Data(bytes) => Source::Inside(Arc::new(bytes)),
        })
    }

    /// The meshes, from all buffers.
    ///
    /// # Errors
    ///
    /// A buffer that is shorter than declared, and geometry that reaches beyond its buffer or its vertices.
    pub fn meshes(&self, buffers: &[Arc<Vec<u8>>]) -> Result<Vec<Mesh>> {
        for buffer in self.gltf.buffers() {
            let (is, declared) = (buffers[buffer.index()].len(), buffer.length());
            if is < declared {
                let index = buffer.index();
                return Err(Error::msg(format!("buffer {index} has {is} bytes, of {declared} declared")));
            }
        }
        self.gltf
            .meshes()
            .map(|mesh| {
                let name = mesh.name().unwrap_or_default().to_owned();
                let mut sum = Mesh { name, vertices: 0, triangles: 0, bounds: None };
                for primitive in mesh.primitives() {
                    sum.add(&primitive, buffers)?;
                }
                Ok(sum)
            })
            .collect()
    }
}

impl Mesh {
    /// Reads a primitive: its vertices for the bounds, its indices for whether they fit.
    fn add(&mut self, primitive: &Primitive<'_>, buffers: &[Arc<Vec<u8>>]) -> Result<()> {
        let Some(positions) = primitive.get(&gltf::Semantic::Positions) else { return Ok(()) };
        check(&positions, buffers, Dimensions::Vec3, &[DataType::F32])?;
        if let Some(indices) = primitive.indices() {
            check(&indices, buffers, Dimensions::Scalar, &[DataType::U8, DataType::U16, DataType::U32])?;
        }
        let reader = primitive.reader(|buffer| buffers.get(buffer.index()).map(|bytes| &bytes[..]));
        let unreadable = || Error::msg("geometry that cannot be read");

        let mut count = 0_usize;
        for position in reader.read_positions().ok_or_else(unreadable)? {
            count += 1;
            let [low, high] = self.bounds.get_or_insert([position; 2]);
            for axis in 0..3 {
                low[axis] = low[axis].min(position[axis]);
                high[axis] = high[axis].max(position[axis]);
            }
        }
        let corners = match primitive.indices() {
            None => count,
            Some(_) => {
                let mut corners = 0;
                for index in reader.read_indices().ok_or_else(unreadable)?.into_u32() {
                    if index as usize >= count {
                        return Err(Error::msg(format!("index {index} of {count} vertices")));
                    }
                    corners += 1;
                }
                corners
            }
        };
        self.vertices += count;
        self.triangles += match primitive.mode() {
            Mode::Triangles => corners / 3,
            Mode::TriangleStrip | Mode::TriangleFan => corners.saturating_sub(2),
            Mode::Points | Mode::Lines | Mode::LineLoop | Mode::LineStrip => 0,
        };
        Ok(())
    }
}

/// Does an accessor hold what its use asks for, inside of its buffer? The crate's readers take that for granted.
fn check(
    accessor: &gltf::Accessor<'_>,
    buffers: &[Arc<Vec<u8>>],
    dimensions: Dimensions,
    types: &[DataType],
) -> Result<()> {
    let fault = |what: &str| Err(Error::msg(format!("accessor {} {what}", accessor.index())));
    if accessor.dimensions() != dimensions || !types.contains(&accessor.data_type()) {
        return fault("is of the wrong type for its use");
    }
    if accessor.count() == 0 || accessor.count() > MAX_ELEMENTS {
        return fault("has no elements, or too many");
    }
    let size = accessor.size();
    let inside = |view: &buffer::View<'_>, offset: usize, count: usize, size: usize| {
        let stride = view.stride().unwrap_or(size);
        let last = stride.checked_mul(count - 1).and_then(|to| to.checked_add(offset)?.checked_add(size));
        let end = view.offset().checked_add(view.length());
        let bytes = buffers.get(view.buffer().index()).map_or(0, |buffer| buffer.len());
        stride >= size && last.is_some_and(|last| last <= view.length()) && end.is_some_and(|end| end <= bytes)
    };
    let base = accessor.view().map(|view| inside(&view, accessor.offset(), accessor.count(), size));
    let sparse = accessor.sparse().map(|sparse| {
        let (indices, values) = (sparse.indices(), sparse.values());
        (1..=accessor.count()).contains(&sparse.count())
            && inside(&indices.view(), indices.offset(), sparse.count(), indices.index_type().size())
            && inside(&values.view(), values.offset(), sparse.count(), size)
    });
    match (base, sparse) {
        (Some(false), _) | (_, Some(false)) => fault("reaches beyond its buffer"),
        (None, None) => fault("has no data"),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    /// Two triangles over four vertices: 48 bytes of positions, 6 indices of two bytes.
    fn quad() -> (Value, Vec<u8>) {
        let mut bytes = Vec::new();
        for position in [[0.0_f32, 0.0, 0.0], [1.0, 0.0, 0.0], [1.0, 2.0, 0.0], [0.0, 2.0, -3.0]] {
            bytes.extend(position.iter().flat_map(|x| x.to_le_bytes()));
        }
        bytes.extend([0_u16, 1, 2, 0, 2, 3].iter().flat_map(|i| i.to_le_bytes()));
        let json = json!({
            "asset": { "version": "2.0" },
            "buffers": [{ "byteLength": 60, "uri": "quad.bin" }],
            "bufferViews": [
                { "buffer": 0, "byteLength": 48 },
                { "buffer": 0, "byteOffset": 48, "byteLength": 12 },
            ],
            "accessors": [
                { "bufferView": 0, "componentType": 5126, "count": 4, "type": "VEC3", "min": [0, 0, -3], "max": [1, 2, 0] },
                { "bufferView": 1, "componentType": 5123, "count": 6, "type": "SCALAR" },
            ],
            "meshes": [{ "name": "quad", "primitives": [{ "attributes": { "POSITION": 0 }, "indices": 1 }] }],
        });
        (json, bytes)
    }

    fn parse(json: &Value) -> Result<Document> {
        Document::parse(json.to_string().as_bytes(), Path::new("models"))
    }

    fn meshes(json: &Value, bytes: Vec<u8>) -> Result<Vec<Mesh>> {
        parse(json)?.meshes(&[Arc::new(bytes)])
    }

    #[test]
    fn counts_and_bounds_come_from_the_buffer() {
        let (json, bytes) = quad();
        let bounds = Some([[0.0, 0.0, -3.0], [1.0, 2.0, 0.0]]);
        let expected = Mesh { name: "quad".into(), vertices: 4, triangles: 2, bounds };
        assert_eq!(meshes(&json, bytes.clone()).unwrap(), [expected]);

        for (mode, triangles) in [(0, 0), (1, 0), (4, 2), (5, 4), (6, 4)] {
            let mut json = json.clone();
            json["meshes"][0]["primitives"][0]["mode"] = mode.into();
            assert_eq!(meshes(&json, bytes.clone()).unwrap()[0].triangles, triangles, "mode {mode}");
        }
    }

    #[test]
    fn a_buffer_that_is_too_short_is_an_error() {
        let (json, bytes) = quad();
        let error = meshes(&json, bytes[..59].to_vec()).unwrap_err();
        assert_eq!(error.to_string(), "buffer 0 has 59 bytes, of 60 declared");
    }

    #[test]
    fn geometry_outside_of_its_buffer_is_an_error_and_no_panic() {
        let edits: [(&str, Value); 9] = [
            ("/accessors/0/count", 5.into()),
            ("/accessors/0/count", 0.into()),
            ("/accessors/0/count", u64::MAX.into()),
            ("/accessors/0/byteOffset", 4.into()),
            ("/accessors/0/byteOffset", u64::MAX.into()),
            ("/accessors/0/componentType", 5123.into()),
            ("/accessors/1/componentType", 5125.into()),
            ("/bufferViews/1/byteOffset", 50.into()),
            ("/bufferViews/0/byteLength", u64::MAX.into()),
        ];
        for (place, value) in edits {
            let (mut json, bytes) = quad();
            let (parent, key) = place.rsplit_once('/').unwrap();
            json.pointer_mut(parent).unwrap()[key] = value.clone();
            let error = meshes(&json, bytes).unwrap_err().to_string();
            assert!(error.starts_with("accessor "), "{place} = {value}: {error}");
        }
    }

    #[test]
    fn an_index_without_a_vertex_is_an_error() {
        let (json, mut bytes) = quad();
        bytes[58] = 4;
        assert_eq!(meshes(&json, bytes).unwrap_err().to_string(), "index 4 of 4 vertices");
    }

    #[test]
    fn a_sparse_accessor_cannot_claim_more_than_it_may() {
        let sparse = |count: u64| {
            let (mut json, bytes) = quad();
            json["accessors"][0] = json!({
                "componentType": 5126, "count": count, "type": "VEC3", "min": [0, 0, 0], "max": [1, 1, 1],
                "sparse": {
                    "count": 2,
                    "indices": { "bufferView": 1, "componentType": 5123 },
                    "values": { "bufferView": 0 },
                },
            });
            meshes(&json, bytes)
        };
        assert_eq!(sparse(4).unwrap()[0].vertices, 4);
        assert!(sparse(1 << 40).is_err());
        assert!(sparse(1).is_err());
    }

    #[test]
    fn each_image_is_found_or_missed_on_its_own() {
        let (mut json, _) = quad();
        json["images"] = json!([
            { "uri": "wood%20grain.png" },
            { "bufferView": 1 },
            { "uri": "data:image/png;base64,AAEC" },
            { "uri": "https://example.org/wood.png" },
            { "name": "nowhere" },
        ]);
        let images = parse(&json).unwrap().images();
        assert_eq!(*images[0].as_ref().unwrap(), Source::File(Path::new("models").join("wood grain.png")));
        assert_eq!(*images[1].as_ref().unwrap(), Source::View { buffer: 0, start: 48, length: 12 });
        assert_eq!(*images[2].as_ref().unwrap(), Source::Inside(Arc::new(vec![0, 1, 2])));
        assert!(images[3].is_err() && images[4].is_err());
    }

    #[test]
    fn what_is_not_gltf_is_an_error() {
        let (mut json, _) = quad();
        json["extensionsRequired"] = json!(["KHR_draco_mesh_compression"]);
        assert!(parse(&json).is_err());
        for bytes in [&b""[..], b"{}", b"glTF", b"glTF\x02\0\0\0\xff\xff\xff\xff", b"\x89PNG"] {
            assert!(Document::parse(bytes, Path::new("models")).is_err(), "{bytes:?}");
        }
    }
}
