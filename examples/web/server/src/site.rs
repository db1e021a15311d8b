//! All that is served, by path.

use std::collections::BTreeMap;
use std::error::Error;
use std::path::Path;
use std::sync::Mutex;
use std::thread;
use std::{fs, io};

use axum::body::Bytes;

use crate::samples::{self, Fate};
use crate::{Options, wasm};

/// All that is served, by path, ready in memory.
#[derive(Debug, Default)]
pub struct Site {
    answers: BTreeMap<String, Answer>,
}

/// What there is at a path.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) kind: &'static str,
    pub(crate) body: Bytes,
    pub(crate) fate: Fate,
}

/// Where the page looks for pictures, and for their names.
const PICTURES: &str = "/pictures/";
const LIST: &str = "/pictures/list.txt";

impl Site {
    /// Builds the page and makes its pictures.
    ///
    /// # Errors
    ///
    /// If the page does not build, or there are no pictures where they should be.
    pub fn prepare(options: &Options) -> Result<Self, Box<dyn Error>> {
        let mut site = Self::default();
        let page = wasm::build()?;
        site.add("/", "text/html; charset=utf-8", include_bytes!("../../page/index.html").to_vec(), Fate::Sent(0));
        site.add("/page.js", "text/javascript", page.script.into_bytes(), Fate::Sent(0));
        site.add("/page_bg.wasm", "application/wasm", page.module, Fate::Sent(0));
        match &options.folder {
            Some(folder) => site.add_folder(folder)?,
            None => site.add_samples(options.spoil.as_deref())?,
        }
        Ok(site)
    }

    pub(crate) fn get(&self, path: &str) -> Option<&Answer> {
        self.answers.get(path).filter(|answer| answer.fate != Fate::Missing)
    }

    fn add(&mut self, path: &str, kind: &'static str, body: Vec<u8>, fate: Fate) {
        self.answers.insert(path.to_string(), Answer { kind, body: body.into(), fate });
    }

    fn add_list(&mut self, names: &[impl AsRef<str>]) {
        let lines: String = names.iter().flat_map(|name| [name.as_ref(), "\n"]).collect();
        self.add(LIST, "text/plain; charset=utf-8", lines.into_bytes(), Fate::Sent(0));
    }

    fn add_samples(&mut self, spoil: Option<&str>) -> Result<(), Box<dyn Error>> {
        if let Some(name) = spoil.filter(|name| samples::ALL.iter().all(|sample| sample.name != *name)) {
            return Err(format!("there is no sample {name}").into());
        }
        eprintln!("drawing {} pictures", samples::ALL.len());
        // A thread takes the next one that nobody has: they differ too much in size to be dealt out.
        let next = Mutex::new(samples::ALL.iter());
        let files = thread::scope(|scope| {
            let threads = thread::available_parallelism().map_or(1, usize::from);
            let draw = || -> Result<Vec<_>, png::EncodingError> {
                let mut files = Vec::new();
                loop {
                    let sample = next.lock().expect("nobody panics with it").next();
                    let Some(sample) = sample else { return Ok(files) };
                    files.push((sample, sample.file(spoil == Some(sample.name))?));
                }
            };
            let started: Vec<_> = (0..threads).map(|_| scope.spawn(draw)).collect();
            started.into_iter().map(|thread| thread.join().expect("drawing does not panic")).collect::<Vec<_>>()
        });
        for drawn in files {
            for (sample, file) in drawn? {
                self.add(&format!("{PICTURES}{}", sample.name), "image/png", file, sample.fate);
            }
        }
        self.add_list(&samples::ALL.map(|sample| sample.name));
        Ok(())
    }

    fn add_folder(&mut self, folder: &Path) -> Result<(), Box<dyn Error>> {
        let mut names = Vec::new();
        for entry in fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))? {
            let path = entry?.path();
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            if path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("png")) && !name.is_empty() {
                self.add(&format!("{PICTURES}{name}"), "image/png", fs::read(&path)?, Fate::Sent(0));
                names.push(name.to_string());
            }
        }
        if names.is_empty() {
            return Err(io::Error::new(io::ErrorKind::NotFound, format!("no PNG in {}", folder.display())).into());
        }
        names.sort();
        self.add_list(&names);
        Ok(())
    }
}
