//! Java's `Double.toString` and `Float.toString`, as Java 17 has them.
//!
//! Java 19 and later print the shortest text. Java 17 sometimes prints more than the shortest text, and which digits follows from the arithmetic of
//! its own algorithm (Steele and White with 32-bit, 64-bit and long integers). It stops at the first digit where the
//! number cut off or rounded up is nearer than half the way to a neighbour, and rounds to the nearer one; so does
//! whoever looks for the shortest text, but that they differ in what lies exactly half way, and that Java takes the
//! neighbours for equally far away, which those of powers of two are not. Half way between two doubles, or between two
//! numbers of seventeen digits, takes more digits than that below 2^49; above, fifteen digits of a double (six of a
//! float) tell both. There the shortest text comes from a fast algorithm.

use std::fmt;

use num_bigint::BigUint;
use num_traits::Zero;

/// Appends what Java's `Double.toString` gives.
pub fn write_double(value: f64, out: &mut Vec<u8>) {
    if value == 0.0 || !value.is_finite() {
        return write_special(value, out);
    }
    let bits = value.to_bits();
    let fraction = bits & ((1 << 52) - 1);
    let exponent = ((bits >> 52) & 0x7ff) as i32;
    let limit = if value.abs() < 562_949_953_421_312.0 { 17 } else { 15 };
    let digits = shortest(zmij::Buffer::new().format_finite(value.abs()), limit)
        .filter(|_| fraction != 0 && exponent != 0 && value.abs() < 9_007_199_254_740_992.0)
        .unwrap_or_else(|| Binary::double(fraction, exponent).digits());
    digits.write(value.is_sign_negative(), out);
}

/// Appends what Java's `Float.toString` gives.
pub fn write_float(value: f32, out: &mut Vec<u8>) {
    if value == 0.0 || !value.is_finite() {
        return write_special(value.into(), out);
    }
    let bits = value.to_bits();
    let fraction = bits & ((1 << 23) - 1);
    let exponent = ((bits >> 23) & 0xff) as i32;
    let digits = shortest(zmij::Buffer::new().format_finite(value.abs()), 6)
        .filter(|_| fraction != 0 && exponent != 0 && value.abs() < 16_777_216.0)
        .unwrap_or_else(|| Binary::float(fraction.into(), exponent).digits());
    digits.write(value.is_sign_negative(), out);
}

/// Writes what Java's `Double.toString` gives where `write!` is at hand; see [`write_double`].
///
/// # Errors
/// Those of `out`.
pub fn double(value: f64, out: &mut impl fmt::Write) -> fmt::Result {
    let mut text = Vec::new();
    write_double(value, &mut text);
    out.write_str(std::str::from_utf8(&text).expect("digits are ASCII"))
}

fn write_special(value: f64, out: &mut Vec<u8>) {
    out.extend_from_slice(match value {
        _ if value.is_nan() => b"NaN",
        f64::INFINITY => b"Infinity",
        f64::NEG_INFINITY => b"-Infinity",
        _ if value.is_sign_negative() => b"-0.0",
        _ => b"0.0",
    });
}

/// Decimal digits and the place of the point: 0.d1d2d3… times ten to the power of `exponent`.
#[derive(Default)]
struct Digits {
    digits: [u8; 24],
    count: usize,
    exponent: i32,
}

impl Digits {
    fn push(&mut self, digit: u8) {
        self.digits[self.count] = digit;
        self.count += 1;
    }

    fn trim(&mut self) {
        while self.count > 1 && self.digits[self.count - 1] == 0 {
            self.count -= 1;
        }
    }

    /// Adds one to the last digit.
    fn round_up(&mut self) {
        let mut place = self.count - 1;
        while self.digits[place] == 9 {
            if place == 0 {
                self.digits[0] = 1;
                self.exponent += 1;
                self.digits[1..self.count].fill(0);
                return;
            }
            self.digits[place] = 0;
            place -= 1;
        }
        self.digits[place] += 1;
    }

    fn write(&self, negative: bool, out: &mut Vec<u8>) {
        if negative {
            out.push(b'-');
        }
        let digits = &self.digits[..self.count];
        match self.exponent {
            whole @ 1..8 => {
                let whole = whole as usize;
                let (head, tail) = digits.split_at(whole.min(digits.len()));
                write_digits(head, out);
                out.resize(out.len() + whole - head.len(), b'0');
                write_fraction(tail, out);
            }
            zeros @ -2..=0 => {
                out.extend_from_slice(b"0.");
                out.resize(out.len() + zeros.unsigned_abs() as usize, b'0');
                write_digits(digits, out);
            }
            exponent => {
                write_digits(&digits[..1], out);
                write_fraction(&digits[1..], out);
                out.push(b'E');
                out.extend_from_slice((exponent - 1).to_string().as_bytes());
            }
        }
    }
}

