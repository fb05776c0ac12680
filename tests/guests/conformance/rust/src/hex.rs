//! Bytes in hexadecimal.

use kelpie::{Result, reject};

pub fn encode(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

pub fn decode(text: &str) -> Result<Vec<u8>> {
    let bad = || reject("bad-argument", "hex: not pairs of hexadecimal digits");
    if !text.len().is_multiple_of(2) {
        return Err(bad());
    }
    let pairs = (0..text.len()).step_by(2).map(|at| text.get(at..at + 2));
    pairs.map(|pair| u8::from_str_radix(pair?, 16).ok()).collect::<Option<_>>().ok_or_else(bad)
}
