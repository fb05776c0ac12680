//! A guest that misbehaves on request, and one that shows what it was given.
//!
//! Each operation does one thing to the host; `manifest.json` says what.

wit_bindgen::generate!({
    path: "../../../wit",
    world: "actor",
});

mod configured;
mod misuse;
mod talk;

use common::Json;
use exports::kelpie::actor::handler::Guest;
use kelpie::actor::types::{Failure, Payload, Rejection};
use kelpie::actor::{clock, entropy, identity, kv, log, state};
use std::cell::{Cell, RefCell};

struct Rogue;

export!(Rogue);

thread_local! {
    /// How many turns this instance has seen; nothing of it is stored.
    static TURNS: Cell<u64> = const { Cell::new(0) };
    /// Memory that is never given back.
    static HELD: RefCell<Vec<Vec<u8>>> = const { RefCell::new(Vec::new()) };
}

type Reply = Result<Payload, Failure>;

impl Guest for Rogue {
    fn invoke(operation: String, argument: Payload) -> Reply {
        // These two take any payload; all others take JSON.
        match operation.as_str() {
            "echo" => return Ok(argument),
            "save" => {
                state::save(&argument);
                return done();
            }
            _ => {}
        }
        let argument = Argument::read(&argument)?;
        match operation.as_str() {
            "load" | "read_only_load" => {
                state::load().ok_or_else(|| reject("absent", "nothing was ever saved"))
            }
            "clear" => {
                state::clear();
                done()
            }
            "kv_get" => kv_get(&argument),
            "kv_set" => kv_set(&argument),
            "kv_delete" => {
                kv::delete(&argument.key()?);
                done()
            }
            "kv_list" => kv_list(&argument),
            "whoami" => Ok(reply(whoami())),
            "entropy" => entropy(&argument),
            "volatile" => Ok(reply(volatile())),
            "hold" => hold(&argument),
            "burn" => burn(&argument),
            "host_calls" => host_calls(&argument),
            "log" => log_lines(&argument),
            "write" => write(&argument),
            "reply" => big_reply(&argument),
            "fail" => Err(failure(&argument)?),
            "save_then" => save_then(&argument),
            "trap" => misuse::trap(argument.text("how")?),
            "spin" => misuse::spin(),
            "recurse" => misuse::recurse(),
            "allocate" => misuse::allocate(),
            "read_only_write" => misuse::read_only_write(argument.text("how")?),
            "config" => configured::show(&argument),
            "secret" => configured::tell(&argument),
            "call" => talk::call(&argument),
            "send" => talk::send(&argument),
            "remind" => talk::remind(&argument),
            "cancel_reminder" => talk::cancel_reminder(&argument),
            "reminders" => talk::reminders(),
            other => Err(reject("unknown-operation", format!("no operation '{other}' here"))),
        }
    }

    fn describe() -> String {
        include_str!("manifest.json").to_owned()
    }
}

fn kv_get(argument: &Argument) -> Reply {
    kv::get(&argument.key()?).ok_or_else(|| reject("absent", "this key has no value"))
}

fn kv_set(argument: &Argument) -> Reply {
    kv::set(&argument.key()?, &argument.payload("value")?);
    done()
}

fn kv_list(argument: &Argument) -> Reply {
    let limit = argument.number_or("limit", 1_000)? as u32;
    let page = kv::list(
        argument.text_or("prefix", "")?,
        argument.optional_text("after")?,
        limit,
        argument.flag("reverse"),
    );
    let entries = page.entries.into_iter().map(|entry| {
        Json::object([("key", Json::Text(entry.key)), ("value", show(entry.value))])
    });
    Ok(reply(Json::object([
        ("entries", Json::List(entries.collect())),
        ("more", Json::Bool(page.more)),
    ])))
}

