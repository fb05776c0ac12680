//! The contract, as `wit-bindgen` has it in Rust. `wit/actor.wit` is a copy of the
//! repository's own; a test keeps the two equal.

wit_bindgen::generate!({
    path: "wit",
    world: "batching-actor",
    pub_export_macro: true,
    export_macro_name: "export_actor",
    default_bindings_module: "::kelpie::bindings",
    additional_derives: [PartialEq, Eq],
});
