//! One visit to the page, from the first frame to the last picture.

use std::error::Error;
use std::io::Cursor;
use std::thread::sleep;
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use png::Decoder;
use serde_json::Value;
use sheet::Frames;
use web_server::samples;

use crate::driver::Browser;
use crate::findings::Findings;

/// What the page said while it loaded, and then.
pub(crate) struct Visit {
    looks: Vec<Look>,
    failures: Vec<String>,
    /// How many frames there were in half a second after the last picture.
    idle_frames: u64,
    console: Vec<String>,
    /// Whether the browser has done with the request that is never answered.
    called_off: bool,
    /// How long each frame took, as the page measured it.
    pub(crate) frames: Frames,
}

/// The page at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Look {
    done: bool,
    value: u64,
    max: u64,
    text: String,
    frames: u64,
}

/// What must be on the page about each picture that is not on the sheet.
const FAILURES: [(&str, &str); 4] = [
    ("lost.png: ", "404 Not Found"),
    ("cut.png: ", "TypeError: "),
    ("half.png: ", "not a whole PNG: "),
    ("stalled.png: ", "it took longer than "),
];

const LOOK: &str = "
    const progress = document.getElementById('progress');
    return [
        document.body.dataset.state == 'done', progress.value, progress.max,
        document.getElementById('count').textContent, window.page ? page.frameTimes().length : 0,
    ];";

const TEXTS: &str = "return [...document.querySelectorAll('#failures li')].map(item => item.textContent)";

const CALLED_OFF: &str = "
    return performance.getEntriesByType('resource').some(entry => entry.name.endsWith('/stalled.png'))";

const HALF_A_SECOND: &str = "
    const [done] = arguments, before = page.frameTimes().length;
    setTimeout(() => done(page.frameTimes().length - before), 500);";

impl Visit {
    /// Opens the page, and looks at it until it is done.
    pub(crate) fn make(browser: &Browser, url: &str) -> Result<Self, Box<dyn Error>> {
        // What is left of the visit before is not this one's.
        browser.console()?;
        browser.go_to(url)?;
        let start = Instant::now();
        let mut looks: Vec<Look> = Vec::new();
        while looks.last().is_none_or(|look| !look.done) {
            if start.elapsed() > Duration::from_secs(40) {
                return Err(format!("the page is not done: {:?}", looks.last()).into());
            }
            looks.push(Look::of(&browser.run(LOOK)?)?);
            sleep(Duration::from_millis(50));
        }
        let idle_frames = browser.run_async(HALF_A_SECOND)?.as_u64().ok_or("a count")?;
        let failures = texts(&browser.run(TEXTS)?);
        let called_off = browser.run(CALLED_OFF)? == true;
        let frames = browser.run("return Array.from(page.frameTimes())")?;
        let frames = frames.as_array().into_iter().flatten().filter_map(Value::as_f64).collect();
        // The browser's own words about requests that fail are in there, too.
        let said = browser.console()?;
        let console = said.iter().filter(|entry| entry["source"] != "network");
        let console = console.map(|entry| entry["message"].to_string()).collect();
        Ok(Self { looks, failures, idle_frames, console, called_off, frames })
    }

    /// Was it as it should be?
    pub(crate) fn judge(&self, findings: &mut Findings) {
        let all = samples::ALL.len() as u64;
        let mut values: Vec<_> = self.looks.iter().filter(|look| look.max == all).map(|look| look.value).collect();
        let grows = values.is_sorted() && values.last() == Some(&all);
        values.dedup();
        findings.note(grows && values.len() > 2, format!("progress: {values:?} of {all}"));
        let said = self.looks.last().map(|look| look.text.as_str()).unwrap_or_default();
        findings
            .note(said == format!("{all} of {all}, {} of them missing", FAILURES.len()), format!("it says: {said}"));

        for (name, cause) in FAILURES {
            let told = self.failures.iter().find(|text| text.starts_with(name));
            let right = told.is_some_and(|text| text.contains(cause));
            findings.note(right, told.map_or_else(|| format!("nothing is said of {name}"), String::clone));
        }
        findings.note(self.failures.len() == FAILURES.len(), format!("{} failures are told", self.failures.len()));

        findings.note(self.called_off, "the request that took too long was called off");

        // While it waits for nothing but the stalled one, there is nothing to do but to wake up when its time is over.
        let waits = |pair: &&[Look]| pair.iter().all(|look| look.value == all - 1 && !look.done);
        let waited: Vec<_> = self.looks.windows(2).filter(waits).map(|pair| pair[1].frames - pair[0].frames).collect();
        if waited.len() > 3 {
            // The frame that drew the last of the others may still have been under way.
            let frames: u64 = waited[2..].iter().sum();
            findings
                .note(frames == 0, format!("{frames} frames while waiting for a timer, over {} looks", waited.len()));
        } else {
            println!("  (too slow a machine to see it wait for a timer)");
        }
        findings.note(self.idle_frames == 0, format!("{} frames in half a second of idleness", self.idle_frames));
        findings.note(self.console.is_empty(), format!("on the console: {:?}", self.console));
    }
}

impl Look {
    fn of(value: &Value) -> Result<Self, String> {
        let whole = |at: usize| value[at].as_f64().map(|number| number as u64);
        let (done, text) = (value[0].as_bool(), value[3].as_str().map(String::from));
        let parts = || Some((done?, whole(1)?, whole(2)?, text?, whole(4)?));
        let (done, value, max, text, frames) = parts().ok_or_else(|| format!("an odd look: {value}"))?;
        Ok(Self { done, value, max, text, frames })
    }
}

fn texts(list: &Value) -> Vec<String> {
    list.as_array().into_iter().flatten().filter_map(|text| text.as_str().map(String::from)).collect()
}

/// Width, height and pixels of the sheet: four bytes each, row by row.
pub(crate) fn canvas(browser: &Browser) -> Result<(u32, u32, Vec<u8>), Box<dyn Error>> {
    let url = browser.run("return document.getElementById('sheet').toDataURL()")?;
    let data = url.as_str().and_then(|url| url.split_once("base64,")).ok_or("no data in the data URL")?.1;
    let mut reader = Decoder::new(Cursor::new(STANDARD.decode(data)?)).read_info()?;
    let mut pixels = vec![0; reader.output_buffer_size().ok_or("too large a sheet")?];
    let info = reader.next_frame(&mut pixels)?;
    if info.color_type != png::ColorType::Rgba {
        return Err(format!("a sheet of {:?}", info.color_type).into());
    }
    Ok((info.width, info.height, pixels))
}
