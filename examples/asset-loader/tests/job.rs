//! The whole job: the report's figures, and what it writes.

mod common;

use std::collections::BTreeMap;
use std::fs;
use std::num::NonZeroUsize;
use std::time::Duration;

use asset_loader::cli::Options;
use asset_loader::engine::Engine;
use asset_loader::job;
use asset_loader::ledger::{Kind, Tally};
use asset_loader::paths::Root;
use asset_loader::report::SceneSummary;
use asset_loader::texture::Texture;
use asset_loader::trace::Trace;
use common::{Folder, checks};
use serde_json::Value;

fn options(folder: &Folder, out: &Folder, threads: usize) -> Options {
    Options {
        folder: Some(folder.path().to_path_buf()),
        threads: NonZeroUsize::new(threads),
        budget: Duration::from_millis(4),
        out: out.path().join("deep/out"),
    }
}

/// Three textures, one of them broken, and a model that uses one of the others and one that is missing.
fn assets() -> Folder {
    let folder = Folder::new();
    folder.png("a.png", 4, 4, checks);
    folder.jpeg("b.jpg", 16, [10, 200, 30]);
    let whole = common::png(64, 64, checks);
    folder.write("broken.png", &whole[..whole.len() - 30]);
    folder.write("quad.bin", &common::QUAD);
    folder.gltf("quad.gltf", "quad.bin", &["a.png", "lost.png"]);
    folder
}

#[test]
fn the_figures_are_those_of_the_folder() {
    let (folder, out) = (assets(), Folder::new());
    let size = |name: &str| fs::metadata(folder.path().join(name)).unwrap().len();
    for threads in [1, 2, 8] {
        let report = job::run(&options(&folder, &out, threads)).unwrap();
        let tally = |asked, loads, placeholders, bytes| Tally { asked, loads, settled: loads, placeholders, bytes };
        let kinds = BTreeMap::from([
            // a.png and broken.png by themselves; a.png and lost.png for the model.
            (Kind::Png, tally(4, 3, 2, size("a.png") + size("broken.png"))),
            (Kind::Jpeg, tally(1, 1, 0, size("b.jpg"))),
            (Kind::Gltf, tally(1, 1, 0, size("quad.gltf"))),
            (Kind::Buffer, tally(1, 1, 0, 60)),
        ]);
        assert_eq!(report.kinds, kinds, "{threads} threads");
        assert_eq!(
            report.failures.iter().map(|failure| &failure.name[..]).collect::<Vec<_>>(),
            ["broken.png", "lost.png"]
        );
        assert!(report.same_scene);
        let placeholder = 4 * (64 * 64 + 32 * 32 + 16 * 16 + 8 * 8 + 4 * 4 + 2 * 2 + 1);
        let bytes = 4 * (16 + 4 + 1) + 4 * (256 + 64 + 16 + 4 + 1) + 2 * placeholder;
        assert_eq!(report.scene, SceneSummary { textures: 4, bytes, models: 1, vertices: 4, triangles: 2 });

        assert_eq!((report.threads, report.frames.budget), (threads, Duration::from_millis(4)));
        assert!(report.frames.count > 0 && report.frames.over <= report.frames.count);
        assert!(report.frames.p50 <= report.frames.p99 && report.frames.p99 <= report.frames.worst);
        assert!(report.frames.worst <= report.wall && report.one_thread > Duration::ZERO);
        let text = report.to_string();
        for figure in
            ["Failures: 2", "4 textures", "1 model (4 vertices, 2 triangles)", "(4 textures)", "both times: yes"]
        {
            assert!(text.contains(figure), "{figure:?} is not in\n{text}");
        }
    }
}

#[test]
fn the_contact_sheet_shows_every_texture_in_order() {
    let (folder, out) = (assets(), Folder::new());
    let report = job::run(&options(&folder, &out, 2)).unwrap();
    let (path, tiles) = report.sheet.unwrap();
    assert_eq!(tiles, 4);
    let sheet = Texture::decode(&fs::read(path).unwrap()).unwrap();
    // Two rows of two tiles of 128 pixels, 16 apart: a.png, b.jpg, broken.png, lost.png. This is the upper left of each.
    let corner = |column: u32, row: u32| sheet.pixel(16 + 144 * column + 2, 16 + 144 * row + 2);
    assert_eq!(corner(0, 0), [255, 0, 0, 255]);
    let [r, g, b, _] = corner(1, 0);
    assert!(r.abs_diff(10) < 5 && g.abs_diff(200) < 5 && b.abs_diff(30) < 5, "{r} {g} {b}");
    let placeholder = Texture::placeholder().pixel(0, 0);
    assert_eq!([corner(0, 1), corner(1, 1)], [placeholder; 2]);
}

