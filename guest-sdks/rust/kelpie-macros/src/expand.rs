//! What is written for an actor.

use proc_macro2::{Span, TokenStream};
use quote::quote;
use syn::{Expr, ExprLit, ExprUnary, Ident, Lit, UnOp};

use crate::actor::Actor;
use crate::operation::Operation;
use crate::parameter::{Member, Parameter, Presence};

pub fn expand(actor: &Actor) -> TokenStream {
    let Actor { block, doc, operations, .. } = actor;
    let of = &block.self_ty;
    let operations = operations.iter().map(operation);
    let state = actor.has_state().then(|| state(actor));
    quote! {
        #block

        #[automatically_derived]
        #[allow(clippy::all, clippy::pedantic)]
        impl ::kelpie::runtime::Actor for #of {
            const DOC: &'static str = #doc;
            const OPERATIONS: &'static [::kelpie::runtime::Operation<Self>] = &[#(#operations),*];
        }

        #state

        #[cfg(target_arch = "wasm32")]
        const _: () = {
            ::std::thread_local! {
                static INSTANCE: ::std::cell::Cell<
                    ::std::option::Option<::kelpie::runtime::Instance<#of>>,
                > = const { ::std::cell::Cell::new(::std::option::Option::None) };
            }

            #[automatically_derived]
            impl ::kelpie::runtime::Exported for #of {
                fn take() -> ::kelpie::runtime::Instance<Self> {
                    INSTANCE.take().unwrap_or_default()
                }

                fn keep(instance: ::kelpie::runtime::Instance<Self>) {
                    INSTANCE.set(::std::option::Option::Some(instance));
                }
            }

            type Exports = ::kelpie::runtime::Exports<#of>;
            ::kelpie::bindings::export_actor!(Exports with_types_in ::kelpie::bindings);
        };
    }
}

fn state(actor: &Actor) -> TokenStream {
    let (of, version) = (&actor.block.self_ty, actor.version);
    let migrate = match &actor.migrate {
        Some(method) => quote! {
            ::std::result::Result::Ok(<Self>::#method(version, old)?)
        },
        None => quote! {
            let _ = old;
            ::std::result::Result::Err(::kelpie::Error::Failed(::std::format!(
                "the stored state is of version {version}, which never was"
            )))
        },
    };
    quote! {
        #[automatically_derived]
        #[allow(clippy::all, clippy::pedantic)]
        impl ::kelpie::runtime::State for #of {
            const VERSION: u32 = #version;
            const INTERIOR: bool = {
                #[allow(unused_imports)]
                use ::kelpie::runtime::Interior as _;
                ::kelpie::runtime::Probe::<Self>::INTERIOR
            };

            fn migrate(version: u32, old: ::kelpie::runtime::Value) -> ::kelpie::Result<Self> {
                #migrate
            }
        }
    }
}

fn operation(operation: &Operation) -> TokenStream {
    let Operation { name, doc, read_only, durable, .. } = operation;
    let reply = &operation.reply.value;
    let run = run(operation);
    let argument = argument(operation);
    quote! {
        ::kelpie::runtime::Operation {
            name: #name,
            doc: #doc,
            read_only: #read_only,
            durable: #durable,
            run: #run,
            argument: #argument,
            result: <#reply as ::kelpie::runtime::Reply>::schema,
            replies_bytes: <#reply as ::kelpie::runtime::Reply>::IS_BYTES,
        }
    }
}

/// A name that no parameter can have.
fn local(name: &str) -> Ident {
    Ident::new(name, Span::mixed_site())
}

