//! Items under growing numbers, one kv entry each, and their count in state.
//!
//! What it is for: every write touches kv and state, so a turn that is committed
//! by halves shows as a difference between the two, and every operation but
//! `append` reads before it writes, so a lost or doubled turn shows in a reply.
//! It keeps nothing in memory between turns.

wit_bindgen::generate!({
    path: "../../../wit",
    world: "batching-actor",
});

use common::Json;
use exports::kelpie::actor::{batch, handler};
use kelpie::actor::types::{Failure, Payload, Rejection};
use kelpie::actor::{kv, state};

const PREFIX: &str = "item/";
/// Small, so that few items already take several pages.
const PAGE_ENTRIES: u32 = 3;
const NUMBER_MAX: u64 = 99_999_999;
const ITEM_BYTES_MAX: usize = 1_000;

struct Ledger;

export!(Ledger);

impl handler::Guest for Ledger {
    fn invoke(operation: String, argument: Payload) -> Result<Payload, Failure> {
        Ok(Payload::Text(run(&operation, &read(&argument)?)?.to_string()))
    }

    fn describe() -> String {
        include_str!("manifest.json").to_owned()
    }
}

impl batch::Guest for Ledger {
    fn invoke_batch(operations: String) -> Result<String, batch::BatchFailure> {
        let mut replies = String::new();
        for (index, line) in (0..).zip(operations.lines()) {
            let reply = run_line(line).map_err(|failure| batch::BatchFailure { index, failure })?;
            replies.push_str(&reply.to_string());
            replies.push('\n');
        }
        Ok(replies)
    }
}

fn run_line(line: &str) -> Result<Json, Failure> {
    let line = Json::parse(line).ok_or_else(|| reject("bad-line", "the line is not JSON"))?;
    let operation = line.get("operation").as_text();
    let operation = operation.ok_or_else(|| reject("bad-line", "'operation' must be a text"))?;
    run(operation, line.get("argument"))
}

fn run(operation: &str, argument: &Json) -> Result<Json, Failure> {
    match operation {
        "append" => append(item(argument)?),
        "append_if_absent" => append_if_absent(item(argument)?),
        "remove" => remove(number(argument)?),
        "move" => renumber(number(argument)?),
        "list" => list(argument),
        "count" => count(),
        "clear" => clear(),
        other => Err(reject("unknown-operation", format!("no operation '{other}' here"))),
    }
}

/// What state holds: the next number to give, and how many items there are.
struct Totals {
    next: u64,
    count: u64,
}

impl Totals {
    fn load() -> Result<Self, Failure> {
        let Some(stored) = state::load() else {
            return Ok(Self { next: 1, count: 0 });
        };
        let Payload::Text(text) = stored else {
            return Err(corrupt("the state is not text"));
        };
        let json = Json::parse(&text).ok_or_else(|| corrupt("the state is not JSON"))?;
        match (json.get("next").as_u64(), json.get("count").as_u64()) {
            (Some(next), Some(count)) => Ok(Self { next, count }),
            _ => Err(corrupt("the state is not that of a ledger")),
        }
    }

    fn save(&self) {
        let json = Json::object([
            ("next", Json::number(self.next)),
            ("count", Json::number(self.count)),
        ]);
        state::save(&Payload::Text(json.to_string()));
    }

    /// A number that no item had before.
    fn take_number(&mut self) -> Result<u64, Failure> {
        if self.next > NUMBER_MAX {
            return Err(reject("full", format!("no number is left behind {NUMBER_MAX}")));
        }
        self.next += 1;
        Ok(self.next - 1)
    }
}

fn append(item: &str) -> Result<Json, Failure> {
    let mut totals = Totals::load()?;
    let number = totals.take_number()?;
    totals.count += 1;
    kv::set(&key(number), &Payload::Text(item.to_owned()));
    totals.save();
    Ok(Json::object([
        ("number", Json::number(number)),
        ("count", Json::number(totals.count)),
    ]))
}

fn append_if_absent(item: &str) -> Result<Json, Failure> {
    let entries = entries(PAGE_ENTRIES, false)?;
    let absent = entries.iter().all(|entry| entry.item != item);
    let mut count = entries.len() as u64;
    if absent {
        append(item)?;
        count += 1;
    }
    Ok(Json::object([("appended", Json::Bool(absent)), ("count", Json::number(count))]))
}

