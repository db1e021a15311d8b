//! The samples' textures: each a formula from a place to a colour.

use std::f32::consts::TAU;

use image::{Rgba, RgbaImage};

/// From a place, both of its coordinates from 0 up to 1, to red, green, blue and alpha, each from 0 to 1.
pub type Pattern = fn(f32, f32) -> [f32; 4];

/// Files, the length of their sides in pixels, and what is in them. A JPEG has no alpha.
pub const ALL: [(&str, u32, Pattern); 14] = [
    ("brick wall.jpg", 1024, bricks),
    ("clouds.jpg", 1024, clouds),
    ("cobbles.png", 512, cobbles),
    ("dunes.jpg", 512, dunes),
    ("embers.png", 512, embers),
    ("julia.png", 1024, julia),
    ("lagoon.png", 512, lagoon),
    ("leaves.png", 512, leaves),
    ("marble.png", 1024, marble),
    ("meadow.jpg", 512, meadow),
    ("planks.png", 512, planks),
    ("ring.png", 256, ring),
    ("sunset.jpg", 512, sunset),
    ("weave.png", 256, weave),
];

/// Computes an image.
#[must_use]
pub fn draw(side: u32, pattern: Pattern) -> RgbaImage {
    RgbaImage::from_fn(side, side, |x, y| {
        let place = |at: u32| (at as f32 + 0.5) / side as f32;
        Rgba(pattern(place(x), place(y)).map(|channel| (channel.clamp(0.0, 1.0) * 255.0).round() as u8))
    })
}

fn opaque([r, g, b]: [f32; 3]) -> [f32; 4] {
    [r, g, b, 1.0]
}

fn mix(from: [f32; 3], to: [f32; 3], share: f32) -> [f32; 3] {
    let share = share.clamp(0.0, 1.0);
    [0, 1, 2].map(|i| from[i] + (to[i] - from[i]) * share)
}

fn scale(colour: [f32; 3], by: f32) -> [f32; 3] {
    colour.map(|channel| channel * by)
}

/// A number from 0 to 1 for a point of a lattice: the same for the same point, and no pattern to be seen.
fn chance(x: i32, y: i32) -> f32 {
    let mut hash = (x as u32).wrapping_mul(0x9e37_79b1) ^ (y as u32).wrapping_mul(0x85eb_ca77);
    hash = (hash ^ (hash >> 15)).wrapping_mul(0x2c1b_3c6d);
    hash = (hash ^ (hash >> 12)).wrapping_mul(0x297a_2d39);
    (hash ^ (hash >> 15)) as f32 / u32::MAX as f32
}

/// Chances, smoothly joined.
fn noise(x: f32, y: f32) -> f32 {
    let smooth = |t: f32| t * t * (3.0 - 2.0 * t);
    let (left, top) = (x.floor(), y.floor());
    let (u, v) = (smooth(x - left), smooth(y - top));
    let (i, j) = (left as i32, top as i32);
    let row = |j: i32| chance(i, j) + (chance(i + 1, j) - chance(i, j)) * u;
    row(j) + (row(j + 1) - row(j)) * v
}

/// Noise of five sizes, one upon the other: from 0 to nearly 1.
fn layers(x: f32, y: f32) -> f32 {
    (0..5).map(|layer| (1 << layer) as f32).map(|f| noise(x * f, y * f) / (2.0 * f)).sum()
}

fn bricks(x: f32, y: f32) -> [f32; 4] {
    let (row, wide) = ((y * 10.0).floor(), x * 5.0);
    let shifted = wide + 0.5 * (row % 2.0);
    let (u, v) = (shifted.fract(), (y * 10.0).fract());
    let mortar = u.min(1.0 - u) < 0.025 || v.min(1.0 - v) < 0.05;
    let grain = 0.75 + 0.5 * layers(x * 24.0, y * 24.0);
    let colour = if mortar {
        [0.72, 0.69, 0.65]
    } else {
        mix([0.62, 0.25, 0.18], [0.48, 0.17, 0.14], chance(shifted as i32, row as i32))
    };
    opaque(scale(colour, grain))
}

