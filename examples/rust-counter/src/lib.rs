//! A counter: one number per actor, kept as one JSON text.
//!
//! This file is the actor, straight over the contract; `counter.rs` is what it
//! does. An SDK would hide the `Guest` trait, but there is not much to hide.

mod counter;

wit_bindgen::generate!({
    path: "../../wit",
    world: "actor",
});

use counter::Refusal;
use exports::kelpie::actor::handler::Guest;
use kelpie::actor::state;
use kelpie::actor::types::{Failure, Payload, Rejection};
use std::cell::Cell;

thread_local! {
    /// The committed value, once it is known.
    ///
    /// Memory is only a cache: the host may drop this instance between any two
    /// turns, and then the next one begins with `None` and loads. But as long as
    /// it lives it can be trusted, because one activation owns the actor, and an
    /// instance whose turn failed, was refused or was not committed is dropped.
    /// So a turn of a warm counter costs one host call, `save`, and none to read.
    static VALUE: Cell<Option<i64>> = const { Cell::new(None) };
}

struct Counter;

export!(Counter);

impl Guest for Counter {
    fn invoke(operation: String, argument: Payload) -> Result<Payload, Failure> {
        match operation.as_str() {
            "increment" => {
                expect_nothing(&argument)?;
                store(counter::add(load()?, 1)?)
            }
            "add" => {
                let amount = counter::amount(text(&argument)?)?;
                store(counter::add(load()?, amount)?)
            }
            "reset" => {
                expect_nothing(&argument)?;
                store(0)
            }
            "get" => {
                expect_nothing(&argument)?;
                Ok(Payload::Text(counter::to_json(load()?)))
            }
            other => Err(Refusal::new(
                "unknown-operation",
                format!("a counter has no operation '{other}'; it has increment, add, get and reset"),
            )
            .into()),
        }
    }

    fn describe() -> String {
        MANIFEST.to_owned()
    }
}

/// The value as this turn sees it; zero only if none was ever saved.
fn load() -> Result<i64, Failure> {
    if let Some(value) = VALUE.get() {
        return Ok(value);
    }
    let value = match state::load() {
        None => 0,
        // A value that cannot be read is a failure, never a zero: a default here
        // would overwrite what somebody may still repair.
        Some(stored) => match &stored {
            Payload::Text(text) => counter::from_json(text),
            Payload::Bytes(_) => None,
        }
        .ok_or_else(|| Failure::Failed("the stored state is not that of a counter".to_owned()))?,
    };
    VALUE.set(Some(value));
    Ok(value)
}

/// Saves the value and replies with the same JSON.
fn store(value: i64) -> Result<Payload, Failure> {
    let json = Payload::Text(counter::to_json(value));
    state::save(&json);
    VALUE.set(Some(value));
    Ok(json)
}

fn expect_nothing(argument: &Payload) -> Result<(), Refusal> {
    match argument {
        Payload::Text(text) if counter::is_nothing(text) => Ok(()),
        Payload::Bytes(bytes) if bytes.is_empty() => Ok(()),
        _ => Err(Refusal::new("bad-argument", "this operation takes no argument")),
    }
}

fn text(argument: &Payload) -> Result<&str, Refusal> {
    match argument {
        Payload::Text(text) => Ok(text),
        Payload::Bytes(_) => {
            Err(Refusal::new("bad-argument", "the argument must be JSON text, not bytes"))
        }
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Failure::Rejected(Rejection { code: refusal.code.to_owned(), message: refusal.message })
    }
}

const MANIFEST: &str = include_str!("manifest.json");
