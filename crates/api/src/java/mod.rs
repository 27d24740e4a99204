//! Text as Java prints it: what `String.valueOf` gives for the values of records.

mod date;
mod number;
mod print;

pub use number::{double, float};
pub use print::{Buffer, print};

#[cfg(test)]
mod tests;
