//! Textures: decoding them, and the one that stands in for those which cannot be.

use std::fmt;
use std::io::Cursor;

use image::{ImageFormat, ImageReader, Limits};
use threadbare::{Error, Result};

/// The longest side that is decoded, in pixels.
pub const MAX_SIDE: u32 = 16_384;

/// The most memory that decoding one image may take, in bytes: 8192 × 8192 pixels of four bytes.
pub const MAX_DECODED: u64 = 256 << 20;

/// An image in memory, as a graphics card wants it: four bytes a pixel, red, green, blue and alpha, rows from the top.
#[derive(PartialEq, Eq)]
pub struct Texture {
    width: u32,
    height: u32,
    pixels: Vec<u8>,
    placeholder: bool,
}

impl Texture {
    /// Wraps pixels.
    ///
    /// # Panics
    ///
    /// If `pixels` is not four bytes for each of `width` × `height` pixels, or there are none.
    #[must_use]
    pub fn new(width: u32, height: u32, pixels: Vec<u8>) -> Self {
        assert!(width > 0 && height > 0, "a texture has pixels");
        assert_eq!(pixels.len(), width as usize * height as usize * 4, "four bytes a pixel");
        Self { width, height, pixels, placeholder: false }
    }

    /// Decodes a PNG or a JPEG of any depth and colour type. The contents decide which it is, not a file's name.
    ///
    /// # Errors
    ///
    /// Whatever is wrong with the file, and images beyond [`MAX_SIDE`] or [`MAX_DECODED`]: what a file claims to hold
    /// is checked before memory is taken for it.
    pub fn decode(bytes: &[u8]) -> Result<Self> {
        if bytes.is_empty() {
            return Err(Error::msg("the file is empty"));
        }
        let mut limits = Limits::default();
        limits.max_image_width = Some(MAX_SIDE);
        limits.max_image_height = Some(MAX_SIDE);
        limits.max_alloc = Some(MAX_DECODED);
        let mut reader = ImageReader::new(Cursor::new(bytes)).with_guessed_format()?;
        if !matches!(reader.format(), Some(ImageFormat::Png | ImageFormat::Jpeg)) {
            return Err(Error::msg("neither PNG nor JPEG"));
        }
        reader.limits(limits);
        let image = reader.decode()?.into_rgba8();
        let (width, height) = image.dimensions();
        if width == 0 || height == 0 {
            return Err(Error::msg("an image without pixels"));
        }
        Ok(Self::new(width, height, image.into_raw()))
    }

    /// What is shown where a texture is missing: magenta and black, which no artist chose.
    #[must_use]
    pub fn placeholder() -> Self {
        const SIDE: u32 = 64;
        const SQUARE: u32 = 16;
        let pixels = (0..SIDE * SIDE)
            .flat_map(|i| {
                let (x, y) = (i % SIDE, i / SIDE);
                if (x / SQUARE + y / SQUARE).is_multiple_of(2) { [255, 0, 255, 255] } else { [24, 24, 24, 255] }
            })
            .collect();
        Self { placeholder: true, ..Self::new(SIDE, SIDE, pixels) }
    }

    /// Is this what stands in for a texture that could not be loaded?
    #[must_use]
    pub fn is_placeholder(&self) -> bool {
        self.placeholder
    }

    /// In pixels; never 0.
    #[must_use]
    pub fn width(&self) -> u32 {
        self.width
    }

    /// In pixels; never 0.
    #[must_use]
    pub fn height(&self) -> u32 {
        self.height
    }

    /// Four bytes a pixel, rows from the top, no padding.
    #[must_use]
    pub fn pixels(&self) -> &[u8] {
        &self.pixels
    }

    /// The pixel in column `x` of row `y`.
    ///
    /// # Panics
    ///
    /// If it lies outside.
    #[must_use]
    pub fn pixel(&self, x: u32, y: u32) -> [u8; 4] {
        assert!(x < self.width && y < self.height, "({x}, {y}) lies outside of {} × {}", self.width, self.height);
        let at = (y as usize * self.width as usize + x as usize) * 4;
        [self.pixels[at], self.pixels[at + 1], self.pixels[at + 2], self.pixels[at + 3]]
    }
}

