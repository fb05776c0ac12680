//! Many operations in one turn.

use super::argument::{Members, bad_argument};
use super::manifest::Argued;
use super::operation::logged;
use super::{Actor, Argument, Instance, Operation};
use crate::{Context, Error, Payload, Result};

/// The first operation of a batch that failed.
#[derive(Debug, PartialEq, Eq)]
pub struct BatchError {
    /// Which one, counted from 0.
    pub index: u32,
    /// Why.
    pub error: Error,
}

/// Runs the operations of a batch, which are JSON lines, and saves the state once.
///
/// # Errors
/// The turn is to change nothing, and the instance is to be dropped.
pub fn invoke_batch<A: Actor>(
    instance: &mut Instance<A>,
    context: &Context,
    operations: &str,
) -> Result<String, BatchError> {
    let mut replies = String::with_capacity(operations.len());
    let mut last = 0;
    for (index, line) in (0..).zip(operations.split_terminator('\n')) {
        let reply = run_line(instance, context, line)
            .map_err(|error| BatchError { index, error: logged(context, error) })?;
        if let Payload::Text(text) = reply {
            replies.push_str(&text);
        }
        replies.push('\n');
        last = index;
    }
    instance
        .save(context)
        .map_err(|error| BatchError { index: last, error: logged(context, error) })?;
    Ok(replies)
}

fn run_line<A: Actor>(
    instance: &mut Instance<A>,
    context: &Context,
    line: &str,
) -> Result<Payload> {
    let members = Members::read(line, &["operation", "argument"])?;
    let operation = Operation::<A>::find(&members.required::<String>(0)?)?;
    let name = operation.name;
    if operation.durable {
        return Err(bad_argument(format!("the operation '{name}' is durable: not in a batch")));
    }
    if operation.replies_bytes || matches!(operation.argument, Argued::Bytes) {
        return Err(bad_argument(format!(
            "the operation '{name}' is one of bytes: not in a batch"
        )));
    }
    let argument = members.raw(1).map_or("", |argument| argument.get());
    (operation.run)(instance, context, Argument(argument.into()))
}
