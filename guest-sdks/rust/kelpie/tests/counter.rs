//! An actor with state: arguments, when state is saved, batches, migration.
#![allow(missing_docs, clippy::unwrap_used, clippy::indexing_slicing)]

use std::cell::Cell;

use kelpie::testing::{Actor, Host};
use kelpie::{Context, Error, Payload, Result, reject};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

#[derive(Default, Serialize, Deserialize)]
struct Counter {
    value: i64,
    share: Option<f64>,
}

#[derive(Serialize, JsonSchema)]
struct Count {
    value: i64,
}

/// Counts.
///
/// From zero.
#[kelpie::actor]
impl Counter {
    /// Adds to the value.
    #[operation]
    fn add(
        &mut self,
        /// How much.
        #[argument(default = 1)]
        amount: i64,
    ) -> Result<Count> {
        let value = self.value.checked_add(amount);
        self.value = value.ok_or_else(|| reject("overflow", "too much"))?;
        Ok(Count { value: self.value })
    }

    #[operation(read_only)]
    fn get(&self) -> i64 {
        self.value
    }

    #[operation]
    fn divide(&mut self, by: f64) {
        self.share = Some(self.value as f64 / by);
    }

    #[operation(read_only)]
    fn scribble(&self, context: &Context) {
        context.kv().set("a", "b");
    }

    #[operation(durable)]
    fn wait(&mut self, context: &Context, r#type: Option<String>) -> Option<String> {
        context.kv().set("waited", "yes");
        r#type
    }
}

fn bad(message: &str) -> Error {
    reject("bad-argument", message)
}

