//! The main thread's side: asking for assets, finishing them into the scene, frame by frame.

use std::cell::RefCell;
use std::fmt;
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use event_listener::{Event, Listener};
use threadbare::{AsyncSystem, Immediate, Main, MainThread, Result, Task, all, try_run};
use threadbare_threads::ThreadPool;

use crate::frames::Frames;
use crate::ledger::{Kind, Progress};
use crate::load::Model;
use crate::paths::Root;
use crate::registry::{AssetRegistry, Handle};
use crate::scene::{Scene, TextureId};
use crate::texture::Texture;
use crate::trace::Trace;
use crate::upload::Upload;

/// With nothing to do for this long, the loop looks after the progress all the same.
const IDLE: Duration = Duration::from_millis(16);

/// A main thread without a window, some workers, and a scene.
pub struct Engine {
    /// The workers stop when this goes.
    _system: AsyncSystem,
    here: MainThread,
    stage: Stage,
    registry: AssetRegistry,
    /// Told whenever the main thread's queue gets its first entry.
    wake: Arc<Event>,
    trace: Trace,
}

impl Engine {
    /// Makes the calling thread the main thread of an engine with `threads` workers.
    ///
    /// # Errors
    ///
    /// If the threads cannot be started.
    pub fn new(root: Root, threads: usize, trace: &Trace) -> Result<Self> {
        trace.name_thread(0, "main");
        let rows = trace.clone();
        let pool = ThreadPool::builder()
            .threads(threads)
            .thread_name(|index| format!("worker {index}"))
            .on_start(move |index| rows.name_thread(index + 1, &format!("worker {index}")))
            .build()?;
        let wake = Arc::new(Event::new());
        let heard = Arc::clone(&wake);
        let system = AsyncSystem::with_main_hook(pool, move || {
            heard.notify(usize::MAX);
        });
        let here = system.main().enter().expect("a new system has no main thread yet");
        // A scene is loaded from one folder and then done with, so nothing is dropped meanwhile: each file is loaded once,
        // as by the one thread that this is compared with. A game would set a limit.
        let registry = AssetRegistry::builder(system.worker(), root, trace.clone()).inactive_limit(u64::MAX).build();
        let stage = Stage { main: system.main().clone(), scene: Rc::default(), trace: trace.clone() };
        Ok(Self { _system: system, here, stage, registry, wake, trace: trace.clone() })
    }

    /// Where assets are asked for.
    #[must_use]
    pub fn registry(&self) -> &AssetRegistry {
        &self.registry
    }

    /// Starts loading `files`: the task settles when they are all in the scene. Asking is main-thread work like any
    /// other, so that a folder of any size keeps the budget.
    pub fn load(&self, files: &[PathBuf]) -> Task<()> {
        let asked = files.iter().cloned().map(|file| {
            let (stage, registry) = (self.stage.clone(), self.registry.clone());
            try_run(&self.here, move || stage.asset(&registry, file))
        });
        all(asked).map(&Immediate, |_| ())
    }

    /// The main loop: frames, until `task` is settled. Each does some of what waits for the main thread and calls
    /// `drawn`, in no more than `budget`, as far as that is in its power: the steps are short, but nothing keeps the
    /// operating system from giving the processor to others. With nothing to do it sleeps.
    ///
    /// # Errors
    ///
    /// That of the task.
    pub fn run<T: Send + 'static>(
        &self,
        task: Task<T>,
        budget: Duration,
        mut drawn: impl FnMut(Progress),
    ) -> Result<(T, Frames)> {
        let mut frames = Frames::new(budget);
        // A dispatch ends after the step in which its time runs out, so some time is left for that, and for drawing.
        let dispatched = budget * 7 / 8;
        while !task.is_settled() {
            // Before looking for work: what is queued after the look wakes this listener.
            let woken = self.wake.listen();
            let started = Instant::now();
            let frame = self.trace.span("frame", None);
            // As `dispatch_for`, but for one step at least: a budget too small for any would never come to an end.
            let mut first = true;
            let ran = self.here.dispatch_while(|| std::mem::take(&mut first) || started.elapsed() < dispatched);
            drawn(self.registry.ledger().progress());
            if ran > 0 {
                frames.record(started.elapsed());
            } else {
                frame.discard();
                if !task.is_settled() {
                    woken.wait_timeout(IDLE);
                }
            }
        }
        Ok((self.here.wait(task)?, frames))
    }

    /// A look at the scene.
    pub fn scene(&self) -> std::cell::Ref<'_, Scene> {
        self.stage.scene.borrow()
    }

    /// The scene, when nothing is loaded any more.
    ///
    /// # Panics
    ///
    /// If something is.
    #[must_use]
    pub fn into_scene(self) -> Scene {
        let scene = Rc::clone(&self.stage.scene);
        drop(self);
        Rc::into_inner(scene).expect("finishing steps hold the scene until they are done").into_inner()
    }
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine").field("registry", &self.registry).finish_non_exhaustive()
    }
}

/// What a finishing step needs. It holds the scene, so it never leaves the main thread.
#[derive(Clone)]
struct Stage {
    main: Main,
    scene: Rc<RefCell<Scene>>,
    trace: Trace,
}

impl Stage {
    /// The proof of being on the main thread, for attaching further steps from within one.
    fn here(&self) -> MainThread {
        self.main.enter().expect("a stage never leaves the main thread")
    }

    /// Asks for an asset: the task settles when it is in the scene.
    fn asset(&self, registry: &AssetRegistry, file: PathBuf) -> Task<()> {
        match Kind::of_asset(&file) {
            Some(Kind::Gltf | Kind::Glb) => self.model(&registry.load_async(file)),
            _ => self.texture(&registry.load_async(file)).1,
        }
    }

    /// A texture's place in the scene, at once, and the task of its upload: by whoever comes first.
    fn texture(&self, texture: &Handle<Texture>) -> (TextureId, Task<()>) {
        let (id, first) = self.scene.borrow_mut().reserve(texture.name());
        if !first {
            return (id, Task::resolved(()));
        }
        let (stage, name) = (self.clone(), Arc::clone(texture.name()));
        let uploaded =
            texture.ready().and_then(&self.here(), move |texture| stage.upload(id, name, Upload::new(texture)));
        (id, uploaded)
    }

    /// One step of an upload, and the task of the others. That continuation runs at once while the frame has time left,
    /// and in the next frame if not: it is the dispatch that decides, not this.
    fn upload(self, id: TextureId, name: Arc<str>, mut upload: Upload) -> Task<()> {
        let step = {
            let _span = self.trace.span("upload", Some(&name));
            upload.step()
        };
        match step {
            Some(uploaded) => {
                self.scene.borrow_mut().fill(id, uploaded);
                Task::resolved(())
            }
            None => {
                let here = self.here();
                Task::resolved(()).and_then(&here, move |()| self.upload(id, name, upload))
            }
        }
    }

    /// A model's place in the scene, once it is loaded, and the uploads of those of its textures that nobody asked for
    /// by themselves.
    fn model(&self, model: &Handle<Model>) -> Task<()> {
        let (stage, name) = (self.clone(), Arc::clone(model.name()));
        model.ready().and_then(&self.here(), move |model| {
            let _span = stage.trace.span("place", Some(&name));
            let (ids, uploads): (Vec<_>, Vec<_>) = model.textures.iter().map(|texture| stage.texture(texture)).unzip();
            stage.scene.borrow_mut().place(&name, model.meshes.clone(), ids, model.is_placeholder());
            all(uploads).map(&Immediate, |_| ())
        })
    }
}
