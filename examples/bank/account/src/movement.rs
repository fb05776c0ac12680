//! What the auditor is told of each change of a balance.

use kelpie::kv::Listing;
use kelpie::{Address, Context, Payload, Result};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Who keeps the book of the whole bank.
const AUDITOR: (&str, &str) = ("auditor", "main");
/// How many are told at once to whoever asks.
const PAGE: u32 = 100;

#[derive(Clone, Copy, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Sort {
    Opened,
    Withdrawn,
    Deposited,
    Refunded,
}

impl Sort {
    /// Where the decision about this side of a transfer is kept.
    pub fn key(self, transfer: &str) -> String {
        let side = match self {
            Self::Opened => "opened",
            Self::Withdrawn => "withdrawn",
            Self::Deposited => "deposited",
            Self::Refunded => "refunded",
        };
        format!("{side}/{transfer}")
    }
}

/// One change of the balance, by its number among those of the account.
#[derive(Serialize, Deserialize, JsonSchema)]
pub struct Movement {
    pub number: u64,
    pub sort: Sort,
    /// The transfer that asked for it; empty if there is none.
    pub transfer: String,
    pub amount: u64,
    /// What there is since then.
    pub balance: u64,
}

impl Movement {
    /// Keeps it, and sends it: it arrives behind what the account has sent before.
    pub fn tell(&self, context: &Context) -> Result<()> {
        context.kv().set_json(&key(self.number), self)?;
        let (kind, key) = AUDITOR;
        let auditor = Address { kind: kind.into(), key: key.into(), ..context.address() };
        // Where too much is on its way already, whoever asked is told to ask again.
        Ok(context.messaging().send(&auditor, "enter", Payload::json(self)?)?)
    }
}

/// The next ones behind a number.
pub fn kept(context: &Context, after: u64) -> Result<Vec<Movement>> {
    let after = key(after);
    let listing =
        Listing { prefix: "movement/", after: Some(&after), limit: PAGE, ..Listing::default() };
    context.kv().list(listing).entries.iter().map(|entry| entry.value.to_json()).collect()
}

/// In the order of the numbers.
fn key(number: u64) -> String {
    format!("movement/{number:020}")
}
