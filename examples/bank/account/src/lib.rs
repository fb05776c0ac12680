//! An account of the bank.
//!
//! Money moves only for transfers: each asks under its own address, and whatever the
//! account has once decided about a transfer it answers again, however often it is asked.

mod movement;
#[cfg(test)]
mod tests;

use kelpie::{Caller, Context, Result, reject};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use movement::{Movement, Sort};

/// The kind of actors that may move money.
const TRANSFER: &str = "transfer";

#[derive(Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Account {
    is_open: bool,
    /// In cents.
    balance: u64,
    /// How often the balance has changed; the auditor was told each time.
    movements: u64,
}

/// What the account says of itself.
#[derive(Serialize, JsonSchema)]
struct Statement {
    is_open: bool,
    balance: u64,
    movements: u64,
}

/// What was decided about one side of a transfer, for good.
///
/// A refusal is a reply, and no rejection: it is kept, so it stays a refusal when there
/// is money later. A rejection would undo the turn, and this note with it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "outcome", rename_all = "lowercase")]
enum Decision {
    Done,
    Refused { reason: String },
}

/// What is kept of a decision, and what it was about.
#[derive(Serialize, Deserialize)]
struct Kept {
    amount: u64,
    decision: Decision,
}

/// Holds money, and moves it for transfers.
#[kelpie::actor]
impl Account {
    /// Opens the account. This is how money comes into the bank.
    #[operation]
    fn open(
        &mut self,
        context: &Context,
        /// In cents.
        #[argument(default = 0)]
        amount: u64,
    ) -> Result<Statement> {
        if self.is_open {
            return Err(reject("already-open", "this account is open"));
        }
        self.is_open = true;
        self.moved(context, Sort::Opened, String::new(), amount, amount)?;
        Ok(self.statement())
    }

    /// Takes money out, for the transfer that asks.
    #[operation]
    fn withdraw(&mut self, context: &Context, amount: u64) -> Result<Decision> {
        self.decide(context, Sort::Withdrawn, amount, |account| {
            match account.balance.checked_sub(amount) {
                Some(left) => Ok(left),
                None => Err(format!("there are only {}", account.balance)),
            }
        })
    }

    /// Puts money in, for the transfer that asks.
    #[operation]
    fn deposit(&mut self, context: &Context, amount: u64) -> Result<Decision> {
        self.decide(context, Sort::Deposited, amount, |account| account.with(amount))
    }

    /// Puts back what the transfer that asks has taken out.
    #[operation]
    fn refund(&mut self, context: &Context, amount: u64) -> Result<Decision> {
        let taken = context.kv().get_json::<Kept>(&Sort::Withdrawn.key(&transfer(context)?))?;
        if !taken.is_some_and(|it| it.amount == amount && it.decision == Decision::Done) {
            return Err(reject("not-withdrawn", "this was never taken out"));
        }
        self.decide(context, Sort::Refunded, amount, |account| account.with(amount))
    }

    /// What there is.
    #[operation(read_only)]
    fn balance(&self) -> Statement {
        self.statement()
    }

    /// What the auditor was told behind a number, for when it has missed some of it.
    #[operation(read_only)]
    fn movements(&self, context: &Context, after: u64) -> Result<Vec<Movement>> {
        movement::kept(context, after)
    }
}

impl Account {
    /// Decides once for each transfer; `balance` says what the balance would be, or why not.
    fn decide(
        &mut self,
        context: &Context,
        sort: Sort,
        amount: u64,
        balance: impl FnOnce(&Self) -> Result<u64, String>,
    ) -> Result<Decision> {
        let transfer = transfer(context)?;
        let key = sort.key(&transfer);
        if let Some(kept) = context.kv().get_json::<Kept>(&key)? {
            if kept.amount != amount {
                return Err(reject("another-amount", format!("it was {} before", kept.amount)));
            }
            return Ok(kept.decision);
        }
        let would_be =
            if self.is_open { balance(self) } else { Err("there is no such account".to_owned()) };
        let decision = match would_be {
            Ok(balance) => {
                self.moved(context, sort, transfer, amount, balance)?;
                Decision::Done
            }
            Err(reason) => Decision::Refused { reason },
        };
        context.kv().set_json(&key, &Kept { amount, decision: decision.clone() })?;
        Ok(decision)
    }

    /// The balance is another one now, and the auditor is told with this turn, or not at all.
    fn moved(
        &mut self,
        context: &Context,
        sort: Sort,
        transfer: String,
        amount: u64,
        balance: u64,
    ) -> Result<()> {
        self.balance = balance;
        self.movements += 1;
        Movement { number: self.movements, sort, transfer, amount, balance }.tell(context)
    }

    fn with(&self, amount: u64) -> Result<u64, String> {
        self.balance.checked_add(amount).ok_or_else(|| "it would be too much".to_owned())
    }

    fn statement(&self) -> Statement {
        let Self { is_open, balance, movements } = *self;
        Statement { is_open, balance, movements }
    }
}

/// The transfer that asks: its key is the id under which everything is done once.
fn transfer(context: &Context) -> Result<String> {
    match context.caller() {
        Caller::Actor(address) if address.kind == TRANSFER => Ok(address.key),
        _ => Err(reject("no-transfer", "only transfers move money")),
    }
}
