//! Messages to other actors. What comes back, also a failure, is shown in the
//! reply, so that a test sees what the guest saw.

use crate::kelpie::actor::types::{Address, Failure, Payload};
use crate::kelpie::actor::{identity, messaging};
use crate::{Argument, Reply, bad, reply, show as show_payload};
use common::Json;

pub fn call(argument: &Argument) -> Reply {
    let answer = messaging::call(
        &target(argument)?,
        argument.text_or("operation", "echo")?,
        &argument.payload("argument")?,
        argument.optional_text("call_key")?,
    );
    Ok(outcome(answer.map(show_payload)))
}

/// One-way: at once, after `delay_ms`, or with a `continuation`.
pub fn send(argument: &Argument) -> Reply {
    let target = target(argument)?;
    let operation = argument.text_or("operation", "echo")?;
    let payload = argument.payload("argument")?;
    let delay = argument.number_or("delay_ms", 0)?;
    let mut answer = Ok(());
    for _ in 0..argument.number_or("times", 1)? {
        answer = match argument.optional_text("continuation")? {
            Some(then) => messaging::request(&target, operation, &payload, then),
            None if delay > 0 => messaging::send_after(&target, operation, &payload, delay),
            None => messaging::send(&target, operation, &payload),
        };
    }
    Ok(outcome(answer.map(|()| Json::Null)))
}

pub fn remind(argument: &Argument) -> Reply {
    let schedule = if let Some(expression) = argument.optional_text("cron")? {
        let zone = argument.text_or("zone", "UTC")?;
        messaging::Schedule::Cron((expression.to_owned(), zone.to_owned()))
    } else if argument.flag("again") {
        messaging::Schedule::EveryMs(argument.number("ms")?)
    } else {
        messaging::Schedule::AfterMs(argument.number("ms")?)
    };
    let missed = match argument.text_or("missed", "fire-once")? {
        "fire-once" => messaging::Missed::FireOnce,
        "skip" => messaging::Missed::Skip,
        _ => return Err(bad("missed")),
    };
    let answer = messaging::remind(
        argument.text("name")?,
        &schedule,
        missed,
        argument.text_or("operation", "echo")?,
        &argument.payload("argument")?,
    );
    Ok(outcome(answer.map(|()| Json::Null)))
}

pub fn cancel_reminder(argument: &Argument) -> Reply {
    Ok(outcome(messaging::cancel_reminder(argument.text("name")?).map(Json::Bool)))
}

pub fn reminders() -> Reply {
    let names = messaging::reminders();
    Ok(outcome(names.map(|names| Json::List(names.into_iter().map(Json::Text).collect()))))
}

pub fn send_to_self(operation: &str, payload: &Payload) -> Result<(), Failure> {
    messaging::send(&identity::self_address(), operation, payload)
}

/// Some other actor of the same kind.
pub fn other() -> Address {
    Address { key: "other".to_owned(), ..identity::self_address() }
}

pub fn show(address: Address) -> Json {
    Json::object([
        ("namespace", Json::Text(address.namespace)),
        ("kind", Json::Text(address.kind)),
        ("key", Json::Text(address.key)),
    ])
}

/// The address in the argument; what it leaves out is this actor's own.
fn target(argument: &Argument) -> Result<Address, Failure> {
    let own = identity::self_address();
    Ok(Address {
        namespace: argument.text_or("namespace", &own.namespace)?.to_owned(),
        kind: argument.text_or("kind", &own.kind)?.to_owned(),
        key: argument.text_or("key", &own.key)?.to_owned(),
    })
}

fn outcome(answer: Result<Json, Failure>) -> Payload {
    reply(match answer {
        Ok(value) => Json::object([("ok", value)]),
        Err(Failure::Rejected(rejection)) => Json::object([
            ("failure", Json::text("rejected")),
            ("code", Json::Text(rejection.code)),
            ("message", Json::Text(rejection.message)),
        ]),
        Err(Failure::Failed(message)) => failed("failed", message),
        Err(Failure::Unavailable(message)) => failed("unavailable", message),
        Err(Failure::Unknown(message)) => failed("unknown", message),
    })
}

fn failed(kind: &str, message: String) -> Json {
    Json::object([("failure", Json::text(kind)), ("message", Json::Text(message))])
}
