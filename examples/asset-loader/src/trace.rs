//! Who did what, when: a file for Perfetto and for `chrome://tracing`, with one row a thread.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::sync::{Arc, Mutex};
use std::thread::{self, ThreadId};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::lock;

/// Collects slices of time from any thread. Clones write to the same trace.
#[derive(Debug, Clone)]
pub struct Trace(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    start: Instant,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    threads: Vec<(ThreadId, usize)>,
    rows: BTreeMap<usize, String>,
    slices: Vec<Slice>,
}

#[derive(Debug)]
struct Slice {
    row: usize,
    action: &'static str,
    asset: Option<Arc<str>>,
    start: Duration,
    length: Duration,
}

/// Something that is being done: it lasts until this is dropped.
#[must_use = "a slice that is dropped at once shows nothing"]
#[derive(Debug)]
pub struct Span<'a> {
    trace: &'a Trace,
    action: &'static str,
    asset: Option<Arc<str>>,
    start: Duration,
    kept: bool,
}

impl Span<'_> {
    /// Ends it without a trace: nothing happened.
    pub fn discard(mut self) {
        self.kept = false;
    }
}

impl Trace {
    /// An empty trace whose time starts now.
    #[must_use]
    pub fn new() -> Self {
        Self(Arc::new(Inner { start: Instant::now(), state: Mutex::default() }))
    }

    /// Gives the calling thread the row number `row`, called `name`. Rows are shown in the order of their numbers.
    pub fn name_thread(&self, row: usize, name: &str) {
        let mut state = lock(&self.0.state);
        state.threads.push((thread::current().id(), row));
        state.rows.insert(row, name.to_owned());
    }

    /// The calling thread does `action` to `asset` until the span is dropped.
    pub fn span(&self, action: &'static str, asset: Option<&Arc<str>>) -> Span<'_> {
        Span { trace: self, action, asset: asset.cloned(), start: self.0.start.elapsed(), kept: true }
    }

    /// How many slices there are.
    #[must_use]
    pub fn len(&self) -> usize {
        lock(&self.0.state).slices.len()
    }

    /// Is there nothing to see?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The whole trace, in the Trace Event Format: times are in microseconds.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let state = lock(&self.0.state);
        let process = json!({ "ph": "M", "name": "process_name", "pid": 1, "args": { "name": "asset-loader" } });
        let rows = state.rows.iter().flat_map(|(row, name)| {
            let meta =
                |event: &str, args: Value| json!({ "ph": "M", "name": event, "pid": 1, "tid": row, "args": args });
            [meta("thread_name", json!({ "name": name })), meta("thread_sort_index", json!({ "sort_index": row }))]
        });
        let slices = state.slices.iter().map(|slice| {
            let name = match &slice.asset {
                Some(asset) => format!("{} {asset}", slice.action),
                None => slice.action.to_owned(),
            };
            json!({
                "ph": "X", "name": name, "cat": slice.action, "pid": 1, "tid": slice.row,
                "ts": micros(slice.start), "dur": micros(slice.length),
            })
        });
        let events: Vec<Value> = std::iter::once(process).chain(rows).chain(slices).collect();
        json!({ "displayTimeUnit": "ms", "traceEvents": events })
    }

    /// Writes the whole trace.
    ///
    /// # Errors
    ///
    /// Those of writing.
    pub fn write(&self, mut to: impl Write) -> io::Result<()> {
        serde_json::to_writer(&mut to, &self.to_json())?;
        to.flush()
    }
}

impl Default for Trace {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for Span<'_> {
    fn drop(&mut self) {
        if !self.kept {
            return;
        }
        let length = self.trace.0.start.elapsed().saturating_sub(self.start);
        let id = thread::current().id();
        let mut state = lock(&self.trace.0.state);
        let row = match state.threads.iter().rev().find(|(thread, _)| *thread == id) {
            Some((_, row)) => *row,
            None => {
                let row = state.rows.last_key_value().map_or(0, |(row, _)| row + 1);
                state.threads.push((id, row));
                state.rows.insert(row, thread::current().name().unwrap_or("thread").to_owned());
                row
            }
        };
        let (action, asset) = (self.action, self.asset.take());
        state.slices.push(Slice { row, action, asset, start: self.start, length });
    }
}

fn micros(time: Duration) -> f64 {
    time.as_nanos() as f64 / 1000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_slice_lies_in_a_named_row() {
        let trace = Trace::new();
        trace.name_thread(0, "main");
        thread::scope(|scope| {
            scope.spawn(|| {
                trace.name_thread(1, "worker 0");
                let _decode = trace.span("decode", Some(&"a.png".into()));
            });
        });
        thread::scope(|scope| {
            scope.spawn(|| drop(trace.span("stray", None)));
        });
        drop(trace.span("frame", None));

        let json = trace.to_json();
        let events = json["traceEvents"].as_array().unwrap();
        let named = |row: &Value| {
            let name = |event: &&Value| event["name"] == "thread_name" && event["tid"] == *row;
            events.iter().find(name).map(|event| event["args"]["name"].as_str().unwrap().to_owned())
        };
        let rows: Vec<_> = events
            .iter()
            .filter(|event| event["ph"] == "X")
            .map(|event| (event["name"].as_str().unwrap(), named(&event["tid"]).expect("a row without a name")))
            .collect();
        let expected = [("decode a.png", "worker 0"), ("stray", "thread"), ("frame", "main")];
        assert_eq!(rows, expected.map(|(name, row)| (name, row.to_owned())));
    }

    #[test]
    fn times_are_microseconds_and_slices_nest() {
        let trace = Trace::new();
        {
            let _outer = trace.span("outer", None);
            let _inner = trace.span("inner", None);
            let until = Instant::now() + Duration::from_millis(2);
            while Instant::now() < until {}
        }
        let json = trace.to_json();
        let event = |name: &str| {
            let events = json["traceEvents"].as_array().unwrap();
            let found = events.iter().find(|event| event["name"] == name).unwrap();
            (found["ts"].as_f64().unwrap(), found["dur"].as_f64().unwrap())
        };
        let ((outer, outer_length), (inner, inner_length)) = (event("outer"), event("inner"));
        assert!(inner_length >= 2000.0, "{inner_length} µs, of at least 2 ms");
        assert!(outer <= inner && inner + inner_length <= outer + outer_length);
    }
}
