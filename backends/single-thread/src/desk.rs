//! What whoever polls has before it, and how it chooses.

use alloc::vec::Vec;
use core::time::Duration;

use threadbare::{Runnable, Timer, TimerQueue};

use crate::dice::Dice;
use crate::lane::{Seat, draw};

/// What whoever polls has before it.
pub(crate) struct Desk {
    pub(crate) seats: Vec<Seat>,
    pub(crate) timers: TimerQueue,
    /// Whose turn it is: the timers', the main queue's, or that of a seat.
    turn: usize,
    /// For seeded orders.
    dice: Option<Dice>,
}

/// What comes next.
pub(crate) enum Next {
    Run(Runnable),
    Fire(Timer),
    /// One of the main queue, if it has any: ask it, and if it has none, choose again without it.
    AskMain,
    Nothing,
}

const TIMERS: usize = 0;
const MAIN: usize = 1;
const FIRST_SEAT: usize = 2;

impl Desk {
    pub(crate) fn new(seed: Option<u64>, timers: TimerQueue) -> Self {
        Self { seats: Vec::new(), timers, turn: 0, dice: seed.map(Dice::new) }
    }

    /// Whether nothing waits, timers aside.
    pub(crate) fn is_empty(&self) -> bool {
        self.seats.iter().all(Seat::is_empty)
    }

    /// Chooses. `main`: is the main queue one of those to choose from? `now`: timers that are due by then are.
    pub(crate) fn choose(&mut self, main: bool, now: Option<Duration>) -> Next {
        self.seats.iter_mut().for_each(Seat::collect);
        match &mut self.dice {
            None => self.next_in_turn(main, now),
            Some(dice) => {
                let due = now.filter(|&now| self.timers.next_deadline().is_some_and(|deadline| deadline <= now));
                match (draw(&mut self.seats, usize::from(due.is_some()) + usize::from(main), dice), due) {
                    (Ok(runnable), _) => Next::Run(runnable),
                    (Err(0), Some(now)) => self.timers.take_due(now).map_or(Next::Nothing, Next::Fire),
                    (Err(_), _) if main => Next::AskMain,
                    (Err(_), _) => Next::Nothing,
                }
            }
        }
    }

    /// Chooses the main queue's next, or a timer that is due, or the newest of a worker's.
    pub(crate) fn choose_newest(&mut self, main: bool, now: Option<Duration>) -> Next {
        if main {
            return Next::AskMain;
        }
        if let Some(timer) = now.and_then(|now| self.timers.take_due(now)) {
            return Next::Fire(timer);
        }
        self.seats.iter_mut().for_each(Seat::collect);
        self.seats.iter_mut().find_map(Seat::take_newest).map_or(Next::Nothing, Next::Run)
    }

    /// Each in turn, so that none waits for ever behind another that feeds itself.
    fn next_in_turn(&mut self, main: bool, now: Option<Duration>) -> Next {
        let members = FIRST_SEAT + self.seats.len();
        for offset in 0..members {
            let member = (self.turn + offset) % members;
            let next = match member {
                TIMERS => now.and_then(|now| self.timers.take_due(now)).map(Next::Fire),
                MAIN => main.then_some(Next::AskMain),
                seat => self.seats[seat - FIRST_SEAT].take(0).map(Next::Run),
            };
            if let Some(next) = next {
                self.turn = member + 1;
                return next;
            }
        }
        Next::Nothing
    }
}
