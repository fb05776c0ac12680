//! Writes `kelpie/src/bindings.rs`, which is what `wit-bindgen` makes of the contract.
//! It is committed, so that who builds an actor need not build the generator. Its first
//! line has the SHA-256 of the contract that it was made of, which a test compares.
//!
//! ```text
//! cargo run
//! ```

use std::error::Error;
use std::fs;
use std::path::Path;

use sha2::{Digest, Sha256};
use wit_bindgen_core::wit_parser::Resolve;
use wit_bindgen_core::{Files, WorldGenerator};
use wit_bindgen_rust::Opts;

fn main() -> Result<(), Box<dyn Error>> {
    let sdk = Path::new(env!("CARGO_MANIFEST_DIR")).join("../kelpie");
    let contract = sdk.join("wit/actor.wit");
    let digest = Sha256::digest(fs::read(&contract)?);
    let digest: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    let source = generated(&contract)?;
    fs::write(sdk.join("src/bindings.rs"), format!("// Of the contract {digest}\n{source}"))?;
    Ok(())
}

fn generated(contract: &Path) -> Result<String, Box<dyn Error>> {
    let mut resolve = Resolve::default();
    let (package, _) = resolve.push_path(contract)?;
    let world = resolve.select_world(&[package], Some("batching-actor"))?;
    let options = Opts {
        format: true,
        pub_export_macro: true,
        export_macro_name: Some("export_actor".to_owned()),
        default_bindings_module: Some("::kelpie::bindings".to_owned()),
        additional_derive_attributes: vec!["PartialEq".to_owned(), "Eq".to_owned()],
        ..Opts::default()
    };
    let mut files = Files::default();
    options.build().generate(&mut resolve, world, &mut files)?;
    let (_, source) = files.iter().next().ok_or("nothing was generated")?;
    Ok(String::from_utf8(source.to_vec())?)
}
