//! PNG, decoded in steps that are short against a frame.

use std::fmt;
use std::io::Cursor;

use png::{ColorType, Decoder, DecodingError, Reader, Transformations};

use crate::shrink::Shrink;
use crate::thumbnail::Thumbnail;

/// No side of a picture may be longer, in pixels: a row is the least that a step can do.
pub const MAX_SIDE: u32 = 16_384;

/// A picture on its way from a file's bytes to a thumbnail. The pixels themselves are never all there.
pub struct Decoding {
    reader: Reader<Cursor<Vec<u8>>>,
    rows: Box<dyn Iterator<Item = Row> + Send>,
    shrink: Shrink,
}

/// Why a file is no picture.
#[derive(Debug)]
pub enum Trouble {
    /// What is wrong with it as a PNG.
    Png(DecodingError),
    /// Its width and height, in pixels.
    TooLarge(u32, u32),
}

/// A row of the file: where its pixels go.
struct Row {
    y: u32,
    x: u32,
    step: u32,
}

/// Some rows of the file, all alike: a pixel in so many, from there on. `x`, `y`, `x` step, `y` step.
type Pass = (u32, u32, u32, usize);
const STRAIGHT: &[Pass] = &[(0, 0, 1, 1)];
/// The PNG specification's interlacing.
const ADAM7: &[Pass] =
    &[(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)];

impl Decoding {
    /// Reads the file's header.
    ///
    /// # Errors
    ///
    /// If it is not a PNG, or too large.
    pub fn new(bytes: Vec<u8>) -> Result<Self, Trouble> {
        let mut decoder = Decoder::new(Cursor::new(bytes));
        decoder.set_transformations(Transformations::normalize_to_color8() | Transformations::ALPHA);
        decoder.set_ignore_text_chunk(true);
        let reader = decoder.read_info()?;
        let (width, height) = reader.info().size();
        if width.max(height) > MAX_SIDE {
            return Err(Trouble::TooLarge(width, height));
        }
        let passes = if reader.info().interlaced { ADAM7 } else { STRAIGHT };
        let rows = passes
            .iter()
            .filter(move |(x, ..)| *x < width)
            .flat_map(move |&(x, y, step, down)| (y..height).step_by(down).map(move |y| Row { y, x, step }));
        Ok(Self { reader, rows: Box::new(rows), shrink: Shrink::new(width, height) })
    }

    /// Decodes rows until that many pixels are done, at least one row. The thumbnail, after the last.
    ///
    /// # Errors
    ///
    /// If the file is broken there.
    pub fn step(&mut self, pixels: usize) -> Result<Option<Thumbnail>, Trouble> {
        let mut done = 0;
        loop {
            let Some(Row { y, x, step }) = self.rows.next() else {
                return Ok(Some(self.shrink.finish()));
            };
            let (colour, _) = self.reader.output_color_type();
            let Some(row) = self.reader.next_row()? else {
                return Ok(Some(self.shrink.finish()));
            };
            done += match colour {
                ColorType::GrayscaleAlpha => {
                    let pixels = row.data().as_chunks().0;
                    self.shrink.take(y, x, step, pixels.iter().map(|&[gray, alpha]| [gray, gray, gray, alpha]));
                    pixels.len()
                }
                _ => {
                    let pixels = row.data().as_chunks().0;
                    self.shrink.take(y, x, step, pixels.iter().copied());
                    pixels.len()
                }
            };
            if done >= pixels {
                return Ok(None);
            }
        }
    }
}

impl fmt::Debug for Decoding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Decoding").field("size", &self.reader.info().size()).finish_non_exhaustive()
    }
}

impl From<DecodingError> for Trouble {
    fn from(error: DecodingError) -> Self {
        Self::Png(error)
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Png(error) => write!(f, "not a whole PNG: {error}"),
            Self::TooLarge(width, height) => write!(f, "{width} × {height} pixels are too many"),
        }
    }
}

impl std::error::Error for Trouble {}

#[cfg(test)]
mod tests {
    use super::*;
    use png::{BitDepth, Encoder};

    fn png(width: u32, height: u32, colour: ColorType, data: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut encoder = Encoder::new(&mut bytes, width, height);
        encoder.set_color(colour);
        encoder.set_depth(BitDepth::Eight);
        encoder.write_header().unwrap().write_image_data(data).unwrap();
        bytes
    }

    /// The thumbnail, and how many steps it took.
    fn decode(bytes: Vec<u8>, pixels: usize) -> Result<(Thumbnail, usize), Trouble> {
        let mut decoding = Decoding::new(bytes)?;
        let mut steps = 1;
        loop {
            if let Some(thumbnail) = decoding.step(pixels)? {
                return Ok((thumbnail, steps));
            }
            steps += 1;
        }
    }

