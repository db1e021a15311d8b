//! A contact sheet in a browser: pictures are fetched, decoded on a worker context, and drawn on the main one, all on the
//! page's only thread, frame by frame, inside a budget.

mod board;
mod fetch;
mod frame_loop;
mod gallery;
mod settings;

use std::panic;

use sheet::Summary;
use wasm_bindgen::prelude::*;
use web_sys::console;

use board::Board;
use frame_loop::FrameLoop;
use gallery::Gallery;
use settings::Settings;

/// What the page's script makes and keeps.
#[wasm_bindgen]
pub struct Page {
    frames: FrameLoop,
}

#[wasm_bindgen]
impl Page {
    /// Starts loading; returns at once.
    ///
    /// # Errors
    ///
    /// If the document is not the one that this was written for.
    #[wasm_bindgen(constructor)]
    pub fn new() -> Result<Page, JsValue> {
        panic::set_hook(Box::new(|panic| console::error_1(&panic.to_string().into())));
        // The page has one such hook, and it is the first.
        _ = threadbare::set_error_hook(|error| console::warn_1(&format!("nobody saw: {error:?}").into()));

        let settings = Settings::of_page()?;
        let board = Board::of_document()?;
        let figures = board.clone();
        let frames = FrameLoop::new(settings.budget, move |summary: Summary| figures.show_frames(summary))?;
        Gallery::new(&frames, &board, settings).open().detach();
        Ok(Page { frames })
    }

    /// How long each frame's callback took so far, in milliseconds.
    #[wasm_bindgen(js_name = frameTimes)]
    pub fn frame_times(&self) -> Vec<f64> {
        self.frames.times()
    }
}