fn clouds(x: f32, y: f32) -> [f32; 4] {
    let cover = (layers(x * 5.0, y * 5.0) - 0.38) * 3.2;
    opaque(mix(mix([0.20, 0.42, 0.75], [0.55, 0.75, 0.95], y), [0.98, 0.98, 1.0], cover))
}

/// The nearest and the second nearest of a scatter of points, and the cell of the nearest.
fn cells(x: f32, y: f32) -> (f32, f32, (i32, i32)) {
    let (i, j) = (x.floor() as i32, y.floor() as i32);
    let mut found = (f32::MAX, f32::MAX, (0, 0));
    for cell in (-1..=1).flat_map(|dy| (-1..=1).map(move |dx| (i + dx, j + dy))) {
        let point = (cell.0 as f32 + chance(cell.0, cell.1), cell.1 as f32 + chance(cell.1 + 71, cell.0 - 13));
        let distance = (point.0 - x).hypot(point.1 - y);
        if distance < found.0 {
            found = (distance, found.0, cell);
        } else {
            found.1 = found.1.min(distance);
        }
    }
    found
}

fn cobbles(x: f32, y: f32) -> [f32; 4] {
    let (near, next, cell) = cells(x * 8.0, y * 8.0);
    let stone = mix([0.35, 0.36, 0.40], [0.62, 0.60, 0.56], chance(cell.0, cell.1));
    let round = ((next - near) * 4.0).min(1.0);
    opaque(mix([0.12, 0.12, 0.11], scale(stone, 0.8 + 0.4 * layers(x * 30.0, y * 30.0)), round))
}

fn dunes(x: f32, y: f32) -> [f32; 4] {
    let wave = (TAU * (y * 9.0 + 1.6 * layers(x * 3.0, y * 3.0))).sin() * 0.5 + 0.5;
    opaque(mix([0.66, 0.46, 0.26], [0.96, 0.82, 0.56], wave))
}

fn embers(x: f32, y: f32) -> [f32; 4] {
    let (near, next, _) = cells(x * 7.0 + 3.0, y * 7.0);
    let glow = (1.0 - (next - near) * 3.0).max(0.0) * layers(x * 6.0, y * 6.0) * 1.8;
    opaque([0.08 + glow * 1.5, 0.05 + glow * glow * 0.8, 0.05 + glow * glow * glow * 0.5])
}

fn julia(x: f32, y: f32) -> [f32; 4] {
    let (mut re, mut im) = ((x - 0.5) * 2.9, (y - 0.5) * 2.9);
    let mut steps = 0;
    while re * re + im * im < 16.0 && steps < 96 {
        (re, im) = (re * re - im * im - 0.8, 2.0 * re * im + 0.156);
        steps += 1;
    }
    let share = (steps as f32 / 96.0).sqrt();
    opaque([share * share * 1.1, share.powi(3) * 0.9 + 0.04, 0.16 + 0.8 * share * (1.0 - share * 0.4)])
}

fn lagoon(x: f32, y: f32) -> [f32; 4] {
    let (near, _, _) = cells(x * 6.0 + layers(x * 9.0, y * 9.0), y * 6.0);
    opaque(mix([0.03, 0.35, 0.47], [0.65, 0.98, 0.93], near * near * 1.3))
}

/// Leaves with nothing between them: most of it is transparent.
fn leaves(x: f32, y: f32) -> [f32; 4] {
    let (i, j) = ((x * 6.0).floor(), (y * 6.0).floor());
    let turn = TAU * chance(i as i32, j as i32);
    let (u, v) = (x * 6.0 - i - 0.5, y * 6.0 - j - 0.5);
    let (along, across) = (u * turn.cos() + v * turn.sin(), v * turn.cos() - u * turn.sin());
    let edge = 0.2 * (1.0 - (along / 0.46).powi(2)) - across.abs();
    let vein = if across.abs() < 0.012 { 0.75 } else { 1.0 };
    let [r, g, b] = scale(mix([0.16, 0.42, 0.12], [0.72, 0.62, 0.15], chance(j as i32, i as i32)), vein);
    [r, g, b, edge * 40.0]
}

