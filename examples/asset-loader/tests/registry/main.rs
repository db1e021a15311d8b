//! The registry by itself: what is loaded when, what is kept, and what goes first. Its loads run when a test says so.

mod eviction;
mod gone;
mod model;
mod orders;
mod races;
mod reentry;
mod world;
