//! The samples' pictures: each a formula from a place to a colour.

use std::f32::consts::{PI, TAU};

/// From a place, both of its coordinates from 0 up to 1, to red, green, blue and alpha, each from 0 to 1.
pub type Pattern = fn(f32, f32) -> [f32; 4];

/// The colour of one pixel of a picture of that size.
#[must_use]
pub fn pixel(pattern: Pattern, (width, height): (u32, u32), x: u32, y: u32) -> [u8; 4] {
    let place = |at: u32, side: u32| (at as f32 + 0.5) / side as f32;
    pattern(place(x, width), place(y, height)).map(|channel| (channel.clamp(0.0, 1.0) * 255.0).round() as u8)
}

/// A full turn of colours.
fn hue(turn: f32) -> [f32; 3] {
    [0.0, 1.0 / 3.0, 2.0 / 3.0].map(|shift| 0.5 + 0.5 * (TAU * (turn + shift)).cos())
}

fn opaque([r, g, b]: [f32; 3]) -> [f32; 4] {
    [r, g, b, 1.0]
}

fn gray(level: f32) -> [f32; 4] {
    opaque([level; 3])
}

/// Slow waves that cross each other.
#[must_use]
pub fn tide(x: f32, y: f32) -> [f32; 4] {
    let swell = (TAU * (2.0 * x + 0.3 * (TAU * y).sin())).sin() + (TAU * (1.5 * y + 0.5 * x)).cos();
    opaque([0.10 + 0.08 * swell, 0.35 + 0.15 * swell, 0.60 + 0.20 * swell])
}

/// Rings around the middle.
#[must_use]
pub fn rings(x: f32, y: f32) -> [f32; 4] {
    let far = (x - 0.5).hypot(y - 0.5);
    opaque(hue(3.0 * far).map(|channel| channel * (0.6 + 0.4 * (40.0 * far).cos())))
}

/// Tiles, each of its own colour.
#[must_use]
pub fn tiles(x: f32, y: f32) -> [f32; 4] {
    let (column, row) = ((x * 8.0).floor(), (y * 8.0).floor());
    opaque(hue((column * 5.0 + row * 3.0) / 64.0))
}

/// Dawn over hills.
#[must_use]
pub fn dawn(x: f32, y: f32) -> [f32; 4] {
    let hills = 0.70 + 0.08 * (TAU * 1.3 * x).sin() + 0.03 * (TAU * 5.0 * x).cos();
    let sun = (x - 0.3).hypot(y - 0.55) < 0.1;
    opaque(match (y > hills, sun) {
        (true, _) => [0.12, 0.16 + 0.2 * (y - hills), 0.14],
        (false, true) => [1.0, 0.92, 0.70],
        (false, false) => [0.30 + 0.65 * y, 0.25 + 0.45 * y, 0.50],
    })
}

/// The boundary of a set that everybody knows.
#[must_use]
pub fn fern(x: f32, y: f32) -> [f32; 4] {
    let (cx, cy) = (3.0 * x - 2.2, 2.4 * y - 1.2);
    let (mut re, mut im, mut steps) = (0.0_f32, 0.0_f32, 0);
    while re * re + im * im < 4.0 && steps < 48 {
        (re, im) = (re * re - im * im + cx, 2.0 * re * im + cy);
        steps += 1;
    }
    let share = steps as f32 / 48.0;
    opaque([share * share, share, 0.25 + 0.5 * share * (1.0 - share)])
}

/// A flower on nothing: most of it is transparent.
#[must_use]
pub fn flower(x: f32, y: f32) -> [f32; 4] {
    let (u, v) = (x - 0.5, y - 0.5);
    let (far, turn) = (u.hypot(v), v.atan2(u));
    let edge = 0.30 + 0.14 * (6.0 * turn).cos() - far;
    let [r, g, b] = if far < 0.1 { [0.98, 0.80, 0.25] } else { hue(0.9 + 0.2 * far) };
    [r, g, b, 0.5 + 40.0 * edge]
}

/// A fan that fades out to the left.
#[must_use]
pub fn fan(x: f32, y: f32) -> [f32; 4] {
    let ray = (24.0 * (y - 0.5).atan2(x + 0.05)).sin();
    [0.95, 0.45 + 0.3 * ray, 0.20, x]
}

/// A staircase of grays.
#[must_use]
pub fn stairs(x: f32, y: f32) -> [f32; 4] {
    gray(((x * 9.0).floor() + (y * 5.0).floor()) / 13.0)
}

/// A net of fine lines.
#[must_use]
pub fn net(x: f32, y: f32) -> [f32; 4] {
    gray((0.5 + 0.5 * (60.0 * PI * (x + y)).sin() * (60.0 * PI * (x - y)).sin()).sqrt())
}

/// From one corner's colour to the others'.
#[must_use]
pub fn blend(x: f32, y: f32) -> [f32; 4] {
    opaque([x, y, 1.0 - 0.5 * (x + y)])
}
