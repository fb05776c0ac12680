//! Attributes: docs, options, and taking out those that the compiler does not know.

use syn::{Attribute, Expr, ExprLit, Lit, Meta};

/// The text of the doc comments.
pub fn doc(attributes: &[Attribute]) -> String {
    let mut lines = Vec::new();
    for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident("doc")) {
        if let Meta::NameValue(meta) = &attribute.meta
            && let Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) = &meta.value
        {
            let text = text.value();
            lines.extend(
                text.lines()
                    .map(|line| line.strip_prefix(' ').unwrap_or(line).trim_end().to_owned()),
            );
            if text.is_empty() {
                lines.push(String::new());
            }
        }
    }
    lines.join("\n").trim().to_owned()
}

/// Takes the attributes of this name out.
pub fn take(attributes: &mut Vec<Attribute>, name: &str) -> Vec<Attribute> {
    attributes.extract_if(.., |attribute| attribute.path().is_ident(name)).collect()
}

/// Takes the one attribute of this name out; none if there is none.
///
/// # Errors
/// There are two.
pub fn take_one(attributes: &mut Vec<Attribute>, name: &str) -> syn::Result<Option<Attribute>> {
    let mut found = take(attributes, name).into_iter();
    let first = found.next();
    match found.next() {
        Some(second) => Err(syn::Error::new_spanned(second, format!("a second #[{name}]"))),
        None => Ok(first),
    }
}

/// Collects errors, so that all of them are told at once.
#[derive(Default)]
pub struct Errors(Option<syn::Error>);

impl Errors {
    pub fn add(&mut self, error: syn::Error) {
        match &mut self.0 {
            Some(all) => all.combine(error),
            none => *none = Some(error),
        }
    }

    pub fn keep<T>(&mut self, result: syn::Result<T>) -> Option<T> {
        result.map_err(|error| self.add(error)).ok()
    }

    pub fn or<T>(self, value: T) -> syn::Result<T> {
        self.0.map_or(Ok(value), Err)
    }
}
