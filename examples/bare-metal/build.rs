//! Which board a target stands for, and how it is linked: so that `cargo build --target …` needs no flags.

use std::path::Path;

fn main() {
    let variable = |name| std::env::var(name).expect("cargo sets it");
    let board = match variable("TARGET").as_str() {
        "thumbv7em-none-eabihf" => "mps2-an386",
        "thumbv6m-none-eabi" => "microbit",
        "riscv64gc-unknown-none-elf" => "virt",
        other => panic!("no board for {other}: pass --target with one of those in .cargo/config.toml"),
    };
    let folder = Path::new(&variable("CARGO_MANIFEST_DIR")).join("boards").join(board);
    println!("cargo::rustc-cfg=board=\"{board}\"");
    // Where the linker finds `memory.x`, which the script of cortex-m-rt includes.
    println!("cargo::rustc-link-search={}", folder.display());
    println!("cargo::rustc-link-arg-bins=-T{}", if board == "virt" { "virt.x" } else { "link.x" });
    println!("cargo::rerun-if-changed=boards");
    println!("cargo::rerun-if-changed=build.rs");
}
