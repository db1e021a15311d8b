//! Pictures to show where there are none: of all sizes, and some that go wrong, each in its own way.

use std::time::Duration;

use png::{BitDepth, ColorType, Compression, Encoder, EncodingError};

use crate::patterns::{self, Pattern};

/// One picture, and what becomes of whoever asks for it.
#[derive(Clone, Copy, Debug)]
pub struct Sample {
    /// Of the file.
    pub name: &'static str,
    /// Width and height, in pixels.
    pub size: (u32, u32),
    /// What is in it.
    pub pattern: Pattern,
    /// How it is written.
    pub form: Form,
    /// What becomes of a request for it.
    pub fate: Fate,
}

/// How a picture's pixels are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Red, green, blue, alpha.
    Rgba,
    /// Red, green, blue.
    Rgb,
    /// Red alone, as gray.
    Gray,
    /// Red, green, blue, 16 bits each.
    Deep,
}

/// What becomes of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It is answered, after so many milliseconds.
    Sent(u64),
    /// There is no such file.
    Missing,
    /// The file is not all there.
    Truncated,
    /// The connection is cut in the middle of the answer.
    Cut,
    /// There is never an answer.
    Stalled,
}

impl Fate {
    /// How long an answer takes.
    #[must_use]
    pub fn delay(self) -> Duration {
        match self {
            Self::Sent(millis) => Duration::from_millis(millis),
            _ => Duration::ZERO,
        }
    }
}

/// The samples, in the sheet's order: not the order in which they arrive.
pub const ALL: [Sample; 22] = [
    sample("tide.png", (4096, 4096), patterns::tide, Form::Rgb, Fate::Sent(0)),
    sample("rings.png", (2048, 2048), patterns::rings, Form::Rgb, Fate::Sent(250)),
    sample("tiles.png", (512, 512), patterns::tiles, Form::Rgb, Fate::Sent(400)),
    sample("lost.png", (64, 64), patterns::blend, Form::Rgb, Fate::Missing),
    sample("dawn.png", (1920, 1080), patterns::dawn, Form::Rgb, Fate::Sent(100)),
    sample("fern.png", (1024, 1024), patterns::fern, Form::Rgb, Fate::Sent(300)),
    sample("flower.png", (1024, 1024), patterns::flower, Form::Rgba, Fate::Sent(0)),
    sample("cut.png", (256, 256), patterns::rings, Form::Rgb, Fate::Cut),
    sample("fan.png", (800, 600), patterns::fan, Form::Rgba, Fate::Sent(200)),
    sample("stairs.png", (900, 500), patterns::stairs, Form::Gray, Fate::Sent(50)),
    sample("net.png", (1000, 1000), patterns::net, Form::Gray, Fate::Sent(0)),
    sample("blend.png", (256, 256), patterns::blend, Form::Deep, Fate::Sent(150)),
    sample("stalled.png", (64, 64), patterns::tiles, Form::Rgb, Fate::Stalled),
    sample("tower.png", (200, 3000), patterns::fern, Form::Rgb, Fate::Sent(0)),
    sample("street.png", (8192, 300), patterns::dawn, Form::Rgb, Fate::Sent(350)),
    sample("half.png", (512, 512), patterns::flower, Form::Rgba, Fate::Truncated),
    sample("stamp.png", (100, 70), patterns::rings, Form::Rgb, Fate::Sent(0)),
    sample("button.png", (32, 32), patterns::flower, Form::Rgba, Fate::Sent(500)),
    sample("line.png", (300, 1), patterns::tiles, Form::Rgb, Fate::Sent(0)),
    sample("dot.png", (1, 1), patterns::blend, Form::Rgb, Fate::Sent(0)),
    sample("delta.png", (3000, 2000), patterns::tide, Form::Rgba, Fate::Sent(0)),
    sample("mosaic.png", (2500, 2500), patterns::tiles, Form::Rgb, Fate::Sent(450)),
];

const fn sample(name: &'static str, size: (u32, u32), pattern: Pattern, form: Form, fate: Fate) -> Sample {
    Sample { name, size, pattern, form, fate }
}

impl Sample {
    /// The file. Spoiled, its colours are not what they should be.
    ///
    /// # Errors
    ///
    /// None that would be known, but the encoder could have some.
    pub fn file(&self, spoiled: bool) -> Result<Vec<u8>, EncodingError> {
        let (width, height) = self.size;
        let mut data = Vec::new();
        for (x, y) in (0..height).flat_map(|y| (0..width).map(move |x| (x, y))) {
            let [mut r, g, mut b, a] = patterns::pixel(self.pattern, self.size, x, y);
            if spoiled {
                (r, b) = (255 - b, 255 - r);
            }
            match self.form {
                Form::Rgba => data.extend([r, g, b, a]),
                Form::Rgb => data.extend([r, g, b]),
                Form::Gray => data.push(r),
                Form::Deep => data.extend([r, r, g, g, b, b]),
            }
        }
        let mut file = Vec::new();
        let mut encoder = Encoder::new(&mut file, width, height);
        encoder.set_compression(Compression::Fast);
        encoder.set_color(match self.form {
            Form::Rgba => ColorType::Rgba,
            Form::Rgb | Form::Deep => ColorType::Rgb,
            Form::Gray => ColorType::Grayscale,
        });
        encoder.set_depth(if self.form == Form::Deep { BitDepth::Sixteen } else { BitDepth::Eight });
        encoder.write_header()?.write_image_data(&data)?;
        if self.fate == Fate::Truncated {
            file.truncate(file.len() / 2);
        }
        Ok(file)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use png::Decoder;
    use std::io::Cursor;

    #[test]
    fn a_file_holds_what_its_formula_says() {
        for sample in ALL.iter().filter(|sample| sample.size.0 * sample.size.1 < 100_000) {
            let file = sample.file(false).unwrap();
            let mut reader = Decoder::new(Cursor::new(&file)).read_info().unwrap();
            assert_eq!(reader.info().size(), sample.size, "{}", sample.name);
            let mut data = vec![0; reader.output_buffer_size().unwrap()];
            reader.next_frame(&mut data).unwrap();
            let [r, ..] = patterns::pixel(sample.pattern, sample.size, 0, 0);
            assert_eq!(data[0], r, "{}", sample.name);
            assert_ne!(file, sample.file(true).unwrap(), "{} can be spoiled", sample.name);
        }
    }

    #[test]
    fn names_are_told_apart() {
        let names: std::collections::BTreeSet<_> = ALL.iter().map(|sample| sample.name).collect();
        assert_eq!(names.len(), ALL.len());
    }
}
