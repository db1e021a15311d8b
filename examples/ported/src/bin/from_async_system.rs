//! A tile viewer, as ported from AsyncSystem: `originals/from_async_system.cpp`. A tile names a texture and its children;
//! tiles share textures; one tile is broken.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use threadbare::{
    AsyncSystem, Error, Immediate, MainThread, Result, Runnable, SharedTask, Task, TaskProcessor, Worker, all,
};
use threadbare_threads::ThreadPool;

struct ThreadPerTask;

impl TaskProcessor for ThreadPerTask {
    fn start_task(&self, runnable: Runnable) {
        std::thread::spawn(|| runnable.run());
    }
}

/// A library that calls back, on a thread of its own.
fn request(url: String, done: impl FnOnce(Option<String>) + Send + 'static) {
    std::thread::spawn(move || {
        let files =
            [("root", "grass a b c"), ("a", "grass"), ("b", "rock"), ("c", ""), ("grass", "####"), ("rock", "##")];
        done(files.iter().find(|file| file.0 == url).map(|file| file.1.to_string()));
    });
}

struct Tile {
    texture: String,
    children: Vec<String>,
}

fn parse(text: &str) -> Result<Tile> {
    let mut words = text.split_whitespace().map(str::to_string);
    let texture = words.next().ok_or(Error::msg("a tile without a texture"))?;
    Ok(Tile { texture, children: words.collect() })
}

/// The main thread's.
struct Viewer {
    system: AsyncSystem,
    textures: RefCell<HashMap<String, SharedTask<usize>>>,
    drawn: RefCell<Vec<String>>,
    requests: Cell<usize>,
    texels: Cell<usize>,
    placeholders: Cell<usize>,
}

impl Viewer {
    fn worker(&self) -> &Worker {
        self.system.worker()
    }

    fn get(&self, url: &str) -> Task<String> {
        self.requests.set(self.requests.get() + 1);
        let url = url.to_string();
        Task::create(|promise| {
            request(url.clone(), move |body| match body {
                Some(body) => promise.resolve(body),
                None => promise.reject(Error::msg(format_args!("nothing at {url}"))),
            });
            Ok(())
        })
    }

    fn texture(&self, url: &str) -> Task<usize> {
        let mut textures = self.textures.borrow_mut();
        let load = || self.get(url).map(self.worker(), |bytes| bytes.len()).share();
        textures.entry(url.to_string()).or_insert_with(load).fork()
    }

    /// How many tiles there are from this one on.
    fn load(self: &Rc<Self>, here: &MainThread, url: &str) -> Task<usize> {
        let (textures, scene, fallback) = (Rc::clone(self), Rc::clone(self), Rc::clone(self));
        let (name, broken) = (url.to_string(), url.to_string());
        self.get(url)
            .and_then(self.worker(), |text| parse(&text))
            .and_then(here, move |tile: Tile| textures.texture(&tile.texture).with(tile))
            .and_then(here, move |(tile, texels)| {
                let here = scene.system.main().enter().expect("this is main work");
                scene.drawn.borrow_mut().push(name);
                scene.texels.set(scene.texels.get() + texels);
                all(tile.children.iter().map(|child| scene.load(&here, child)))
            })
            .map(&Immediate, |counts| 1 + counts.iter().sum::<usize>())
            .catch(here, move |error| {
                println!("a placeholder for {broken}: {error}");
                fallback.placeholders.set(fallback.placeholders.get() + 1);
                0
            })
    }
}

fn main() -> Result<()> {
    let system = AsyncSystem::new(ThreadPerTask);
    let here = system.main().enter().expect("no other thread is the main thread");
    let journal_thread = ThreadPool::with_threads(1);
    let journal = Arc::new(Mutex::new(Vec::new()));
    let viewer = Rc::new(Viewer {
        system,
        textures: RefCell::default(),
        drawn: RefCell::default(),
        requests: Cell::default(),
        texels: Cell::default(),
        placeholders: Cell::default(),
    });

    let writing = Arc::clone(&journal);
    let loading = viewer.load(&here, "root").map(&journal_thread.worker(), move |count| {
        writing.lock().unwrap().push(format!("loaded {count}"));
        count
    });
    while !loading.is_settled() {
        here.dispatch(); // once a frame
        std::thread::sleep(Duration::from_millis(1));
    }
    assert_eq!(loading.wait()?, 3, "three tiles are good");

    let missing = viewer.load(&here, "nowhere");
    assert_eq!(here.wait(missing)?, 0, "there is no such tile");

    let drawn = viewer.drawn.borrow();
    assert_eq!((drawn.len(), drawn[0].as_str()), (3, "root"), "parents are drawn first");
    assert_eq!(viewer.texels.get(), 4 + 4 + 2, "each tile has its texture");
    assert_eq!(viewer.placeholders.get(), 2, "one is broken, one is missing");
    assert_eq!(viewer.requests.get(), 7, "a texture is requested once");
    assert_eq!(*journal.lock().unwrap(), ["loaded 3"], "the journal is written");
    println!("drawn: {} tiles with {} texels", drawn.len(), viewer.texels.get());
    Ok(())
}
