//! The command line.

use std::path::{Path, PathBuf};

use benches::workloads;
use clap::Parser;
use clap::builder::PossibleValuesParser;

/// Runs Threadbare and its peers on the same work, and prints how they compare
///
/// A whole run writes table.md and table.svg to the package's folder `results`; a quick one, or one of some workloads, only
/// with --out.
#[derive(Debug, Clone, PartialEq, Eq, Parser)]
#[command(name = "benches", version)]
pub(crate) struct Options {
    /// What to run; without any, everything
    #[arg(value_name = "WORKLOAD", value_parser = PossibleValuesParser::new(workloads::names()))]
    workloads: Vec<String>,

    /// A tenth of the work and few samples: less than a minute
    #[arg(long)]
    pub(crate) quick: bool,

    /// Where table.md and table.svg go
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

impl Options {
    /// Is this one of those to run?
    pub(crate) fn wants(&self, name: &str) -> bool {
        self.workloads.is_empty() || self.workloads.iter().any(|wanted| wanted == name)
    }

    /// Where the tables go, if anywhere.
    pub(crate) fn folder(&self) -> Option<PathBuf> {
        let whole = self.workloads.is_empty() && !self.quick && !cfg!(debug_assertions);
        self.out.clone().or_else(|| {
            whole.then(|| {
                // Cargo says at run time where the package is.
                let package =
                    std::env::var_os("CARGO_MANIFEST_DIR").map_or_else(|| Path::new("benches").into(), PathBuf::from);
                package.join("results")
            })
        })
    }

    /// The command that does this again.
    pub(crate) fn command_line(&self) -> String {
        let mut command = String::from("cargo run --release -p benches");
        if !self.workloads.is_empty() || self.quick {
            command.push_str(" --");
        }
        for workload in &self.workloads {
            command.push(' ');
            command.push_str(workload);
        }
        if self.quick {
            command.push_str(" --quick");
        }
        command
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    fn parse(arguments: &[&str]) -> Result<Options, clap::Error> {
        Options::try_parse_from(std::iter::once(&"benches").chain(arguments))
    }

    #[test]
    fn the_definition_is_sound() {
        Options::command().debug_assert();
    }

    #[test]
    fn without_arguments_everything_is_run() {
        let options = parse(&[]).unwrap();
        assert!(options.wants("all") && options.wants("fork-join") && !options.quick);
        assert_eq!(options.command_line(), "cargo run --release -p benches");
    }

    #[test]
    fn workloads_are_chosen_by_name() {
        let options = parse(&["fork-join", "all", "--quick", "--out", "there"]).unwrap();
        assert!(options.wants("all") && options.wants("fork-join") && !options.wants("shared"));
        assert_eq!(options.folder(), Some("there".into()));
        assert_eq!(options.command_line(), "cargo run --release -p benches -- fork-join all --quick");
    }

    #[test]
    fn a_part_replaces_no_results() {
        assert_eq!(parse(&["--quick"]).unwrap().folder(), None);
        assert_eq!(parse(&["all"]).unwrap().folder(), None);
    }

    #[test]
    fn an_unknown_workload_is_refused_with_the_list() {
        let said = parse(&["fork-jion"]).unwrap_err().to_string();
        for name in workloads::names() {
            assert!(said.contains(name), "{name} is missing in: {said}");
        }
        assert!(parse(&["--fast"]).is_err());
    }
}
