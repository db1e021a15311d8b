//! What can be set in the page's address.

use std::str::FromStr;
use std::time::Duration;

use wasm_bindgen::prelude::*;
use web_sys::UrlSearchParams;

/// `?budget=8&step=16384&patience=3000`, each of which can be left out.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Settings {
    /// What a frame may take, in milliseconds.
    pub(crate) budget: f64,
    /// How many pixels are decoded at once.
    pub(crate) step: usize,
    /// How long to wait for an answer.
    pub(crate) patience: Duration,
}

impl Settings {
    pub(crate) fn of_page() -> Result<Self, JsValue> {
        let window = web_sys::window().ok_or("there is no window")?;
        let query = UrlSearchParams::new_with_str(&window.location().search()?)?;
        Ok(Self {
            // Half of a frame on most screens: the browser has to draw, too.
            budget: number(&query, "budget").unwrap_or(8.0_f64).max(1.0),
            // Well under a millisecond.
            step: number(&query, "step").unwrap_or(16 * 1024),
            patience: Duration::from_millis(number(&query, "patience").unwrap_or(3000)),
        })
    }
}

fn number<T: FromStr>(query: &UrlSearchParams, name: &str) -> Option<T> {
    query.get(name)?.parse().ok()
}
