//! Actors that go their rounds: one visits others, in one durable turn.
//!
//! What it is for: each visit has a number that was drawn at random. Whoever is visited
//! notes by whom and in which round, and what it was told. So one that was asked twice shows
//! when the notes of all are compared. Before each visit the round looks at whom it visits,
//! of which nobody keeps a record, and at the clock: a round that is run again in another
//! way than before does not go on.

wit_bindgen::generate!({
    path: "../../../wit",
    world: "actor",
});

use std::hint::black_box;

use common::Json;
use exports::kelpie::actor::handler;
use kelpie::actor::types::{Address, Failure, Payload, Rejection};
use kelpie::actor::{clock, entropy, identity, kv, messaging, state};

const VISITS_MAX: usize = 16;

struct Rounds;

export!(Rounds);

impl handler::Guest for Rounds {
    fn invoke(operation: String, argument: Payload) -> Result<Payload, Failure> {
        let argument = read(&argument)?;
        let reply = match operation.as_str() {
            "round" => round(&argument),
            "visited" => visited(&argument),
            "busy" => busy(&argument),
            "seen" => Ok(seen()?),
            other => Err(reject("unknown-operation", format!("no operation '{other}' here"))),
        };
        Ok(Payload::Text(reply?.to_string()))
    }

    fn describe() -> String {
        include_str!("manifest.json").to_owned()
    }
}

/// Visits each of those named, and keeps what was told to whom.
fn round(argument: &Json) -> Result<Json, Failure> {
    let (id, own) = (identity::request_id(), identity::self_address());
    let names = names(argument)?;
    // The last of them may be kept busy meanwhile.
    let steps = argument.get("steps").as_u64();
    let mut last = Json::Null;
    for (number, name) in names.iter().enumerate() {
        if *name == own.key {
            return Err(reject("own-round", "nobody visits itself"));
        }
        let other = Address { key: (*name).to_owned(), ..own.clone() };
        let before = ask(&other, "seen", &Json::Null)?;
        // The same also where the whole round is begun anew, as after a failure.
        let told = entropy::get_u64().to_string();
        let visit = Json::object([
            ("from", Json::text(&*own.key)),
            ("round", Json::text(format!("{id}/{number}"))),
            ("told", Json::text(&*told)),
            ("last", last),
            ("steps", Json::number(steps.unwrap_or(0))),
        ]);
        let is_last = number + 1 == names.len();
        let operation = if is_last && steps.is_some() { "busy" } else { "visited" };
        last = ask(&other, operation, &visit)?;
        kv::set(&format!("made/{name}/{id}/{number}"), &Payload::Text(told));
        let seen = format!("{} at {}", before.get("visits"), clock::now());
        kv::set(&format!("seen/{name}/{id}/{number}"), &Payload::Text(seen));
    }
    let (visits, rounds) = counts()?;
    save(visits, rounds + 1);
    Ok(Json::object([("visits", Json::number(names.len() as u64)), ("last", last)]))
}

/// Notes a visit, and what was told; told something else, it notes that as well.
fn visited(argument: &Json) -> Result<Json, Failure> {
    let (from, round) = (text(argument, "from")?, text(argument, "round")?);
    let told = text(argument, "told")?;
    let key = format!("had/{from}/{round}");
    let value = match kv::get(&key) {
        Some(Payload::Text(before)) => format!("{before} and {told}"),
        _ => told.to_owned(),
    };
    kv::set(&key, &Payload::Text(value));
    let (visits, rounds) = counts()?;
    save(visits + 1, rounds);
    Ok(Json::object([("visits", Json::number(visits + 1))]))
}

/// Keeps whoever asks waiting.
fn busy(argument: &Json) -> Result<Json, Failure> {
    let steps = argument.get("steps").as_u64().unwrap_or(0);
    for step in 0..steps {
        black_box(step);
    }
    visited(argument)
}

fn seen() -> Result<Json, Failure> {
    let (visits, rounds) = counts()?;
    Ok(shown(visits, rounds))
}

fn counts() -> Result<(u64, u64), Failure> {
    let Some(stored) = state::load() else { return Ok((0, 0)) };
    let Payload::Text(stored) = stored else { return Err(corrupt("the state is not text")) };
    let json = Json::parse(&stored).ok_or_else(|| corrupt("the state is not JSON"))?;
    match (json.get("visits").as_u64(), json.get("rounds").as_u64()) {
        (Some(visits), Some(rounds)) => Ok((visits, rounds)),
        _ => Err(corrupt("the state is not one of counts")),
    }
}

fn save(visits: u64, rounds: u64) {
    state::save(&Payload::Text(shown(visits, rounds).to_string()));
}

fn shown(visits: u64, rounds: u64) -> Json {
    Json::object([("visits", Json::number(visits)), ("rounds", Json::number(rounds))])
}

fn ask(to: &Address, operation: &str, argument: &Json) -> Result<Json, Failure> {
    let argument = Payload::Text(argument.to_string());
    let Payload::Text(reply) = messaging::call(to, operation, &argument, None)? else {
        return Err(corrupt("a reply is not text"));
    };
    Json::parse(&reply).ok_or_else(|| corrupt("a reply is not JSON"))
}

fn names(argument: &Json) -> Result<Vec<&str>, Failure> {
    let bad = || reject("bad-argument", "'to' must be a list of at most 16 names");
    let Json::List(listed) = argument.get("to") else { return Err(bad()) };
    let names: Option<Vec<&str>> = listed.iter().map(Json::as_text).collect();
    names.filter(|names| names.len() <= VISITS_MAX).ok_or_else(bad)
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
    let bad = || reject("bad-argument", format!("'{name}' must be a text"));
    argument.get(name).as_text().ok_or_else(bad)
}

fn reject(code: &str, message: impl Into<String>) -> Failure {
    Failure::Rejected(Rejection { code: code.to_owned(), message: message.into() })
}

fn corrupt(what: &str) -> Failure {
    Failure::Failed(format!("corrupt: {what}"))
}