fn remove(number: u64) -> Result<Json, Failure> {
    let mut totals = Totals::load()?;
    let item = get(number)?;
    kv::delete(&key(number));
    totals.count = totals.count.checked_sub(1).ok_or_else(|| corrupt("the count is too small"))?;
    totals.save();
    Ok(Json::object([("item", Json::Text(item)), ("count", Json::number(totals.count))]))
}

fn renumber(from: u64) -> Result<Json, Failure> {
    let mut totals = Totals::load()?;
    let item = get(from)?;
    let number = totals.take_number()?;
    kv::delete(&key(from));
    kv::set(&key(number), &Payload::Text(item.clone()));
    totals.save();
    Ok(Json::object([("item", Json::Text(item)), ("number", Json::number(number))]))
}

fn list(argument: &Json) -> Result<Json, Failure> {
    let page = match argument.get("page") {
        Json::Null => PAGE_ENTRIES,
        page => page
            .as_u64()
            .and_then(|page| u32::try_from(page).ok())
            .filter(|page| *page > 0)
            .ok_or_else(|| reject("bad-argument", "'page' must be a number above zero"))?,
    };
    let items = entries(page, argument.get("reverse").as_bool() == Some(true))?
        .into_iter()
        .map(|entry| {
            Json::object([
                ("number", Json::number(entry.number)),
                ("item", Json::Text(entry.item)),
            ])
        })
        .collect();
    Ok(Json::object([("items", Json::List(items))]))
}

fn count() -> Result<Json, Failure> {
    let totals = Totals::load()?;
    let listed = entries(PAGE_ENTRIES, false)?.len() as u64;
    if listed != totals.count {
        let counted = totals.count;
        return Err(Failure::Failed(format!(
            "inconsistent: kv has {listed} items, state counts {counted}"
        )));
    }
    Ok(Json::object([("count", Json::number(listed))]))
}

fn clear() -> Result<Json, Failure> {
    let entries = entries(PAGE_ENTRIES, true)?;
    for entry in &entries {
        kv::delete(&key(entry.number));
    }
    state::clear();
    Ok(Json::object([("removed", Json::number(entries.len()))]))
}

struct Entry {
    number: u64,
    item: String,
}

fn entries(page_entries: u32, reverse: bool) -> Result<Vec<Entry>, Failure> {
    let mut entries = Vec::new();
    let mut after: Option<String> = None;
    loop {
        let page = kv::list(PREFIX, after.as_deref(), page_entries, reverse);
        for kv::Entry { key, value } in page.entries {
            let number = key.strip_prefix(PREFIX).and_then(|digits| digits.parse().ok());
            let number = number.ok_or_else(|| corrupt("a key is not that of an item"))?;
            entries.push(Entry { number, item: item_of(value)? });
            after = Some(key);
        }
        if !page.more {
            return Ok(entries);
        }
    }
}

fn get(number: u64) -> Result<String, Failure> {
    match kv::get(&key(number)) {
        Some(value) => item_of(value),
        None => Err(reject("not-found", format!("there is no item {number}"))),
    }
}

fn item_of(value: Payload) -> Result<String, Failure> {
    match value {
        Payload::Text(item) => Ok(item),
        Payload::Bytes(_) => Err(corrupt("an item is not text")),
    }
}

/// Padded with zeros, so that keys are in the order of their numbers.
fn key(number: u64) -> String {
    format!("{PREFIX}{number:08}")
}

fn read(argument: &Payload) -> Result<Json, Failure> {
    match argument {
        Payload::Text(text) if text.is_empty() => Some(Json::Null),
        Payload::Text(text) => Json::parse(text),
        Payload::Bytes(bytes) if bytes.is_empty() => Some(Json::Null),
        Payload::Bytes(_) => None,
    }
    .ok_or_else(|| reject("bad-argument", "the argument must be JSON text"))
}

fn item(argument: &Json) -> Result<&str, Failure> {
    argument
        .get("item")
        .as_text()
        .filter(|item| item.len() <= ITEM_BYTES_MAX)
        .ok_or_else(|| reject("bad-argument", "'item' must be a text of at most 1,000 bytes"))
}

fn number(argument: &Json) -> Result<u64, Failure> {
    argument
        .get("number")
        .as_u64()
        .filter(|number| *number <= NUMBER_MAX)
        .ok_or_else(|| reject("bad-argument", "'number' must be the number of an item"))
}

fn reject(code: &str, message: impl Into<String>) -> Failure {
    Failure::Rejected(Rejection { code: code.to_owned(), message: message.into() })
}

fn corrupt(what: &str) -> Failure {
    Failure::Failed(format!("corrupt: {what}"))
}
