//! The implementation that the derive writes.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Data, DeriveInput, Field, Fields, Ident, Result};

use crate::literal;
use crate::options::{Default, Options};

/// Implements `Config` for a struct.
pub(crate) fn config(input: &DeriveInput) -> Result<TokenStream> {
    let fields = named_fields(input)?.iter().map(Key::of).collect::<Result<Vec<_>>>()?;
    distinct(&fields)?;
    let name = &input.ident;
    let (impl_generics, type_generics, where_clause) = input.generics.split_for_impl();
    let checks = fields.iter().filter_map(Key::check);
    let keys = fields.iter().map(Key::define);
    let values = fields.iter().map(Key::read);
    Ok(quote! {
        #[automatically_derived]
        impl #impl_generics ::api::config::Config for #name #type_generics #where_clause {
            fn definition() -> ::api::config::Definition {
                #(#checks)*
                ::api::config::Definition::new()#(#keys)*
            }

            fn parse(
                properties: &::api::config::Properties,
            ) -> ::core::result::Result<Self, ::api::config::Problems> {
                let values = <Self as ::api::config::Config>::definition().parse(properties)?;
                ::core::result::Result::Ok(Self { #(#values)* })
            }
        }
    })
}

fn named_fields(input: &DeriveInput) -> Result<&syn::punctuated::Punctuated<Field, syn::Token![,]>> {
    match &input.data {
        Data::Struct(data) => match &data.fields {
            Fields::Named(fields) => Ok(&fields.named),
            _ => Err(syn::Error::new(input.ident.span(), "`Config` needs a struct with named fields")),
        },
        _ => Err(syn::Error::new(input.ident.span(), "`Config` needs a struct with named fields")),
    }
}

fn distinct(keys: &[Key<'_>]) -> Result<()> {
    for (index, key) in keys.iter().enumerate() {
        if keys[..index].iter().any(|other| other.name == key.name) {
            let message = format!("the key `{}` is defined twice", key.name);
            return Err(syn::Error::new(key.ident.span(), message));
        }
    }
    Ok(())
}

/// A key and the field that holds its value.
struct Key<'a> {
    ident: &'a Ident,
    kind: &'a syn::Type,
    name: String,
    options: Options,
}

impl<'a> Key<'a> {
    fn of(field: &'a Field) -> Result<Self> {
        let options = Options::of(field)?;
        let ident = field.ident.as_ref().expect("named fields have names");
        let name = match &options.name {
            Some(name) => name.value(),
            None => ident.to_string().trim_start_matches("r#").replace('_', "."),
        };
        if let Some(Default::Text(text, span)) = &options.default {
            literal::check(text, &field.ty).map_err(|message| syn::Error::new(*span, message))?;
        }
        Ok(Self { ident, kind: &field.ty, name, options })
    }

    /// `.define(…)` of its definition.
    fn define(&self) -> TokenStream {
        let Self { kind, name, options, .. } = self;
        let documentation = &options.documentation;
        let default = self.default();
        let validator = options.validator.as_ref().map(|validator| quote!(.validator(#validator)));
        let importance = variant(quote!(importance), quote!(Importance), options.importance.as_ref());
        let width = variant(quote!(width), quote!(Width), options.width.as_ref());
        let group = options.group.as_ref().zip(options.order.as_ref());
        let group = group.map(|(group, order)| quote!(.group(#group, #order)));
        let display = options.display.as_ref().map(|name| quote!(.display_name(#name)));
        let dependents = list(quote!(dependents), &options.dependents);
        let recommended = list(quote!(recommended), &options.recommended);
        let of = quote_spanned!(kind.span()=> ::api::config::Key::of::<#kind>);
        quote! {
            .define(
                #of(#name) #default .documentation(#documentation)
                #validator #importance #width #group #display #dependents #recommended
            )
        }
    }

    fn default(&self) -> TokenStream {
        match &self.options.default {
            Some(Default::Text(text, _)) => quote!(.default(#text)),
            // An `Option` is null by default already.
            Some(Default::Null(_)) | None => TokenStream::new(),
        }
    }

    /// What the compiler checks about the field's type.
    fn check(&self) -> Option<TokenStream> {
        let Some(Default::Null(span)) = self.options.default else { return None };
        let kind = self.kind;
        Some(quote_spanned! {span=>
            const {
                ::core::assert!(
                    <#kind as ::api::config::FromParsed>::NULLABLE,
                    "`default = null` needs a field of type Option"
                )
            };
        })
    }

    /// The field of the struct, read from the parsed values.
    fn read(&self) -> TokenStream {
        let Self { ident, name, .. } = self;
        quote!(#ident: values.field(#name)?,)
    }
}

fn variant(method: impl ToTokens, kind: impl ToTokens, variant: Option<&Ident>) -> TokenStream {
    match variant {
        Some(variant) => quote!(.#method(::api::config::#kind::#variant)),
        None => TokenStream::new(),
    }
}

fn list(method: impl ToTokens, items: &[syn::LitStr]) -> TokenStream {
    if items.is_empty() { TokenStream::new() } else { quote!(.#method([#(#items),*])) }
}
