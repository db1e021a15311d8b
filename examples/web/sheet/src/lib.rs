//! What the page draws, without the page: where each picture goes, PNG decoded in steps, and the figures of the frames.
//!
//! Nothing in here knows of a browser or of tasks, so its tests are ordinary ones.

mod decoding;
mod frames;
mod layout;
mod shrink;
mod thumbnail;

pub use decoding::{Decoding, MAX_SIDE, Trouble};
pub use frames::{Frames, Summary};
pub use layout::{CELL, Layout};
pub use thumbnail::{CHECK, CHECKS, Thumbnail};
