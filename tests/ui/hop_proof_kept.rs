//~ ERROR: future cannot be sent between threads safely
//! An async block that hops cannot keep the proof of being on the main thread across an await.

use threadbare::{AsyncSystem, MainBound, Task, spawn_with};

fn store(system: &AsyncSystem, bound: MainBound<u32>, next: Task<u32>) -> Task<u32> {
    let main = system.main().clone();
    spawn_with(system.worker(), |cx| async move {
        let here = cx.hop(&main).await;
        let more = next.await?;
        Ok(*bound.get(&here) + more)
    })
}

fn main() {
    let _: fn(&_, _, _) -> _ = store;
}
