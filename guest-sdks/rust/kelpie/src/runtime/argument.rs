//! The argument of an operation: a JSON object with a member for each parameter.

use std::collections::HashSet;
use std::fmt;

use serde::de::{
    Deserialize, DeserializeOwned, DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess,
    Visitor,
};
use serde_json::value::RawValue;

use crate::{Bytes, Error, Payload, Result, reject};

const BAD_ARGUMENT: &str = "bad-argument";

pub(super) fn bad_argument(message: impl Into<String>) -> Error {
    reject(BAD_ARGUMENT, message)
}

/// What an operation was asked with.
pub struct Argument(pub(super) Payload);

impl Argument {
    /// The bytes, as they are.
    pub fn bytes(self) -> Result<Bytes> {
        match self.0 {
            Payload::Bytes(bytes) => Ok(Bytes(bytes)),
            // Whoever sends nothing need not say nothing of what.
            Payload::Text(text) if text.is_empty() => Ok(Bytes::default()),
            Payload::Text(_) => Err(bad_argument("the argument must be bytes, not text")),
        }
    }

    /// The members of the JSON object, each of which has one of these names.
    pub fn members(&self, names: &'static [&'static str]) -> Result<Members<'_>> {
        match &self.0 {
            Payload::Text(text) => Members::read(text, names),
            Payload::Bytes(bytes) if bytes.is_empty() => Members::read("", names),
            Payload::Bytes(_) => Err(bad_argument("the argument must be JSON text, not bytes")),
        }
    }
}

/// The members of a JSON object, as they were written.
pub struct Members<'a> {
    names: &'static [&'static str],
    given: Vec<Option<&'a RawValue>>,
    /// What is wrong with a name, which needs no place in the text.
    wrong: Option<String>,
}

impl<'a> Members<'a> {
    pub(super) fn read(text: &'a str, names: &'static [&'static str]) -> Result<Self> {
        let mut members = Self { names, given: vec![None; names.len()], wrong: None };
        if text.is_empty() || text.trim_ascii() == "null" {
            return Ok(members);
        }
        if names.is_empty() && text == "{}" {
            return Ok(members);
        }
        let mut json = serde_json::Deserializer::from_str(text);
        match json.deserialize_map(&mut members).and_then(|()| json.end()) {
            Ok(()) => Ok(members),
            Err(error) => Err(bad_argument(match members.wrong {
                Some(wrong) => format!("the argument has {wrong}"),
                None => format!("the argument: {error}"),
            })),
        }
    }

    /// The member of this index, which must be there.
    pub fn required<T: DeserializeOwned>(&self, index: usize) -> Result<T> {
        self.get(index)?.ok_or_else(|| {
            bad_argument(format!("the argument has no member '{}'", self.name(index)))
        })
    }

    /// The member of this index; none if it is not there.
    pub fn get<T: DeserializeOwned>(&self, index: usize) -> Result<Option<T>> {
        let Some(given) = self.raw(index) else {
            return Ok(None);
        };
        let is_compound = given.get().starts_with(['{', '[']);
        let checked = if is_compound { check_unique(given) } else { Ok(()) };
        match checked.and_then(|()| serde_json::from_str(given.get())) {
            Ok(value) => Ok(Some(value)),
            Err(error) => {
                let mut message = error.to_string();
                if !is_compound {
                    // There is but one place for it.
                    message.truncate(message.find(" at line ").unwrap_or(message.len()));
                }
                Err(bad_argument(format!("the member '{}': {message}", self.name(index))))
            }
        }
    }

    pub(super) fn raw(&self, index: usize) -> Option<&'a RawValue> {
        self.given.get(index).copied().flatten()
    }

    fn name(&self, index: usize) -> &'static str {
        self.names.get(index).copied().unwrap_or_default()
    }

    fn unknown(&self, name: &str) -> String {
        match self.names {
            [] => format!("an unknown member '{name}': this operation takes none"),
            names => format!("an unknown member '{name}'; it may have '{}'", names.join("', '")),
        }
    }
}

impl<'de> Visitor<'de> for &mut Members<'de> {
    type Value = ();

    fn expecting(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> std::result::Result<(), A::Error> {
        while let Some(name) = map.next_key_seed(Text)? {
            let Some(given) = self
                .names
                .iter()
                .position(|known| *known == name)
                .and_then(|at| self.given.get_mut(at))
            else {
                self.wrong = Some(self.unknown(&name));
                return Err(A::Error::custom("unknown member"));
            };
            if given.replace(map.next_value()?).is_some() {
                self.wrong = Some(format!("the member '{name}' twice"));
                return Err(A::Error::custom("second member"));
            }
        }
        Ok(())
    }
}

/// A name of a member.
struct Text;

impl<'de> DeserializeSeed<'de> for Text {
    type Value = String;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> std::result::Result<String, D::Error> {
        String::deserialize(from)
    }
}

/// No object in this value may have two members of one name: which of them counts
/// would differ from reader to reader.
fn check_unique(value: &RawValue) -> serde_json::Result<()> {
    serde_json::from_str::<Unique>(value.get()).map(|_| ())
}

struct Unique;

impl<'de> Deserialize<'de> for Unique {
    fn deserialize<D: Deserializer<'de>>(from: D) -> std::result::Result<Self, D::Error> {
        from.deserialize_any(UniqueVisitor)
    }
}

struct UniqueVisitor;

impl<'de> Visitor<'de> for UniqueVisitor {
    type Value = Unique;

    fn expecting(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str("JSON")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> std::result::Result<Unique, A::Error> {
        let mut names = HashSet::new();
        while let Some(name) = map.next_key_seed(Text)? {
            map.next_value::<Unique>()?;
            if names.contains(&name) {
                return Err(A::Error::custom(format!("the member '{name}' twice")));
            }
            names.insert(name);
        }
        Ok(Unique)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> std::result::Result<Unique, A::Error> {
        while list.next_element::<Unique>()?.is_some() {}
        Ok(Unique)
    }

    fn visit_bool<E>(self, _: bool) -> std::result::Result<Unique, E> {
        Ok(Unique)
    }

    fn visit_i64<E>(self, _: i64) -> std::result::Result<Unique, E> {
        Ok(Unique)
    }

    fn visit_u64<E>(self, _: u64) -> std::result::Result<Unique, E> {
        Ok(Unique)
    }

    fn visit_f64<E>(self, _: f64) -> std::result::Result<Unique, E> {
        Ok(Unique)
    }

    fn visit_str<E>(self, _: &str) -> std::result::Result<Unique, E> {
        Ok(Unique)
    }

    fn visit_unit<E>(self) -> std::result::Result<Unique, E> {
        Ok(Unique)
    }
}