fn marble(x: f32, y: f32) -> [f32; 4] {
    let vein = (TAU * (x * 2.0 + y + 2.4 * layers(x * 4.0, y * 4.0))).sin().abs().sqrt();
    opaque(mix([0.36, 0.38, 0.44], [0.95, 0.94, 0.92], vein))
}

fn meadow(x: f32, y: f32) -> [f32; 4] {
    let (near, _, cell) = cells(x * 14.0, y * 14.0);
    let grass = mix([0.13, 0.32, 0.08], [0.45, 0.62, 0.18], layers(x * 40.0, y * 12.0));
    let bloom = [[0.95, 0.85, 0.25], [0.93, 0.93, 0.96], [0.85, 0.30, 0.42]][(chance(cell.1, cell.0) * 2.99) as usize];
    opaque(if near < 0.14 { bloom } else { grass })
}

fn planks(x: f32, y: f32) -> [f32; 4] {
    let plank = (x * 4.0).floor();
    let offset = chance(plank as i32, 7) * 9.0;
    let grain = (TAU * (x * 26.0 + 2.0 * layers(x * 7.0, y * 1.6 + offset))).sin() * 0.5 + 0.5;
    let seam = (x * 4.0).fract().min(1.0 - (x * 4.0).fract());
    let wood = mix([0.45, 0.28, 0.14], [0.68, 0.47, 0.27], grain * 0.7 + 0.3 * chance(plank as i32, 1));
    opaque(if seam < 0.02 { [0.16, 0.10, 0.06] } else { wood })
}

fn ring(x: f32, y: f32) -> [f32; 4] {
    let (u, v) = (x - 0.5, y - 0.5);
    let edge = 0.12 - (u.hypot(v) - 0.33).abs();
    let hue = v.atan2(u);
    let wheel = [0.0, TAU / 3.0, 2.0 * TAU / 3.0].map(|shift| 0.5 + 0.5 * (hue + shift).cos());
    [wheel[0], wheel[1], wheel[2], edge * 60.0]
}

fn sunset(x: f32, y: f32) -> [f32; 4] {
    let sky = mix([0.16, 0.12, 0.36], [0.98, 0.55, 0.25], y * 1.5);
    let sun = 1.0 - ((x - 0.62).hypot(y - 0.52) - 0.09) * 40.0;
    let hills = 0.68 + 0.10 * layers(x * 4.0, 2.0) + 0.03 * (x * 9.0).sin();
    opaque(if y > hills { [0.09, 0.06, 0.14] } else { mix(sky, [1.0, 0.90, 0.62], sun) })
}

fn weave(x: f32, y: f32) -> [f32; 4] {
    let (i, j) = ((x * 16.0).floor(), (y * 16.0).floor());
    let over = (i + j) % 2.0 == 0.0;
    let across = if over { (y * 16.0).fract() } else { (x * 16.0).fract() };
    let round = 0.55 + 0.45 * (TAU * 0.5 * across).sin();
    opaque(scale(if over { [0.78, 0.70, 0.52] } else { [0.30, 0.38, 0.52] }, round))
}

/// What the sample globe wears.
#[must_use]
pub fn globe(x: f32, y: f32) -> [f32; 4] {
    let land = layers(x * 5.0, y * 4.0 + 9.0);
    let ice = (y - 0.5).abs() * 2.0 + 0.2 * land;
    let ground = if land > 0.5 {
        mix([0.25, 0.45, 0.16], [0.62, 0.54, 0.34], (land - 0.5) * 6.0)
    } else {
        mix([0.03, 0.13, 0.34], [0.12, 0.42, 0.62], land * 2.0)
    };
    opaque(if ice > 0.96 { [0.93, 0.96, 0.98] } else { ground })
}
