//! A parameter of an operation.

use syn::{Expr, GenericArgument, Ident, Pat, PatType, PathArguments, PathSegment, Type};

use crate::attributes::{doc, take, take_one};

pub enum Parameter {
    /// `&Context`.
    Context,
    /// All of the argument, as bytes.
    Bytes(Ident),
    /// A member of the argument.
    Member(Box<Member>),
}

pub struct Member {
    pub ident: Ident,
    pub name: String,
    pub doc: String,
    pub value: Type,
    pub presence: Presence,
}

/// What it means that a member is not there.
pub enum Presence {
    Required,
    /// It is `None`.
    Optional,
    /// It is the default of its type.
    Default,
    /// It is this.
    DefaultTo(Expr),
}

impl Parameter {
    /// Reads a parameter, and takes out of it what the compiler does not know.
    pub fn read(given: &mut PatType) -> syn::Result<Self> {
        let marked = take_one(&mut given.attrs, "argument")?;
        let doc = doc(&given.attrs);
        take(&mut given.attrs, "doc");
        if let Type::Reference(reference) = &*given.ty {
            if last_segment(&reference.elem).is_some_and(|segment| segment.ident == "Context") {
                return Ok(Self::Context);
            }
            let message = "a parameter is read from JSON, and owns what it has: \
                           `String` and not `&str` (only the `&Context` is borrowed)";
            return Err(syn::Error::new_spanned(&given.ty, message));
        }
        if let Type::ImplTrait(_) = &*given.ty {
            let message = "a parameter has a type of its own, which can be read from JSON";
            return Err(syn::Error::new_spanned(&given.ty, message));
        }
        let Pat::Ident(pattern) = &*given.pat else {
            let message = "a parameter needs a name: it is that of a member of the argument";
            return Err(syn::Error::new_spanned(&given.pat, message));
        };
        let ident = pattern.ident.clone();
        let segment = last_segment(&given.ty);
        if segment.is_some_and(|segment| segment.ident == "Bytes") {
            return Ok(Self::Bytes(ident));
        }
        let mut presence = Presence::Required;
        if segment.is_some_and(|segment| segment.ident == "Option") {
            presence = Presence::Optional;
        }
        if let Some(marked) = marked {
            marked.parse_nested_meta(|meta| {
                if !meta.path.is_ident("default") {
                    return Err(meta.error(
                        "only `default` may stand here: \
                                           #[argument(default)] or #[argument(default = 1)]",
                    ));
                }
                presence = Presence::Default;
                if meta.input.peek(syn::Token![=]) {
                    presence = Presence::DefaultTo(meta.value()?.parse()?);
                }
                Ok(())
            })?;
        }
        let name = ident.to_string();
        let name = name.strip_prefix("r#").unwrap_or(&name).to_owned();
        let value = (*given.ty).clone();
        Ok(Self::Member(Box::new(Member { ident, name, doc, value, presence })))
    }
}

/// The last part of a type's path.
pub fn last_segment(of: &Type) -> Option<&PathSegment> {
    match of {
        Type::Path(path) => path.path.segments.last(),
        _ => None,
    }
}

/// The first type in the angle brackets.
pub fn only_generic(segment: &PathSegment) -> Option<&Type> {
    let PathArguments::AngleBracketed(arguments) = &segment.arguments else {
        return None;
    };
    arguments.args.iter().find_map(|argument| match argument {
        GenericArgument::Type(of) => Some(of),
        _ => None,
    })
}
