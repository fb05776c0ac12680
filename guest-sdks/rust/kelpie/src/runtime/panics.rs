//! A panic ends the instance, and nothing is left that could reply. So what it was
//! is written to the log first, in a form by which the host knows it: a last line
//! that begins with `panicked at` is what it tells whoever asked.

use std::panic::{PanicHookInfo, set_hook};
use std::sync::Once;

use super::fitting::panic_line;
use crate::bindings::kelpie::actor::log::{Level, write};

/// From now on panics are written to the log.
pub(super) fn report() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| set_hook(Box::new(log)));
}

fn log(panic: &PanicHookInfo<'_>) {
    let payload = panic.payload();
    let message = match (payload.downcast_ref::<&str>(), payload.downcast_ref::<String>()) {
        (Some(message), _) => message,
        (_, Some(message)) => message.as_str(),
        _ => "a panic without a message",
    };
    let place = panic.location().map(|place| (place.file(), place.line()));
    write(Level::Error, &panic_line(place, message));
}
