//! A method that is an operation.

use syn::{Attribute, FnArg, Ident, ImplItemFn, Meta, ReceiverKind, ReturnType, Type};

use crate::attributes::{Errors, doc};
use crate::parameter::{Parameter, last_segment, only_generic};

pub struct Operation {
    pub ident: Ident,
    pub name: String,
    pub doc: String,
    pub read_only: bool,
    pub durable: bool,
    /// Whether `self` may change; none if there is no `self`.
    pub receiver: Option<bool>,
    pub parameters: Vec<Parameter>,
    pub reply: Reply,
}

/// What a method returns.
pub struct Reply {
    pub value: Type,
    /// Whether that is in a `Result`.
    pub is_fallible: bool,
}

impl Operation {
    /// Reads a method, and takes out of it what the compiler does not know.
    pub fn read(marked: &Attribute, method: &mut ImplItemFn) -> syn::Result<Self> {
        let mut errors = Errors::default();
        let (read_only, durable) = errors.keep(options(marked)).unwrap_or_default();
        let signature = &mut method.sig;
        if let Some(token) = &signature.asyncness {
            let message = "an operation is not async: host calls wait by themselves";
            errors.add(syn::Error::new_spanned(token, message));
        }
        if !signature.generics.params.is_empty() {
            let message = "an operation has no generic parameters";
            errors.add(syn::Error::new_spanned(&signature.generics, message));
        }
        let (mut receiver, mut parameters) = (None, Vec::new());
        for input in &mut signature.inputs {
            match input {
                FnArg::Receiver(given) => {
                    let is_mutable = match &given.kind {
                        ReceiverKind::Reference(_, _, mutability) => mutability.is_some(),
                        _ => {
                            let message = "an operation takes `&self` or `&mut self`";
                            errors.add(syn::Error::new_spanned(&*given, message));
                            continue;
                        }
                    };
                    if is_mutable && read_only {
                        let message = "an operation that is read_only takes `&self`";
                        errors.add(syn::Error::new_spanned(&*given, message));
                    }
                    receiver = Some(is_mutable);
                }
                FnArg::Typed(given) => parameters.extend(errors.keep(Parameter::read(given))),
            }
        }
        let members = parameters.iter().filter(|known| !matches!(known, Parameter::Context));
        let has_bytes = parameters.iter().any(|known| matches!(known, Parameter::Bytes(_)));
        if has_bytes && members.count() > 1 {
            let message = "bytes are the whole argument of an operation: there can be no other \
                           parameter beside `Bytes` and `&Context`";
            errors.add(syn::Error::new_spanned(&signature.inputs, message));
        }
        let name = signature.ident.to_string();
        let name = name.strip_prefix("r#").unwrap_or(&name).to_owned();
        if !is_name(&name) {
            let message = "an operation's name is of a-z, 0-9 and _, and begins with a letter";
            errors.add(syn::Error::new_spanned(&signature.ident, message));
        }
        errors.or(Self {
            ident: signature.ident.clone(),
            name,
            doc: doc(&method.attrs),
            read_only,
            durable,
            receiver,
            parameters,
            reply: reply(&signature.output),
        })
    }
}

/// Whether it is read-only, and whether it is durable.
fn options(marked: &Attribute) -> syn::Result<(bool, bool)> {
    let (mut read_only, mut durable) = (false, false);
    if !matches!(marked.meta, Meta::Path(_)) {
        marked.parse_nested_meta(|meta| {
            if meta.path.is_ident("read_only") {
                read_only = true;
            } else if meta.path.is_ident("durable") {
                durable = true;
            } else {
                return Err(meta.error("an operation may be `read_only` or `durable`"));
            }
            Ok(())
        })?;
    }
    if read_only && durable {
        let told = "an operation is `read_only` or `durable`, not both: \
                    a durable one is there to change something";
        return Err(syn::Error::new_spanned(marked, told));
    }
    Ok((read_only, durable))
}

fn reply(output: &ReturnType) -> Reply {
    let ReturnType::Type(_, returned) = output else {
        return Reply { value: syn::parse_quote!(()), is_fallible: false };
    };
    let in_result = last_segment(returned)
        .filter(|segment| segment.ident == "Result")
        .and_then(|segment| only_generic(segment));
    match in_result {
        Some(value) => Reply { value: value.clone(), is_fallible: true },
        None => Reply { value: (**returned).clone(), is_fallible: false },
    }
}

/// The same in every language, since callers do not know which it is.
fn is_name(name: &str) -> bool {
    let is_part = |each: char| each.is_ascii_lowercase() || each.is_ascii_digit() || each == '_';
    name.starts_with(|each: char| each.is_ascii_lowercase()) && name.chars().all(is_part)
}