#[test]
fn the_trace_has_a_named_row_for_each_thread() {
    let (folder, out) = (assets(), Folder::new());
    let report = job::run(&options(&folder, &out, 2)).unwrap();
    let trace: Value = serde_json::from_slice(&fs::read(&report.trace.0).unwrap()).unwrap();
    let events = trace["traceEvents"].as_array().unwrap();
    let rows: BTreeMap<u64, &str> = events
        .iter()
        .filter(|event| event["name"] == "thread_name")
        .map(|event| (event["tid"].as_u64().unwrap(), event["args"]["name"].as_str().unwrap()))
        .collect();
    assert_eq!(rows, BTreeMap::from([(0, "main"), (1, "worker 0"), (2, "worker 1")]));

    let slices: Vec<_> = events.iter().filter(|event| event["ph"] == "X").collect();
    assert_eq!(slices.len(), report.trace.1);
    for slice in &slices {
        let main = slice["tid"] == 0;
        let on_main = matches!(slice["cat"].as_str().unwrap(), "frame" | "upload" | "place");
        assert_eq!(main, on_main, "main work on the main thread, all other work on workers: {slice}");
        assert!(slice["ts"].as_f64().unwrap() >= 0.0 && slice["dur"].as_f64().unwrap() >= 0.0);
    }
    for name in
        ["read a.png", "decode b.jpg", "parse quad.gltf", "upload broken.png", "place quad.gltf", "read quad.bin"]
    {
        assert!(slices.iter().any(|slice| slice["name"] == name), "{name} is missing");
    }
    let count = |key: &str, value: &str| slices.iter().filter(|slice| slice[key] == value).count();
    assert_eq!(count("cat", "frame"), report.frames.count);
    // From 4 pixels a side to 2, to 1, done: once, though the folder and the model both ask for it.
    assert_eq!(count("name", "upload a.png"), 3);
}

/// A budget that is over before anything is done leaves one step to each frame: so many frames show that an upload is
/// cut into steps, that the dispatch keeps to its budget, and that there is an end nevertheless.
#[test]
fn a_large_texture_is_finished_in_many_frames() {
    let folder = Folder::new();
    let file = folder.png("large.png", 1024, 1024, checks);
    let engine = Engine::new(Root::new(folder.path()), 1, &Trace::new()).unwrap();
    let loading = engine.load(&[file]);
    let ((), frames) = engine.run(loading, Duration::from_nanos(1), |_| {}).unwrap();
    assert!(frames.summary().count >= 64, "{:?}", frames.summary());
    assert_eq!(engine.scene().textures()[0].1.levels, 11);
    let average = engine.into_scene().textures()[0].1.average;
    assert!(average[0].abs_diff(128) < 3 && average[2].abs_diff(128) < 3 && average[3] == 255, "{average:?}");
}

#[test]
fn a_folder_of_many_files_is_loaded_whole() {
    let folder = Folder::new();
    let files: Vec<_> = (0..300).map(|i| folder.png(&format!("{i}.png"), 2, 2, |_, _| [i as u8, 0, 0, 255])).collect();
    let engine = Engine::new(Root::new(folder.path()), 2, &Trace::new()).unwrap();
    let mut last = asset_loader::ledger::Progress::default();
    let loading = engine.load(&files);
    engine.run(loading, Duration::from_millis(1), |progress| last = progress).unwrap();
    assert_eq!((last.assets, last.of_assets), (300, 300));
    assert_eq!(last.bytes, last.of_bytes);
    let scene = engine.into_scene();
    assert_eq!(scene.textures().len(), 300);
    for (name, texture) in scene.textures() {
        let number: u32 = name.trim_end_matches(".png").parse().unwrap();
        assert_eq!(texture.average, [number as u8, 0, 0, 255], "{name}");
    }
}

#[test]
fn without_textures_there_is_no_sheet_and_none_from_before() {
    let (folder, out) = (assets(), Folder::new());
    let sheet = job::run(&options(&folder, &out, 1)).unwrap().sheet.unwrap().0;
    assert!(sheet.exists());
    for file in ["a.png", "b.jpg", "broken.png"] {
        fs::remove_file(folder.path().join(file)).unwrap();
    }
    folder.gltf("quad.gltf", "quad.bin", &[]);
    assert_eq!(job::run(&options(&folder, &out, 1)).unwrap().sheet, None);
    assert!(!sheet.exists());
}

#[test]
fn output_that_cannot_be_written_is_an_error() {
    let (folder, out) = (assets(), Folder::new());
    out.write("deep", b"a file where a folder should be");
    let error = job::run(&options(&folder, &out, 1)).unwrap_err().to_string();
    assert!(error.starts_with("cannot write to "), "{error}");
}
