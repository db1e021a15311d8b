//! A promise is kept once: settling uses it up.

fn main() {
    let (promise, task) = threadbare::promise();
    assert!(!task.is_settled());
    promise.resolve(1);
    assert!(task.is_settled());
}
