//! A headless browser, by way of ChromeDriver, which takes WebDriver's commands: JSON over HTTP.

use std::error::Error;
use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use tempfile::TempDir;
use ureq::Agent;

/// A browser of our own, which keeps a trace.
#[derive(Debug)]
pub(crate) struct Browser {
    driver: Child,
    agent: Agent,
    /// Where the session's commands go.
    session: String,
    folder: TempDir,
}

const TRACE: &str = "trace.json";
/// The longest that a command may take, on a slow machine.
const PATIENCE: Duration = Duration::from_secs(60);

impl Browser {
    /// Starts ChromeDriver on a port that is free, and a browser with an empty profile.
    pub(crate) fn start() -> Result<Self, Box<dyn Error>> {
        let mut driver = Command::new("chromedriver")
            .arg("--port=0")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| format!("chromedriver: {error}"))?;
        let lines = BufReader::new(driver.stdout.take().ok_or("its output is a pipe")?).lines();
        let config = Agent::config_builder().timeout_global(Some(PATIENCE)).http_status_as_error(false);
        let mut browser =
            Self { driver, agent: config.build().into(), session: String::new(), folder: TempDir::new()? };
        browser.open(lines.map_while(Result::ok))?;
        Ok(browser)
    }

    fn open(&mut self, mut lines: impl Iterator<Item = String> + Send + 'static) -> Result<(), Box<dyn Error>> {
        let says = "started successfully on port ";
        let started = lines.find(|line| line.contains(says)).ok_or("chromedriver does not start")?;
        let port = started.split_once(says).map(|(_, port)| port.trim_end_matches('.')).ok_or("it names a port")?;
        // What it says later has to go somewhere.
        thread::spawn(|| lines.for_each(drop));

        let trace = format!("--trace-startup-file={}", self.folder.path().join(TRACE).display());
        let wanted = json!({
            "goog:chromeOptions": { "args": [
                "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
                "--disable-background-networking", "--disable-component-update", "--disable-sync",
                "--window-size=1000,1150",
                // From the start to the end, of what a page's thread does.
                "--trace-startup=devtools.timeline", "--trace-startup-duration=0", "--trace-startup-format=json", trace,
            ] },
            "goog:loggingPrefs": { "browser": "ALL" },
        });
        self.session = format!("http://127.0.0.1:{port}/session");
        let made = self.post("", &json!({ "capabilities": { "alwaysMatch": wanted } }))?;
        let id = made["sessionId"].as_str().ok_or_else(|| format!("a session without an id: {made}"))?;
        self.session = format!("{}/{id}", self.session);
        Ok(())
    }

    /// Opens a page.
    pub(crate) fn go_to(&self, url: &str) -> Result<(), Box<dyn Error>> {
        self.post("/url", &json!({ "url": url })).map(drop)
    }

    /// Runs a script in the page.
    pub(crate) fn run(&self, script: &str) -> Result<Value, Box<dyn Error>> {
        self.post("/execute/sync", &json!({ "script": script, "args": [] }))
    }

    /// Runs a script in the page that calls its last argument with its result.
    pub(crate) fn run_async(&self, script: &str) -> Result<Value, Box<dyn Error>> {
        self.post("/execute/async", &json!({ "script": script, "args": [] }))
    }

    /// What the page wrote to the console, or the browser for it, since this was last asked.
    pub(crate) fn console(&self) -> Result<Vec<Value>, Box<dyn Error>> {
        match self.post("/se/log", &json!({ "type": "browser" }))? {
            Value::Array(entries) => Ok(entries),
            other => Err(format!("a log that is no list: {other}").into()),
        }
    }

    /// What the browser shows, as a PNG.
    pub(crate) fn screenshot(&self) -> Result<Vec<u8>, Box<dyn Error>> {
        let answer = self.agent.get(format!("{}/screenshot", self.session)).call()?.body_mut().read_json()?;
        Ok(STANDARD.decode(value(answer)?.as_str().ok_or("a screenshot is text")?)?)
    }

    /// Closes the browser. What its trace has.
    pub(crate) fn close(self) -> Result<Value, Box<dyn Error>> {
        // The end of a session would leave the browser no time to write it.
        let closed = self.post("/goog/cdp/execute", &json!({ "cmd": "Browser.close", "params": {} }));
        let trace = self.trace();
        if closed.is_err() {
            // So that it is not left behind.
            self.agent.delete(&self.session).call()?;
        }
        trace
    }

    /// The file is written while the browser ends, and is whole when it can be read.
    fn trace(&self) -> Result<Value, Box<dyn Error>> {
        let file = self.folder.path().join(TRACE);
        for _ in 0..200 {
            if let Some(trace) = fs::read(&file).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok()) {
                return Ok(trace);
            }
            thread::sleep(Duration::from_millis(100));
        }
        Err("the browser has left no trace".into())
    }

    fn post(&self, command: &str, arguments: &Value) -> Result<Value, Box<dyn Error>> {
        let url = format!("{}{command}", self.session);
        value(self.agent.post(url).send_json(arguments)?.body_mut().read_json()?)
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // If it has ended by itself, that is as well.
        _ = self.driver.kill();
        _ = self.driver.wait();
    }
}

/// Every answer is an object with a value, which says so if it is an error.
fn value(mut answer: Value) -> Result<Value, Box<dyn Error>> {
    let value = answer["value"].take();
    match value["error"].as_str() {
        None => Ok(value),
        Some(error) => Err(format!("{error}: {}", value["message"].as_str().unwrap_or_default()).into()),
    }
}
