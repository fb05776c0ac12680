//! The host of an actor: the real one in WebAssembly, and elsewhere the fake one of
//! the tests. Both have the same methods, and which one it is is known when the actor
//! is compiled. So a component imports only what its program uses.

#[cfg(not(target_arch = "wasm32"))]
pub(crate) use crate::testing::Fake as Host;
#[cfg(target_arch = "wasm32")]
pub(crate) use wasm::Host;

#[cfg(target_arch = "wasm32")]
mod wasm;
