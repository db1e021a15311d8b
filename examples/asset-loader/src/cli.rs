//! The command line.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::thread;
use std::time::Duration;

use clap::Parser;

/// More threads than this are a slip of the finger.
const MAX_THREADS: usize = 1024;

/// Loads textures and models on worker threads, and finishes each on the main thread inside a frame budget
///
/// Reads PNG, JPEG and glTF (.gltf with its buffers and images, .glb). What is broken or missing becomes a placeholder
/// and a line in the report.
#[derive(Debug, Clone, PartialEq, Eq, Parser)]
#[command(name = "asset-loader", version)]
pub struct Options {
    /// The folder to load, with the folders in it; without one, samples that are generated into DIR/samples
    pub folder: Option<PathBuf>,

    /// Worker threads, besides the main thread [default: one for each processor]
    #[arg(long, value_name = "N", value_parser = parse_threads)]
    pub threads: Option<NonZeroUsize>,

    /// What a frame may spend on finishing assets, in milliseconds
    #[arg(long = "budget-ms", value_name = "MS", default_value = "4", value_parser = parse_budget)]
    pub budget: Duration,

    /// Where contact-sheet.png and trace.json go; what lies in there is not loaded
    #[arg(long, value_name = "DIR", default_value = "out")]
    pub out: PathBuf,
}

impl Options {
    /// How many workers.
    #[must_use]
    pub fn threads(&self) -> usize {
        self.threads.map_or_else(|| thread::available_parallelism().map_or(1, NonZeroUsize::get), NonZeroUsize::get)
    }
}

fn parse_threads(text: &str) -> Result<NonZeroUsize, String> {
    let threads: usize = text.parse().map_err(|_| "not a number of threads".to_owned())?;
    match NonZeroUsize::new(threads) {
        None => Err("there must be at least one worker thread".to_owned()),
        Some(_) if threads > MAX_THREADS => Err(format!("at most {MAX_THREADS} threads")),
        Some(threads) => Ok(threads),
    }
}

fn parse_budget(text: &str) -> Result<Duration, String> {
    let millis: f64 = text.parse().map_err(|_| "not a number of milliseconds".to_owned())?;
    let budget = Duration::try_from_secs_f64(millis / 1000.0).map_err(|_| "not a length of time".to_owned())?;
    if budget.is_zero() {
        return Err("a frame needs some time: more than 0".to_owned());
    }
    Ok(budget)
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    fn parse(arguments: &[&str]) -> Result<Options, clap::Error> {
        Options::try_parse_from(std::iter::once(&"asset-loader").chain(arguments))
    }

    #[test]
    fn the_definition_is_sound() {
        Options::command().debug_assert();
    }

    #[test]
    fn defaults() {
        let options = parse(&[]).unwrap();
        assert_eq!((options.folder.clone(), options.threads), (None, None));
        assert_eq!((options.budget, options.out.clone()), (Duration::from_millis(4), "out".into()));
        assert!(options.threads() > 0);
    }

    #[test]
    fn everything_can_be_chosen() {
        let options = parse(&["textures", "--threads", "3", "--budget-ms", "0.5", "--out", "elsewhere"]).unwrap();
        assert_eq!((options.folder.clone(), options.threads()), (Some("textures".into()), 3));
        assert_eq!((options.budget, options.out), (Duration::from_micros(500), "elsewhere".into()));
    }

    #[test]
    fn nonsense_is_refused() {
        for arguments in [
            ["--threads", "0"],
            ["--threads", "-1"],
            ["--threads", "1000000"],
            ["--threads", "many"],
            ["--budget-ms", "0"],
            ["--budget-ms", "0.0000000001"],
            ["--budget-ms", "-4"],
            ["--budget-ms", "NaN"],
            ["--budget-ms", "inf"],
            ["--frames", "60"],
            ["one", "two"],
        ] {
            assert!(parse(&arguments).is_err(), "{arguments:?}");
        }
    }
}
