//! Builds the page: `cargo` makes the module, `wasm-bindgen` the script that loads it.

use std::env;
use std::error::Error;
use std::path::Path;
use std::process::Command;

use wasm_bindgen_cli_support::Bindgen;

const TARGET: &str = "wasm32-unknown-unknown";

/// The page, as a browser takes it.
pub(crate) struct Page {
    pub(crate) script: String,
    pub(crate) module: Vec<u8>,
}

/// Builds it, or finds that it is up to date.
pub(crate) fn build() -> Result<Page, Box<dyn Error>> {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent().ok_or("the server lies in its workspace")?;
    see_to_target()?;
    // Where cargo puts its output by itself depends on the caller's folder and settings; this is beside the server.
    let program = env::current_exe()?;
    let folder = program.parent().and_then(Path::parent).ok_or("the server lies in a target folder")?;
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    run(Command::new(cargo)
        .current_dir(workspace)
        .args(["build", "--locked", "--release", "--package", "page", "--target", TARGET, "--target-dir"])
        .arg(folder))?;

    let mut output = Bindgen::new()
        .input_path(folder.join(TARGET).join("release/page.wasm"))
        .web(true)?
        .typescript(false)
        .omit_default_module_path(false)
        .remove_name_section(true)
        .generate_output()?;
    Ok(Page { script: output.js().to_string(), module: output.wasm_mut().emit_wasm() })
}

/// Has rustup fetch the target's standard library, where it is missing.
fn see_to_target() -> Result<(), Box<dyn Error>> {
    let libraries = Command::new("rustc").args(["--print", "target-libdir", "--target", TARGET]).output()?;
    if libraries.status.success() && Path::new(String::from_utf8(libraries.stdout)?.trim()).exists() {
        return Ok(());
    }
    run(Command::new("rustup").args(["target", "add", TARGET]))
}

fn run(command: &mut Command) -> Result<(), Box<dyn Error>> {
    let status = command.status().map_err(|error| format!("{command:?}: {error}"))?;
    if status.success() { Ok(()) } else { Err(format!("{command:?}: {status}").into()) }
}
