//! The operations of an actor, and how one of them is run.

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Serialize;

use super::fitting::{LINE_BYTES_MAX, fitting};
use super::manifest::{Argued, bytes_schema};
use super::{Argument, Instance};
use crate::{Bytes, Context, Error, Payload, Result, fail, reject};

/// What the macro makes of an `impl` block.
pub trait Actor: Sized + 'static {
    /// What this kind of actor is for.
    const DOC: &'static str;
    /// What may be asked of it.
    const OPERATIONS: &'static [Operation<Self>];
}

/// One operation.
pub struct Operation<A> {
    /// What it is called.
    pub name: &'static str,
    /// What it does.
    pub doc: &'static str,
    /// Whether it changes nothing.
    pub read_only: bool,
    /// Whether it is resumed after a crash.
    pub durable: bool,
    /// Runs it.
    pub run: fn(&mut Instance<A>, &Context, Argument) -> Result<Payload>,
    /// What it takes.
    pub argument: Argued,
    /// The schema of its reply.
    pub result: fn(&mut SchemaGenerator) -> Schema,
    /// Whether it replies bytes.
    pub replies_bytes: bool,
}

impl<A: Actor> Operation<A> {
    pub(super) fn find(name: &str) -> Result<&'static Self> {
        A::OPERATIONS.iter().find(|operation| operation.name == name).ok_or_else(|| {
            let names: Vec<&str> = A::OPERATIONS.iter().map(|known| known.name).collect();
            let known = match names.as_slice() {
                [] => "none at all".to_owned(),
                names => names.join(", "),
            };
            reject(
                "unknown-operation",
                format!("there is no operation '{name}'; there are {known}"),
            )
        })
    }
}

/// Runs one operation, as a turn of its own.
///
/// # Errors
/// The turn is to change nothing, and the instance is to be dropped.
pub fn invoke<A: Actor>(
    instance: &mut Instance<A>,
    context: &Context,
    operation: &str,
    argument: Payload,
) -> Result<Payload> {
    let run = || {
        let operation = Operation::<A>::find(operation)?;
        let reply = (operation.run)(instance, context, Argument(argument))?;
        if !operation.read_only {
            instance.save(context)?;
        }
        Ok(reply)
    };
    run().map_err(|error| logged(context, error))
}

/// Whoever asked is told of a failure; the log is for those who can mend it.
pub(super) fn logged(context: &Context, error: Error) -> Error {
    if let Error::Failed(message) = &error {
        context.log().error(fitting(format!("failed: {message}"), LINE_BYTES_MAX));
    }
    error
}

/// What an operation may reply.
pub trait Reply {
    /// Whether it travels as bytes.
    const IS_BYTES: bool;

    /// What travels.
    fn into_payload(self) -> Result<Payload>;
    /// What the manifest says of it.
    fn schema(generator: &mut SchemaGenerator) -> Schema;
}

impl Reply for Bytes {
    const IS_BYTES: bool = true;

    fn into_payload(self) -> Result<Payload> {
        Ok(self.into())
    }

    fn schema(_: &mut SchemaGenerator) -> Schema {
        bytes_schema()
    }
}

#[diagnostic::do_not_recommend]
impl<T: Serialize + JsonSchema> Reply for T {
    const IS_BYTES: bool = false;

    fn into_payload(self) -> Result<Payload> {
        match serde_json::to_string(&self) {
            Ok(text) => Ok(Payload::Text(text)),
            Err(error) => Err(fail(format!("the reply cannot be written as JSON: {error}"))),
        }
    }

    fn schema(generator: &mut SchemaGenerator) -> Schema {
        generator.subschema_for::<T>()
    }
}
