//! What is said of wrong uses, and where.
#![allow(clippy::unwrap_used)]

use proc_macro2::TokenStream;

use crate::actor::Actor;

/// All that is said, line by line.
fn said(options: &str, block: &str) -> Vec<String> {
    let read = Actor::read(options.parse().unwrap(), block.parse::<TokenStream>().unwrap());
    let errors = read.err().map(|error| error.into_iter().map(|each| each.to_string()).collect());
    errors.unwrap_or_default()
}

fn of_method(method: &str) -> Vec<String> {
    said("", &format!("impl A {{ {method} }}"))
}

#[test]
fn right_uses() {
    assert!(
        of_method("#[operation] fn a(&mut self, context: &kelpie::Context, b: i64) {}").is_empty()
    );
    assert!(
        of_method("#[operation(read_only)] fn a(&self, b: Bytes, c: &Context) {}").is_empty()
    );
    assert!(
        of_method("#[operation] fn a(#[argument(default = 1)] a: i64) {} fn b<T>(t: T) {}")
            .is_empty()
    );
    let migrating = "impl A { #[operation] fn a(&self) {} #[migrate] fn m() {} }";
    assert!(said("version = 2", migrating).is_empty());
}

#[test]
fn wrong_blocks() {
    for (options, block, message) in [
        ("", "struct A;", "belongs on an `impl` block of a type"),
        ("", "impl B for A {}", "not on that of a trait"),
        ("", "impl<T> A<T> {}", "no generic parameters"),
        ("", "impl A {}", "mark its methods with #[operation]"),
        ("version = 0", "impl A {}", "begin with 1"),
        ("name = 1", "impl A {}", "only `version`"),
        ("version = 2", "impl A { #[operation] fn a() {} }", "#[migrate] fn migrate"),
        ("", "impl A { #[operation] fn a() {} #[migrate] fn m() {} }", "version = 2"),
        (
            "version = 2",
            "impl A { #[operation] fn a() {} #[migrate] fn m() {} #[migrate] fn n() {} }",
            "a second #[migrate]",
        ),
    ] {
        let said = said(options, block);
        assert_eq!(said.len(), 1, "{said:?}");
        assert!(said.concat().contains(message), "{said:?}");
    }
}

#[test]
fn wrong_methods() {
    for (method, message) in [
        ("#[operation(readonly)] fn a() {}", "`read_only` or `durable`"),
        ("#[operation(read_only, durable)] fn a(&self) {}", "not both"),
        ("#[operation] #[operation] fn a() {}", "a second #[operation]"),
        ("#[operation] async fn a() {}", "not async"),
        ("#[operation] fn Add() {}", "is of a-z, 0-9 and _"),
        ("#[operation] fn é() {}", "is of a-z, 0-9 and _"),
        ("#[operation] fn _a() {}", "begins with a letter"),
        ("#[operation] fn a<T>(t: T) {}", "no generic parameters"),
        ("#[operation] fn a(self) {}", "takes `&self` or `&mut self`"),
        ("#[operation] fn a(self: Box<Self>) {}", "takes `&self` or `&mut self`"),
        ("#[operation(read_only)] fn a(&mut self) {}", "read_only takes `&self`"),
        ("#[operation] fn a(name: &str) {}", "`String` and not `&str`"),
        ("#[operation] fn a(name: impl Into<String>) {}", "a type of its own"),
        ("#[operation] fn a((b, c): (u8, u8)) {}", "a parameter needs a name"),
        ("#[operation] fn a(b: Bytes, c: i64) {}", "the whole argument"),
        ("#[operation] fn a(#[argument(optional)] b: i64) {}", "only `default`"),
    ] {
        let said = of_method(method);
        assert_eq!(said.len(), 1, "{method}: {said:?}");
        assert!(said.concat().contains(message), "{method}: {said:?}");
    }
}

#[test]
fn all_that_is_wrong_is_said_at_once() {
    let said =
        of_method("#[operation(x)] async fn a(self, b: &str) {} #[operation] fn c(d: &u8) {}");
    assert_eq!(said.len(), 5, "{said:?}");
}
