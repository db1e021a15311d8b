//! Finishing a texture on the main thread: its mip chain, made in steps that are short against a frame.

use std::sync::Arc;

use crate::texture::Texture;

/// The most source pixels that one step reads: even on a slow machine, around a tenth of a millisecond.
pub const STEP_PIXELS: usize = 16 * 1024;

/// What stays of a texture for the contact sheet is the first level below this, in pixels a side.
pub const KEPT_SIDE: u32 = 256;

/// A texture as the scene has it. The levels would be the graphics card's: what stays here is what can be shown of them.
#[derive(Debug, PartialEq, Eq)]
pub struct Uploaded {
    /// Of level 0, in pixels.
    pub width: u32,
    /// Of level 0, in pixels.
    pub height: u32,
    /// How many, level 0 and the one of a single pixel included.
    pub levels: usize,
    /// Over all levels.
    pub bytes: usize,
    /// Does it stand in for one that could not be loaded?
    pub placeholder: bool,
    /// The first level that is smaller than [`KEPT_SIDE`] each way.
    pub small: Arc<Texture>,
    /// The average colour: the last level.
    pub average: [u8; 4],
}

/// An upload that is under way.
#[derive(Debug)]
pub struct Upload {
    source: Arc<Texture>,
    /// The level that is read from.
    from: Arc<Texture>,
    /// The rows of the next level that are there.
    rows: Vec<u8>,
    levels: usize,
    bytes: usize,
    small: Option<Arc<Texture>>,
}

impl Upload {
    /// Nothing of it is done yet.
    #[must_use]
    pub fn new(source: Arc<Texture>) -> Self {
        let bytes = source.pixels().len();
        let small = fits(&source).then(|| Arc::clone(&source));
        Self { from: Arc::clone(&source), source, rows: Vec::new(), levels: 1, bytes, small }
    }

    /// Does the next piece: at most [`STEP_PIXELS`] pixels, or one row where that is more. The result, after the last.
    pub fn step(&mut self) -> Option<Uploaded> {
        let (width, height) = (self.from.width(), self.from.height());
        if (width, height) == (1, 1) {
            return Some(Uploaded {
                width: self.source.width(),
                height: self.source.height(),
                levels: self.levels,
                bytes: self.bytes,
                placeholder: self.source.is_placeholder(),
                small: self.small.take().unwrap_or_else(|| Arc::clone(&self.from)),
                average: self.from.pixel(0, 0),
            });
        }
        let (half_width, half_height) = ((width / 2).max(1), (height / 2).max(1));
        if self.rows.is_empty() {
            self.rows.reserve_exact(half_width as usize * half_height as usize * 4);
        }
        let done = (self.rows.len() / (half_width as usize * 4)) as u32;
        let band = (STEP_PIXELS / (width as usize * 2)).max(1) as u32;
        for y in done..half_height.min(done + band) {
            halve(&self.from, y, &mut self.rows);
        }
        if self.rows.len() == half_width as usize * half_height as usize * 4 {
            let level = Arc::new(Texture::new(half_width, half_height, std::mem::take(&mut self.rows)));
            self.levels += 1;
            self.bytes += level.pixels().len();
            if self.small.is_none() && fits(&level) {
                self.small = Some(Arc::clone(&level));
            }
            self.from = level;
        }
        None
    }

    /// All steps at once, for who has no frame to keep.
    #[must_use]
    pub fn finish(mut self) -> Uploaded {
        loop {
            if let Some(uploaded) = self.step() {
                return uploaded;
            }
        }
    }
}

fn fits(level: &Texture) -> bool {
    level.width().max(level.height()) < KEPT_SIDE
}

/// Appends row `y` of the next level. Where `from` has but one column or row, that one counts twice.
fn halve(from: &Texture, y: u32, rows: &mut Vec<u8>) {
    let length = from.width() as usize * 4;
    let row = |y: u32| from.pixels()[y.min(from.height() - 1) as usize * length..][..length].as_chunks().0;
    let (top, bottom) = (row(2 * y), row(2 * y + 1));
    if let ([top], [bottom]) = (top, bottom) {
        rows.extend_from_slice(&average([*top, *top, *bottom, *bottom]));
    }
    for ([a, b], [c, d]) in top.as_chunks().0.iter().zip(bottom.as_chunks().0) {
        rows.extend_from_slice(&average([*a, *b, *c, *d]));
    }
}

