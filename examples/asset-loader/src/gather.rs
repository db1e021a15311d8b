//! Many tasks into one.

use std::sync::{Arc, Mutex};

use threadbare::{Immediate, Promise, Result, Task, promise};

use crate::lock;

/// A countdown: settles once all of `tasks` have, with their values in order, or with the first error that came.
///
/// This is what a promise is for: whichever task comes last, on whichever thread, settles it.
pub fn gather<T: Send + 'static>(tasks: impl IntoIterator<Item = Task<T>>) -> Task<Vec<T>> {
    let tasks: Vec<_> = tasks.into_iter().collect();
    if tasks.is_empty() {
        return Task::resolved(Vec::new());
    }
    let (promise, gathered) = promise();
    let values = tasks.iter().map(|_| None).collect();
    let countdown = Arc::new(Mutex::new(Countdown { left: tasks.len(), values, error: None, promise: Some(promise) }));
    for (index, task) in tasks.into_iter().enumerate() {
        let countdown = Arc::clone(&countdown);
        task.then(&Immediate, move |outcome| {
            // Settling runs what waits for the outcome, so it is done when the lock is free again.
            let last = lock(&countdown).arrive(index, outcome);
            if let Some((promise, outcome)) = last {
                promise.settle(outcome);
            }
            Ok(())
        })
        .detach();
    }
    gathered
}

/// A promise, and what to settle it with.
type Landing<T> = (Promise<Vec<T>>, Result<Vec<T>>);

struct Countdown<T: Send + 'static> {
    left: usize,
    values: Vec<Option<T>>,
    error: Option<threadbare::Error>,
    promise: Option<Promise<Vec<T>>>,
}

impl<T: Send + 'static> Countdown<T> {
    /// Notes one outcome. After the last, the countdown is over.
    fn arrive(&mut self, index: usize, outcome: Result<T>) -> Option<Landing<T>> {
        match outcome {
            Ok(value) => self.values[index] = Some(value),
            Err(error) => {
                self.error.get_or_insert(error);
            }
        }
        self.left -= 1;
        if self.left > 0 {
            return None;
        }
        let promise = self.promise.take()?;
        let outcome = match self.error.take() {
            Some(error) => Err(error),
            None => Ok(self.values.drain(..).flatten().collect()),
        };
        Some((promise, outcome))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use threadbare::Error;

    #[test]
    fn values_keep_their_order_whoever_comes_first() {
        let (first, a) = promise();
        let (second, b) = promise();
        let all = gather([a, b, Task::resolved(3)]);
        second.resolve(2);
        assert!(!all.is_settled());
        first.resolve(1);
        assert_eq!(all.wait().unwrap(), [1, 2, 3]);
    }

    #[test]
    fn the_first_error_is_told_after_the_last_outcome() {
        let (first, a) = promise::<u32>();
        let (second, b) = promise();
        let all = gather([a, b]);
        second.reject(Error::msg("first to fail"));
        assert!(!all.is_settled());
        drop(first);
        assert_eq!(all.wait().unwrap_err().to_string(), "first to fail");
    }

    #[test]
    fn nothing_is_gathered_at_once() {
        assert!(gather(Vec::<Task<()>>::new()).is_settled());
    }
}
