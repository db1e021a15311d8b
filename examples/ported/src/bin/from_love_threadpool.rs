//! Terrain, as ported from love-threadpool: `originals/from_love_threadpool.lua`. Workers generate chunks, the main thread
//! keeps the map.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use threadbare::{AsyncSystem, Error, Result, all, spawn};
use threadbare_threads::{StatefulPool, ThreadPool};

type Chunk = Vec<usize>;

/// One a worker, with tables of its own.
struct Generator {
    heights: Vec<usize>,
    made: usize,
    total: Arc<AtomicUsize>,
}

impl Generator {
    fn load(seed: usize, total: Arc<AtomicUsize>) -> Result<Self> {
        Ok(Generator { heights: (0..256).map(|i| (i * 7 + seed) % 31).collect(), made: 0, total })
    }

    fn chunk(&mut self, x: usize, y: isize) -> Result<Chunk> {
        let y = usize::try_from(y).map_err(|_| Error::msg("there is no chunk below the sea"))?;
        self.made += 1;
        Ok((1..=16).map(|i| self.heights[(x * 16 + y * 5 + i) % 256]).collect())
    }

    fn highest(&mut self, chunk: &Chunk) -> usize {
        chunk.iter().copied().max().unwrap_or(0)
    }
}

impl Drop for Generator {
    fn drop(&mut self) {
        println!("a worker has made {} chunks", self.made);
        self.total.fetch_add(self.made, Ordering::Relaxed);
    }
}

/// The main thread's.
#[derive(Default)]
struct Game {
    map: RefCell<HashMap<(usize, isize), Chunk>>,
    journal: RefCell<Vec<String>>,
    fallbacks: Cell<usize>,
}

impl Game {
    fn lay(&self, x: usize, y: isize, outcome: Result<Chunk>) {
        match outcome {
            Ok(chunk) => drop(self.map.borrow_mut().insert((x, y), chunk)),
            Err(error) => {
                self.fallbacks.set(self.fallbacks.get() + 1);
                self.journal.borrow_mut().push(error.to_string());
            }
        }
    }
}

fn main() -> Result<()> {
    // love.load
    let system = AsyncSystem::new(ThreadPool::with_threads(1));
    let here = system.main().enter().expect("no other thread is the main thread");
    let total = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&total);
    let pool = StatefulPool::new(2, move |_worker| Generator::load(3, Arc::clone(&counted)))?;
    let game = Rc::new(Game::default());
    let mut working = Vec::new();

    // By callback: independent chunks, laid in the order in which they are done; the last is one that there is not.
    for (x, y) in (0..8).map(|x| (x, 0)).chain([(0, -1)]) {
        let game = Rc::clone(&game);
        working.push(pool.try_call(move |generator| generator.chunk(x, y)).then(&here, move |outcome| {
            game.lay(x, y, outcome);
            Ok(())
        }));
    }

    // By async block: two walks, each of which needs one chunk after the other.
    for row in 1..=2 {
        let (pool, game) = (pool.clone(), Rc::clone(&game));
        working.push(spawn(&here, async move {
            let mut x = 0;
            for _ in 0..4 {
                let chunk = pool.try_call(move |generator| generator.chunk(x, row)).await?;
                game.lay(x, row, Ok(chunk.clone()));
                x += 1 + pool.call(move |generator| generator.highest(&chunk)).await? % 3;
            }
            game.journal.borrow_mut().push(format!("walk {row} ends at {x}"));
            Ok(())
        }));
    }

    // love.update
    let loading = all(working);
    while !loading.is_settled() {
        here.dispatch_for(Duration::from_millis(2));
        std::thread::sleep(Duration::from_millis(1)); // the rest of the frame
    }
    loading.wait()?;

    // love.quit
    pool.close();
    pool.close(); // does no harm
    assert_eq!(game.map.borrow().len(), 16, "eight by callback, eight on walks");
    assert_eq!(game.fallbacks.get(), 1, "one that there is not");
    assert_eq!(total.load(Ordering::Relaxed), 16, "both workers have told how many they made");
    let mut journal = game.journal.take();
    journal.sort();
    assert_eq!(journal, ["there is no chunk below the sea", "walk 1 ends at 8", "walk 2 ends at 7"]);
    println!("16 chunks, {}, {}", journal[1], journal[2]);
    Ok(())
}
