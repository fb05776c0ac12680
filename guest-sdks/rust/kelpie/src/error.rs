//! Why an operation gives no reply.

use std::error::Error as AnyError;
use std::fmt;

use crate::messaging::Failure;

/// What operations return: [`std::result::Result`] with an [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why there is no reply. Whatever it is, the turn changes nothing.
///
/// `?` makes `Failed` of any `std::error::Error`. Only a [`Failure`] of messaging that is
/// `Unavailable` or `Unknown` stays what it is, also as the source of another error: so
/// whoever asked is told to ask again.
///
/// [`Failure`]: crate::messaging::Failure
///
/// ```
/// fn half(text: &str) -> kelpie::Result<i64> {
///     let number: i64 = text.parse()?;
///     if number % 2 != 0 {
///         return Err(kelpie::reject("odd", format!("{number} has no half")));
///     }
///     Ok(number / 2)
/// }
///
/// assert_eq!(half("8").unwrap(), 4);
/// assert_eq!(half("7").unwrap_err(), kelpie::reject("odd", "7 has no half"));
/// assert!(matches!(half("x").unwrap_err(), kelpie::Error::Failed(_)));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Error {
    /// The actor refuses, as it should: for whoever asked this is an HTTP 422 with
    /// this code. It is recorded: the same request gets the same refusal again.
    Rejected {
        /// For programs: 1 to 64 of `a-z 0-9 _ -`.
        code: String,
        /// For people, at most 4,096 bytes.
        message: String,
    },
    /// The actor has a bug, or found something that must not be.
    Failed(String),
    /// Surely not done: asking again is safe.
    Unavailable(String),
    /// Perhaps done: ask again under the same request id to learn which.
    Unknown(String),
}

/// A refusal, with a code for programs (1 to 64 of `a-z 0-9 _ -`) and a message for
/// people.
pub fn reject(code: impl Into<String>, message: impl Into<String>) -> Error {
    Error::Rejected { code: code.into(), message: message.into() }
}

/// A failure that is nobody's intent, with a message for people.
pub fn fail(message: impl Into<String>) -> Error {
    Error::Failed(message.into())
}

impl fmt::Display for Error {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rejected { code, message } => write!(to, "rejected ({code}): {message}"),
            Self::Failed(message) => write!(to, "failed: {message}"),
            Self::Unavailable(message) => write!(to, "unavailable: {message}"),
            Self::Unknown(message) => write!(to, "unknown: {message}"),
        }
    }
}

// `Error` itself is no `std::error::Error`: it could not be made of all of them then.
impl<E: AnyError + 'static> From<E> for Error {
    fn from(error: E) -> Self {
        let (mut message, mut made): (_, fn(String) -> Self) = (error.to_string(), Self::Failed);
        let mut next: Option<&(dyn AnyError + 'static)> = Some(&error);
        while let Some(error) = next {
            let told = error.to_string();
            // Some errors tell their cause themselves.
            if !message.contains(&told) {
                message.push_str(": ");
                message.push_str(&told);
            }
            match error.downcast_ref() {
                Some(Failure::Unavailable(_)) => made = Self::Unavailable,
                Some(Failure::Unknown(_)) => made = Self::Unknown,
                _ => {}
            }
            next = error.source();
        }
        made(message)
    }
}
