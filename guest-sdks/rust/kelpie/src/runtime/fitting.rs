//! Messages that are not longer than the host takes them.
#![cfg_attr(not(target_arch = "wasm32"), allow(dead_code))]

/// The host's `rejection_message_bytes_max`.
pub(super) const MESSAGE_BYTES_MAX: usize = 4_096;
/// The host's `log_message_bytes_max`.
pub(super) const LINE_BYTES_MAX: usize = 16_384;

const NOTE_BYTES_MAX: usize = 64;

/// The message, or as much of it as the host takes, and how much was left out.
pub(super) fn fitting(mut message: String, bytes_max: usize) -> String {
    if message.len() <= bytes_max {
        return message;
    }
    let mut end = bytes_max.saturating_sub(NOTE_BYTES_MAX);
    while !message.is_char_boundary(end) {
        end -= 1;
    }
    let left_out = message.len() - end;
    message.truncate(end);
    message.push_str(&format!("... ({left_out} more bytes are left out)"));
    message
}

/// What a panic is told as: its place, its message, and what to use instead where the
/// standard library panics because there is no such thing in an actor.
pub(super) fn panic_line(place: Option<(&str, u32)>, message: &str) -> String {
    let told = match place {
        Some((file, line)) => format!("panicked at {file}:{line}: {message}{}", advice(file)),
        None => format!("panicked at an unknown place: {message}"),
    };
    fitting(told, LINE_BYTES_MAX)
}

/// By the file, as messages change more often.
fn advice(file: &str) -> &'static str {
    let Some((_, inside)) = file.rsplit_once("library/std/src/") else {
        return "";
    };
    if inside.contains("time") {
        " (an actor has the time of its turn: context.now())"
    } else if inside == "thread/functions.rs" || inside.ends_with("thread/scoped.rs") {
        " (an actor has one thread)"
    } else if inside.contains("thread") {
        " (a turn does not wait: context.messaging().send_after, or remind)"
    } else {
        ""
    }
}

#[cfg(test)]
mod tests {
    use super::{LINE_BYTES_MAX, fitting, panic_line};

    #[test]
    fn what_fits_stays_as_it_is() {
        assert_eq!(fitting("é".repeat(2_048), 4_096), "é".repeat(2_048));
    }

    #[test]
    fn what_is_too_long_says_how_much_is_left_out() {
        for length in 4_096..4_100 {
            let told = fitting(format!("{}é", "x".repeat(length)), 4_096);
            assert!(told.len() <= 4_096);
            assert!(told.ends_with(" more bytes are left out)"), "{told}");
        }
    }

    #[test]
    fn a_long_panic_keeps_its_place() {
        let line = panic_line(Some(("src/lib.rs", 7)), &"é".repeat(20_000));
        assert!(line.starts_with("panicked at src/lib.rs:7: é"));
        assert!(line.len() <= LINE_BYTES_MAX);
    }

    #[test]
    fn what_an_actor_has_not_is_told_with_what_it_has() {
        let said = |file| panic_line(Some((file, 1)), "no");
        assert!(said("rust/library/std/src/sys/time/unsupported.rs").contains("context.now()"));
        assert!(said("rust/library/std/src/sys/thread/unsupported.rs").contains("send_after"));
        assert!(said("rust/library/std/src/thread/functions.rs").contains("one thread"));
        assert_eq!(said("src/time.rs"), "panicked at src/time.rs:1: no");
    }
}
