//! Assets to load where there are none: textures that are computed, models that use them, and two that are broken.

use std::fs;
use std::io::Cursor;
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use image::codecs::jpeg::JpegEncoder;
use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use image::{DynamicImage, ImageBuffer, Luma, Rgb, RgbaImage};
use serde_json::{Value, json};
use threadbare::Result;

use crate::patterns;

/// Writes the samples into `folder`, which is created where it is missing.
///
/// # Errors
///
/// Those of the file system.
pub fn generate(folder: &Path) -> Result<()> {
    let textures = folder.join("textures");
    let models = folder.join("models");
    fs::create_dir_all(&textures)?;
    fs::create_dir_all(&models)?;

    for (name, side, pattern) in patterns::ALL {
        let image = patterns::draw(side, pattern);
        let bytes = if name.ends_with(".jpg") { jpeg(image)? } else { png(image.into())? };
        fs::write(textures.join(name), bytes)?;
    }
    // 16 bits a channel, and gray alone: decoders meet more than eight-bit RGB.
    let deep = ImageBuffer::from_fn(256, 256, |x, y| Rgb([(x * 257) as u16, (y * 257) as u16, 32_768]));
    fs::write(textures.join("deep.png"), png(deep.into())?)?;
    let gray = ImageBuffer::from_fn(256, 256, |x, y| Luma([((x ^ y) & 255) as u8]));
    fs::write(textures.join("gray.png"), png(gray.into())?)?;

    let whole = fs::read(textures.join("marble.png"))?;
    fs::write(folder.join("truncated.png"), &whole[..whole.len() / 3])?;

    let cube = Geometry::cube();
    fs::write(models.join("crate.bin"), cube.bytes())?;
    let planks = ["../textures/planks.png", "../textures/brick%20wall.jpg"];
    fs::write(models.join("crate.gltf"), cube.json("crate", "crate.bin", &planks).to_string())?;
    // The same textures again, and one that isn't there: the model gets a placeholder for that one.
    let inline = format!("data:application/octet-stream;base64,{}", STANDARD.encode(cube.bytes()));
    let shared = ["../textures/planks.png", "../textures/lost.png"];
    fs::write(models.join("twin.gltf"), cube.json("twin", &inline, &shared).to_string())?;

    let globe = png(patterns::draw(256, patterns::globe).into())?;
    fs::write(models.join("globe.glb"), Geometry::sphere(48, 24).glb("globe", &globe))?;
    Ok(())
}

fn png(image: DynamicImage) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    image.write_with_encoder(PngEncoder::new_with_quality(&mut bytes, CompressionType::Fast, FilterType::Up))?;
    Ok(bytes)
}

fn jpeg(image: RgbaImage) -> Result<Vec<u8>> {
    let mut bytes = Cursor::new(Vec::new());
    DynamicImage::from(image).into_rgb8().write_with_encoder(JpegEncoder::new_with_quality(&mut bytes, 90))?;
    Ok(bytes.into_inner())
}

/// Positions and indices, as glTF wants them.
struct Geometry {
    positions: Vec<[f32; 3]>,
    indices: Vec<u16>,
}

impl Geometry {
    /// A cube with corners of its own for each side.
    fn cube() -> Self {
        let mut cube = Self { positions: Vec::new(), indices: Vec::new() };
        for axis in 0..3 {
            for side in [-1.0, 1.0] {
                let first = cube.positions.len() as u16;
                for (u, v) in [(-1.0, -1.0), (1.0, -1.0), (1.0, 1.0), (-1.0, 1.0)] {
                    let mut corner = [side; 3];
                    corner[(axis + 1) % 3] = u * side;
                    corner[(axis + 2) % 3] = v;
                    cube.positions.push(corner);
                }
                cube.indices.extend([0, 1, 2, 0, 2, 3].map(|corner| first + corner));
            }
        }
        cube
    }

    /// A sphere of radius 1: `around` × `down` quadrangles.
    fn sphere(around: u16, down: u16) -> Self {
        let mut sphere = Self { positions: Vec::new(), indices: Vec::new() };
        for row in 0..=down {
            let (sin, cos) = (std::f32::consts::PI * f32::from(row) / f32::from(down)).sin_cos();
            for column in 0..=around {
                let (x, z) = (std::f32::consts::TAU * f32::from(column) / f32::from(around)).sin_cos();
                sphere.positions.push([x * sin, cos, z * sin]);
                if row < down && column < around {
                    let (here, below) = (row * (around + 1) + column, (row + 1) * (around + 1) + column);
                    sphere.indices.extend([here, below, here + 1, here + 1, below, below + 1]);
                }
            }
        }
        sphere
    }

