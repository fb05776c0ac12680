//! What an operation gets of the world.

use std::fmt::Display;
use std::time::{Duration, SystemTime};

use crate::bindings::kelpie::actor::log::Level;
use crate::host::Host;
use crate::kv::Kv;
use crate::messaging::Messaging;
use crate::{Address, Caller, Payload};

/// What an operation gets of the world, and does to it.
///
/// In a test, [`testing::Host`](crate::testing::Host) gives one.
#[derive(Debug)]
pub struct Context {
    pub(crate) host: Host,
}

impl Context {
    pub(crate) fn new(host: Host) -> Self {
        Self { host }
    }

    /// Who this actor is: namespace, kind and key.
    pub fn address(&self) -> Address {
        self.host.address()
    }

    /// The number of this turn among the actor's committed turns: it only grows.
    pub fn turn(&self) -> u64 {
        self.host.turn()
    }

    /// The id under which this turn was asked for: the client's `Idempotency-Key`,
    /// or one made by the host.
    pub fn request_id(&self) -> String {
        self.host.request_id()
    }

    /// Who caused this turn.
    pub fn caller(&self) -> Caller {
        self.host.caller()
    }

    /// The time of this turn: the same through the whole turn, and never less than
    /// in an earlier turn of the instance.
    pub fn now(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_nanos(self.now_nanoseconds())
    }

    /// [`Context::now`] as nanoseconds since 1970-01-01T00:00:00Z.
    pub fn now_nanoseconds(&self) -> u64 {
        self.host.now()
    }

    /// Randomness that nobody outside can predict, and that is the same if the turn
    /// is run again.
    pub fn entropy(&self) -> Entropy<'_> {
        Entropy(&self.host)
    }

    /// Lines for people.
    pub fn log(&self) -> Log<'_> {
        Log(&self.host)
    }

    /// The actor's ordered keys and values.
    pub fn kv(&self) -> Kv<'_> {
        Kv(&self.host)
    }

    /// What whoever deployed the kind has set under this name; none if nothing.
    pub fn config(&self, name: &str) -> Option<String> {
        self.host.config(name)
    }

    /// The secret of this name; none if it is not set.
    pub fn secret(&self, name: &str) -> Option<String> {
        self.host.secret(name)
    }

    /// Other actors, and oneself later.
    pub fn messaging(&self) -> Messaging<'_> {
        Messaging(&self.host)
    }

    /// The state as the host stores it, for actors whose operations take no `self`.
    /// Those that do are given theirs, and what they save here is overwritten.
    pub fn state(&self) -> RawState<'_> {
        RawState(&self.host)
    }
}

/// How many random bytes the host gives at once.
const CALL_BYTES_MAX: u32 = 65_536;

/// See [`Context::entropy`].
#[derive(Debug)]
pub struct Entropy<'a>(&'a Host);

impl Entropy<'_> {
    /// So many random bytes, asked for in pieces of at most 65,536.
    pub fn bytes(&self, length: u32) -> Vec<u8> {
        if length <= CALL_BYTES_MAX {
            return self.0.entropy_bytes(length);
        }
        let whole = length / CALL_BYTES_MAX;
        let mut bytes = Vec::with_capacity(length as usize);
        for _ in 0..whole {
            bytes.extend(self.0.entropy_bytes(CALL_BYTES_MAX));
        }
        bytes.extend(self.0.entropy_bytes(length - whole * CALL_BYTES_MAX));
        bytes
    }

    /// A random number, of all that there are.
    pub fn u64(&self) -> u64 {
        self.0.entropy_u64()
    }

    /// A UUID, version 4, in its usual form.
    pub fn uuid(&self) -> String {
        self.0.entropy_uuid()
    }
}

/// See [`Context::log`]. A line has at most 16 KiB, and a turn at most 1,000 lines and
/// 256 KiB. Lines are kept also if the turn fails.
#[derive(Debug)]
pub struct Log<'a>(&'a Host);

impl Log<'_> {
    /// For whoever looks for a mistake.
    pub fn debug(&self, message: impl Display) {
        self.0.log(Level::Debug, &message.to_string());
    }

    /// What is worth knowing.
    pub fn info(&self, message: impl Display) {
        self.0.log(Level::Info, &message.to_string());
    }

    /// What somebody should look at.
    pub fn warn(&self, message: impl Display) {
        self.0.log(Level::Warn, &message.to_string());
    }

    /// What went wrong.
    pub fn error(&self, message: impl Display) {
        self.0.log(Level::Error, &message.to_string());
    }
}

/// See [`Context::state`].
#[derive(Debug)]
pub struct RawState<'a>(&'a Host);

impl RawState<'_> {
    /// The value as this turn sees it; none if it was never saved, or was cleared.
    pub fn load(&self) -> Option<Payload> {
        self.0.state_load()
    }

    /// Saves a value of at most 4 MiB.
    pub fn save(&self, value: impl Into<Payload>) {
        self.0.state_save(&value.into());
    }

    /// Makes it as if nothing was ever saved.
    pub fn clear(&self) {
        self.0.state_clear();
    }
}