fn run(operation: &Operation) -> TokenStream {
    let [instance, context, argument, actor] =
        ["instance", "context", "argument", "actor"].map(local);
    let read = read(operation, &argument);
    let method = &operation.ident;
    let given = operation.parameters.iter().map(|parameter| match parameter {
        Parameter::Context => quote! { #context },
        Parameter::Bytes(ident) => quote! { #ident },
        Parameter::Member(member) => {
            let ident = &member.ident;
            quote! { #ident }
        }
    });
    let receiver = operation.receiver.map(|_| quote! { #actor, });
    let mut call = quote! { <Self>::#method(#receiver #(#given),*) };
    if operation.reply.is_fallible {
        call = quote! { #call? };
    }
    let reply = quote! { ::kelpie::runtime::Reply::into_payload(#call) };
    let read_only = operation.read_only;
    let body = match operation.receiver {
        None => reply,
        Some(true) => quote! { #instance.write(#context, |#actor| #reply) },
        Some(false) => quote! { #instance.read(#context, #read_only, |#actor| #reply) },
    };
    quote! {
        |#instance, #context, #argument| {
            let _ = (&#instance, &#context);
            #read
            #body
        }
    }
}

/// Reads the parameters from the argument.
fn read(operation: &Operation, argument: &Ident) -> TokenStream {
    let bytes = operation.parameters.iter().find_map(|parameter| match parameter {
        Parameter::Bytes(ident) => Some(ident),
        _ => None,
    });
    if let Some(ident) = bytes {
        return quote! { let #ident = #argument.bytes()?; };
    }
    let members = local("members");
    let names = all_members(operation).map(|member| &member.name);
    let reads = all_members(operation).enumerate().map(|(index, member)| {
        let Member { ident, value, presence, .. } = member;
        let read = match presence {
            Presence::Required => quote! { #members.required::<#value>(#index)? },
            Presence::Optional => quote! { #members.get::<#value>(#index)?.flatten() },
            Presence::Default => quote! { #members.get::<#value>(#index)?.unwrap_or_default() },
            Presence::DefaultTo(default) => {
                let default = owned(default);
                quote! {
                    match #members.get::<#value>(#index)? {
                        ::std::option::Option::Some(given) => given,
                        ::std::option::Option::None => #default,
                    }
                }
            }
        };
        quote! { let #ident: #value = #read; }
    });
    quote! {
        let #members = #argument.members(&[#(#names),*])?;
        let _ = &#members;
        #(#reads)*
    }
}

fn argument(operation: &Operation) -> TokenStream {
    if operation.parameters.iter().any(|parameter| matches!(parameter, Parameter::Bytes(_))) {
        return quote! { ::kelpie::runtime::Argued::Bytes };
    }
    let parameters = all_members(operation).map(|member| {
        let Member { name, doc, value, presence, .. } = member;
        let required = matches!(presence, Presence::Required);
        let default = match presence {
            Presence::DefaultTo(default) if is_literal(default) => {
                let default = owned(default);
                quote! { ::std::option::Option::Some(|| ::kelpie::runtime::value_of::<#value>(#default)) }
            }
            _ => quote! { ::std::option::Option::None },
        };
        quote! {
            ::kelpie::runtime::Parameter {
                name: #name,
                doc: #doc,
                required: #required,
                default: #default,
                schema: ::kelpie::runtime::json_argument::<#value>,
            }
        }
    });
    quote! { ::kelpie::runtime::Argued::Json(&[#(#parameters),*]) }
}

fn all_members(operation: &Operation) -> impl Iterator<Item = &Member> {
    operation.parameters.iter().filter_map(|parameter| match parameter {
        Parameter::Member(member) => Some(&**member),
        _ => None,
    })
}

/// A text in quotes stands for whatever owns one.
fn owned(default: &Expr) -> TokenStream {
    match default {
        Expr::Lit(ExprLit { lit: Lit::Str(_), .. }) => {
            quote! { ::std::convert::Into::into(#default) }
        }
        _ => quote! { #default },
    }
}

fn is_literal(default: &Expr) -> bool {
    match default {
        Expr::Lit(_) => true,
        Expr::Unary(ExprUnary { op: UnOp::Neg(_), expr, .. }) => is_literal(expr),
        _ => false,
    }
}
