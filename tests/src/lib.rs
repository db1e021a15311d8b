//! Threadbare tests.
