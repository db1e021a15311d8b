//! Errors: kinds, conversions, causes, panics' payloads.

use std::error::Error as StdError;
use std::fmt;

use behaviour::quiet_panics;
use threadbare::{Error, ErrorKind, Immediate, Result, promise, run};

#[derive(Debug)]
struct Layer(&'static str, Option<Box<Layer>>);

impl fmt::Display for Layer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl StdError for Layer {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.1.as_deref().map(|layer| layer as _)
    }
}

fn layers() -> Layer {
    Layer("no scene", Some(Box::new(Layer("no texture", Some(Box::new(Layer("no file", None)))))))
}

#[test]
fn each_kind_has_its_cause() {
    quiet_panics();
    let (promise, task) = promise::<u32>();
    drop(promise);
    let panicked = run(&Immediate, || panic!("it panics on purpose")).map(&Immediate, |()| 0);
    let causes = [
        (task.wait().unwrap_err(), ErrorKind::Abandoned, "dropped without being settled"),
        (panicked.wait().unwrap_err(), ErrorKind::Panicked, "it panics on purpose"),
        (Error::closed("the render thread is gone"), ErrorKind::Closed, "the render thread is gone"),
        (Error::canceled("the camera moved"), ErrorKind::Canceled, "the camera moved"),
        (Error::deadlock("each waits for the other"), ErrorKind::Deadlock, "each waits for the other"),
        (Error::full("sixteen is all there is"), ErrorKind::Full, "sixteen is all there is"),
        (Error::timed_out("the frame is over"), ErrorKind::TimedOut, "the frame is over"),
        (Error::msg("a message"), ErrorKind::Other, "a message"),
        (Error::of(ErrorKind::Panicked, "it threw"), ErrorKind::Panicked, "it threw"),
        (Error::of(ErrorKind::Full, layers()).context("loading"), ErrorKind::Full, "loading"),
        (Error::from(layers()), ErrorKind::Other, "no scene"),
    ];
    for (error, kind, text) in causes {
        assert_eq!(error.kind(), kind);
        assert!(error.to_string().contains(text), "{error}");
        assert!(format!("{error:?}").contains(text), "{error:?}");
    }
}

#[test]
fn the_debug_form_lists_the_causes() {
    let error = Error::from(layers());
    assert_eq!(format!("{error:?}"), "no scene\n  caused by: no texture\n  caused by: no file");
    assert_eq!(error.to_string(), "no scene");
    assert_eq!(error.source().map(ToString::to_string).as_deref(), Some("no texture"));
    assert!(Error::msg("alone").source().is_none());
    assert_eq!(format!("{:?}", Error::msg("alone")), "alone");
}

#[test]
fn it_downcasts_to_what_it_was_made_from() {
    fn parse(text: &str) -> Result<u32> {
        Ok(text.parse::<u32>()?)
    }
    let error = parse("seven").unwrap_err();
    assert!(error.downcast_ref::<std::num::ParseIntError>().is_some());
    assert!(error.downcast_ref::<fmt::Error>().is_none());
    assert!(Error::msg("text").downcast_ref::<std::num::ParseIntError>().is_none());
    let kinded = Error::of(ErrorKind::Canceled, layers());
    assert_eq!(kinded.downcast_ref::<Layer>().map(|layer| layer.0), Some("no scene"));
    assert_eq!(kinded.source().map(ToString::to_string).as_deref(), Some("no texture"));
    let twin = error.clone();
    let original = error.downcast_ref::<std::num::ParseIntError>().unwrap();
    assert!(std::ptr::eq(original, twin.downcast_ref().unwrap()), "clones share it");
}

#[test]
fn it_goes_into_a_standard_error_and_keeps_its_causes() {
    fn fails() -> std::result::Result<(), Box<dyn StdError + Send + Sync>> {
        Err(Error::from(layers()))?
    }
    let boxed = fails().unwrap_err();
    assert_eq!(boxed.to_string(), "no scene");
    assert_eq!(boxed.source().map(ToString::to_string).as_deref(), Some("no texture"));
    let boxed: Box<dyn StdError> = Error::msg("text").into();
    assert_eq!((boxed.to_string(), boxed.source().is_none()), ("text".to_owned(), true));
    assert_eq!(Error::from(layers()).as_std().to_string(), "no scene");
}

#[test]
fn a_panic_carries_its_payload() {
    quiet_panics();
    // Text of either type, and what is no text.
    let text = run(&Immediate, || panic!("text, on purpose")).map(&Immediate, |()| 0);
    let number = std::hint::black_box(1);
    let formatted = run(&Immediate, move || panic!("text {number}, on purpose")).map(&Immediate, |()| 0);
    let (text, formatted) = (text.wait().unwrap_err(), formatted.wait().unwrap_err());
    assert_eq!(text.take_panic().unwrap().downcast_ref(), Some(&"text, on purpose"));
    assert_eq!(formatted.take_panic().unwrap().downcast_ref(), Some(&"text 1, on purpose".to_owned()));
    assert!(formatted.to_string().ends_with("text 1, on purpose"), "its text stays");
    let number = run(&Immediate, || std::panic::resume_unwind(Box::new(7_u32))).map(&Immediate, |()| 0);
    let number = number.wait().unwrap_err();
    assert!(number.to_string().contains("not a string"), "{number}");
    assert_eq!(number.clone().take_panic().unwrap().downcast_ref(), Some(&7_u32));
    assert!(number.take_panic().is_none(), "the first of all clones has taken it");
    assert!(Error::msg("no panic").take_panic().is_none());
}
