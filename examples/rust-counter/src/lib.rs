//! A counter: one number per actor, kept as one JSON text.
//!
//! This file is the actor, straight over the contract; `counter.rs` is what it
//! does. An SDK would hide the `Guest` trait, but there is not much to hide.

mod counter;

wit_bindgen::generate!({
    path: "../../wit",
    world: "batching-actor",
});

use counter::{Operation, Refusal};
use exports::kelpie::actor::{batch, handler};
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
    /// So a turn of a warm counter costs one host call, `save`, and none to read;
    /// so does a batch.
    static VALUE: Cell<Option<i64>> = const { Cell::new(None) };
}

struct Counter;

export!(Counter);

impl handler::Guest for Counter {
    fn invoke(operation: String, argument: Payload) -> Result<Payload, Failure> {
        let operation = Operation::read(&operation, text(&argument)?)?;
        let json = Payload::Text(counter::to_json(run(operation)?));
        if operation.writes() {
            state::save(&json);
        }
        Ok(json)
    }

    fn describe() -> String {
        MANIFEST.to_owned()
    }
}

impl batch::Guest for Counter {
    fn invoke_batch(operations: String) -> Result<String, batch::BatchFailure> {
        let mut replies = String::with_capacity(operations.len());
        let mut writes = false;
        for (index, line) in (0..).zip(operations.lines()) {
            let failed = |failure| batch::BatchFailure { index, failure };
            let operation = Operation::read_line(line).map_err(|refusal| failed(refusal.into()))?;
            writes |= operation.writes();
            counter::write_json(run(operation).map_err(failed)?, &mut replies);
            replies.push('\n');
        }
        // Once for all of them: only the last value counts.
        if let Some(value) = VALUE.get().filter(|_| writes) {
            state::save(&Payload::Text(counter::to_json(value)));
        }
        Ok(replies)
    }
}

/// The value behind an operation, which is not saved yet.
fn run(operation: Operation) -> Result<i64, Failure> {
    let value = match operation {
        Operation::Add(amount) => counter::add(load()?, amount)?,
        // Needs no value before, so it also mends a state that cannot be read.
        Operation::Reset => 0,
        Operation::Get => load()?,
    };
    VALUE.set(Some(value));
    Ok(value)
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

fn text(argument: &Payload) -> Result<&str, Refusal> {
    match argument {
        Payload::Text(text) => Ok(text),
        Payload::Bytes(bytes) if bytes.is_empty() => Ok(""),
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
