//! The one error type, erased: one pointer, cheap to clone, with a kind, a source chain and `downcast_ref`.

use alloc::borrow::Cow;
use alloc::boxed::Box;
use alloc::string::{String, ToString};
use core::any::Any;
use core::error::Error as StdError;
use core::fmt;

use spin::mutex::SpinMutex;

use crate::sync::Arc;

/// What a task settles with: a value, or an [`Error`].
pub type Result<T> = core::result::Result<T, Error>;

/// Why a task was rejected: any error, erased, in one pointer that clones cheaply.
///
/// `?` turns every `core::error::Error + Send + Sync` into it. Like other erased errors it does not implement
/// `core::error::Error` itself, which is what makes that conversion possible; [`as_std`](Error::as_std) lends it as one.
///
/// ```
/// use threadbare::{Error, ErrorKind};
///
/// let error = Error::from("seven".parse::<u32>().unwrap_err());
/// assert!(error.downcast_ref::<core::num::ParseIntError>().is_some());
/// assert_eq!(error.kind(), ErrorKind::Other);
/// assert_eq!(error.to_string(), "invalid digit found in string");
/// ```
#[derive(Clone)]
pub struct Error(Arc<Inner>);

/// What sort of trouble an [`Error`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The promise was dropped without being settled.
    Abandoned,
    /// A closure or future panicked. The message is in the error's text.
    Panicked,
    /// The work was called off.
    Canceled,
    /// The context was closed, or dropped the work, before it ran.
    Closed,
    /// A wait that would have been for ever: only what comes after it, or nothing at all, could settle the task.
    Deadlock,
    /// The context had no room for the work.
    Full,
    /// It took longer than it was allowed to.
    TimedOut,
    /// Anything else: an error from outside, or a message.
    Other,
}

enum Inner {
    /// One of the kinds, with a sentence that names the cause.
    Kind(ErrorKind, &'static str),
    /// A panic's message, where it happened if that is known, and its payload until somebody takes it.
    Panic { message: String, place: Option<String>, payload: SpinMutex<Option<Box<dyn Any + Send>>> },
    /// A message.
    Message(String),
    /// What was going on when another error passed.
    Context { line: Cow<'static, str>, cause: Error },
    /// An error from elsewhere.
    Foreign(ErrorKind, Box<dyn StdError + Send + Sync>),
}

impl Error {
    /// An error that is a message.
    ///
    /// ```
    /// assert_eq!(threadbare::Error::msg("empty file").to_string(), "empty file");
    /// ```
    pub fn msg(message: impl fmt::Display) -> Self {
        Self(Arc::new(Inner::Message(message.to_string())))
    }

    /// An error of this kind: a message, or an error from elsewhere, which [`downcast_ref`](Error::downcast_ref) finds.
    ///
    /// For errors that come from another language or process, with a kind of theirs.
    ///
    /// ```
    /// use threadbare::{Error, ErrorKind};
    ///
    /// let error = Error::of(ErrorKind::TimedOut, format!("no answer after {} ms", 250));
    /// assert_eq!(error.kind(), ErrorKind::TimedOut);
    /// assert_eq!(error.to_string(), "no answer after 250 ms");
    /// ```
    pub fn of(kind: ErrorKind, error: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self(Arc::new(Inner::Foreign(kind, error.into())))
    }

    pub(crate) fn of_kind(kind: ErrorKind, cause: &'static str) -> Self {
        Self(Arc::new(Inner::Kind(kind, cause)))
    }

    /// An error for work that a closed context refuses: for a context of your own.
    pub fn closed(cause: &'static str) -> Self {
        Self::of_kind(ErrorKind::Closed, cause)
    }

    /// An error for work that was called off.
    pub fn canceled(cause: &'static str) -> Self {
        Self::of_kind(ErrorKind::Canceled, cause)
    }

    /// An error for work that is waited for in vain, since only the waiting threads could do it.
    pub fn deadlock(cause: &'static str) -> Self {
        Self::of_kind(ErrorKind::Deadlock, cause)
    }

    /// An error for work that a context has no room for.
    pub fn full(cause: &'static str) -> Self {
        Self::of_kind(ErrorKind::Full, cause)
    }

    /// An error for what took too long.
    pub fn timed_out(cause: &'static str) -> Self {
        Self::of_kind(ErrorKind::TimedOut, cause)
    }

    /// The error that a caught panic becomes. Its text carries the panic's message where that is a string.
    ///
    /// For contexts that catch panics themselves; the core does so for every closure and future it runs.
    pub fn from_panic(payload: Box<dyn Any + Send>) -> Self {
        Self::panicked(payload, None)
    }

    pub(crate) fn panicked(payload: Box<dyn Any + Send>, place: Option<String>) -> Self {
        let message = match (payload.downcast_ref::<&'static str>(), payload.downcast_ref::<String>()) {
            (Some(text), _) => text.to_string(),
            (None, Some(text)) => text.clone(),
            (None, None) => "a payload that is not a string".to_string(),
        };
        Self(Arc::new(Inner::Panic { message, place, payload: SpinMutex::new(Some(payload)) }))
    }

    /// This error with a line about what was going on: the line is the text then, and this error its
    /// [`source`](Error::source). Kind, payload and `downcast_ref` remain those of this error.
    ///
    /// ```
    /// use threadbare::Error;
    ///
    /// let error = Error::msg("no such file").context("loading hero.png").context("starting level 1");
    /// assert_eq!(error.to_string(), "starting level 1");
    /// assert_eq!(format!("{error:?}"), "starting level 1\n  caused by: loading hero.png\n  caused by: no such file");
    /// ```
    #[must_use]
    pub fn context(self, line: impl Into<Cow<'static, str>>) -> Self {
        Self(Arc::new(Inner::Context { line: line.into(), cause: self }))
    }

    /// What sort of trouble this is.
    pub fn kind(&self) -> ErrorKind {
        match &*self.0 {
            Inner::Kind(kind, _) => *kind,
            Inner::Panic { .. } => ErrorKind::Panicked,
            Inner::Context { cause, .. } => cause.kind(),
            Inner::Foreign(kind, _) => *kind,
            Inner::Message(_) => ErrorKind::Other,
        }
    }

    /// The error it was made from, if that is an `E`. Lines of context do not hide it.
    pub fn downcast_ref<E: StdError + 'static>(&self) -> Option<&E> {
        match &*self.0 {
            Inner::Foreign(_, error) => error.downcast_ref(),
            Inner::Context { cause, .. } => cause.downcast_ref(),
            _ => None,
        }
    }

    /// Takes the payload of the panic that this error reports, to resume it or to look at it; the first caller among
    /// all clones gets it.
    pub fn take_panic(&self) -> Option<Box<dyn Any + Send>> {
        match &*self.0 {
            Inner::Panic { payload, .. } => payload.lock().take(),
            Inner::Context { cause, .. } => cause.take_panic(),
            _ => None,
        }
    }

    /// The next error down the chain of causes.
    pub fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.as_std().source()
    }

