//! What no guest should do.

use crate::kelpie::actor::types::Payload;
use crate::kelpie::actor::{kv, messaging, state};
use crate::{Reply, bad, done, talk};
use std::hint::black_box;
use std::num::NonZeroU32;

pub fn trap(how: &str) -> Reply {
    match how {
        "unreachable" => unreachable_instruction(),
        // In wasm this is the same as `unreachable` after it has looked for words.
        "panic" => panic!("on purpose"),
        "divide" => divide_by_zero(),
        "memory" => read_beyond_memory(),
        "table" => call_beyond_table(),
        _ => Err(bad("how")),
    }
}

fn unreachable_instruction() -> ! {
    #[cfg(target_arch = "wasm32")]
    core::arch::wasm32::unreachable();
    #[cfg(not(target_arch = "wasm32"))]
    std::process::abort();
}

fn divide_by_zero() -> Reply {
    // SAFETY: none; the engine is what stops it. A division by what is declared
    // not to be zero is the bare instruction, without the check that panics.
    let zero = unsafe { NonZeroU32::new_unchecked(black_box(0)) };
    black_box(black_box(1) / zero);
    done()
}

fn read_beyond_memory() -> Reply {
    // SAFETY: none; the engine is what stops it.
    black_box(unsafe { std::ptr::read_volatile(black_box(0xffff_fff0_usize) as *const u32) });
    done()
}

fn call_beyond_table() -> Reply {
    // SAFETY: none; the engine is what stops it. A function pointer is an index
    // into the table.
    let function: fn() = unsafe { std::mem::transmute(black_box(0x00ff_ffff_usize)) };
    function();
    done()
}

pub fn spin() -> ! {
    let mut turns = 0u64;
    loop {
        turns = black_box(turns.wrapping_add(1));
    }
}

pub fn recurse() -> Reply {
    black_box(deeper(black_box(1)));
    done()
}

#[allow(unconditional_recursion)]
#[inline(never)]
fn deeper(depth: u64) -> u64 {
    // Work behind the call, so that it is not made a loop.
    deeper(black_box(depth + 1)).wrapping_add(black_box(depth))
}

pub fn allocate() -> ! {
    let mut held = Vec::new();
    loop {
        // Not zero, so that every page is really written.
        held.push(black_box(vec![1u8; 1_048_576]));
    }
}

/// Each way in which an operation that is declared read-only could change things.
pub fn read_only_write(how: &str) -> Reply {
    let value = Payload::Text("written".to_owned());
    match how {
        "save" => state::save(&value),
        "clear" => state::clear(),
        "set" => kv::set("written", &value),
        "delete" => kv::delete("written"),
        "send" => _ = talk::send_to_self("echo", &value),
        "call" => _ = messaging::call(&talk::other(), "echo", &value, None),
        "request" => _ = messaging::request(&talk::other(), "echo", &value, "echo"),
        "remind" => {
            let schedule = messaging::Schedule::AfterMs(1_000);
            let missed = messaging::Missed::FireOnce;
            _ = messaging::remind("written", &schedule, missed, "echo", &value);
        }
        "cancel" => _ = messaging::cancel_reminder("written"),
        _ => return Err(bad("how")),
    }
    done()
}
