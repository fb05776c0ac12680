//! Actors in ordinary tests, without a host.
//!
//! An [`Actor`] is asked as a host asks it, with the same dispatch as in WebAssembly:
//! arguments are read, state is loaded and saved, and a turn that fails changes
//! nothing. Its [`Host`] says what time it is, who asks, and what is set, and shows
//! what came of it.
//!
//! ```
//! use kelpie::{Caller, Context, Payload, Result};
//!
//! struct Greeter;
//!
//! #[kelpie::actor]
//! impl Greeter {
//!     #[operation]
//!     fn greet(context: &Context) -> Result<String> {
//!         let greeting = context.config("GREETING").unwrap_or("Hello".to_owned());
//!         let Caller::Client(name) = context.caller() else {
//!             return Err(kelpie::reject("nobody", "only people are greeted"));
//!         };
//!         context.kv().set("last", name.as_str());
//!         Ok(format!("{greeting}, {name}!"))
//!     }
//! }
//!
//! let mut actor = kelpie::testing::Actor::<Greeter>::new();
//! actor.host().set_config("GREETING", "Ahoy");
//! actor.host().set_caller(Caller::Client("ann".to_owned()));
//! assert_eq!(actor.invoke("greet", "").unwrap(), r#""Ahoy, ann!""#);
//! assert_eq!(actor.host().kv()["last"], "ann");
//!
//! actor.host().set_caller(Caller::Reminder("daily".to_owned()));
//! assert_eq!(
//!     actor.invoke("greet", "").unwrap_err(),
//!     kelpie::reject("nobody", "only people are greeted"),
//! );
//! ```
//!
//! A method can be called directly too, with [`Host::context`].

mod actor;
mod fake;
mod fake_messaging;
mod host;
mod world;

pub use crate::bindings::kelpie::actor::log::Level;
pub use crate::runtime::BatchError;
pub use actor::Actor;
pub(crate) use fake::Fake;
pub use host::Host;
pub use world::{How, Message, Reminder};
