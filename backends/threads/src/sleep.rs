//! Who searches, who sleeps, and who is woken. The protocol and its argument are in `sleep.md`.

use crate::sync::{AtomicUsize, Mutex, Ordering, fence, thread};

/// One sleeper, in the low half of the word's counts.
const SLEEPER: usize = 1;
/// One searcher.
const SEARCHER: usize = 1 << HALF;
const HALF: u32 = usize::BITS / 2 - 1;
/// The pool is closing.
const CLOSING: usize = 1 << (2 * HALF);
/// And what is queued is to be rejected.
const REJECTING: usize = CLOSING << 1;
/// So many threads the counts have room for.
pub(crate) const MOST: usize = SEARCHER - 1;

fn sleepers(word: usize) -> usize {
    word & (SEARCHER - 1)
}

fn searchers(word: usize) -> usize {
    (word >> HALF) & (SEARCHER - 1)
}

/// One word: sleepers, searchers, and whether the pool is closing. And the list of sleepers, as many as the word counts.
pub(crate) struct Sleep {
    word: AtomicUsize,
    list: Mutex<Vec<thread::Thread>>,
}

impl Sleep {
    pub(crate) fn new() -> Self {
        Self { word: AtomicUsize::new(0), list: Mutex::new(Vec::new()) }
    }

    /// Something was queued: wakes a sleeper, unless somebody searches anyway.
    pub(crate) fn notify(&self) {
        // ORDERING: SeqCst: with those in `stop_searching` and `lie_down`; see `sleep.md`.
        fence(Ordering::SeqCst);
        // ORDERING: Relaxed: the fence orders it.
        let word = self.word.load(Ordering::Relaxed);
        if sleepers(word) > 0 && searchers(word) == 0 {
            self.wake_one();
        }
    }

    /// | before | after |
    /// |---|---|
    /// | a sleeper | a searcher |
    fn wake_one(&self) {
        let sleeper = self.list.with(|list| {
            let sleeper = list.pop()?;
            // ORDERING: Relaxed: it publishes nothing; the lock keeps count and list together.
            self.word.fetch_add(SEARCHER - SLEEPER, Ordering::Relaxed);
            Some(sleeper)
        });
        if let Some(sleeper) = sleeper {
            sleeper.unpark();
        }
    }

    /// | before | after |
    /// |---|---|
    /// | | a searcher |
    pub(crate) fn start_searching(&self) {
        // ORDERING: Relaxed: who sees the searcher relies on its stopping, not on this.
        self.word.fetch_add(SEARCHER, Ordering::Relaxed);
    }

    /// For a searcher: does nobody else search? A hint.
    pub(crate) fn is_only_searcher(&self) -> bool {
        // ORDERING: Relaxed: a hint.
        searchers(self.word.load(Ordering::Relaxed)) == 1
    }

    /// Stops searching, having found work or having better things to do. `look` says whether there is more.
    ///
    /// | before | after |
    /// |---|---|
    /// | a searcher | |
    pub(crate) fn stop_searching(&self, look: impl FnOnce() -> bool) {
        // ORDERING: Release publishes what this one has moved to its own queue to those who stop searching or lie down later:
        // they read this, or what comes after it in the word, and their fence acquires it.
        if searchers(self.word.fetch_sub(SEARCHER, Ordering::Release)) == 1 {
            // ORDERING: SeqCst: with the one in `notify`; see `sleep.md`.
            fence(Ordering::SeqCst);
            if look() {
                self.notify();
            }
        }
    }

    /// Goes on the list of sleepers; `was` is SEARCHER for one that searches, else zero. `look` says whether there is work
    /// after all. `true` means: park. Either way the caller must then [`get_up`](Sleep::get_up).
    ///
    /// | before | after |
    /// |---|---|
    /// | a searcher, or nothing | a sleeper |
    fn lie_down(&self, was: usize, look: impl FnOnce() -> bool) -> bool {
        self.list.with(|list| {
            list.push(thread::current());
            // ORDERING: Relaxed: the fence below orders it; the lock keeps count and list together.
            self.word.fetch_add(SLEEPER.wrapping_sub(was), Ordering::Relaxed);
        });
        // ORDERING: SeqCst: with the one in `notify`; see `sleep.md`.
        fence(Ordering::SeqCst);
        !look()
    }

    /// A searcher goes to sleep. `false`: it did not, and searches still.
    pub(crate) fn sleep_from_search(&self, look: impl FnOnce() -> bool) -> bool {
        let asleep = self.lie_down(SEARCHER, || self.is_closing() || look());
        if !asleep && self.get_up() {
            self.start_searching();
        }
        asleep
    }

    /// A thread that waits goes to sleep. `false`: it did not. It does not count as searching.
    pub(crate) fn sleep_from_wait(&self, look: impl Fn() -> bool) -> bool {
        let asleep = self.lie_down(0, &look);
        if !asleep {
            self.wake_from_wait(look);
        }
        asleep
    }

    /// A searcher that slept is up, and searches.
    pub(crate) fn wake_to_search(&self) {
        if self.get_up() {
            self.start_searching();
        }
    }

    /// A thread that waits is up. If it was woken for work, which it may not do, somebody else must.
    pub(crate) fn wake_from_wait(&self, look: impl FnOnce() -> bool) {
        if !self.get_up() {
            self.stop_searching(look);
        }
    }

    /// Takes the calling thread off the list; `false` if a waker has done so, which made it a searcher.
    ///
    /// | before | after |
    /// |---|---|
    /// | a sleeper | nothing |
    fn get_up(&self) -> bool {
        let me = thread::current().id();
        self.list.with(|list| {
            let place = list.iter().position(|sleeper| sleeper.id() == me);
            if let Some(place) = place {
                list.swap_remove(place);
                // ORDERING: Relaxed: it publishes nothing; the lock keeps count and list together.
                self.word.fetch_sub(SLEEPER, Ordering::Relaxed);
            }
            place.is_some()
        })
    }

    /// How many sleep whom nobody has woken.
    #[cfg(loom)]
    pub(crate) fn sleepers(&self) -> usize {
        self.list.with(|list| list.len())
    }

    /// No more will be queued: everybody gets up.
    pub(crate) fn close(&self, run: bool) {
        let bits = if run { CLOSING } else { CLOSING | REJECTING };
        // ORDERING: Relaxed: the ready list's lock orders what was moved there before; see `is_closing`.
        self.word.fetch_or(bits, Ordering::Relaxed);
        let sleepers = self.list.with(|list| list.clone());
        for sleeper in sleepers {
            sleeper.unpark();
        }
    }

    /// Whether what is queued is to be rejected.
    pub(crate) fn is_rejecting(&self) -> bool {
        // ORDERING: Relaxed: who does not see it yet has taken its work before the pool was closed.
        self.word.load(Ordering::Relaxed) & REJECTING != 0
    }

    /// Whether no more will be queued. What is on the ready list then, or was, is all there is.
    pub(crate) fn is_closing(&self) -> bool {
        // ORDERING: Relaxed: who has seen the bit and then locks the ready list does so after the closer did, who set the bit
        // after that; the other order would be to see a write that comes after.
        self.word.load(Ordering::Relaxed) & CLOSING != 0
    }
}
