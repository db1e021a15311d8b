//! The browser's `fetch` as a task.

use std::time::Duration;

use js_sys::futures::{JsFuture, spawn_local};
use js_sys::{ArrayBuffer, Uint8Array};
use threadbare::{Clock, Error, MainBound, Result, Task, promise, run};
use wasm_bindgen::prelude::*;
use web_sys::{AbortController, AbortSignal, RequestInit, Response};

use crate::frame_loop::FrameLoop;

/// What is copied at once, in bytes: a fraction of a millisecond.
const PIECE: usize = 512 * 1024;

/// Fetches what is at `url`: the task has the bytes, or says why there are none. After `patience` it gives up.
pub(crate) fn fetch(frames: &FrameLoop, url: &str, patience: Duration) -> Task<Vec<u8>> {
    let Ok(abort) = AbortController::new() else {
        return Task::rejected(Error::msg("this browser is too old"));
    };
    let answer = answer(url.to_string(), abort.signal());
    let (promise, arrived) = promise();
    let outside = frames.clone();
    spawn_local(async move {
        // A promise of the browser's settles one of ours, outside of any frame: what follows is queued. Values can go
        // anywhere, the browser's objects cannot: so this one travels bound to its thread.
        promise.settle(answer.await.map(|buffer| MainBound::new(outside.here(), buffer)));
    });
    let inside = frames.clone();
    frames
        .clock()
        .timeout(arrived, patience)
        .inspect(frames.here(), move |outcome| {
            if outcome.is_err() {
                abort.abort();
            }
        })
        .and_then(frames.here(), move |buffer| copy(inside, buffer))
}

/// Copies what has come from the browser's memory into ours. That is work like any other: it is done inside of frames, and
/// in pieces. The future holds one of the browser's objects, so it is not `Send`, and need not be.
async fn copy(frames: FrameLoop, buffer: MainBound<ArrayBuffer>) -> Result<Vec<u8>> {
    let source = Uint8Array::new(buffer.get(frames.here()));
    let length = source.length() as usize;
    let mut bytes = Vec::with_capacity(length);
    loop {
        let start = bytes.len();
        bytes.resize(length.min(start + PIECE), 0);
        source.subarray(start as u32, bytes.len() as u32).copy_to(&mut bytes[start..]);
        if bytes.len() == length {
            return Ok(bytes);
        }
        run(frames.here(), || ()).await?;
    }
}

async fn answer(url: String, signal: AbortSignal) -> Result<ArrayBuffer> {
    let window = web_sys::window().ok_or_else(|| Error::msg("there is no window"))?;
    let init = RequestInit::new();
    init.set_signal(Some(&signal));
    let response = JsFuture::from(window.fetch_with_str_and_init(&url, &init)).await.map_err(error)?;
    let response: Response = response.dyn_into().map_err(error)?;
    if !response.ok() {
        return Err(Error::msg(format!("{} {}", response.status(), response.status_text())));
    }
    let buffer = JsFuture::from(response.array_buffer().map_err(error)?).await.map_err(error)?;
    buffer.dyn_into().map_err(error)
}

/// What the browser says was wrong.
fn error(thrown: JsValue) -> Error {
    let said = thrown.dyn_ref::<js_sys::Error>().map(|error| String::from(error.to_string()));
    Error::msg(said.unwrap_or_else(|| format!("{thrown:?}")))
}
