//! Where each picture goes.

/// The side of a cell, in pixels: no thumbnail is larger.
pub const CELL: u32 = 128;
const GAP: u32 = 16;

/// A grid of cells, somewhat wider than high.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layout {
    columns: u32,
    rows: u32,
}

impl Layout {
    /// For so many pictures.
    #[must_use]
    pub fn of(count: usize) -> Self {
        let count = u32::try_from(count).unwrap_or(u32::MAX).clamp(1, 10_000);
        let columns = (f64::from(count) * 1.6).sqrt().ceil() as u32;
        Self { columns, rows: count.div_ceil(columns) }
    }

    /// Of the whole sheet, in pixels.
    #[must_use]
    pub fn width(self) -> u32 {
        GAP + self.columns * (CELL + GAP)
    }

    /// Of the whole sheet, in pixels.
    #[must_use]
    pub fn height(self) -> u32 {
        GAP + self.rows * (CELL + GAP)
    }

    /// The left upper corner of a cell. What the sheet has no room for is outside of it.
    #[must_use]
    pub fn cell(self, index: usize) -> (u32, u32) {
        let index = u32::try_from(index).unwrap_or(u32::MAX - 1);
        let place = |at: u32| GAP.saturating_add(at.saturating_mul(CELL + GAP));
        (place(index % self.columns), place(index / self.columns))
    }

    /// Where something of this size goes in a cell: in the middle.
    #[must_use]
    pub fn place(self, index: usize, width: u32, height: u32) -> (u32, u32) {
        let (left, top) = self.cell(index);
        (left + CELL.saturating_sub(width) / 2, top + CELL.saturating_sub(height) / 2)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_cell_is_on_the_sheet_and_on_no_other() {
        for count in 1..=60 {
            let layout = Layout::of(count);
            let cells: Vec<_> = (0..count).map(|index| layout.cell(index)).collect();
            for (at, (left, top)) in cells.iter().enumerate() {
                assert!(left + CELL + GAP <= layout.width() && top + CELL + GAP <= layout.height(), "{count}: {at}");
                let apart = |(x, y): &(u32, u32)| x.abs_diff(*left) >= CELL + GAP || y.abs_diff(*top) >= CELL + GAP;
                assert!(cells[..at].iter().all(apart), "{count}: {at}");
            }
        }
    }

    #[test]
    fn small_pictures_stand_in_the_middle() {
        let layout = Layout::of(20);
        let (left, top) = layout.cell(7);
        assert_eq!(layout.place(7, 128, 128), (left, top));
        assert_eq!(layout.place(7, 28, 2), (left + 50, top + 63));
    }
}
