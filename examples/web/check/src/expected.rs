//! What the sheet must look like: worked out from the samples' formulas, not from their files, and in another way than
//! the page does it.

use sheet::{CELL, CHECK, CHECKS, Layout, Thumbnail};
use web_server::patterns;
use web_server::samples::{self, Fate, Form, Sample};

/// Decoding and averaging round, each on its own.
const TOLERANCE: u8 = 2;

/// The pixels of one cell, in the middle of which the picture stands.
struct Picture {
    width: u32,
    height: u32,
    pixels: Vec<[u8; 3]>,
}

/// Compares the sheet, four bytes a pixel, row by row, with what must be there. What is wrong, a line for each picture.
pub(crate) fn compare(width: u32, height: u32, canvas: &[u8]) -> Vec<String> {
    let layout = Layout::of(samples::ALL.len());
    if (width, height) != (layout.width(), layout.height()) {
        return vec![format!("the sheet has {width} × {height} pixels, not {} × {}", layout.width(), layout.height())];
    }
    let mut wrong = Vec::new();
    for (index, sample) in samples::ALL.iter().enumerate() {
        let picture = match sample.fate {
            Fate::Sent(_) => Picture::of(sample),
            _ => Picture::placeholder(),
        };
        let (left, top) = layout.place(index, picture.width, picture.height);
        let differs = |at: usize, expected: &[u8; 3]| {
            let (x, y) = (left + at as u32 % picture.width, top + at as u32 / picture.width);
            let found = &canvas[(y * width + x) as usize * 4..][..4];
            let near = found.iter().zip(expected).all(|(found, expected)| found.abs_diff(*expected) <= TOLERANCE);
            (!near || found[3] != 255).then(|| format!("at {x}, {y} {found:?} instead of {expected:?}"))
        };
        let differences: Vec<_> =
            picture.pixels.iter().enumerate().filter_map(|(at, expected)| differs(at, expected)).collect();
        if let Some(first) = differences.first() {
            wrong.push(format!("{}: {} pixels are wrong, {first}", sample.name, differences.len()));
        }
    }
    wrong
}

/// How many pixels that compares.
pub(crate) fn compared() -> usize {
    let pixels = |sample: &Sample| match sample.fate {
        Fate::Sent(_) => Picture::size(sample.size).iter().product::<u32>() as usize,
        _ => (CELL * CELL) as usize,
    };
    samples::ALL.iter().map(pixels).sum()
}

impl Picture {
    /// Columns and rows of what is shown of a picture of this size: squares of pixels, as few as fit.
    fn size((width, height): (u32, u32)) -> [u32; 2] {
        let square = Self::square((width, height));
        [width.div_ceil(square), height.div_ceil(square)]
    }

    fn square((width, height): (u32, u32)) -> u32 {
        width.max(height).div_ceil(CELL)
    }

    fn of(sample: &Sample) -> Self {
        let [width, height] = Self::size(sample.size);
        let mut pixels = Vec::new();
        for (column, row) in (0..height).flat_map(|row| (0..width).map(move |column| (column, row))) {
            let check = CHECKS[((column / CHECK + row / CHECK) % 2) as usize];
            pixels.push(average(sample, column, row, check));
        }
        Self { width, height, pixels }
    }

    fn placeholder() -> Self {
        let pixels = Thumbnail::placeholder().pixels().as_chunks().0.iter().map(|&[r, g, b, _]| [r, g, b]).collect();
        Self { width: CELL, height: CELL, pixels }
    }
}

/// The average of a square of the picture, over that colour.
fn average(sample: &Sample, column: u32, row: u32, below: [u8; 3]) -> [u8; 3] {
    let (width, height) = sample.size;
    let square = Picture::square(sample.size);
    let (mut colours, mut count, mut alphas) = ([0.0_f64; 3], 0.0, 0.0);
    for y in row * square..((row + 1) * square).min(height) {
        for x in column * square..((column + 1) * square).min(width) {
            let [r, g, b, a] = patterns::pixel(sample.pattern, sample.size, x, y);
            let (colour, a) = match sample.form {
                Form::Rgba => ([r, g, b], a),
                Form::Rgb | Form::Deep => ([r, g, b], 255),
                Form::Gray => ([r; 3], 255),
            };
            let alpha = f64::from(a) / 255.0;
            for (sum, channel) in colours.iter_mut().zip(colour) {
                *sum += f64::from(channel) * alpha;
            }
            alphas += alpha;
            count += 1.0;
        }
    }
    let over = |channel: usize| (colours[channel] + f64::from(below[channel]) * (count - alphas)) / count;
    [0, 1, 2].map(|channel| over(channel).round() as u8)
}
