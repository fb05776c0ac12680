//! Accounts that transfer money to each other, each by a call of the other one.
//!
//! What it is for: whoever is paid notes by which request, and how often; whoever
//! pays notes the same in its own turn. So a payment that is made twice, or by a turn
//! that counts elsewhere as never made, shows when the notes of all are compared.
//! Before it pays it also tells the other one what it has last paid, which it may tell
//! only if that is durable.

wit_bindgen::generate!({
    path: "../../../wit",
    world: "actor",
});

use common::Json;
use exports::kelpie::actor::handler;
use kelpie::actor::types::{Address, Failure, Payload, Rejection};
use kelpie::actor::{identity, kv, messaging, state};

const BEGINS_WITH: u64 = 100;

struct Bank;

export!(Bank);

impl handler::Guest for Bank {
    fn invoke(operation: String, argument: Payload) -> Result<Payload, Failure> {
        let argument = read(&argument)?;
        let reply = match operation.as_str() {
            "transfer" => transfer(&argument),
            "deposit" => deposit(&argument),
            "told" => told(&argument),
            "visit" => visit(&argument),
            "save" => save(),
            "balance" => Ok(Account::load()?.shown()),
            other => Err(reject("unknown-operation", format!("no operation '{other}' here"))),
        };
        Ok(Payload::Text(reply?.to_string()))
    }

    fn describe() -> String {
        include_str!("manifest.json").to_owned()
    }
}

struct Account {
    balance: u64,
    /// The request of the last transfer from here; empty if there was none.
    last: String,
}

impl Account {
    fn load() -> Result<Self, Failure> {
        let Some(stored) = state::load() else {
            return Ok(Self { balance: BEGINS_WITH, last: String::new() });
        };
        let Payload::Text(stored) = stored else { return Err(corrupt("the state is not text")) };
        let json = Json::parse(&stored).ok_or_else(|| corrupt("the state is not JSON"))?;
        match (json.get("balance").as_u64(), json.get("last").as_text()) {
            (Some(balance), Some(last)) => Ok(Self { balance, last: last.to_owned() }),
            _ => Err(corrupt("the state is not that of an account")),
        }
    }

    fn save(&self) {
        state::save(&Payload::Text(self.shown().to_string()));
    }

    fn shown(&self) -> Json {
        Json::object([("balance", Json::number(self.balance)), ("last", Json::text(&*self.last))])
    }
}

fn transfer(argument: &Json) -> Result<Json, Failure> {
    let (to, amount, id) = (text(argument, "to")?, amount(argument)?, identity::request_id());
    let own = identity::self_address();
    if to == own.key {
        return Err(reject("same-account", "money cannot be transferred to where it is"));
    }
    let mut account = Account::load()?;
    if amount > account.balance {
        return Err(reject("no-funds", format!("there are only {}", account.balance)));
    }
    let from = Json::text(&*own.key);
    let other = Address { key: to.to_owned(), ..own };
    let last = Json::object([("from", from.clone()), ("last", Json::text(&*account.last))]);
    // By a key: what it has to tell may be another thing when the request is tried again.
    ask(&other, "told", &last, Some(&format!("told {}", account.last)))?;
    let payment = Json::object([
        ("from", from),
        ("amount", Json::number(amount)),
        ("id", Json::text(&*id)),
    ]);
    ask(&other, "deposit", &payment, None)?;
    account.balance -= amount;
    account.last.clone_from(&id);
    account.save();
    note(&format!("sent/{to}/{id}"));
    Ok(account.shown())
}

fn deposit(argument: &Json) -> Result<Json, Failure> {
    let (from, amount, id) = (text(argument, "from")?, amount(argument)?, text(argument, "id")?);
    let mut account = Account::load()?;
    account.balance += amount;
    account.save();
    note(&format!("received/{from}/{id}"));
    Ok(account.shown())
}

fn told(argument: &Json) -> Result<Json, Failure> {
    let (from, last) = (text(argument, "from")?, text(argument, "last")?);
    note(&format!("told/{from}/{last}"));
    Ok(Json::Null)
}

/// Asks the other one for its balance, and saves its own.
fn visit(argument: &Json) -> Result<Json, Failure> {
    let other = Address { key: text(argument, "to")?.to_owned(), ..identity::self_address() };
    let operation = text(argument, "for")?;
    ask(&other, operation, &Json::Null, None)?;
    save()
}

/// Changes nothing, and yet has to be committed.
fn save() -> Result<Json, Failure> {
    let account = Account::load()?;
    account.save();
    Ok(account.shown())
}

fn ask(to: &Address, operation: &str, argument: &Json, key: Option<&str>) -> Result<(), Failure> {
    let argument = Payload::Text(argument.to_string());
    messaging::call(to, operation, &argument, key).map(|_| ())
}

/// Counts how often this was noted.
fn note(key: &str) {
    let before = match kv::get(key) {
        Some(Payload::Text(count)) => count.parse::<u64>().unwrap_or(0),
        _ => 0,
    };
    kv::set(key, &Payload::Text((before + 1).to_string()));
}

fn read(argument: &Payload) -> Result<Json, Failure> {
    match argument {
        Payload::Text(text) if text.is_empty() => Some(Json::Null),
        Payload::Text(text) => Json::parse(text),
        Payload::Bytes(_) => None,
    }
    .ok_or_else(|| reject("bad-argument", "the argument must be JSON text"))
}

fn text<'a>(argument: &'a Json, name: &str) -> Result<&'a str, Failure> {
    let found = argument.get(name).as_text();
    found.ok_or_else(|| reject("bad-argument", format!("'{name}' must be a text")))
}

fn amount(argument: &Json) -> Result<u64, Failure> {
    let amount = argument.get("amount").as_u64().filter(|amount| *amount <= BEGINS_WITH);
    amount.ok_or_else(|| reject("bad-argument", "'amount' must be a number of at most 100"))
}

fn reject(code: &str, message: impl Into<String>) -> Failure {
    Failure::Rejected(Rejection { code: code.to_owned(), message: message.into() })
}

fn corrupt(what: &str) -> Failure {
    Failure::Failed(format!("corrupt: {what}"))
}