impl fmt::Debug for Texture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let note = if self.placeholder { ", placeholder" } else { "" };
        write!(f, "Texture({} × {}{note})", self.width, self.height)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::{DynamicImage, ImageBuffer, Luma, LumaA, Rgb, Rgba};

    fn encoded(image: impl Into<DynamicImage>, format: ImageFormat) -> Vec<u8> {
        let mut bytes = Cursor::new(Vec::new());
        image.into().write_to(&mut bytes, format).unwrap();
        bytes.into_inner()
    }

    #[test]
    fn every_colour_type_becomes_eight_bit_rgba() {
        let gray = ImageBuffer::from_pixel(2, 1, Luma([0x80_u8]));
        let gray16 = ImageBuffer::from_pixel(2, 1, Luma([0x8080_u16]));
        let gray_alpha = ImageBuffer::from_pixel(2, 1, LumaA([0x80_u8, 0x40]));
        let rgb16 = ImageBuffer::from_pixel(2, 1, Rgb([0xffff_u16, 0x8080, 0]));
        let rgba16 = ImageBuffer::from_pixel(2, 1, Rgba([0xffff_u16, 0, 0x8080, 0x4040]));
        for (image, expected) in [
            (DynamicImage::from(gray), [0x80, 0x80, 0x80, 255]),
            (gray16.into(), [0x80, 0x80, 0x80, 255]),
            (gray_alpha.into(), [0x80, 0x80, 0x80, 0x40]),
            (rgb16.into(), [255, 0x80, 0, 255]),
            (rgba16.into(), [255, 0, 0x80, 0x40]),
        ] {
            let kind = image.color();
            let texture = Texture::decode(&encoded(image, ImageFormat::Png)).unwrap();
            assert_eq!((texture.width(), texture.height()), (2, 1));
            assert_eq!(texture.pixel(1, 0), expected, "from {kind:?}");
        }
    }

    #[test]
    fn the_contents_decide_the_format() {
        let image = ImageBuffer::from_pixel(8, 8, Rgb([200_u8, 100, 50]));
        for format in [ImageFormat::Png, ImageFormat::Jpeg] {
            let [r, g, b, a] = Texture::decode(&encoded(image.clone(), format)).unwrap().pixel(4, 4);
            let off = [r.abs_diff(200), g.abs_diff(100), b.abs_diff(50), a.abs_diff(255)].into_iter().max();
            assert!(off <= Some(4), "{format:?} gives {r} {g} {b} {a}");
        }
    }

    #[test]
    fn truncated_foreign_and_empty_files_are_errors() {
        let whole = encoded(ImageBuffer::from_fn(64, 64, |x, y| Luma([(x * y) as u8])), ImageFormat::Png);
        assert!(Texture::decode(&whole).is_ok());
        assert!(Texture::decode(&whole[..whole.len() / 2]).is_err());
        assert!(Texture::decode(b"GIF89a, and then nothing").is_err());
        assert!(Texture::decode(b"").is_err());
    }

    /// Without limits the first would ask for 16 GiB, and an allocation that fails ends the process.
    #[test]
    fn a_file_that_claims_to_be_huge_is_an_error() {
        for (width, height) in [(65_535_u32, 65_535_u32), (MAX_SIDE, MAX_SIDE), (MAX_SIDE + 1, 1)] {
            let mut file = encoded(ImageBuffer::from_pixel(1, 1, Rgba([0_u8; 4])), ImageFormat::Png);
            file[16..20].copy_from_slice(&width.to_be_bytes());
            file[20..24].copy_from_slice(&height.to_be_bytes());
            let crc = crc32(&file[12..29]);
            file[29..33].copy_from_slice(&crc.to_be_bytes());
            let error = Texture::decode(&file).unwrap_err().to_string();
            assert!(error.contains("limit") || error.contains("Limit"), "{width} × {height}: {error}");
        }
    }

    /// The checksum of a PNG chunk, so that the header above is wrong in its size alone.
    fn crc32(bytes: &[u8]) -> u32 {
        !bytes.iter().fold(!0_u32, |crc, byte| {
            (0..8).fold(crc ^ u32::from(*byte), |crc, _| (crc >> 1) ^ (0xedb8_8320 * (crc & 1)))
        })
    }
}
