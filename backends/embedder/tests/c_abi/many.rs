//! Many into one, and one for many.

use std::ptr::null_mut;

use threadbare_embedder::*;

use crate::common::*;

#[test]
fn all_has_the_values_and_destroys_what_is_not_taken() {
    let log = Log::default();
    let mut tasks = [1, 2, 3].map(|n| resolved(log.value(n)));
    let (mut all, mut value) = (null_mut(), null_mut());
    // SAFETY: all are alive.
    unsafe {
        assert_eq!(tb_all(tasks.as_mut_ptr(), 3, &raw mut all), TB_OK);
        assert_eq!(tasks, [null_mut(); 3]);
        assert_eq!(tb_task_wait(&raw mut all, &raw mut value, null_mut()), TB_OK);
        let mut values = value.cast::<tb_values>();
        assert_eq!(tb_values_count(values), 3);
        assert_eq!(finish(tb_values_take(values, 1)), 2);
        assert!(tb_values_take(values, 1).is_null(), "taken before");
        assert!(tb_values_take(values, 3).is_null(), "there are three");
        assert_eq!(log.numbers(), [2]);
        tb_values_drop(&raw mut values);
        tb_values_drop(&raw mut values);
        assert_eq!(tb_values_count(values), 0);
    }
    assert_eq!(log.numbers(), [2, 1, 3]);
}

#[test]
fn the_values_of_all_are_destroyed_with_a_task_that_nobody_takes() {
    let log = Log::default();
    let mut tasks = [1, 2].map(|n| resolved(log.value(n)));
    let mut all = null_mut();
    // SAFETY: all are alive.
    unsafe {
        assert_eq!(tb_all(tasks.as_mut_ptr(), 2, &raw mut all), TB_OK);
        tb_task_drop(&raw mut all);
    }
    assert_eq!(log.numbers(), [1, 2]);
}

#[test]
fn all_of_none_resolves_and_a_race_of_none_is_rejected() {
    let (mut out, mut value) = (null_mut(), null_mut());
    // SAFETY: of no tasks there is nothing to point to.
    unsafe {
        assert_eq!(tb_all(null_mut(), 0, &raw mut out), TB_OK);
        assert_eq!(tb_task_take(&raw mut out, &raw mut value, null_mut()), TB_OK);
        let mut values = value.cast::<tb_values>();
        assert_eq!(tb_values_count(values), 0);
        tb_values_drop(&raw mut values);
        assert_eq!(tb_race(null_mut(), 0, &raw mut out), TB_OK);
    }
    assert_eq!(wait(out).unwrap_err().0, TB_ERROR_OTHER);
}

#[test]
fn a_missing_task_leaves_all_where_they_were() {
    let log = Log::default();
    let mut tasks = [resolved(log.value(1)), null_mut(), resolved(log.value(2))];
    let before = tasks;
    let mut out = null_mut();
    for join in [tb_all, tb_race, tb_any] {
        // SAFETY: the array is whole.
        let status = unsafe { join(tasks.as_mut_ptr(), 3, &raw mut out) };
        assert_eq!((status, tasks, out), (TB_NULL, before, null_mut()));
        // SAFETY: as above.
        assert_eq!(unsafe { join(tasks.as_mut_ptr(), 3, null_mut()) }, TB_NULL);
        // SAFETY: there is no array.
        assert_eq!(unsafe { join(null_mut(), 3, &raw mut out) }, TB_NULL);
    }
    assert_eq!((wait(tasks[0]), wait(tasks[2])), (Ok(1), Ok(2)));
}

