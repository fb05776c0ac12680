//! What travels and is stored: text or bytes.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::{Payload, Result, fail};

/// Bytes, as the only argument of an operation or as its reply: they travel as they
/// are, and not as JSON.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bytes(pub Vec<u8>);

impl Payload {
    /// The JSON text of a value.
    ///
    /// ```
    /// # use kelpie::Payload;
    /// assert_eq!(Payload::json(&vec![1, 2])?, Payload::Text("[1,2]".to_owned()));
    /// # Ok::<(), kelpie::Error>(())
    /// ```
    ///
    /// # Errors
    /// The value has no JSON, such as a map whose keys are lists.
    pub fn json<T: Serialize + ?Sized>(value: &T) -> Result<Self> {
        Ok(Self::Text(serde_json::to_string(value)?))
    }

    /// The value whose JSON text this is.
    ///
    /// # Errors
    /// It is not text, or not the JSON of such a value.
    pub fn to_json<T: DeserializeOwned>(&self) -> Result<T> {
        match self {
            Self::Text(text) => Ok(serde_json::from_str(text)?),
            Self::Bytes(_) => Err(fail("these are bytes, not JSON")),
        }
    }

    /// The text; none if these are bytes.
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Bytes(_) => None,
        }
    }

    /// The bytes; none if this is text.
    pub fn as_bytes(&self) -> Option<&[u8]> {
        match self {
            Self::Text(_) => None,
            Self::Bytes(bytes) => Some(bytes),
        }
    }
}

impl From<&str> for Payload {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Payload {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<Vec<u8>> for Payload {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Bytes(bytes)
    }
}

impl From<&[u8]> for Payload {
    fn from(bytes: &[u8]) -> Self {
        Self::Bytes(bytes.to_vec())
    }
}

impl From<Bytes> for Payload {
    fn from(bytes: Bytes) -> Self {
        Self::Bytes(bytes.0)
    }
}

impl PartialEq<str> for Payload {
    fn eq(&self, other: &str) -> bool {
        self.as_text() == Some(other)
    }
}

impl PartialEq<&str> for Payload {
    fn eq(&self, other: &&str) -> bool {
        self.as_text() == Some(*other)
    }
}
