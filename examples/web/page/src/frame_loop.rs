//! Threadbare on a browser's event loop: what is queued runs in animation frames, inside a budget. While nothing is queued
//! no frame is asked for, and the page sleeps; whatever queues something wakes it.

use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};
use std::time::Duration;

use sheet::{Frames, Summary};
use threadbare::{Clock, MainThread, Worker};
use threadbare_single_thread::{Host, SingleThread};
use wasm_bindgen::prelude::*;
use web_sys::Window;

#[wasm_bindgen]
extern "C" {
    /// Milliseconds since the page was opened.
    #[wasm_bindgen(js_namespace = performance)]
    fn now() -> f64;
}

thread_local! {
    /// The page's loop: what may be called on any thread cannot hold it itself.
    static LOOP: RefCell<Weak<Inner>> = RefCell::default();
}

/// The page's tasks, and when they run. Clones are the same loop; a page has one.
#[derive(Clone)]
pub(crate) struct FrameLoop(Rc<Inner>);

struct Inner {
    host: Host,
    window: Window,
    /// What one frame may take, in milliseconds.
    budget: f64,
    state: Cell<State>,
    on_frame: Closure<dyn Fn()>,
    /// The browser is going to call `on_time`, if this is some.
    timer: Cell<Option<i32>>,
    on_time: Closure<dyn Fn()>,
    on_sleep: Box<dyn Fn(Summary)>,
    frames: RefCell<Frames>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// Nothing is queued.
    Asleep,
    /// The browser is going to call `on_frame`.
    Asked,
    /// In a frame: at its end it is seen whether another is needed.
    Running,
}

impl FrameLoop {
    /// A loop whose frames may take `budget` milliseconds, and which reports whenever there is nothing left to do.
    pub(crate) fn new(budget: f64, on_sleep: impl Fn(Summary) + 'static) -> Result<Self, JsValue> {
        let window = web_sys::window().ok_or("there is no window")?;
        let single = SingleThread::builder()
            .clock(|| Duration::from_secs_f64(now() / 1000.0))
            .on_work(|| {
                if let Some(inner) = LOOP.with_borrow(Weak::upgrade) {
                    inner.wake();
                }
            })
            .build();
        let inner = Rc::new_cyclic(|inner: &Weak<Inner>| {
            let (frame, time) = (inner.clone(), inner.clone());
            Inner {
                host: Host::new(single),
                window,
                budget,
                state: Cell::new(State::Asleep),
                on_frame: Closure::new(move || {
                    if let Some(inner) = frame.upgrade() {
                        inner.frame();
                    }
                }),
                timer: Cell::new(None),
                on_time: Closure::new(move || {
                    if let Some(inner) = time.upgrade() {
                        inner.time();
                    }
                }),
                on_sleep: Box::new(on_sleep),
                frames: RefCell::default(),
            }
        });
        LOOP.set(Rc::downgrade(&inner));
        Ok(Self(inner))
    }

    /// Where work goes that the page need not see.
    pub(crate) fn worker(&self) -> &Worker {
        self.0.host.worker()
    }

    /// Where work goes that uses what the page has.
    pub(crate) fn here(&self) -> &MainThread {
        self.0.host.here()
    }

    /// The browser's time.
    pub(crate) fn clock(&self) -> &impl Clock {
        self.0.host.single()
    }

    /// How long each frame took so far, in milliseconds.
    pub(crate) fn times(&self) -> Vec<f64> {
        self.0.frames.borrow().times().to_vec()
    }
}

impl Inner {
    /// There is something to do.
    fn wake(&self) {
        if self.state.get() == State::Asleep {
            self.state.set(State::Asked);
            let asked = self.window.request_animation_frame(self.on_frame.as_ref().unchecked_ref());
            asked.expect("a function is a callback");
        }
    }

    /// An animation frame.
    fn frame(&self) {
        self.state.set(State::Running);
        let start = now();
        self.host.run_while(|| now() - start < self.budget);
        self.frames.borrow_mut().push(now() - start);
        self.state.set(State::Asleep);
        if self.host.is_idle() { self.sleep() } else { self.wake() }
    }

    /// Until somebody wakes the loop, or the next timer is due.
    fn sleep(&self) {
        if let Some(timer) = self.timer.take() {
            self.window.clear_timeout_with_handle(timer);
        }
        if let Some(deadline) = self.host.single().next_deadline() {
            let millis = (deadline.as_secs_f64() * 1000.0 - now()).ceil().clamp(0.0, f64::from(i32::MAX)) as i32;
            let on_time = self.on_time.as_ref().unchecked_ref();
            let timer = self.window.set_timeout_with_callback_and_timeout_and_arguments_0(on_time, millis);
            self.timer.set(Some(timer.expect("a function is a callback")));
        }
        (self.on_sleep)(self.frames.borrow().summary());
    }

    fn time(&self) {
        self.timer.set(None);
        self.wake();
    }
}