    /// The bound on a step is what keeps a frame.
    #[test]
    fn a_large_picture_takes_many_steps() {
        let data: Vec<u8> = (0..512 * 512 * 3).map(|at| (at / 977) as u8).collect();
        let bytes = png(512, 512, ColorType::Rgb, &data);
        let (thumbnail, steps) = decode(bytes.clone(), 4096).unwrap();
        assert_eq!((thumbnail.width(), thumbnail.height(), steps), (128, 128, 65), "eight rows a step");
        assert_eq!(decode(bytes.clone(), 1).unwrap(), (thumbnail.clone(), 513), "a row is the least");
        assert_eq!(decode(bytes, usize::MAX).unwrap(), (thumbnail, 1));
    }

    #[test]
    fn every_colour_type_becomes_colours_with_alpha() {
        let cases: [(ColorType, &[u8], [u8; 4]); 4] = [
            (ColorType::Rgb, &[1, 2, 3], [1, 2, 3, 255]),
            (ColorType::Rgba, &[1, 2, 3, 255], [1, 2, 3, 255]),
            (ColorType::Grayscale, &[9], [9, 9, 9, 255]),
            (ColorType::GrayscaleAlpha, &[9, 255], [9, 9, 9, 255]),
        ];
        for (colour, data, pixel) in cases {
            let (thumbnail, _) = decode(png(1, 1, colour, data), 1).unwrap();
            assert_eq!(thumbnail.pixels(), pixel, "{colour:?}");
        }
    }

    /// 11 × 9 pixels, gray, (20 x + 3 y) mod 256, in seven passes.
    const INTERLACED: &[u8] = &[
        0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 0x0d, 0x49, 0x48, 0x44, 0x52, 0, 0, 0, 0x0b, 0, 0, 0,
        9, 8, 0, 0, 0, 1, 0xb6, 8, 0xb9, 0x67, 0, 0, 0, 0x81, 0x49, 0x44, 0x41, 0x54, 0x78, 0xda, 1, 0x76, 0, 0x89,
        0xff, 0, 0, 0xa0, 0, 0x18, 0xb8, 0, 0x50, 0, 0x68, 0, 0x0c, 0x5c, 0xac, 0, 0x28, 0x78, 0xc8, 0, 0x34, 0x84,
        0xd4, 0, 0x40, 0x90, 0xe0, 0, 6, 0x2e, 0x56, 0x7e, 0xa6, 0xce, 0, 0x12, 0x3a, 0x62, 0x8a, 0xb2, 0xda, 0, 0x14,
        0x3c, 0x64, 0x8c, 0xb4, 0, 0x1a, 0x42, 0x6a, 0x92, 0xba, 0, 0x20, 0x48, 0x70, 0x98, 0xc0, 0, 0x26, 0x4e, 0x76,
        0x9e, 0xc6, 0, 0x2c, 0x54, 0x7c, 0xa4, 0xcc, 0, 3, 0x17, 0x2b, 0x3f, 0x53, 0x67, 0x7b, 0x8f, 0xa3, 0xb7, 0xcb,
        0, 9, 0x1d, 0x31, 0x45, 0x59, 0x6d, 0x81, 0x95, 0xa9, 0xbd, 0xd1, 0, 0x0f, 0x23, 0x37, 0x4b, 0x5f, 0x73, 0x87,
        0x9b, 0xaf, 0xc3, 0xd7, 0, 0x15, 0x29, 0x3d, 0x51, 0x65, 0x79, 0x8d, 0xa1, 0xb5, 0xc9, 0xdd, 0x1f, 0xf9, 0x2b,
        0x51, 0x24, 0xa2, 0xe5, 0xd4, 0, 0, 0, 0, 0x49, 0x45, 0x4e, 0x44, 0xae, 0x42, 0x60, 0x82,
    ];

    #[test]
    fn interlaced_pictures_come_out_straight() {
        let (thumbnail, steps) = decode(INTERLACED.to_vec(), 1).unwrap();
        assert_eq!((thumbnail.width(), thumbnail.height()), (11, 9));
        assert!(steps > 9, "{steps} steps");
        for (at, pixel) in thumbnail.pixels().as_chunks::<4>().0.iter().enumerate() {
            let (x, y) = (at % 11, at / 11);
            let gray = (20 * x + 3 * y) as u8;
            assert_eq!(*pixel, [gray, gray, gray, 255], "{x}, {y}");
        }
    }

    #[test]
    fn what_is_broken_says_so() {
        let trouble = |bytes: &[u8]| decode(bytes.to_vec(), 64).map(|_| ()).unwrap_err().to_string();
        assert!(trouble(b"not a picture").contains("not a whole PNG"));
        let whole = png(64, 64, ColorType::Grayscale, &(0..64 * 64).map(|at| (at * at) as u8).collect::<Vec<_>>());
        for length in [0, 20, whole.len() / 2] {
            assert!(trouble(&whole[..length]).contains("not a whole PNG"), "{length} bytes");
        }
        let wide = png(MAX_SIDE + 1, 1, ColorType::Grayscale, &vec![0; MAX_SIDE as usize + 1]);
        assert_eq!(trouble(&wide), "16385 × 1 pixels are too many");
    }
}
