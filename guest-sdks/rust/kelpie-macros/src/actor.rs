//! What stands in an `impl` block with `#[kelpie::actor]`.

use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::parse::Parser;
use syn::{FnArg, Ident, ImplItem, ItemImpl, LitInt};

use crate::attributes::{Errors, doc, take, take_one};
use crate::operation::Operation;

pub struct Actor {
    /// The block as the compiler is to see it.
    pub block: ItemImpl,
    pub doc: String,
    pub version: u32,
    pub migrate: Option<Ident>,
    pub operations: Vec<Operation>,
}

impl Actor {
    pub fn read(options: TokenStream, block: TokenStream) -> syn::Result<Self> {
        let version = version(options)?;
        let mut block: ItemImpl = syn::parse2(block).map_err(|error| {
            syn::Error::new(error.span(), "#[kelpie::actor] belongs on an `impl` block of a type")
        })?;
        if let Some((path, _)) = &block.trait_ {
            let message = "#[kelpie::actor] belongs on an `impl` block of the type itself, \
                           not on that of a trait";
            return Err(syn::Error::new_spanned(path, message));
        }
        if !block.generics.params.is_empty() {
            let message = "an actor has no generic parameters: the host knows only whole types";
            return Err(syn::Error::new_spanned(&block.generics, message));
        }
        let mut errors = Errors::default();
        let (mut operations, mut migrate) = (Vec::new(), None);
        for item in &mut block.items {
            let ImplItem::Fn(method) = item else { continue };
            if let Some(Some(marked)) = errors.keep(take_one(&mut method.attrs, "migrate"))
                && migrate.replace(method.sig.ident.clone()).is_some()
            {
                errors.add(syn::Error::new_spanned(marked, "a second #[migrate]"));
            }
            if let Some(Some(marked)) = errors.keep(take_one(&mut method.attrs, "operation")) {
                operations.extend(errors.keep(Operation::read(&marked, method)));
            }
        }
        let actor = Self { doc: doc(&block.attrs), block, version, migrate, operations };
        if let Some(error) = errors.or(()).err().or_else(|| actor.mistake()) {
            return Err(error);
        }
        Ok(actor)
    }

    /// Whether it has state: one without needs not be able to store any.
    pub fn has_state(&self) -> bool {
        self.operations.iter().any(|operation| operation.receiver.is_some())
    }

    fn mistake(&self) -> Option<syn::Error> {
        let whole = &self.block.self_ty;
        if self.operations.is_empty() {
            let message = "this actor has no operations: mark its methods with #[operation]";
            return Some(syn::Error::new_spanned(whole, message));
        }
        match &self.migrate {
            None if self.version > 1 => {
                let message = "the state has a version above 1: say in a method \
                               #[migrate] fn migrate(version: u32, old: serde_json::Value) \
                               -> kelpie::Result<Self> how older state is read";
                Some(syn::Error::new_spanned(whole, message))
            }
            Some(migrate) if self.version == 1 => {
                let message = "there is nothing to migrate: say #[kelpie::actor(version = 2)]";
                Some(syn::Error::new_spanned(migrate, message))
            }
            _ => None,
        }
    }
}

fn version(options: TokenStream) -> syn::Result<u32> {
    let mut version = 1;
    let parser = syn::meta::parser(|meta| {
        if !meta.path.is_ident("version") {
            return Err(meta.error("only `version` may stand here: #[kelpie::actor(version = 2)]"));
        }
        let given: LitInt = meta.value()?.parse()?;
        version = given.base10_parse()?;
        if version == 0 {
            return Err(syn::Error::new_spanned(given, "versions of the state begin with 1"));
        }
        Ok(())
    });
    parser.parse2(options)?;
    Ok(version)
}

/// A block without our attributes.
pub fn stripped(block: TokenStream) -> TokenStream {
    let Ok(mut parsed) = syn::parse2::<ItemImpl>(block.clone()) else {
        return block;
    };
    for item in &mut parsed.items {
        let ImplItem::Fn(method) = item else { continue };
        take(&mut method.attrs, "operation");
        take(&mut method.attrs, "migrate");
        for input in &mut method.sig.inputs {
            if let FnArg::Typed(parameter) = input {
                take(&mut parameter.attrs, "argument");
                take(&mut parameter.attrs, "doc");
            }
        }
    }
    parsed.into_token_stream()
}
