//! Looks at the page in a headless browser, as it is served with samples: pixels, texts, progress, frames.

mod driver;
mod expected;
mod findings;
mod frames;
mod visit;

use std::error::Error;
use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

use lexopt::prelude::*;
use sheet::Frames;

use driver::Browser;
use findings::Findings;
use visit::Visit;

struct Options {
    url: String,
    screenshot: Option<PathBuf>,
    visits: usize,
}

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let options = options()?;
    let browser = Browser::start()?;
    let found = look(&browser, &options);
    let trace = browser.close();
    let (mut findings, visits) = found?;
    frames::judge(&visits, &trace?, &mut findings);
    Ok(if findings.are_good() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn options() -> Result<Options, lexopt::Error> {
    let (mut url, mut screenshot, mut visits) = (None, None, 3);
    let mut parser = lexopt::Parser::from_env();
    while let Some(argument) = parser.next()? {
        match argument {
            Long("screenshot") => screenshot = Some(parser.value()?.into()),
            Long("visits") => visits = parser.value()?.parse()?,
            Value(value) if url.is_none() => url = Some(value.string()?),
            other => return Err(other.unexpected()),
        }
    }
    let url = url.ok_or("usage: web-check [--screenshot FILE] [--visits NUMBER] URL")?;
    Ok(Options { url, screenshot, visits })
}

/// Visits the page some times. What was found, and each visit's frames.
fn look(browser: &Browser, options: &Options) -> Result<(Findings, Vec<Frames>), Box<dyn Error>> {
    let mut findings = Findings::default();
    let mut frames = Vec::new();
    for number in 1..=options.visits {
        println!("visit {number}");
        let visit = Visit::make(browser, &options.url)?;
        visit.judge(&mut findings);
        if number == 1 {
            let (width, height, canvas) = visit::canvas(browser)?;
            let wrong = expected::compare(width, height, &canvas);
            let pixels = format!("{width} × {height} pixels, {} of them compared", expected::compared());
            findings.note(wrong.is_empty(), format!("the sheet: {pixels}"));
            wrong.into_iter().for_each(|line| findings.note(false, line));
            if let Some(file) = &options.screenshot {
                fs::write(file, browser.screenshot()?)?;
            }
        }
        frames.push(visit.frames);
    }
    Ok((findings, frames))
}
