//! A picture that becomes smaller as its rows come in.

use crate::layout::CELL;
use crate::thumbnail::Thumbnail;

/// The averages of squares of pixels, so that the longer side fits a cell. It takes pixels in any order and keeps none.
#[derive(Debug)]
pub(crate) struct Shrink {
    width: u32,
    height: u32,
    /// The side of a square.
    square: u32,
    /// Of each square: red, green and blue, each weighed by alpha, and alpha.
    sums: Vec<[u64; 4]>,
}

impl Shrink {
    pub(crate) fn new(width: u32, height: u32) -> Self {
        let square = width.max(height).div_ceil(CELL).max(1);
        let squares = width.div_ceil(square) as usize * height.div_ceil(square) as usize;
        Self { width, height, square, sums: vec![[0; 4]; squares] }
    }

    /// Takes pixels of row `y`: the first is at `x`, each of the others `step` further to the right.
    pub(crate) fn take(&mut self, y: u32, x: u32, step: u32, pixels: impl Iterator<Item = [u8; 4]>) {
        let columns = self.width.div_ceil(self.square) as usize;
        let row = &mut self.sums[(y / self.square) as usize * columns..][..columns];
        let mut x = x;
        let mut column = x / self.square;
        for [r, g, b, a] in pixels {
            while x >= (column + 1) * self.square {
                column += 1;
            }
            let sums = &mut row[column as usize];
            let alpha = u32::from(a);
            for (sum, channel) in sums.iter_mut().zip([r, g, b]) {
                *sum += u64::from(u32::from(channel) * alpha);
            }
            sums[3] += u64::from(a);
            x += step;
        }
    }

    /// The picture, once all of it is there.
    pub(crate) fn finish(&self) -> Thumbnail {
        let (columns, rows) = (self.width.div_ceil(self.square), self.height.div_ceil(self.square));
        Thumbnail::new(columns, rows, |x, y| {
            let side = |at: u32, whole: u32| u64::from((whole - at * self.square).min(self.square));
            let count = side(x, self.width) * side(y, self.height);
            let [r, g, b, alpha] = self.sums[(y * columns + x) as usize];
            let weighed = |sum: u64| (sum + alpha / 2).checked_div(alpha).unwrap_or(0) as u8;
            [weighed(r), weighed(g), weighed(b), ((alpha + count / 2) / count) as u8]
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn squares_are_averaged_those_at_the_edge_too() {
        // 300 pixels make 100 columns of 3, and 2 rows make one row of squares that is not full.
        let mut shrink = Shrink::new(300, 2);
        for y in 0..2 {
            shrink.take(y, 0, 1, (0..300_u32).map(|x| [(x % 3 * 30) as u8, 200, (y * 10) as u8, 255]));
        }
        let small = shrink.finish();
        assert_eq!((small.width(), small.height()), (100, 1));
        assert!(small.pixels().chunks(4).all(|pixel| pixel == [30, 200, 5, 255]), "{:?}", small.pixels());
    }

    #[test]
    fn small_pictures_stay_as_they_are() {
        let mut shrink = Shrink::new(2, 1);
        shrink.take(0, 0, 1, [[1, 2, 3, 255], [4, 5, 6, 255]].into_iter());
        assert_eq!(shrink.finish().pixels(), [1, 2, 3, 255, 4, 5, 6, 255]);
    }

    /// The colour of what cannot be seen does not bleed into what can.
    #[test]
    fn colours_count_by_their_alpha() {
        let mut shrink = Shrink::new(256, 1);
        shrink.take(0, 0, 1, (0..256).map(|x| if x % 2 == 0 { [10, 20, 30, 255] } else { [255, 255, 255, 0] }));
        // Half of it is there: half of the check below shines through.
        assert_eq!(shrink.finish().pixels()[..4], [107, 112, 117, 255]);
    }

    #[test]
    fn pixels_may_come_in_any_order() {
        let pixel = |x: u32, y: u32| [x as u8, y as u8, 7, 255];
        let (mut straight, mut mixed) = (Shrink::new(200, 200), Shrink::new(200, 200));
        for y in 0..200 {
            straight.take(y, 0, 1, (0..200).map(|x| pixel(x, y)));
            for first in [3, 0, 2, 1] {
                mixed.take(199 - y, first, 4, (first..200).step_by(4).map(|x| pixel(x, 199 - y)));
            }
        }
        assert_eq!(straight.finish(), mixed.finish());
    }
}
