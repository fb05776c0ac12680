//! What the operations reply.

use std::collections::BTreeMap;

use kelpie::messaging::Failure;
use kelpie::{Address, Caller, Context, Payload, kv};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value, json};

use crate::hex;

#[derive(Serialize, JsonSchema)]
pub struct Count {
    pub count: i64,
}

#[derive(Serialize, JsonSchema)]
pub struct Status {
    pub count: i64,
    pub notes: BTreeMap<String, String>,
}

#[derive(Serialize, JsonSchema)]
pub struct Nanoseconds {
    pub nanoseconds: u64,
}

/// Text as it is, bytes in hexadecimal.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Shown {
    Text(String),
    Hex(String),
}

impl From<Payload> for Shown {
    fn from(value: Payload) -> Self {
        match value {
            Payload::Text(text) => Self::Text(text),
            Payload::Bytes(bytes) => Self::Hex(hex::encode(&bytes)),
        }
    }
}

#[derive(Serialize, JsonSchema)]
pub struct Entry {
    key: String,
    #[serde(flatten)]
    value: Shown,
}

#[derive(Serialize, JsonSchema)]
pub struct Entries {
    entries: Vec<Entry>,
    more: bool,
}

impl From<kv::Page> for Entries {
    fn from(page: kv::Page) -> Self {
        let entries = page.entries.into_iter();
        let entries = entries.map(|entry| Entry { key: entry.key, value: entry.value.into() });
        Self { entries: entries.collect(), more: page.more }
    }
}

#[derive(Serialize, JsonSchema)]
pub struct Identity {
    namespace: String,
    kind: String,
    key: String,
    turn: u64,
    request_id: String,
    caller: Value,
}

impl Identity {
    pub fn of(context: &Context) -> Self {
        let Address { namespace, kind, key } = context.address();
        let caller = match context.caller() {
            Caller::Client(name) => json!({ "client": name }),
            Caller::Reminder(name) => json!({ "reminder": name }),
            Caller::Actor(Address { namespace, kind, key }) => {
                json!({ "actor": { "namespace": namespace, "kind": kind, "key": key } })
            }
        };
        let (turn, request_id) = (context.turn(), context.request_id());
        Self { namespace, kind, key, turn, request_id, caller }
    }
}

/// What came of a message: a value, or a failure.
#[derive(Serialize, JsonSchema)]
#[serde(untagged)]
pub enum Told {
    Done {
        ok: Value,
    },
    Failed {
        failure: &'static str,
        #[serde(skip_serializing_if = "Option::is_none")]
        code: Option<String>,
        message: String,
    },
}

impl Told {
    pub fn of(answer: Result<impl Serialize, Failure>) -> Self {
        let (failure, code, message) = match answer {
            Ok(value) => return Self::Done { ok: json!(value) },
            Err(Failure::Rejected { code, message }) => ("rejected", Some(code), message),
            Err(Failure::Failed(message)) => ("failed", None, message),
            Err(Failure::Unavailable(message)) => ("unavailable", None, message),
            Err(Failure::Unknown(message)) => ("unknown", None, message),
        };
        Self::Failed { failure, code, message }
    }

    /// The same, of a call: JSON is shown as what it is.
    pub fn reply(answer: Result<Payload, Failure>) -> Self {
        Self::of(answer.map(|reply| match (reply.to_json::<Value>(), reply) {
            (Ok(value), _) => value,
            (Err(_), other) => json!(Shown::from(other)),
        }))
    }
}
