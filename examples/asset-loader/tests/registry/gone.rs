//! Real assets that consist of others: the registry dropped at every step of their load, and what is left of them later.

use std::fs;
use std::io::Cursor;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use asset_loader::ledger::Kind;
use asset_loader::load::Model;
use asset_loader::paths::Root;
use asset_loader::registry::AssetRegistry;
use asset_loader::trace::Trace;
use threadbare::{ErrorKind, Runnable, Worker};

use crate::world::{Bench, Polled, Probe};

/// A model in text, its buffer in a file, and two images of one shade: one in a file, one in the buffer.
fn model(folder: &Path, shade: u8) -> PathBuf {
    let mut png = Cursor::new(Vec::new());
    image::RgbaImage::from_pixel(2, 2, image::Rgba([shade; 4])).write_to(&mut png, image::ImageFormat::Png).unwrap();
    let png = png.into_inner();
    fs::write(folder.join("image.png"), &png).unwrap();
    fs::write(folder.join("all.bin"), [&[0; 12][..], &png].concat()).unwrap();
    let json = serde_json::json!({
        "asset": { "version": "2.0" },
        "buffers": [{ "byteLength": 12 + png.len(), "uri": "all.bin" }],
        "images": [{ "uri": "image.png" }, { "bufferView": 1, "mimeType": "image/png" }],
        "bufferViews": [
            { "buffer": 0, "byteLength": 12 },
            { "buffer": 0, "byteOffset": 12, "byteLength": png.len() },
        ],
        "accessors": [
            { "bufferView": 0, "componentType": 5126, "count": 1, "type": "VEC3", "min": [0, 0, 0], "max": [0, 0, 0] },
        ],
        "meshes": [{ "primitives": [{ "attributes": { "POSITION": 0 } }] }],
    });
    let file = folder.join("model.gltf");
    fs::write(&file, json.to_string()).unwrap();
    file
}

/// Runs `steps` of what is queued, one at a time, or all there is. Returns how many it ran.
fn run(queue: &Polled, waiting: &mut Vec<Runnable>, steps: usize) -> usize {
    for step in 0..steps {
        waiting.extend(queue.0.take());
        if waiting.is_empty() {
            return step;
        }
        waiting.remove(0).run();
    }
    steps
}

#[test]
fn a_model_settles_whenever_the_registry_goes() {
    let folder = tempfile::tempdir().unwrap();
    let file = model(folder.path(), 0);
    let mut outcomes = Vec::new();
    for steps in 0.. {
        let (queue, mut waiting) = (Polled::default(), Vec::new());
        let worker = Worker::new(queue.clone());
        let registry = AssetRegistry::new(&worker, Root::new(folder.path()), Trace::new());
        let handle = registry.load_async::<Model>(&file);
        let ready = handle.ready();
        let ran = run(&queue, &mut waiting, steps);
        drop(registry);
        run(&queue, &mut waiting, usize::MAX);

        let model = ready.try_take().expect("nobody waits for ever").expect("at worst a placeholder");
        assert_eq!(model.is_placeholder(), model.textures.is_empty());
        assert!(model.textures.iter().all(|texture| texture.get().is_some_and(|texture| !texture.is_placeholder())));
        outcomes.push(model.is_placeholder());
        if ran < steps {
            break;
        }
    }
    // Without a registry it cannot ask for its parts; once it has asked, it has them.
    assert!(outcomes[0] && !outcomes.last().unwrap(), "{outcomes:?}");
    assert!(outcomes.is_sorted_by(|before, after| before >= after), "{outcomes:?}");
    assert!(outcomes.len() > 3, "{outcomes:?}");
}

/// The processor gives up at every step: nothing is left waiting.
#[test]
fn a_model_settles_whenever_the_workers_stop() {
    let folder = tempfile::tempdir().unwrap();
    let file = model(folder.path(), 0);
    for steps in 0..12 {
        let (queue, mut waiting) = (Polled::default(), Vec::new());
        let registry = AssetRegistry::new(&Worker::new(queue.clone()), Root::new(folder.path()), Trace::new());
        let ready = registry.load_async::<Model>(&file).ready();
        run(&queue, &mut waiting, steps);
        drop(waiting);
        drop(queue.0.close());
        ready.try_take().expect("nobody waits for ever").expect("at worst a placeholder");
        assert_eq!(registry.counts().loading, 0, "after {steps} steps");
    }
}

