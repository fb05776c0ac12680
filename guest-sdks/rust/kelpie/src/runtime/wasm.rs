//! What the host calls.

use std::marker::PhantomData;

use super::fitting::{MESSAGE_BYTES_MAX, fitting};
use super::{Actor, Instance, describe, invoke, invoke_batch, panics};
use crate::bindings::exports::kelpie::actor::{batch, handler};
use crate::bindings::kelpie::actor::types::{Failure, Rejection};
use crate::host::Host;
use crate::{Context, Error, Payload, Result};

/// An actor of which a component has an instance.
pub trait Exported: Actor {
    /// The instance as the last turn left it; a new one if there was none, or if it
    /// failed.
    fn take() -> Instance<Self>;
    /// Keeps the instance for the next turn.
    fn keep(instance: Instance<Self>);
}

/// The exports of a component.
pub struct Exports<A>(PhantomData<A>);

impl<A: Exported> handler::Guest for Exports<A> {
    fn invoke(operation: String, argument: Payload) -> std::result::Result<Payload, Failure> {
        let run = |instance: &mut _, context: &_| invoke(instance, context, &operation, argument);
        Ok(turn::<A, _, _>(run)?)
    }

    fn describe() -> String {
        describe::<A>()
    }
}

impl<A: Exported> batch::Guest for Exports<A> {
    fn invoke_batch(operations: String) -> std::result::Result<String, batch::BatchFailure> {
        turn::<A, _, _>(|instance, context| invoke_batch(instance, context, &operations)).map_err(
            |failed| batch::BatchFailure { index: failed.index, failure: failed.error.into() },
        )
    }
}

fn turn<A: Exported, T, E>(
    run: impl FnOnce(&mut Instance<A>, &Context) -> Result<T, E>,
) -> Result<T, E> {
    panics::report();
    let mut instance = A::take();
    let reply = run(&mut instance, &Context::new(Host))?;
    A::keep(instance);
    Ok(reply)
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        match error {
            Error::Rejected { code, message } => Self::Rejected(Rejection { code, message }),
            Error::Failed(message) => Self::Failed(fitting(message, MESSAGE_BYTES_MAX)),
            Error::Unavailable(message) => Self::Unavailable(message),
            Error::Unknown(message) => Self::Unknown(message),
        }
    }
}
