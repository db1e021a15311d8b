//! A picture as the sheet has it.

use crate::layout::CELL;

/// Shine through where a picture is transparent.
pub const CHECKS: [[u8; 3]; 2] = [[205, 205, 205], [160, 160, 160]];
/// The side of such a square, in pixels.
pub const CHECK: u32 = 8;
/// Stand for what could not be loaded.
const MISSING: [[u8; 3]; 2] = [[255, 0, 255], [0, 0, 0]];

/// A picture as the sheet has it: opaque, and no larger than a cell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Thumbnail {
    width: u32,
    height: u32,
    /// Red, green, blue and 255, row by row.
    pixels: Vec<u8>,
}

impl Thumbnail {
    /// Pixels from colours with alpha, over the checks.
    pub(crate) fn new(width: u32, height: u32, pixel: impl Fn(u32, u32) -> [u8; 4]) -> Self {
        let mut pixels = Vec::with_capacity(width as usize * height as usize * 4);
        for (x, y) in places(width, height) {
            let [r, g, b, a] = pixel(x, y);
            let below = CHECKS[square(x, y, CHECK)];
            let over = |above: u8, below: u8| {
                let mixed = u32::from(above) * u32::from(a) + u32::from(below) * (255 - u32::from(a));
                ((mixed + 127) / 255) as u8
            };
            pixels.extend([over(r, below[0]), over(g, below[1]), over(b, below[2]), 255]);
        }
        Self { width, height, pixels }
    }

    /// What stands in for a picture that could not be loaded: large squares, magenta and black.
    #[must_use]
    pub fn placeholder() -> Self {
        let pixels = places(CELL, CELL).flat_map(|(x, y)| {
            let [r, g, b] = MISSING[square(x, y, CELL / 4)];
            [r, g, b, 255]
        });
        Self { width: CELL, height: CELL, pixels: pixels.collect() }
    }

    /// In pixels.
    #[must_use]
    pub fn width(&self) -> u32 {
        self.width
    }

    /// In pixels.
    #[must_use]
    pub fn height(&self) -> u32 {
        self.height
    }

    /// Four bytes a pixel, row by row: red, green, blue, and 255.
    #[must_use]
    pub fn pixels(&self) -> &[u8] {
        &self.pixels
    }
}

fn places(width: u32, height: u32) -> impl Iterator<Item = (u32, u32)> {
    (0..height).flat_map(move |y| (0..width).map(move |x| (x, y)))
}

/// Which of the two colours of a chessboard.
fn square(x: u32, y: u32, side: u32) -> usize {
    ((x / side + y / side) % 2) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checks_shine_through() {
        let half = Thumbnail::new(9, 1, |_, _| [255, 0, 0, 128]);
        assert_eq!(half.pixels()[..4], [230, 102, 102, 255]);
        assert_eq!(half.pixels()[32..], [208, 80, 80, 255], "the next square");
        let solid = Thumbnail::new(1, 1, |_, _| [1, 2, 3, 255]);
        assert_eq!(solid.pixels(), [1, 2, 3, 255]);
    }

    #[test]
    fn the_placeholder_fills_its_cell() {
        let placeholder = Thumbnail::placeholder();
        assert_eq!((placeholder.width(), placeholder.height()), (CELL, CELL));
        assert_eq!(placeholder.pixels().len(), (CELL * CELL * 4) as usize);
        assert_eq!(placeholder.pixels()[..4], [255, 0, 255, 255]);
    }
}
