//! Java's `Double.toString` and `Float.toString`.

use std::fmt;

/// Writes a double as Java's `Double.toString` does, with the fewest digits that tell it from its neighbours
/// (Java before 19 sometimes writes a digit more).
///
/// # Errors
/// Those of `out`.
pub fn double(value: f64, out: &mut impl fmt::Write) -> fmt::Result {
    if value.is_nan() || value.is_infinite() || value == 0.0 {
        return out.write_str(special(value));
    }
    let shortest = format!("{value:e}");
    // Java writes two digits at least and then the nearest with two: 4.9E-324, not 5.0E-324.
    let two = format!("{value:.1e}");
    let digits = if two.parse() == Ok(value) { two } else { shortest };
    arrange(&digits, (1e-3..1e7).contains(&value.abs()), out)
}

/// Writes a float as Java's `Float.toString` does; see [`double`].
///
/// # Errors
/// Those of `out`.
pub fn float(value: f32, out: &mut impl fmt::Write) -> fmt::Result {
    if value.is_nan() || value.is_infinite() || value == 0.0 {
        return out.write_str(special(value.into()));
    }
    let shortest = format!("{value:e}");
    let two = format!("{value:.1e}");
    let digits = if two.parse() == Ok(value) { two } else { shortest };
    arrange(&digits, (1e-3..1e7).contains(&value.abs()), out)
}

fn special(value: f64) -> &'static str {
    match value {
        _ if value.is_nan() => "NaN",
        f64::INFINITY => "Infinity",
        f64::NEG_INFINITY => "-Infinity",
        _ if value.is_sign_negative() => "-0.0",
        _ => "0.0",
    }
}

/// Writes `-1.25e-7` as Java does: plain or with `E`, always with a digit on both sides of the point.
fn arrange(scientific: &str, plain: bool, out: &mut impl fmt::Write) -> fmt::Result {
    let (mantissa, exponent) = scientific.split_once('e').expect("Rust writes an exponent");
    let exponent: i32 = exponent.parse().expect("the exponent is a number");
    let (sign, mantissa) = mantissa.strip_prefix('-').map_or(("", mantissa), |rest| ("-", rest));
    let (head, tail) = mantissa.split_once('.').unwrap_or((mantissa, "0"));
    out.write_str(sign)?;
    if !plain {
        return write!(out, "{head}.{tail}E{exponent}");
    }
    if exponent < 0 {
        let tail = if tail == "0" { "" } else { tail };
        return write!(out, "0.{:0<1$}{head}{tail}", "", (-exponent - 1) as usize);
    }
    // As many digits go before the point as the exponent says; zeros stand in for those that are not there.
    let shift = exponent as usize;
    match tail.split_at_checked(shift) {
        Some((whole, rest)) if !rest.is_empty() => write!(out, "{head}{whole}.{rest}"),
        _ => {
            let whole = if tail == "0" { "" } else { tail };
            write!(out, "{head}{whole:0<shift$}.0")
        }
    }
}
