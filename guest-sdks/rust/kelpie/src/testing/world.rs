//! What a fake host knows and keeps.

use std::collections::BTreeMap;
use std::fmt;

use super::Level;
use crate::messaging::{Failure, Missed, Schedule};
use crate::{Address, Caller, Payload};

/// A message that an actor has sent, or a call that it has made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// To whom.
    pub target: Address,
    /// What is asked.
    pub operation: String,
    /// With what.
    pub argument: Payload,
    /// In which way.
    pub how: How,
}

/// The way in which a message was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum How {
    /// A call, with its key.
    Call(Option<String>),
    /// A message.
    Send,
    /// A message after so many milliseconds.
    SendAfter(u64),
    /// A message whose reply goes to this operation.
    Request(String),
}

/// A reminder that is set.
#[derive(Clone, Debug)]
pub struct Reminder {
    /// When it is due.
    pub schedule: Schedule,
    /// What it does about the times that passed.
    pub missed: Missed,
    /// What it asks.
    pub operation: String,
    /// With what.
    pub argument: Payload,
}

/// What a turn changes, and what is as before if the turn fails.
#[derive(Clone, Default)]
pub(super) struct Stored {
    pub(super) state: Option<Payload>,
    pub(super) kv: BTreeMap<String, Payload>,
    pub(super) messages: Vec<Message>,
    pub(super) reminders: BTreeMap<String, Reminder>,
}

pub(super) type Answer = Box<dyn FnMut(&Message) -> Result<Payload, Failure>>;

pub(super) struct World {
    pub(super) address: Address,
    pub(super) turn: u64,
    pub(super) request_id: String,
    pub(super) caller: Caller,
    pub(super) now: u64,
    pub(super) random: u64,
    pub(super) config: BTreeMap<String, String>,
    pub(super) secrets: BTreeMap<String, String>,
    pub(super) lines: Vec<(Level, String)>,
    pub(super) stored: Stored,
    pub(super) answer: Option<Answer>,
    /// Whether the turn may change nothing.
    pub(super) read_only: bool,
    /// What a host would have ended the turn for.
    pub(super) violation: Option<String>,
}

impl Default for World {
    fn default() -> Self {
        Self {
            address: Address {
                namespace: "default".to_owned(),
                kind: "actor".to_owned(),
                key: "key".to_owned(),
            },
            turn: 1,
            request_id: "request-1".to_owned(),
            caller: Caller::Client("anonymous".to_owned()),
            now: 1_700_000_000_000_000_000,
            random: 0,
            config: BTreeMap::new(),
            secrets: BTreeMap::new(),
            lines: Vec::new(),
            stored: Stored::default(),
            answer: None,
            read_only: false,
            violation: None,
        }
    }
}

impl fmt::Debug for World {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.debug_struct("World").field("address", &self.address).finish_non_exhaustive()
    }
}

impl World {
    /// Notes that the turn changes something by this host call.
    pub(super) fn change(&mut self, call: &str) {
        if self.read_only {
            self.violate(format!("a read-only operation called {call}"));
        }
    }

    pub(super) fn violate(&mut self, what: String) {
        self.violation.get_or_insert(what);
    }

    /// The next number of SplitMix64.
    pub(super) fn random(&mut self) -> u64 {
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.random;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}