    fn bytes(&self) -> Vec<u8> {
        let positions = self.positions.iter().flatten().flat_map(|x| x.to_le_bytes());
        positions.chain(self.indices.iter().flat_map(|i| i.to_le_bytes())).collect()
    }

    /// A document with this as its one mesh, its bytes at `uri`, and images in files.
    fn json(&self, name: &str, uri: &str, images: &[&str]) -> Value {
        let extreme = |best: fn(f32, f32) -> f32| {
            let fold = |axis: usize| self.positions.iter().map(|p| p[axis]).reduce(best).unwrap_or(0.0);
            [fold(0), fold(1), fold(2)]
        };
        let (positions, indices) = (self.positions.len() * 12, self.indices.len() * 2);
        json!({
            "asset": { "version": "2.0", "generator": "asset-loader" },
            "scene": 0,
            "scenes": [{ "nodes": [0] }],
            "nodes": [{ "mesh": 0, "name": name }],
            "meshes": [{
                "name": name,
                "primitives": [{ "attributes": { "POSITION": 0 }, "indices": 1, "material": 0 }],
            }],
            "materials": [{ "pbrMetallicRoughness": { "baseColorTexture": { "index": 0 } } }],
            "textures": (0..images.len()).map(|index| json!({ "source": index })).collect::<Vec<_>>(),
            "images": images.iter().map(|uri| json!({ "uri": uri })).collect::<Vec<_>>(),
            "buffers": [{ "byteLength": positions + indices, "uri": uri }],
            "bufferViews": [
                { "buffer": 0, "byteLength": positions, "target": 34962 },
                { "buffer": 0, "byteOffset": positions, "byteLength": indices, "target": 34963 },
            ],
            "accessors": [
                {
                    "bufferView": 0, "componentType": 5126, "count": self.positions.len(), "type": "VEC3",
                    "min": extreme(f32::min), "max": extreme(f32::max),
                },
                { "bufferView": 1, "componentType": 5123, "count": self.indices.len(), "type": "SCALAR" },
            ],
        })
    }

    /// The same in one file, with one image in it.
    fn glb(&self, name: &str, image: &[u8]) -> Vec<u8> {
        let mut bytes = self.bytes();
        let start = bytes.len();
        bytes.extend(image);
        let mut json = self.json(name, "", &[""]);
        json["buffers"] = json!([{ "byteLength": bytes.len() }]);
        json["images"] = json!([{ "bufferView": 2, "mimeType": "image/png" }]);
        if let Some(views) = json["bufferViews"].as_array_mut() {
            views.push(json!({ "buffer": 0, "byteOffset": start, "byteLength": image.len() }));
        }
        let mut text = json.to_string().into_bytes();
        text.resize(text.len().next_multiple_of(4), b' ');
        bytes.resize(bytes.len().next_multiple_of(4), 0);

        let number = |length: usize| (length as u32).to_le_bytes();
        let mut glb = Vec::new();
        glb.extend(b"glTF");
        glb.extend(2_u32.to_le_bytes());
        glb.extend(number(12 + 8 + text.len() + 8 + bytes.len()));
        glb.extend(number(text.len()));
        glb.extend(b"JSON");
        glb.extend(text);
        glb.extend(number(bytes.len()));
        glb.extend(b"BIN\0");
        glb.extend(bytes);
        glb
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Document, Source};
    use crate::texture::Texture;
    use std::sync::Arc;

    #[test]
    fn the_samples_are_what_they_should_be() {
        let folder = tempfile::tempdir().unwrap();
        generate(folder.path()).unwrap();
        for entry in fs::read_dir(folder.path().join("textures")).unwrap() {
            let path = entry.unwrap().path();
            assert!(Texture::decode(&fs::read(&path).unwrap()).is_ok(), "{}", path.display());
        }
        assert!(Texture::decode(&fs::read(folder.path().join("truncated.png")).unwrap()).is_err());

        let models = folder.path().join("models");
        let document = Document::parse(&fs::read(models.join("globe.glb")).unwrap(), &models).unwrap();
        let buffers = match &document.buffers().unwrap()[..] {
            [Source::Inside(bytes)] => [Arc::clone(bytes)],
            other => panic!("{other:?}"),
        };
        let meshes = document.meshes(&buffers).unwrap();
        assert_eq!((meshes[0].vertices, meshes[0].triangles), (49 * 25, 48 * 24 * 2));
        let [Ok(Source::View { start, length, .. })] = document.images()[..] else {
            panic!("one image, in the buffer")
        };
        assert_eq!(Texture::decode(&buffers[0][start..start + length]).unwrap().width(), 256);
    }
}