/// A load in flight does not keep the registry, and cannot ask it for more.
#[test]
fn a_ticket_does_not_keep_the_registry() {
    let mut bench = Bench::new(10);
    bench.ask("a1");
    bench.land(0, true);
    bench.ask("b1");
    bench.land(1, true);
    drop(bench.handles.pop());
    let probe = bench.handles[0].as_ref().unwrap().handle.get().unwrap();
    assert!(probe.ticket.registry().is_ok());
    let clone = bench.registry().clone();
    bench.registry = None;
    assert!(probe.ticket.registry().is_ok(), "while there is a clone");
    assert_eq!(bench.world.books().alive.len(), 2);
    drop(clone);
    assert_eq!(probe.ticket.registry().err().map(|error| error.kind()), Some(ErrorKind::Closed));
    assert_eq!(bench.world.books().alive.len(), 1, "inactive assets go with the registry");
    let held: &Probe = &probe;
    assert_eq!(held.load, 0);
}

/// An inactive model keeps the textures that it refers to active; without room for it they go, too.
#[test]
fn what_an_asset_refers_to_goes_after_it() {
    let folder = tempfile::tempdir().unwrap();
    let file = model(folder.path(), 0);
    for (limit, left) in [(u64::MAX, (2, 2)), (0, (0, 0))] {
        let queue = Polled::default();
        let registry = AssetRegistry::builder(&Worker::new(queue.clone()), Root::new(folder.path()), Trace::new())
            .inactive_limit(limit)
            .build();
        let handle = registry.load_async::<Model>(&file);
        run(&queue, &mut Vec::new(), usize::MAX);
        let texture = Arc::downgrade(&handle.get().unwrap().textures[0].get().unwrap());
        drop(handle);
        let counts = registry.counts();
        assert_eq!((counts.active, counts.inactive), left, "{counts:?}");
        assert_eq!(texture.upgrade().is_some(), limit > 0);
        drop(registry);
        assert!(texture.upgrade().is_none(), "the registry, the model and its handles do not keep each other");
    }
}

#[test]
fn invalidating_a_model_is_for_its_own_images_too_and_not_for_other_files() {
    let folder = tempfile::tempdir().unwrap();
    let file = model(folder.path(), 0);
    let queue = Polled::default();
    let registry = AssetRegistry::new(&Worker::new(queue.clone()), Root::new(folder.path()), Trace::new());
    let mut models = Vec::new();
    for loads in 1..3 {
        registry.invalidate(&file);
        // Of the first: its texture in a file, and its buffer. What was forgotten does not count, though it is held.
        let counts = registry.counts();
        assert_eq!((counts.active, counts.inactive), (loads - 1, loads - 1));
        models.push(registry.load_async::<Model>(&file));
        run(&queue, &mut Vec::new(), usize::MAX);
        let kinds = registry.ledger().kinds();
        assert_eq!([Kind::Gltf, Kind::Embedded].map(|kind| kinds[&kind].loads), [loads; 2]);
        assert_eq!([Kind::Png, Kind::Buffer].map(|kind| kinds[&kind].loads), [1; 2]);
    }
    let [old, new] = [0, 1].map(|index: usize| models[index].get().unwrap());
    let textures = |index: usize| [&old, &new].map(|model| model.textures[index].get().unwrap());
    let [old, new] = textures(0);
    assert!(Arc::ptr_eq(&old, &new), "a file of its own");
    let [old, new] = textures(1);
    assert!(!Arc::ptr_eq(&old, &new), "a part of the model");
}

/// A load that is in flight then goes on with what it has read, which must not get into the next one.
#[test]
fn a_model_that_is_invalidated_while_it_is_loaded_is_new_in_all_its_parts() {
    for steps in 0..12 {
        let folder = tempfile::tempdir().unwrap();
        let file = model(folder.path(), 1);
        let (queue, mut waiting) = (Polled::default(), Vec::new());
        let registry = AssetRegistry::new(&Worker::new(queue.clone()), Root::new(folder.path()), Trace::new());
        let old = registry.load_async::<Model>(&file);
        run(&queue, &mut waiting, steps);

        model(folder.path(), 2);
        for name in ["model.gltf", "all.bin", "image.png"] {
            registry.invalidate(folder.path().join(name));
        }
        let new = registry.load_async::<Model>(&file);
        // The old load first, so that whatever it leaves behind is there.
        run(&queue, &mut waiting, usize::MAX);
        let new = new.get().unwrap();
        for texture in &new.textures {
            assert_eq!(texture.get().unwrap().pixel(0, 0), [2; 4], "{texture:?}, invalidated after {steps} steps");
        }
        drop((old, new));
        let counts = registry.counts();
        assert_eq!((counts.loading, counts.active + counts.inactive), (0, 4), "{counts:?}");
    }
}
