//! The project's own chores.
//!
//! `cargo xtask weaken [FILE…]` weakens each memory ordering of the core and the backends by one step, one at a time, and runs
//! the models: one of them must fail, or a comment beside the ordering must say why none can.
//!
//! `cargo xtask header` makes the C header of `threadbare-embedder` anew.

mod header;
mod mutant;
mod report;
mod weaken;

use std::process::ExitCode;

const USAGE: &str = "usage: cargo xtask weaken [--list] [--out FILE] [PATH…]

Weakens each ordering in the sources below PATH (default: core/src, backends/*/src) by one step, one at a time, in a copy of the
tree under target/weaken, and runs the models. Fails if an ordering survives whose comment does not say why.

  --list       only say what would be weakened
  --changed    only files that the last commit has changed, or that have changed since
  --quick      only ask the models that are known to look at the file
  --out FILE   write the table there, as Markdown

       cargo xtask header [--check]

Makes backends/embedder/include/threadbare.h of that crate's sources.

  --check      only compare; fails, and says where, if the header is not current";

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let done = match arguments.next().as_deref() {
        Some("weaken") => weaken::Options::parse(arguments).and_then(weaken::weaken),
        Some("header") => header::Options::parse(arguments).and_then(header::header),
        Some("--help" | "-h") => {
            println!("{USAGE}");
            Ok(true)
        }
        Some(other) => Err(format!("no such task: {other}\n{USAGE}")),
        None => Err(USAGE.to_string()),
    };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(message) => {
            eprintln!("{message}");
            ExitCode::from(2)
        }
    }
}
