//! What is queued for one worker, or pool.

use alloc::boxed::Box;
use alloc::collections::VecDeque;

use heapless::deque::DequeView;
use threadbare::{Error, Inbox, Pushed, Refused, Runnable};

use crate::dice::Dice;
use crate::sync::{Arc, AtomicUsize, Ordering};

/// The end of a worker's queue that anybody fills, interrupt handlers included.
pub(crate) struct Lane {
    inbox: Inbox,
    /// How many runnables may wait, if there is a limit.
    capacity: Option<usize>,
    /// How many do; counted if there is a limit.
    waiting: AtomicUsize,
    /// How many threads it stands for: so many of the oldest runnables may overtake each other.
    threads: usize,
}

impl Lane {
    pub(crate) fn new(capacity: Option<usize>, threads: usize) -> Self {
        Self { inbox: Inbox::new(), capacity, waiting: AtomicUsize::new(0), threads }
    }

    /// Lets a runnable in, or gives it back.
    pub(crate) fn push(&self, runnable: Runnable) -> Result<Pushed, Refused> {
        // ORDERING: Relaxed: a count, which publishes nothing. Whoever finds no room takes its own step back.
        if self.capacity.is_some_and(|capacity| self.waiting.fetch_add(1, Ordering::Relaxed) >= capacity) {
            self.leave();
            return Err(Refused { runnable, error: Error::full("the worker's queue is full") });
        }
        self.inbox.push(runnable).map_err(|runnable| {
            self.leave();
            Refused { runnable, error: Error::closed("the worker is closed") }
        })
    }

    /// One that waited, or wanted to, no longer does.
    fn leave(&self) {
        if self.capacity.is_some() {
            // ORDERING: Relaxed, as in `push`.
            self.waiting.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

/// The other end, for whoever polls.
pub(crate) struct Seat {
    lane: Arc<Lane>,
    ready: Ready,
}

/// What was taken from the inbox and not yet run. Not a list through the runnables' own links, since a seeded choice looks
/// into the middle.
enum Ready {
    Growing(VecDeque<Runnable>),
    Fixed(Box<DequeView<Runnable>>),
}

/// Makes the queue of a fixed size.
pub(crate) type MakeRoom = fn() -> Box<DequeView<Runnable>>;

impl Seat {
    pub(crate) fn new(lane: Arc<Lane>, make_room: Option<MakeRoom>) -> Self {
        let ready = make_room.map_or_else(|| Ready::Growing(VecDeque::new()), |make| Ready::Fixed(make()));
        Self { lane, ready }
    }

    /// Takes in what has arrived.
    pub(crate) fn collect(&mut self) {
        if self.lane.inbox.is_empty() {
            return;
        }
        for runnable in self.lane.inbox.take() {
            self.keep(runnable);
        }
    }

    fn keep(&mut self, runnable: Runnable) {
        let kept = match &mut self.ready {
            Ready::Growing(queue) => {
                queue.push_back(runnable);
                Ok(())
            }
            Ready::Fixed(queue) => queue.push_back(runnable),
        };
        debug_assert!(kept.is_ok(), "no more were let in than there is room for");
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.len() == 0 && self.lane.inbox.is_empty()
    }

    fn len(&self) -> usize {
        match &self.ready {
            Ready::Growing(queue) => queue.len(),
            Ready::Fixed(queue) => queue.storage_len(),
        }
    }

    /// How many of what was collected may be next.
    pub(crate) fn candidates(&self) -> usize {
        self.len().min(self.lane.threads)
    }

    /// Takes one of the candidates out. The oldest steps into its place, and so stays one.
    pub(crate) fn take(&mut self, candidate: usize) -> Option<Runnable> {
        let taken = match &mut self.ready {
            Ready::Growing(queue) => queue.swap_remove_front(candidate),
            Ready::Fixed(queue) => queue.swap_remove_front(candidate),
        };
        if taken.is_some() {
            self.lane.leave();
        }
        taken
    }

    /// Takes the newest out.
    pub(crate) fn take_newest(&mut self) -> Option<Runnable> {
        let taken = match &mut self.ready {
            Ready::Growing(queue) => queue.pop_back(),
            Ready::Fixed(queue) => queue.pop_back(),
        };
        if taken.is_some() {
            self.lane.leave();
        }
        taken
    }

    /// Lets nothing in any more.
    pub(crate) fn close(&mut self) {
        for runnable in self.lane.inbox.close() {
            self.keep(runnable);
        }
    }
}

/// Picks one of all candidates of the seats, or of `others` that are no seat's: then it says which. Without any it says zero.
pub(crate) fn draw(seats: &mut [Seat], others: usize, dice: &mut Dice) -> Result<Runnable, usize> {
    let all = seats.iter().map(Seat::candidates).sum::<usize>() + others;
    let mut pick = dice.below(all);
    for seat in seats {
        let candidates = seat.candidates();
        if pick < candidates {
            // A candidate is there to be taken.
            return seat.take(pick).ok_or(0);
        }
        pick -= candidates;
    }
    Err(pick)
}
