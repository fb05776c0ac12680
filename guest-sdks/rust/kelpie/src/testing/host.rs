//! The fake host, as tests see it.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use super::world::Stored;
use super::{Fake, Level, Message, Reminder};
use crate::messaging::Failure;
use crate::{Address, Caller, Context, Error, Payload};

/// A host in the memory of a test: one actor, at a time that stands still.
///
/// Clones are the same host.
#[derive(Clone, Debug, Default)]
pub struct Host {
    fake: Fake,
}

impl Host {
    /// A host on which nothing has happened: `default/actor/key` is asked by an
    /// anonymous client, in November 2023.
    pub fn new() -> Self {
        Self::default()
    }

    /// A context on this host, with which a method can be called directly.
    pub fn context(&self) -> Context {
        Context::new(self.fake.clone())
    }

    /// Who the actor is.
    pub fn set_address(&self, namespace: &str, kind: &str, key: &str) {
        self.fake.world().address =
            Address { namespace: namespace.to_owned(), kind: kind.to_owned(), key: key.to_owned() };
    }

    /// Who asks.
    pub fn set_caller(&self, caller: Caller) {
        self.fake.world().caller = caller;
    }

    /// Under which id it is asked.
    pub fn set_request_id(&self, id: &str) {
        self.fake.world().request_id = id.to_owned();
    }

    /// The time of the turns to come. One before 1970 is 1970.
    pub fn set_now(&self, now: SystemTime) {
        let since = now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        self.fake.world().now = nanoseconds(since);
    }

    /// Lets time pass.
    pub fn advance(&self, by: Duration) {
        let mut world = self.fake.world();
        world.now = world.now.saturating_add(nanoseconds(by));
    }

    /// Begins another sequence of random numbers. The same seed makes the same one.
    pub fn seed(&self, seed: u64) {
        self.fake.world().random = seed;
    }

    /// Sets a value of the kind.
    pub fn set_config(&self, name: &str, value: &str) {
        self.fake.world().config.insert(name.to_owned(), value.to_owned());
    }

    /// Sets a secret of the kind.
    pub fn set_secret(&self, name: &str, value: &str) {
        self.fake.world().secrets.insert(name.to_owned(), value.to_owned());
    }

    /// Stores a state, which an actor in memory does not notice: see
    /// [`Actor::renew`](super::Actor::renew).
    pub fn set_state(&self, state: Option<Payload>) {
        self.fake.world().stored.state = state;
    }

    /// Stores a value under a key.
    pub fn set_kv(&self, key: &str, value: impl Into<Payload>) {
        self.fake.world().stored.kv.insert(key.to_owned(), value.into());
    }

    /// What calls to other actors are answered with. Without it they are
    /// `Unavailable`.
    pub fn answer_calls(&self, answer: impl FnMut(&Message) -> Result<Payload, Failure> + 'static) {
        self.fake.world().answer = Some(Box::new(answer));
    }

    /// What is stored as state: for an actor with fields, the JSON of its version and
    /// its state.
    pub fn state(&self) -> Option<Payload> {
        self.fake.world().stored.state.clone()
    }

    /// All keys and values.
    pub fn kv(&self) -> BTreeMap<String, Payload> {
        self.fake.world().stored.kv.clone()
    }

    /// What was sent and called until now, by turns that did not fail.
    pub fn messages(&self) -> Vec<Message> {
        self.fake.world().stored.messages.clone()
    }

    /// The reminders that are set.
    pub fn reminders(&self) -> BTreeMap<String, Reminder> {
        self.fake.world().stored.reminders.clone()
    }

    /// The lines that were logged until now.
    pub fn lines(&self) -> Vec<(Level, String)> {
        self.fake.world().lines.clone()
    }

    /// Runs a turn: all that it changes is kept, or nothing.
    pub(super) fn turn<T, E>(
        &self,
        read_only: bool,
        run: impl FnOnce(&Context) -> Result<T, E>,
        broken: impl FnOnce(Error) -> E,
    ) -> Result<T, E> {
        let before: Stored = {
            let mut world = self.fake.world();
            world.read_only = read_only;
            world.violation = None;
            world.stored.clone()
        };
        let mut reply = run(&self.context());
        let mut world = self.fake.world();
        world.read_only = false;
        if let (Ok(_), Some(violation)) = (&reply, world.violation.take()) {
            reply = Err(broken(Error::Failed(violation)));
        }
        match reply {
            Ok(_) => world.turn += 1,
            Err(_) => world.stored = before,
        }
        reply
    }
}

fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}
