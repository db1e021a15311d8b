//! Loads the textures and models of a folder, and reports: see the library of the same name.
#![forbid(unsafe_code)]

use std::process::ExitCode;

use asset_loader::cli::Options;
use asset_loader::{job, ledger};
use clap::Parser;

fn main() -> ExitCode {
    match job::run(&Options::parse()) {
        Ok(report) => {
            print!("{report}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("asset-loader: {}", ledger::reason(&error));
            ExitCode::FAILURE
        }
    }
}
