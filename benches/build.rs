//! Tells the program which compiler has made it.

use std::process::Command;

fn main() {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let version = Command::new(rustc).arg("--version").output().ok();
    let version = version.and_then(|output| String::from_utf8(output.stdout).ok());
    println!("cargo:rustc-env=MADE_BY={}", version.as_deref().unwrap_or("an unknown rustc").trim());
    println!("cargo:rerun-if-changed=build.rs");
}
