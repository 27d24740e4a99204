//! Text as Java prints it.

mod number;

pub use number::{double, float};

#[cfg(test)]
mod tests;
