//! How long the frames' callbacks took: by the page's clock, and by the processor's.
//!
//! The page's own figures are wall time: if the machine does something else meanwhile, that counts, too. The browser's
//! trace has for each callback also the processor time that its thread got. What the page does is judged by that.

use serde_json::Value;
use sheet::{Frames, Summary};

use crate::findings::Findings;

/// A frame of most screens, in milliseconds: a callback that takes longer drops one.
const FRAME: f64 = 1000.0 / 60.0;

/// Were the frames of these visits short enough, as measured by the page, and by the browser in its trace?
///
/// A step that is too long is so in every visit, noise is not: so the best visit counts.
pub(crate) fn judge(visits: &[Frames], trace: &Value, findings: &mut Findings) {
    let ran = callbacks(trace);
    let counts: Vec<_> = visits.iter().map(|visit| visit.times().len()).collect();
    println!("frames");
    let whole = ran.len() == counts.iter().sum::<usize>();
    findings.note(whole, format!("{} callbacks in the trace, for {counts:?} in the visits", ran.len()));
    let mut rest = ran.into_iter();
    let mut best = f64::INFINITY;
    for (by_page, number) in visits.iter().zip(1..) {
        let ran: Frames = rest.by_ref().take(by_page.times().len()).collect();
        println!("  visit {number}, by the page's clock: {}", figures(by_page));
        println!("  visit {number}, on the processor:    {}", figures(&ran));
        findings.note(by_page.times().len() > 20, "there is more to do than a few frames can take");
        best = best.min(ran.summary().worst);
    }
    findings.note(best <= FRAME, format!("the longest callback of the best visit: {best:.1} ms on the processor"));
}

/// How long the browser's thread ran in each animation frame's callback, in milliseconds, in their order.
fn callbacks(trace: &Value) -> Vec<f64> {
    let events = trace["traceEvents"].as_array().into_iter().flatten();
    let callback = |event: &Value| Some((event["ts"].as_f64()?, event["tdur"].as_f64()? / 1000.0));
    let mut callbacks: Vec<_> =
        events.filter(|event| event["name"] == "FireAnimationFrame").filter_map(callback).collect();
    callbacks.sort_by(|a, b| a.0.total_cmp(&b.0));
    callbacks.into_iter().map(|(_, ran)| ran).collect()
}

fn figures(frames: &Frames) -> String {
    let Summary { count, p50, p99, worst, total } = frames.summary();
    let late = frames.times().iter().filter(|time| **time > FRAME).count();
    format!(
        "{count} frames, p50 {p50:.1} ms, p99 {p99:.1} ms, worst {worst:.1} ms, {late} longer than {FRAME:.1} ms, \
         together {total:.0} ms"
    )
}
