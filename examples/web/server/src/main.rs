//! The one command: builds the page, makes it some pictures, serves both, and prints where.

use std::error::Error;
use std::process::ExitCode;

use web_server::{Options, Site, serve};

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), Box<dyn Error>> {
    let Some(options) = Options::from_arguments()? else {
        print!("{}", Options::HELP);
        return Ok(());
    };
    let site = Site::prepare(&options)?;
    serve(site, options.port).map_err(|error| format!("port {}: {error}", options.port))?;
    Ok(())
}
