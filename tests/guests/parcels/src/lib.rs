//! Numbered parcels between actors, and reminders that are counted.
//!
//! What it is for: whoever is sent a parcel knows which number has to come next
//! from its sender, so one that is lost, comes twice or out of order fails its
//! turn and stays visible; and each ring of a reminder leaves a mark of its own.

wit_bindgen::generate!({
    path: "../../../wit",
    world: "actor",
});

use common::Json;
use exports::kelpie::actor::handler;
use kelpie::actor::identity::{self, Caller};
use kelpie::actor::messaging::{self, Missed, Schedule};
use kelpie::actor::types::{Address, Failure, Payload, Rejection};
use kelpie::actor::kv;

struct Parcels;

export!(Parcels);

impl handler::Guest for Parcels {
    fn invoke(operation: String, argument: Payload) -> Result<Payload, Failure> {
        Ok(Payload::Text(run(&operation, &read(&argument)?)?.to_string()))
    }

    fn describe() -> String {
        include_str!("manifest.json").to_owned()
    }
}

fn run(operation: &str, argument: &Json) -> Result<Json, Failure> {
    match operation {
        "send" => send(argument),
        "scatter" => scatter(argument),
        "take" => take(argument),
        "refuse" => Err(reject("refused", "no parcels today")),
        "ask" => ask(argument),
        "double" => double(argument),
        "answered" => answered(argument),
        "remind" => remind(argument),
        "cancel" => cancel(argument),
        "reminders" => Ok(Json::List(
            messaging::reminders()?.into_iter().map(Json::Text).collect(),
        )),
        "ring" => ring(),
        "count" => count(argument),
        other => Err(reject("unknown-operation", format!("no operation '{other}' here"))),
    }
}

/// Sends the next parcels to another actor of this kind, at once or after a delay.
fn send(argument: &Json) -> Result<Json, Failure> {
    let to = text(argument, "to")?;
    let delay = number_or(argument, "delay_ms", 0)?;
    let operation = argument.get("operation").as_text().unwrap_or("take");
    let place = format!("sent/{to}");
    let mut sent = counter(&place)?;
    for _ in 0..number_or(argument, "count", 1)? {
        let parcel = Payload::Text(Json::object([("number", Json::number(sent + 1))]).to_string());
        let target = Address { key: to.to_owned(), ..identity::self_address() };
        if delay > 0 {
            messaging::send_after(&target, operation, &parcel, delay)?;
        } else {
            messaging::send(&target, operation, &parcel)?;
        }
        sent += 1;
    }
    set(&place, sent);
    Ok(Json::object([("sent", Json::number(sent))]))
}

/// Sends one parcel of this number to each of many actors.
fn scatter(argument: &Json) -> Result<Json, Failure> {
    let parcel = Payload::Text(Json::object([("number", argument.get("number").clone())]).to_string());
    let (first, count) = (number(argument, "first")?, number(argument, "count")?);
    let own = identity::self_address();
    for place in first..first + count {
        let target = Address { key: format!("to-{place}"), ..own.clone() };
        messaging::send(&target, "take", &parcel)?;
    }
    Ok(Json::object([("sent", Json::number(count))]))
}

/// Takes the parcel that has to come next from its sender.
fn take(argument: &Json) -> Result<Json, Failure> {
    let Caller::Actor(sender) = identity::get_caller() else {
        return Err(reject("no-sender", "parcels come from actors"));
    };
    let number = number(argument, "number")?;
    let place = format!("took/{}", sender.key);
    let took = counter(&place)?;
    if number != took + 1 {
        set(&format!("wrong/{}/{number}", sender.key), took);
    }
    set(&place, number);
    Ok(Json::object([("took", Json::number(number))]))
}

/// Asks another actor to double a number; the answer comes back by itself.
fn ask(argument: &Json) -> Result<Json, Failure> {
    let target = Address { key: text(argument, "to")?.to_owned(), ..identity::self_address() };
    let operation = argument.get("operation").as_text().unwrap_or("double");
    let asked = Json::object([("number", Json::number(number(argument, "number")?))]);
    messaging::request(&target, operation, &Payload::Text(asked.to_string()), "answered")?;
    Ok(Json::object([("asked", Json::Bool(true))]))
}

fn double(argument: &Json) -> Result<Json, Failure> {
    Ok(Json::object([("number", Json::number(2 * number(argument, "number")?))]))
}

/// Keeps what came back, under its place in line.
fn answered(argument: &Json) -> Result<Json, Failure> {
    let answers = counter("answers")? + 1;
    kv::set(&format!("answer/{answers}"), &Payload::Text(argument.to_string()));
    set("answers", answers);
    Ok(Json::object([("answers", Json::number(answers))]))
}

fn remind(argument: &Json) -> Result<Json, Failure> {
    let schedule = if let Some(expression) = argument.get("cron").as_text() {
        let zone = argument.get("zone").as_text().unwrap_or("UTC");
        Schedule::Cron((expression.to_owned(), zone.to_owned()))
    } else if let Some(period) = argument.get("every_ms").as_u64() {
        Schedule::EveryMs(period)
    } else {
        Schedule::AfterMs(number_or(argument, "after_ms", 1_000)?)
    };
    let missed = match argument.get("missed").as_text() {
        Some("skip") => Missed::Skip,
        _ => Missed::FireOnce,
    };
    // Without a name it is one that no other reminder has had.
    let name = match argument.get("name").as_text() {
        Some(name) => name.to_owned(),
        None => {
            let reminded = counter("reminded")? + 1;
            set("reminded", reminded);
            format!("once-{reminded}")
        }
    };
    messaging::remind(&name, &schedule, missed, "ring", &Payload::Text(String::new()))?;
    Ok(Json::object([("name", Json::Text(name))]))
}

fn cancel(argument: &Json) -> Result<Json, Failure> {
    let found = messaging::cancel_reminder(text(argument, "name")?)?;
    Ok(Json::object([("cancelled", Json::Bool(found))]))
}

/// A reminder rings: counted under its name.
fn ring() -> Result<Json, Failure> {
    let Caller::Reminder(name) = identity::get_caller() else {
        return Err(reject("no-reminder", "only reminders ring"));
    };
    let place = format!("rang/{name}");
    let rang = counter(&place)? + 1;
    set(&place, rang);
    Ok(Json::object([("rang", Json::number(rang))]))
}

/// One of the counters.
fn count(argument: &Json) -> Result<Json, Failure> {
    Ok(Json::object([("count", Json::number(counter(text(argument, "of")?)?))]))
}

fn counter(place: &str) -> Result<u64, Failure> {
    match kv::get(place) {
        None => Ok(0),
        Some(Payload::Text(digits)) => digits.parse().map_err(|_| corrupt("a counter")),
        Some(Payload::Bytes(_)) => Err(corrupt("a counter")),
    }
}

fn set(place: &str, number: u64) {
    kv::set(place, &Payload::Text(number.to_string()));
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

fn number(argument: &Json, name: &str) -> Result<u64, Failure> {
    let bad = || reject("bad-argument", format!("'{name}' must be a number"));
    argument.get(name).as_u64().ok_or_else(bad)
}

fn number_or(argument: &Json, name: &str, default: u64) -> Result<u64, Failure> {
    match argument.get(name) {
        Json::Null => Ok(default),
        _ => number(argument, name),
    }
}

fn reject(code: &str, message: impl Into<String>) -> Failure {
    Failure::Rejected(Rejection { code: code.to_owned(), message: message.into() })
}

fn corrupt(what: &str) -> Failure {
    Failure::Failed(format!("{what} is corrupt"))
}