fn write_digits(digits: &[u8], out: &mut Vec<u8>) {
    out.extend(digits.iter().map(|digit| b'0' + digit));
}

fn write_fraction(digits: &[u8], out: &mut Vec<u8>) {
    out.push(b'.');
    if digits.is_empty() {
        out.push(b'0');
    }
    write_digits(digits, out);
}

/// The digits of the shortest text, unless they are more than `limit`.
fn shortest(text: &str, limit: usize) -> Option<Digits> {
    let (mantissa, exponent) = text.split_once('e').unwrap_or((text, "0"));
    let mut digits = Digits { exponent: exponent.parse().ok()?, ..Digits::default() };
    let mut point = None;
    for byte in mantissa.bytes() {
        match byte {
            b'.' => point = Some(digits.count),
            // Zeros before the first digit only move the point.
            b'0' if digits.count == 0 => digits.exponent -= i32::from(point.is_some()),
            _ if digits.count == 20 => return None,
            _ => digits.push(byte - b'0'),
        }
    }
    digits.exponent += point.unwrap_or(digits.count) as i32;
    digits.trim();
    (digits.count <= limit).then_some(digits)
}

/// A finite binary number that is not zero: `fraction` has its highest bit at 52, its value is
/// fraction / 2^52 * 2^exponent.
struct Binary {
    fraction: u64,
    exponent: i32,
    significant_bits: i32,
}

/// The fraction `b / s` that is developed into digits, and `m`, half the distance of its neighbours; as powers
/// of five and of two.
struct Scaled {
    fraction: u64,
    b5: u32,
    b2: u32,
    s5: u32,
    s2: u32,
    m2: u32,
}

/// Why the development of digits ended.
struct End {
    low: bool,
    high: bool,
    /// What is left compared with a half.
    half: std::cmp::Ordering,
}

impl Binary {
    fn double(fraction: u64, biased: i32) -> Self {
        Self::normal(fraction, biased, 52, 1023)
    }

    fn float(fraction: u64, biased: i32) -> Self {
        Self::normal(fraction, biased, 23, 127)
    }

    fn normal(fraction: u64, biased: i32, width: u32, bias: i32) -> Self {
        let align = 52 - width;
        if biased > 0 {
            let fraction = (fraction | 1 << width) << align;
            return Self { fraction, exponent: biased - bias, significant_bits: width as i32 + 1 };
        }
        let bits = 64 - fraction.leading_zeros();
        let shift = width + 1 - bits;
        let fraction = fraction << shift << align;
        Self { fraction, exponent: 1 - shift as i32 - bias, significant_bits: bits as i32 }
    }

    fn digits(&self) -> Digits {
        let fraction_bits = 53 - self.fraction.trailing_zeros() as i32;
        let tiny_bits = (fraction_bits - self.exponent - 1).max(0);
        if tiny_bits == 0 && self.exponent <= 62 {
            return self.integer();
        }
        let exponent = self.estimate();
        let scaled = self.scale(exponent, fraction_bits, tiny_bits);
        let mut digits = Digits { exponent, ..Digits::default() };
        let end = scaled.develop(fraction_bits as u32, &mut digits);
        digits.exponent += 1;
        let tie = digits.digits[digits.count - 1] & 1 != 0;
        if end.high && (!end.low || end.half.is_gt() || end.half.is_eq() && tie) {
            digits.round_up();
        }
        digits
    }

    /// The digits of a whole number, without those that its bits do not tell.
    fn integer(&self) -> Digits {
        let mut whole = match self.exponent {
            exponent @ 52.. => self.fraction << (exponent - 52),
            exponent => self.fraction >> (52 - exponent),
        };
        let mut exponent = 0;
        let untold = self.exponent - self.significant_bits - 1;
        if untold > 1 {
            exponent = (1u64 << untold).ilog10();
            let power = 10u64.pow(exponent);
            let rest = whole % power;
            whole = whole / power + u64::from(exponent > 0 && rest >= power >> 1);
        }
        let mut digits = Digits::default();
        for byte in whole.to_string().bytes() {
            digits.push(byte - b'0');
        }
        digits.exponent = digits.count as i32 + exponent as i32;
        digits.trim();
        digits
    }

    /// The power of ten below the number, or the one below that.
    #[expect(clippy::approx_constant, reason = "Java's own digits decide where it is wrong by one")]
    fn estimate(&self) -> i32 {
        let mantissa = f64::from_bits((1023 << 52) | self.fraction & ((1 << 52) - 1));
        let log = (mantissa - 1.5) * 0.289_529_654
            + 0.176_091_259
            + f64::from(self.exponent) * 0.301_029_995_663_981;
        log.floor() as i32
    }

