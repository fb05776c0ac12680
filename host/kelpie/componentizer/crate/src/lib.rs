//! Turns core modules into components, and says what a module or component is.
//!
//! Built for `wasm32-unknown-unknown` it is a core module without imports, which
//! the host runs in its own engine: nobody needs another tool on their machine.
//! `../README.md` describes the exported functions for whoever calls them.

mod convert;
mod gather;
mod inspect;
mod json;
mod weave;

#[cfg(target_arch = "wasm32")]
mod abi;

pub use convert::componentize;
pub use inspect::inspect;
