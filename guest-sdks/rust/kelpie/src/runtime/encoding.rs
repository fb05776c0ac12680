//! The JSON text of the state.

use std::io;

use serde::Deserialize;
use serde_json::ser::{CompactFormatter, Formatter};
use serde_json::value::RawValue;

use super::State;
use crate::{Error, Payload, Result, fail};

/// Deeper nested JSON is not read again.
const DEPTH_MAX: usize = 127;

/// `{"version":1,"state":{...}}`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored<'a> {
    version: u32,
    #[serde(borrow)]
    state: &'a RawValue,
}

/// The text to be stored.
///
/// # Errors
/// The state could not be read again.
pub(super) fn encode<A: State>(actor: &A) -> Result<String> {
    let mut text = format!("{{\"version\":{},\"state\":", A::VERSION).into_bytes();
    let begin = text.len();
    let mut watching = Watching::default();
    let mut serializer = serde_json::Serializer::with_formatter(&mut text, &mut watching);
    if let Err(error) = actor.serialize(&mut serializer) {
        return Err(fail(format!("the state cannot be written: {error}")));
    }
    let mut text = String::from_utf8(text)?;
    let state = text.get(begin..).unwrap_or_default();
    // A number that is none, such as a division by zero, is written as null. Who
    // stores that for a number can never read it again.
    if (watching.has_null || watching.deepest > DEPTH_MAX)
        && let Err(error) = serde_json::from_str::<A>(state)
    {
        return Err(fail(format!(
            "the state is not saved, for it could not be read again: {error}"
        )));
    }
    text.push('}');
    Ok(text)
}

/// The state that was stored, and whether it is of this version.
///
/// # Errors
/// It cannot be read. Nobody may take that for no state.
pub(super) fn decode<A: State>(stored: &Payload) -> Result<(A, bool)> {
    let Payload::Text(text) = stored else {
        return Err(fail("the stored state is bytes, and no JSON text"));
    };
    let Stored { version, state } = serde_json::from_str(text).map_err(|error| {
        let form = "{\"version\": 1, \"state\": ...}";
        fail(format!("the stored state is not of the form {form}: {error}"))
    })?;
    if version > A::VERSION {
        let known = A::VERSION;
        return Err(fail(format!(
            "the stored state is of version {version}, and this component knows {known}: \
             roll forward"
        )));
    }
    let unreadable = |error: serde_json::Error| {
        fail(format!(
            "the stored state of version {version} cannot be read: {error} (give the field \
             #[serde(default)], or the actor a new version and a #[migrate])"
        ))
    };
    if version == A::VERSION {
        return Ok((serde_json::from_str(state.get()).map_err(unreadable)?, true));
    }
    let old = serde_json::from_str(state.get()).map_err(unreadable)?;
    // A refusal would be recorded as the answer, and state that cannot be read is none.
    let migrated = A::migrate(version, old).map_err(|error| {
        let known = A::VERSION;
        let cause = match error {
            Error::Failed(message) => message,
            other => other.to_string(),
        };
        fail(format!(
            "the stored state of version {version} cannot be migrated to {known}: {cause}"
        ))
    })?;
    Ok((migrated, false))
}

/// Writes compact JSON, and sees what it writes.
#[derive(Default)]
struct Watching {
    has_null: bool,
    depth: usize,
    deepest: usize,
}

impl Watching {
    fn begin(&mut self) {
        self.depth += 1;
        self.deepest = self.deepest.max(self.depth);
    }
}

impl Formatter for &mut Watching {
    fn write_null<W: io::Write + ?Sized>(&mut self, writer: &mut W) -> io::Result<()> {
        self.has_null = true;
        CompactFormatter.write_null(writer)
    }

    fn begin_array<W: io::Write + ?Sized>(&mut self, writer: &mut W) -> io::Result<()> {
        self.begin();
        CompactFormatter.begin_array(writer)
    }

    fn end_array<W: io::Write + ?Sized>(&mut self, writer: &mut W) -> io::Result<()> {
        self.depth -= 1;
        CompactFormatter.end_array(writer)
    }

    fn begin_object<W: io::Write + ?Sized>(&mut self, writer: &mut W) -> io::Result<()> {
        self.begin();
        CompactFormatter.begin_object(writer)
    }

    fn end_object<W: io::Write + ?Sized>(&mut self, writer: &mut W) -> io::Result<()> {
        self.depth -= 1;
        CompactFormatter.end_object(writer)
    }
}
