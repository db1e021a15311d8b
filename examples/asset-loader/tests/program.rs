//! The program as it is called from a shell.

mod common;

use std::path::Path;
use std::process::{Command, Output};

use common::{Folder, checks};

fn asset_loader(arguments: &[&str], within: &Path) -> Output {
    Command::new(env!("CARGO_BIN_EXE_asset-loader")).args(arguments).current_dir(within).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn without_a_folder_it_loads_samples() {
    let here = Folder::new();
    let output = asset_loader(&[], here.path());
    let report = text(&output.stdout);
    assert!(output.status.success(), "{report}{}", text(&output.stderr));
    for line in ["Failures: 2", "truncated.png", "textures/lost.png", "19 textures", "3 models", "both times: yes"] {
        assert!(report.replace('\\', "/").contains(line), "{line:?} is not in\n{report}");
    }
    for file in ["out/contact-sheet.png", "out/trace.json", "out/samples/models/crate.gltf"] {
        assert!(here.path().join(file).is_file(), "{file}");
    }
}

#[test]
fn what_it_wrote_is_not_loaded_the_next_time() {
    let here = Folder::new();
    here.png("a.png", 2, 2, checks);
    for _ in 0..2 {
        let output = asset_loader(&[".", "--threads", "1", "--budget-ms", "0.5"], here.path());
        assert!(text(&output.stdout).contains("1 texture "), "{}", text(&output.stdout));
    }
}

#[test]
fn help_names_every_option() {
    let output = asset_loader(&["--help"], Path::new("."));
    assert!(output.status.success());
    for option in ["[FOLDER]", "--threads <N>", "--budget-ms <MS>", "--out <DIR>"] {
        assert!(text(&output.stdout).contains(option), "{option}");
    }
}

#[test]
fn what_cannot_be_done_is_said_and_fails() {
    let here = Folder::new();
    std::fs::create_dir(here.path().join("empty")).unwrap();
    here.write("file.png", b"");
    for (arguments, said) in [
        (&["missing"][..], "cannot read missing"),
        (&["empty"], "no .png, .jpg, .jpeg, .gltf or .glb in empty"),
        (&["file.png"], "file.png is not a folder"),
        (&["empty", "--threads", "0"], "at least one worker thread"),
        (&["empty", "--budget-ms", "0"], "more than 0"),
        (&["--out", "file.png"], "cannot write to"),
    ] {
        let output = asset_loader(arguments, here.path());
        let error = text(&output.stderr);
        assert!(!output.status.success() && error.contains(said), "{arguments:?}: {error}");
        assert!(output.stdout.is_empty(), "{arguments:?}");
    }
}
