//! Assets through the registry: the right pixels, one load for each file, placeholders for what is broken.

mod common;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc;
use std::thread;

use asset_loader::ledger::{Failure, Kind};
use asset_loader::load::Model;
use asset_loader::paths::Root;
use asset_loader::registry::{Asset, AssetRegistry};
use asset_loader::texture::Texture;
use asset_loader::ticket::Ticket;
use asset_loader::trace::Trace;
use common::{Folder, checks};
use threadbare::{AsyncSystem, Immediate, Task, all, run, try_run};
use threadbare_threads::ThreadPool;

/// A registry on `threads` workers for what lies in `folder`.
fn registry(folder: &Folder, threads: usize) -> (AsyncSystem, AssetRegistry) {
    let system = AsyncSystem::new(ThreadPool::with_threads(threads));
    let registry = AssetRegistry::new(system.worker(), Root::new(folder.path()), Trace::new());
    (system, registry)
}

fn failures(registry: &AssetRegistry) -> Vec<(String, String)> {
    registry.ledger().failures().into_iter().map(|Failure { name, reason, .. }| (name, reason)).collect()
}

#[test]
fn a_known_image_has_its_pixels() {
    let folder = Folder::new();
    let known =
        [[255, 0, 0, 255], [0, 255, 0, 128], [0, 0, 255, 0], [1, 2, 3, 4], [250, 251, 252, 253], [9, 8, 7, 255]];
    let file = folder.png("known.png", 3, 2, |x, y| known[(y * 3 + x) as usize]);
    let (_system, registry) = registry(&folder, 2);

    let handle = registry.load_async::<Texture>(file);
    let texture = handle.ready().wait().unwrap();
    assert_eq!((texture.width(), texture.height(), texture.is_placeholder()), (3, 2, false));
    assert_eq!(texture.pixels(), known.concat());
    assert!(Arc::ptr_eq(&texture, &handle.get().unwrap()));
    assert_eq!(failures(&registry), []);
}

/// The one worker is kept busy until everybody has asked, so that all but the first ask for what is being loaded.
#[test]
fn a_path_is_loaded_once_however_many_ask() {
    let folder = Folder::new();
    let file = folder.png("sub/shared.png", 2, 2, checks);
    let (system, registry) = registry(&folder, 1);
    let (open, gate) = mpsc::channel::<()>();
    run(system.worker(), move || gate.recv().is_err()).detach();

    let spellings = [file.clone(), folder.path().join("sub/../sub/shared.png"), folder.path().join("./sub/shared.png")];
    let handles: Vec<_> = (0..9).map(|i| registry.load_async::<Texture>(&spellings[i % 3])).collect();
    assert!(handles.iter().all(|handle| handle.get().is_none()));
    let everyone = all(handles.iter().map(|handle| handle.ready()));
    drop(open);

    let textures = everyone.wait().unwrap();
    assert!(textures.iter().all(|texture| Arc::ptr_eq(texture, &textures[0])));
    let late = registry.load_async::<Texture>(&file).get().unwrap();
    assert!(Arc::ptr_eq(&late, &textures[0]));
    let png = registry.ledger().kinds()[&Kind::Png];
    assert_eq!((png.asked, png.loads, png.settled), (10, 1, 1));
    assert_eq!(png.bytes, std::fs::metadata(file).unwrap().len());
}

#[test]
fn threads_that_ask_at_once_get_the_same() {
    let folder = Folder::new();
    let files: Vec<_> = (0..8).map(|i| folder.png(&format!("{i}.png"), 2, 2, checks)).collect();
    let (_system, registry) = registry(&folder, 2);
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for file in &files {
                    registry.load_async::<Texture>(file).ready().wait().unwrap();
                }
            });
        }
    });
    let png = registry.ledger().kinds()[&Kind::Png];
    assert_eq!((png.asked, png.loads, png.settled), (32, 8, 8));
}

/// With a lock held while promises are settled, this would never return.
#[test]
fn who_waits_may_ask_again_from_the_continuation() {
    let folder = Folder::new();
    let file = folder.png("a.png", 2, 2, checks);
    let (system, registry) = registry(&folder, 1);
    let (open, gate) = mpsc::channel::<()>();
    run(system.worker(), move || gate.recv().is_err()).detach();

    let again = registry.clone();
    let there = registry.load_async::<Texture>(&file).ready().map(&Immediate, move |first| {
        let handle = again.load_async::<Texture>(&file);
        handle.get().is_some_and(|second| Arc::ptr_eq(&first, &second))
    });
    drop(open);
    assert!(there.wait().unwrap());
}