/// The average of four pixels. Colours count by their alpha, or the colour of what cannot be seen would bleed into the
/// edges of what can.
fn average(pixels: [[u8; 4]; 4]) -> [u8; 4] {
    // Two channels in one number, as four sums of 255 fit into 16 bits: red with blue, green with alpha.
    let [red_blue, green_alpha] = pixels
        .map(u32::from_le_bytes)
        .iter()
        .fold([0_u32; 2], |[rb, ga], pixel| [rb + (pixel & 0x00ff_00ff), ga + (pixel >> 8 & 0x00ff_00ff)]);
    let alpha = green_alpha >> 16;
    if alpha == 4 * 255 {
        // The usual case: the alpha cancels out.
        let quarter = |sums: u32| (sums + 0x0002_0002) >> 2 & 0x00ff_00ff;
        return (quarter(red_blue) | quarter(green_alpha) << 8).to_le_bytes();
    }
    let weighed = |channel: usize| {
        let sum: u32 = pixels.iter().map(|pixel| u32::from(pixel[channel]) * u32::from(pixel[3])).sum();
        (sum + alpha / 2).checked_div(alpha).unwrap_or(0) as u8
    };
    [weighed(0), weighed(1), weighed(2), ((alpha + 2) / 4) as u8]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texture(width: u32, height: u32, pixel: impl Fn(u32, u32) -> [u8; 4]) -> Arc<Texture> {
        let pixels = (0..height).flat_map(|y| (0..width).flat_map(move |x| [(x, y)])).flat_map(|(x, y)| pixel(x, y));
        Arc::new(Texture::new(width, height, pixels.collect()))
    }

    #[test]
    fn the_chain_ends_in_the_average_colour() {
        let halves = texture(8, 8, |x, _| if x < 4 { [200, 0, 100, 255] } else { [100, 0, 0, 255] });
        let uploaded = Upload::new(halves).finish();
        assert_eq!((uploaded.levels, uploaded.bytes), (4, (64 + 16 + 4 + 1) * 4));
        assert_eq!(uploaded.average, [150, 0, 50, 255]);
        assert_eq!(uploaded.small.width(), 8, "small enough as it is");
    }

    #[test]
    fn invisible_colours_do_not_bleed() {
        let dots = texture(2, 2, |x, y| if (x, y) == (0, 0) { [10, 20, 30, 255] } else { [255, 255, 255, 0] });
        assert_eq!(Upload::new(dots).finish().average, [10, 20, 30, 64]);
    }

    /// Opaque pixels are summed in another way than others; the results are those of one formula.
    #[test]
    fn opaque_pixels_are_averaged_as_any() {
        let mut seed = 1_u32;
        let mut random = || {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (seed >> 24) as u8
        };
        for alpha in [[255, 255, 255, 255], [255, 255, 255, 254], [0, 9, 0, 200]] {
            for _ in 0..1000 {
                let pixels = alpha.map(|alpha| [random(), random(), random(), alpha]);
                let sum: u32 = alpha.iter().map(|alpha| u32::from(*alpha)).sum();
                let mean = |channel: usize| {
                    let of = |pixel: &[u8; 4]| f64::from(pixel[channel]) * f64::from(pixel[3]) / f64::from(sum);
                    (pixels.iter().map(of).sum::<f64>() + 1e-9).round() as u8
                };
                let expected = [mean(0), mean(1), mean(2), (f64::from(sum) / 4.0).round() as u8];
                assert_eq!(average(pixels), expected, "{pixels:?}");
            }
        }
    }

    #[test]
    fn any_shape_has_a_chain() {
        for (width, height, levels) in [(1, 1, 1), (1, 9, 4), (300, 2, 9), (33, 33, 6)] {
            let uploaded = Upload::new(texture(width, height, |_, _| [7, 8, 9, 255])).finish();
            assert_eq!((uploaded.levels, uploaded.average), (levels, [7, 8, 9, 255]), "{width} × {height}");
            assert!(uploaded.small.width() < KEPT_SIDE);
        }
    }

    /// The bound on a step is what keeps a frame: 1024 × 1024 pixels and their levels are read in pieces.
    #[test]
    fn a_large_texture_takes_many_steps() {
        let mut upload = Upload::new(texture(1024, 1024, |_, _| [0, 0, 0, 255]));
        let mut steps = 1;
        while upload.step().is_none() {
            steps += 1;
        }
        assert!(steps >= 64, "{steps} steps");
    }
}