#[test]
fn state_is_saved_when_it_changed() {
    let mut counter = Actor::<Counter>::new();
    assert_eq!(counter.invoke("get", "").unwrap(), "0");
    assert_eq!(counter.invoke("add", r#"{"amount": 0}"#).unwrap(), r#"{"value":0}"#);
    assert_eq!(counter.host().state(), None);
    counter.invoke("add", "").unwrap();
    let saved = r#"{"version":1,"state":{"value":1,"share":null}}"#;
    assert_eq!(counter.host().state(), Some(saved.into()));
    counter.host().set_state(None);
    counter.invoke("add", r#"{"amount": 0}"#).unwrap();
    assert_eq!(counter.host().state(), None, "unchanged is not saved again");
    counter.renew();
    assert_eq!(counter.invoke("get", "").unwrap(), "0", "memory is but a cache");
}

#[test]
fn a_turn_that_fails_changes_nothing() {
    let mut counter = Actor::<Counter>::new();
    counter.invoke("add", "").unwrap();
    let much = format!(r#"{{"amount": {}}}"#, i64::MAX);
    assert_eq!(counter.invoke("add", much).unwrap_err(), reject("overflow", "too much"));
    assert_eq!(counter.invoke("get", "").unwrap(), "1");
    let scribbled = counter.invoke("scribble", "").unwrap_err();
    assert_eq!(scribbled, kelpie::fail("a read-only operation called kv.set"));
    assert!(counter.host().kv().is_empty());
}

#[test]
fn state_that_could_not_be_read_again_is_not_saved() {
    let mut counter = Actor::<Counter>::new();
    counter.invoke("add", "").unwrap();
    counter.invoke("divide", r#"{"by": 2}"#).unwrap();
    // Infinite: as JSON that is null, which is a share again, though another one.
    counter.invoke("divide", r#"{"by": 0}"#).unwrap();
    assert!(counter.host().state().unwrap().as_text().unwrap().contains("null"));

    let mut ratio = Actor::<Ratio>::new();
    let refused = ratio.invoke("divide", r#"{"by": 0}"#).unwrap_err();
    assert!(matches!(refused, Error::Failed(message) if message.contains("read again")));
    assert_eq!(ratio.host().state(), None);
    ratio.invoke("divide", r#"{"by": 2}"#).unwrap();
}

#[derive(Default, Serialize, Deserialize)]
struct Ratio(f64);

#[kelpie::actor]
impl Ratio {
    #[operation]
    fn divide(&mut self, by: f64) {
        self.0 = 1.0 / by;
    }
}

#[test]
fn arguments_are_read_strictly() {
    let mut counter = Actor::<Counter>::new();
    for (argument, message) in [
        (r#"{"amount": "5"}"#, r#"the member 'amount': invalid type: string "5", expected i64"#),
        (
            r#"{"amount": 1.0}"#,
            "the member 'amount': invalid type: floating point `1.0`, expected i64",
        ),
        (r#"{"much": 5}"#, "the argument has an unknown member 'much'; it may have 'amount'"),
        (r#"{"amount":1,"amount":2}"#, "the argument has the member 'amount' twice"),
    ] {
        assert_eq!(counter.invoke("add", argument).unwrap_err(), bad(message));
    }
    assert_eq!(counter.invoke("divide", "").unwrap_err(), bad("the argument has no member 'by'"));
    assert_eq!(
        counter.invoke("add", vec![1]).unwrap_err(),
        bad("the argument must be JSON text, not bytes")
    );
    assert_eq!(
        counter.invoke("sub", "").unwrap_err(),
        reject(
            "unknown-operation",
            "there is no operation 'sub'; there are add, get, divide, scribble, wait"
        )
    );
    assert_eq!(counter.invoke("wait", r#"{"type": "x"}"#).unwrap(), r#""x""#);
    assert_eq!(counter.invoke("wait", r#"{"type": null}"#).unwrap(), "null");
}

#[test]
fn batches_are_one_turn() {
    let mut counter = Actor::<Counter>::new();
    let replies = counter.invoke_batch("{\"operation\":\"add\"}\n{\"operation\":\"get\"}\n");
    assert_eq!(replies.unwrap(), "{\"value\":1}\n1\n");
    let failed = counter.invoke_batch("{\"operation\":\"add\"}\n{\"operation\":\"wait\"}");
    let failed = failed.unwrap_err();
    assert_eq!(failed.index, 1);
    assert_eq!(failed.error, bad("the operation 'wait' is durable: not in a batch"));
    assert_eq!(counter.invoke("get", "").unwrap(), "1");
    assert_eq!(counter.invoke_batch("").unwrap(), "");
}

#[test]
fn the_manifest_says_it_all() {
    let manifest: Value = serde_json::from_str(&Actor::<Counter>::new().describe()).unwrap();
    assert_eq!(manifest["doc"], "Counts.\n\nFrom zero.");
    let add = &manifest["operations"][0];
    assert_eq!(
        add.to_string(),
        concat!(
            r#"{"name":"add","doc":"Adds to the value.","read_only":false,"durable":false,"#,
            r#""argument":{"type":"object","properties":{"amount":{"type":"integer","#,
            r#""format":"int64","description":"How much.","default":1}},"#,
            r#""additionalProperties":false},"#,
            r#""result":{"type":"object","properties":{"value":{"type":"integer","#,
            r#""format":"int64"}},"required":["value"]}}"#
        )
    );
    assert_eq!(manifest["operations"][1]["read_only"], true);
    assert_eq!(manifest["operations"][4]["durable"], true);
    assert_eq!(manifest["operations"][4]["argument"]["properties"]["type"]["type"][1], "null");
}

#[derive(Default, Serialize, Deserialize)]
struct Peeker {
    seen: Cell<u32>,
    #[serde(skip)]
    cache: Cell<u32>,
}

#[kelpie::actor]
impl Peeker {
    #[operation]
    fn see(&self) {
        self.seen.set(self.seen.get() + 1);
    }

    #[operation(read_only)]
    fn peek(&self) -> u32 {
        self.cache.set(self.cache.get() + 1);
        self.cache.get()
    }

    #[operation(read_only)]
    fn cheat(&self) {
        self.seen.set(7);
    }
}

#[test]
fn what_changes_behind_a_shared_reference_is_noticed() {
    let mut peeker = Actor::<Peeker>::new();
    peeker.invoke("see", "").unwrap();
    assert_eq!(peeker.host().state().unwrap(), r#"{"version":1,"state":{"seen":1}}"#);
    assert_eq!(peeker.invoke("peek", "").unwrap(), "1");
    assert_eq!(peeker.invoke("peek", "").unwrap(), "2");
    let cheated = peeker.invoke("cheat", "").unwrap_err();
    assert_eq!(cheated, kelpie::fail("a read-only operation has changed the state"));
    assert_eq!(peeker.invoke("peek", "").unwrap(), "1", "the instance was dropped");
}

#[derive(Default, Serialize, Deserialize)]
struct Moved {
    total: i64,
}

#[kelpie::actor(version = 3)]
impl Moved {
    #[operation]
    fn add(&mut self, amount: i64) -> i64 {
        self.total += amount;
        self.total
    }

    #[operation(read_only)]
    fn get(&self) -> i64 {
        self.total
    }

    #[migrate]
    fn migrate(version: u32, old: Value) -> Result<Self> {
        let name = if version == 1 { "value" } else { "sum" };
        let total = old[name].as_i64();
        Ok(Self { total: total.ok_or_else(|| kelpie::fail(format!("no {name}")))? })
    }
}

#[test]
fn old_state_is_migrated_and_saved_with_the_next_write() {
    let host = Host::new();
    let old: Payload = r#"{"version":2,"state":{"sum":7}}"#.into();
    host.set_state(Some(old.clone()));
    let mut moved = Actor::<Moved>::on(host.clone());
    assert_eq!(moved.invoke("get", "").unwrap(), "7");
    assert_eq!(host.state(), Some(old));
    assert_eq!(moved.invoke("add", r#"{"amount": 0}"#).unwrap(), "7");
    assert_eq!(host.state().unwrap(), r#"{"version":3,"state":{"total":7}}"#);
    for (stored, message) in [
        (
            r#"{"version":1,"state":{}}"#,
            "the stored state of version 1 cannot be migrated to 3: no value",
        ),
        (
            r#"{"version":3,"state":{}}"#,
            "the stored state of version 3 cannot be read: missing field `total` at line 1 column 2 \
             (give the field #[serde(default)], or the actor a new version and a #[migrate])",
        ),
        (
            r#"{"version":4,"state":{}}"#,
            "the stored state is of version 4, and this component knows 3: roll forward",
        ),
    ] {
        host.set_state(Some(stored.into()));
        moved.renew();
        assert_eq!(moved.invoke("get", "").unwrap_err(), kelpie::fail(message));
    }
}

#[derive(Default, Serialize, Deserialize)]
struct Refusing;

#[kelpie::actor(version = 2)]
impl Refusing {
    #[operation]
    fn touch(&mut self) {}
    #[migrate]
    fn migrate(_version: u32, _old: Value) -> Result<Self> {
        Err(kelpie::reject("old", "too old"))
    }
}

#[test]
fn a_migration_that_rejects_fails() {
    let host = Host::new();
    host.set_state(Some(r#"{"version":1,"state":{}}"#.into()));
    let message = "the stored state of version 1 cannot be migrated to 2: rejected (old): too old";
    let failure = Actor::<Refusing>::on(host).invoke("touch", "").unwrap_err();
    assert_eq!(failure, kelpie::fail(message));
}
