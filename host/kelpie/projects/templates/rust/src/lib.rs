//! One number for each key, kept for good.
//!
//! A type is an actor: its fields are the state, its methods are the operations.
//! Of `name-of-actor/alice` one runs at a time, and its reply leaves the host only
//! when the state behind it is on disk.

use kelpie::{Context, Result, reject};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What is kept for each key. It begins as `Counter::default()`.
#[derive(Default, Serialize, Deserialize)]
struct Counter {
    value: i64,
}

/// What the operations reply.
#[derive(Serialize, JsonSchema)]
struct Value {
    value: i64,
}

// Doc comments from here on are shown to whoever calls the actor.

/// Counts, and never below zero.
#[kelpie::actor]
impl Counter {
    /// Adds to the value.
    #[operation]
    fn add(&mut self, context: &Context, #[argument(default = 1)] amount: i64) -> Result<Value> {
        let Some(value) = self.value.checked_add(amount).filter(|value| *value >= 0) else {
            // The caller is told so, and nothing of this turn is kept.
            return Err(reject("out-of-range", "the value would be below zero, or too large"));
        };
        self.value = value;
        context.log().info(format_args!("now at {value}"));
        Ok(Value { value })
    }

    /// The value.
    #[operation(read_only)]
    fn get(&self) -> Value {
        Value { value: self.value }
    }

    /// Sets the value to zero.
    #[operation]
    fn reset(&mut self) -> Value {
        self.value = 0;
        self.get()
    }
}

#[cfg(test)]
mod tests {
    use super::Counter;
    use kelpie::Error;
    use kelpie::testing::Actor;

    #[test]
    fn it_counts() {
        let mut counter = Actor::<Counter>::new();
        assert_eq!(counter.invoke("add", "").unwrap(), r#"{"value":1}"#);
        assert_eq!(counter.invoke("add", r#"{"amount": 5}"#).unwrap(), r#"{"value":6}"#);
        assert_eq!(counter.invoke("get", "").unwrap(), r#"{"value":6}"#);
        assert_eq!(counter.invoke("reset", "").unwrap(), r#"{"value":0}"#);
    }

    #[test]
    fn it_never_goes_below_zero_or_too_far() {
        let mut counter = Actor::<Counter>::new();
        counter.invoke("add", r#"{"amount": 2}"#).unwrap();
        for amount in [-3, i64::MAX] {
            let refused = counter.invoke("add", format!(r#"{{"amount": {amount}}}"#)).unwrap_err();
            assert!(matches!(refused, Error::Rejected { code, .. } if code == "out-of-range"));
        }
        // What was refused has changed nothing.
        assert_eq!(counter.invoke("get", "").unwrap(), r#"{"value":2}"#);
    }
}
