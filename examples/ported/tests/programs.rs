//! The ported programs say what the originals said. What happened on the way they assert themselves.

use std::process::Command;

/// Runs a program that must succeed; returns what it printed last.
fn last_line(program: &str) -> String {
    let output = Command::new(program).output().expect("the program was built with this test");
    let (said, complained) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{program}: {}\n{said}{complained}", output.status);
    assert_eq!(complained, "", "an error that nobody saw, or a panic");
    said.lines().last().unwrap_or_default().to_string()
}

#[test]
fn the_tile_viewer_draws_every_good_tile() {
    assert_eq!(last_line(env!("CARGO_BIN_EXE_from_async_system")), "drawn: 3 tiles with 10 texels");
}

#[test]
fn the_registry_uploads_every_good_texture() {
    assert_eq!(last_line(env!("CARGO_BIN_EXE_from_std_future")), "uploaded: 3 textures");
}

#[test]
fn the_terrain_has_every_chunk() {
    let walks = "16 chunks, walk 1 ends at 8, walk 2 ends at 7";
    assert_eq!(last_line(env!("CARGO_BIN_EXE_from_love_threadpool")), walks);
}
