//! Whether a default is one of the values of its field.

use syn::{GenericArgument, PathArguments, PathSegment, Type};

/// Checks a default against the name of the field's type; what it says nothing about is left to the definition.
pub(crate) fn check(text: &str, kind: &Type) -> Result<(), &'static str> {
    let Some(segment) = last_segment(kind) else { return Ok(()) };
    match segment.ident.to_string().as_str() {
        "Option" => inner(segment).map_or(Ok(()), |inner| check(text, inner)),
        "bool" => allow(matches!(text, "true" | "false"), "expected `true` or `false` for a `bool`"),
        "i16" => allow(text.parse::<i16>().is_ok(), "expected a whole number that an `i16` holds"),
        "i32" => allow(text.parse::<i32>().is_ok(), "expected a whole number that an `i32` holds"),
        "i64" => allow(text.parse::<i64>().is_ok(), "expected a whole number that an `i64` holds"),
        "f64" => allow(text.parse::<f64>().is_ok(), "expected a number for an `f64`"),
        _ => Ok(()),
    }
}

fn allow(allowed: bool, otherwise: &'static str) -> Result<(), &'static str> {
    if allowed { Ok(()) } else { Err(otherwise) }
}

fn last_segment(kind: &Type) -> Option<&PathSegment> {
    let Type::Path(path) = kind else { return None };
    path.path.segments.last()
}

/// The type between the angle brackets.
fn inner(segment: &PathSegment) -> Option<&Type> {
    let PathArguments::AngleBracketed(arguments) = &segment.arguments else { return None };
    arguments.args.iter().find_map(|argument| match argument {
        GenericArgument::Type(kind) => Some(kind),
        _ => None,
    })
}