    fn scale(&self, decimal: i32, fraction_bits: i32, tiny_bits: i32) -> Scaled {
        let b5 = (-decimal).max(0);
        let s5 = decimal.max(0);
        let b2 = b5 + tiny_bits + self.exponent;
        let s2 = s5 + tiny_bits;
        let m2 = b2 - self.significant_bits;
        let b2 = b2 - (fraction_bits - 1);
        let common = b2.min(s2);
        // The neighbour below a power of two is half as far away as the one above.
        let m2 = m2 - common - i32::from(fraction_bits == 1);
        let lift = (-m2).max(0);
        Scaled {
            fraction: self.fraction >> self.fraction.trailing_zeros(),
            b5: b5 as u32,
            b2: (b2 - common + lift) as u32,
            s5: s5 as u32,
            s2: (s2 - common + lift) as u32,
            m2: (m2 + lift) as u32,
        }
    }
}

/// Develops digits in integers of one width, which wrap around as Java's do.
macro_rules! develop_in {
    ($name:ident, $int:ty) => {
        fn $name(&self, digits: &mut Digits) -> End {
            let five = |power: u32| 5u64.pow(power) as $int;
            let mut b = ((self.fraction as $int).wrapping_mul(five(self.b5))) << self.b2;
            let s = five(self.s5) << self.s2;
            let mut m = five(self.b5) << self.m2;
            let tens = s.wrapping_mul(10);
            let next = |b: &mut $int, m: &mut $int| {
                let digit = (*b / s) as u8;
                *b = (*b % s).wrapping_mul(10);
                *m = m.wrapping_mul(10);
                digit
            };
            let digit = next(&mut b, &mut m);
            let (mut low, mut high) = (b < m, b.wrapping_add(m) > tens);
            digits.first(digit, &mut low, &mut high);
            while !low && !high {
                let digit = next(&mut b, &mut m);
                (low, high) = if m > 0 { (b < m, b.wrapping_add(m) > tens) } else { (true, true) };
                digits.push(digit);
            }
            End { low, high, half: b.wrapping_shl(1).wrapping_sub(tens).cmp(&0) }
        }
    };
}

impl Scaled {
    fn develop(&self, fraction_bits: u32, digits: &mut Digits) -> End {
        let bits = fraction_bits + self.b2 + bits_of_five(self.b5);
        let tens_bits = self.s2 + 1 + bits_of_five(self.s5 + 1);
        match bits.max(tens_bits) {
            ..32 => self.develop_i32(digits),
            32..64 => self.develop_i64(digits),
            _ => self.develop_big(digits),
        }
    }

    develop_in!(develop_i32, i32);
    develop_in!(develop_i64, i64);

    fn develop_big(&self, digits: &mut Digits) -> End {
        let power = |five: u32, two: u32| BigUint::from(5u8).pow(five) << two;
        let s = power(self.s5, self.s2);
        let tens = power(self.s5 + 1, self.s2 + 1);
        let mut b = power(self.b5, self.b2) * self.fraction;
        let mut m = power(self.b5, self.m2);
        let next = |b: &mut BigUint, m: &mut BigUint| {
            let mut digit = 0;
            while *b >= s {
                *b -= &s;
                digit += 1;
            }
            *b *= 10u8;
            *m *= 10u8;
            digit
        };
        let digit = next(&mut b, &mut m);
        let (mut low, mut high) = (b < m, &b + &m >= tens);
        digits.first(digit, &mut low, &mut high);
        while !low && !high {
            let digit = next(&mut b, &mut m);
            (low, high) = (b < m, &b + &m >= tens);
            digits.push(digit);
        }
        debug_assert!(!b.is_zero() || low, "nothing left is below every distance");
        End { low, high, half: (b << 1u8).cmp(&tens) }
    }
}

impl Digits {
    /// Takes the first digit, which the estimate may have placed one too far left.
    fn first(&mut self, digit: u8, low: &mut bool, high: &mut bool) {
        if digit == 0 && !*high {
            self.exponent -= 1;
        } else {
            self.push(digit);
        }
        // The form with an exponent has two digits at least.
        if self.exponent < -3 || self.exponent >= 8 {
            (*low, *high) = (false, false);
        }
    }
}

/// How many bits Java reckons for a power of five.
fn bits_of_five(power: u32) -> u32 {
    match power {
        0 => 0,
        1..27 => 64 - 5u64.pow(power).leading_zeros(),
        _ => power * 3,
    }
}

#[cfg(test)]
mod tests;
