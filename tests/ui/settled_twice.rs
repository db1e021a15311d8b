//~ ERROR: use of moved value: `promise`
//! A promise is kept once: settling uses it up.

fn main() {
    let (promise, task) = threadbare::promise();
    promise.resolve(0);
    promise.resolve(1);
    assert!(task.is_settled());
}
