//! Java's `Double.toString` and `Float.toString`.

use std::fmt;
use std::fmt::Write as _;

/// Writes a double as Java's `Double.toString` does from Java 19 on: with the fewest digits that tell it from its
/// neighbours. Before, Java often writes a digit more, which reads as the same double.
///
/// # Errors
/// Those of `out`.
pub fn double(value: f64, out: &mut impl fmt::Write) -> fmt::Result {
    if !value.is_normal() && !value.is_subnormal() {
        return out.write_str(special(value));
    }
    let mut digits = Digits::of(zmij::Buffer::new().format_finite(value));
    if digits.count == 1 {
        // Java wants two digits and then takes the nearest number of two: 4.9E-324, not 5.0E-324.
        let two = Text::of(format_args!("{value:.1e}"));
        if two.as_str().parse() == Ok(value) {
            digits = Digits::of(two.as_str());
        }
    }
    digits.arrange((1e-3..1e7).contains(&value.abs()), out)
}

/// Writes a float as Java's `Float.toString` does; see [`double`].
///
/// # Errors
/// Those of `out`.
pub fn float(value: f32, out: &mut impl fmt::Write) -> fmt::Result {
    if !value.is_normal() && !value.is_subnormal() {
        return out.write_str(special(value.into()));
    }
    let mut digits = Digits::of(zmij::Buffer::new().format_finite(value));
    if digits.count == 1 {
        let two = Text::of(format_args!("{value:.1e}"));
        if two.as_str().parse() == Ok(value) {
            digits = Digits::of(two.as_str());
        }
    }
    digits.arrange((1e-3..1e7).contains(&value.abs()), out)
}

/// The texts of what is neither normal nor subnormal.
fn special(value: f64) -> &'static str {
    match value {
        _ if value.is_nan() => "NaN",
        f64::INFINITY => "Infinity",
        f64::NEG_INFINITY => "-Infinity",
        _ if value.is_sign_negative() => "-0.0",
        _ => "0.0",
    }
}

/// The digits of a number without zeros at either end, and the exponent of the first of them.
struct Digits {
    negative: bool,
    bytes: [u8; 24],
    count: usize,
    exponent: i32,
}

impl Digits {
    /// Takes apart a number that is not 0, written in any way: `-1.25e-7`, `120.0`.
    fn of(text: &str) -> Self {
        let (negative, text) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
        let (mantissa, exponent) = text.split_once('e').unwrap_or((text, "0"));
        let point = mantissa.find('.').unwrap_or(mantissa.len());
        let exponent: i32 = exponent.parse().expect("an exponent is a number");
        let mut digits = Self { negative, bytes: [0; 24], count: 0, exponent: exponent + point as i32 - 1 };
        for digit in mantissa.bytes().filter(u8::is_ascii_digit) {
            if digits.count == 0 && digit == b'0' {
                digits.exponent -= 1;
                continue;
            }
            digits.bytes[digits.count] = digit;
            digits.count += 1;
        }
        while digits.count > 1 && digits.bytes[digits.count - 1] == b'0' {
            digits.count -= 1;
        }
        digits
    }

    /// Writes the number plain or with `E`, always with a digit on both sides of the point.
    fn arrange(&self, plain: bool, out: &mut impl fmt::Write) -> fmt::Result {
        let text = std::str::from_utf8(&self.bytes[..self.count]).expect("digits are text");
        out.write_str(if self.negative { "-" } else { "" })?;
        if !plain {
            let (head, tail) = text.split_at(1);
            return write!(out, "{head}.{tail:0<1}E{}", self.exponent);
        }
        let Ok(shift) = usize::try_from(self.exponent) else {
            let zeros = self.exponent.unsigned_abs() as usize - 1;
            return write!(out, "0.{:0<zeros$}{text}", "");
        };
        let (whole, fraction) = text.split_at(self.count.min(shift + 1));
        write!(out, "{whole:0<0$}.{fraction:0<1}", shift + 1)
    }
}

/// Text that needs no memory on the heap.
struct Text {
    bytes: [u8; 24],
    length: usize,
}

impl Text {
    fn of(text: fmt::Arguments<'_>) -> Self {
        let mut written = Self { bytes: [0; 24], length: 0 };
        written.write_fmt(text).expect("two digits and an exponent take few bytes");
        written
    }

    fn as_str(&self) -> &str {
        std::str::from_utf8(&self.bytes[..self.length]).expect("only text was written")
    }
}

impl fmt::Write for Text {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let end = self.length + text.len();
        self.bytes.get_mut(self.length..end).ok_or(fmt::Error)?.copy_from_slice(text.as_bytes());
        self.length = end;
        Ok(())
    }
}
