//! What the auditor is told of each change of a balance.

use kelpie::messaging::Failure;
use kelpie::{Address, Context, Error, Payload, Result};
use serde::Serialize;

/// Who keeps the book of the whole bank.
const AUDITOR: (&str, &str) = ("auditor", "main");

#[derive(Clone, Copy, Serialize)]
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
#[derive(Serialize)]
struct Movement<'a> {
    number: u64,
    sort: Sort,
    transfer: &'a str,
    amount: u64,
    /// What there is since then.
    balance: u64,
}

/// Sends it: it arrives once, and behind what the account has sent before.
pub fn tell(
    context: &Context,
    number: u64,
    sort: Sort,
    transfer: &str,
    amount: u64,
    balance: u64,
) -> Result<()> {
    let (kind, key) = AUDITOR;
    let auditor = Address { kind: kind.into(), key: key.into(), ..context.address() };
    let movement = Movement { number, sort, transfer, amount, balance };
    let sent = context.messaging().send(&auditor, "enter", Payload::json(&movement)?);
    sent.map_err(|failure| match failure {
        // Too much is on its way already: whoever asked may ask again.
        Failure::Unavailable(message) => Error::Unavailable(message),
        other => other.into(),
    })
}