#[test]
fn a_broken_or_missing_texture_becomes_a_placeholder_and_one_line() {
    let folder = Folder::new();
    let whole = std::fs::read(folder.png("whole.png", 64, 64, checks)).unwrap();
    let broken = folder.write("broken.png", &whole[..whole.len() / 2]);
    let missing = folder.path().join("missing.jpg");
    let (_system, registry) = registry(&folder, 2);

    for file in [&broken, &missing, &broken] {
        let texture = registry.load_async::<Texture>(file).ready().wait().unwrap();
        assert!(texture.is_placeholder());
        assert_eq!(*texture, Texture::placeholder());
    }
    let failures = failures(&registry);
    let names: Vec<_> = failures.iter().map(|(name, _)| &name[..]).collect();
    assert_eq!(names, ["broken.png", "missing.jpg"]);
    assert!(failures.iter().all(|(_, reason)| !reason.is_empty()));
    let kinds = registry.ledger().kinds();
    assert_eq!((kinds[&Kind::Png].placeholders, kinds[&Kind::Jpeg].placeholders), (1, 1));
}

#[test]
fn what_is_no_file_is_not_waited_for() {
    let folder = Folder::new();
    let directory = folder.path().join("folder.png");
    std::fs::create_dir(&directory).unwrap();
    let (_system, registry) = registry(&folder, 1);
    assert!(registry.load_async::<Texture>(&directory).ready().wait().unwrap().is_placeholder());
    assert_eq!(failures(&registry), [("folder.png".into(), "not a regular file".into())]);
}

#[test]
fn models_share_textures_with_each_other_and_with_the_folder() {
    let folder = Folder::new();
    let wood = folder.png("textures/wood grain.png", 2, 2, checks);
    folder.write("models/quad.bin", &common::QUAD);
    let uris = ["../textures/wood%20grain.png"];
    let first = folder.gltf("models/first.gltf", "quad.bin", &uris);
    let second = folder.gltf("models/second.gltf", "quad.bin", &uris);
    let (_system, registry) = registry(&folder, 2);

    let texture = registry.load_async::<Texture>(&wood).ready().wait().unwrap();
    for file in [first, second] {
        let model = registry.load_async::<Model>(file).ready().wait().unwrap();
        assert!(!model.is_placeholder());
        assert_eq!((model.meshes[0].vertices, model.meshes[0].triangles), (4, 2));
        let [used] = &model.textures[..] else { panic!("{:?}", model.textures) };
        assert!(Arc::ptr_eq(&used.get().unwrap(), &texture), "it is there when the model is");
    }
    let kinds = registry.ledger().kinds();
    assert_eq!((kinds[&Kind::Png].asked, kinds[&Kind::Png].loads), (3, 1));
    assert_eq!((kinds[&Kind::Buffer].asked, kinds[&Kind::Buffer].loads), (2, 1));
    assert_eq!(kinds[&Kind::Gltf].loads, 2);
}

#[test]
fn images_and_buffers_inside_of_a_model_are_loaded_too() {
    let folder = Folder::new();
    let file = folder.glb("quad.glb", &common::png(2, 2, checks));
    let inline =
        folder.gltf("inline.gltf", &common::data_uri(&common::QUAD), &[&common::data_uri(&common::png(2, 2, checks))]);
    let (_system, registry) = registry(&folder, 2);
    for file in [file, inline] {
        let model = registry.load_async::<Model>(&file).ready().wait().unwrap();
        assert!(!model.is_placeholder(), "{:?}", failures(&registry));
        assert_eq!(model.meshes[0].vertices, 4);
        let texture = model.textures[0].get().unwrap();
        assert_eq!((texture.pixel(0, 0), texture.pixel(1, 0)), (checks(0, 0), checks(1, 0)));
    }
    assert_eq!(registry.ledger().kinds()[&Kind::Embedded].loads, 2);
}

#[test]
fn a_model_survives_its_textures_but_not_its_buffers() {
    let folder = Folder::new();
    folder.write("quad.bin", &common::QUAD);
    folder.write("short.bin", &common::QUAD[..59]);
    let cases = [
        ("lost texture.gltf", "quad.bin", "lost.png", false),
        ("foreign texture.gltf", "quad.bin", "https://example.org/a.png", false),
        ("lost buffer.gltf", "lost.bin", "lost.png", true),
        ("short buffer.gltf", "short.bin", "lost.png", true),
    ];
    let files = cases.map(|(name, buffer, texture, _)| folder.gltf(name, buffer, &[texture]));
    let (_system, registry) = registry(&folder, 2);
    for ((name, _, _, placeholder), file) in cases.into_iter().zip(files) {
        let model = registry.load_async::<Model>(file).ready().wait().unwrap();
        assert_eq!(model.is_placeholder(), placeholder, "{name}");
        if !placeholder {
            assert!(model.textures[0].get().unwrap().is_placeholder(), "{name}");
        }
    }
    let lines = failures(&registry);
    let line =
        |name: &str| &lines.iter().find(|(line, _)| line == name).unwrap_or_else(|| panic!("{name}: {lines:?}")).1;
    assert!(line("lost buffer.gltf").starts_with("lost.bin: "));
    assert_eq!(line("short buffer.gltf"), "buffer 0 has 59 bytes, of 60 declared");
    assert_eq!(line("foreign texture.gltf (image 0)"), "references by https: are not followed");
    line("lost.png");
    assert_eq!(lines.len(), 4, "each of them once: {lines:?}");
}

