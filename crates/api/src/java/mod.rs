//! Text as Java prints it: what `String.valueOf` gives for the values of records.

mod date;
mod float;
mod hash;
mod print;
mod utf8;

pub use float::{double, write_double, write_float};
pub use hash::hash_text;
pub use print::{Buffer, print};
pub use utf8::decode_utf8;

#[cfg(test)]
mod tests;
