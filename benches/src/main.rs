//! Threadbare and its peers on the same work, in one run: see the package's README.

mod cli;

use std::fs;
use std::path::Path;
use std::process::ExitCode;

use benches::harness::{self, Plan};
use benches::report::{Machine, Report};
use benches::workloads;
use clap::Parser;

use cli::Options;

fn main() -> ExitCode {
    let options = Options::parse();
    let report = run(&options);
    println!("{}", report.markdown());
    let Some(folder) = options.folder() else {
        eprintln!("Nothing was written: only a whole run replaces the results. `--out DIR` writes this one there.");
        return ExitCode::SUCCESS;
    };
    match write(&folder, &report) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("cannot write to {}: {error}", folder.display());
            ExitCode::FAILURE
        }
    }
}

fn run(options: &Options) -> Report {
    let plan = if options.quick { Plan::quick() } else { Plan::full() };
    let wanted = workloads::ALL.iter().filter(|(name, _)| options.wants(name));
    let wanted = wanted.map(|(_, make)| make(plan.scale)).collect();
    let rows = harness::run(wanted, &plan, |next| eprintln!("{next} …"));
    let remarks = [
        options.quick.then_some("A quick run: a tenth of the work, few samples."),
        cfg!(debug_assertions).then_some("Not optimised: run it with --release."),
        (!cfg!(feature = "peers")).then_some("Built without the peers."),
    ];
    let remarks: Vec<&str> = remarks.into_iter().flatten().collect();
    let remark = (!remarks.is_empty()).then(|| remarks.join(" "));
    Report { machine: Machine::this(), command: options.command_line(), remark, rows }
}

fn write(folder: &Path, report: &Report) -> std::io::Result<()> {
    fs::create_dir_all(folder)?;
    for (name, text) in [("table.md", report.markdown()), ("table.svg", report.svg())] {
        let path = folder.join(name);
        fs::write(&path, text)?;
        eprintln!("wrote {}", path.display());
    }
    Ok(())
}
