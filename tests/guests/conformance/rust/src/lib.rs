//! The conformance actor, in Rust: the same operations as in the other languages.

mod hex;
mod misbehaviour;
mod replies;

use std::cell::Cell;
use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use kelpie::kv::Listing;
use kelpie::messaging::{Missed, Schedule, after, cron, every};
use kelpie::{Address, Bytes, Context, Result, reject};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use replies::{Count, Entries, Identity, Nanoseconds, Shown, Status, Told};

/// What is kept, and with `turns` what is only in memory.
#[derive(Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Conformance {
    count: Cell<i64>,
    notes: BTreeMap<String, String>,
    #[serde(skip)]
    turns: Cell<u64>,
}

/// What every SDK must be able to do.
#[kelpie::actor]
impl Conformance {
    /// Replies with its argument.
    #[operation]
    fn echo(value: Value) -> Value {
        value
    }

    /// Replies with its bytes.
    #[operation]
    fn echo_bytes(bytes: Bytes) -> Bytes {
        bytes
    }

    /// Adds to the count.
    #[operation]
    fn add(
        &mut self,
        /// How much.
        #[argument(default = 1)]
        amount: i64,
    ) -> Result<Count> {
        let sum = self.count.get().checked_add(amount);
        let count = sum.ok_or_else(|| reject("overflow", "the count would be too large"))?;
        self.count.set(count);
        Ok(Count { count })
    }

    /// The count and the notes.
    #[operation(read_only)]
    fn get(&self) -> Status {
        Status { count: self.count.get(), notes: self.notes.clone() }
    }

    /// Keeps a text under a name.
    #[operation]
    fn note(&mut self, name: String, text: String) {
        self.notes.insert(name, text);
    }

    /// Forgets a note; whether there was one.
    #[operation]
    fn forget(&mut self, name: String) -> bool {
        self.notes.remove(&name).is_some()
    }

    /// Makes everything as it was at first.
    #[operation]
    fn clear_all(&mut self, context: &Context) {
        for entry in context.kv().entries("") {
            context.kv().delete(&entry.key);
        }
        let turns = self.turns.take();
        *self = Self { turns: Cell::new(turns), ..Self::default() };
    }

    /// Stores text under a key.
    #[operation]
    fn kv_set(context: &Context, key: String, text: String) {
        context.kv().set(&key, text);
    }

    /// Stores bytes under a key.
    #[operation]
    fn kv_set_bytes(context: &Context, key: String, hex: String) -> Result<()> {
        context.kv().set(&key, hex::decode(&hex)?);
        Ok(())
    }

    /// What is stored under a key.
    #[operation(read_only)]
    fn kv_get(context: &Context, key: String) -> Option<Shown> {
        context.kv().get(&key).map(Shown::from)
    }

    /// Deletes a key.
    #[operation]
    fn kv_delete(context: &Context, key: String) {
        context.kv().delete(&key);
    }

    /// One page of keys and values.
    #[operation(read_only)]
    fn kv_list(
        context: &Context,
        #[argument(default = "")] prefix: String,
        after: Option<String>,
        #[argument(default = 100)] limit: u32,
        #[argument(default = false)] reverse: bool,
    ) -> Entries {
        let listing = Listing { prefix: &prefix, after: after.as_deref(), limit, reverse };
        context.kv().list(listing).into()
    }

    /// The time of the turn.
    #[operation(read_only)]
    fn time(context: &Context) -> Nanoseconds {
        Nanoseconds { nanoseconds: context.now_nanoseconds() }
    }

    /// The same, by the type that the language has for it.
    #[operation(read_only)]
    fn language_time(context: &Context) -> Result<Nanoseconds> {
        let since = context.now().duration_since(SystemTime::UNIX_EPOCH)?;
        Ok(Nanoseconds { nanoseconds: u64::try_from(since.as_nanos())? })
    }

    /// Random bytes.
    #[operation]
    fn entropy(context: &Context, length: u32) -> String {
        hex::encode(&context.entropy().bytes(length))
    }

    /// A random number.
    #[operation]
    fn entropy_u64(context: &Context) -> String {
        context.entropy().u64().to_string()
    }

    /// A random UUID.
    #[operation]
    fn uuid(context: &Context) -> String {
        context.entropy().uuid()
    }

    /// Four random numbers.
    #[operation]
    fn language_random(context: &Context) -> Vec<String> {
        (0..4).map(|_| context.entropy().u64().to_string()).collect()
    }

    /// Writes a line to the log.
    #[operation]
    fn log(context: &Context, level: String, message: String) -> Result<()> {
        let log = context.log();
        match level.as_str() {
            "debug" => log.debug(message),
            "info" => log.info(message),
            "warn" => log.warn(message),
            "error" => log.error(message),
            other => return Err(reject("bad-argument", format!("level: there is no '{other}'"))),
        }
        Ok(())
    }

    /// Who is running, and for whom.
    #[operation(read_only)]
    fn identity(context: &Context) -> Identity {
        Identity::of(context)
    }

