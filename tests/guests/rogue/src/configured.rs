//! What is set for the kind, shown to whoever asks.

use crate::kelpie::actor::{config, log, secrets};
use crate::{bad, done, reject, reply, Argument, Reply};
use common::Json;
use crate::kelpie::actor::types::Failure;

pub fn show(argument: &Argument) -> Reply {
    Ok(value(config::get(argument.text("name")?)))
}

/// Gives a secret away, in one of several ways.
pub fn tell(argument: &Argument) -> Reply {
    let name = argument.text("name")?;
    let secret = secrets::get(name);
    let told = format!("{name} is {}", secret.as_deref().unwrap_or("nothing"));
    match argument.text_or("how", "reply")? {
        "reply" => Ok(value(secret)),
        "log" => {
            log::write(log::Level::Info, &told);
            done()
        }
        "reject" => Err(reject("told", told)),
        "fail" => Err(Failure::Failed(told)),
        _ => Err(bad("how")),
    }
}

fn value(found: Option<String>) -> crate::kelpie::actor::types::Payload {
    reply(Json::object([("value", found.map_or(Json::Null, Json::Text))]))
}