fn whoami() -> Json {
    let address = identity::self_address();
    let caller = match identity::get_caller() {
        identity::Caller::Client(name) => Json::object([("client", Json::Text(name))]),
        identity::Caller::Reminder(name) => Json::object([("reminder", Json::Text(name))]),
        identity::Caller::Actor(address) => Json::object([("actor", talk::show(address))]),
    };
    Json::object([
        ("address", talk::show(address)),
        ("turn", Json::number(identity::turn())),
        ("request_id", Json::Text(identity::request_id())),
        ("caller", caller),
        ("now", Json::number(clock::now())),
        ("now_again", Json::number(clock::now())),
        ("u64", Json::number(entropy::get_u64())),
        ("uuid", Json::Text(entropy::get_uuid())),
        ("bytes", Json::Text(hex(&entropy::get_bytes(16)))),
    ])
}

fn entropy(argument: &Argument) -> Reply {
    let bytes = entropy::get_bytes(argument.number("bytes")? as u32);
    Ok(reply(Json::object([
        ("length", Json::number(bytes.len())),
        ("begins", Json::Text(hex(&bytes[..bytes.len().min(16)]))),
    ])))
}

fn volatile() -> Json {
    TURNS.set(TURNS.get() + 1);
    Json::object([("turns", Json::number(TURNS.get()))])
}

fn hold(argument: &Argument) -> Reply {
    let bytes = argument.number("megabytes")? as usize * 1_048_576;
    HELD.with_borrow_mut(|held| {
        // Not zero, so that every page is really written.
        held.push(vec![1; bytes]);
        let all: usize = held.iter().map(Vec::len).sum();
        Ok(reply(Json::object([("held", Json::number(all))])))
    })
}

/// Work whose amount of fuel depends on `rounds` alone.
fn burn(argument: &Argument) -> Reply {
    let mut mixed = 0u64;
    for round in 0..argument.number("rounds")? {
        mixed = std::hint::black_box(mixed.rotate_left(7) ^ round);
    }
    // Of one length whatever it is, since its length costs fuel too.
    Ok(reply(Json::object([("mixed", Json::Text(hex(&mixed.to_be_bytes())))])))
}

fn host_calls(argument: &Argument) -> Reply {
    let which = argument.text_or("which", "clock")?;
    for _ in 0..argument.number("calls")? {
        match which {
            "clock" => _ = clock::now(),
            "state" => _ = state::load(),
            "kv" => _ = kv::get("absent"),
            "list" => _ = kv::list("", None, 1, false),
            "entropy" => _ = entropy::get_u64(),
            "identity" => _ = identity::turn(),
            _ => return Err(bad("which")),
        }
    }
    done()
}

fn log_lines(argument: &Argument) -> Reply {
    let level = match argument.text_or("level", "info")? {
        "debug" => log::Level::Debug,
        "info" => log::Level::Info,
        "warn" => log::Level::Warn,
        "error" => log::Level::Error,
        _ => return Err(bad("level")),
    };
    let line = match argument.optional_text("message")? {
        Some(message) => message.to_owned(),
        None => "l".repeat(argument.number_or("bytes", 10)? as usize),
    };
    for _ in 0..argument.number_or("lines", 1)? {
        log::write(level, &line);
    }
    done()
}

/// `pieces` values of `bytes` each, to kv or (only the last stays) to state.
fn write(argument: &Argument) -> Reply {
    let value = argument.sized_payload()?;
    let to_state = match argument.text_or("to", "kv")? {
        "kv" => false,
        "state" => true,
        _ => return Err(bad("to")),
    };
    for piece in 0..argument.number_or("pieces", 1)? {
        if to_state {
            state::save(&value);
        } else {
            kv::set(&format!("piece/{piece:08}"), &value);
        }
    }
    done()
}

fn big_reply(argument: &Argument) -> Reply {
    argument.sized_payload()
}

/// Changes state, kv and the outbox, and then ends the turn badly.
fn save_then(argument: &Argument) -> Reply {
    let how = argument.text("how")?;
    let value = argument.payload("value")?;
    state::save(&value);
    kv::set("saved", &value);
    // Whether the host offers messaging does not matter here.
    _ = talk::send_to_self("echo", &value);
    match how {
        "succeed" => done(),
        "reject" => Err(reject("on-purpose", "saved, then rejected")),
        "fail" => Err(Failure::Failed("saved, then failed".to_owned())),
        "trap" => misuse::trap("unreachable"),
        "spin" => misuse::spin(),
        _ => Err(bad("how")),
    }
}

