//! Other actors, and oneself later.

use std::fmt;
use std::time::Duration;

use crate::bindings::kelpie::actor::types;
use crate::host::Host;
use crate::{Address, Payload};

pub use crate::bindings::kelpie::actor::messaging::{Missed, Schedule};

/// Talking to other actors, and to oneself later.
///
/// ```
/// # use kelpie::{Address, Payload};
/// # let host = kelpie::testing::Host::new();
/// # let context = host.context();
/// # host.answer_calls(|call| Ok(call.argument.clone()));
/// let stock = Address { namespace: "default".into(), kind: "stock".into(), key: "7".into() };
/// let reply = context.messaging().call(&stock, "take", r#"{"amount": 1}"#)?;
/// assert_eq!(reply, r#"{"amount": 1}"#);
/// # Ok::<(), kelpie::Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Messaging<'a>(pub(crate) &'a Host);

/// Why a call came to nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The other actor refused.
    Rejected {
        /// For programs.
        code: String,
        /// For people.
        message: String,
    },
    /// The other actor has a bug.
    Failed(String),
    /// Surely not done: asking again is safe.
    Unavailable(String),
    /// Perhaps done.
    Unknown(String),
}

impl fmt::Display for Failure {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rejected { code, message } => write!(to, "rejected ({code}): {message}"),
            Self::Failed(message) => write!(to, "failed: {message}"),
            Self::Unavailable(message) => write!(to, "unavailable: {message}"),
            Self::Unknown(message) => write!(to, "unknown: {message}"),
        }
    }
}

impl std::error::Error for Failure {}

impl From<types::Failure> for Failure {
    fn from(failure: types::Failure) -> Self {
        match failure {
            types::Failure::Rejected(types::Rejection { code, message }) => {
                Self::Rejected { code, message }
            }
            types::Failure::Failed(message) => Self::Failed(message),
            types::Failure::Unavailable(message) => Self::Unavailable(message),
            types::Failure::Unknown(message) => Self::Unknown(message),
        }
    }
}

impl Messaging<'_> {
    /// Asks another actor, and waits for its reply.
    ///
    /// When the turn is run again after a crash, the callee does the work once: a call
    /// is known by its place in the turn.
    ///
    /// # Errors
    /// There is no reply.
    pub fn call(
        &self,
        target: &Address,
        operation: &str,
        argument: impl Into<Payload>,
    ) -> Result<Payload, Failure> {
        self.0.call(target, operation, &argument.into(), None)
    }

    /// The same, known by `key` and not by its place in the turn.
    ///
    /// # Errors
    /// There is no reply.
    pub fn call_with_key(
        &self,
        target: &Address,
        operation: &str,
        argument: impl Into<Payload>,
        key: &str,
    ) -> Result<Payload, Failure> {
        self.0.call(target, operation, &argument.into(), Some(key))
    }

    /// Sends a message when this turn commits, and not if it does not. Delivered once,
    /// in order per pair of sender and receiver.
    ///
    /// # Errors
    /// It will not be sent.
    pub fn send(
        &self,
        target: &Address,
        operation: &str,
        argument: impl Into<Payload>,
    ) -> Result<(), Failure> {
        self.0.send(target, operation, &argument.into())
    }

    /// The same, not before `delay` (in whole milliseconds) after this turn's time.
    ///
    /// # Errors
    /// It will not be sent.
    pub fn send_after(
        &self,
        target: &Address,
        operation: &str,
        argument: impl Into<Payload>,
        delay: Duration,
    ) -> Result<(), Failure> {
        self.0.send_after(target, operation, &argument.into(), milliseconds(delay))
    }

    /// Sends a message whose reply, or failure, comes back later as a turn of this
    /// actor's operation `continuation`.
    ///
    /// # Errors
    /// It will not be sent.
    pub fn request(
        &self,
        target: &Address,
        operation: &str,
        argument: impl Into<Payload>,
        continuation: &str,
    ) -> Result<(), Failure> {
        self.0.request(target, operation, &argument.into(), continuation)
    }

    /// Sets the reminder of this name, or replaces it: a turn of `operation` each time
    /// that it is due. See [`after`], [`every`] and [`cron`].
    ///
    /// # Errors
    /// It is not set.
    pub fn remind(
        &self,
        name: &str,
        schedule: Schedule,
        missed: Missed,
        operation: &str,
        argument: impl Into<Payload>,
    ) -> Result<(), Failure> {
        self.0.remind(name, &schedule, missed, operation, &argument.into())
    }

    /// Whether there was one to cancel.
    ///
    /// # Errors
    /// It is not cancelled.
    pub fn cancel_reminder(&self, name: &str) -> Result<bool, Failure> {
        self.0.cancel_reminder(name)
    }

    /// The names of this actor's reminders, in order.
    ///
    /// # Errors
    /// They cannot be told.
    pub fn reminders(&self) -> Result<Vec<String>, Failure> {
        self.0.reminders()
    }
}

/// Once, so long after this turn's time, in whole milliseconds.
pub fn after(delay: Duration) -> Schedule {
    Schedule::AfterMs(milliseconds(delay))
}

/// Again and again, with so much time in between, in whole milliseconds.
pub fn every(period: Duration) -> Schedule {
    Schedule::EveryMs(milliseconds(period))
}

/// By a cron expression of five fields and an IANA time zone.
pub fn cron(expression: impl Into<String>, zone: impl Into<String>) -> Schedule {
    Schedule::Cron((expression.into(), zone.into()))
}

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
