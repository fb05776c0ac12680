//! The exported functions: pointers and lengths in, one output buffer out.

use std::alloc::Layout;
use std::sync::{Mutex, Once};

/// What the last job answered. It stays where it is until the next job.
static OUTPUT: Mutex<Vec<u8>> = Mutex::new(Vec::new());

const DONE: i32 = 0;
const REFUSED: i32 = 1;

/// Memory for an input; null when there is none left.
#[unsafe(no_mangle)]
pub extern "C" fn alloc(length: usize) -> *mut u8 {
    let Ok(layout) = Layout::array::<u8>(length.max(1)) else {
        return std::ptr::null_mut();
    };
    // SAFETY: the layout is never empty.
    unsafe { std::alloc::alloc(layout) }
}

/// Gives back what `alloc` gave, with the same length.
///
/// # Safety
/// `pointer` came from `alloc(length)` and was not given back before.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn dealloc(pointer: *mut u8, length: usize) {
    if let Ok(layout) = Layout::array::<u8>(length.max(1)) {
        // SAFETY: the caller's promise.
        unsafe { std::alloc::dealloc(pointer, layout) }
    }
}

/// # Safety
/// Each pointer is to `length` readable bytes that no one writes meanwhile.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn componentize(
    module: *const u8,
    module_length: usize,
    wit: *const u8,
    wit_length: usize,
    adapter: *const u8,
    adapter_length: usize,
) -> i32 {
    // SAFETY: the caller's promise.
    let (module, wit, adapter) = unsafe {
        (
            bytes(module, module_length),
            bytes(wit, wit_length),
            bytes(adapter, adapter_length),
        )
    };
    answer(|| crate::componentize(module, wit, adapter))
}

/// # Safety
/// Each pointer is to `length` readable bytes that no one writes meanwhile.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn inspect(
    binary: *const u8,
    binary_length: usize,
    wit: *const u8,
    wit_length: usize,
) -> i32 {
    // SAFETY: the caller's promise.
    let (binary, wit) = unsafe { (bytes(binary, binary_length), bytes(wit, wit_length)) };
    answer(|| crate::inspect(binary, wit).map(String::into_bytes))
}

#[unsafe(no_mangle)]
pub extern "C" fn out_ptr() -> *const u8 {
    OUTPUT.lock().map_or(std::ptr::null(), |output| output.as_ptr())
}

#[unsafe(no_mangle)]
pub extern "C" fn out_len() -> usize {
    OUTPUT.lock().map_or(0, |output| output.len())
}

fn answer(job: impl FnOnce() -> anyhow::Result<Vec<u8>>) -> i32 {
    keep_panic_messages();
    put(Vec::new());
    match job() {
        Ok(output) => {
            put(output);
            DONE
        }
        Err(error) => {
            put(format!("{error:#}").into_bytes());
            REFUSED
        }
    }
}

fn put(output: Vec<u8>) {
    // The lock is held only here and in the two readers, and none of them panics.
    if let Ok(mut place) = OUTPUT.lock() {
        *place = output;
    }
}

/// A panic is a trap without words here, since the crate is built with
/// `panic = "abort"`. The hook runs before it and leaves the words in the output,
/// where the host reads them after the trap.
fn keep_panic_messages() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        std::panic::set_hook(Box::new(|panic| {
            let words = panic.payload_as_str().unwrap_or("no words");
            let place = panic.location().map(|place| format!(" (at {place})"));
            let place = place.unwrap_or_default();
            put(format!("the componentizer panicked: {words}{place}").into_bytes());
        }));
    });
}

/// # Safety
/// `pointer` is to `length` readable bytes, or `length` is zero.
unsafe fn bytes<'a>(pointer: *const u8, length: usize) -> &'a [u8] {
    if length == 0 {
        return &[];
    }
    // SAFETY: the caller's promise.
    unsafe { std::slice::from_raw_parts(pointer, length) }
}
