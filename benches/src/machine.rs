//! What the figures were taken on.

use std::fs;
use std::thread;

/// The machine, the compiler, and the peers' versions.
#[derive(Clone, Debug)]
pub struct Machine {
    /// The processor's name.
    pub cpu: String,
    /// How many threads can run at once.
    pub cores: usize,
    /// The operating system's kernel.
    pub kernel: String,
    /// What compiled it.
    pub rustc: &'static str,
    /// What allocates.
    pub allocator: &'static str,
    /// The peers, with their versions.
    pub peers: Vec<String>,
}

const PEERS: &[&str] = &[
    "async-executor",
    "bevy_tasks",
    "concurrent-queue",
    "crossbeam-queue",
    "forte",
    "futures",
    "oneshot",
    "rayon",
    "threadpool",
    "tokio",
];

impl Machine {
    /// This one.
    #[must_use]
    pub fn this() -> Self {
        let cpuinfo = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let cpu =
            cpuinfo.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": ").map(|(_, name)| name));
        let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
        Self {
            cpu: cpu.unwrap_or(std::env::consts::ARCH).trim().to_owned(),
            cores: thread::available_parallelism().map_or(1, usize::from),
            kernel: format!("{} {}", std::env::consts::OS, kernel.trim()),
            rustc: env!("MADE_BY"),
            allocator: crate::heap::ALLOCATOR,
            peers: if cfg!(feature = "peers") { versions(include_str!("../../Cargo.lock"), PEERS) } else { Vec::new() },
        }
    }
}

/// What a lock file says of these packages, as `name version`; the newest, should there be several.
fn versions(lock: &str, packages: &[&str]) -> Vec<String> {
    let all: Vec<(&str, &str)> = lock
        .split("[[package]]")
        .filter_map(|package| {
            let field = |key: &str| package.lines().find_map(|line| line.strip_prefix(key)?.strip_suffix('"'));
            Some((field("name = \"")?, field("version = \"")?))
        })
        .collect();
    packages
        .iter()
        .filter_map(|wanted| all.iter().rfind(|(name, _)| name == wanted))
        .map(|(name, version)| format!("{name} {version}"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_come_from_the_lock_file() {
        let lock = "version = 4\n\n[[package]]\nname = \"rayon\"\nversion = \"1.2.3\"\n\n\
                    [[package]]\nname = \"tokio\"\nversion = \"4.5.6\"\n";
        assert_eq!(versions(lock, &["tokio", "rayon", "missing"]), ["tokio 4.5.6", "rayon 1.2.3"]);
    }

    #[test]
    fn every_peer_has_a_version() {
        assert_eq!(versions(include_str!("../../Cargo.lock"), PEERS).len(), PEERS.len());
    }

    #[test]
    fn this_machine_has_a_name() {
        let machine = Machine::this();
        assert!(!machine.cpu.is_empty() && machine.cores > 0 && machine.rustc.starts_with("rustc "), "{machine:?}");
    }
}
