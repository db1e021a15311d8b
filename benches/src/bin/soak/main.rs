//! Millions of tasks through every context: does memory stay flat?
//!
//! `cargo run --release -p benches --bin soak [-- TASKS]`, ten million by default. Each stage is one kind of work; stages take
//! turns, in rounds, with at most a thousand tasks in flight. Every value is checked. It fails, with status 1, if at the end one
//! byte more or less is allocated than after the warm-up, if a round leaves much more than the first, or if the resident set has
//! grown by more than is stated below.

mod stages;

use std::fs;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use benches::heap;

use stages::{BATCH, STAGES, World};

/// Turns of each stage.
const ROUNDS: u64 = 5;

/// What the rounds may leave in buffers beyond the first: queues keep the room that they once needed, and how much that is
/// depends on who was slow.
const MOST_IN_BUFFERS: i64 = 1 << 20;

/// How much the resident set may grow after the warm-up: what the allocator keeps for threads of its own accord.
const MOST_RESIDENT: i64 = 16 << 20;

/// Memory at some point.
#[derive(Clone, Copy)]
struct Memory {
    /// Bytes that are allocated.
    live: i64,
    /// Bytes of the resident set, where the system tells.
    resident: Option<i64>,
}

impl Memory {
    fn now() -> Self {
        Self { live: heap::live(), resident: resident() }
    }
}

impl std::fmt::Display for Memory {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:>9} bytes live, ", self.live)?;
        match self.resident {
            Some(bytes) => write!(f, "{:>6} KiB resident", bytes >> 10),
            None => write!(f, "resident set unknown"),
        }
    }
}

/// Linux says it in pages.
fn resident() -> Option<i64> {
    let said = fs::read_to_string("/proc/self/status").ok()?;
    let kib = said.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    kib.trim().strip_suffix("kB")?.trim().parse().ok().map(|kib: i64| kib << 10)
}

/// What a stage has done.
#[derive(Clone, Copy)]
struct Done {
    tasks: u64,
    time: Duration,
    after: Memory,
}

/// A turn of each stage, of so many tasks or a few more.
fn round(world: &World, tasks: u64, done: &mut [Option<Done>]) {
    for ((_, stage), done) in STAGES.iter().zip(done) {
        let start = Instant::now();
        let mut ran = 0;
        while ran < tasks {
            ran += stage(world);
        }
        let before = done.map_or((0, Duration::ZERO), |done| (done.tasks, done.time));
        let (tasks, time) = (before.0 + ran, before.1 + start.elapsed());
        *done = Some(Done { tasks, time, after: Memory::now() });
    }
}

fn main() -> ExitCode {
    let tasks: u64 = std::env::args().nth(1).map_or(10_000_000, |text| text.parse().expect("a number of tasks"));
    heap::counting(|| soak(tasks))
}

fn soak(tasks: u64) -> ExitCode {
    let each = tasks.div_ceil(ROUNDS * STAGES.len() as u64);
    println!("{tasks} tasks in {} stages and {ROUNDS} rounds, up to {BATCH} in flight", STAGES.len());
    let mut done = vec![None; STAGES.len()];
    // A world of its own, of which nothing is left but what the process allocates once.
    round(&World::new(), each.min(10 * BATCH), &mut done);
    done.fill(None);
    let warm = Memory::now();
    println!("after the warm-up   {warm}");

    let world = World::new();
    let mut first = None;
    let mut last = warm;
    for number in 1..=ROUNDS {
        round(&world, each, &mut done);
        last = Memory::now();
        first.get_or_insert(last);
        println!("after round {number}       {last}");
    }
    drop(world);
    let end = Memory::now();
    println!("at the end          {end}\n");
    let mut total = 0;
    for ((name, _), done) in STAGES.iter().zip(done) {
        let Done { tasks, time, after } = done.expect("it had its turns");
        total += tasks;
        println!("{name:<40} {tasks:>9} tasks {:>10.0} tasks/s {after}", tasks as f64 / time.as_secs_f64());
    }
    let kept = last.live - first.unwrap_or(last).live;
    let grown = end.resident.zip(warm.resident).map_or(0, |(end, warm)| end - warm);
    println!(
        "\n{total} tasks; {} bytes left, {kept} more in buffers after the last round than after the first, resident set \
         grown by {} KiB",
        end.live - warm.live,
        grown >> 10
    );
    let failures = [
        (end.live != warm.live).then_some("memory is left"),
        (kept > MOST_IN_BUFFERS).then_some("the rounds leave more and more"),
        (grown > MOST_RESIDENT).then_some("the resident set grows"),
    ];
    let failures: Vec<&str> = failures.into_iter().flatten().collect();
    if failures.is_empty() {
        println!("memory is flat");
        ExitCode::SUCCESS
    } else {
        println!("FAILED: {}", failures.join(", "));
        ExitCode::FAILURE
    }
}
