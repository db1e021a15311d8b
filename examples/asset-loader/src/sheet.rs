//! The contact sheet: a picture with a tile for every texture.

use image::imageops::{self, FilterType};
use image::{Rgba, RgbaImage};

use crate::texture::Texture;

/// No side of the sheet is longer, in pixels.
const MAX_SIDE: u32 = 8192;
/// What the tiles' sides are chosen from, in pixels: the first that leaves room for all.
const TILES: [u32; 5] = [128, 96, 64, 32, 16];
const BACKGROUND: Rgba<u8> = Rgba([30, 32, 36, 255]);
const FRAME: Rgba<u8> = Rgba([46, 49, 55, 255]);
/// Shines through where a texture is transparent.
const CHECKS: [Rgba<u8>; 2] = [Rgba([205, 205, 205, 255]), Rgba([160, 160, 160, 255])];
const CHECK: u32 = 8;

/// How tiles are laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Layout {
    columns: u32,
    rows: u32,
    tile: u32,
    gap: u32,
}

impl Layout {
    /// For `count` tiles: somewhat wider than high.
    fn of(count: u32) -> Option<Self> {
        TILES.into_iter().find_map(|tile| {
            // As many rows as that shape takes, and then no more columns than fill those.
            let rows = count.div_ceil((f64::from(count) * 1.6).sqrt().ceil() as u32);
            let layout = Self { columns: count.div_ceil(rows), rows, tile, gap: tile / 8 };
            (layout.width().max(layout.height()) <= MAX_SIDE).then_some(layout)
        })
    }

    fn width(self) -> u32 {
        self.columns * (self.tile + self.gap) + self.gap
    }

    fn height(self) -> u32 {
        self.rows * (self.tile + self.gap) + self.gap
    }

    fn corner(self, index: u32) -> (u32, u32) {
        let step = self.tile + self.gap;
        (self.gap + index % self.columns * step, self.gap + index / self.columns * step)
    }
}

/// Draws a tile for each texture, in order, and says how many found room: all of them, unless there are a hundred
/// thousand. `None` without textures.
#[must_use]
pub fn draw(textures: &[&Texture]) -> Option<(RgbaImage, usize)> {
    if textures.is_empty() {
        return None;
    }
    let mut count = u32::try_from(textures.len()).unwrap_or(u32::MAX).min(1 << 20);
    let layout = loop {
        match Layout::of(count) {
            Some(layout) => break layout,
            None => count -= count / 8,
        }
    };
    let mut sheet = RgbaImage::from_pixel(layout.width(), layout.height(), BACKGROUND);
    for (texture, index) in textures.iter().zip(0..count) {
        let (x, y) = layout.corner(index);
        tile(&mut sheet, texture, x, y, layout.tile);
    }
    Some((sheet, count as usize))
}

/// Draws one texture into the square of `side` pixels at (`x`, `y`): in the middle, its shape kept.
fn tile(sheet: &mut RgbaImage, texture: &Texture, x: u32, y: u32, side: u32) {
    for (dx, dy) in pixels(side, side) {
        sheet.put_pixel(x + dx, y + dy, FRAME);
    }
    let thumbnail = thumbnail(texture, side);
    let (left, top) = (x + (side - thumbnail.width()) / 2, y + (side - thumbnail.height()) / 2);
    for (dx, dy) in pixels(thumbnail.width(), thumbnail.height()) {
        let below = CHECKS[((dx / CHECK + dy / CHECK) % 2) as usize];
        sheet.put_pixel(left + dx, top + dy, over(*thumbnail.get_pixel(dx, dy), below));
    }
}

fn pixels(width: u32, height: u32) -> impl Iterator<Item = (u32, u32)> {
    (0..height).flat_map(move |y| (0..width).map(move |x| (x, y)))
}

/// The texture as large as a square of `side` pixels allows. A small one grows by whole steps, so that its pixels stay
/// squares of one size.
fn thumbnail(texture: &Texture, side: u32) -> RgbaImage {
    let image = RgbaImage::from_fn(texture.width(), texture.height(), |x, y| Rgba(texture.pixel(x, y)));
    let longest = texture.width().max(texture.height());
    let scaled = |of: u32| (u64::from(of) * u64::from(side)).div_ceil(u64::from(longest)).max(1) as u32;
    match side / longest {
        0 => imageops::resize(&image, scaled(texture.width()), scaled(texture.height()), FilterType::Triangle),
        1 => image,
        steps => imageops::resize(&image, texture.width() * steps, texture.height() * steps, FilterType::Nearest),
    }
}

fn over(Rgba([r, g, b, a]): Rgba<u8>, Rgba(below): Rgba<u8>) -> Rgba<u8> {
    let a = u32::from(a);
    let mix = |above: u8, below: u8| ((u32::from(above) * a + u32::from(below) * (255 - a) + 127) / 255) as u8;
    Rgba([mix(r, below[0]), mix(g, below[1]), mix(b, below[2]), 255])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(width: u32, height: u32, pixel: [u8; 4]) -> Texture {
        Texture::new(width, height, pixel.repeat((width * height) as usize))
    }

    #[test]
    fn each_texture_has_its_tile_in_order() {
        let colours: Vec<[u8; 4]> = (0..7).map(|i| [30 * i, 200, 250 - 30 * i, 255]).collect();
        let textures: Vec<_> = colours.iter().map(|colour| plain(200, 200, *colour)).collect();
        let (sheet, shown) = draw(&textures.iter().collect::<Vec<_>>()).unwrap();
        let layout = Layout::of(7).unwrap();
        assert_eq!((shown, layout.tile, sheet.width()), (7, 128, layout.width()));
        for (index, colour) in (0..).zip(colours) {
            let (x, y) = layout.corner(index);
            assert_eq!(*sheet.get_pixel(x + 64, y + 64), Rgba(colour), "tile {index}");
            assert_eq!(*sheet.get_pixel(x - 1, y - 1), BACKGROUND);
        }
    }

    #[test]
    fn shapes_are_kept_and_small_ones_grow() {
        assert_eq!(thumbnail(&plain(200, 100, [9; 4]), 128).dimensions(), (128, 64));
        assert_eq!(thumbnail(&plain(255, 1, [9; 4]), 128).dimensions(), (128, 1));
        assert_eq!(thumbnail(&plain(32, 8, [9; 4]), 128).dimensions(), (128, 32));
        assert_eq!(thumbnail(&plain(30, 30, [9; 4]), 128).dimensions(), (120, 120));
        assert_eq!(thumbnail(&plain(100, 90, [9; 4]), 128).dimensions(), (100, 90));
    }

    #[test]
    fn checks_shine_through() {
        let (sheet, _) = draw(&[&plain(128, 128, [255, 0, 0, 0])]).unwrap();
        let (x, y) = Layout::of(1).unwrap().corner(0);
        assert_eq!(*sheet.get_pixel(x, y), CHECKS[0]);
        assert_eq!(*sheet.get_pixel(x + CHECK, y), CHECKS[1]);
        assert_eq!(over(Rgba([255, 0, 0, 128]), Rgba([0, 0, 255, 255])), Rgba([128, 0, 127, 255]));
    }

    #[test]
    fn any_number_fits() {
        assert!(draw(&[]).is_none());
        for count in [1, 2, 3, 10, 1000, 10_000, 100_000] {
            let layout = Layout::of(count).unwrap();
            assert!(layout.columns * layout.rows >= count && layout.width() <= MAX_SIDE && layout.height() <= MAX_SIDE);
        }
    }
}
