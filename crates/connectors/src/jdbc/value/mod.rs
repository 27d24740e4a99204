//! What values of columns become: types of Kafka Connect for types of SQL, and the calendar of Java.
//!
//! A dialect asks [`Mapping::target`] once for each column of a result, decides how it reads what the database sends
//! for that target, and makes dates and times of it with [`Mapping`] and [`Local`].

mod civil;
mod mapping;
mod moment;
mod zone;

pub(crate) use civil::Local;
pub(crate) use mapping::{Calendar, Granularity, Mapping, Numeric, Target};
pub(crate) use moment::Moment;
pub(crate) use zone::Zone;

#[cfg(test)]
mod tests;
