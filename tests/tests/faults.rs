//! Processors, clocks and queues with faults: whatever they do, every task settles with an error that fits, nothing leaks, no
//! thread dies, and when the fault is gone all goes on. Every kind of work meets every fault.

#[path = "faults/clock.rs"]
mod clock;
#[path = "faults/helper.rs"]
mod helper;
#[path = "faults/memory.rs"]
mod memory;
#[path = "faults/processor.rs"]
mod processor;
#[path = "faults/queue.rs"]
mod queue;
#[path = "faults/work.rs"]
mod work;
