//! What stands behind the page: it is built here, given pictures, and served.

mod options;
pub mod patterns;
pub mod samples;
mod serve;
mod site;
mod wasm;

pub use options::Options;
pub use serve::serve;
pub use site::Site;
