//! What `#[config(…)]` and the doc comment say about a field.

use syn::meta::ParseNestedMeta;
use syn::punctuated::Punctuated;
use syn::spanned::Spanned;
use syn::{
    Attribute, Expr, ExprArray, ExprLit, Field, Ident, Lit, LitInt, LitStr, Meta, Result, Token, UnOp,
};

const ALLOWED: &str = "expected one of `name`, `default`, `importance`, `validator`, `group`, `order`, `width`, \
                       `display`, `dependents`, `recommended`";

/// The options of a field.
#[derive(Default)]
pub(crate) struct Options {
    pub(crate) name: Option<LitStr>,
    pub(crate) default: Option<Default>,
    /// The variant of `Importance`.
    pub(crate) importance: Option<Ident>,
    pub(crate) validator: Option<Expr>,
    pub(crate) group: Option<LitStr>,
    pub(crate) order: Option<LitInt>,
    /// The variant of `Width`.
    pub(crate) width: Option<Ident>,
    pub(crate) display: Option<LitStr>,
    pub(crate) dependents: Vec<LitStr>,
    pub(crate) recommended: Vec<LitStr>,
    pub(crate) documentation: String,
}

/// The default of a key.
pub(crate) enum Default {
    /// `null`, and where it stands.
    Null(proc_macro2::Span),
    /// The value in the form that users write, and where it stands.
    Text(String, proc_macro2::Span),
}

impl Options {
    pub(crate) fn of(field: &Field) -> Result<Self> {
        let mut options = Self { documentation: documentation(&field.attrs), ..Self::default() };
        for attribute in field.attrs.iter().filter(|attribute| attribute.path().is_ident("config")) {
            attribute.parse_nested_meta(|meta| options.set(&meta))?;
        }
        match (&options.group, &options.order) {
            (Some(group), None) => Err(syn::Error::new(group.span(), "`group` needs an `order`")),
            (None, Some(order)) => Err(syn::Error::new(order.span(), "`order` needs a `group`")),
            _ => Ok(options),
        }
    }

    fn set(&mut self, meta: &ParseNestedMeta<'_>) -> Result<()> {
        let Some(option) = meta.path.get_ident() else { return Err(meta.error(ALLOWED)) };
        match option.to_string().as_str() {
            "name" => once(meta, &mut self.name, text),
            "default" => once(meta, &mut self.default, default),
            "importance" => {
                once(meta, &mut self.importance, |meta| variant(meta, &["high", "medium", "low"]))
            }
            "validator" => once(meta, &mut self.validator, |meta| meta.value()?.parse()),
            "group" => once(meta, &mut self.group, text),
            "order" => once(meta, &mut self.order, |meta| meta.value()?.parse()),
            "width" => once(meta, &mut self.width, |meta| variant(meta, &["short", "medium", "long"])),
            "display" => once(meta, &mut self.display, text),
            "dependents" => texts(meta).map(|names| self.dependents = names),
            "recommended" => texts(meta).map(|values| self.recommended = values),
            _ => Err(meta.error(ALLOWED)),
        }
    }
}

/// Sets an option that is not set yet.
fn once<T>(
    meta: &ParseNestedMeta<'_>,
    option: &mut Option<T>,
    read: impl FnOnce(&ParseNestedMeta<'_>) -> Result<T>,
) -> Result<()> {
    if option.is_some() {
        return Err(meta.error("this option is there twice"));
    }
    *option = Some(read(meta)?);
    Ok(())
}

fn text(meta: &ParseNestedMeta<'_>) -> Result<LitStr> {
    meta.value()?.parse()
}

fn texts(meta: &ParseNestedMeta<'_>) -> Result<Vec<LitStr>> {
    let array: ExprArray = meta.value()?.parse()?;
    let text = |item: &Expr| match item {
        Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => Ok(text.clone()),
        other => Err(syn::Error::new(other.span(), "expected a string literal")),
    };
    let items: Punctuated<Expr, Token![,]> = array.elems;
    items.iter().map(text).collect()
}

/// One of some words, as the variant of that name.
fn variant(meta: &ParseNestedMeta<'_>, allowed: &[&str]) -> Result<Ident> {
    let word: Ident = meta.value()?.parse()?;
    let text = word.to_string();
    if !allowed.contains(&text.as_str()) {
        let message = format!("expected one of {}", quoted(allowed));
        return Err(syn::Error::new(word.span(), message));
    }
    let (first, rest) = text.split_at(1);
    Ok(Ident::new(&(first.to_uppercase() + rest), word.span()))
}

fn quoted(words: &[&str]) -> String {
    words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
}

fn default(meta: &ParseNestedMeta<'_>) -> Result<Default> {
    let value: Expr = meta.value()?.parse()?;
    match &value {
        Expr::Path(path) if path.path.is_ident("null") => Ok(Default::Null(value.span())),
        Expr::Unary(unary) if matches!(unary.op, UnOp::Neg(_)) => match literal(&unary.expr) {
            Some(number) if number.starts_with(|first: char| first.is_ascii_digit()) => {
                Ok(Default::Text(format!("-{number}"), value.span()))
            }
            _ => Err(syn::Error::new(value.span(), "expected a number behind `-`")),
        },
        other => match literal(other) {
            Some(text) => Ok(Default::Text(text, other.span())),
            None => {
                Err(syn::Error::new(other.span(), "expected a string, a number, `true`, `false`, or `null`"))
            }
        },
    }
}

/// A literal in the form that users write.
fn literal(expression: &Expr) -> Option<String> {
    let Expr::Lit(ExprLit { lit, .. }) = expression else { return None };
    match lit {
        Lit::Str(text) => Some(text.value()),
        Lit::Int(number) => Some(number.base10_digits().to_owned()),
        Lit::Float(number) => Some(number.base10_digits().to_owned()),
        Lit::Bool(value) => Some(value.value.to_string()),
        _ => None,
    }
}

/// The doc comment, the lines of a paragraph joined into one.
fn documentation(attributes: &[Attribute]) -> String {
    let mut text = String::new();
    for line in attributes.iter().filter_map(doc_line) {
        let line = line.trim();
        match (line.is_empty(), text.is_empty() || text.ends_with('\n')) {
            (true, true) => {}
            (true, false) => text.push_str("\n\n"),
            (false, true) => text.push_str(line),
            (false, false) => {
                text.push(' ');
                text.push_str(line);
            }
        }
    }
    text.trim_end().to_owned()
}

fn doc_line(attribute: &Attribute) -> Option<String> {
    let Meta::NameValue(meta) = &attribute.meta else { return None };
    if !meta.path.is_ident("doc") {
        return None;
    }
    literal(&meta.value)
}
