//! Files to load, for the tests.
#![expect(dead_code, reason = "each test uses some of it")]

use std::fs;
use std::io::Cursor;
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use image::{ImageFormat, RgbaImage};
use serde_json::{Value, json};
use tempfile::TempDir;

/// Two triangles over four vertices: four positions, six indices of two bytes.
pub(crate) const QUAD: [u8; 60] = {
    let mut bytes = [0; 60];
    // 1.0 in the places of x, y and both.
    let ones = [12, 24, 28, 40];
    let mut i = 0;
    while i < ones.len() {
        bytes[ones[i] + 2] = 0x80;
        bytes[ones[i] + 3] = 0x3f;
        i += 1;
    }
    let indices = [0, 1, 2, 0, 2, 3];
    let mut i = 0;
    while i < indices.len() {
        bytes[48 + 2 * i] = indices[i];
        i += 1;
    }
    bytes
};

/// Red and opaque blue, in turns.
pub(crate) fn checks(x: u32, y: u32) -> [u8; 4] {
    if (x + y).is_multiple_of(2) { [255, 0, 0, 255] } else { [0, 0, 255, 255] }
}

pub(crate) fn png(width: u32, height: u32, pixel: impl Fn(u32, u32) -> [u8; 4]) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    let image = RgbaImage::from_fn(width, height, |x, y| image::Rgba(pixel(x, y)));
    image.write_to(&mut bytes, ImageFormat::Png).unwrap();
    bytes.into_inner()
}

pub(crate) fn data_uri(bytes: &[u8]) -> String {
    format!("data:application/octet-stream;base64,{}", STANDARD.encode(bytes))
}

/// A folder that goes with the test.
pub(crate) struct Folder(TempDir);

impl Folder {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn write(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, bytes).unwrap();
        path
    }

    pub(crate) fn png(&self, name: &str, width: u32, height: u32, pixel: impl Fn(u32, u32) -> [u8; 4]) -> PathBuf {
        self.write(name, &png(width, height, pixel))
    }

    pub(crate) fn jpeg(&self, name: &str, side: u32, colour: [u8; 3]) -> PathBuf {
        let mut bytes = Cursor::new(Vec::new());
        let image = image::RgbImage::from_pixel(side, side, image::Rgb(colour));
        image.write_to(&mut bytes, ImageFormat::Jpeg).unwrap();
        self.write(name, &bytes.into_inner())
    }

    /// A model of one quadrangle: its buffer is at `buffer`, its images are at `images`.
    pub(crate) fn gltf(&self, name: &str, buffer: &str, images: &[&str]) -> PathBuf {
        let images: Vec<_> = images.iter().map(|uri| json!({ "uri": uri })).collect();
        let json = quad(json!({ "byteLength": 60, "uri": buffer }), json!(images));
        self.write(name, json.to_string().as_bytes())
    }

    /// The same in one file, with a PNG in its buffer.
    pub(crate) fn glb(&self, name: &str, png: &[u8]) -> PathBuf {
        let mut bytes = [&QUAD[..], png].concat();
        let image = json!([{ "bufferView": 2, "mimeType": "image/png" }]);
        let mut json = quad(json!({ "byteLength": bytes.len() }), image);
        let view = json!({ "buffer": 0, "byteOffset": 60, "byteLength": png.len() });
        json["bufferViews"].as_array_mut().unwrap().push(view);
        let mut text = json.to_string().into_bytes();
        text.resize(text.len().next_multiple_of(4), b' ');
        bytes.resize(bytes.len().next_multiple_of(4), 0);
        let number = |n: usize| (n as u32).to_le_bytes();
        let all = 12 + 8 + text.len() + 8 + bytes.len();
        let head = [b"glTF", &number(2)[..], &number(all), &number(text.len()), b"JSON"].concat();
        self.write(name, &[&head[..], &text, &number(bytes.len()), b"BIN\0", &bytes].concat())
    }
}

fn quad(buffer: Value, images: Value) -> Value {
    json!({
        "asset": { "version": "2.0" },
        "buffers": [buffer],
        "images": images,
        "bufferViews": [{ "buffer": 0, "byteLength": 48 }, { "buffer": 0, "byteOffset": 48, "byteLength": 12 }],
        "accessors": [
            { "bufferView": 0, "componentType": 5126, "count": 4, "type": "VEC3", "min": [0, 0, 0], "max": [1, 1, 0] },
            { "bufferView": 1, "componentType": 5123, "count": 6, "type": "SCALAR" },
        ],
        "meshes": [{ "primitives": [{ "attributes": { "POSITION": 0 }, "indices": 1 }] }],
    })
}