/// A placeholder is a value like any other, and so is a missing buffer: they stay until they are invalidated.
#[test]
fn what_was_missing_is_missed_once_and_found_when_its_place_is_invalidated() {
    let folder = Folder::new();
    let models = ["one.gltf", "two.gltf"].map(|name| folder.gltf(name, "late.bin", &["late.png"]));
    let (_system, registry) = registry(&folder, 1);
    let load = |file: &PathBuf| registry.load_async::<Model>(file).ready().wait().unwrap();
    assert!(models.iter().all(|file| load(file).is_placeholder()));
    let kinds = registry.ledger().kinds();
    assert_eq!((kinds[&Kind::Buffer].asked, kinds[&Kind::Buffer].loads), (2, 1));
    assert_eq!((kinds[&Kind::Png].asked, kinds[&Kind::Png].loads), (2, 1));

    let late = [folder.write("late.bin", &common::QUAD), folder.png("late.png", 2, 2, checks)];
    assert!(load(&models[0]).is_placeholder());
    models.iter().chain(&late).for_each(|file| registry.invalidate(file));
    for file in &models {
        let model = load(file);
        assert!(!model.is_placeholder() && !model.textures[0].get().unwrap().is_placeholder());
    }
    let kinds = registry.ledger().kinds();
    assert_eq!((kinds[&Kind::Buffer].loads, kinds[&Kind::Png].loads, kinds[&Kind::Gltf].loads), (2, 2, 4));
}

/// A kind of asset whose decoder is not to be trusted.
#[derive(Debug)]
struct Fragile(&'static str);

impl Asset for Fragile {
    fn kind(_: &Path) -> Kind {
        Kind::OtherImage
    }

    fn load(ticket: Ticket) -> Task<Self> {
        let fails = ticket.path().ends_with("bad");
        let loading = try_run(ticket.worker(), move || {
            assert!(!fails, "a decoder that panics");
            Ok(Self("decoded"))
        });
        let bare = ticket.path().parent().is_some_and(|folder| folder.ends_with("bare"));
        if bare {
            return loading;
        }
        loading.catch(&Immediate, move |error| {
            ticket.failed(&error);
            Self("placeholder")
        })
    }

    fn bytes(&self) -> u64 {
        self.0.len() as u64
    }
}

#[test]
fn a_decoder_that_panics_is_a_line_like_any_other() {
    let folder = Folder::new();
    let (_system, registry) = registry(&folder, 1);
    let load = |path: &str| registry.load_async::<Fragile>(folder.path().join(path)).ready().wait();
    assert_eq!(load("bad").unwrap().0, "placeholder");
    assert_eq!(load("good").unwrap().0, "decoded", "the one worker lives");
    let lines = failures(&registry);
    let [(name, reason)] = &lines[..] else { panic!("{lines:?}") };
    assert_eq!(name, "bad");
    assert!(reason.starts_with("panicked") && reason.ends_with("a decoder that panics"), "{reason}");
}

#[test]
fn where_nothing_stands_in_the_error_reaches_whoever_asks() {
    let folder = Folder::new();
    let (_system, registry) = registry(&folder, 1);
    let handle = registry.load_async::<Fragile>(folder.path().join("bare/bad"));
    for _ in 0..2 {
        assert!(handle.ready().wait().is_err());
    }
    assert!(handle.get().is_none());
}

#[test]
fn nobody_waits_for_a_pool_that_is_closed() {
    let folder = Folder::new();
    let file: PathBuf = folder.png("a.png", 2, 2, checks);
    let pool = ThreadPool::with_threads(1);
    let registry = AssetRegistry::new(&pool.worker(), Root::new(folder.path()), Trace::new());
    pool.close();
    assert!(registry.load_async::<Texture>(file).ready().wait().unwrap().is_placeholder());
    assert_eq!(failures(&registry).len(), 1);
}
