//! The page's work: chains of tasks from a name to a picture on the sheet.

use sheet::{Decoding, Thumbnail};
use threadbare::{Result, Task, Worker, all, run, try_run};

use crate::board::Board;
use crate::fetch::fetch;
use crate::frame_loop::FrameLoop;
use crate::settings::Settings;

/// Where pictures come from, and where they go.
#[derive(Clone)]
pub(crate) struct Gallery {
    frames: FrameLoop,
    board: Board,
    settings: Settings,
}

impl Gallery {
    pub(crate) fn new(frames: &FrameLoop, board: &Board, settings: Settings) -> Self {
        Self { frames: frames.clone(), board: board.clone(), settings }
    }

    /// Loads the list of names, and then all that is in it, at once: each goes its own way to the sheet, in whatever
    /// order. The task settles when the last one is there.
    pub(crate) fn open(&self) -> Task<()> {
        let (worker, here) = (self.frames.worker(), self.frames.here());
        let (gallery, done, failed) = (self.clone(), self.board.clone(), self.board.clone());
        fetch(&self.frames, "pictures/list.txt", self.settings.patience)
            .and_then(worker, |bytes| {
                let names = String::from_utf8(bytes)?;
                Ok(names.lines().map(String::from).collect::<Vec<_>>())
            })
            .and_then(here, move |names| {
                gallery.board.lay_out(names.len());
                // To ask for a picture is main-thread work, too, so that a list of any length keeps the budget.
                let asked = names.into_iter().enumerate().map(|(index, name)| {
                    let gallery = gallery.clone();
                    try_run(gallery.frames.clone().here(), move || gallery.picture(index, name))
                });
                all(asked.collect::<Vec<_>>())
            })
            .map(here, move |_| done.finish())
            .catch(here, move |error| failed.give_up(&error))
    }

    /// Fetch, decode, draw; or draw the placeholder, and say why.
    fn picture(&self, index: usize, name: String) -> Task<()> {
        let (worker, here) = (self.frames.worker(), self.frames.here());
        let url = format!("pictures/{}", String::from(js_sys::encode_uri_component(&name)));
        let (step, on) = (self.settings.step, worker.clone());
        let (drawing, missing, label) = (self.board.clone(), self.board.clone(), name.clone());
        fetch(&self.frames, &url, self.settings.patience)
            .and_then(worker, move |bytes| decode(on, bytes, step))
            .map(here, move |thumbnail| drawing.draw(index, &label, &thumbnail))
            .catch(here, move |error| missing.draw_missing(index, &name, &error))
    }
}

/// Decodes a picture in steps of so many pixels. Between two steps others have their turn, or the frame ends.
async fn decode(worker: Worker, bytes: Vec<u8>, step: usize) -> Result<Thumbnail> {
    let mut decoding = Decoding::new(bytes)?;
    loop {
        if let Some(thumbnail) = decoding.step(step)? {
            return Ok(thumbnail);
        }
        run(&worker, || ()).await?;
    }
}
