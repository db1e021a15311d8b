//! An asset registry, as ported from std::future and a thread pool: `originals/from_std_future.cpp`. One pool, one load a
//! path, typed handles.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use threadbare::{Error, ErrorKind, Result, SharedTask, Task, Worker, promise, try_run};
use threadbare_threads::ThreadPool;

struct Texture {
    texels: Vec<u8>,
}

type Handle<T> = Arc<T>;

fn decode(path: &str) -> Result<Texture> {
    if !path.ends_with(".png") {
        return Err(Error::msg(format_args!("not a texture: {path}")));
    }
    Ok(Texture { texels: vec![7; path.len()] })
}

struct Registry {
    worker: Worker,
    textures: Mutex<HashMap<String, SharedTask<Handle<Texture>>>>,
    loads: AtomicUsize,
}

impl Registry {
    fn load(&self, path: &str) -> Task<Handle<Texture>> {
        let mut textures = self.textures.lock().unwrap();
        let load = || {
            self.loads.fetch_add(1, Ordering::Relaxed);
            let path = path.to_string();
            try_run(&self.worker, move || Ok(Arc::new(decode(&path)?))).share()
        };
        textures.entry(path.to_string()).or_insert_with(load).fork()
    }
}

fn main() -> Result<()> {
    let mut uploaded: Vec<usize> = Vec::new();
    let pool = ThreadPool::new();
    let registry = Registry { worker: pool.worker(), textures: Mutex::default(), loads: AtomicUsize::new(0) };

    // Several ask for the same; a consumer of each does its own work with it, when it is there, and blocks nobody.
    let sums = ["hero.png", "grass.png", "hero.png", "notes.txt"].map(|path| {
        registry.load(path).map(&pool.worker(), |texture| texture.texels.iter().map(|&texel| usize::from(texel)).sum())
    });
    let mut failures = 0;
    for sum in sums {
        while !sum.is_settled() {
            std::thread::sleep(Duration::from_millis(1)); // draw a progress bar
        }
        match sum.wait() {
            Ok(sum) => uploaded.push(sum),
            Err(error) => {
                println!("a placeholder: {error}");
                failures += 1;
            }
        }
    }
    assert_eq!(uploaded, [56, 63, 56], "three loads are good");
    assert_eq!((failures, registry.loads.into_inner()), (1, 3), "one load a path");

    // A value from elsewhere: the player presses a key. And one that never comes.
    let (key, pressed) = promise();
    let input = std::thread::spawn(move || key.resolve('y'));
    assert_eq!(pressed.wait()?, 'y', "the key arrives");
    input.join().expect("the thread has not panicked");
    let never = {
        let (_lost, never) = promise::<char>();
        never
    };
    let error = never.wait().expect_err("nobody has pressed it");
    assert_eq!(error.kind(), ErrorKind::Abandoned, "the promise is broken");
    println!("uploaded: {} textures", uploaded.len());
    Ok(())
}
