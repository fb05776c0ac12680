//! What no actor should do.

use std::fmt;
use std::hint::black_box;

/// An error of the ordinary kind.
#[derive(Debug)]
pub struct Broken(pub String);

impl fmt::Display for Broken {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str(&self.0)
    }
}

impl std::error::Error for Broken {}

pub fn panic(message: &str) {
    panic!("{message}");
}

pub fn spin() {
    loop {
        black_box(());
    }
}

pub fn allocate(bytes: u32) -> u32 {
    let held = black_box(vec![1_u8; bytes as usize]);
    u32::try_from(held.len()).unwrap_or(u32::MAX)
}