    /// This error as the standard library's trait object, for code that wants one.
    pub fn as_std(&self) -> &(dyn StdError + Send + Sync + 'static) {
        match &*self.0 {
            Inner::Foreign(_, error) => &**error,
            inner => inner,
        }
    }
}

impl<E: StdError + Send + Sync + 'static> From<E> for Error {
    fn from(error: E) -> Self {
        Self::of(ErrorKind::Other, error)
    }
}

impl From<Error> for Box<dyn StdError + Send + Sync> {
    fn from(error: Error) -> Self {
        Box::new(Wrapped(error))
    }
}

impl From<Error> for Box<dyn StdError> {
    fn from(error: Error) -> Self {
        Box::new(Wrapped(error))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self.as_std(), f)
    }
}

/// The text, then each cause on a line of its own.
impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")?;
        let mut cause = self.source();
        while let Some(error) = cause {
            write!(f, "\n  caused by: {error}")?;
            cause = error.source();
        }
        Ok(())
    }
}

impl fmt::Display for Inner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Inner::Kind(_, cause) => f.write_str(cause),
            Inner::Panic { message, place: Some(place), .. } => write!(f, "panicked at {place}: {message}"),
            Inner::Panic { message, place: None, .. } => write!(f, "panicked: {message}"),
            Inner::Context { line, .. } => f.write_str(line),
            Inner::Message(message) => f.write_str(message),
            Inner::Foreign(_, error) => fmt::Display::fmt(error, f),
        }
    }
}

impl fmt::Debug for Inner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl StdError for Inner {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match self {
            Inner::Context { cause, .. } => Some(cause.as_std()),
            _ => None,
        }
    }
}

/// An [`Error`] on its way into somebody's `Box<dyn Error>`.
struct Wrapped(Error);

impl fmt::Display for Wrapped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl fmt::Debug for Wrapped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl StdError for Wrapped {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source()
    }
}