fn failure(argument: &Argument) -> Result<Failure, Failure> {
    let message = argument.text_or("message", "on purpose")?.to_owned();
    match argument.text("kind")? {
        "rejected" => {
            let code = argument.text_or("code", "on-purpose")?.to_owned();
            Ok(Failure::Rejected(Rejection { code, message }))
        }
        "failed" => Ok(Failure::Failed(message)),
        "unavailable" => Ok(Failure::Unavailable(message)),
        "unknown" => Ok(Failure::Unknown(message)),
        _ => Err(bad("kind")),
    }
}

/// The JSON argument of an operation; no argument is an empty object.
struct Argument {
    json: Json,
}

impl Argument {
    fn read(payload: &Payload) -> Result<Self, Failure> {
        let json = match payload {
            Payload::Text(text) if text.is_empty() => Some(Json::Null),
            Payload::Text(text) => Json::parse(text),
            Payload::Bytes(bytes) if bytes.is_empty() => Some(Json::Null),
            Payload::Bytes(_) => None,
        };
        match json {
            Some(json @ (Json::Null | Json::Object(_))) => Ok(Self { json }),
            _ => Err(reject("bad-argument", "the argument must be a JSON object")),
        }
    }

    fn optional_text(&self, name: &str) -> Result<Option<&str>, Failure> {
        match self.json.get(name) {
            Json::Null => Ok(None),
            Json::Text(text) => Ok(Some(text)),
            _ => Err(bad(name)),
        }
    }

    fn text_or<'a>(&'a self, name: &str, default: &'a str) -> Result<&'a str, Failure> {
        Ok(self.optional_text(name)?.unwrap_or(default))
    }

    fn text(&self, name: &str) -> Result<&str, Failure> {
        self.optional_text(name)?.ok_or_else(|| bad(name))
    }

    fn number_or(&self, name: &str, default: u64) -> Result<u64, Failure> {
        match self.json.get(name) {
            Json::Null => Ok(default),
            other => other.as_u64().ok_or_else(|| bad(name)),
        }
    }

    fn number(&self, name: &str) -> Result<u64, Failure> {
        self.json.get(name).as_u64().ok_or_else(|| bad(name))
    }

    fn flag(&self, name: &str) -> bool {
        self.json.get(name).as_bool() == Some(true)
    }

    /// `key`, or a key of `key_bytes` times the letter k.
    fn key(&self) -> Result<String, Failure> {
        match self.optional_text("key")? {
            Some(key) => Ok(key.to_owned()),
            None => Ok("k".repeat(self.number("key_bytes")? as usize)),
        }
    }

    /// A text, or any other JSON as its text; bytes if `as` says so.
    fn payload(&self, name: &str) -> Result<Payload, Failure> {
        let text = match self.json.get(name) {
            Json::Text(text) => text.clone(),
            other => other.to_string(),
        };
        self.as_asked(text)
    }

    fn sized_payload(&self) -> Result<Payload, Failure> {
        self.as_asked("v".repeat(self.number("bytes")? as usize))
    }

    fn as_asked(&self, text: String) -> Result<Payload, Failure> {
        match self.text_or("as", "text")? {
            "text" => Ok(Payload::Text(text)),
            "bytes" => Ok(Payload::Bytes(text.into_bytes())),
            _ => Err(bad("as")),
        }
    }
}

fn reply(json: Json) -> Payload {
    Payload::Text(json.to_string())
}

fn done() -> Reply {
    Ok(reply(Json::Null))
}

fn show(payload: Payload) -> Json {
    match payload {
        Payload::Text(text) => Json::Text(text),
        Payload::Bytes(bytes) => Json::object([("hex", Json::Text(hex(&bytes)))]),
    }
}

fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    bytes
        .iter()
        .flat_map(|byte| [DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]])
        .map(char::from)
        .collect()
}

fn reject(code: &str, message: impl Into<String>) -> Failure {
    Failure::Rejected(Rejection { code: code.to_owned(), message: message.into() })
}

fn bad(name: &str) -> Failure {
    reject("bad-argument", format!("'{name}' is not usable here"))
}
