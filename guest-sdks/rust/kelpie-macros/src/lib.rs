//! The macros of the crate `kelpie`, which tells what they do.

mod actor;
mod attributes;
mod expand;
mod operation;
mod parameter;
#[cfg(test)]
mod tests;

use proc_macro::TokenStream;

/// Makes an actor of an `impl` block: see `kelpie::actor`.
#[proc_macro_attribute]
pub fn actor(options: TokenStream, block: TokenStream) -> TokenStream {
    match actor::Actor::read(options.into(), block.clone().into()) {
        Ok(actor) => expand::expand(&actor).into(),
        Err(error) => {
            // The block stands as it is, so that what is wrong is all that is said.
            let mut all: TokenStream = actor::stripped(block.into()).into();
            all.extend(TokenStream::from(error.into_compile_error()));
            all
        }
    }
}
