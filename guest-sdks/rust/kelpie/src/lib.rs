//! Actors for Kelpie, in Rust.
//!
//! A type is an actor: its fields are the state, its methods are the operations.
//!
//! ```
//! use kelpie::{Context, Result};
//! use schemars::JsonSchema;
//! use serde::{Deserialize, Serialize};
//!
//! #[derive(Default, Serialize, Deserialize)]
//! struct Counter {
//!     value: i64,
//! }
//!
//! #[derive(Serialize, JsonSchema)]
//! struct Value {
//!     value: i64,
//! }
//!
//! /// Counts.
//! #[kelpie::actor]
//! impl Counter {
//!     /// Adds to the value.
//!     #[operation]
//!     fn add(&mut self, context: &Context, #[argument(default = 1)] amount: i64) -> Result<Value> {
//!         let Some(value) = self.value.checked_add(amount) else {
//!             return Err(kelpie::reject("overflow", "the value would be too large"));
//!         };
//!         self.value = value;
//!         context.log().debug(format_args!("now {value}"));
//!         Ok(Value { value })
//!     }
//!
//!     /// The value.
//!     #[operation(read_only)]
//!     fn get(&self) -> Value {
//!         Value { value: self.value }
//!     }
//! }
//!
//! // In an ordinary test, without a host:
//! let mut counter = kelpie::testing::Actor::<Counter>::new();
//! assert_eq!(counter.invoke("add", r#"{"amount": 5}"#).unwrap(), r#"{"value":5}"#);
//! assert_eq!(counter.invoke("get", "").unwrap(), r#"{"value":5}"#);
//! ```
//!
//! Built for `wasm32-unknown-unknown` as a `cdylib`, this is an actor: what the
//! host calls is made by [`macro@actor`].
//!
//! What an operation gets of the world is in its [`Context`]. It can get nothing
//! else: there are no files, sockets, clocks or random numbers here, and so a turn
//! that is run again does the same.

#[allow(missing_docs, unsafe_code, clippy::all, clippy::restriction)]
#[rustfmt::skip]
#[doc(hidden)]
pub mod bindings;
mod context;
mod error;
mod host;
pub mod kv;
pub mod messaging;
mod payload;
#[doc(hidden)]
pub mod runtime;
#[cfg(not(target_arch = "wasm32"))]
pub mod testing;

pub use bindings::kelpie::actor::identity::Caller;
pub use bindings::kelpie::actor::types::{Address, Payload};
pub use context::{Context, Entropy, Log, RawState};
pub use error::{Error, Result, fail, reject};
pub use payload::Bytes;

/// Makes an actor of an `impl` block.
///
/// The type of the block is the actor's state; the methods that have
/// `#[operation]` are its operations. Doc comments of the block, of operations and
/// of their parameters are what the host tells people of them.
///
/// * `#[operation]`, `#[operation(read_only)]`, `#[operation(durable)]`: the method
///   is an operation, under its own name. One that is `read_only` takes `&self`.
/// * A parameter of type `&Context` is the [`Context`] of the turn. All others are
///   members of the JSON object that is the argument. A parameter of type
///   `Option<T>` may be left out, and one with `#[argument(default)]` or
///   `#[argument(default = 1)]`. No member may be unknown.
/// * An operation whose only parameter is [`Bytes`] takes bytes instead; one that
///   returns [`Bytes`] replies with bytes.
/// * It returns a value, or a [`Result`] of one: anything that is `Serialize` and
///   `JsonSchema`.
/// * A method without `self` may be an operation too: it does without the state. An
///   actor of which no operation has `self` has none, and its type needs no traits.
///
/// State must be `Serialize`, `Deserialize` and `Default`. It is read once, and
/// written after a turn that changed it.
///
/// # Versions of the state
///
/// When the type changes so that old state cannot be read, count its version up,
/// and say how to read the old one:
///
/// ```
/// use kelpie::Result;
/// use serde::{Deserialize, Serialize};
/// use serde_json::Value;
///
/// #[derive(Default, Serialize, Deserialize)]
/// struct Counter {
///     total: i64,
/// }
///
/// #[kelpie::actor(version = 2)]
/// impl Counter {
///     #[operation]
///     fn add(&mut self, amount: i64) -> i64 {
///         self.total += amount;
///         self.total
///     }
///
///     /// Version 1 called it `value`.
///     #[migrate]
///     fn migrate(_version: u32, old: Value) -> Result<Self> {
///         Ok(Self { total: old["value"].as_i64().ok_or(kelpie::fail("no value"))? })
///     }
/// }
///
/// let mut counter = kelpie::testing::Actor::<Counter>::new();
/// counter.host().set_state(Some(r#"{"version":1,"state":{"value":7}}"#.into()));
/// assert_eq!(counter.invoke("add", r#"{"amount": 1}"#).unwrap(), "8");
/// ```
pub use kelpie_macros::actor;
