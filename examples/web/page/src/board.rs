//! What the page shows: the sheet on its canvas, how far it is, what went wrong. All of it is the main thread's own.

use std::cell::Cell;
use std::rc::Rc;

use sheet::{CELL, Layout, Summary, Thumbnail};
use threadbare::Error;
use wasm_bindgen::Clamped;
use wasm_bindgen::prelude::*;
use web_sys::{CanvasRenderingContext2d, Document, Element, HtmlCanvasElement, ImageData};

/// The page's elements. Clones are the same.
#[derive(Clone)]
pub(crate) struct Board(Rc<Inner>);

struct Inner {
    document: Document,
    canvas: HtmlCanvasElement,
    pen: CanvasRenderingContext2d,
    progress: Element,
    count: Element,
    failures: Element,
    frames: Element,
    layout: Cell<Layout>,
    asked: Cell<usize>,
    drawn: Cell<usize>,
    missing: Cell<usize>,
}

impl Board {
    pub(crate) fn of_document() -> Result<Self, JsValue> {
        let document = web_sys::window().and_then(|window| window.document()).ok_or("there is no document")?;
        let element = |id: &str| document.get_element_by_id(id).ok_or_else(|| format!("there is no #{id}"));
        let canvas: HtmlCanvasElement = element("sheet")?.dyn_into()?;
        let pen = canvas.get_context("2d")?.ok_or("there is no 2d context")?.dyn_into()?;
        Ok(Self(Rc::new(Inner {
            canvas,
            pen,
            progress: element("progress")?,
            count: element("count")?,
            failures: element("failures")?,
            frames: element("frames")?,
            document,
            layout: Cell::new(Layout::of(1)),
            asked: Cell::default(),
            drawn: Cell::default(),
            missing: Cell::default(),
        })))
    }

    /// Makes room for so many pictures.
    pub(crate) fn lay_out(&self, count: usize) {
        let board = &*self.0;
        let layout = Layout::of(count);
        board.layout.set(layout);
        board.asked.set(count);
        board.canvas.set_width(layout.width());
        board.canvas.set_height(layout.height());
        board.pen.set_fill_style_str("#2e3137");
        for (left, top) in (0..count).map(|index| layout.cell(index)) {
            board.pen.fill_rect(left.into(), top.into(), CELL.into(), CELL.into());
        }
        set(&board.progress, "max", &count.to_string());
        self.show_progress();
    }

    /// Draws a picture in its cell, and its name below.
    pub(crate) fn draw(&self, index: usize, name: &str, thumbnail: &Thumbnail) {
        self.put(index, name, "#b8bcc4", thumbnail);
        self.0.drawn.update(|drawn| drawn + 1);
        self.show_progress();
    }

    /// Draws the placeholder in its cell, and says why.
    pub(crate) fn draw_missing(&self, index: usize, name: &str, error: &Error) {
        self.put(index, name, "#f0a0c8", &Thumbnail::placeholder());
        self.0.missing.update(|missing| missing + 1);
        self.tell(&format!("{name}: {error}"));
        self.show_progress();
    }

    /// All are there.
    pub(crate) fn finish(&self) {
        if let Some(body) = self.0.document.body() {
            set(&body, "data-state", "done");
        }
    }

    /// There is not even a list.
    pub(crate) fn give_up(&self, error: &Error) {
        self.tell(&format!("the list of pictures: {error}"));
        self.0.count.set_text_content(Some("there is nothing to show"));
        self.finish();
    }

    /// What the frames took.
    pub(crate) fn show_frames(&self, frames: Summary) {
        let Summary { count, p50, p99, worst, .. } = frames;
        let text = format!(
            "{count} frames: half took at most {p50:.1} ms, 99 of 100 {p99:.1} ms, none more than {worst:.1} ms"
        );
        self.0.frames.set_text_content(Some(&text));
    }

    fn put(&self, index: usize, name: &str, colour: &str, thumbnail: &Thumbnail) {
        let Inner { layout, pen, .. } = &*self.0;
        let (width, height) = (thumbnail.width(), thumbnail.height());
        let (left, top) = layout.get().place(index, width, height);
        ImageData::new_with_u8_clamped_array_and_sh(Clamped(thumbnail.pixels()), width, height)
            .and_then(|data| pen.put_image_data(&data, left.into(), top.into()))
            .expect("a thumbnail is as large as it says");
        let (left, top) = layout.get().cell(index);
        pen.set_fill_style_str(colour);
        pen.set_font("11px sans-serif");
        let below = pen.fill_text_with_max_width(name, left.into(), f64::from(top + CELL) + 11.5, CELL.into());
        below.expect("text can be drawn");
    }

    fn show_progress(&self) {
        let Inner { progress, count, asked, drawn, missing, .. } = &*self.0;
        let (asked, drawn, missing) = (asked.get(), drawn.get(), missing.get());
        set(progress, "value", &(drawn + missing).to_string());
        count.set_text_content(Some(&format!("{} of {asked}, {missing} of them missing", drawn + missing)));
    }

    fn tell(&self, text: &str) {
        let Inner { document, failures, .. } = &*self.0;
        let told = document.create_element("li").and_then(|item| {
            item.set_text_content(Some(text));
            failures.append_child(&item)
        });
        told.expect("a list takes items");
    }
}

fn set(element: &Element, name: &str, value: &str) {
    element.set_attribute(name, value).expect("the name is one");
}
