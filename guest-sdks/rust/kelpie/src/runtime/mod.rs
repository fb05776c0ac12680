//! What runs an actor. The macro writes an [`Actor`] for each; all else is here.

mod argument;
mod batch;
mod encoding;
mod fitting;
mod instance;
mod manifest;
mod operation;
#[cfg(target_arch = "wasm32")]
mod panics;
#[cfg(target_arch = "wasm32")]
mod wasm;

pub use argument::{Argument, Members};
pub use batch::{BatchError, invoke_batch};
pub use instance::{Instance, Interior, Probe, State};
pub use manifest::{Argued, Parameter, describe, json_argument, value_of};
pub use operation::{Actor, Operation, Reply, invoke};
#[cfg(target_arch = "wasm32")]
pub use wasm::{Exported, Exports};

pub use schemars::{Schema, SchemaGenerator};
pub use serde_json::Value;
