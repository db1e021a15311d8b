//! The whole job: find, load, compare, draw, report.

use std::fs::{self, File};
use std::io::{self, BufWriter};
use std::path::{Path, PathBuf};
use std::time::Instant;

use threadbare::{Error, Result};

use crate::cli::Options;
use crate::engine::Engine;
use crate::ledger::Failure;
use crate::paths::Root;
use crate::progress::Bar;
use crate::report::{Report, SceneSummary};
use crate::scene::Scene;
use crate::texture::Texture;
use crate::trace::Trace;
use crate::{baseline, discover, samples, sheet};

/// Does it.
///
/// # Errors
///
/// A folder that cannot be loaded from, an output folder that cannot be written to, threads that cannot be started.
/// A broken asset is none: it is in the report.
pub fn run(options: &Options) -> Result<Report> {
    let folder = match &options.folder {
        Some(folder) => folder.clone(),
        None => {
            let folder = options.out.join("samples");
            samples::generate(&folder).map_err(|error| at(&folder, error))?;
            folder
        }
    };
    let found = discover::assets(&folder, &options.out)?;
    fs::create_dir_all(&options.out).map_err(|error| at(&options.out, error))?;

    baseline::warm(&found.files);
    let root = Root::new(&folder);
    let trace = Trace::new();
    let engine = Engine::new(root.clone(), options.threads(), &trace)?;
    let mut bar = Bar::new();
    let started = Instant::now();
    let loading = engine.load(&found.files);
    let ((), frames) = engine.run(loading, options.budget, |progress| bar.show(progress))?;
    let wall = started.elapsed();
    bar.clear();
    let (kinds, mut failures) = (engine.registry().ledger().kinds(), engine.registry().ledger().failures());
    // The registry goes with the engine, and every texture in full size with the registry.
    let scene = engine.into_scene();

    let started = Instant::now();
    let plain = baseline::load(root.clone(), &found.files);
    let one_thread = started.elapsed();

    for (path, reason) in found.unreadable {
        failures.push(Failure { name: root.name(&path), kind: None, reason });
    }
    Ok(Report {
        folder,
        threads: options.threads(),
        kinds,
        failures,
        wall,
        one_thread,
        same_scene: scene.same_as(&plain),
        frames: frames.summary(),
        scene: summary(&scene),
        sheet: write_sheet(&scene, options.out.join("contact-sheet.png"))?,
        trace: write_trace(&trace, options.out.join("trace.json"))?,
    })
}

fn summary(scene: &Scene) -> SceneSummary {
    let (textures, models) = (scene.textures(), scene.models());
    let meshes = || models.iter().flat_map(|model| &model.meshes);
    SceneSummary {
        textures: textures.len(),
        bytes: textures.iter().map(|(_, texture)| texture.bytes).sum(),
        models: models.len(),
        vertices: meshes().map(|mesh| mesh.vertices).sum(),
        triangles: meshes().map(|mesh| mesh.triangles).sum(),
    }
}

/// The contact sheet, in the order of the textures' names. Without textures, none is left from an earlier run either.
fn write_sheet(scene: &Scene, path: PathBuf) -> Result<Option<(PathBuf, usize)>> {
    let textures = scene.textures();
    let thumbnails: Vec<&Texture> = textures.iter().map(|(_, texture)| &*texture.small).collect();
    let Some((sheet, tiles)) = sheet::draw(&thumbnails) else {
        return match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(at(&path, error)),
            _ => Ok(None),
        };
    };
    sheet.save(&path).map_err(|error| at(&path, error))?;
    Ok(Some((path, tiles)))
}

fn write_trace(trace: &Trace, path: PathBuf) -> Result<(PathBuf, usize)> {
    let write = || trace.write(BufWriter::new(File::create(&path)?));
    write().map_err(|error| at(&path, error))?;
    Ok((path, trace.len()))
}

fn at(path: &Path, error: impl Into<Error>) -> Error {
    error.into().context(format!("cannot write to {}", path.display()))
}
