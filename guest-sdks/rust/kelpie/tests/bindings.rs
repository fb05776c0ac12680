//! `src/bindings.rs` is what `wit-bindgen` makes of the contract. It is committed, so
//! that who builds an actor need not build the generator:
//!
//! ```text
//! KELPIE_WRITE_BINDINGS=1 cargo test --test bindings
//! ```
#![allow(missing_docs, clippy::unwrap_used)]

use std::path::Path;
use std::{env, fs};

use wit_bindgen_core::wit_parser::Resolve;
use wit_bindgen_core::{Files, WorldGenerator};
use wit_bindgen_rust::Opts;

fn generated(folder: &Path) -> String {
    let mut resolve = Resolve::default();
    let (package, _) = resolve.push_path(folder.join("wit")).unwrap();
    let world = resolve.select_world(&[package], Some("batching-actor")).unwrap();
    let options = Opts {
        format: true,
        pub_export_macro: true,
        export_macro_name: Some("export_actor".to_owned()),
        default_bindings_module: Some("::kelpie::bindings".to_owned()),
        additional_derive_attributes: vec!["PartialEq".to_owned(), "Eq".to_owned()],
        ..Opts::default()
    };
    let mut files = Files::default();
    options.build().generate(&mut resolve, world, &mut files).unwrap();
    let (_, source) = files.iter().next().unwrap();
    String::from_utf8(source.to_vec()).unwrap()
}

#[test]
fn they_are_those_of_the_contract() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let (file, generated) = (folder.join("src/bindings.rs"), generated(folder));
    if env::var_os("KELPIE_WRITE_BINDINGS").is_some() {
        fs::write(&file, &generated).unwrap();
    }
    let written = fs::read_to_string(&file).unwrap();
    assert!(written == generated, "KELPIE_WRITE_BINDINGS=1 cargo test --test bindings");
}