#[test]
fn race_takes_the_first_and_any_the_first_value() {
    let log = Log::default();
    let (mut slow, pending) = promise();
    let mut tasks = [pending, rejected(TB_ERROR_OTHER, "first")];
    let mut out = null_mut();
    // SAFETY: all are alive.
    unsafe { assert_eq!(tb_race(tasks.as_mut_ptr(), 2, &raw mut out), TB_OK) };
    assert_eq!(wait(out), Err((TB_ERROR_OTHER, "first".to_string())));
    // SAFETY: as above.
    unsafe {
        assert_eq!(tb_promise_resolve(slow, log.value(1), DESTROY), TB_OK);
        tb_promise_drop(&raw mut slow);
    }
    assert_eq!(log.numbers(), [1], "what comes second is destroyed");

    let mut tasks = [rejected(TB_ERROR_OTHER, "down"), resolved(log.value(3))];
    // SAFETY: as above.
    unsafe { assert_eq!(tb_any(tasks.as_mut_ptr(), 2, &raw mut out), TB_OK) };
    assert_eq!(wait(out), Ok(3));

    let mut tasks = [rejected(TB_ERROR_OTHER, "down"), rejected(TB_ERROR_OTHER, "gone")];
    // SAFETY: as above.
    unsafe { assert_eq!(tb_any(tasks.as_mut_ptr(), 2, &raw mut out), TB_OK) };
    let text = wait(out).unwrap_err().1;
    assert!(text.contains("down") && text.contains("gone"), "{text}");
}

#[test]
fn each_fork_has_a_clone_and_the_original_goes_last() {
    let log = Log::default();
    let (mut promise, mut task) = promise();
    let (mut shared, mut again, mut forks) = (null_mut(), null_mut(), [null_mut(); 3]);
    // SAFETY: all are alive.
    unsafe {
        assert_eq!(tb_task_share(&raw mut task, None, &raw mut shared), TB_NULL);
        assert!(!task.is_null(), "it stayed");
        assert_eq!(tb_task_share(&raw mut task, Some(clone_value), &raw mut shared), TB_OK);
        assert!(task.is_null());
        for fork in &mut forks[..2] {
            assert_eq!(tb_shared_fork(shared, fork), TB_OK);
        }
        assert_eq!(tb_shared_clone(shared, &raw mut again), TB_OK);
        tb_shared_drop(&raw mut shared);
        assert!(shared.is_null() && !tb_shared_is_settled(again));
        assert_eq!(tb_promise_resolve(promise, log.value(5), DESTROY), TB_OK);
        tb_promise_drop(&raw mut promise);
        assert!(tb_shared_is_settled(again));
        assert_eq!(tb_shared_fork(again, &raw mut forks[2]), TB_OK);
    }
    assert_eq!(forks.map(wait), [Ok(15), Ok(15), Ok(15)]);
    assert_eq!(log.numbers(), [15; 3]);
    // SAFETY: it is alive.
    unsafe { tb_shared_drop(&raw mut again) };
    assert_eq!(log.numbers(), [15, 15, 15, 5]);
}

#[test]
fn a_look_at_a_shared_task_gets_a_clone() {
    let log = Log::default();
    let (mut promise, mut task) = promise();
    let (mut shared, mut value, mut error) = (null_mut(), null_mut(), null_mut());
    // SAFETY: all are alive.
    unsafe {
        assert_eq!(tb_task_share(&raw mut task, Some(clone_value), &raw mut shared), TB_OK);
        assert_eq!(tb_shared_peek(shared, &raw mut value, &raw mut error), TB_PENDING);
        assert_eq!(tb_promise_resolve(promise, log.value(5), DESTROY), TB_OK);
        tb_promise_drop(&raw mut promise);
        assert_eq!(tb_shared_peek(shared, &raw mut value, &raw mut error), TB_OK);
        assert_eq!(finish(value), 15);
        assert_eq!(tb_shared_peek(shared, null_mut(), null_mut()), TB_OK);
        tb_shared_drop(&raw mut shared);
        assert_eq!(log.numbers(), [15, 15, 5]);

        task = rejected(TB_ERROR_FULL, "full");
        assert_eq!(tb_task_share(&raw mut task, Some(clone_value), &raw mut shared), TB_OK);
        assert_eq!(tb_shared_peek(shared, &raw mut value, &raw mut error), TB_REJECTED);
        assert_eq!((value, take_error(error).0), (null_mut(), TB_ERROR_FULL));
        tb_shared_drop(&raw mut shared);
    }
}