    /// A value of the kind.
    #[operation(read_only)]
    fn config(context: &Context, name: String) -> Option<String> {
        context.config(&name)
    }

    /// A secret of the kind.
    #[operation(read_only)]
    fn secret(context: &Context, name: String) -> Option<String> {
        context.secret(&name)
    }

    /// Rejects.
    #[operation]
    fn reject(code: String, message: String) -> Result<()> {
        Err(reject(code, message))
    }

    /// Fails.
    #[operation]
    fn fail(message: String) -> Result<()> {
        Err(misbehaviour::Broken(message))?
    }

    /// Panics.
    #[operation]
    fn panic(message: String) {
        misbehaviour::panic(&message);
    }

    /// Never ends.
    #[operation]
    fn spin() {
        misbehaviour::spin();
    }

    /// Holds so many bytes until the turn ends.
    #[operation]
    fn allocate(bytes: u32) -> u32 {
        misbehaviour::allocate(bytes)
    }

    /// Changes the state and a key, and rejects.
    #[operation]
    fn add_then_reject(&mut self, context: &Context, amount: i64) -> Result<()> {
        self.count.set(self.count.get().wrapping_add(amount));
        context.kv().set("mark", "here");
        Err(reject("refused", "after the change"))
    }

    /// Writes though it is read-only.
    #[operation(read_only)]
    fn write_read_only(context: &Context) {
        context.kv().set("mark", "here");
    }

    /// Changes the state in memory though it is read-only.
    #[operation(read_only)]
    fn change_read_only(&self) {
        self.count.set(self.count.get().wrapping_add(1));
    }

    /// How many times this instance was asked this.
    #[operation(read_only)]
    fn instance_turns(&self) -> u64 {
        self.turns.set(self.turns.get() + 1);
        self.turns.get()
    }

    /// Asks another actor.
    #[operation]
    fn call(
        context: &Context,
        kind: String,
        key: String,
        operation: String,
        #[argument(default)] argument: Value,
    ) -> Result<Told> {
        let target = target(context, kind, key);
        let argument = serde_json::to_string(&argument)?;
        Ok(Told::reply(context.messaging().call(&target, &operation, argument)))
    }

    /// Sends a message.
    #[operation]
    fn send(
        context: &Context,
        kind: String,
        key: String,
        operation: String,
        #[argument(default)] argument: Value,
    ) -> Result<Told> {
        let target = target(context, kind, key);
        let argument = serde_json::to_string(&argument)?;
        Ok(Told::of(context.messaging().send(&target, &operation, argument)))
    }

    /// Sends a message for later.
    #[operation]
    fn send_after(
        context: &Context,
        kind: String,
        key: String,
        operation: String,
        #[argument(default)] argument: Value,
        delay_ms: u64,
    ) -> Result<Told> {
        let (target, delay) = (target(context, kind, key), Duration::from_millis(delay_ms));
        let argument = serde_json::to_string(&argument)?;
        Ok(Told::of(context.messaging().send_after(&target, &operation, argument, delay)))
    }

    /// Sends a message whose reply comes back.
    #[operation]
    fn request(
        context: &Context,
        kind: String,
        key: String,
        operation: String,
        #[argument(default)] argument: Value,
        continuation: String,
    ) -> Result<Told> {
        let target = target(context, kind, key);
        let argument = serde_json::to_string(&argument)?;
        let messaging = context.messaging();
        Ok(Told::of(messaging.request(&target, &operation, argument, &continuation)))
    }

    /// Sets a reminder.
    #[operation]
    fn remind(
        context: &Context,
        name: String,
        after_ms: Option<u64>,
        every_ms: Option<u64>,
        cron: Option<String>,
        zone: Option<String>,
        operation: String,
        #[argument(default)] argument: Value,
    ) -> Result<Told> {
        let schedule = schedule(after_ms, every_ms, cron, zone)?;
        let argument = serde_json::to_string(&argument)?;
        let messaging = context.messaging();
        Ok(Told::of(messaging.remind(&name, schedule, Missed::FireOnce, &operation, argument)))
    }

    /// Cancels a reminder.
    #[operation]
    fn cancel_reminder(context: &Context, name: String) -> Told {
        Told::of(context.messaging().cancel_reminder(&name))
    }

    /// The names of the reminders.
    #[operation(read_only)]
    fn reminders(context: &Context) -> Told {
        Told::of(context.messaging().reminders())
    }
}

fn target(context: &Context, kind: String, key: String) -> Address {
    Address { namespace: context.address().namespace, kind, key }
}

fn schedule(
    after_ms: Option<u64>,
    every_ms: Option<u64>,
    expression: Option<String>,
    zone: Option<String>,
) -> Result<Schedule> {
    match (after_ms, every_ms, expression, zone) {
        (Some(ms), None, None, None) => Ok(after(Duration::from_millis(ms))),
        (None, Some(ms), None, None) => Ok(every(Duration::from_millis(ms))),
        (None, None, Some(expression), Some(zone)) => Ok(cron(expression, zone)),
        _ => Err(reject("bad-argument", "after_ms, every_ms, or cron and zone: one of them")),
    }
}
